"""Single cells: their text, and the number, day or truth that a text stands for.

What a text cannot be becomes missing, never something near it: 3.5 is no whole number, and a point is no part of a
number that is written with a decimal comma.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd

from increase_eval.intake.columns import fold

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_WHOLE_WITH_POINT = re.compile(r"-?\d+\.0+", re.ASCII)
_ISO_DAY = r"^\d{4}-\d{2}-\d{2}(?: \d{2}:\d{2}:\d{2}(?:\.\d+)?)?$"
_TRUE = ("1", "true", "yes", "y", "t", "vrai", "oui")
_FALSE = ("0", "false", "no", "n", "f", "faux", "non")
_LARGEST_EXACT = 2.0**53
"""Above it floating point skips whole numbers."""


def cell_text(cell: Any) -> str:
    """Give the text of a cell as a spreadsheet would show it: 3.0 is ``3``, dates are ISO, blanks around are gone."""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bool | np.bool_):
        return "1" if cell else "0"
    if isinstance(cell, float | np.floating):
        return str(int(cell)) if float(cell).is_integer() else repr(float(cell))
    if isinstance(cell, datetime):
        day = cell.replace(tzinfo=None)
        return day.strftime("%Y-%m-%d") if day.time() == datetime.min.time() else day.isoformat(sep=" ")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell).strip()


def plain_code(text: str) -> str:
    """Write the code 6.0 as 6; leave all else."""
    return text.rstrip("0")[:-1] if _WHOLE_WITH_POINT.fullmatch(text) else text


def with_point(texts: list[str], cells: Iterable[Any], decimal: str) -> list[str]:
    """Write numbers with a point. Under a decimal comma a point is no part of a number: the two change places."""
    if decimal == ".":
        return texts
    swap = str.maketrans(",.", ".,")
    return [text.translate(swap) if isinstance(cell, str) else text for text, cell in zip(texts, cells, strict=True)]


def read_numbers(written: Sequence[str], skip: np.ndarray) -> np.ndarray:
    """Read texts as numbers; NaN where a text is none, is infinite, or is to be skipped."""
    numbers = [
        float(text) if not skipped and _NUMBER.fullmatch(text) else np.nan
        for text, skipped in zip(written, skip, strict=True)
    ]
    found = np.array(numbers, dtype="float64")
    return np.where(np.isfinite(found), found, np.nan)


def whole_numbers(numbers: np.ndarray) -> pd.arrays.IntegerArray:
    """Make whole numbers of those that are; others become missing, never rounded."""
    is_whole = (numbers == np.floor(numbers)) & (np.abs(numbers) < _LARGEST_EXACT)
    return pd.arrays.IntegerArray(np.where(is_whole, numbers, 0).astype("int64"), ~is_whole)


def any_numbers(numbers: np.ndarray) -> pd.arrays.FloatingArray:
    """Make nullable numbers."""
    absent = np.isnan(numbers)
    return pd.arrays.FloatingArray(np.where(absent, 1.0, numbers), absent)


def read_truth(text: str) -> bool | None:
    """Read yes or no, in English or French; None where the text is neither."""
    folded = fold(text)
    return True if folded in _TRUE else False if folded in _FALSE else None


def read_dates(texts: Sequence[str], skip: np.ndarray, formats: Sequence[str]) -> pd.Series:
    """Read days by the first format that fits; days written as ISO, as typed cells are, always do."""
    cells = pd.Series([None if s else t for t, s in zip(texts, skip, strict=True)], dtype="str")
    days = pd.Series(pd.NaT, index=cells.index, dtype="datetime64[us]")
    is_open = cells.notna()
    for pattern in formats:
        if not is_open.any():
            return days
        days[is_open] = _by_format(cells[is_open], pattern)
        is_open &= days.isna()
    iso = cells[is_open][cells[is_open].str.match(_ISO_DAY)]
    if len(iso):
        days.loc[iso.index] = pd.to_datetime(iso, format="ISO8601", errors="coerce").astype("datetime64[us]")
    return days


def _by_format(cells: pd.Series, pattern: str) -> pd.Series:
    """Read days by one format; the local day counts, and zones may differ, as with summer time."""
    if "%z" not in pattern:
        return pd.to_datetime(cells, format=pattern, errors="coerce", exact=True).astype("datetime64[us]")
    return pd.Series([_local_day(cell, pattern) for cell in cells], index=cells.index, dtype="datetime64[us]")


def _local_day(cell: str, pattern: str) -> datetime | None:
    try:
        return datetime.strptime(cell, pattern).replace(tzinfo=None)
    except ValueError:
        return None
