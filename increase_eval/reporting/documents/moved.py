"""Moves into and out of work by arm, as they were counted, for the chapter on states: three readings, named."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from increase_eval.comparison.descriptive import IN_WORK
from increase_eval.reporting.documents.context import UNKNOWN, ReportContext
from increase_eval.reporting.figures.moved import READINGS
from increase_eval.reporting.tables import Cell, DisplayTable, RowGroup, TableColumn, single
from increase_eval.reporting.told_moves import told_pairs


def moved_tables(context: ReportContext) -> Iterator[DisplayTable]:
    """Give one table of moves into and out of work by arm a state variable."""
    table, text = context.table("moves_by_arm"), context.text
    if table is None:
        return
    for variable in context.study.head.states:
        own = table[(table["outcome"] == variable.id) & (table["term"] == IN_WORK)]
        pairs = told_pairs(context.study.wave_ids)
        groups = [
            RowGroup(text("states.pair", first=context.wave(first), last=context.wave(last)), rows)
            for first, last in pairs
            if (rows := tuple(_rows(context, own[own["contrast"] == f"{first} -> {last}"])))
        ]
        if not groups:
            continue
        yield DisplayTable(
            id=f"moved-{variable.id}",
            title=text("moved.table_title", variable=context.words(variable.label)),
            subtitle=text("moved.table_subtitle"),
            columns=(
                TableColumn(text("states.pair_head"), "head"),
                TableColumn(text("moved.reading_head"), "head"),
                TableColumn(text("common.arm"), "text"),
                TableColumn(text("states.both_head"), unit=text("common.unit_people")),
                TableColumn(text("moved.share_head"), unit=text("common.unit_share")),
                TableColumn(text("common.interval", confidence=context.confidence), unit=text("common.unit_share")),
            ),
            groups=tuple(groups),
            notes=(text("moved.left_note"), text("common.wilson_note")),
            asset="moves_by_arm",
            data=own,
        )


def _rows(context: ReportContext, table: pd.DataFrame) -> Iterator[tuple[Cell, ...]]:
    cells, unknown = context.cells, table[(table["by_arm"] == UNKNOWN) & (table["n"] != 0)]
    for left, key in READINGS.items():
        own = table[table["by_from"] == left]
        for arm in (*context.arms, *([UNKNOWN] if len(unknown) else [])):
            row = single(own, by_arm=arm)
            if row is not None:
                names = Cell(context.text(key)), Cell(context.arm(arm))
                yield *names, cells.n(row), cells.percent(row), cells.percent_interval(row)
