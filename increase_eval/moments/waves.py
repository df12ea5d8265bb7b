"""In which order do waves come? As declared, or sorted, with the numbers in their names taken as numbers."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from increase_eval.moments.accumulate import BoolArray
from increase_eval.moments.formulas import ordered_levels


def ordered_waves(column: pd.Series[Any], rows: BoolArray) -> tuple[Any, ...]:
    """Waves in use among ``rows`` in the order of time: as declared, or sorted, with numbers in text as numbers.

    Examples
    --------
    >>> import numpy as np
    >>> ordered_waves(pd.Series(["T10", "T9", "T1"]), np.ones(3, dtype=bool))
    ('T1', 'T9', 'T10')
    """
    levels = ordered_levels(column, rows)
    if isinstance(column.dtype, pd.CategoricalDtype) or not all(isinstance(level, str) for level in levels):
        return levels
    return tuple(sorted(levels, key=_with_numbers))


def _with_numbers(text: str) -> list[str | int]:
    return [int(part) if place % 2 else part for place, part in enumerate(re.split(r"([0-9]+)", text))]
