"""How does a labelled table become a file of SPSS or Stata that is the same to the byte every time?

Both formats carry a clock in their header, which is set to a fixed moment after writing.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat

from increase_eval.reporting.export.labels import MOST_DISCRETE_MISSING, LabelledTable
from increase_eval.reporting.export.names import SPSS, STATA, NameRule, allowed_names, cut

Change = tuple[str, str, str]
"""What was changed for a program: column, what it was, what was written."""

_SAV_CLOCK = slice(92, 109)  # creation date (9 bytes) and time (8 bytes) of the fixed header
_SAV_MOMENT = b"01 Jan 0000:00:00"
_DTA_CLOCK = re.compile(rb"<timestamp>\x11.{17}</timestamp>", re.DOTALL)
_DTA_MOMENT = b"<timestamp>\x1101 Jan 2000 00:00</timestamp>"
_DTA_VERSION = 15  # Stata 15: names in UTF-8, strings of any length


def sav_bytes(table: LabelledTable, *, note: str) -> tuple[bytes, list[Change]]:
    """Write a table for SPSS.

    Parameters
    ----------
    table
        With codes, labels, and the codes of missing answers, which become user-missing values.
    note
        The label of the file (at most 64 bytes), such as the table and that its data are synthetic.

    Returns
    -------
    bytes
        The file.
    list
        What had to be changed: names and labels.
    """
    changes: list[Change] = []
    frame, names = _renamed(table, SPSS, changes)
    values = _value_labels(table, names, SPSS, changes)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.sav"
        pyreadstat.write_sav(
            frame,
            str(path),
            file_label=cut(note, 64),
            column_labels=_labels(table, names, SPSS, changes),
            variable_value_labels=values,
            missing_ranges={names[column]: _missing(codes) for column, codes in table.missing_codes.items()},
            variable_measure={name: _measure(frame[name], name in values) for name in frame.columns},
        )
        raw = bytearray(path.read_bytes())
    raw[_SAV_CLOCK] = _SAV_MOMENT
    return bytes(raw), changes


def dta_bytes(table: LabelledTable, *, note: str) -> tuple[bytes, list[Change]]:
    """Write a table for Stata.

    Parameters
    ----------
    table
        With codes and labels. Stata labels whole numbers only, so that texts with labels become numbers from 1 in the
        order of the labels.
    note
        The label of the file (at most 80 bytes).

    Returns
    -------
    bytes
        The file.
    list
        What had to be changed: names, labels, and texts that became numbers.
    """
    changes: list[Change] = []
    frame, names = _renamed(table, STATA, changes)
    labels: dict[str, dict[int, str]] = {}
    for name, values in _value_labels(table, names, STATA, changes).items():
        if pd.api.types.is_numeric_dtype(frame[name]):
            labels[name] = {int(code): label for code, label in values.items() if float(code) == int(code)}
        else:
            frame[name], labels[name] = _numbered(frame[name], values, name, changes)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.dta"
        pyreadstat.write_dta(
            frame,
            str(path),
            file_label=cut(note, 80),
            column_labels=_labels(table, names, STATA, changes),
            variable_value_labels=labels,
            version=_DTA_VERSION,
        )
        raw = path.read_bytes()
    return _DTA_CLOCK.sub(_DTA_MOMENT, raw, count=1), changes


def _renamed(table: LabelledTable, rule: NameRule, changes: list[Change]) -> tuple[pd.DataFrame, dict[str, str]]:
    names = allowed_names(table.frame.columns, rule)
    changes += [(old, old, new) for old, new in names.items() if old != new]
    plain = pd.DataFrame({names[column]: _plain(table.frame[column]) for column in table.frame.columns})
    return plain, names


def _plain(column: pd.Series) -> pd.Series:
    """Give a column in a type that the writers take whole: float, text or date."""
    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_numeric_dtype(column):
        return column.astype("Float64").astype("float64")
    if pd.api.types.is_datetime64_any_dtype(column):
        return column
    return column.astype("object").where(column.notna(), None)


def _labels(table: LabelledTable, names: Mapping[str, str], rule: NameRule, changes: list[Change]) -> dict[str, str]:
    return {names[column]: _cut(label, column, rule.label_bytes, changes) for column, label in table.labels.items()}


def _value_labels(
    table: LabelledTable, names: Mapping[str, str], rule: NameRule, changes: list[Change]
) -> dict[str, dict[Any, str]]:
    labels: dict[str, dict[Any, str]] = {}
    for column, values in table.value_labels.items():
        is_number = pd.api.types.is_numeric_dtype(table.frame[column])
        wanted = {code: text for code, text in values.items() if isinstance(code, int | float) == is_number}
        if wanted:
            labels[names[column]] = {
                float(code) if is_number else code: _cut(text, column, rule.value_label_bytes, changes)
                for code, text in wanted.items()
            }
    return labels


def _cut(label: str, column: str, length: int, changes: list[Change]) -> str:
    written = cut(label, length)
    if written != label:
        changes.append((column, label, written))
    return written


def _numbered(
    column: pd.Series, labels: Mapping[Any, str], name: str, changes: list[Change]
) -> tuple[pd.Series, dict[int, str]]:
    """Give numbers for the texts of a column: those with labels first, in their order, then the others."""
    others = [value for value in column.dropna().unique() if value not in labels]
    numbers = {value: number for number, value in enumerate([*labels, *others], start=1)}
    changes += [(name, str(value), str(number)) for value, number in numbers.items()]
    return column.map(numbers).astype("float64"), {n: labels.get(value, str(value)) for value, n in numbers.items()}


def _missing(codes: tuple[float, ...]) -> list[Any]:
    """SPSS takes three single codes, or one range: four reasons stand side by side below every answer."""
    return list(codes) if len(codes) <= MOST_DISCRETE_MISSING else [{"lo": min(codes), "hi": max(codes)}]


def _measure(column: pd.Series, has_labels: bool) -> str:
    is_number = pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column)
    return "scale" if is_number and not has_labels else "nominal"
