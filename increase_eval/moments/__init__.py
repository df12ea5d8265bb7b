"""Additive sufficient statistics by missingness pattern, and the normal-theory algebra over them."""

from increase_eval.moments.normal import NormalFit
from increase_eval.moments.pattern import PatternMoments

__all__ = ["NormalFit", "PatternMoments"]
