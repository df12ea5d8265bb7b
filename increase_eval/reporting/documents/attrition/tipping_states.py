"""How far from random must the states of those who left have been for a share to be concluded otherwise?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from increase_eval.attrition.imputed_scales.tipping import NEVER, NOTHING
from increase_eval.attrition.imputed_states.tipping import LOG_ODDS, RANGE_LOG_ODDS, SHARE_OF_MISSING
from increase_eval.reporting import numbers
from increase_eval.reporting.disclosure import SUPPRESSED
from increase_eval.reporting.documents.context import ReportContext
from increase_eval.reporting.documents.headline import headline_outcomes
from increase_eval.reporting.tables import (
    SUPPRESSED_MARK,
    Cell,
    DisplayTable,
    RowGroup,
    TableColumn,
    is_suppressed,
    records,
    single,
)
from increase_eval.study.structure import StateVariable

DIRECTIONS = ("below", "above")
DIGITS = 2


def state_tables(context: ReportContext) -> list[DisplayTable]:
    """Give one table: the headline states, wave by wave; changes of arms, then comparisons by the arm that moves."""
    table = context.table("state_tipping_points")
    if table is None:
        return []
    groups = [*_groups(context, table)]
    if not groups or is_withheld(table):
        return []
    text = context.text
    unit = text("tipping.state_unit")
    return [
        DisplayTable(
            id="tipping-states",
            title=text("tipping.states_title"),
            subtitle=text("tipping.states_subtitle", confidence=context.confidence),
            columns=(
                TableColumn(text("tipping.states_group_head"), "head"),
                TableColumn(text("tipping.states_head"), "head"),
                TableColumn(text("tipping.moves_head"), "head"),
                TableColumn(text("common.n"), unit=text("common.unit_people")),
                TableColumn(text("tipping.verdict_head"), "text"),
                TableColumn(text("tipping.odds_lower_head"), unit=unit),
                TableColumn(text("tipping.odds_higher_head"), unit=unit),
            ),
            groups=tuple(groups),
            notes=(
                text("tipping.states_never", range=numbers.format_number(RANGE_LOG_ODDS, 0, context.language)),
                text("tipping.states_note"),
            ),
            asset="state_tipping_points",
            data=table,
        )
    ]


def is_withheld(table: pd.DataFrame) -> bool:
    """Whether small counts withhold every row: nobody reads a table of marks."""
    return bool(len(table)) and bool((table["status"] == SUPPRESSED).fillna(False).all())


def _groups(context: ReportContext, table: pd.DataFrame) -> Iterator[RowGroup]:
    for variable in headline_outcomes(context.study)[1]:
        own = table[table["outcome"] == variable.id]
        for wave in (one for one in context.study.wave_ids if (own["wave"] == one).any()):
            name = f"{context.words(variable.label)} ({_counted(context, variable)})"
            head = context.text("tipping.group", scale=name, wave=context.wave(wave))
            yield RowGroup(head, tuple(_rows(context, own[own["wave"] == wave])))


def _counted(context: ReportContext, variable: StateVariable) -> str:
    if any(state.in_work for state in variable.states):
        return context.text("robustness.in_work")
    return context.listed(context.words(one.label) for one in variable.states if one.id in variable.counted)


def _rows(context: ReportContext, own: pd.DataFrame) -> Iterator[tuple[Cell, ...]]:
    contrasts = {one.id: one for one in context.study.analysis.contrasts}
    for (contrast, arm), rows in own.groupby(["contrast", "by_arm"], sort=False):
        planned = contrasts.get(str(contrast))
        if planned is None:
            name = context.text("tipping.state_change", arm=context.arm(str(arm)))
        else:
            pair = {"second": context.arm(planned.second), "first": context.arm(planned.first)}
            name = context.text("tipping.difference", **pair)
        first = next(iter(records(rows)))
        moved = [_delta(context, rows, direction) for direction in DIRECTIONS]
        verdict = _verdict(context, first["verdict"], is_contrast=planned is not None)
        yield Cell(name), Cell(context.arm(str(arm))), context.cells.n(first), Cell(verdict), *moved


def _verdict(context: ReportContext, verdict: Any, *, is_contrast: bool) -> str:
    if pd.isna(verdict) or not verdict:
        return numbers.MISSING
    return context.text(f"tipping.contrast_{verdict}" if is_contrast else f"tipping.change_{verdict}")


def _delta(context: ReportContext, rows: pd.DataFrame, direction: str) -> Cell:
    """Write log odds and what they do to the share of those missing, or in words that there are none."""
    odds, share = (single(rows, by_direction=direction, by_unit=unit) for unit in (LOG_ODDS, SHARE_OF_MISSING))
    if odds is None:
        return Cell(numbers.MISSING, "absent")
    if is_suppressed(odds) or share is None or is_suppressed(share):
        return Cell(SUPPRESSED_MARK, "suppressed")
    if pd.isna(odds["estimate"]):
        words = {NEVER: "tipping.never", NOTHING: "tipping.nothing"}.get(str(odds["status"]))
        return Cell(context.text(words)) if words else Cell(numbers.MISSING, "absent")
    size = numbers.format_signed(odds["estimate"], DIGITS, context.language)
    points = numbers.format_signed(100 * share["estimate"], 0, context.language)
    return Cell(context.text("tipping.state_delta", odds=size, points=points))
