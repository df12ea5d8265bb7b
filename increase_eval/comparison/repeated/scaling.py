"""Centre and scale outcome and covariates inside a fit, and undo it exactly in the results.

A mean a million times the spread would otherwise cost six digits in every cross-product. A covariate is centred only
where the design can absorb the shift: each column with it must have its partner without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from increase_eval.moments.accumulate import FloatArray, IntArray
from increase_eval.moments.formulas import Design

Part = tuple[str, int | None]
"""A variable and its level, or None for its value."""


@dataclass(frozen=True, slots=True, eq=False)
class Scaling:
    """Centres and scales.

    Attributes
    ----------
    response
        Name of the outcome.
    response_centre, response_scale
        Of the outcome; the centre is 0 where the design has no intercept.
    centres, scales
        Of each numeric covariate.
    means
        Means of the numeric covariates over the rows used.
    constant
        (P,) 1 for the columns that add up to one in every row (the intercept, or one column a level), else 0.
    transform
        (P, P) matrix T with: design in the original units = scaled design times T.
    """

    response: str
    response_centre: float
    response_scale: float
    centres: dict[str, float]
    scales: dict[str, float]
    means: dict[str, float]
    constant: FloatArray
    transform: FloatArray

    def outcome(self, data: pd.DataFrame) -> FloatArray:
        """Scaled outcome of each row."""
        values = np.asarray(data[self.response].to_numpy(dtype=np.float64, na_value=np.nan))
        return (values - self.response_centre) / self.response_scale

    def covariate(self, name: str, values: FloatArray) -> FloatArray:
        """Scaled values of a covariate."""
        return (values - self.centres[name]) / self.scales[name]


def learn_scaling(
    design: Design, numbers: Callable[[str], FloatArray], response: str, data: pd.DataFrame, used: IntArray
) -> Scaling:
    """Learn centres and scales from the rows used."""
    numeric = [name for name, variable in design.variables.items() if variable.levels is None]
    known = {name: mean_and_spread(numbers(name)[used]) for name in numeric}
    outcome = np.asarray(data[response].to_numpy(dtype=np.float64, na_value=np.nan))[used]
    return make_scaling(design, response, {**known, response: mean_and_spread(outcome)})


def make_scaling(design: Design, response: str, known: Mapping[str, tuple[float, float]]) -> Scaling:
    """Choose centres and scales from the mean and spread of the outcome and each numeric covariate."""
    index = {frozenset(column.parts): j for j, column in enumerate(design.columns)}
    means, centres, scales = {}, {}, {}
    for name, variable in design.variables.items():
        if variable.levels is not None:
            continue
        means[name], spread = known[name]
        having = [parts - {(name, None)} for parts in index if (name, None) in parts]
        absorbed = all(_express(rest, design, index) for rest in having)
        centres[name] = means[name] if absorbed else 0.0
        scales[name] = spread if absorbed else max(spread, abs(means[name]))
    mean, spread = known[response]
    constant = np.zeros(len(design.columns))
    constant[list(_express(frozenset(), design, index))] = 1.0
    centre = mean if constant.any() else 0.0
    transform = _transform(design, index, centres, scales)
    return Scaling(response, centre, spread, centres, scales, means, constant, transform)


def _express(parts: frozenset[Part], design: Design, index: Mapping[frozenset[Part], int]) -> tuple[int, ...]:
    """Find columns that add up to the product of ``parts``: itself, or those of every level of further factors."""
    if parts in index:
        return (index[parts],)
    for name, variable in design.variables.items():
        levels = [parts | {(name, level)} for level in range(len(variable.levels or ()))]
        if not levels or name in {used for used, _ in parts} or not any(levels[0] <= whole for whole in index):
            continue
        each = [_express(wanted, design, index) for wanted in levels]
        if all(each):
            return tuple(column for found in each for column in found)
    return ()


def mean_and_spread(values: FloatArray) -> tuple[float, float]:
    """Give the mean and a standard deviation that is never zero."""
    mean = float(values.mean())
    mean += float((values - mean).mean())
    return mean, usable_spread(mean, float(np.sqrt(((values - mean) ** 2).mean())))


def usable_spread(mean: float, spread: float) -> float:
    """Give a standard deviation that can be divided by."""
    # A constant has no spread of its own; any positive number will do.
    return spread if spread > 1e-14 * abs(mean) else max(abs(mean), 1.0)


def _transform(
    design: Design, index: Mapping[frozenset[Part], int], centres: dict[str, float], scales: dict[str, float]
) -> FloatArray:
    """Expand each product of (centre + scale * scaled) over the columns of the design."""
    transform = np.zeros((len(design.columns), len(design.columns)))
    for j, column in enumerate(design.columns):
        numeric = [name for name, level in column.parts if level is None]
        shifted = [name for name in numeric if centres[name] != 0.0]
        kept = np.prod([scales[name] for name in numeric if name not in shifted])
        for size in range(len(shifted) + 1):
            for gone in combinations(shifted, size):
                rest = frozenset(column.parts) - {(name, None) for name in gone}
                factor = np.prod([centres[name] if name in gone else scales[name] for name in shifted])
                transform[list(_express(rest, design, index)), j] += kept * factor
    return transform
