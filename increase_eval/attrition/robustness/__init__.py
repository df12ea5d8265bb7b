"""Which conclusion survives which assumption: every headline of a study, re-stated under each."""

from increase_eval.attrition.robustness.survival import surviving
from increase_eval.attrition.robustness.table import robustness_table

__all__ = ["robustness_table", "surviving"]
