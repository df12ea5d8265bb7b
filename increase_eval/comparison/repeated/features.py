"""Features of a person: the distinct products of covariates that, visit by visit, make up the design."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from increase_eval.comparison.repeated.scaling import Scaling
from increase_eval.moments.accumulate import BoolArray, FloatArray, IntArray
from increase_eval.moments.formulas import Design


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """The used rows: by person, and by person and visit."""

    data: pd.DataFrame
    design: Design
    used: IntArray
    people: IntArray
    first_rows: IntArray
    position: IntArray  # (n, m) row of each person and visit, -1 where there is none
    weights: FloatArray | None

    def numbers(self, name: str) -> FloatArray:
        """Give the values of a numeric covariate, row by row."""
        return self.design.variables[name].numbers(self.data)

    def is_constant(self, values: FloatArray | IntArray) -> bool:
        """Whether each person has one value in all used rows."""
        return bool((values[self.used] == values[self.first_rows][self.people]).all())


def person_features(
    source: Source, visit: str, weights: str | None, scaling: Scaling, known: Mapping[str, bool] | None
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Lay out the distinct products of covariates of each person.

    Parameters
    ----------
    source
        The used rows.
    visit, weights
        Columns of the visit and of the precision weights.
    scaling
        Units of the outcome and the covariates.
    known
        Which columns are constant within people, where that was learned elsewhere.

    Returns
    -------
    tuple
        Features (n, F), the map from them to design rows (m * F, P + 1), and which columns are between people (P,).
    """
    n, m = source.position.shape
    values = _part_values(source, visit, scaling)
    fixed = known or {name: source.is_constant(next(iter(parts.values()))) for name, parts in values.items()}
    fixed_weights = weights is None or (
        known[weights] if known else source.weights is not None and source.is_constant(source.weights)
    )
    columns: list[FloatArray] = []
    where: dict[tuple[Any, ...], int] = {}
    entries: list[tuple[int, int, int]] = []
    between = np.ones(len(source.design.columns), dtype=bool)

    def feature(parts: tuple[tuple[str, int | None], ...], t: int, steady: bool) -> int:
        key = (frozenset(parts), None if steady else t)
        if key not in where:
            rows = source.first_rows if steady else source.position[:, t]
            where[key] = len(columns)
            columns.append(_product(source, values, parts, rows))
        return where[key]

    for j, column in enumerate(source.design.columns):
        parts = tuple(part for part in column.parts if part[0] != visit)
        on = [level for name, level in column.parts if name == visit]
        steady = all(fixed[name] for name, _ in parts)
        between[j] = steady and not on
        steady = steady and fixed_weights
        entries += [(t, feature(parts, t, steady), j) for t in range(m) if not on or on[0] == t]
    outcome = scaling.outcome(source.data)
    y = [np.where(rows < 0, np.nan, outcome[rows] * _root(source, rows)) for rows in source.position.T]
    f = len(columns) + m
    mapping = np.zeros((m, f, len(source.design.columns) + 1))
    for t, k, j in entries:
        mapping[t, k, j] = 1.0
    mapping[np.arange(m), len(columns) + np.arange(m), -1] = 1.0
    return np.column_stack([*columns, *y]).reshape(n, f), mapping.reshape(m * f, -1), between


def _part_values(source: Source, visit: str, scaling: Scaling) -> dict[str, Mapping[int | None, Any]]:
    """Row values of each variable: level codes, or the scaled number."""
    found: dict[str, Mapping[int | None, Any]] = {}
    for name, variable in source.design.variables.items():
        if name != visit:
            found[name] = {None: scaling.covariate(name, source.numbers(name))} if variable.levels is None else {
                -1: variable.codes(source.data)
            }  # fmt: skip
    return found


def _product(
    source: Source,
    values: Mapping[str, Mapping[int | None, Any]],
    parts: tuple[tuple[str, int | None], ...],
    rows: IntArray,
) -> FloatArray:
    result = _root(source, rows)
    for name, level in parts:
        result = result * (values[name][None][rows] if level is None else values[name][-1][rows] == level)
    return np.where(rows < 0, np.nan, result)


def _root(source: Source, rows: IntArray) -> FloatArray:
    """Square root of the precision weight of each row."""
    return np.ones(len(rows)) if source.weights is None else np.sqrt(source.weights[rows])
