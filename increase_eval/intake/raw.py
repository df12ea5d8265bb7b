"""What a file held: the one shape that every reader gives back, whatever the format, in parts of so many rows.

Cells are as the file has them: text from text formats, numbers and dates from typed ones; a blank cell is missing.
Nothing is interpreted here. That is the contract's business, in :mod:`increase_eval.intake.conform`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

Range = tuple[float, float]


class UnreadableFileError(Exception):
    """A reader cannot read a file; :func:`~increase_eval.intake.readers.read_file` adds which file it is."""


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A row that could not be cut into columns: it is counted and quarantined, never guessed at."""

    row: int
    rule: str


@dataclass(frozen=True, slots=True)
class RawTable:
    """The rows of one file, or some of them in a row, read and not interpreted.

    Attributes
    ----------
    frame
        Shape (rows, columns): one column per header, in the file's order; blank cells are missing.
    rows
        Shape (rows,): the number of each row as a spreadsheet shows it (the header is row 1).
    format
        The format it was read as.
    encoding
        The encoding of a text format, found or declared; None for the others.
    decimal
        The decimal mark declared; None where it is to be found from the columns that hold numbers.
    value_labels
        Column -> code -> label, from formats that carry labels.
    missing_ranges
        Column -> intervals of codes that the file itself declares to be missing.
    missing_codes
        Column -> codes, such as ``.a``, that the file itself declares to be missing.
    variable_labels
        Column -> what the file says about it.
    broken
        Rows that could not be cut into columns.
    notes
        What the reader noticed and a person should know: kind of finding -> how many cells of the file it is about.
    sha256, size
        Of the file's bytes.
    """

    frame: pd.DataFrame = field(repr=False)  # A log or a traceback must not show answers.
    rows: np.ndarray
    format: str
    encoding: str | None = None
    decimal: str | None = None
    value_labels: Mapping[str, Mapping[Any, str]] = field(default_factory=lambda: MappingProxyType({}))
    missing_ranges: Mapping[str, tuple[Range, ...]] = field(default_factory=lambda: MappingProxyType({}))
    missing_codes: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    variable_labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    broken: tuple[BrokenRow, ...] = ()
    notes: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    sha256: str = ""
    size: int = 0

    @property
    def rows_read(self) -> int:
        """How many rows the file has below its header, broken ones included."""
        return len(self.frame) + len(self.broken)


@dataclass(frozen=True, slots=True)
class RawFile:
    """One file, opened: what it says of itself, and its rows in parts, so that no more than one part is held.

    Attributes
    ----------
    head
        The table without rows: names of columns, format, encoding, labels, hash and size.
    parts
        Gives the rows from the first on, as often as it is called, in parts of about so many; each is a table with the
        columns of the head, and a part may have no rows. Reading a part may raise an :class:`UnreadableFileError`,
        since what is wrong with a file may be in its last row.
    """

    head: RawTable
    parts: Callable[[int], Iterator[RawTable]]


def in_slices(table: RawTable) -> RawFile:
    """Give a table that was read whole in parts, as the formats need whose readers know no other way."""

    def parts(rows: int) -> Iterator[RawTable]:
        for start in range(0, len(table.frame), rows):
            frame = table.frame.iloc[start : start + rows].reset_index(drop=True)
            yield dataclasses.replace(table, frame=frame, rows=table.rows[start : start + rows])

    return RawFile(dataclasses.replace(table, frame=table.frame.iloc[:0], rows=table.rows[:0]), parts)


def check_header(names: list[str]) -> list[str]:
    """Give the column names as they will be used, or say why they cannot be.

    Names lose the blanks around them. A column without a name is called by its place, ``(column 4)``.

    Raises
    ------
    UnreadableFileError
        If no column has a name, or two have the same.
    """
    stripped = [name.strip().strip("\ufeff") for name in names]
    if not any(stripped):
        raise UnreadableFileError("the first row is empty; it should hold the names of the columns")
    named = [name or f"(column {place})" for place, name in enumerate(stripped, start=1)]
    places: dict[str, list[int]] = {}
    for place, name in enumerate(named, start=1):
        places.setdefault(name, []).append(place)
    twice = [f"columns {' and '.join(map(str, found))}" for found in places.values() if len(found) > 1]
    if twice:
        raise UnreadableFileError(
            f"{'; '.join(twice)} have the same name in the first row; each column needs a name of its own"
        )
    return named
