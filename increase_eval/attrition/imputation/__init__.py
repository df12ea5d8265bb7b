"""Fill in what those who left would have answered, under a named assumption, with errors that count it."""

from increase_eval.attrition.imputation.base import Imputations
from increase_eval.attrition.imputation.chained import ChainedImputations, impute_chained
from increase_eval.attrition.imputation.impute import impute, impute_strategies
from increase_eval.attrition.imputation.items import impute_items

__all__ = ["ChainedImputations", "Imputations", "impute", "impute_chained", "impute_items", "impute_strategies"]
