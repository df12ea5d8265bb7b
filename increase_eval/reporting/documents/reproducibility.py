"""Reproducibility: everything that the numbers of this page depend on, and no clock."""

from __future__ import annotations

from typing import Any

import pandas as pd

from increase_eval.reporting import numbers
from increase_eval.reporting.documents.chapter import Chapter
from increase_eval.reporting.documents.context import ReportContext
from increase_eval.reporting.tables import Cell, DisplayTable, RowGroup, TableColumn, plain_rows, records


def reproducibility_content(context: ReportContext) -> dict[str, Any]:
    """Give the stamp of the report, and the raw files that it comes from."""
    return {"stamp": _stamp_table(context), "inputs": _input_table(context)}


def _stamp_table(context: ReportContext) -> DisplayTable:
    text, study, stamp = context.text, context.study, context.stamp
    provenance = text("reproducibility.synthetic") if study.is_synthetic else text("reproducibility.real")
    rows = [
        [text("reproducibility.study"), study.id],
        [text("reproducibility.data"), provenance],
        [text("reproducibility.data_date"), context.words(study.head.data_date)],
        [text("reproducibility.data_source"), context.words(study.head.data_source)],
        [text("reproducibility.contract"), study.contract_hash],
        [text("reproducibility.seed"), str(study.analysis.seed)],
        [text("reproducibility.threshold"), str(study.head.privacy.threshold)],
        [text("reproducibility.code"), f"increase-eval {stamp.code_version}"],
    ]
    if stamp.python:
        rows.append(["Python", stamp.python])
    rows += [[package, version] for package, version in stamp.packages.items()]
    return DisplayTable(
        id="stamp",
        title=text("reproducibility.stamp_title"),
        columns=(
            TableColumn(text("reproducibility.what_head"), "head"),
            TableColumn(text("reproducibility.value_head"), "hash"),
        ),
        groups=plain_rows(rows),
        asset="study.yaml",
        data=pd.DataFrame(rows, columns=["what", "value"]),
    )


def _input_table(context: ReportContext) -> DisplayTable | None:
    files = context.table("input_files")
    if files is None:
        return None
    text = context.text
    rows = tuple(
        (
            Cell(str(row["file"])),
            Cell(str(row["format"])),
            Cell(numbers.format_count(row["bytes"], context.language)),
            Cell(str(row["sha256"])),
        )
        for row in records(files)
    )
    return DisplayTable(
        id="input_files",
        title=text("reproducibility.inputs_title"),
        columns=(
            TableColumn(text("data_quality.file_head"), "head"),
            TableColumn(text("reproducibility.format_head"), "text"),
            TableColumn(text("reproducibility.size_head"), unit=text("reproducibility.unit_bytes")),
            TableColumn("SHA-256", "hash"),
        ),
        groups=(RowGroup(None, rows),),
        asset="input_files",
        data=files,
    )


REPRODUCIBILITY = Chapter(
    id="reproducibility",
    title="reproducibility.title",
    template="reproducibility.html.j2",
    content=reproducibility_content,
    optional_tables=("input_files",),
)
