"""How groups and waves look before any model: counts, shares, means, each with its interval."""

from increase_eval.comparison.descriptive.baseline import baseline_characteristics
from increase_eval.comparison.descriptive.moves import IN_WORK, OUT_OF_WORK, collapse_transitions
from increase_eval.comparison.descriptive.score_distribution import score_distribution
from increase_eval.comparison.descriptive.score_summary import summarise_scores
from increase_eval.comparison.descriptive.states import state_shares, state_transitions

__all__ = [
    "IN_WORK",
    "OUT_OF_WORK",
    "baseline_characteristics",
    "collapse_transitions",
    "score_distribution",
    "state_shares",
    "state_transitions",
    "summarise_scores",
]
