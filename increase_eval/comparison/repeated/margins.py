"""Marginal means as linear functions of the coefficients: which averages are meant, before any number is computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from increase_eval.comparison.engines.powers import source_of
from increase_eval.comparison.repeated.layout import Layout
from increase_eval.moments.accumulate import FloatArray
from increase_eval.moments.formulas import Variable

WEIGHTS = ("equal", "proportional")


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Cells of a table of means.

    Attributes
    ----------
    labels
        One row a cell; the columns are the factors.
    functions
        (cells, P) linear functions of all coefficients.
    """

    labels: pd.DataFrame
    functions: FloatArray


def mean_grid(
    layout: Layout,
    factors: Sequence[str],
    *,
    weights: str = "equal",
    at: Mapping[str, Any] | pd.Series[Any] | None = None,
) -> Grid:
    """Write as linear functions the means at each combination of levels of ``factors``.

    Parameters
    ----------
    layout
        The people and the design.
    factors
        Factors of the design; the first varies fastest.
    weights
        ``equal``: other factors are averaged with the same weight a level; ``proportional``: with the joint shares of
        their levels among the rows used.
    at
        Values at which covariates are held (by default their mean over the rows used), or levels of other factors.
    """
    if weights not in WEIGHTS:
        raise ValueError(f"weights {weights!r} is not known; allowed: {', '.join(WEIGHTS)}")
    held = _held(layout, factors, {} if at is None else dict(at))
    variables = layout.design.variables
    levels = [variables[name].levels or () for name in factors]
    cells = [tuple(reversed(cell)) for cell in product(*(range(len(some)) for some in reversed(levels)))]
    other = [name for name, v in variables.items() if v.levels is not None and name not in factors and name not in held]
    named = [dict(zip(factors, cell, strict=True)) for cell in cells]
    shares = _shares(layout, other) if weights == "proportional" and other else [({}, 1.0)]
    functions = np.array([_function(layout, cell, held, shares) for cell in named])
    labels = {
        name: [variables[name].levels[cell[k]] for cell in cells]  # type: ignore[index]
        for k, name in enumerate(factors)
    }
    return Grid(pd.DataFrame(labels, index=range(len(cells))), functions.reshape(len(cells), -1))


def _held(layout: Layout, factors: Sequence[str], at: Mapping[str, Any]) -> dict[str, float | int]:
    """Numbers for covariates and level numbers for factors that are held."""
    variables = layout.design.variables
    having = [name for name, variable in variables.items() if variable.levels is not None]
    if len(set(factors)) < len(factors):
        raise ValueError(f"a factor is named twice: {list(factors)}")
    for name in factors:
        if name not in having:
            hint = f" (it is a number: write C({name}) in the formula to make it one)" if name in variables else ""
            raise ValueError(f"{name!r} is not a factor of the formula{hint}; allowed: {having}")
    held: dict[str, float | int] = dict(layout.scaling.means)
    for name, value in at.items():
        if name not in variables or name in factors:
            raise ValueError(f"at= names {name!r}; allowed: {[v for v in variables if v not in factors]}")
        held[name] = _hold(variables[name], value)
    for name in variables:
        power = source_of(name)
        if power and power[0] in variables and name not in at:
            # A power is held where its number is: the square of the mean, and not the mean of squares.
            held[name] = held[power[0]] ** power[1]
    return held


def _hold(variable: Variable, value: Any) -> float | int:
    if variable.levels is None:
        number = float(value) if isinstance(value, Real) else float("nan")
        if not np.isfinite(number):
            raise ValueError(f"at= holds {variable.name!r} at {value!r}; it must be a finite number")
        return number
    if value not in variable.levels:
        raise ValueError(f"at= holds {variable.name!r} at {value!r}; allowed: {[str(x) for x in variable.levels]}")
    return variable.levels.index(value)


def _function(
    layout: Layout,
    cell: Mapping[str, int],
    held: Mapping[str, float | int],
    shares: Sequence[tuple[Mapping[str, int], float]],
) -> FloatArray:
    variables = layout.design.variables
    total = np.zeros(len(layout.design.columns))
    for levels, share in shares:
        fixed = {**cell, **levels}
        for j, column in enumerate(layout.design.columns):
            value = share
            for name, level in column.parts:
                if level is None:
                    value *= held[name]
                elif name in fixed or name in held:
                    value *= float(fixed.get(name, held.get(name)) == level)
                else:
                    value /= len(variables[name].levels or ())
            total[j] += value
    return total


def _shares(layout: Layout, factors: Sequence[str]) -> list[tuple[dict[str, int], float]]:
    """Joint shares of the levels of ``factors`` among the rows used."""
    layout.need_rows("weights='proportional'")
    codes = pd.DataFrame({name: layout.design.variables[name].codes(layout.frame)[layout.used] for name in factors})
    counts = codes.value_counts(normalize=True, sort=False)
    return [
        (dict(zip(factors, key if isinstance(key, tuple) else (key,), strict=True)), float(share))
        for key, share in counts.items()
    ]


def difference_grid(grid: Grid, factor: str, pairs: Sequence[tuple[int, int]], levels: Sequence[Any]) -> Grid:
    """Differences between levels of ``factor``, within each combination of the other columns of the grid."""
    other = [column for column in grid.labels.columns if column != factor]
    size = len(levels)
    blocks = [range(start, start + size) for start in range(0, len(grid.labels), size)]
    rows, functions = [], []
    for block in blocks:
        rest = {column: grid.labels[column].iloc[block[0]] for column in other}
        for low, high in pairs:
            rows.append({"contrast": f"{levels[high]} - {levels[low]}", **rest})
            functions.append(grid.functions[block[high]] - grid.functions[block[low]])
    shape = (len(rows), grid.functions.shape[1])
    return Grid(pd.DataFrame(rows, columns=["contrast", *other]), np.array(functions).reshape(shape))


def level_pairs(levels: Sequence[Any], kind: str, reference: Any) -> list[tuple[int, int]]:
    """Pairs (earlier, later) of level numbers, or (reference, other)."""
    if kind == "pairwise":
        if reference is not None:
            raise ValueError("reference= goes with kind='reference'")
        return list(combinations(range(len(levels)), 2))
    if kind != "reference":
        raise ValueError(f"kind {kind!r} is not known; allowed: pairwise, reference")
    if reference is not None and reference not in levels:
        raise ValueError(f"reference {reference!r} is not a level; allowed: {[str(level) for level in levels]}")
    base = 0 if reference is None else list(levels).index(reference)
    return [(base, k) for k in range(len(levels)) if k != base]
