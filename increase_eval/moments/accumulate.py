"""Count, sum and cross-multiply rows by missingness pattern.

The one place that touches rows. Rows of one cell (a pattern of missing columns within one group) are gathered and
multiplied as a block, about a centre that is close to the data, so that nothing is lost to large means.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


class Cells(NamedTuple):
    """Sums by cell, in order of first appearance of the cell."""

    first_rows: IntArray  # (cells,) the row that showed the cell first
    patterns: BoolArray  # (cells, columns) True where observed
    people: IntArray  # (cells,)
    sums: FloatArray  # (cells, columns) of value minus centre, 0 where missing
    cross: FloatArray  # (cells, columns, columns)


def numeric_values(frame: pd.DataFrame, columns: Sequence[str]) -> FloatArray:
    """Give the columns as floats, NaN where missing; refuse text and infinities."""
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise ValueError(f"columns {missing} are not in the table; it has {list(frame.columns)}")
    twice = [column for column in columns if not isinstance(frame[column], pd.Series)]
    if twice:
        raise ValueError(f"the table has several columns named {twice}")
    for column in columns:
        dtype = frame[column].dtype
        if not (pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_bool_dtype(dtype)):
            raise ValueError(f"column {column!r} has type {dtype}; moments need numbers")
    values = np.asarray(frame[list(columns)].to_numpy(dtype=np.float64, na_value=np.nan))
    infinite = [column for column, bad in zip(columns, np.isinf(values).any(axis=0).tolist(), strict=True) if bad]
    if infinite:
        raise ValueError(f"columns {infinite} hold infinite values; moments need finite numbers or missing")
    return values


def provisional_centre(values: FloatArray) -> FloatArray:
    """Mean of what is observed in each column, 0 where nothing is: near enough to the data to keep precision."""
    observed = ~np.isnan(values)
    count = observed.sum(axis=0)
    total = np.where(observed, values, 0.0).sum(axis=0)
    return np.asarray(total / np.maximum(count, 1))


def group_codes(frame: pd.DataFrame, by: Sequence[str]) -> IntArray:
    """Give a number to the groups that the columns ``by`` form, in order of first appearance."""
    codes = np.zeros(len(frame), dtype=np.int64)
    for column in by:
        if column not in frame.columns:
            raise ValueError(f"grouping column {column!r} is not in the table; it has {list(frame.columns)}")
        one, _ = pd.factorize(frame[column], use_na_sentinel=True)
        if (one < 0).any():
            raise ValueError(f"grouping column {column!r} is missing in {int((one < 0).sum())} rows; give them a group")
        codes = compact(codes * (int(one.max(initial=0)) + 1) + one)
    return codes


def pattern_codes(observed: BoolArray) -> IntArray:
    """Give a number to the distinct rows of a mask, in order of first appearance; any number of columns."""
    codes = np.zeros(observed.shape[0], dtype=np.int64)
    for start in range(0, observed.shape[1], 30):
        block = observed[:, start : start + 30]
        bits = block @ (np.int64(1) << np.arange(block.shape[1], dtype=np.int64))
        codes = compact(codes * np.int64(1 << block.shape[1]) + bits)
    return codes


def compact(codes: NDArray[Any]) -> IntArray:
    """Renumber codes 0, 1, ... in order of first appearance."""
    return pd.factorize(codes)[0].astype(np.int64)


def accumulate(values: FloatArray, groups: IntArray, centre: FloatArray) -> Cells:
    """Gather counts, sums and cross-products of rows by (group, pattern).

    Parameters
    ----------
    values
        Rows by columns, NaN where missing.
    groups
        Group number of each row.
    centre
        What is taken off each column before multiplying.
    """
    observed = ~np.isnan(values)
    patterns = pattern_codes(observed)
    cells = compact(groups * (int(patterns.max(initial=0)) + 1) + patterns)
    people = np.bincount(cells) if cells.size else np.zeros(0, dtype=np.int64)
    order = np.argsort(cells, kind="stable")
    starts = np.concatenate([[0], np.cumsum(people)]).astype(np.int64)
    q = values.shape[1]
    sums, cross = np.zeros((people.size, q)), np.zeros((people.size, q, q))
    for cell in range(people.size):
        rows = order[starts[cell] : starts[cell + 1]]
        block = values[rows] - centre
        block[np.isnan(block)] = 0.0
        sums[cell] = block.sum(axis=0)
        cross[cell] = block.T @ block
    first = order[starts[:-1]] if cells.size else np.zeros(0, dtype=np.int64)
    return Cells(first, observed[first], people.astype(np.int64), sums, cross)
