"""Outcomes that are numbers: effect sizes, equivalence, several groups, analysis of covariance."""

from increase_eval.comparison.continuous.ancova import Ancova, ancova
from increase_eval.comparison.continuous.effect_sizes import EffectSize, effect_size
from increase_eval.comparison.continuous.equivalence import Equivalence, equivalence_test
from increase_eval.comparison.continuous.group_comparison import GroupComparison, compare_groups
from increase_eval.comparison.continuous.multiplicity import adjust_p_values
from increase_eval.comparison.continuous.superiority import Superiority, probability_of_superiority

__all__ = [
    "Ancova",
    "EffectSize",
    "Equivalence",
    "GroupComparison",
    "Superiority",
    "adjust_p_values",
    "ancova",
    "compare_groups",
    "effect_size",
    "equivalence_test",
    "probability_of_superiority",
]
