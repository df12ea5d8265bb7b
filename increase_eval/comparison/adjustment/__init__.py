"""Comparison without randomisation: weights, clusters, mediation, and how much hidden bias would matter."""

from increase_eval.comparison.adjustment.e_values import EValue, e_value

__all__ = ["EValue", "e_value"]
