"""Who left, what that may have done to the results, and how far the conclusions hold."""

from increase_eval.attrition.anchored import (
    AnchoredContrast,
    AnchoredNonresponse,
    AnchoredTwin,
    Bridge,
    DialRange,
    anchored_nonresponse,
    anchored_twin,
    bridge_from_linked,
    dial_range,
)
from increase_eval.attrition.baseline_retention import retention_by_baseline
from increase_eval.attrition.bounds import MeanBounds, manski_bounds, mean_bounds
from increase_eval.attrition.calibration import calibrate_weights
from increase_eval.attrition.dropout import DropoutModel, fit_dropout_model
from increase_eval.attrition.flow import ResponseFlow, response_flow
from increase_eval.attrition.heckman import Heckman, heckman
from increase_eval.attrition.imputation import Imputations, impute, impute_chained, impute_items
from increase_eval.attrition.leavers import LeaverComparison, compare_leavers
from increase_eval.attrition.lee import lee_bounds
from increase_eval.attrition.mcar import McarTest, little_mcar_test
from increase_eval.attrition.pooled_tests import PooledTest, pool_tests
from increase_eval.attrition.pooling import Pooled, pool
from increase_eval.attrition.representativeness import Representativeness, representativeness
from increase_eval.attrition.response_weights import inverse_probability_weights
from increase_eval.attrition.tipping import Conclusion, TippingPoint, tipping_point
from increase_eval.attrition.two_arms import Bounds
from increase_eval.attrition.unresolved import unresolved_links
from increase_eval.attrition.weighted import WeightedFit, weighted_model

__all__ = [
    "AnchoredContrast",
    "AnchoredNonresponse",
    "AnchoredTwin",
    "Bounds",
    "Bridge",
    "Conclusion",
    "DialRange",
    "DropoutModel",
    "Heckman",
    "Imputations",
    "LeaverComparison",
    "McarTest",
    "MeanBounds",
    "Pooled",
    "PooledTest",
    "Representativeness",
    "ResponseFlow",
    "TippingPoint",
    "WeightedFit",
    "anchored_nonresponse",
    "anchored_twin",
    "bridge_from_linked",
    "calibrate_weights",
    "compare_leavers",
    "dial_range",
    "fit_dropout_model",
    "heckman",
    "impute",
    "impute_chained",
    "impute_items",
    "inverse_probability_weights",
    "lee_bounds",
    "little_mcar_test",
    "manski_bounds",
    "mean_bounds",
    "pool",
    "pool_tests",
    "representativeness",
    "response_flow",
    "retention_by_baseline",
    "tipping_point",
    "unresolved_links",
    "weighted_model",
]
