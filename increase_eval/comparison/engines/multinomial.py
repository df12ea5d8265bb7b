"""The multinomial logit by Newton's method; parameters run outcome by outcome, the first outcome being the base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from increase_eval.comparison.engines.estimating_equations import EstimatingEquations
from increase_eval.comparison.engines.generalised_linear import MAX_ITERATIONS, SUSPICIOUS_PROBABILITY, TOLERANCE
from increase_eval.comparison.engines.separation import multinomial_comparisons, separates
from increase_eval.errors import ConvergenceError, InsufficientDataError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class MultinomialFit:
    """A multinomial logit of K outcomes on p columns, fitted.

    Attributes
    ----------
    matrix, codes, weights
        Shapes (n, p), (n,) with outcomes from 0, (n,).
    coefficients
        Shape (K - 1, p).
    probabilities
        Shape (n, K).
    information
        Shape ((K-1)p, (K-1)p), outcome by outcome.
    log_likelihood
        Weighted.
    """

    matrix: Floats
    codes: Ints
    weights: Floats
    coefficients: Floats
    probabilities: Floats
    information: Floats
    log_likelihood: float

    @property
    def vcov(self) -> Floats:
        """Inverse of the information."""
        return np.asarray(np.linalg.inv(self.information))

    def equations(self) -> EstimatingEquations:
        """Give the score equations, u_i of shape ((K-1)p,)."""
        residuals = indicators(self.codes, self.probabilities.shape[1]) - self.probabilities
        scores = (self.weights[:, None] * residuals[:, 1:])[:, :, None] * self.matrix[:, None, :]
        return EstimatingEquations(scores.reshape(len(self.codes), -1), self.information)


def indicators(codes: Ints, outcomes: int) -> Floats:
    """Give an indicator column for every outcome, shape (n, K)."""
    return np.asarray(codes[:, None] == np.arange(outcomes), dtype=float)


def fit_multinomial(
    matrix: Floats, codes: Ints, outcomes: Sequence[object], weights: Floats | None = None
) -> MultinomialFit:
    """Fit a multinomial logit of full rank.

    Raises
    ------
    InsufficientDataError
        If fewer than two outcomes occur, or one of them has nobody.
    ConvergenceError
        If some outcome is predicted perfectly, so that no maximum exists.
    """
    w = np.ones(len(codes)) if weights is None else weights
    count = len(outcomes)
    sizes = np.bincount(codes, weights=w, minlength=count)
    if count < 2 or (sizes <= 0).any():
        raise InsufficientDataError(f"the model needs two outcomes, all of which occur; they are: {list(outcomes)}")
    hits = indicators(codes, count)
    theta, converged = _newton(matrix, hits, w)
    p = probabilities(matrix, theta)
    # Newton's method can seem to arrive where probabilities round to 0 and 1: the linear programme decides.
    if not converged or float(p.min()) < SUSPICIOUS_PROBABILITY:
        if separates(multinomial_comparisons(matrix[w > 0], codes[w > 0], count)):
            raise ConvergenceError(
                "the outcomes separate: some outcome is predicted perfectly by the columns of the model, and no "
                "maximum exists; merge outcomes or levels, or leave a term out"
            )
        if not converged:
            raise ConvergenceError(f"the multinomial model did not converge in {MAX_ITERATIONS} steps")
    value = _log_likelihood(matrix, hits, w, theta)
    return MultinomialFit(matrix, codes, w, theta, p, _information(matrix, p, w), value)


def _newton(matrix: Floats, hits: Floats, w: Floats) -> tuple[Floats, bool]:
    theta = np.zeros((hits.shape[1] - 1, matrix.shape[1]))
    value = _log_likelihood(matrix, hits, w, theta)
    for _ in range(MAX_ITERATIONS):
        p = probabilities(matrix, theta)
        score = ((w[:, None] * (hits - p)[:, 1:]).T @ matrix).ravel()
        information = _information(matrix, p, w)
        try:
            step = np.linalg.solve(information, score).reshape(theta.shape)
        except np.linalg.LinAlgError:
            return theta, False
        if not np.isfinite(step).all():
            return theta, False
        for _ in range(40):
            trial = _log_likelihood(matrix, hits, w, theta + step)
            if trial >= value - 1e-10 * (1 + abs(value)):
                break
            step = step / 2
        theta, value = theta + step, trial
        if np.abs(matrix @ step.T).max() < TOLERANCE * (1 + np.abs(matrix @ theta.T).max()):
            return theta, True
    return theta, False


def probabilities(matrix: Floats, coefficients: Floats) -> Floats:
    """Give the probability of every outcome, shape (n, K)."""
    eta = np.column_stack([np.zeros(len(matrix)), matrix @ coefficients.T])
    eta -= eta.max(axis=1, keepdims=True)
    odds = np.exp(eta)
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def _log_likelihood(matrix: Floats, hits: Floats, w: Floats, theta: Floats) -> float:
    eta = np.column_stack([np.zeros(len(matrix)), matrix @ theta.T])
    largest = eta.max(axis=1)
    total = largest + np.log(np.exp(eta - largest[:, None]).sum(axis=1))
    return float(w @ ((hits * eta).sum(axis=1) - total))


def _information(matrix: Floats, p: Floats, w: Floats) -> Floats:
    outcomes, columns = p.shape[1] - 1, matrix.shape[1]
    information = np.empty((outcomes, columns, outcomes, columns))
    for j in range(outcomes):
        for k in range(outcomes):
            weight = w * p[:, j + 1] * ((j == k) - p[:, k + 1])
            information[j, :, k, :] = matrix.T @ (matrix * weight[:, None])
    return information.reshape(outcomes * columns, outcomes * columns)
