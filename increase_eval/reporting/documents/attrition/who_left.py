"""Who left: how those who answered differ from those who did not, tests of it, and what goes with not answering."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from increase_eval.reporting.characteristics import Characteristics
from increase_eval.reporting.documents.attrition.calibration import calibration_tables
from increase_eval.reporting.documents.attrition.section import Section
from increase_eval.reporting.documents.context import TOTAL, ReportContext
from increase_eval.reporting.numbers import MISSING, format_number, format_p, format_signed
from increase_eval.reporting.tables import Cell, DisplayTable, RowGroup, TableColumn, is_suppressed, records, single

TESTS = ("selective attrition", "differential attrition")
WAVE_MODEL = "wave by wave"
MOST_TOLD = 3
"""Up to so many waves each has a sentence; else the last alone, and the data hold all."""


def who_left_content(context: ReportContext) -> dict[str, Any]:
    """Give what the section says."""
    table = context.tables["leaver_differences"]
    return {
        "sentences": list(_sentences(context, table)),
        "differences": _difference_table(context, table),
        "tests": _test_table(context, table),
        "little": _little_table(context),
        "model": _model_table(context),
        "discrimination": list(_discrimination(context)),
        "calibration": calibration_tables(context),
    }


def _sentences(context: ReportContext, table: pd.DataFrame) -> Iterator[str]:
    """Say at each wave whether what is known goes with answering, and how large the largest difference is."""
    named = Characteristics(context.study, context.text)
    for wave in context.study.wave_ids:
        own = table[table["wave"] == wave]
        test = single(own[own["outcome"] == "stayed"], term=TESTS[0])
        if test is not None and test["status"] in ("nobody left", "nobody stayed"):
            yield context.text(f"attrition_leavers.{str(test['status']).replace(' ', '_')}", wave=context.wave(wave))
            continue
        told = own[(own["outcome"] != "stayed") & own["estimate"].notna()]
        if told.empty:
            continue
        row = records(told.assign(size=told["estimate"].abs()).nlargest(1, "size"))[0]
        yield context.text(
            "attrition_leavers.largest",
            wave=context.wave(wave),
            name=named.full(row["outcome"], row["term"]),
            value=format_signed(row["estimate"], 2, context.language),
        )


def _difference_table(context: ReportContext, table: pd.DataFrame) -> DisplayTable | None:
    own = table[table["outcome"] != "stayed"]
    if own.empty:
        return None
    named, text = Characteristics(context.study, context.text), context.text
    waves = [wave for wave in context.study.wave_ids if (own["wave"] == wave).any()]
    groups = []
    for outcome in dict.fromkeys(own["outcome"]):
        here = own[own["outcome"] == outcome]
        rows = tuple(_difference_row(context, named, here, term, waves) for term in dict.fromkeys(here["term"]))
        groups.append(RowGroup(named.column(outcome), rows))
    return DisplayTable(
        id="leaver_differences",
        title=text("attrition_leavers.table_title"),
        subtitle=text("attrition_leavers.table_subtitle"),
        columns=(
            TableColumn(text("attrition_leavers.characteristic_head"), "head"),
            TableColumn(text("attrition_leavers.category_head"), "head"),
            *(TableColumn(context.wave(wave), unit=text("attrition_leavers.unit_sd")) for wave in waves),
        ),
        groups=tuple(groups),
        notes=(text("attrition_leavers.among_note"), text("attrition_leavers.joined_note")),
        asset="leaver_differences",
        data=own,
    )


def _difference_row(
    context: ReportContext, named: Characteristics, rows: pd.DataFrame, term: str, waves: list[str]
) -> tuple[Cell, ...]:
    cells = []
    for wave in waves:
        row = single(rows, term=term, wave=wave)
        if row is None or (pd.isna(row["estimate"]) and not is_suppressed(row)):
            cells.append(Cell(MISSING, "absent"))
        else:
            cell = context.cells.estimate(row, 2)
            cells.append(cell if cell.mark else Cell(format_signed(row["estimate"], 2, context.language)))
    return Cell(named.level(str(rows["outcome"].iloc[0]), term) or context.text("common.mean")), *cells


def _test_table(context: ReportContext, table: pd.DataFrame) -> DisplayTable | None:
    own, text = table[table["outcome"] == "stayed"], context.text
    rows = []
    for wave in context.study.wave_ids:
        for term in TESTS:
            row = single(own, wave=wave, term=term)
            if row is not None:
                name = text(f"attrition_leavers.{term.replace(' ', '_')}")
                rows.append((Cell(context.wave(wave)), Cell(name), *_test_cells(context, row)))
    if not rows:
        return None
    return DisplayTable(
        id="attrition_tests",
        title=text("attrition_leavers.tests_title"),
        subtitle=text("attrition_leavers.tests_subtitle"),
        columns=(
            TableColumn(text("common.wave"), "head"),
            TableColumn(text("attrition_leavers.question_head"), "head"),
            TableColumn(text("common.n"), unit=text("common.unit_people")),
            TableColumn(text("attrition_leavers.chi_head")),
            TableColumn(text("attrition_leavers.df_head")),
            TableColumn(text("attrition_leavers.p_head")),
        ),
        groups=(RowGroup(None, tuple(rows)),),
        notes=(text("attrition_leavers.tests_note"),),
        asset="leaver_differences",
        data=own,
    )


def _test_cells(context: ReportContext, row: dict[str, Any]) -> tuple[Cell, ...]:
    if pd.isna(row["statistic"]):
        mark = Cell("[c]", "suppressed") if is_suppressed(row) else Cell(MISSING, "absent")
        return context.cells.n(row), mark, mark, mark
    return (
        context.cells.n(row),
        Cell(format_number(row["statistic"], 1, context.language)),
        Cell(format_number(row["df"], 0, context.language)),
        Cell(format_p(row["p_value"], context.language)),
    )


def _little_table(context: ReportContext) -> DisplayTable | None:
    table = context.table("mcar")
    if table is None:
        return None
    text, groups = context.text, []
    for scale in context.study.scales:
        own = table[table["outcome"] == scale.id]
        rows = [
            (Cell(context.arm(arm)), *_test_cells(context, row))
            for arm in (TOTAL, *context.study.arm_ids)
            if (row := single(own, by_arm=arm)) is not None
        ]
        if rows:
            groups.append(RowGroup(context.scale(scale), tuple(rows)))
    return DisplayTable(
        id="mcar",
        title=text("attrition_leavers.little_title"),
        subtitle=text("attrition_leavers.little_subtitle"),
        columns=(
            TableColumn(text("common.scale"), "head"),
            TableColumn(text("common.arm"), "head"),
            TableColumn(text("common.n"), unit=text("common.unit_people")),
            TableColumn(text("attrition_leavers.chi_head")),
            TableColumn(text("attrition_leavers.df_head")),
            TableColumn(text("attrition_leavers.p_head")),
        ),
        groups=tuple(groups),
        notes=(text("attrition_leavers.little_note"),),
        asset="mcar",
        data=table,
    )


def _model_table(context: ReportContext) -> DisplayTable | None:
    table = context.table("dropout_model")
    if table is None:
        return None
    own = table[(table["outcome"] == "left") & (table["by_model"] == WAVE_MODEL) & (table["term"] != "Intercept")]
    waves = [wave for wave in context.study.wave_ids if (own["wave"] == wave).any()]
    if not waves:
        return None
    named, text = Characteristics(context.study, context.text), context.text
    rows = []
    for term in dict.fromkeys(own["term"]):
        cells = []
        for wave in waves:
            row = single(own, term=term, wave=wave)
            cells += [Cell(MISSING, "absent")] * 2 if row is None else list(_odds(context, row))
        rows.append((Cell(named.term(str(term))), *cells))
    interval = text("common.interval", confidence=context.confidence)
    return DisplayTable(
        id="dropout_model",
        title=text("attrition_leavers.model_title"),
        subtitle=text("attrition_leavers.model_subtitle"),
        columns=(
            TableColumn(text("attrition_leavers.characteristic_head"), "head"),
            *(
                column
                for wave in waves
                for column in (
                    TableColumn(context.wave(wave), unit=text("attrition_leavers.odds_unit")),
                    TableColumn(interval),
                )
            ),
        ),
        groups=(RowGroup(None, tuple(rows)),),
        notes=(text("attrition_leavers.model_note"),),
        asset="dropout_model",
        data=table,
    )


def _odds(context: ReportContext, row: dict[str, Any]) -> tuple[Cell, Cell]:
    """Write a log odds as an odds ratio with its interval."""
    ratio = {**row, **{name: _exp(row[name]) for name in ("estimate", "conf_low", "conf_high")}}
    return context.cells.estimate(ratio, 2), context.cells.interval(ratio, 2)


def _exp(value: Any) -> Any:
    return value if pd.isna(value) else math.exp(value)


def _discrimination(context: ReportContext) -> Iterator[str]:
    table = context.table("dropout_model")
    if table is None:
        return
    fit = table[(table["outcome"] == "fit") & (table["term"] == "auc") & (table["by_model"] == WAVE_MODEL)]
    told = [row for row in records(fit) if pd.notna(row["estimate"])]
    for row in told if len(told) <= MOST_TOLD else told[-1:]:
        yield context.text(
            "attrition_leavers.auc",
            wave=context.wave(row["wave"]),
            value=format_number(row["estimate"], 2, context.language),
            low=format_number(row["conf_low"], 2, context.language),
            high=format_number(row["conf_high"], 2, context.language),
        )


WHO_LEFT = Section(
    id="who-left",
    title="attrition_leavers.title",
    template="attrition_who_left.html.j2",
    content=who_left_content,
    tables=("leaver_differences",),
    optional_tables=("mcar", "dropout_model", "dropout_calibration"),
    figures=("leavers",),
)
