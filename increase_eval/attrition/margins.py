"""Known totals by level, or of a number, read against the rows that are to meet them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.errors import InsufficientDataError

Floats = npt.NDArray[np.float64]
Totals = Mapping[Any, float] | pd.Series | float
Ints = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

MOST_CELLS_A_ROW = 4
"""Possible cells, for each row, up to which they are counted rather than sorted."""

SAME_TOTAL = 1e-9
"""Relative difference up to which two margins speak of one population."""


@dataclass(frozen=True, slots=True)
class Part:
    """One margin's column: level numbers (-1: missing) with how many levels there are, or numbers (`levels` 0)."""

    values: Floats | Ints
    levels: int


@dataclass(frozen=True, slots=True)
class Margins:
    """Totals, and the columns that are to add up to them.

    Attributes
    ----------
    terms
        Names of the t terms: ``column=level``, or the name of a number.
    parts
        One column of n rows per margin.
    totals
        Shape (t,).
    rows
        Shape (n,): whether a row has all the columns.
    """

    terms: tuple[str, ...]
    parts: tuple[Part, ...]
    totals: Floats
    rows: Booleans

    @property
    def is_numeric(self) -> Booleans:
        """Say of every term whether it is a number, shape (t,)."""
        widths = [max(part.levels, 1) for part in self.parts]
        return np.repeat([part.levels == 0 for part in self.parts], widths)

    def only(self, rows: Booleans) -> Margins:
        """Keep some rows."""
        parts = tuple(replace(part, values=part.values[rows]) for part in self.parts)
        return replace(self, parts=parts, rows=self.rows[rows])

    def cells(self) -> tuple[Floats, Ints]:
        """Give the distinct rows as a matrix of terms (c, t), and the number of each row's (n,).

        With a number among the margins every row is a cell of its own.
        """
        n = len(self.rows)
        if any(part.levels == 0 for part in self.parts):
            return self._matrix(np.arange(n)), np.arange(n)
        key = np.zeros(n, dtype=np.int64)
        for part in self.parts:
            key = key * part.levels + part.values.astype(np.int64)
        size = int(np.prod([part.levels for part in self.parts], dtype=np.float64).clip(max=2.0**62))
        if size > MOST_CELLS_A_ROW * n:
            _, first, at = np.unique(key, return_index=True, return_inverse=True)
            return self._matrix(first), np.asarray(at, dtype=np.int64)
        # Few possible cells: counted, with no sorting of rows.
        present = np.flatnonzero(np.bincount(key, minlength=size))
        place, row = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
        place[present] = np.arange(len(present))
        row[key[::-1]] = np.arange(n - 1, -1, -1)
        return self._matrix(row[present]), place[key]

    def _matrix(self, rows: npt.NDArray[np.intp]) -> Floats:
        blocks = [
            part.values[rows, None] == np.arange(part.levels) if part.levels else part.values[rows, None]
            for part in self.parts
        ]
        return np.column_stack(blocks).astype(float)

    def refuse_empty(self, cells: Floats) -> None:
        """Refuse levels that have a total and nobody in any cell."""
        sizes = np.abs(cells).sum(axis=0)
        empty = [term for term, size, total in zip(self.terms, sizes, self.totals, strict=True) if not size and total]
        if empty:
            raise InsufficientDataError(
                f"nobody is in {', '.join(empty)}, which has a total: merge it with another level"
            )


def read_margins(data: pd.DataFrame, margins: Mapping[Hashable, Totals]) -> Margins:
    """Read margins against a table.

    Raises
    ------
    ValueError
        If a column is absent, a level of the data has no total, a total is negative or no number, or margins add up to
        different populations.
    """
    terms: list[str] = []
    parts: list[Part] = []
    totals: list[float] = []
    rows = np.ones(len(data), dtype=bool)
    sizes: dict[str, float] = {}
    for key, wanted in margins.items():
        columns = list(key) if isinstance(key, tuple) else [key]
        absent = [column for column in columns if column not in data.columns]
        if absent:
            raise ValueError(f"margins name {absent}, not in the table; it has: {', '.join(map(str, data.columns))}")
        rows = rows & data[columns].notna().all(axis=1).to_numpy(dtype=bool)
        name = " x ".join(map(str, columns))
        if isinstance(wanted, pd.Series):
            wanted = wanted.to_dict()
        if isinstance(wanted, Mapping):
            parts.append(Part(_codes(data, columns, list(wanted), name), len(wanted)))
            numbers = [_total(total, name) for total in wanted.values()]
            terms += [f"{name}={level}" for level in wanted]
            totals += numbers
            sizes[name] = sum(numbers)
        else:
            parts.append(Part(_numbers(data, columns, name), 0))
            terms.append(name)
            totals.append(_total(wanted, name, can_be_negative=True))
    _refuse_contradictions(sizes)
    return Margins(tuple(terms), tuple(parts), np.array(totals), rows)


def _total(value: Any, name: str, *, can_be_negative: bool = False) -> float:
    number = float(value)
    if not np.isfinite(number) or (number < 0 and not can_be_negative):
        raise ValueError(
            f"a total of {name!r} is {value!r}; allowed: a finite number{'' if can_be_negative else ' from 0'}"
        )
    return number


def _codes(data: pd.DataFrame, columns: Sequence[Any], levels: Sequence[Any], name: str) -> Ints:
    """Give the number of each row's level, -1 where missing."""
    if len(columns) == 1:
        groups, present = pd.factorize(data[columns[0]])
        wanted = pd.Index(levels, dtype=object)
    else:
        known = data[list(columns)].notna().all(axis=1).to_numpy(dtype=bool)
        groups, present = data.groupby(list(columns), sort=False).ngroup().to_numpy(), None
        groups = np.where(known, groups, -1)
        firsts = pd.Series(np.flatnonzero(known)).groupby(groups[known]).first()
        present = pd.Index([tuple(data[c].iloc[at] for c in columns) for at in firsts], tupleize_cols=False)
        wanted = pd.Index(list(levels), tupleize_cols=False)
    found = wanted.get_indexer(pd.Index(present.to_numpy(dtype=object), tupleize_cols=False))
    stray = sorted(str(value) for value in present[found < 0])
    if stray:
        listed = ", ".join(map(str, levels))
        raise ValueError(f"margin {name!r} has no total for {', '.join(stray[:10])}; it has: {listed}")
    return np.where(groups >= 0, np.append(found, -1)[groups], -1).astype(np.int64)


def _numbers(data: pd.DataFrame, columns: Sequence[Any], name: str) -> Floats:
    try:
        values = data[columns[0]].to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError(f"margin {name!r} is one total, and the column holds something that is no number") from error
    if len(columns) > 1 or np.isinf(values).any():
        raise ValueError(f"margin {name!r} is one total, which needs one column of finite numbers")
    return np.asarray(values)


def _refuse_contradictions(sizes: Mapping[str, float]) -> None:
    if not sizes:
        return
    largest, smallest = max(sizes, key=lambda name: sizes[name]), min(sizes, key=lambda name: sizes[name])
    if sizes[largest] - sizes[smallest] > SAME_TOTAL * max(sizes[largest], 1e-300):
        raise ValueError(
            f"margins contradict each other: {largest!r} adds up to {sizes[largest]:.10g}, "
            f"{smallest!r} to {sizes[smallest]:.10g}"
        )
    if sizes[largest] <= 0:
        raise ValueError("all totals are 0")
