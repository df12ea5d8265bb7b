"""Whose deltas move: everybody's, one arm's, or those of two arms, each by its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from increase_eval.moments.accumulate import FloatArray

ALL = "all"


@dataclass(frozen=True, slots=True)
class Dials:
    """One or two dials: the column, and the levels (none: everybody)."""

    column: str | None
    levels: tuple[Any, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """What each dial moves."""
        return tuple(str(level) for level in self.levels) or (ALL,)

    def members(self, column: pd.Series[Any] | None, n: int) -> FloatArray:
        """Tell who is moved by which dial, (n, K).

        Raises
        ------
        ValueError
            If a level is nobody's.
        """
        if not self.levels or column is None:
            return np.ones((n, 1))
        found = np.column_stack([(column == level).to_numpy(dtype=bool, na_value=False) for level in self.levels])
        if not found.any(axis=0).all():
            known = [str(level) for level in pd.unique(column.dropna())]
            raise ValueError(f"by is {list(self.labels)} of {self.column!r}; allowed: {ALL!r} or levels of {known}")
        return found.astype(np.float64)


def read_dials(by: Any, column: str | None) -> Dials:
    """Read ``by``: "all", a level, two levels, or a mapping of the column to one or two.

    Raises
    ------
    ValueError
        If there are more than two, twice the same, or a level and no column to look it up in.
    """
    if isinstance(by, Mapping):
        if len(by) != 1:
            raise ValueError(f"by names {len(by)} columns; allowed: one")
        column, by = next(iter(by.items()))
    elif isinstance(by, str) and by == ALL:
        return Dials(column, ())
    levels = tuple(by) if isinstance(by, tuple | list) else (by,)
    if column is None:
        raise ValueError(f"by is {by!r}, and these imputations have no arm; allowed: 'all', or a mapping of a column")
    if not 1 <= len(levels) <= 2 or len(set(levels)) < len(levels):
        raise ValueError(f"by is {by!r}; allowed: 'all', an arm, or two arms")
    return Dials(column, levels)
