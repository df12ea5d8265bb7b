"""Which levels does a column have, in which order, and may it be taken for a factor at all?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from increase_eval.moments.accumulate import BoolArray

NUMBERS = frozenset({"integer", "floating", "mixed-integer-float", "decimal", "complex"})
"""What pandas calls a column of objects that are numbers all the same."""


def refuse_disguised(column: pd.Series[Any], usable: BoolArray) -> None:
    """Refuse dates, and numbers that stand in a column of objects: as factors each value would be a level of its own.

    Text, booleans and declared categories are factors; so is anything inside ``C()``.
    """
    name = column.name
    if column.dtype.kind in "mM":
        raise ValueError(
            f"column {name!r} holds dates or durations; allowed in a formula: numbers (such as days since a date), "
            f"text, booleans and categories; where each date is a category, write C({name})"
        )
    if column.dtype != object:
        return
    if pd.api.types.infer_dtype(column[usable], skipna=True) in NUMBERS:
        raise ValueError(
            f"column {name!r} has the type object and holds numbers: convert it with astype(float) where it is a "
            f"number, or write C({name}) where its values are categories"
        )


def ordered_levels(column: pd.Series[Any], rows: BoolArray) -> tuple[Any, ...]:
    """Levels in use among ``rows``: categories in their declared order, others sorted."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        used = np.bincount(column.cat.codes.to_numpy()[rows] + 1, minlength=len(column.cat.categories) + 1)[1:]
        return tuple(level for level, count in zip(column.cat.categories, used, strict=True) if count)
    found = pd.unique(column[rows])
    plain = [value.item() if isinstance(value, np.generic) else value for value in found]
    try:
        return tuple(sorted(value for value in plain if not pd.isna(value)))
    except TypeError as error:
        raise ValueError(f"column {column.name!r} mixes types, so its levels have no order") from error
