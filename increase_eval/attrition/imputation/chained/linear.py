"""Draw a number from its regression on the others: with a normal residual, or a value that somebody gave."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import linalg

from increase_eval.comparison.repeated.assemble import independent_columns
from increase_eval.moments.accumulate import BoolArray, FloatArray, IntArray

DONORS = 5


class Regression(NamedTuple):
    """Least squares, and one draw from its posterior: coefficients (p,) each, and the drawn residual spread."""

    best: FloatArray
    drawn: FloatArray
    spread: float


def draw_regression(x: FloatArray, y: FloatArray, rng: np.random.Generator) -> Regression:
    """Draw regression coefficients and residual spread under the prior 1/sigma^2.

    Parameters
    ----------
    x, y
        (p, n) independent predictors, the first all ones, and (n,) outcome of those observed; n above p.
    rng
        Source of randomness.

    Notes
    -----
    sigma*^2 = RSS / g with g chi-squared on n - p df, and b* normal about the least-squares b with covariance
    sigma*^2 (X'X)^-1 (Rubin 1987, p. 167; van Buuren 2018, algorithm 3.1).
    """
    half = np.linalg.cholesky(x @ x.T)
    best = linalg.solve_triangular(half.T, linalg.solve_triangular(half, x @ y, lower=True))
    residual = y - best @ x
    spread = float(np.sqrt((residual @ residual) / rng.chisquare(len(y) - len(x))))
    drawn = best + spread * linalg.solve_triangular(half.T, rng.standard_normal(len(x)))
    return Regression(best, drawn, spread)


def independent_rows(x: FloatArray) -> BoolArray:
    """Tell which predictors (p, n) are not sums of earlier ones."""
    return independent_columns(x @ x.T)


def nearest_donors(known: FloatArray, wanted: FloatArray, rng: np.random.Generator) -> IntArray:
    """Give for each wanted value the place of one of the five nearest known ones, each as likely.

    Parameters
    ----------
    known
        (n,) predictions of those observed.
    wanted
        (k,) predictions of those missing.
    rng
        Source of randomness, also of the order of ties.

    Notes
    -----
    The five nearest lie within five places of where the value would be sorted in.
    """
    n = len(known)
    donors = min(DONORS, n)
    shuffled = rng.permutation(n)
    order = shuffled[np.argsort(known[shuffled])]
    line = known[order]
    low, high = np.searchsorted(line, wanted, "left"), np.searchsorted(line, wanted, "right")
    place = low + np.floor(rng.random(len(wanted)) * (high - low + 1)).astype(np.int64)
    width = min(2 * donors, n)
    window = np.clip(place - donors, 0, n - width)[:, None] + np.arange(width)
    near = np.argpartition(np.abs(line[window] - wanted[:, None]), donors - 1, axis=1)[:, :donors]
    chosen = near[np.arange(len(wanted)), rng.integers(0, donors, len(wanted))]
    return np.asarray(order[window[np.arange(len(wanted)), chosen]])
