"""Chained equations: each column imputed from the others, in turn."""

from increase_eval.attrition.imputation.chained.impute import impute_chained
from increase_eval.attrition.imputation.chained.result import ChainedImputations

__all__ = ["ChainedImputations", "impute_chained"]
