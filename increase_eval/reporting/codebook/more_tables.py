"""What is in the stored tables that only some studies have: service counts, whether they fit, items."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

MORE_LABELS: Mapping[str, tuple[Literal["integer", "number", "category", "boolean", "date", "text"], str]] = {
    "unit": ("category", "codebook.column_unit"),
    "month": ("date", "codebook.column_month"),
    "step": ("category", "codebook.column_step"),
    "count": ("integer", "codebook.column_count"),
    "category": ("category", "codebook.column_category"),
    "year": ("integer", "codebook.column_year"),
    "amount": ("number", "codebook.column_amount"),
    "currency": ("category", "codebook.column_currency"),
    "price_year": ("integer", "codebook.column_price_year"),
    "compared": ("integer", "codebook.column_compared"),
    "exceptions": ("integer", "codebook.column_exceptions"),
    "smaller": ("integer", "codebook.column_smaller"),
    "larger": ("integer", "codebook.column_larger"),
    "item": ("text", "codebook.column_item"),
    "n_missing": ("integer", "codebook.column_n_missing"),
    "share_missing": ("number", "codebook.column_share_missing"),
    "mean": ("number", "codebook.column_mean"),
    "sd": ("number", "codebook.column_sd"),
    "skewness": ("number", "codebook.column_skewness"),
    "floor": ("number", "codebook.column_floor"),
    "ceiling": ("number", "codebook.column_ceiling"),
    "item_rest": ("number", "codebook.column_item_rest"),
    "alpha_if_deleted": ("number", "codebook.column_alpha_if_deleted"),
    "action": ("category", "codebook.column_action"),
    "to_file": ("text", "codebook.column_to_file"),
    "to_sha256": ("text", "codebook.column_to_sha256"),
    "to_row": ("integer", "codebook.column_to_row"),
    "note": ("text", "codebook.column_note"),
    "slip": ("category", "codebook.column_slip"),
    "agrees": ("text", "codebook.column_agrees"),
    "candidates": ("integer", "codebook.column_candidates"),
    "person": ("text", "codebook.column_person"),
    "answered": ("boolean", "codebook.column_answered"),
    "candidate": ("text", "codebook.column_candidate"),
    "agreeing": ("integer", "codebook.column_agreeing"),
    "weighting": ("category", "codebook.column_weighting"),
    "weight": ("number", "codebook.column_weight"),
}
"""Column -> its type, and the key of its label."""

MORE_TABLES: Mapping[str, tuple[str, ...]] = {
    "service_statistics": ("unit", "month", "step", "count", "source_file", "source_row"),
    "service_quarantine": ("file", "row", "column", "rule", "severity", "allowed", "value_hash", "remedy"),
    "service_ledger": ("file", "source", "rows_read", "accepted", "duplicate", "quarantined", "values_set_missing"),
    "costs": ("unit", "category", "year", "amount", "currency", "price_year", "source_file", "source_row"),
    "cost_quarantine": ("file", "row", "column", "rule", "severity", "allowed", "value_hash", "remedy"),
    "cost_ledger": ("file", "source", "rows_read", "accepted", "duplicate", "quarantined", "values_set_missing"),
    "reconciliation": ("rule", "compared", "exceptions"),
    "reconciliation_exceptions": ("rule", "unit", "month", "smaller", "larger"),
    "item_table": (
        "scale",
        "wave",
        "item",
        "n",
        "n_missing",
        "share_missing",
        "mean",
        "sd",
        "skewness",
        "floor",
        "ceiling",
        "item_rest",
        "alpha_if_deleted",
    ),
    "response_weights": ("participant", "wave", "weighting", "weight"),
}
"""Tables that a study has if it can do what :data:`TABLE_NEEDS` says."""

TABLE_NEEDS: Mapping[str, str] = {
    "states": "states",
    **dict.fromkeys((name for name in MORE_TABLES if name not in ("item_table", "response_weights")), "services"),
    **dict.fromkeys(("costs", "cost_quarantine", "cost_ledger"), "costs"),
    "item_table": "items",
}
"""Table -> the capability without which a study does not have it; all others are in every study."""
