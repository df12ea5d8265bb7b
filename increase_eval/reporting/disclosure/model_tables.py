"""Which tables hold estimates of models, and so leave without sums being solved?

To let a new table of models leave, add a line to :data:`MODEL_TABLES`; nothing else has to be done. What its rows
need, and which of them are withheld, says :func:`~increase_eval.reporting.disclosure.protect_models`. Tables of
counts, of shares as they were counted, and of plain means stay out: their sums tell more, and are solved together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

ModelMeasure: TypeAlias = Literal["amount", "share"]

MODEL_TABLES: Mapping[str, ModelMeasure] = {
    "adjusted_contrasts": "amount",
    "anchored_changes": "amount",
    "anchored_contrasts": "amount",
    "answering_chances": "amount",
    "arm_balance": "amount",
    "bounds": "amount",
    "calendar_comparison": "amount",
    "change_verdicts": "amount",
    "cross_lagged": "amount",
    "dials": "amount",
    "dropout_calibration": "share",
    "dropout_model": "amount",
    "exchangeability": "amount",
    "imputed_changes": "amount",
    "imputed_states": "share",
    "indirect_effects": "amount",
    "leave_one_provider_out": "amount",
    "leaver_differences": "amount",
    "mcar": "amount",
    "predictions": "amount",
    "propensity_overlap": "amount",
    "provider_ranks": "amount",
    "regression_to_mean": "amount",
    "representativeness": "amount",
    "robustness": "amount",
    "satisfaction_contrasts": "share",
    "score_changes": "amount",
    "score_contrasts": "amount",
    "score_means": "amount",
    "score_sensitivity": "amount",
    "selection_models": "amount",
    "state_occupancy": "share",
    "state_tipping_points": "amount",
    "tipping_contours": "amount",
    "tipping_points": "amount",
    "unit_costs": "amount",
    "variance_components": "amount",
    "verdicts": "amount",
    "weight_balance": "amount",
    "weight_diagnostics": "amount",
    "weighted_changes": "share",
    "wellbeing_value": "amount",
    "work_contrasts": "share",
}
"""Stored table -> what its estimates are; one line a table, in the order of the alphabet.

``amount``: means, changes, contrasts, ratios, slopes, tests, money. ``share``: expected shares of people: a row without
a contrast whose share makes fewer people than the threshold, or leaves fewer out, is withheld as well. So is a row with
the term ``share`` in a table of amounts.
"""
