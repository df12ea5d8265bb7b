"""What is said where a study cannot have a chapter, a figure or a part, because its data do not hold what it takes?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce

from increase_eval.reporting.translations import Translator

WITHOUT: Mapping[str, str] = {
    "items": "common.without_items",
    "scales": "common.without_scales",
    "states": "common.without_states",
    "services": "common.without_services",
    "costs": "common.without_costs",
    "control_arm": "common.without_control_arm",
    "sites": "common.without_sites",
    "predictors": "common.without_predictors",
    "published": "common.without_published",
    "complete_list": "common.without_complete_list",
    "repeated": "common.without_repeated",
    "randomised": "common.without_randomised",
    "value_for_money": "common.without_value_for_money",
    "arms": "common.without_arms",
    "satisfaction": "common.without_satisfaction",
}
"""Capability -> the key of the words for a study that lacks it."""


def reasons(lacking: Iterable[str], text: Translator) -> str:
    """Say why each capability is lacking, in the order of their names, in one go; empty where none is."""
    words = [text(WITHOUT[capability]) for capability in sorted(lacking)]
    return reduce(lambda first, second: text("common.and_because", first=first, second=second), words) if words else ""
