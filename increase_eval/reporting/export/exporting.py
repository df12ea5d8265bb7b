"""Which tables may leave, and as which files? Estimates protected, tables of people only when they are asked for.

Left out of every export: tables that are neither estimates nor asked for as microdata, however few columns they have.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from increase_eval.errors import DisclosureError
from increase_eval.reporting.codebook.dictionary import build_codebook
from increase_eval.reporting.disclosure import escape_spreadsheet
from increase_eval.reporting.export.labels import LabelledTable, label_table, with_missing_codes
from increase_eval.reporting.export.statistical import Change, dta_bytes, sav_bytes
from increase_eval.reporting.leaving import is_estimate_table, tables_that_leave
from increase_eval.reporting.tables import csv_bytes
from increase_eval.reporting.translations import Translator
from increase_eval.reporting.workbook import Sheet, workbook_bytes
from increase_eval.study.study import Study

EXPORT_FORMATS = ("sav", "dta", "xlsx", "csv", "parquet")
OPEN_TABLES = ("input_files",)
"""Tables beside the estimates that hold nothing of any person: names and hashes of whole files."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote.

    Attributes
    ----------
    files
        The files, in the order they were written.
    changes
        One row for each thing that a format could not take as it was: table, format, column, was, written.
    """

    files: tuple[Path, ...]
    changes: pd.DataFrame


def may_leave(table: pd.DataFrame, name: str) -> bool:
    """Whether a stored table may leave without being asked for as microdata."""
    return is_estimate_table(table) or name in OPEN_TABLES


def export_tables(
    study: Study,
    tables: Mapping[str, pd.DataFrame],
    folder: Path,
    *,
    formats: Sequence[str] = EXPORT_FORMATS,
    names: Iterable[str] | None = None,
    microdata: bool = False,
    language: str = "en",
) -> Exported:
    """Write stored tables, with their labels, for other programs.

    Parameters
    ----------
    study
        The contract, for labels and the threshold of disclosure control.
    tables
        The stored tables by name: all of them, since what one withholds another could tell.
    folder
        Made where it does not exist; files of the same name are replaced.
    formats
        Of ``sav``, ``dta``, ``xlsx``, ``csv``, ``parquet``.
    names
        The tables wanted; by default every one that may leave.
    microdata
        True: tables of people leave as well, as they are stored (keys hashed, nothing suppressed).
    language
        Of the labels.

    Returns
    -------
    Exported
        Files named ``<table>.<format>``; for CSV also ``<table>.labels.csv``.

    Raises
    ------
    ValueError
        For a format or a table that there is not.
    DisclosureError
        If a table of people is asked for by name without `microdata`.
    """
    wanted = _wanted(tables, names, microdata=microdata)
    unknown = sorted(set(formats) - set(EXPORT_FORMATS))
    if unknown:
        raise ValueError(f"format {unknown[0]!r} is not one of an export; allowed: {', '.join(EXPORT_FORMATS)}")
    safe = tables_that_leave(study, tables)
    codebook = build_codebook(study)
    folder.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    changes: list[tuple[str, ...]] = []
    for name in wanted:
        table = label_table(codebook, name, safe.get(name, tables[name]), language=language)
        coded = table
        if "missing_reasons" in tables:
            coded = with_missing_codes(table, tables["missing_reasons"], codebook, language=language)
        note = f"{name} - {Translator(language)('page.synthetic_short')}" if study.is_synthetic else name
        for kind in formats:
            content, made = _content(kind, table, coded, note, Translator(language))
            changes += [(name, kind, *change) for change in made]
            for suffix, data in content.items():
                path = folder / f"{name}{suffix}"
                path.write_bytes(data)
                files.append(path)
    return Exported(tuple(files), pd.DataFrame(changes, columns=["table", "format", "column", "was", "written"]))


def _wanted(tables: Mapping[str, pd.DataFrame], names: Iterable[str] | None, *, microdata: bool) -> list[str]:
    if names is None:
        return [name for name, table in tables.items() if microdata or may_leave(table, name)]
    wanted = list(dict.fromkeys(names))
    unknown = [name for name in wanted if name not in tables]
    if unknown:
        raise ValueError(f"there is no stored table {unknown[0]!r}; there are: {', '.join(sorted(tables))}")
    held = [name for name in wanted if not may_leave(tables[name], name)]
    if held and not microdata:
        raise DisclosureError(
            f"{', '.join(held)}: rows of single people (or counts of few), which leave only as microdata; "
            "ask for them with --microdata (microdata=True), and only where you may hand such data on"
        )
    return wanted


def _content(
    kind: str, table: LabelledTable, coded: LabelledTable, note: str, text: Translator
) -> tuple[dict[str, bytes], list[Change]]:
    """Give the files of one table in one format: suffix -> bytes, and what had to be changed."""
    if kind in ("sav", "dta"):
        writer: Callable[..., tuple[bytes, list[Change]]] = sav_bytes if kind == "sav" else dta_bytes
        data, changes = writer(coded if kind == "sav" else table, note=note)
        return {f".{kind}": data}, changes
    if kind == "csv":
        return {".csv": csv_bytes(table.frame), ".labels.csv": _csv_rows(_label_rows(table, note, text))}, []
    if kind == "parquet":
        return {".parquet": _parquet(table, note)}, []
    heads, *rows = _label_rows(table, note, text)
    cells = [[_cell(value) for value in row] for row in table.frame.itertuples(index=False)]
    sheets = (
        Sheet(table.name, [str(name) for name in table.frame.columns], cells),
        Sheet(text("codebook.sheet_values"), heads, rows),
    )
    return {".xlsx": workbook_bytes(sheets, title=note, note=note)}, []


def _label_rows(table: LabelledTable, note: str, text: Translator) -> list[list[Any]]:
    """Give column, label, code and label of the code: one row a column, then one a code; last, what the table is."""
    heads = [text("codebook.head_name"), text("codebook.head_label"), text("codebook.head_code")]
    rows: list[list[Any]] = [[*heads, text("codebook.head_values")]]
    for column, label in table.labels.items():
        rows.append([column, label, "", ""])
        rows += [[column, label, code, words] for code, words in table.value_labels.get(column, {}).items()]
    return [*rows, ["", note, "", ""]]


def _csv_rows(rows: Sequence[Sequence[Any]]) -> bytes:
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\r\n").writerows([escape_spreadsheet(cell) for cell in row] for row in rows)
    return lines.getvalue().encode("utf-8-sig")


def _parquet(table: LabelledTable, note: str) -> bytes:
    arrow = pa.Table.from_pandas(table.frame, preserve_index=False)
    for place, column in enumerate(table.frame.columns):
        words = {str(code): label for code, label in table.value_labels.get(column, {}).items()}
        about = {"label": table.labels[column], "value_labels": json.dumps(words, ensure_ascii=False)}
        arrow = arrow.set_column(place, arrow.schema.field(place).with_metadata(about), arrow.column(place))
    arrow = arrow.replace_schema_metadata({**(arrow.schema.metadata or {}), b"note": note.encode("utf-8")})
    buffer = io.BytesIO()
    pq.write_table(arrow, buffer, compression="zstd")
    return buffer.getvalue()


def _cell(value: Any) -> Any:
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    return value.item() if hasattr(value, "item") else value
