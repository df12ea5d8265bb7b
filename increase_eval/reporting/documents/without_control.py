"""What a gain may hold besides the programme: regression to the mean, and the calendar."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from increase_eval.reporting import numbers
from increase_eval.reporting.documents.chapter import Chapter
from increase_eval.reporting.documents.context import TOTAL, ReportContext
from increase_eval.reporting.documents.reliability import pair_in_words
from increase_eval.reporting.tables import Cell, DisplayTable, RowGroup, TableColumn, records, single

SCORE, ALL_OF_IT = "entry by the score", "explains all of the gain"
DIFFERENCE = "later less first answers in the same period"
COHORTS = "first scores by date of entry, a year"
SECULAR = "secular trend a year that would make the gain"
DIGITS = 2
ABSENT = Cell(numbers.MISSING, "absent")


def without_control_content(context: ReportContext) -> dict[str, Any]:
    """Give what the chapter says of gains that nobody's programme may have brought."""
    has_control = "control_arm" in context.study.capabilities
    return {
        "intro": context.text("without_control.intro_control" if has_control else "without_control.intro"),
        "regression": _regression_table(context),
        "calendar": _calendar_table(context),
    }


def _regression_table(context: ReportContext) -> DisplayTable | None:
    table = context.table("regression_to_mean")
    if table is None:
        return None
    text = context.text
    groups = []
    for reference in context.study.analysis.reference_means:
        own = table[table["by_reference"] == reference.id]
        scale = context.scale(context.study.scale(reference.scale))
        value = numbers.format_number(reference.value, DIGITS, context.language)
        rows = tuple(_regression_rows(context, own))
        if rows:
            head = text("without_control.reference", scale=scale, who=context.words(reference.label), value=value)
            groups.append(RowGroup(head, rows))
    return DisplayTable(
        id="regression_to_mean",
        title=text("without_control.regression_table_title"),
        subtitle=text("without_control.regression_subtitle"),
        columns=(
            TableColumn(text("without_control.reference_head"), "head"),
            TableColumn(text("common.wave"), "head"),
            TableColumn(text("common.arm"), "head"),
            TableColumn(text("common.n"), unit=text("common.unit_people")),
            TableColumn(text("without_control.gain_head"), unit=text("common.unit_points")),
            TableColumn(text("without_control.stable_head"), unit=text("common.unit_points")),
            TableColumn(text("without_control.score_head"), unit=text("common.unit_points")),
            TableColumn(text("without_control.kappa_head")),
        ),
        groups=tuple(groups),
        notes=(text("without_control.kappa_note"),),
        asset="regression_to_mean",
        data=table,
    )


def _regression_rows(context: ReportContext, table: pd.DataFrame) -> Iterator[tuple[Cell, ...]]:
    cells, last = context.cells, table["wave"].iloc[-1] if len(table) else None
    control = context.study.head.control_arm
    for wave in dict.fromkeys(table["wave"]):
        for arm in (arm for arm in context.arms if wave == last or arm in (TOTAL, control)):
            own = table[(table["wave"] == wave) & (table["by_arm"] == arm)]
            score, kappa = single(own, term=SCORE), single(own, term=ALL_OF_IT)
            if score is None or kappa is None:
                continue
            gain = cells.estimate(score | {"estimate": score["statistic"]}, DIGITS)
            nought = cells.estimate(score | {"estimate": 0.0 if pd.notna(score["estimate"]) else None}, DIGITS)
            shown = cells.estimate(kappa, DIGITS) if pd.isna(kappa["status"]) else ABSENT
            yield (
                Cell(context.wave(str(wave))),
                Cell(context.arm(arm)),
                cells.n(score),
                gain,
                nought,
                cells.estimate(score, DIGITS),
                shown,
            )


def _calendar_table(context: ReportContext) -> DisplayTable | None:
    table = context.table("calendar_comparison")
    if table is None:
        return None
    text, interval = context.text, context.text("common.interval", confidence=context.confidence)
    groups = []
    for scale in context.study.scales:
        own = table[table["outcome"] == scale.id]
        rows = tuple(_calendar_row(context, own, str(pair)) for pair in dict.fromkeys(own["contrast"]))
        if rows:
            groups.append(RowGroup(context.scale(scale), rows))
    return DisplayTable(
        id="calendar_comparison",
        title=text("without_control.calendar_table_title"),
        subtitle=text("without_control.calendar_subtitle"),
        columns=(
            TableColumn(text("common.scale"), "head"),
            TableColumn(text("without_control.pair_head"), "head"),
            TableColumn(text("common.n"), unit=text("without_control.unit_answers")),
            TableColumn(text("without_control.difference_head"), unit=text("common.unit_points")),
            TableColumn(interval),
            TableColumn(text("without_control.cohort_head"), unit=text("without_control.unit_a_year")),
            TableColumn(interval),
            TableColumn(text("without_control.secular_head"), unit=text("without_control.unit_a_year")),
        ),
        groups=tuple(groups),
        notes=(text("without_control.calendar_note"),),
        asset="calendar_comparison",
        data=table,
    )


def _calendar_row(context: ReportContext, table: pd.DataFrame, pair: str) -> tuple[Cell, ...]:
    cells, own = context.cells, table[table["contrast"] == pair]
    found = {row["term"]: row for row in records(own)}
    difference, trend, secular = (found.get(term) for term in (DIFFERENCE, COHORTS, SECULAR))
    return (
        Cell(pair_in_words(context, pair)),
        cells.n(difference) if difference else ABSENT,
        *((cells.estimate(difference, DIGITS), cells.interval(difference, DIGITS)) if difference else (ABSENT, ABSENT)),
        *((cells.estimate(trend, DIGITS), cells.interval(trend, DIGITS)) if trend else (ABSENT, ABSENT)),
        cells.estimate(secular, DIGITS) if secular else ABSENT,
    )


WITHOUT_CONTROL = Chapter(
    id="without_control",
    title="without_control.title",
    template="without_control.html.j2",
    content=without_control_content,
    needs=frozenset({"scales", "repeated"}),
    optional_tables=("calendar_comparison", "regression_to_mean"),
)
