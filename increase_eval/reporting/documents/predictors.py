"""What predictors go with: moves into work, outcomes within and between persons, and ways between them."""

from __future__ import annotations

from collections.abc import Iterator
from math import exp
from typing import Any

import pandas as pd

from increase_eval.reporting import numbers
from increase_eval.reporting.documents.chapter import Chapter
from increase_eval.reporting.documents.context import ReportContext
from increase_eval.reporting.tables import Cell, DisplayTable, RowGroup, TableColumn, is_suppressed, records, single

MEASURED, WITHOUT_ERROR = "as measured", "without error"
BETWEEN = "between: predictor with outcome"
INDIRECT, NOUGHT = "indirect", "residual correlation at nought"
FIRST_PATH, BACK_PATH = "predictor -> outcome", "outcome -> predictor"
DIGITS = 2
ABSENT = Cell(numbers.MISSING, "absent")


def predictors_content(context: ReportContext) -> dict[str, Any]:
    """Give what the chapter says of the study's predictors."""
    return {
        "moves": _moves_table(context),
        "lagged": _lagged_table(context),
        "indirect": _indirect_table(context),
    }


def _scale(context: ReportContext, scale_id: str) -> str:
    return context.scale(context.study.scale(scale_id))


def _moves_table(context: ReportContext) -> DisplayTable | None:
    table = context.table("predictions")
    if table is None:
        return None
    text, interval = context.text, context.text("common.interval", confidence=context.confidence)
    groups = []
    for predictor in dict.fromkeys(table["by_predictor"]):
        rows = tuple(_moves_rows(context, table[table["by_predictor"] == predictor]))
        if rows:
            groups.append(RowGroup(_scale(context, str(predictor)), rows))
    return DisplayTable(
        id="predictions",
        title=text("predictors.moves_table_title"),
        subtitle=text("predictors.moves_subtitle"),
        columns=(
            TableColumn(text("predictors.predictor_head"), "head"),
            TableColumn(text("common.wave"), "head"),
            TableColumn(text("common.n"), unit=text("common.unit_people")),
            TableColumn(text("predictors.measured_head")),
            TableColumn(interval),
            TableColumn(text("predictors.without_error_head")),
            TableColumn(interval),
        ),
        groups=tuple(groups),
        notes=(text("predictors.moves_note"),),
        asset="predictions",
        data=table,
    )


def _moves_rows(context: ReportContext, table: pd.DataFrame) -> Iterator[tuple[Cell, ...]]:
    for variable in dict.fromkeys(table["outcome"]):
        for wave in dict.fromkeys(table["wave"]):
            own = table[(table["outcome"] == variable) & (table["wave"] == wave)]
            measured, calibrated = (single(own, term=term) for term in (MEASURED, WITHOUT_ERROR))
            known = measured or calibrated
            if known is not None:
                odds = (cell for row in (measured, calibrated) for cell in _odds(context, row))
                yield Cell(context.wave(str(wave))), context.cells.n(known), *odds


def _odds(context: ReportContext, row: dict[str, Any] | None) -> tuple[Cell, Cell]:
    """Give an odds ratio and its interval from a log odds ratio."""
    if row is None or (pd.isna(row["estimate"]) and not is_suppressed(row)):
        return ABSENT, ABSENT
    odds = row | {name: exp(row[name]) for name in ("estimate", "conf_low", "conf_high") if pd.notna(row[name])}
    return context.cells.estimate(odds, DIGITS), context.cells.interval(odds, DIGITS)


def _lagged_table(context: ReportContext) -> DisplayTable | None:
    table = context.table("cross_lagged")
    if table is None:
        return None
    text, interval = context.text, context.text("common.interval", confidence=context.confidence)
    groups = []
    for predictor in dict.fromkeys(table["by_predictor"]):
        own = table[table["by_predictor"] == predictor]
        rows = tuple(
            row for outcome in dict.fromkeys(own["outcome"]) for row in _lagged_rows(context, own, str(outcome))
        )
        groups.append(RowGroup(_scale(context, str(predictor)), rows))
    return DisplayTable(
        id="cross_lagged",
        title=text("predictors.lagged_table_title"),
        subtitle=text("predictors.lagged_subtitle"),
        columns=(
            TableColumn(text("predictors.predictor_head"), "head"),
            TableColumn(text("common.scale"), "head"),
            TableColumn(text("predictors.relation_head"), "text"),
            TableColumn(text("common.n"), unit=text("common.unit_people")),
            TableColumn(text("predictors.estimate_head")),
            TableColumn(interval),
        ),
        groups=tuple(groups),
        notes=(text("predictors.lagged_note"),),
        asset="cross_lagged",
        data=table,
    )


def _lagged_rows(context: ReportContext, table: pd.DataFrame, outcome: str) -> Iterator[tuple[Cell, ...]]:
    name = Cell(_scale(context, outcome))
    rows = records(table[table["outcome"] == outcome])
    wanted = [row for row in rows if row["term"] == BETWEEN or str(row["term"]).startswith((FIRST_PATH, BACK_PATH))]
    if not wanted:
        yield name, Cell(context.text("predictors.refused")), context.cells.n(rows[0]), ABSENT, ABSENT
    for place, row in enumerate(wanted):
        shown = name if place == 0 else Cell("")
        cells = context.cells
        estimate, interval = cells.estimate(row, DIGITS), cells.interval(row, DIGITS)
        yield shown, Cell(_relation(context, str(row["term"]))), cells.n(row), estimate, interval


def _relation(context: ReportContext, term: str) -> str:
    """Say a term of the cross-lagged model in words."""
    if term == BETWEEN:
        return context.text("predictors.between")
    path, _, waves = term.partition(", ")
    first, _, last = waves.partition(" to ")
    key = "predictors.forward" if path == FIRST_PATH else "predictors.backward"
    return context.text(key, first=context.wave(first), last=context.wave(last))


def _indirect_table(context: ReportContext) -> DisplayTable | None:
    table = context.table("indirect_effects")
    if table is None:
        return None
    text = context.text
    groups = []
    for predictor in dict.fromkeys(table["by_predictor"]):
        own = table[table["by_predictor"] == predictor]
        rows = tuple(_indirect_row(context, own, str(outcome)) for outcome in dict.fromkeys(own["outcome"]))
        groups.append(RowGroup(_scale(context, str(predictor)), rows))
    return DisplayTable(
        id="indirect_effects",
        title=text("predictors.indirect_table_title"),
        subtitle=text("predictors.indirect_subtitle"),
        columns=(
            TableColumn(text("predictors.predictor_head"), "head"),
            TableColumn(text("common.scale"), "head"),
            TableColumn(text("common.n"), unit=text("common.unit_people")),
            TableColumn(text("predictors.indirect_head"), unit=text("common.unit_points")),
            TableColumn(text("common.interval", confidence=context.confidence)),
            TableColumn(text("predictors.nought_head")),
        ),
        groups=tuple(groups),
        notes=(text("predictors.indirect_note"),),
        asset="indirect_effects",
        data=table,
    )


def _indirect_row(context: ReportContext, table: pd.DataFrame, outcome: str) -> tuple[Cell, ...]:
    own, cells = table[table["outcome"] == outcome], context.cells
    effect, nought = single(own, term=INDIRECT), single(own, term=NOUGHT)
    if effect is None or nought is None:
        return Cell(_scale(context, outcome)), cells.n(records(own)[0]), ABSENT, ABSENT, ABSENT
    return (
        Cell(_scale(context, outcome)),
        cells.n(effect),
        cells.estimate(effect, DIGITS + 1),
        cells.interval(effect, DIGITS + 1),
        cells.estimate(nought, DIGITS),
    )


PREDICTORS = Chapter(
    id="predictors",
    title="predictors.title",
    template="predictors.html.j2",
    content=predictors_content,
    needs=frozenset({"predictors", "repeated"}),
    optional_tables=("predictions", "cross_lagged", "indirect_effects"),
)
