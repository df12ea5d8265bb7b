"""Who takes part: what is known of everybody enrolled, arm by arm, and of those who answered the last wave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from increase_eval.reporting import numbers
from increase_eval.reporting.documents.context import TOTAL, ReportContext
from increase_eval.reporting.tables import Cell, DisplayTable, RowGroup, TableColumn, is_suppressed, single

Group = tuple[str, str]
"""Who a column is about: the wave they answered (or ``all``), and their arm (or ``all``)."""


def baseline_table(context: ReportContext) -> DisplayTable | None:
    """Set means and shares of every characteristic side by side, or None where the table is not there."""
    table = context.table("baseline_characteristics")
    if table is None:
        return None
    text = context.text
    groups: list[Group] = [(TOTAL, arm) for arm in context.arms]
    last = context.study.wave_ids[-1]
    if "repeated" in context.study.capabilities and (table["by_answered"] == last).any():
        groups.append((last, TOTAL))
    rows = [
        RowGroup(_label(context, name), tuple(_rows(context, table[table["outcome"] == name], groups)))
        for name in dict.fromkeys(table["outcome"])
    ]
    heads = [
        text("baseline.answered_head", wave=context.wave(wave)) if wave != TOTAL else context.arm(arm)
        for wave, arm in groups
    ]
    return DisplayTable(
        id="baseline",
        title=text("baseline.title"),
        subtitle=text("baseline.subtitle"),
        columns=(
            TableColumn(text("baseline.characteristic_head"), "head"),
            TableColumn(text("baseline.value_head"), "head"),
            *(TableColumn(head) for head in heads),
        ),
        groups=tuple(rows),
        notes=(text("baseline.note"),),
        asset="baseline_characteristics",
        data=table,
    )


def _rows(context: ReportContext, table: pd.DataFrame, groups: Sequence[Group]) -> Iterator[tuple[Cell, ...]]:
    terms = list(dict.fromkeys(table["term"]))
    columns = [table[(table["by_answered"] == wave) & (table["by_arm"] == arm)] for wave, arm in groups]
    if "mean" in terms:
        cells = [_mean(context, single(own, term="mean"), single(own, term="sd")) for own in columns]
        yield (Cell(context.text("baseline.mean_sd")), *cells)
    else:
        for term in terms:
            shares = [_share(context, single(own, term=term)) for own in columns]
            yield (Cell(_category(context, table["outcome"].iloc[0], term)), *shares)
    known = [single(own, term=terms[0]) for own in columns]
    yield (Cell(context.text("baseline.known")), *(context.cells.n(row) if row else _absent() for row in known))


def _mean(context: ReportContext, mean: dict[str, Any] | None, sd: dict[str, Any] | None) -> Cell:
    if mean is None or sd is None:
        return _absent()
    cell = context.cells.estimate(mean, 1)
    if cell.mark:
        return cell
    spread = "–" if is_suppressed(sd) else numbers.format_number(sd["estimate"], 1, context.language)
    return Cell(f"{cell.text} ({spread})")


def _share(context: ReportContext, row: dict[str, Any] | None) -> Cell:
    return _absent() if row is None else context.cells.percent(row)


def _absent() -> Cell:
    return Cell(numbers.MISSING, "absent")


def _label(context: ReportContext, name: str) -> str:
    labels = {column.name: context.words(column.label) for column in context.study.participant_columns}
    return labels.get(name, name)


def _category(context: ReportContext, name: str, term: str) -> str:
    """Say a category in the words of the contract, with the unit of its row."""
    for column in context.study.participant_columns:
        if column.name == name:
            values = context.study.table_of(column).values_of(column)
            words = {str(value.code): context.words(value.label) for value in values}
            return context.text("baseline.category", category=words.get(term, term))
    return context.text("baseline.category", category=term)
