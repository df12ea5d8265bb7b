"""Fill in what those who left would have answered, under a named assumption, with errors that count it."""

from increase_eval.attrition.imputation.impute import impute
from increase_eval.attrition.imputation.result import Imputations

__all__ = ["Imputations", "impute"]
