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
    if series.dtype.kind in "cmM":
        raise ValueError(f"{name} holds something that is no number; allowed: numbers and missing")
    try:
        numbers = series.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} holds something that is no number; allowed: numbers and missing") from error
    if np.isinf(numbers).any():
        raise ValueError(f"{name} holds an infinite number; allowed: finite numbers and missing")
    return np.asarray(numbers, dtype=float)


def refuse_another_order(a: Any, b: Any, a_name: str, b_name: str) -> None:
    """Refuse two Series whose rows have the same labels in another order: rows go by position, and would be mixed up.

    Labels of their own on each side (two waves taken from a long table) say nothing about the order, and are let pass.
    """
    if not (isinstance(a, pd.Series) and isinstance(b, pd.Series)) or a.index.equals(b.index):
        return
    if len(a) == len(b) and a.index.is_unique and b.index.is_unique and a.index.isin(b.index).all():
        raise ValueError(
            f"{a_name} and {b_name} have the same row labels in another order, and rows go by position; "
            f"bring them into one order, such as {b_name}.loc[{a_name}.index]"
        )


def two_samples(a: Any, b: Any, *, paired: bool) -> tuple[Floats, Floats, int]:
    """Give two samples without what is missing (whole pairs where paired), and how many rows were dropped."""
    left, right = to_floats(a, "a"), to_floats(b, "b")
    if not paired:
        kept = left[~np.isnan(left)], right[~np.isnan(right)]
        return *kept, len(left) + len(right) - len(kept[0]) - len(kept[1])
    refuse_another_order(a, b, "a", "b")
    if len(left) != len(right):
        raise ValueError(f"a has {len(left)} rows and b {len(right)}; pairs need as many in both")
    both = ~(np.isnan(left) | np.isnan(right))
    return left[both], right[both], int((~both).sum())
