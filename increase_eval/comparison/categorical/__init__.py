"""Outcomes that are counts and categories: proportions, transitions, agreement."""

from increase_eval.comparison.categorical.proportions import Interval, proportion_interval

__all__ = ["Interval", "proportion_interval"]
