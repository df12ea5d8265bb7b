"""Write tables in the formats of partners: Qualtrics CSV, CSV, SPSS, workbooks."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from increase_eval.study.sources import Source
from increase_eval.study.study import Study
from increase_eval.study.tables import Column

SPSS_CLOCK = re.compile(rb"\d\d [A-Z][a-z]{2} \d\d\d\d:\d\d:\d\d")
"""Creation date and time in the header of a .sav file, which would make equal files differ."""

FIRST_DAY = datetime(1980, 1, 1)
"""The creation date that workbooks get, so that equal tables give equal bytes."""


def write_source(
    study: Study,
    source: Source,
    table: pd.DataFrame,
    path: Path,
    *,
    labels: Mapping[str, Mapping[object, str]] | None = None,
) -> None:
    """Write a table as the files of a source are written; `labels` are other value labels than the contract's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {column.names_in_files(source.platform)[0]: column for column in study.wave_columns(source.wave or "")}
    match source.format:
        case "qualtrics":
            path.write_bytes(qualtrics_bytes(table, {name: column.label.en for name, column in columns.items()}))
        case "spss":
            write_spss(study, table, columns, path, labels or {})
        case "xlsx":
            write_workbook({"data": table}, path)
        case _:
            options = source.options
            path.write_bytes(
                csv_bytes(table, options.delimiter or ",", options.encoding or "utf-8", options.decimal or ".")
            )


def qualtrics_bytes(table: pd.DataFrame, descriptors: Mapping[str, str]) -> bytes:
    """Give a Qualtrics export: a byte-order mark and three header rows (name, descriptor, import id)."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    names = list(table.columns)
    writer.writerow(names)
    writer.writerow([descriptors.get(name, name) for name in names])
    writer.writerow([f'{{"ImportId":"{name}"}}' for name in names])
    writer.writerows(_cells(table, "."))
    return text.getvalue().encode("utf-8-sig")


def csv_bytes(table: pd.DataFrame, delimiter: str = ",", encoding: str = "utf-8", decimal: str = ".") -> bytes:
    """Give a plain CSV with one header row."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(table.columns)
    writer.writerows(_cells(table, decimal))
    return text.getvalue().encode(encoding)


def write_workbook(sheets: Mapping[str, pd.DataFrame], path: Path) -> None:
    """Write a workbook with one sheet a table and a fixed creation date."""
    import xlsxwriter

    with xlsxwriter.Workbook(path, {"in_memory": True, "strings_to_formulas": False}) as book:
        book.set_properties({"created": FIRST_DAY})
        for name, table in sheets.items():
            sheet = book.add_worksheet(name[:31])
            sheet.write_row(0, 0, list(table.columns))
            for number, row in enumerate(_cells(table, None), start=1):
                sheet.write_row(number, 0, row)


def write_spss(
    study: Study,
    table: pd.DataFrame,
    columns: Mapping[str, Column],
    path: Path,
    other_labels: Mapping[str, Mapping[object, str]],
) -> None:
    """Write a .sav with variable labels, French value labels and user-missing codes."""
    import pyreadstat

    frame = table.reset_index(drop=True).copy()
    labels: dict[str, dict[Any, str]] = {}
    missing: dict[str, list[dict[str, Any]]] = {}
    for name, column in columns.items():
        if name not in frame:
            continue
        is_number = all(isinstance(value, (int, float)) or pd.isna(value) for value in frame[name])
        frame[name] = frame[name].map(_number) if is_number else frame[name].fillna("").astype(str)
        values = study.table_of(column).values_of(column)
        if values:
            labels[name] = {value.code: value.label.fr for value in values} | dict(other_labels.get(name, {}))
        codes = [code for codes in column.missing.values() for code in codes]
        if codes and is_number:
            missing[name] = [{"lo": float(code), "hi": float(code)} for code in codes[:3]]
    pyreadstat.write_sav(
        frame,
        path,
        column_labels={name: column.label.fr for name, column in columns.items() if name in frame},
        variable_value_labels=labels,
        missing_ranges=missing,
    )
    path.write_bytes(SPSS_CLOCK.sub(b"01 Jan 8000:00:00", path.read_bytes(), count=1))


def _number(value: Any) -> float:
    return float("nan") if pd.isna(value) else float(value)


def _cells(table: pd.DataFrame, decimal: str | None) -> list[Sequence[Any]]:
    """Give the rows as written: nothing for what is missing, the decimal mark of the file."""
    columns = []
    for name in table.columns:
        cells = ["" if pd.isna(value) else value for value in table[name].astype(object)]
        if decimal is not None:
            cells = [str(cell).replace(".", decimal) if isinstance(cell, float) else cell for cell in cells]
        columns.append(cells)
    return list(zip(*columns, strict=True))
