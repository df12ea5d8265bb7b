"""How does an estimate table become one for readers? Cells by locale, suppressed ones marked, its data beside it.

A display table knows nothing of HTML: it has columns with units, groups of rows, notes, and the protected data that it
was made from. Numbers are rounded here and nowhere before.
"""

from __future__ import annotations

import weakref
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from increase_eval.reporting import numbers
from increase_eval.reporting.disclosure import SUPPRESSED, escape_frame

Kind = Literal["head", "text", "number", "hash"]
Mark = Literal["", "suppressed", "absent"]

SUPPRESSED_MARK = "[c]"
"""What stands where a number is suppressed: confidential, in both languages."""

SHORT_TABLE_ROWS = 30
"""Up to so many rows a table is kept on one page of paper."""

MANY_COLUMNS, MOST_COLUMNS, GRID_COLUMNS = 9, 10, 13
"""From so many columns on a table is set closer, closer still, and as a grid of one word a cell."""

PAGE_WIDTH = 50.0
"""How wide a table can be on the page, in rem: ``--wide`` of its style."""

PHONE_WIDTH = 22.0
"""How wide a table can be on a telephone held upright, in rem."""

_SETTINGS = (("", 0.40, 0.9), ("dense", 0.38, 0.6), ("dense densest", 0.34, 0.32))
"""How a table can be set: its classes, and as the style has them the mean width of a letter and of the gap, in rem."""

_LEAST_TEXT = 4.7
"""How narrow a column of texts may be without its gap, in rem: ``min-width`` of the style."""

_SIGNIFICANT = "%.10g"


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in one cell, and whether it stands for a number that is suppressed or absent."""

    text: str
    mark: Mark = ""


@dataclass(frozen=True, slots=True)
class TableColumn:
    """One column: its head, the unit under the head, and how its cells are set."""

    head: str
    kind: Kind = "number"
    unit: str = ""


@dataclass(frozen=True, slots=True)
class RowGroup:
    """Rows that belong together; `head` stands once before them, or is None where the table has no such column."""

    head: str | None
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class DisplayTable:
    """A table for readers.

    Attributes
    ----------
    id
        Unique in a document; its permalink is made from it.
    title, subtitle
        What it shows; measure, unit, waves, who.
    columns
        One a cell of a row; where groups have heads, the first is the column of the heads.
    groups
        The rows.
    notes
        What stands below.
    asset
        The stored table that it comes from.
    data
        The protected rows it was made from, which readers can take with them.
    """

    id: str
    title: str
    columns: tuple[TableColumn, ...]
    groups: tuple[RowGroup, ...]
    asset: str
    data: pd.DataFrame
    subtitle: str = ""
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        for group in self.groups:
            wanted = len(self.columns) - (group.head is not None)
            if any(len(row) != wanted for row in group.rows):
                raise ValueError(f"table {self.id!r}: every row needs {wanted} cells")

    @property
    def row_count(self) -> int:
        """How many rows it has."""
        return sum(len(group.rows) for group in self.groups)

    @property
    def is_short(self) -> bool:
        """Whether it fits on one page of paper."""
        return self.row_count <= SHORT_TABLE_ROWS

    @property
    def density(self) -> str:
        """How close its columns are set, so that they fit the page: by how many there are, and what stands in them."""
        if len(self.columns) >= GRID_COLUMNS:
            return "dense densest grid"
        at_least = 2 if len(self.columns) >= MOST_COLUMNS else 1 if len(self.columns) >= MANY_COLUMNS else 0
        fitting = (name for name, *sizes in _SETTINGS[at_least:] if self._least_width(*sizes) <= PAGE_WIDTH)
        return next(fitting, _SETTINGS[-1][0])

    @property
    def is_cards(self) -> bool:
        """Whether a narrow screen shows each row as a card: what it says in words would lie out of sight."""
        says = any(column.kind == "text" for column in self.columns[1:])
        return says and len(self.columns) < GRID_COLUMNS and self._least_width(*_SETTINGS[0][1:]) > PHONE_WIDTH

    def _least_width(self, letter: float, gap: float) -> float:
        """Say how narrow it can be set: numbers stay on one line, heads and texts break between words."""
        starts = {len(self.columns) - len(row) for group in self.groups for row in group.rows}
        shift = max(starts, default=0)
        longest = [max(map(len, f"{column.head} {column.unit}".split()), default=0) for column in self.columns]
        for group in self.groups:
            heads = [group.head or ""] if shift else []
            for row in group.rows:
                for at, text in enumerate([*heads, *(cell.text for cell in row)]):
                    parts = [text] if self.columns[at].kind == "number" else text.split()
                    longest[at] = max(longest[at], *map(len, parts), 0)
        least = [0.0 if column.kind == "number" else _LEAST_TEXT for column in self.columns]
        return sum(max(size * letter, low) + gap for size, low in zip(longest, least, strict=True))

    def has_mark(self, mark: Mark) -> bool:
        """Whether any cell carries a mark."""
        return any(cell.mark == mark for group in self.groups for row in group.rows for cell in row)


@dataclass(frozen=True, slots=True)
class CellWriter:
    """Writes the cells of protected estimate rows in one language."""

    language: str

    def count(self, value: Any, *, is_suppressed: bool = False) -> Cell:
        """Write a number of people or rows."""
        return self._cell(value, numbers.format_count(value, self.language), is_suppressed)

    def n(self, row: Mapping[str, Any]) -> Cell:
        """Write the people that an estimate stands on."""
        return self.count(row["n"], is_suppressed=is_suppressed(row))

    def n_and_dropped(self, row: Mapping[str, Any]) -> Cell:
        """Write the people that an estimate stands on and, in brackets, those left out."""
        n, dropped = self.n(row), self.dropped(row)
        if pd.isna(row["n"]):
            return n
        return Cell(f"{n.text} ({dropped.text})", dropped.mark)

    def dropped(self, row: Mapping[str, Any]) -> Cell:
        """Write the people left out. A small number of them is removed even where the estimate is shown."""
        return self.count(row["n_dropped"], is_suppressed=True)

    def estimate_count(self, row: Mapping[str, Any]) -> Cell:
        """Write an estimate that is a number of people."""
        return self.count(row["estimate"], is_suppressed=is_suppressed(row))

    def estimate(self, row: Mapping[str, Any], digits: int) -> Cell:
        """Write an estimate with so many decimals."""
        return self._cell(
            row["estimate"], numbers.format_number(row["estimate"], digits, self.language), is_suppressed(row)
        )

    def signed(self, row: Mapping[str, Any], digits: int) -> Cell:
        """Write an estimate that is a change or a difference, with its sign."""
        text = numbers.format_signed(row["estimate"], digits, self.language)
        return self._cell(row["estimate"], text, is_suppressed(row))

    def p_value(self, row: Mapping[str, Any]) -> Cell:
        """Write a p value."""
        return self._cell(row["p_value"], numbers.format_p(row["p_value"], self.language), is_suppressed(row))

    def interval(self, row: Mapping[str, Any], digits: int) -> Cell:
        """Write the interval of an estimate."""
        text = numbers.format_interval(row["conf_low"], row["conf_high"], digits, self.language, in_table=True)
        return self._cell(row["conf_low"], text, is_suppressed(row))

    def percent(self, row: Mapping[str, Any], *, digits: int = 1) -> Cell:
        """Write an estimate that is a share, in per cent; the sign belongs in the head of the column."""
        text = numbers.format_percent(row["estimate"], self.language, digits=digits)
        return self._cell(row["estimate"], _without_sign(text), is_suppressed(row))

    def signed_percent(self, row: Mapping[str, Any], *, digits: int = 1) -> Cell:
        """Write an estimate that is a difference of shares, in percentage points with its sign."""
        text = numbers.format_points(row["estimate"], digits, self.language)
        return self._cell(row["estimate"], text, is_suppressed(row))

    def percent_interval(self, row: Mapping[str, Any], *, digits: int = 1) -> Cell:
        """Write the interval of a share, in per cent without the sign."""
        low, high = row["conf_low"], row["conf_high"]
        text = numbers.format_percent_interval(low, high, self.language, digits=digits, in_table=True)
        return self._cell(row["conf_low"], _without_sign(text), is_suppressed(row))

    def _cell(self, value: Any, text: str, is_hidden: bool) -> Cell:
        if pd.notna(value):
            return Cell(text)
        return Cell(SUPPRESSED_MARK, "suppressed") if is_hidden else Cell(numbers.MISSING, "absent")


def _without_sign(text: str) -> str:
    """Take the percent signs away: in a table the unit stands in the head."""
    return text.replace(f"{numbers.NARROW_NO_BREAK}%", "").replace("%", "")


def is_suppressed(row: Mapping[str, Any]) -> bool:
    """Whether disclosure control took the numbers of a row."""
    status = row.get("status")
    return pd.notna(status) and status == SUPPRESSED


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Give the rows of a frame as mappings from column to value."""
    names = [str(column) for column in frame.columns]
    return [dict(zip(names, map(_native, row), strict=True)) for row in frame.to_numpy(dtype=object).tolist()]


def _native(value: Any) -> Any:
    """Give a value as Python has it; what is missing in a column of whole numbers or truths is None."""
    if value is pd.NA:
        return None
    return value.item() if isinstance(value, np.generic) else value


def single(frame: pd.DataFrame, **where: str) -> dict[str, Any] | None:
    """Find the one row with given values, or None where there is none.

    Raises
    ------
    ValueError
        If several rows have these values: a report must not choose between them.
    """
    columns = tuple(where)
    rows, places = _indexed(frame, columns)
    found = places.get(tuple(where.values()), [])
    if len(found) > 1:
        raise ValueError(f"{len(found)} rows have {where}; one was expected")
    return dict(rows[found[0]]) if found else None


def _indexed(
    frame: pd.DataFrame, columns: tuple[str, ...]
) -> tuple[list[dict[str, Any]], dict[tuple[Any, ...], list[int]]]:
    """Give the rows of a frame, and where the values of some columns stand; made once a frame and set of columns."""
    known = _INDEXES.get(id(frame))
    if known is None or known.frame() is not frame or len(known.rows) != len(frame):
        known = _INDEXES[id(frame)] = _Indexed(weakref.ref(frame, _forget(id(frame))), records(frame), {})
    if columns not in known.places:
        places = known.places[columns] = defaultdict(list)
        for place, row in enumerate(known.rows):
            places[tuple(row[column] for column in columns)].append(place)
    return known.rows, known.places[columns]


@dataclass(frozen=True, slots=True)
class _Indexed:
    """The rows of a frame that is still there, and their places by the values of some columns."""

    frame: weakref.ref[pd.DataFrame]
    rows: list[dict[str, Any]]
    places: dict[tuple[str, ...], dict[tuple[Any, ...], list[int]]]


_INDEXES: dict[int, _Indexed] = {}
"""Frames by identity: the chapters look hundreds of rows up in tables that nobody changes."""


def _forget(own_id: int) -> Callable[[object], None]:
    def forget(_: object) -> None:
        _INDEXES.pop(own_id, None)

    return forget


def csv_bytes(frame: pd.DataFrame, *, float_format: str | None = None) -> bytes:
    """Write a frame as CSV that a spreadsheet opens as it is: UTF-8 with its mark, dates in ISO form, no formulas."""
    plain = frame.copy()
    for column in plain.columns:
        if pd.api.types.is_datetime64_any_dtype(plain[column]):
            plain[column] = plain[column].dt.strftime("%Y-%m-%d")
    text: str = escape_frame(plain).to_csv(index=False, lineterminator="\r\n", float_format=float_format)
    return text.encode("utf-8-sig")


def published_csv(frame: pd.DataFrame) -> bytes:
    """Write the data of an exhibit: columns that hold nothing are left out, numbers have ten significant digits."""
    return csv_bytes(frame.dropna(axis="columns", how="all"), float_format=_SIGNIFICANT)


def plain_rows(rows: Sequence[Sequence[str]]) -> tuple[RowGroup, ...]:
    """Make one group without a head of rows of texts."""
    return (RowGroup(None, tuple(tuple(Cell(text) for text in row) for row in rows)),)
