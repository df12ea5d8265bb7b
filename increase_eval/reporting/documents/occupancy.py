"""Who is in which state under each method, for the chapter on states: as observed, weighted, and imputed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from increase_eval.attrition.state_occupancy import IMPUTED, OBSERVED, WEIGHTED
from increase_eval.reporting.documents.context import ReportContext
from increase_eval.reporting.numbers import MISSING, beside
from increase_eval.reporting.tables import (
    SUPPRESSED_MARK,
    Cell,
    DisplayTable,
    RowGroup,
    TableColumn,
    is_suppressed,
    single,
)
from increase_eval.study.structure import StateVariable

ASSET = "state_occupancy"
METHODS = (OBSERVED, WEIGHTED, IMPUTED)


def occupancy_tables(context: ReportContext) -> Iterator[DisplayTable]:
    """Give one table of shares under each method a state variable."""
    table = context.table(ASSET)
    if table is None:
        return
    for variable in context.study.head.states:
        own = table[table["outcome"] == variable.id]
        methods = [name for name in METHODS if own.loc[own["by_method"] == name, "estimate"].notna().any()]
        if WEIGHTED in methods or IMPUTED in methods:
            yield _table(context, own[own["by_method"].isin(methods)], variable, methods)


def _table(context: ReportContext, table: pd.DataFrame, variable: StateVariable, methods: list[str]) -> DisplayTable:
    text, groups = context.text, []
    counted = _counted(table, methods)
    for wave in context.study.wave_ids:
        rows = tuple(_rows(context, table[table["wave"] == wave], variable, methods, counted))
        if rows:
            groups.append(RowGroup(context.wave(wave), rows))
    notes = [text("occupancy.note")]
    if WEIGHTED in methods:
        notes.append(text("occupancy.weighted_note"))
    if IMPUTED in methods:
        notes.append(text("occupancy.imputed_note"))
    return DisplayTable(
        id=f"occupancy-{variable.id}",
        title=text("occupancy.title", variable=context.words(variable.label)),
        subtitle=text("occupancy.subtitle", confidence=context.confidence),
        columns=(
            TableColumn(text("common.wave"), "head"),
            TableColumn(text("common.arm"), "head"),
            TableColumn(text("states.state_head"), "text"),
            *(
                column
                for name in methods
                for column in (
                    *([TableColumn(text("common.n"), unit=text("common.unit_people"))] if name in counted else []),
                    TableColumn(text(f"occupancy.{name}"), unit=text("common.unit_share")),
                )
            ),
        ),
        groups=tuple(groups),
        notes=tuple(notes),
        asset=ASSET,
        data=table,
    )


def _counted(table: pd.DataFrame, methods: list[str]) -> list[str]:
    """Give the methods whose n is told: the first, and others that stand on other people somewhere."""
    by_method = {name: own.set_index(["wave", "by_arm", "term"])["n"] for name, own in table.groupby("by_method")}
    first = by_method[methods[0]]
    differs = [
        name
        for name in methods[1:]
        if (by_method[name].ne(first.reindex(by_method[name].index)) & by_method[name].notna()).fillna(True).any()
    ]
    return [methods[0], *differs]


def _rows(
    context: ReportContext, table: pd.DataFrame, variable: StateVariable, methods: list[str], counted: list[str]
) -> Iterator[tuple[Cell, ...]]:
    for arm in context.arms:
        own = table[table["by_arm"] == arm]
        for state in variable.states:
            found = [single(own, term=state.id, by_method=name) for name in methods]
            if any(found):
                cells = [
                    cell
                    for name, row in zip(methods, found, strict=True)
                    for cell in (*([_n(context, row)] if name in counted else []), _share(context, row))
                ]
                yield Cell(context.arm(arm)), Cell(context.words(state.label)), *cells


def _n(context: ReportContext, row: dict[str, Any] | None) -> Cell:
    return Cell(MISSING, "absent") if row is None else context.cells.n(row)


def _share(context: ReportContext, row: dict[str, Any] | None) -> Cell:
    if row is None or (pd.isna(row["estimate"]) and not is_suppressed(row)):
        return Cell(MISSING, "absent")
    if pd.isna(row["estimate"]):
        return Cell(SUPPRESSED_MARK, "suppressed")
    value, interval = context.cells.percent(row), context.cells.percent_interval(row)
    return Cell(beside(value.text, interval.text) if pd.notna(row["conf_low"]) else value.text)
