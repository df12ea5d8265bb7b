"""Shares in work compared between arms, for the chapter on states: difference, ratio and odds ratio, two readings."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from increase_eval.reporting.documents.context import ReportContext
from increase_eval.reporting.figures.moves import METHOD, Kind, reading
from increase_eval.reporting.figures.words import Words
from increase_eval.reporting.numbers import MISSING, format_interval, format_number
from increase_eval.reporting.tables import Cell, DisplayTable, RowGroup, TableColumn, records

MEASURES = (("difference", " - "), ("ratio", " / "), ("odds_ratio", " / "))


def work_tables(context: ReportContext) -> Iterator[DisplayTable]:
    """Give one table of comparisons a state variable."""
    table, text = context.table("work_contrasts"), context.text
    if table is None:
        return
    own = table[table["by_method"] == METHOD]
    interval = text("common.interval", confidence=context.confidence)
    for variable in context.study.head.states:
        rows = own[(own["outcome"] == variable.id) & own["term"].isin([name for name, _ in MEASURES])]
        groups = [RowGroup(_reading(context, kind), tuple(_rows(context, rows, kind))) for kind in _kinds(rows)]
        if not groups:
            continue
        yield DisplayTable(
            id=f"work-{variable.id}",
            title=text("arms.work_title", variable=context.words(variable.label)),
            subtitle=text("arms.work_subtitle"),
            columns=(
                TableColumn(text("arms.reading_head"), "head"),
                TableColumn(text("arms.pair_head"), "head"),
                TableColumn(text("common.n"), unit=text("common.unit_people")),
                TableColumn(text("arms.difference_head"), unit=text("arms.unit_percent_points")),
                TableColumn(interval, unit=text("arms.unit_percent_points")),
                TableColumn(text("arms.ratio_head")),
                TableColumn(interval),
                TableColumn(text("arms.odds_head")),
                TableColumn(interval),
            ),
            groups=tuple(groups),
            notes=(text("arms.people_errors"),),
            asset="work_contrasts",
            data=rows,
        )


def _kinds(rows: pd.DataFrame) -> list[Kind]:
    columns = ["outcome", "by_since", "wave", "by_among"]
    return list(dict.fromkeys(rows[columns].itertuples(index=False, name=None)))


def _reading(context: ReportContext, kind: Kind) -> str:
    return reading(kind, Words.of(context.study, context.language))


def _rows(context: ReportContext, table: pd.DataFrame, kind: Kind) -> Iterator[tuple[Cell, ...]]:
    own = table[(table["outcome"] == kind[0]) & (table["by_since"] == kind[1])]
    own = own[(own["wave"] == kind[2]) & (own["by_among"] == kind[3])]
    found = {(row["term"], row["contrast"]): row for row in records(own)}
    cells, absent = context.cells, Cell(MISSING, "absent")
    for contrast in dict.fromkeys(own.loc[own["term"] == "difference", "contrast"].dropna()):
        later, _, earlier = contrast.partition(" - ")
        shown: list[Cell] = []
        for term, sign in MEASURES:
            row = found.get((term, f"{later}{sign}{earlier}"))
            if row is None:
                shown += [absent, absent]
            elif term == "difference":
                shown += [cells.signed_percent(row), cells.percent_interval(row)]
            else:
                shown += [cells.estimate(row, 2), cells.interval(row, 2)]
        name = context.text("arms.less", later=context.arm(later), earlier=context.arm(earlier))
        yield Cell(name), cells.n(found["difference", contrast]), *shown


def months_in_words(context: ReportContext) -> Iterator[str]:
    """Say what a month more since completion goes with, where dates vary."""
    table = context.table("work_contrasts")
    rows = [] if table is None else records(table[table["term"] == "odds_ratio_per_month"])
    for row in rows:
        if pd.isna(row["estimate"]) or row["by_among"] != "out_of_work":
            continue
        kind = (row["outcome"], row["by_since"], row["wave"], row["by_among"])
        yield context.text(
            "arms.per_month",
            n=context.count(row["n"]),
            reading=_reading(context, kind),
            ratio=format_number(row["estimate"], 2, context.language),
            confidence=context.confidence,
            interval=format_interval(row["conf_low"], row["conf_high"], 2, context.language),
        )
