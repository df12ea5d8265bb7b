"""Columns as the chained equations see them: numbers or levels, how they predict, and how they are written back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from increase_eval.moments.accumulate import BoolArray, FloatArray, IntArray
from increase_eval.moments.levels import ordered_levels

METHODS = {
    "pmm": "pmm", "norm": "norm", "logit": "logit", "multinomial": "multinomial", "ordered": "ordered",
    "logreg": "logit", "polyreg": "multinomial", "polr": "ordered",
}  # fmt: skip
"""Names that are allowed, R mice's among them, and the method that each means."""

BY_LEVELS = ("logit", "multinomial", "ordered")
MOST_LEVELS = 50


@dataclass(frozen=True, slots=True, eq=False)
class Variable:
    """One column.

    Attributes
    ----------
    name, method
        The column, and its method; empty where it is not imputed.
    seen
        (n,) where it has a value.
    levels
        Its levels in order, those without anybody left out; None for a number.
    values
        (n,) level numbers, or numbers less ``centre`` over ``scale``; NaN where missing.
    centre, scale
        Of a number.
    raw
        The column as it came.
    """

    name: str
    method: str
    seen: BoolArray
    levels: tuple[Any, ...] | None
    values: FloatArray
    centre: float
    scale: float
    raw: pd.Series[Any]

    @property
    def missing(self) -> IntArray:
        """Numbers of the rows without a value."""
        return np.flatnonzero(~self.seen)

    @property
    def width(self) -> int:
        """Number of columns that it has as a predictor."""
        return 1 if self.levels is None else max(len(self.levels) - 1, 1)

    def encode(self, values: FloatArray) -> FloatArray:
        """Give it as a predictor: itself, or an indicator of each level but the first; (width, n)."""
        if self.levels is None:
            return values[None]
        return np.asarray(values == np.arange(1, self.width + 1)[:, None], dtype=np.float64)

    def original(self, values: FloatArray) -> FloatArray:
        """Bring values back to the units of the data; level numbers stay."""
        return values if self.levels is not None else self.centre + self.scale * values

    def completed(self, values: FloatArray) -> pd.Series[Any]:
        """Write imputed values (missing,) into the column, which keeps its type.

        A column of whole numbers imputed by ``norm`` becomes one of fractions.
        """
        gone = self.missing
        if isinstance(self.raw.dtype, pd.CategoricalDtype):
            codes = self.raw.cat.codes.to_numpy().copy()
            places = self.raw.cat.categories.get_indexer(pd.Index(list(self.levels or ())))
            codes[gone] = places[values.astype(np.int64)]
            return pd.Series(pd.Categorical.from_codes(codes, dtype=self.raw.dtype), index=self.raw.index)
        column = self.raw.copy()
        if self.levels is not None:
            found = pd.Series(list(self.levels), dtype=object).to_numpy()[values.astype(np.int64)]
            column.iloc[gone] = pd.Series(list(found), dtype=column.dtype).array
            return column
        numbers = self.original(values)
        if pd.api.types.is_integer_dtype(column.dtype) and (numbers != np.rint(numbers)).any():
            column = column.astype("Float64")
        column.iloc[gone] = numbers.astype(np.float32) if column.dtype == np.float32 else numbers
        return column


def read_variable(column: pd.Series[Any], method: str) -> Variable:
    """Read a column for its method (empty: it predicts only).

    Raises
    ------
    ValueError
        If the method does not fit the column's type or number of levels, or a number is infinite.
    """
    name, dtype, seen = str(column.name), column.dtype, column.notna().to_numpy(dtype=bool)
    flag = pd.api.types.is_bool_dtype(dtype) or (pd.api.types.is_object_dtype(dtype) and _all_bools(column[seen]))
    if pd.api.types.is_numeric_dtype(dtype) and not flag and method not in BY_LEVELS:
        numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
        if np.isinf(numbers).any():
            raise ValueError(f"column {name!r} holds infinite values")
        centre = float(numbers[seen].mean()) if seen.any() else 0.0
        spread = float(numbers[seen].std()) if seen.any() else 0.0
        scale = spread if spread > 1e-13 * max(abs(centre), 1e-300) else 1.0
        return Variable(name, method, seen, None, (numbers - centre) / scale, centre, scale, column)
    if not (flag or pd.api.types.is_numeric_dtype(dtype) or _is_text(dtype)):
        raise ValueError(f"column {name!r} is of the type {dtype}; allowed: numbers, booleans, text, categories")
    levels = ordered_levels(column, seen)
    _check_levels(name, method, len(levels), flag or (isinstance(dtype, pd.CategoricalDtype) and bool(dtype.ordered)))
    codes = pd.Index(list(levels), dtype=object).get_indexer(pd.Index(column.astype(object)))
    return Variable(name, method, seen, levels, np.where(seen, codes, np.nan), 0.0, 1.0, column)


def _all_bools(values: pd.Series[Any]) -> bool:
    return bool(len(values)) and all(isinstance(value, bool | np.bool_) for value in values)


def _is_text(dtype: Any) -> bool:
    text = pd.api.types.is_string_dtype(dtype) or pd.api.types.is_object_dtype(dtype)
    return isinstance(dtype, pd.CategoricalDtype) or text


def _check_levels(name: str, method: str, count: int, in_order: bool) -> None:
    if method == "norm" or (method == "pmm" and not in_order):
        raise ValueError(
            f"column {name!r} has categories, so method {method!r} means nothing; allowed: logit (two), multinomial, "
            "ordered"
        )
    if method == "logit" and count > 2:
        raise ValueError(f"column {name!r} has {count} levels; allowed for 'logit': two; see multinomial and ordered")
    if method in BY_LEVELS and count > MOST_LEVELS:
        raise ValueError(f"column {name!r} has {count} levels; allowed for {method!r}: up to {MOST_LEVELS}")
