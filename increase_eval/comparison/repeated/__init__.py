"""Models for repeated measures: one mean per arm and visit, one covariance over visits, from moments alone."""

from increase_eval.comparison.repeated.fit import fit_mmrm
from increase_eval.comparison.repeated.hypotheses import FTest
from increase_eval.comparison.repeated.refits import Refits
from increase_eval.comparison.repeated.result import MmrmFit

__all__ = ["FTest", "MmrmFit", "Refits", "fit_mmrm"]
