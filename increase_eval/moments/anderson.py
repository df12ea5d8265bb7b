"""Find the fixed point of a map that climbs a likelihood, in fewer steps than the map alone would take."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from increase_eval.moments.accumulate import FloatArray

DEPTH = 8
"""Earlier steps that are combined; more costs little and gains little."""


class FixedPoint(NamedTuple):
    """Where the iteration ended, after how many evaluations of the map, and whether it converged."""

    point: FloatArray
    iterations: int
    converged: bool


def anderson_fixed_point(
    step: Callable[[FloatArray], FloatArray],
    objective: Callable[[FloatArray], float],
    start: FloatArray,
    tolerance: float,
    max_iterations: int,
) -> FixedPoint:
    """Find the point that the map leaves where it is.

    Parameters
    ----------
    step
        The map; one plain step never lowers ``objective``.
    objective
        What the map climbs; an accelerated step that lowers it is replaced by the plain one.
    start
        First point.
    tolerance
        Largest absolute change in one plain step at convergence.
    max_iterations
        Most evaluations of the map.

    Notes
    -----
    With residuals f_k = step(x_k) - x_k of the last points, the next point is the combination of their images whose
    residual is smallest in the least-squares sense (Anderson acceleration, type II; Walker & Ni 2011,
    doi:10.1137/10078356X). The history is dropped whenever the safeguard refuses a step.
    """
    point, value = start, objective(start)
    images: list[FloatArray] = []
    residuals: list[FloatArray] = []
    for iteration in range(1, max_iterations + 1):
        image = step(point)
        residual = image - point
        if np.abs(residual).max() <= tolerance:
            return FixedPoint(image, iteration, True)
        images, residuals = [*images, image][-DEPTH:], [*residuals, residual][-DEPTH:]
        candidate = _combine(images, residuals)
        reached = _safely(objective, candidate)
        # Rounding of the likelihood itself must not count as a descent.
        if reached < value - 1e-12 * (1.0 + abs(value)):
            images, residuals = images[-1:], residuals[-1:]
            candidate, reached = image, objective(image)
        point, value = candidate, reached
    return FixedPoint(point, max_iterations, False)


def _combine(images: list[FloatArray], residuals: list[FloatArray]) -> FloatArray:
    if len(images) == 1:
        return images[0]
    changes = np.diff(np.array(residuals), axis=0).T
    steps = np.diff(np.array(images), axis=0).T
    weights = np.linalg.lstsq(changes, residuals[-1], rcond=1e-12)[0]
    return np.asarray(images[-1] - steps @ weights)


def _safely(objective: Callable[[FloatArray], float], point: FloatArray) -> float:
    """Give the objective, or minus infinity where it cannot be computed (a combination far off)."""
    if not np.isfinite(point).all() or np.abs(point).max() > 1e3:
        return -np.inf
    try:
        value = objective(point)
    except np.linalg.LinAlgError:
        return -np.inf
    return value if np.isfinite(value) else -np.inf
