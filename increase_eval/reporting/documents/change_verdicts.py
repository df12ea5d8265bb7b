"""What can be said of each arm's own change: a table of verdicts, and a sentence that counts them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from increase_eval.claims.clustering import OVER_SITES
from increase_eval.claims.verdicts.result import DIFFERENT, EQUIVALENT, INCONCLUSIVE, NOT_ESTIMABLE, SMALLER
from increase_eval.reporting import numbers
from increase_eval.reporting.documents.context import ReportContext
from increase_eval.reporting.documents.verdict_words import UNITS, amount, interval, outcome_words, size
from increase_eval.reporting.tables import (
    SUPPRESSED_MARK,
    Cell,
    DisplayTable,
    RowGroup,
    TableColumn,
    is_suppressed,
    records,
)

CHANGE_VERDICTS = "change_verdicts"
WORDS = {
    DIFFERENT: "change_verdicts.word_different",
    EQUIVALENT: "change_verdicts.word_equivalent",
    SMALLER: "change_verdicts.word_smaller",
    INCONCLUSIVE: "change_verdicts.word_inconclusive",
    NOT_ESTIMABLE: "change_verdicts.word_not_estimable",
}
COUNTED = {
    "different": DIFFERENT,
    "equivalent": EQUIVALENT,
    "smaller": SMALLER,
    "inconclusive": INCONCLUSIVE,
    "not_estimable": NOT_ESTIMABLE,
}

Row = dict[str, Any]


def change_rows(context: ReportContext) -> Iterator[dict[str, Row]]:
    """Give the rows of each arm's change by term, in the plan's order."""
    table = context.table(CHANGE_VERDICTS)
    if table is None:
        return
    keys = ["by_family", "by_estimand", "by_arm"]
    for _, own in table.groupby(keys, sort=False, observed=True, dropna=False):
        yield {str(row["term"]): row for row in records(own)}


def change_sentence(context: ReportContext) -> str:
    """Count the verdicts on changes of arms; empty where there are none."""
    told = [parts["difference"] for parts in change_rows(context) if pd.notna(parts["difference"]["verdict"])]
    if not told:
        return ""
    counts = {name: context.count(sum(row["verdict"] == word for row in told)) for name, word in COUNTED.items()}
    return context.text("change_verdicts.count_summary", count=context.count(len(told)), **counts)


def change_verdicts_table(context: ReportContext) -> DisplayTable | None:
    """Give the table of each arm's change with its verdict, outcome and waves in the margin."""
    groups: dict[str, list[tuple[Cell, ...]]] = {}
    for parts in change_rows(context):
        row = parts["difference"]
        since, _, wave = str(row["contrast"]).partition(" -> ")
        head = context.text(
            "change_verdicts.what",
            outcome=outcome_words(context, str(row["outcome"])),
            since=context.wave(since),
            wave=context.wave(wave),
        )
        groups.setdefault(head, []).append((Cell(context.arm(str(row["by_arm"]))), *_cells(context, parts)))
    if not groups:
        return None
    text, table = context.text, context.tables[CHANGE_VERDICTS]
    notes = [text("change_verdicts.note"), text("change_verdicts.attribution_note")]
    if table["by_errors"].eq(OVER_SITES).any():
        notes.append(text("change_verdicts.clustered_note"))
    return DisplayTable(
        id=CHANGE_VERDICTS,
        title=text("change_verdicts.title"),
        subtitle=text("change_verdicts.subtitle"),
        columns=(
            TableColumn(text("change_verdicts.what_head"), "head"),
            TableColumn(text("common.arm"), "head"),
            TableColumn(text("common.n")),
            TableColumn(text("change_verdicts.change_head")),
            TableColumn(text("verdicts.interval_head")),
            TableColumn(text("verdicts.equivalence_head")),
            TableColumn(text("change_verdicts.margin_head")),
            TableColumn(text("verdicts.verdict_head"), "text"),
        ),
        groups=tuple(RowGroup(name, tuple(rows)) for name, rows in groups.items()),
        notes=tuple(notes),
        asset=CHANGE_VERDICTS,
        data=table,
    )


def _cells(context: ReportContext, parts: dict[str, Row]) -> tuple[Cell, ...]:
    row, unit = parts["difference"], parts["difference"]["by_unit"]
    if is_suppressed(row):
        return (Cell(SUPPRESSED_MARK, "suppressed"),) * 6
    margin = parts["margin"]["estimate"] if "margin" in parts else float("nan")
    low, high = (
        parts["equivalence"][end] if "equivalence" in parts else float("nan") for end in ("conf_low", "conf_high")
    )
    words = f"{amount(context, row['estimate'], unit)} {context.text(UNITS[unit])}"
    return (
        context.cells.count(row["n"]) if pd.notna(row["n"]) else _absent(),
        Cell(words) if pd.notna(row["estimate"]) else _absent(),
        _shown(interval(context, row["conf_low"], row["conf_high"], unit, in_table=True), row["conf_low"]),
        _shown(interval(context, low, high, unit, in_table=True), low),
        _shown(size(context, margin, unit), margin),
        Cell(context.text(WORDS[str(row["verdict"])])),
    )


def _shown(words: str, value: Any) -> Cell:
    return Cell(words) if pd.notna(value) else _absent()


def _absent() -> Cell:
    return Cell(numbers.MISSING, "absent")
