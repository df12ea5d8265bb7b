"""States by wave and arm, and who moved where, for those whose state is known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from increase_eval.reporting.documents.chapter import Chapter
from increase_eval.reporting.documents.context import ReportContext
from increase_eval.reporting.documents.moved import moved_tables
from increase_eval.reporting.documents.occupancy import occupancy_tables
from increase_eval.reporting.documents.results import total_rows
from increase_eval.reporting.documents.work import months_in_words, work_tables
from increase_eval.reporting.tables import Cell, DisplayTable, RowGroup, TableColumn, records, single
from increase_eval.reporting.told_moves import told_pairs
from increase_eval.study.structure import StateVariable


def states_content(context: ReportContext) -> dict[str, Any]:
    """Give what the chapter on states says, variable by variable."""
    shares, transitions = context.tables["state_shares"], context.table("state_transitions")
    parts = []
    for variable in context.study.head.states:
        own = shares[shares["outcome"] == variable.id]
        if own.empty:
            continue
        moved = None if transitions is None else transitions[transitions["outcome"] == variable.id]
        parts.append(
            {
                "title": context.words(variable.label),
                "shares": _shares_table(context, own, variable),
                "transitions": None if moved is None or moved.empty else _moves_table(context, moved, variable),
            }
        )
    return {
        "parts": parts,
        "occupancy": list(occupancy_tables(context)),
        "moved": list(moved_tables(context)),
        "work": list(work_tables(context)),
        "months": list(months_in_words(context)),
    }


def _shares_table(context: ReportContext, table: pd.DataFrame, variable: StateVariable) -> DisplayTable:
    own, text = total_rows(table, except_for="by_arm"), context.text
    groups = []
    for wave in context.study.wave_ids:
        rows = tuple(_share_rows(context, own[own["wave"] == wave], variable))
        if rows:
            groups.append(RowGroup(context.wave(wave), rows))
    return DisplayTable(
        id=f"states-{variable.id}",
        title=text("states.shares_title", variable=context.words(variable.label)),
        subtitle=text("states.shares_subtitle"),
        columns=(
            TableColumn(text("common.wave"), "head"),
            TableColumn(text("common.arm"), "head"),
            TableColumn(text("states.state_head"), "text"),
            TableColumn(text("states.known_head"), unit=text("common.unit_people")),
            TableColumn(text("states.share_head"), unit=text("common.unit_share")),
            TableColumn(text("common.interval", confidence=context.confidence), unit=text("common.unit_share")),
        ),
        groups=tuple(groups),
        notes=(text("common.wilson_note"),),
        asset="state_shares",
        data=own,
    )


def _share_rows(context: ReportContext, table: pd.DataFrame, variable: StateVariable) -> Iterator[tuple[Cell, ...]]:
    cells = context.cells
    for arm in context.arms:
        own = table[table["by_arm"] == arm] if "by_arm" in table else table
        for state in variable.states:
            row = single(own, term=state.id)
            if row is not None:
                names = Cell(context.arm(arm)), Cell(context.words(state.label))
                yield *names, cells.n(row), cells.percent(row), cells.percent_interval(row)


def _moves_table(context: ReportContext, table: pd.DataFrame, variable: StateVariable) -> DisplayTable:
    """Show the moves that leave: between neighbouring waves, and from the first to the last, of everybody."""
    own, text = total_rows(table, except_for="by_from"), context.text
    groups = []
    for first, last in told_pairs(context.study.wave_ids):
        pair = own[own["contrast"] == f"{first} -> {last}"]
        rows = tuple(_move_rows(context, pair, variable))
        if rows:
            groups.append(RowGroup(text("states.pair", first=context.wave(first), last=context.wave(last)), rows))
    return DisplayTable(
        id=f"transitions-{variable.id}",
        title=text("states.moves_title", variable=context.words(variable.label)),
        subtitle=text("states.moves_subtitle"),
        columns=(
            TableColumn(text("states.pair_head"), "head"),
            TableColumn(text("states.from_head"), "head"),
            TableColumn(text("states.to_head"), "text"),
            TableColumn(text("states.both_head"), unit=text("common.unit_people")),
            TableColumn(text("states.share_head"), unit=text("common.unit_share")),
            TableColumn(text("common.interval", confidence=context.confidence), unit=text("common.unit_share")),
        ),
        groups=tuple(groups),
        notes=(text("common.wilson_note"),),
        asset="state_transitions",
        data=table,
    )


def _move_rows(context: ReportContext, table: pd.DataFrame, variable: StateVariable) -> Iterator[tuple[Cell, ...]]:
    cells = context.cells
    for left in variable.states:
        for row in records(table[table["by_from"] == left.id]):
            names = Cell(context.words(left.label)), Cell(context.state(variable.id, row["term"]))
            yield *names, cells.n(row), cells.percent(row), cells.percent_interval(row)


STATES = Chapter(
    id="states",
    title="states.title",
    template="states.html.j2",
    content=states_content,
    needs=frozenset({"states"}),
    tables=("state_shares",),
    optional_tables=("state_transitions", "moves_by_arm", "work_contrasts", "state_occupancy"),
    figures=("states", "moved", "moves"),
)
