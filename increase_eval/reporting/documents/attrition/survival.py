"""Which headline stands under which assumption: what each method assumes, and what it leaves standing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from increase_eval.attrition.headlines import DIFFERENCES, SHARE
from increase_eval.attrition.robustness.survival import BOUNDS, NOT_COMPARED
from increase_eval.reporting import numbers
from increase_eval.reporting.documents.context import ReportContext
from increase_eval.reporting.tables import Cell, DisplayTable, RowGroup, TableColumn, records

ALL_BOUNDS = "bounds"
ANSWERS = ("same", "smaller", "opposite", "missing")


def method_name(context: ReportContext, method: str) -> str:
    """Name a method."""
    return context.text(f"robustness.method_{method}")


def outcome_name(context: ReportContext, outcome: str) -> str:
    """Name a scale or a state variable."""
    for scale in context.study.scales:
        if scale.id == outcome:
            return context.scale(scale)
    return next((context.words(one.label) for one in context.study.head.states if one.id == outcome), outcome)


def group_name(context: ReportContext, arm: Any, contrast: Any) -> str:
    """Name an arm, all of them, or a comparison by the plan's id."""
    own = next((one for one in context.study.analysis.contrasts if one.id == contrast), None)
    if own is None:
        return context.arm(str(arm))
    return context.text("robustness.difference", second=context.arm(own.second), first=context.arm(own.first))


def assumption_table(context: ReportContext, table: pd.DataFrame) -> DisplayTable:
    """Say once what each method of the tables below assumes of the people who did not answer."""
    text = context.text
    methods = dict.fromkeys(table["by_method"].astype("string"))
    rows = tuple((Cell(method_name(context, method)), Cell(text(f"robustness.assumes_{method}"))) for method in methods)
    return DisplayTable(
        id="robustness-assumptions",
        title=text("robustness.assumptions_title"),
        columns=(
            TableColumn(text("robustness.method_head"), "head"),
            TableColumn(text("robustness.assumes_head"), "text"),
        ),
        groups=(RowGroup(None, rows),),
        asset="robustness",
        data=pd.DataFrame([[cell.text for cell in row] for row in rows], columns=["method", "assumes"]),
    )


def survival_table(context: ReportContext, table: pd.DataFrame, found: pd.DataFrame) -> DisplayTable:
    """One row a headline and arm or comparison, a column a method: whether it says what the main method says."""
    text = context.text
    methods = [*_compared(table)]
    groups = tuple(
        RowGroup(
            text(
                "robustness.survival_group", outcome=outcome_name(context, str(outcome)), wave=context.wave(str(wave))
            ),
            tuple(_row(context, row, methods) for row in records(rows)),
        )
        for (outcome, wave), rows in found.groupby(["outcome", "wave"], sort=False)
    )
    return DisplayTable(
        id="robustness-survival",
        title=text("robustness.survival_title"),
        subtitle=text("robustness.survival_subtitle"),
        columns=(
            TableColumn(text("robustness.headline_head"), "head"),
            TableColumn(text("common.arm"), "head"),
            TableColumn(text("robustness.says_head"), "text"),
            *(TableColumn(text(f"robustness.short_{method}"), "text") for method in methods),
        ),
        groups=groups,
        notes=(text("robustness.survival_note"),),
        asset="robustness",
        data=table,
    )


def _compared(table: pd.DataFrame) -> Iterator[str]:
    """Give the methods in the order of the table, both bounds as one."""
    seen = dict.fromkeys(str(method) for method in table["by_method"])
    yield from (method for method in seen if method not in (*NOT_COMPARED, *BOUNDS))
    if set(BOUNDS) & set(seen):
        yield ALL_BOUNDS


def _row(context: ReportContext, row: dict[str, Any], methods: list[str]) -> tuple[Cell, ...]:
    text = context.text
    answers = {method: answer for answer in ANSWERS for method in row[answer]}
    answers[row["main"]] = "main"
    said = str(row["verdict"]).replace(" ", "_")
    is_gap = row["term"] == DIFFERENCES[SHARE]
    verdict = text(f"robustness.compared_{said}") if is_gap else text(f"robustness.{said}")
    cells = (
        Cell(text(f"robustness.cell_{answers[method]}"))
        if answers.get(method, "missing") != "missing"
        else Cell(numbers.MISSING, "absent")
        for method in methods
    )
    return Cell(group_name(context, row["by_arm"], row["contrast"])), Cell(verdict), *cells
