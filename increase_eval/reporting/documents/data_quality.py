"""Data quality: what became of every raw row, which rules were broken how often, and which codebooks drift.

Counts only: neither a value nor a key reaches this chapter.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from increase_eval.intake.remedies import REMEDIES
from increase_eval.reporting.documents.chapter import Chapter
from increase_eval.reporting.documents.context import TOTAL, ReportContext
from increase_eval.reporting.documents.records import OUTCOMES
from increase_eval.reporting.tables import Cell, DisplayTable, RowGroup, TableColumn, plain_rows, records, single

DRIFT_WORDS = {
    "labels": "data_quality.drift_labels",
    "range": "data_quality.drift_range",
    "codes": "data_quality.drift_codes",
}


def data_quality_content(context: ReportContext) -> dict[str, Any]:
    """Give what the chapter on data quality says."""
    counts = context.tables["record_counts"]
    return {
        "ledger": _ledger_table(context, counts),
        "rules": _rules_table(context, counts),
        "drift": _drift_table(context),
    }


def _ledger_table(context: ReportContext, counts: pd.DataFrame) -> DisplayTable:
    text, unit = context.text, context.text("scales.unit_rows")
    own = counts[(counts["rule"] == TOTAL) & (counts["outcome"] != "value")]
    files = [file for file in dict.fromkeys(own["file"]) if file != TOTAL]
    rows = [_ledger_row(context, own, file, file) for file in files]
    if len(files) != 1:
        rows.append(_ledger_row(context, own, TOTAL, text("data_quality.all_files")))
    heads = ("read_head", "accepted_head", "duplicate_head", "quarantined_head")
    return DisplayTable(
        id="ledger",
        title=text("data_quality.ledger_title"),
        subtitle=text("data_quality.ledger_subtitle"),
        columns=(
            TableColumn(text("data_quality.file_head"), "head"),
            *(TableColumn(text(_HEADS[head]), unit=unit) for head in heads),
        ),
        groups=(RowGroup(None, tuple(rows)),),
        notes=(text("data_quality.ledger_note"),),
        asset="ledger",
        data=own,
    )


_HEADS = {
    "read_head": "data_quality.read_head",
    "accepted_head": "data_quality.accepted_head",
    "duplicate_head": "data_quality.duplicate_head",
    "quarantined_head": "data_quality.quarantined_head",
}


def _ledger_row(context: ReportContext, counts: pd.DataFrame, file: str, name: str) -> tuple[Cell, ...]:
    found = [single(counts, file=file, outcome=outcome) for outcome in (TOTAL, *OUTCOMES)]
    return (Cell(name), *(_count(context, row) for row in found))


def _count(context: ReportContext, row: dict[str, Any] | None) -> Cell:
    return context.cells.count(None if row is None else row["count"], is_suppressed=row is not None)


def _rules_table(context: ReportContext, counts: pd.DataFrame) -> DisplayTable | None:
    broken = counts[(counts["rule"] != TOTAL) & (counts["file"] == TOTAL)]
    if broken.empty:
        return None
    text = context.text
    costs = {"quarantined": text("data_quality.costs_row"), "value": text("data_quality.costs_value")}
    rows = tuple(
        (Cell(row["rule"]), Cell(costs[row["outcome"]]), Cell(_remedy(context, row["rule"])), _count(context, row))
        for row in records(broken)
    )
    return DisplayTable(
        id="broken_rules",
        title=text("data_quality.rules_table_title"),
        subtitle=text("data_quality.rules_subtitle"),
        columns=(
            TableColumn(text("data_quality.rule_head"), "head"),
            TableColumn(text("data_quality.cost_head"), "text"),
            TableColumn(text("data_quality.remedy_head"), "text"),
            TableColumn(text("data_quality.count_head"), unit=text("data_quality.unit_count")),
        ),
        groups=(RowGroup(None, rows),),
        asset="quarantine",
        data=broken,
    )


def _remedy(context: ReportContext, rule_id: str) -> str:
    """Say what the contract says to do about a rule of its own, and what intake says about any other."""
    rules = {rule.id: rule.remedy for rule in context.study.head.quarantine}
    remedy = rules.get(rule_id, REMEDIES.get(rule_id))
    return context.text("data_quality.see_codebook") if remedy is None else context.words(remedy)


def _drift_table(context: ReportContext) -> DisplayTable | None:
    """Say which columns drift between what; what differs can be near somebody's answer, and stays with the asset."""
    drift = context.table("drift")
    if drift is None:
        return None
    text = context.text
    told = drift[["column", "kind", "first", "second"]].drop_duplicates(ignore_index=True)
    rows = [
        [str(row["column"]), text(DRIFT_WORDS[row["kind"]]), str(row["first"]), str(row["second"])]
        for row in records(told)
    ]
    return DisplayTable(
        id="drift",
        title=text("data_quality.drift_table_title"),
        subtitle=text("data_quality.drift_subtitle"),
        columns=(
            TableColumn(text("data_quality.column_head"), "head"),
            TableColumn(text("data_quality.drift_head"), "text"),
            TableColumn(text("data_quality.first_head"), "text"),
            TableColumn(text("data_quality.second_head"), "text"),
        ),
        groups=plain_rows(rows),
        asset="drift",
        data=told,
    )


DATA_QUALITY = Chapter(
    id="data-quality",
    title="data_quality.title",
    template="data_quality.html.j2",
    content=data_quality_content,
    tables=("record_counts",),
    optional_tables=("drift",),
)
