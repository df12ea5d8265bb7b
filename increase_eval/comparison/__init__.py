"""How groups and waves compare."""

from increase_eval.comparison.categorical import Interval, proportion_interval
from increase_eval.comparison.descriptive import (
    baseline_characteristics,
    score_distribution,
    state_shares,
    state_transitions,
    summarise_scores,
)

__all__ = [
    "Interval",
    "baseline_characteristics",
    "proportion_interval",
    "score_distribution",
    "state_shares",
    "state_transitions",
    "summarise_scores",
]
