"""Reading samples of numbers: whatever they come as, floats come out, and what is missing is counted."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]


def to_floats(values: Any, name: str) -> Floats:
    """Give a one-dimensional array of floats, NaN where missing.

    Raises
    ------
    ValueError
        If the values are no numbers, not one-dimensional, or infinite.
    """
    if np.ndim(values) != 1:
        raise ValueError(f"{name} has {np.ndim(values)} dimensions; allowed: one")
    series = values if isinstance(values, pd.Series) else pd.Series(values)
    try:
        numbers = series.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} holds something that is no number; allowed: numbers and missing") from error
    if np.isinf(numbers).any():
        raise ValueError(f"{name} holds an infinite number; allowed: finite numbers and missing")
    return np.asarray(numbers, dtype=float)


def two_samples(a: Any, b: Any, *, paired: bool) -> tuple[Floats, Floats, int]:
    """Give two samples without what is missing (whole pairs where paired), and how many rows were dropped."""
    left, right = to_floats(a, "a"), to_floats(b, "b")
    if not paired:
        kept = left[~np.isnan(left)], right[~np.isnan(right)]
        return *kept, len(left) + len(right) - len(kept[0]) - len(kept[1])
    if len(left) != len(right):
        raise ValueError(f"a has {len(left)} rows and b {len(right)}; pairs need as many in both")
    both = ~(np.isnan(left) | np.isnan(right))
    return left[both], right[both], int((~both).sum())
