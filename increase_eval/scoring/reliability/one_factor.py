"""One factor behind k items, by maximum likelihood or unweighted least squares, with the errors of normal theory.

Fisher scoring (for least squares: Gauss-Newton) on loadings and uniquenesses, with step halving. Uniquenesses may turn
negative, as long as the fitted matrix is positive definite: a Heywood case is reported rather than hidden at a bound.
Models with more factors, groups or waves are fitted elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from increase_eval.errors import ConvergenceError, InsufficientDataError
from increase_eval.scoring.reliability.covariance import FloatArray, Metric

SMALLEST_EIGENVALUE = 1e-10
"""A correlation matrix with a smaller eigenvalue counts as singular: some item is a sum of others."""

GRADIENT_TOLERANCE = 1e-10
"""Of the fit function, for items of mean variance 1."""

MOST_STEPS = 1_000
SMALLEST_STEP = 2.0**-40


@dataclass(frozen=True, slots=True)
class OneFactor:
    """A fitted model.

    Attributes
    ----------
    loadings, uniquenesses
        (k,) in the metric of the matrix that was fitted; loadings have a positive sum.
    weight
        (k, k) the matrix A of the estimator: the inverse of the fitted matrix (ml) or the identity (uls).
    steps
        How many were taken.
    """

    loadings: FloatArray
    uniquenesses: FloatArray
    weight: FloatArray
    steps: int

    @property
    def fitted(self) -> FloatArray:
        """(k, k) the matrix that the model implies."""
        return _fitted(self.loadings, self.uniquenesses)

    def covariance_of_estimates(self, metric: Metric) -> FloatArray:
        """(2k, 2k) n times the covariance matrix of (loadings, uniquenesses), if items are normal.

        The estimates are, to first order, linear in the matrix that was fitted: M^-1 tr(G_i dS) / 2 with
        G_i = A (d Sigma / d theta_i) A. The variance of tr(H dS) is 2 tr(H S H S) / n. A correlation matrix varies as
        dR = dZ - (diag(dZ) R + R diag(dZ)) / 2, with dZ the covariances of items in standard units: H_i is then G_i
        less the diagonal of R G_i.
        """
        slopes = _slopes(self.loadings)
        directions = self.weight @ slopes @ self.weight
        information = np.einsum("ajk,bkj->ab", directions, slopes) / 2
        fitted = self.fitted
        if metric == "correlation":
            lost = np.einsum("jk,akj->aj", fitted, directions)
            directions = directions - lost[:, :, None] * np.eye(len(fitted))
        spread = directions @ fitted
        middle = np.einsum("ajk,bkj->ab", spread, spread) / 2
        inverse = np.linalg.pinv(information, hermitian=True)
        return np.asarray(inverse @ middle @ inverse)


def fit_one_factor(observed: FloatArray, items: tuple[str, ...], *, estimator: Literal["ml", "uls"]) -> OneFactor:
    """Fit one factor to a covariance or correlation matrix.

    Parameters
    ----------
    observed
        (k, k) positive definite, k at least 3.
    items
        The k names, for messages.
    estimator
        ``ml`` or ``uls``.

    Returns
    -------
    OneFactor
        In the metric of `observed`.

    Raises
    ------
    InsufficientDataError
        If the matrix is singular.
    ConvergenceError
        If no fit is found.
    """
    spread = np.sqrt(observed.diagonal())
    if np.linalg.eigvalsh(observed / np.outer(spread, spread))[0] < SMALLEST_EIGENVALUE:
        raise InsufficientDataError(f"among {', '.join(items)} an item is a sum of others, or there are too few people")
    # Likelihood does not depend on units, least squares only on their ratios: iterate where numbers are near 1.
    unit = spread if estimator == "ml" else np.full(len(spread), np.sqrt((spread**2).mean()))
    matrix = observed / np.outer(unit, unit)
    theta, steps = _iterate(matrix, _start(matrix), estimator, items)
    loadings, uniquenesses = np.split(theta, 2)
    loadings = loadings * unit * (-1.0 if loadings.sum() < 0 else 1.0)
    uniquenesses = uniquenesses * unit**2
    weight = _weight(_fitted(loadings, uniquenesses), estimator)
    return OneFactor(loadings, uniquenesses, weight, steps)


def _iterate(
    matrix: FloatArray, theta: FloatArray, estimator: Literal["ml", "uls"], items: tuple[str, ...]
) -> tuple[FloatArray, int]:
    value = _misfit(matrix, theta, estimator)
    for step_count in range(1, MOST_STEPS + 1):
        gradient, information = _gradient(matrix, theta, estimator)
        if np.abs(gradient).max() < GRADIENT_TOLERANCE:
            return theta, step_count
        step = np.linalg.lstsq(information, gradient, rcond=None)[0]
        length = 1.0
        while length > SMALLEST_STEP:
            there = theta + length * step
            misfit = _misfit(matrix, there, estimator)
            if misfit <= value - 1e-4 * length * float(gradient @ step) + 1e-14:
                break
            length /= 2
        else:
            raise ConvergenceError(f"one factor for {', '.join(items)}: no step improves the fit ({estimator})")
        theta, value = there, misfit
    raise ConvergenceError(f"one factor for {', '.join(items)}: no fit after {MOST_STEPS} steps ({estimator})")


def _start(matrix: FloatArray) -> FloatArray:
    """Take the first principal axis of the matrix with squared multiple correlations on its diagonal."""
    reduced = matrix.copy()
    np.fill_diagonal(reduced, matrix.diagonal() - 1 / np.linalg.inv(matrix).diagonal())
    values, vectors = np.linalg.eigh(reduced)
    loadings = vectors[:, -1] * np.sqrt(max(values[-1], 0.1))
    uniquenesses = np.maximum(matrix.diagonal() - loadings**2, 0.1 * matrix.diagonal())
    return np.concatenate([loadings, uniquenesses])


def _fitted(loadings: FloatArray, uniquenesses: FloatArray) -> FloatArray:
    return np.outer(loadings, loadings) + np.diag(uniquenesses)


def _weight(fitted: FloatArray, estimator: Literal["ml", "uls"]) -> FloatArray:
    return np.asarray(np.linalg.inv(fitted) if estimator == "ml" else np.eye(len(fitted)))


def _misfit(matrix: FloatArray, theta: FloatArray, estimator: Literal["ml", "uls"]) -> float:
    """Half of log|Sigma| + tr(S Sigma^-1), infinite where it has none; or a quarter of the squared distance."""
    fitted = _fitted(*np.split(theta, 2))
    if estimator == "uls":
        return float(((matrix - fitted) ** 2).sum() / 4)
    try:
        root = np.linalg.cholesky(fitted)
    except np.linalg.LinAlgError:
        return float("inf")
    return float(np.log(root.diagonal()).sum() + np.linalg.solve(fitted, matrix).trace() / 2)


def _gradient(matrix: FloatArray, theta: FloatArray, estimator: Literal["ml", "uls"]) -> tuple[FloatArray, FloatArray]:
    """Give minus the gradient of the misfit and its expected second derivative."""
    loadings, uniquenesses = np.split(theta, 2)
    fitted = _fitted(loadings, uniquenesses)
    weight = _weight(fitted, estimator)
    slopes = _slopes(loadings)
    residual = weight @ (matrix - fitted) @ weight
    gradient = np.einsum("jk,akj->a", residual, slopes) / 2
    weighted = weight @ slopes
    return gradient, np.einsum("ajk,bkj->ab", weighted, weighted) / 2


def _slopes(loadings: FloatArray) -> FloatArray:
    """(2k, k, k) the derivative of the fitted matrix in each loading and each uniqueness."""
    k = len(loadings)
    slopes = np.zeros((2 * k, k, k))
    for item in range(k):
        slopes[item, item, :] += loadings
        slopes[item, :, item] += loadings
        slopes[k + item, item, item] = 1.0
    return slopes
