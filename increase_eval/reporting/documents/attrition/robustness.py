"""What holds under which assumption: every headline under each method, and in words what survives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pandas as pd

from increase_eval.attrition.headlines import ALL, ASKED
from increase_eval.attrition.imputed_states.table import LOG_ODDS
from increase_eval.attrition.robustness.survival import surviving
from increase_eval.reporting import numbers
from increase_eval.reporting.documents.attrition.section import Section
from increase_eval.reporting.documents.attrition.survival import (
    assumption_table,
    group_name,
    method_name,
    outcome_name,
    survival_table,
)
from increase_eval.reporting.documents.context import ReportContext
from increase_eval.reporting.tables import Cell, DisplayTable, RowGroup, TableColumn, is_suppressed, records
from increase_eval.study import Scale

BOUNDS = "bounds"


def robustness_content(context: ReportContext) -> dict[str, Any]:
    """Give what the section says."""
    table = context.tables["robustness"]
    found = surviving(table)
    first = context.wave(context.study.wave_ids[0])
    return {
        "about": context.text("robustness.about", wave=first),
        "sentences": [*_summary(context, found)],
        "survival": [survival_table(context, table, found)] if len(found) else [],
        "tables": [assumption_table(context, table), *_tables(context, table)],
    }


def _summary(context: ReportContext, found: pd.DataFrame) -> Iterator[str]:
    """Count what holds under every assumption, under the bounds, and what turns headlines the other way."""
    if found.empty:
        return
    text, count = context.text, len(found)
    against = Counter(method for methods in found["opposite"] for method in methods if method != BOUNDS)
    stable = sum(set(methods) <= {BOUNDS} for methods in found["opposite"])
    bounded = sum(BOUNDS in (*same, *smaller) for same, smaller in zip(found["same"], found["smaller"], strict=True))
    values = {"number": context.count(count), "stable": context.count(stable), "bounded": context.count(bounded)}
    yield text.plural("robustness.summary", count, **values)
    if against:
        yield text("robustness.against", methods=_counted(context, against))
    else:
        yield text("robustness.nothing_against")
    smaller = Counter(method for methods in found["smaller"] for method in methods if method != BOUNDS)
    if smaller:
        yield text("robustness.smaller", methods=_counted(context, smaller))
    missing = sum(map(len, found["missing"]))
    if missing:
        yield text.plural("robustness.missing", missing, number=context.count(missing))


def _counted(context: ReportContext, methods: Counter[str]) -> str:
    named = (
        context.text("robustness.against_one", method=method_name(context, method), number=context.count(count))
        for method, count in methods.most_common()
    )
    return context.listed(named)


def _tables(context: ReportContext, table: pd.DataFrame) -> Iterator[DisplayTable]:
    """One table for each outcome: methods down; arms, all of them and comparisons across; waves one below the other."""
    text = context.text
    first = context.wave(context.study.wave_ids[0])
    table = table.assign(contrast=table["contrast"].fillna(""))
    for outcome, rows in table.groupby("outcome", sort=False):
        scale = next((one for one in context.study.scales if one.id == outcome), None)
        columns = _columns(context, rows)
        groups = tuple(
            RowGroup(context.wave(wave), tuple(_rows(context, rows[rows["wave"] == wave], columns, scale)))
            for wave in context.study.wave_ids
            if (rows["wave"] == wave).any()
        )
        is_share = scale is None
        unit = text("common.unit_share") if is_share else text("common.unit_points")
        is_everybody = bool((rows["by_population"] == ASKED).all())
        population = "robustness.note_everybody" if is_everybody else "robustness.note_population"
        notes = [text(population, wave=first), text("robustness.note_intervals")]
        notes.append(text("robustness.note_delta_share", odds=_log_odds(context)) if is_share
                     else text("robustness.note_delta"))  # fmt: skip
        yield DisplayTable(
            id=f"robustness-{outcome}",
            title=text("robustness.table_title", outcome=outcome_name(context, str(outcome))),
            subtitle=_subtitle(context, str(outcome), first, is_share=is_share),
            columns=(
                TableColumn(text("common.wave"), "head"),
                TableColumn(text("robustness.method_head"), "head"),
                *(TableColumn(group_name(context, arm, contrast), unit=unit) for arm, contrast in columns),
            ),
            groups=groups,
            notes=tuple(notes),
            asset="robustness",
            data=rows,
        )


def _subtitle(context: ReportContext, outcome: str, first: str, *, is_share: bool) -> str:
    if not is_share:
        return context.text("robustness.table_subtitle_change", wave=first, confidence=context.confidence)
    states = _counted_states(context, outcome)
    return context.text("robustness.table_subtitle_share", states=states, confidence=context.confidence)


def _columns(context: ReportContext, rows: pd.DataFrame) -> list[tuple[str, str]]:
    """Give arms, all of them together, and comparisons by the plan's id, those that there are."""
    present = set(zip(rows["by_arm"], rows["contrast"], strict=True))
    wanted = [(arm, "") for arm in (*context.study.arm_ids, ALL)]
    wanted += [(ALL, one.id) for one in context.study.analysis.contrasts]
    return [one for one in wanted if one in present]


def _counted_states(context: ReportContext, outcome: str) -> str:
    """Name the states whose share is meant."""
    variable = next((one for one in context.study.head.states if one.id == outcome), None)
    if variable is None:
        return ""
    if any(state.in_work for state in variable.states):
        return context.text("robustness.in_work")
    return context.listed(context.words(one.label) for one in variable.states if one.id in variable.counted)


def _log_odds(context: ReportContext) -> str:
    return numbers.format_number(LOG_ODDS, 2, context.language)


def _rows(
    context: ReportContext, rows: pd.DataFrame, columns: list[tuple[str, str]], scale: Scale | None
) -> Iterator[tuple[Cell, ...]]:
    digits = context.digits(scale) if scale is not None else 1
    for method, own in rows.groupby("by_method", sort=False):
        by_group = {(row["by_arm"], row["contrast"]): row for row in records(own)}
        cells = [_cell(context, by_group.get(one), digits, is_share=scale is None) for one in columns]
        yield Cell(method_name(context, str(method))), *cells


def _cell(context: ReportContext, row: dict[str, Any] | None, digits: int, *, is_share: bool) -> Cell:
    """Write an estimate with its interval in one cell."""
    if row is None:
        return Cell(numbers.MISSING, "absent")
    cells = context.cells
    if is_share:
        value = cells.signed_percent(row) if row["contrast"] else cells.percent(row)
    else:
        value = cells.signed(row, digits)
    if value.mark or is_suppressed(row) or pd.isna(row["conf_low"]):
        return value
    interval = cells.percent_interval(row) if is_share else cells.interval(row, digits)
    return Cell(numbers.beside(value.text, interval.text))


ROBUSTNESS = Section(
    id="robustness",
    title="robustness.title",
    template="attrition_robustness.html.j2",
    content=robustness_content,
    needs=frozenset({"repeated"}),
    tables=("robustness",),
    figures=("robustness",),
)
