"""The random-intercept cross-lagged model as mean and covariance, and its likelihood from moments by pattern.

Parameters in one vector: the means (waves in order, both measures within each), three of the stable covariance, three
of the first wave's, and for each interval four paths (row by row) and three of the residual covariance.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from scipy import optimize

from increase_eval.errors import ConvergenceError
from increase_eval.moments import PatternMoments

Floats = npt.NDArray[np.float64]
Number = TypeVar("Number", np.float64, np.complex128)

PAIR = 2
STEP = 1e-30
"""Of complex-step derivatives, which lose nothing however small it is."""
GRADIENT = 1e-6
"""Largest slope of the log-likelihood per person, in standard units, at convergence."""
_FLAT = 1e-10


# -- the model ---------------------------------------------------------------------------------------------------------


def implied(point: npt.NDArray[Number], waves: int) -> tuple[npt.NDArray[Number], npt.NDArray[Number]]:
    """Give the implied mean (2T) and covariance (2T, 2T), waves in order and both measures within each."""
    size = PAIR * waves
    mean, phi, blocks = point[:size], symmetric(point[size : size + 3]), point[size + 3 :]
    within: list[npt.NDArray[Number]] = [symmetric(blocks[:3])]
    covariance = np.empty((size, size), dtype=point.dtype)
    covariance[:PAIR, :PAIR] = phi + within[0]
    for t in range(1, waves):
        own = blocks[3 + 7 * (t - 1) : 3 + 7 * t]
        path, residual = own[:4].reshape(PAIR, PAIR), symmetric(own[4:])
        here = slice(PAIR * t, PAIR * t + PAIR)
        # What the moving part has in common with every earlier one is carried on along the path.
        for s in range(t):
            there = slice(PAIR * s, PAIR * s + PAIR)
            last = covariance[here.start - PAIR : here.start, there] - phi
            covariance[here, there] = phi + path @ last
            covariance[there, here] = covariance[here, there].T
        within.append(path @ within[-1] @ path.T + residual)
        covariance[here, here] = phi + within[-1]
    return mean, covariance


def symmetric(three: npt.NDArray[Number]) -> npt.NDArray[Number]:
    """Give the symmetric matrix of two variances with their covariance between them."""
    return np.array([[three[0], three[1]], [three[1], three[2]]])


def starting_point(correlation: Floats, waves: int) -> Floats:
    """Begin with half of what is common to all waves as the stable part, and paths of a fifth on the measure itself."""
    apart = [
        correlation[PAIR * s : PAIR * s + PAIR, PAIR * t : PAIR * t + PAIR] for s in range(waves) for t in range(s)
    ]
    common = np.mean([(block + block.T) / 2 for block in apart], axis=0)
    phi = np.clip(common / 2, -0.4, 0.4)
    phi[[0, 1], [0, 1]] = np.clip(np.diag(common) * 0.6, 0.1, 0.6)
    first = correlation[:PAIR, :PAIR] - phi
    point = [np.zeros(PAIR * waves), _three(phi), _three(_made_positive(first))]
    for t in range(1, waves):
        own = correlation[PAIR * t : PAIR * t + PAIR, PAIR * t : PAIR * t + PAIR]
        point += [np.array([0.2, 0.0, 0.0, 0.2]), _three(_made_positive(own - phi - 0.04 * (own - phi)))]
    return np.concatenate(point)


def _three(matrix: Floats) -> Floats:
    return np.array([matrix[0, 0], matrix[0, 1], matrix[1, 1]])


def _made_positive(matrix: Floats) -> Floats:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray(vectors @ np.diag(np.maximum(values, 0.1)) @ vectors.T)


# -- the likelihood ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PatternData:
    """Standardised moments by pattern: what is observed, how many, sums and cross-products about the saturated mean."""

    observed: list[npt.NDArray[np.intp]]
    weights: Floats
    sums: list[Floats]
    cross: list[Floats]
    constant: float

    @classmethod
    def of(cls, moments: PatternMoments, mean: Floats, scale: Floats) -> PatternData:
        """Centre moments at a mean and put them into units, pattern by pattern."""
        centred = moments.collapse().about(mean)
        keep = np.flatnonzero(centred.patterns.any(axis=1) & (centred.weights > 0))
        observed = [np.flatnonzero(centred.patterns[k]) for k in keep]
        weights = centred.weights[keep]
        return cls(
            observed,
            weights,
            [centred.sums[k][own] / scale[own] for k, own in zip(keep, observed, strict=True)],
            [
                centred.cross[k][np.ix_(own, own)] / np.outer(scale[own], scale[own])
                for k, own in zip(keep, observed, strict=True)
            ],
            float(sum(n * np.log(scale[own]).sum() for n, own in zip(weights, observed, strict=True))),
        )


def log_likelihood(data: PatternData, point: Floats, waves: int) -> float:
    """Give the log-likelihood in the units of the data."""
    return _with_slope(data, point, waves)[0]


def _with_slope(data: PatternData, point: Floats, waves: int) -> tuple[float, Floats]:
    """Give the log-likelihood and its gradient; minus infinity where a covariance is not positive definite."""
    mean, covariance = implied(point, waves)
    total, by_mean, by_covariance = 0.0, np.zeros(mean.size), np.zeros_like(covariance)
    for own, n, sums, cross in zip(data.observed, data.weights, data.sums, data.cross, strict=True):
        sub, mu = covariance[np.ix_(own, own)], mean[own]
        try:
            factor = np.linalg.cholesky(sub)
        except np.linalg.LinAlgError:
            return -np.inf, np.zeros(point.size)
        inverse = np.linalg.inv(sub)
        about = cross - np.outer(sums, mu) - np.outer(mu, sums) + n * np.outer(mu, mu)
        total -= 0.5 * (
            n * (own.size * np.log(2 * np.pi) + 2 * np.log(np.diag(factor)).sum()) + (inverse * about).sum()
        )
        by_mean[own] += inverse @ (sums - n * mu)
        by_covariance[np.ix_(own, own)] += 0.5 * (inverse @ about @ inverse - n * inverse)
    jacobian = _jacobian(point, waves)
    return total, np.concatenate([by_mean, (jacobian * by_covariance).sum(axis=(1, 2))])


def _jacobian(point: Floats, waves: int) -> Floats:
    """Differentiate the implied covariance by all parameters but the means, exactly, by complex steps."""
    size = PAIR * waves
    slopes = []
    for place in range(size, point.size):
        moved = point.astype(np.complex128)
        moved[place] += 1j * STEP
        slopes.append(implied(moved, waves)[1].imag / STEP)
    return np.array(slopes)


def maximise(data: PatternData, start: Floats, waves: int) -> Floats:
    """Climb from a start to the maximum, or raise a `ConvergenceError` where there is none to be found."""
    n = float(data.weights.sum())

    def loss(point: Floats) -> tuple[float, Floats]:
        value, slope = _with_slope(data, point, waves)
        return (-value / n, -slope / n) if np.isfinite(value) else (1e10, np.zeros(point.size))

    found = optimize.minimize(loss, start, jac=True, method="BFGS", options={"gtol": 1e-7, "maxiter": 2000})
    point = np.asarray(found.x)
    for _ in range(5):  # Newton's last steps: what BFGS leaves open is of its own line search.
        slope = _with_slope(data, point, waves)[1]
        if float(np.abs(slope).max()) / n < _FLAT:
            break
        step = np.linalg.lstsq(observed_information(data, point, waves), slope, rcond=None)[0]
        if not np.isfinite(log_likelihood(data, point + step, waves)):
            break
        if log_likelihood(data, point + step, waves) < log_likelihood(data, point, waves) - 1e-9:
            break
        point = point + step
    if float(np.abs(_with_slope(data, point, waves)[1]).max()) / n > GRADIENT:
        raise ConvergenceError("the likelihood of the cross-lagged model has no maximum that could be found")
    return point


def observed_information(data: PatternData, point: Floats, waves: int) -> Floats:
    """Differentiate the exact gradient numerically, on both sides: the observed information."""
    slope = partial(_slope, data, waves=waves)
    step = 1e-5
    rows = [(slope(point + step * e) - slope(point - step * e)) / (2 * step) for e in np.eye(point.size)]
    information = -np.array(rows)
    return (information + information.T) / 2


def _slope(data: PatternData, point: Floats, *, waves: int) -> Floats:
    return _with_slope(data, point, waves)[1]


def refuse_heywood(point: Floats, waves: int) -> None:
    """Raise a `ConvergenceError` where a covariance of the model is not positive definite."""
    size = PAIR * waves
    blocks = {"the stable parts": point[size : size + 3], "the first wave": point[size + 3 : size + 6]}
    for t in range(1, waves):
        start = size + 6 + 7 * (t - 1)
        blocks[f"the residuals of interval {t}"] = point[start + 4 : start + 7]
    wrong = [what for what, three in blocks.items() if np.linalg.eigvalsh(symmetric(three))[0] <= 0]
    if wrong:
        raise ConvergenceError(
            f"the covariance of {' and '.join(wrong)} is not positive (a Heywood case): the model does not hold here"
        )
