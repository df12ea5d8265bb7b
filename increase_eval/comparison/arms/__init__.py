"""The arms side by side: one outcome after another, adjusted in several ways, with what the design can carry."""

from increase_eval.comparison.arms.adjusted_contrasts import adjusted_contrasts
from increase_eval.comparison.arms.balance import arm_balance, propensity_overlap
from increase_eval.comparison.arms.people import ArmOutcome, ArmPlan, days_since, with_language
from increase_eval.comparison.arms.providers import exchangeability, provider_ranks, without_each_provider
from increase_eval.comparison.arms.satisfaction import satisfaction_contrasts
from increase_eval.comparison.arms.work import work_contrasts

__all__ = [
    "ArmOutcome",
    "ArmPlan",
    "adjusted_contrasts",
    "arm_balance",
    "days_since",
    "exchangeability",
    "propensity_overlap",
    "provider_ranks",
    "satisfaction_contrasts",
    "with_language",
    "without_each_provider",
    "work_contrasts",
]
