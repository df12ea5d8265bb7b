"""Who left, what that may have done to the results, and how far the conclusions hold."""

from increase_eval.attrition.baseline_retention import retention_by_baseline
from increase_eval.attrition.dropout import DropoutModel, fit_dropout_model
from increase_eval.attrition.flow import ResponseFlow, response_flow
from increase_eval.attrition.mcar import McarTest, little_mcar_test
from increase_eval.attrition.pooled_tests import PooledTest, pool_tests
from increase_eval.attrition.pooling import Pooled, pool

__all__ = [
    "DropoutModel",
    "McarTest",
    "Pooled",
    "PooledTest",
    "ResponseFlow",
    "fit_dropout_model",
    "little_mcar_test",
    "pool",
    "pool_tests",
    "response_flow",
    "retention_by_baseline",
]
