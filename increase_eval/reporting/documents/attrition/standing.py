"""Do those who answered stand for all who were asked? The largest standardised bias first, then the R-indicator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from increase_eval.reporting.characteristics import Characteristics
from increase_eval.reporting.documents.attrition.section import Section
from increase_eval.reporting.documents.context import TOTAL, ReportContext
from increase_eval.reporting.numbers import format_number
from increase_eval.reporting.tables import Cell, DisplayTable, RowGroup, TableColumn, single

TELLING_FLOOR = 0.1
"""A floor of R that is worth a word."""
MOST_TOLD = 3
INDICATORS = ("largest_bias", "s_rho", "r_indicator", "lowest_possible")


def standing_content(context: ReportContext) -> dict[str, Any]:
    """Give what the section says."""
    table = context.tables["representativeness"]
    return {
        "sentences": list(_sentences(context, table)),
        "indicators": _indicator_table(context, table),
        "partial": _partial_table(context, table),
    }


def _sentences(context: ReportContext, table: pd.DataFrame) -> Iterator[str]:
    own = table[table["outcome"] == "responded"]
    for wave in _told_waves(context):
        bias, indicator, floor = (
            single(own, wave=wave, term=term) for term in ("largest_bias", "r_indicator", "lowest_possible")
        )
        if bias is None:
            continue
        if pd.isna(bias["estimate"]) or indicator is None or floor is None:
            yield context.text("attrition_standing.no_indicator", wave=context.wave(wave))
            continue
        digits = {
            "wave": context.wave(wave),
            "bias": format_number(bias["estimate"], 2, context.language),
            "indicator": format_number(indicator["estimate"], 2, context.language),
            "floor": format_number(floor["estimate"], 2, context.language),
        }
        if pd.isna(bias["conf_high"]):
            yield context.text("attrition_standing.everybody", wave=digits["wave"])
            continue
        high = format_number(bias["conf_high"], 2, context.language)
        if floor["estimate"] >= TELLING_FLOOR:
            yield context.text("attrition_standing.sentence", high=high, **digits)
        else:
            plain = {name: digits[name] for name in ("wave", "bias", "indicator")}
            yield context.text("attrition_standing.sentence_plain", high=high, **plain)


def _told_waves(context: ReportContext) -> tuple[str, ...]:
    """Give the waves that sentences speak of: all of a few, else the first and the last; the table has all."""
    waves = context.study.wave_ids
    return waves if len(waves) <= MOST_TOLD else (waves[0], waves[-1])


def _indicator_table(context: ReportContext, table: pd.DataFrame) -> DisplayTable:
    text, own, groups = context.text, table[table["outcome"] == "responded"], []
    for wave in context.study.wave_ids:
        rows = [
            (Cell(text(f"attrition_standing.{term}")), context.cells.estimate(row, 2), context.cells.interval(row, 2))
            for term in INDICATORS
            if (row := single(own, wave=wave, term=term)) is not None
        ]
        if rows:
            groups.append(RowGroup(context.wave(wave), tuple(rows)))
    return DisplayTable(
        id="representativeness",
        title=text("attrition_standing.table_title"),
        subtitle=text("attrition_standing.table_subtitle"),
        columns=(
            TableColumn(text("common.wave"), "head"),
            TableColumn(text("attrition_standing.indicator_head"), "head"),
            TableColumn(text("attrition_standing.value_head")),
            TableColumn(text("common.interval", confidence=context.confidence)),
        ),
        groups=tuple(groups),
        notes=(text("attrition_standing.floor_note"), text("attrition_standing.adjusted_note")),
        asset="representativeness",
        data=own,
    )


def _partial_table(context: ReportContext, table: pd.DataFrame) -> DisplayTable | None:
    text, last = context.text, context.study.wave_ids[-1]
    own = table[(table["outcome"] != "responded") & (table["wave"] == last)]
    if own.empty:
        return None
    named, groups = Characteristics(context.study, text), []
    for outcome in dict.fromkeys(own["outcome"]):
        here = own[own["outcome"] == outcome]
        rows = []
        for category in dict.fromkeys(here["by_category"]):
            cells = [single(here, by_category=category, term=term) for term in ("unconditional", "conditional")]
            level = text("attrition_standing.whole") if category == TOTAL else named.level(outcome, category)
            first, second = (context.cells.estimate(row, 3) if row else Cell("–", "absent") for row in cells)
            n = context.cells.n(cells[0]) if cells[0] else Cell("–", "absent")
            rows.append((Cell(level), n, first, second))
        groups.append(RowGroup(named.column(outcome), tuple(rows)))
    return DisplayTable(
        id="partial_indicators",
        title=text("attrition_standing.partial_title", wave=context.wave(last)),
        subtitle=text("attrition_standing.partial_subtitle"),
        columns=(
            TableColumn(text("attrition_leavers.characteristic_head"), "head"),
            TableColumn(text("attrition_leavers.category_head"), "head"),
            TableColumn(text("attrition_standing.asked_head"), unit=text("common.unit_people")),
            TableColumn(text("attrition_standing.unconditional_head")),
            TableColumn(text("attrition_standing.conditional_head")),
        ),
        groups=tuple(groups),
        notes=(text("attrition_standing.partial_note"),),
        asset="representativeness",
        data=own,
    )


STANDING = Section(
    id="standing",
    title="attrition_standing.title",
    template="attrition_standing.html.j2",
    content=standing_content,
    tables=("representativeness",),
    figures=("representativeness",),
)
