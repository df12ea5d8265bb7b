"""What is in the stored tables that no contract describes? Their columns, types and the keys of their labels.

The columns that a contract does describe come from it (see :mod:`increase_eval.reporting.codebook.dictionary`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from increase_eval.reporting.codebook.more_tables import MORE_LABELS, MORE_TABLES
from increase_eval.results import ESTIMATE_COLUMNS, EXTRA_COLUMNS

StoredType = Literal["integer", "number", "category", "boolean", "date", "text", "bytes"]

COLUMN_LABELS: Mapping[str, tuple[StoredType, str]] = {
    "participant": ("text", "codebook.column_participant"),
    "arm": ("category", "codebook.column_arm"),
    "wave": ("category", "codebook.column_wave"),
    "column": ("text", "codebook.column_column"),
    "reason": ("category", "codebook.column_reason"),
    "file": ("text", "codebook.column_file"),
    "source": ("text", "codebook.column_source"),
    "source_file": ("text", "codebook.column_source_file"),
    "source_row": ("integer", "codebook.column_source_row"),
    "entry_date": ("date", "codebook.column_entry_date"),
    "answered_on": ("date", "codebook.column_answered_on"),
    "elapsed_days": ("integer", "codebook.column_elapsed_days"),
    "in_window": ("boolean", "codebook.column_in_window"),
    "row": ("integer", "codebook.column_row"),
    "rule": ("text", "codebook.column_rule"),
    "severity": ("category", "codebook.column_severity"),
    "allowed": ("text", "codebook.column_allowed"),
    "value_hash": ("text", "codebook.column_value_hash"),
    "remedy": ("text", "codebook.column_remedy"),
    "rows_read": ("integer", "codebook.column_rows_read"),
    "accepted": ("integer", "codebook.column_accepted"),
    "duplicate": ("integer", "codebook.column_duplicate"),
    "quarantined": ("integer", "codebook.column_quarantined"),
    "values_set_missing": ("integer", "codebook.column_values_set_missing"),
    "bytes": ("integer", "codebook.column_bytes"),
    "sha256": ("text", "codebook.column_sha256"),
    "format": ("category", "codebook.column_format"),
    "kind": ("category", "codebook.column_kind"),
    "first": ("text", "codebook.column_first"),
    "second": ("text", "codebook.column_second"),
    "difference": ("text", "codebook.column_difference"),
    "responded": ("boolean", "codebook.column_responded"),
    "enrolled": ("integer", "codebook.column_enrolled"),
    "retained": ("integer", "codebook.column_retained"),
    "lost": ("integer", "codebook.column_lost"),
    "lost_returning": ("integer", "codebook.column_lost_returning"),
    "lost_for_good": ("integer", "codebook.column_lost_for_good"),
    "never_answered": ("integer", "codebook.column_never_answered"),
    "variable": ("category", "codebook.column_variable"),
    "state": ("category", "codebook.column_state"),
    "scale": ("category", "codebook.column_scale"),
    "score": ("number", "codebook.column_score"),
    "items_answered": ("integer", "codebook.column_items_answered"),
    "items_expected": ("integer", "codebook.column_items_expected"),
    "status": ("category", "codebook.column_status"),
    "outcome": ("text", "codebook.column_outcome"),
    "term": ("text", "codebook.column_term"),
    "contrast": ("text", "codebook.column_contrast"),
    "estimate": ("number", "codebook.column_estimate"),
    "std_error": ("number", "codebook.column_std_error"),
    "statistic": ("number", "codebook.column_statistic"),
    "df": ("number", "codebook.column_df"),
    "p_value": ("number", "codebook.column_p_value"),
    "conf_low": ("number", "codebook.column_conf_low"),
    "conf_high": ("number", "codebook.column_conf_high"),
    "n": ("integer", "codebook.column_n"),
    "method": ("text", "codebook.column_method"),
    "n_dropped": ("integer", "codebook.column_n_dropped"),
    "verdict": ("category", "codebook.column_verdict"),
    **MORE_LABELS,
}
"""Column -> its type, and the key of its label."""

PROVENANCE_COLUMNS = ("participant", "source_file", "source_row")
"""What intake puts before the contracted columns of a wave."""

DERIVED_COLUMNS = ("answered_on", "elapsed_days", "in_window")
"""What intake adds to a wave where the contract lets it be derived."""

STORED_TABLES: Mapping[str, tuple[str, ...]] = {
    "missing_reasons": ("participant", "wave", "column", "reason"),
    "quarantine": ("file", "row", "column", "rule", "severity", "allowed", "value_hash", "remedy"),
    "ledger": ("file", "source", "rows_read", "accepted", "duplicate", "quarantined", "values_set_missing"),
    "input_files": ("file", "source", "bytes", "sha256", "format"),
    "drift": ("column", "first", "second", "kind", "difference"),
    "responses": ("participant", "wave", "responded"),
    "response_counts": (
        "wave",
        "enrolled",
        "retained",
        "lost",
        "lost_returning",
        "lost_for_good",
        "never_answered",
    ),
    "states": ("participant", "wave", "variable", "state"),
    "scores": ("participant", "wave", "scale", "score", "items_answered", "items_expected", "status"),
    "proposed_links": (
        "file",
        "sha256",
        "row",
        "action",
        "to_file",
        "to_sha256",
        "to_row",
        "note",
        "wave",
        "slip",
        "agrees",
        "candidates",
    ),
    "unresolved_rows": ("file", "row", "wave", "person", "answered", "candidate", "agreeing"),
    **MORE_TABLES,
}
"""Tables that have these columns in every study that has them (see ``TABLE_NEEDS`` of the module beside)."""

ESTIMATE_TABLE = "estimates"
"""One entry stands for every estimate table: they all have the same columns."""

ESTIMATE_TABLE_COLUMNS = (*ESTIMATE_COLUMNS, *EXTRA_COLUMNS)

KEYS: Mapping[str, tuple[str, ...]] = {
    "missing_reasons": ("participant", "wave", "column"),
    "ledger": ("file",),
    "input_files": ("file",),
    "responses": ("participant", "wave"),
    "states": ("participant", "wave", "variable"),
    "scores": ("participant", "wave", "scale"),
    "response_weights": ("participant", "wave", "weighting"),
    "service_statistics": ("unit", "month", "step"),
    "service_ledger": ("file",),
    "costs": ("unit", "category", "year", "currency"),
    "cost_ledger": ("file",),
    "reconciliation": ("rule",),
    "reconciliation_exceptions": ("rule", "unit", "month"),
    "item_table": ("scale", "wave", "item"),
}
"""Table -> the columns that name one row."""
