"""Centre and scale outcome and covariates inside a fit, and undo it exactly in the results.

A mean a million times the spread would otherwise cost six digits in every cross-product. A covariate is centred only
where the design can absorb the shift: each column with it must have its partner without it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from increase_eval.moments.accumulate import FloatArray, IntArray
from increase_eval.moments.formulas import Column, Design


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
    transform
        (P, P) matrix T with: design in the original units = scaled design times T; upper triangular.
    """

    response: str
    response_centre: float
    response_scale: float
    centres: dict[str, float]
    scales: dict[str, float]
    means: dict[str, float]
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
    parts = {frozenset(column.parts) for column in design.columns}
    means, centres, scales = {}, {}, {}
    for name, variable in design.variables.items():
        if variable.levels is not None:
            continue
        means[name], spread = _mean_and_spread(numbers(name)[used])
        absorbed = all(
            frozenset(column.parts) - {(name, None)} in parts
            for column in design.columns
            if (name, None) in column.parts
        )
        centres[name] = means[name] if absorbed else 0.0
        scales[name] = spread if absorbed else max(spread, abs(means[name]))
    outcome = np.asarray(data[response].to_numpy(dtype=np.float64, na_value=np.nan))[used]
    mean, spread = _mean_and_spread(outcome)
    centre = mean if frozenset() in parts else 0.0
    transform = _transform(design.columns, centres, scales)
    return Scaling(response, centre, spread, centres, scales, means, transform)


def _mean_and_spread(values: FloatArray) -> tuple[float, float]:
    mean = float(values.mean())
    mean += float((values - mean).mean())
    spread = float(np.sqrt(((values - mean) ** 2).mean()))
    # A constant has no spread of its own; any positive number will do.
    return mean, spread if spread > 1e-14 * abs(mean) else max(abs(mean), 1.0)


def _transform(columns: tuple[Column, ...], centres: dict[str, float], scales: dict[str, float]) -> FloatArray:
    """Expand each product of (centre + scale * scaled) over the columns of the design."""
    index = {frozenset(column.parts): j for j, column in enumerate(columns)}
    transform = np.zeros((len(columns), len(columns)))
    for j, column in enumerate(columns):
        numeric = [name for name, level in column.parts if level is None]
        shifted = [name for name in numeric if centres[name] != 0.0]
        kept = np.prod([scales[name] for name in numeric if name not in shifted])
        for size in range(len(shifted) + 1):
            for gone in combinations(shifted, size):
                rest = frozenset(column.parts) - {(name, None) for name in gone}
                factor = np.prod([centres[name] if name in gone else scales[name] for name in shifted])
                transform[index[rest], j] += kept * factor
    return transform
