"""Is the chance of leaving that the response model gives right? Predicted and observed shares, band by band."""

from __future__ import annotations

import pandas as pd

from increase_eval.reporting.calibration_bands import OBSERVED, PREDICTED
from increase_eval.reporting.documents.context import ReportContext
from increase_eval.reporting.numbers import MISSING
from increase_eval.reporting.tables import Cell, DisplayTable, RowGroup, TableColumn, single

WAVE_MODEL = "wave by wave"


def calibration_tables(context: ReportContext) -> list[DisplayTable]:
    """Give one table of bands of the predicted chance, wave by wave; none where nothing may leave."""
    table = context.table("dropout_calibration")
    if table is None:
        return []
    own = table[table["by_model"] == WAVE_MODEL]
    groups = [
        RowGroup(context.wave(wave), _rows(context, own[own["wave"] == wave]))
        for wave in context.study.wave_ids
        if (own["wave"] == wave).any()
    ]
    if not groups:
        return []
    text = context.text
    return [
        DisplayTable(
            id="dropout_calibration",
            title=text("attrition_leavers.calibration_title"),
            subtitle=text("attrition_leavers.calibration_subtitle", confidence=context.confidence),
            columns=(
                TableColumn(text("common.wave"), "head"),
                TableColumn(text("attrition_leavers.band_head"), "head"),
                TableColumn(text("common.n"), unit=text("common.unit_people")),
                TableColumn(text("attrition_leavers.predicted_head"), unit=text("common.unit_share")),
                TableColumn(text("attrition_leavers.observed_head"), unit=text("common.unit_share")),
                TableColumn(text("common.interval", confidence=context.confidence)),
            ),
            groups=tuple(groups),
            notes=(text("attrition_leavers.calibration_note"),),
            asset="dropout_calibration",
            data=own,
        )
    ]


def _rows(context: ReportContext, own: pd.DataFrame) -> tuple[tuple[Cell, ...], ...]:
    cells, found = context.cells, []
    for term in dict.fromkeys(own["term"]):
        observed, predicted = (single(own, term=term, contrast=name) for name in (OBSERVED, PREDICTED))
        if observed is None or predicted is None:
            continue
        interval = cells.percent_interval(observed) if pd.notna(observed["conf_low"]) else Cell(MISSING, "absent")
        shares = (cells.percent(predicted), cells.percent(observed), interval)
        found.append((Cell(context.text("attrition_leavers.band", number=term)), cells.n(observed), *shares))
    return tuple(found)
