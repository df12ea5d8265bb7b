"""From the cells of one column to codes: labels or codes in, codes out, and the reason for each declared gap.

Each distinct cell is looked at once. A cell is tried, in this order, as a missing code, as a code, as a label or
alias exactly as written, and as one of these without regard to case and blanks where only one code fits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from increase_eval.intake.cells import (
    any_numbers,
    cell_text,
    plain_code,
    read_dates,
    read_numbers,
    read_truth,
    whole_numbers,
    with_point,
)
from increase_eval.intake.columns import fold
from increase_eval.intake.raw import RawTable
from increase_eval.study.base import Code
from increase_eval.study.tables import Column, ValueLabel

Values = pd.api.extensions.ExtensionArray

REASONS = ("refused", "not_asked", "left", "unknown")
_UNKNOWN = len(REASONS)
_COMMA_NUMBER = re.compile(r"^[+-]?\d*,\d+$")
_POINT_NUMBER = re.compile(r"^[+-]?\d*\.\d+$")


@dataclass(frozen=True, slots=True, repr=False)
class Conversion:
    """One column, conformed.

    Attributes
    ----------
    values
        Shape (rows,), of the stored dtype; missing where the cell is blank, a missing code, or unreadable.
    failed
        Shape (rows,): the cell holds something that is neither a value nor a missing code.
    contradicted
        Shape (rows,): the file's label for the code says that it means another code.
    reasons
        Shape (rows,): 0, or one more than the place in :data:`REASONS`.
    cells
        The distinct cells as text, and `codes` which of them each row has (-1: blank).
    """

    values: pd.Series
    failed: np.ndarray
    contradicted: np.ndarray
    reasons: np.ndarray
    cells: list[str]
    codes: np.ndarray

    @property
    def is_filled(self) -> np.ndarray:
        """Shape (rows,): the cell holds something."""
        return self.codes >= 0

    def at(self, places: np.ndarray) -> Conversion:
        """Give the conversion of some of the rows."""
        return Conversion(
            values=self.values.take(places).reset_index(drop=True),
            failed=self.failed[places],
            contradicted=self.contradicted[places],
            reasons=self.reasons[places],
            cells=self.cells,
            codes=self.codes[places],
        )

    def texts(self, where: np.ndarray) -> list[str]:
        """Give the cells of some rows as text; they must never reach a message or a table."""
        return [self.cells[code] if code >= 0 else "" for code in self.codes[where]]


class Labels:
    """Looks codes up by code, label or alias."""

    def __init__(self, values: Iterable[ValueLabel]) -> None:
        self.codes: dict[str, Code] = {}
        self.exact: dict[str, Code] = {}
        self._folded: dict[str, set[str]] = {}
        for value in values:
            text = cell_text(value.code)
            self.codes[text] = value.code
            for other in (value.label.en, value.label.fr, *map(cell_text, value.aliases)):
                self.exact.setdefault(other.strip(), value.code)
                self._folded.setdefault(fold(other), set()).add(text)
            self._folded.setdefault(fold(text), set()).add(text)

    def __bool__(self) -> bool:
        return bool(self.codes)

    def find(self, text: str) -> Code | None:
        """Give the code that a cell stands for, or None."""
        if text in self.codes:
            return self.codes[text]
        return self.by_label(text)

    def by_label(self, text: str) -> Code | None:
        """Give the code that a label or alias stands for, or None where none or several fit."""
        if text in self.exact:
            return self.exact[text]
        near = self._folded.get(fold(text), set())
        return self.codes[next(iter(near))] if len(near) == 1 else None


@dataclass(frozen=True, slots=True)
class ColumnReader:
    """Reads the cells of one contracted column, whichever file they come from."""

    column: Column
    labels: Labels
    missing: Mapping[str, int]
    dtype: str

    @classmethod
    def of(cls, column: Column, values: Sequence[ValueLabel]) -> ColumnReader:
        """Prepare the look-ups of a column once."""
        missing = {
            fold(cell_text(code)): REASONS.index(reason) + 1
            for reason, codes in column.missing.items()
            for code in codes
        }
        return cls(column, Labels(values), missing, stored_dtype(column, values))

    def read(self, raw: RawTable, name: str, rows: np.ndarray, *, decimal: str, values_by: str | None) -> Conversion:
        """Read some rows of a column of a file."""
        cells = raw.frame[name].iloc[rows]
        codes, unique = pd.factorize(cells)
        texts = [cell_text(cell) for cell in unique]
        meanings = _labels_by_text(raw.value_labels.get(name, {}))
        reasons = self._reasons(texts, with_point(texts, unique, decimal), meanings, raw, name)
        contradicted = np.zeros(len(texts), dtype=bool)
        if meanings and self.labels:
            texts_read, contradicted = self._by_label(texts, meanings, values_by)
        else:
            texts_read = texts
        skip = (reasons > 0) | contradicted | np.array([not text for text in texts], dtype=bool)
        written = with_point(texts_read, unique, decimal)
        values = self._convert(texts_read, written, skip)
        failed = np.asarray(values.isna()) & ~skip
        return Conversion(
            values=_take(values, codes),
            failed=_spread(failed, codes),
            contradicted=_spread(contradicted & (reasons == 0), codes),
            reasons=_spread(reasons, codes),
            cells=texts,
            codes=codes,
        )

    def constant(self, code: Code, count: int) -> pd.Series:
        """Give a column that all rows share."""
        text = cell_text(code)
        value = self._convert([text], [text], np.array([not text]))
        return _take(value, np.zeros(count, dtype="int64"))

    def _reasons(
        self, texts: list[str], written: list[str], meanings: Mapping[str, str], raw: RawTable, name: str
    ) -> np.ndarray:
        """Find the missing codes of the contract, by code or label, and those that only the file declares."""
        found = np.zeros(len(texts), dtype="int8")
        if self.missing:
            # A code may be written as a number with the decimal mark of the file, such as -99,0.
            spellings = [
                (fold(plain_code(text)), fold(plain_code(point))) for text, point in zip(texts, written, strict=True)
            ]
            found = np.array(
                [self.missing.get(text, self.missing.get(point, 0)) for text, point in spellings], dtype="int8"
            )
        if meanings and self.missing:
            labelled = [self.missing.get(fold(meanings.get(text, "")), 0) if text else 0 for text in texts]
            found = np.where(found > 0, found, np.array(labelled, dtype="int8"))
        declared = declared_missing(texts, raw, name)
        return np.where((found == 0) & declared, np.int8(_UNKNOWN), found)

    def _by_label(
        self, texts: list[str], meanings: Mapping[str, str], values_by: str | None
    ) -> tuple[list[str], np.ndarray]:
        """Use the labels of the file where its codes are not those of the contract, or where it is told to."""
        read, contradicted = list(texts), np.zeros(len(texts), dtype=bool)
        for place, text in enumerate(texts):
            meaning = self.labels.by_label(meanings[text]) if text in meanings else None
            if meaning is None or cell_text(meaning) == text:
                continue
            if text not in self.labels.codes or values_by == "label":
                read[place] = cell_text(meaning)
            elif values_by is None:
                contradicted[place] = True
        return read, contradicted

    def _convert(self, texts: list[str], written: list[str], skip: np.ndarray) -> Values:
        """Turn distinct texts into values (numbers from `written`); what cannot be one becomes missing."""
        if self.column.type == "date":
            days: Values = read_dates(texts, skip, self.column.date_formats).array
            return days
        if self.labels:
            return self._coded(texts, written, skip)
        if self.dtype == "boolean":
            return pd.array([None if s else read_truth(t) for t, s in zip(texts, skip, strict=True)], dtype="boolean")
        if self.dtype == "str":
            return pd.array([None if s else t for t, s in zip(texts, skip, strict=True)], dtype="str")
        numbers = read_numbers(written, skip)
        values: Values = whole_numbers(numbers) if self.dtype == "Int64" else any_numbers(numbers)
        return values

    def _coded(self, texts: list[str], written: list[str], skip: np.ndarray) -> Values:
        """Look texts up; a text or number that is no code stays, so that the rules can list it."""
        found = [None if s else self.labels.find(t) for t, s in zip(texts, skip, strict=True)]
        if self.dtype == "str":
            kept = [None if s else t if f is None else cell_text(f) for f, t, s in zip(found, texts, skip, strict=True)]
            return pd.array(kept, dtype="str")
        if self.dtype == "boolean":
            return pd.array([None if code is None else bool(code) for code in found], dtype="boolean")
        coded = np.array([np.nan if code is None else float(code) for code in found], dtype="float64")
        numbers = np.where(np.isnan(coded), read_numbers(written, skip), coded)
        values: Values = whole_numbers(numbers) if self.dtype == "Int64" else any_numbers(numbers)
        return values


def stored_dtype(column: Column, values: Sequence[ValueLabel]) -> str:
    """Give the dtype that a contracted column is stored with."""
    codes = [value.code for value in values]
    if any(isinstance(code, str) for code in codes):
        return "str"
    if column.type == "category":
        if not codes:
            return "str"
        return "Int64" if all(float(code).is_integer() for code in codes) else "Float64"
    by_type = {"integer": "Int64", "number": "Float64", "boolean": "boolean", "date": "datetime64[us]", "text": "str"}
    return by_type[column.type]


def declared_missing(texts: Sequence[str], raw: RawTable, name: str) -> np.ndarray:
    """Say which cells the file itself declares to be missing."""
    ranges, codes = raw.missing_ranges.get(name, ()), set(raw.missing_codes.get(name, ()))
    declared = np.array([text in codes for text in texts], dtype=bool)
    if ranges and len(texts):
        numbers = pd.to_numeric(pd.Series(texts, dtype="str"), errors="coerce").to_numpy(dtype="float64")
        for low, high in ranges:
            declared |= (numbers >= low) & (numbers <= high)
    return declared


def decimal_marks(raw: RawTable, names: Iterable[str]) -> tuple[int, int]:
    """Count the cells of the number columns that are written with a decimal comma, and those with a point.

    Counts of the parts of a file add up. A number with both marks, and one with neither, says nothing.
    """
    commas = points = 0
    for name in names:
        cells = raw.frame[name]
        if pd.api.types.is_numeric_dtype(cells.dtype):
            continue
        codes, unique = pd.factorize(cells)
        counts = np.bincount(codes[codes >= 0], minlength=len(unique)).tolist()
        texts = [cell.strip() if isinstance(cell, str) else "" for cell in unique]
        commas += sum(counts[at] for at, text in enumerate(texts) if _COMMA_NUMBER.match(text))
        points += sum(counts[at] for at, text in enumerate(texts) if _POINT_NUMBER.match(text))
    return commas, points


def _labels_by_text(labels: Mapping[Any, str]) -> dict[str, str]:
    return {cell_text(code): label.strip() for code, label in labels.items()}


def _take(unique: Values, codes: np.ndarray) -> pd.Series:
    return pd.Series(unique.take(codes, allow_fill=True), dtype=unique.dtype)


def _spread(unique: np.ndarray, codes: np.ndarray) -> np.ndarray:
    if not len(unique):
        return np.zeros(len(codes), dtype=unique.dtype)
    spread: np.ndarray = np.where(codes >= 0, unique[codes], unique.dtype.type(0))
    return spread
