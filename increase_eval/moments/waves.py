"""In which order do waves come? As declared, or sorted, with the numbers in their names taken as numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from increase_eval.moments.accumulate import BoolArray
from increase_eval.moments.levels import ordered_levels


def ordered_waves(column: pd.Series[Any], rows: BoolArray) -> tuple[Any, ...]:
    """Waves in use among ``rows`` in the order of time: as declared, or sorted, with numbers in text as numbers.

    Examples
    --------
    >>> import numpy as np
    >>> ordered_waves(pd.Series(["T10", "T9", "T1"]), np.ones(3, dtype=bool))
    ('T1', 'T9', 'T10')
    """
    levels = ordered_levels(column, rows)
    return levels if isinstance(column.dtype, pd.CategoricalDtype) else in_time(levels)


def in_time(levels: Iterable[Any]) -> tuple[Any, ...]:
    """Sort the names of waves, with the numbers in text as numbers."""
    found = list(levels)
    if all(isinstance(level, str) for level in found):
        return tuple(sorted(found, key=_with_numbers))
    return tuple(sorted(found))


def with_ordered_waves(data: pd.DataFrame, column: str) -> pd.DataFrame:
    """Give a table whose waves in text are a category in the order of time where sorting would mix them up."""
    waves = data[column]
    if isinstance(waves.dtype, pd.CategoricalDtype) or pd.api.types.is_numeric_dtype(waves.dtype):
        return data
    sorted_levels = ordered_levels(waves, np.ones(len(waves), dtype=bool))
    levels = in_time(sorted_levels)
    return data if levels == sorted_levels else data.assign(**{column: pd.Categorical(waves, categories=list(levels))})


def _with_numbers(text: str) -> list[str | int]:
    return [int(part) if place % 2 else part for place, part in enumerate(re.split(r"([0-9]+)", text))]
