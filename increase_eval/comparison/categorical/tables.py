"""Reading a table of counts, whatever it comes as."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
TOTALS = frozenset({"all", "total", "totals", "sum", "margin"})
"""What the last row and column of a cross table with totals are called (pandas: ``All``)."""

CountTable = pd.DataFrame | npt.ArrayLike | Sequence[Sequence[int]]


def read_counts(table: CountTable) -> Floats:
    """Give a two-way table of counts as an array of shape (rows, columns).

    Raises
    ------
    ValueError
        If it is not two-way, or a cell is missing, negative or no whole number.
    """
    if isinstance(table, pd.DataFrame):
        _refuse_margins(table)
    try:
        cells: Any = table.to_numpy(dtype=float, na_value=np.nan) if isinstance(table, pd.DataFrame) else table
        counts = np.array(cells, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError("the table holds something that is no number, or rows of unequal length") from error
    if counts.ndim != 2 or not counts.size:
        raise ValueError(f"the table has the shape {counts.shape}; allowed: rows by columns")
    if not np.isfinite(counts).all() or (counts < 0).any() or (counts != np.floor(counts)).any():
        raise ValueError("a cell of the table is missing, negative or no whole number; allowed: counts")
    return counts


def _refuse_margins(table: pd.DataFrame) -> None:
    """Refuse a cross table with its totals, which would count everybody four times."""
    last = (str(table.index[-1]) if len(table) > 1 else "", str(table.columns[-1]) if table.shape[1] > 1 else "")
    if last[0] != last[1] or last[0].casefold() not in TOTALS:
        return
    cells = table.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    inner, total = cells[:-1, :-1], cells[-1, -1]
    margins = np.array_equal(cells[-1, :-1], inner.sum(axis=0)) and np.array_equal(cells[:-1, -1], inner.sum(axis=1))
    if margins and total == inner.sum() and total > 0:
        raise ValueError(
            f"the last row and column ({table.index[-1]!s}) are the totals of the others; give the counts alone"
        )


def read_square(table: CountTable) -> tuple[Floats, tuple[str, ...]]:
    """Give a square table of counts with rows and columns in the same order, and the names of its states.

    A cross table leaves out states that nobody was in before, or after: where the rows have all states that the columns
    have, or the other way round, such a state gets its zeros back.

    Raises
    ------
    ValueError
        Besides those of :func:`read_counts`, if neither the rows nor the columns have all the states.
    """
    if isinstance(table, pd.DataFrame):
        rows, columns = list(table.index), list(table.columns)
        states = max(rows, columns, key=len)
        if not (table.index.is_unique and table.columns.is_unique and set(states) >= {*rows, *columns}):
            raise ValueError(f"rows are {rows} and columns {columns}; allowed: the same states, each once")
        table = pd.DataFrame(table.to_numpy(), rows, columns).reindex(index=states, columns=states, fill_value=0)
        names = tuple(map(str, table.index))
    else:
        names = ()
    counts = read_counts(table)
    if counts.shape[0] != counts.shape[1] or counts.shape[0] < 2:
        raise ValueError(f"the table has the shape {counts.shape}; allowed: as many rows as columns, at least two")
    return counts, names or tuple(str(index + 1) for index in range(len(counts)))
