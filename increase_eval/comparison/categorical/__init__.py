"""Outcomes that are counts and categories: proportions, transitions, agreement."""

from increase_eval.comparison.categorical.association import cramers_v
from increase_eval.comparison.categorical.cumulative import Cumulative, fit_cumulative
from increase_eval.comparison.categorical.gee import GeeFit, fit_gee
from increase_eval.comparison.categorical.marginal_homogeneity import MarginalHomogeneity, marginal_homogeneity
from increase_eval.comparison.categorical.proportions import Interval, proportion_interval
from increase_eval.comparison.categorical.transitions import Transitions, fit_transitions
from increase_eval.comparison.categorical.two_proportions import TwoProportions, two_proportions

__all__ = [
    "Cumulative",
    "GeeFit",
    "Interval",
    "MarginalHomogeneity",
    "Transitions",
    "TwoProportions",
    "cramers_v",
    "fit_cumulative",
    "fit_gee",
    "fit_transitions",
    "marginal_homogeneity",
    "proportion_interval",
    "two_proportions",
]
