"""How groups and waves compare."""

from increase_eval.comparison.adjustment import EValue, e_value
from increase_eval.comparison.categorical import (
    Interval,
    MarginalHomogeneity,
    Transitions,
    TwoProportions,
    cramers_v,
    fit_transitions,
    marginal_homogeneity,
    proportion_interval,
    two_proportions,
)
from increase_eval.comparison.continuous import (
    Ancova,
    EffectSize,
    Equivalence,
    GroupComparison,
    adjust_p_values,
    ancova,
    compare_groups,
    effect_size,
    equivalence_test,
)
from increase_eval.comparison.descriptive import (
    baseline_characteristics,
    score_distribution,
    state_shares,
    state_transitions,
    summarise_scores,
)
from increase_eval.comparison.repeated import FTest, MmrmFit, Refits, fit_mmrm

__all__ = [
    "Ancova",
    "EValue",
    "EffectSize",
    "Equivalence",
    "FTest",
    "GroupComparison",
    "Interval",
    "MarginalHomogeneity",
    "MmrmFit",
    "Refits",
    "Transitions",
    "TwoProportions",
    "adjust_p_values",
    "ancova",
    "baseline_characteristics",
    "compare_groups",
    "cramers_v",
    "e_value",
    "effect_size",
    "equivalence_test",
    "fit_mmrm",
    "fit_transitions",
    "marginal_homogeneity",
    "proportion_interval",
    "score_distribution",
    "state_shares",
    "state_transitions",
    "summarise_scores",
    "two_proportions",
]
