"""Reading a table of counts, whatever it comes as."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
CountTable = pd.DataFrame | npt.ArrayLike | Sequence[Sequence[int]]


def read_counts(table: CountTable) -> Floats:
    """Give a two-way table of counts as an array of shape (rows, columns).

    Raises
    ------
    ValueError
        If it is not two-way, or a cell is missing, negative or no whole number.
    """
    cells: Any = table.to_numpy(dtype=float, na_value=np.nan) if isinstance(table, pd.DataFrame) else table
    counts = np.array(cells, dtype=float)
    if counts.ndim != 2 or not counts.size:
        raise ValueError(f"the table has the shape {counts.shape}; allowed: rows by columns")
    if not np.isfinite(counts).all() or (counts < 0).any() or (counts != np.floor(counts)).any():
        raise ValueError("a cell of the table is missing, negative or no whole number; allowed: counts")
    return counts


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
