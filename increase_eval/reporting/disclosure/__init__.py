"""Disclosure control: what may leave, what is suppressed, and the gate that everything leaving passes."""

from increase_eval.reporting.disclosure.counts import protect_counts
from increase_eval.reporting.disclosure.escaping import escape_frame, escape_html, escape_spreadsheet
from increase_eval.reporting.disclosure.estimates import SUPPRESSED, protect, protect_tables
from increase_eval.reporting.disclosure.gate import require_protected
from increase_eval.reporting.disclosure.magnitudes import fails_p_ratio, is_dominated
from increase_eval.reporting.disclosure.model_tables import MODEL_TABLES, ModelMeasure
from increase_eval.reporting.disclosure.models import protect_models
from increase_eval.reporting.disclosure.nesting import nesting_of
from increase_eval.reporting.disclosure.told import withhold_told_bins, withhold_told_responses

__all__ = [
    "MODEL_TABLES",
    "SUPPRESSED",
    "ModelMeasure",
    "escape_frame",
    "escape_html",
    "escape_spreadsheet",
    "fails_p_ratio",
    "is_dominated",
    "nesting_of",
    "protect",
    "protect_counts",
    "protect_models",
    "protect_tables",
    "require_protected",
    "withhold_told_bins",
    "withhold_told_responses",
]
