"""Who left, what that may have done to the results, and how far the conclusions hold."""

from increase_eval.attrition.baseline_retention import retention_by_baseline
from increase_eval.attrition.flow import ResponseFlow, response_flow

__all__ = ["ResponseFlow", "response_flow", "retention_by_baseline"]
