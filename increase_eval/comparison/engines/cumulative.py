"""The cumulative (ordered) model by Newton's method: Pr(Y <= j) = F(zeta_j - x'b), F logistic or normal.

The log likelihood is concave in (b, zeta) for both, so that Newton's method with step halving finds the one maximum,
or there is none, which a linear programme tells. Reference: Pratt JW (1981), doi:10.1080/01621459.1981.10477613.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from increase_eval.comparison.engines.estimating_equations import EstimatingEquations
from increase_eval.comparison.engines.separation import separates
from increase_eval.errors import ConvergenceError, InsufficientDataError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
CumulativeLink = Literal["logit", "probit"]

MAX_ITERATIONS = 200
TOLERANCE = 1e-12
FAR_OUT = 12.0
"""A linear predictor farther than this from a threshold calls for a look at separation."""


@dataclass(frozen=True, slots=True)
class CumulativeFit:
    """A cumulative model of J levels on p columns (without an intercept), fitted.

    Attributes
    ----------
    matrix, codes, weights
        Shapes (n, p), (n,) with levels from 0, (n,).
    parameters
        Shape (p + J - 1,): slopes, then thresholds.
    scores
        Shape (n, p + J - 1): each row's weighted score.
    information
        The observed information, shape (p + J - 1, p + J - 1).
    log_likelihood
        Weighted.
    link
        ``logit`` or ``probit``.
    """

    matrix: Floats
    codes: Ints
    weights: Floats
    parameters: Floats
    scores: Floats
    information: Floats
    log_likelihood: float
    link: str

    @property
    def vcov(self) -> Floats:
        """Inverse of the observed information."""
        return np.asarray(np.linalg.inv(self.information))

    def equations(self) -> EstimatingEquations:
        """Give the score equations."""
        return EstimatingEquations(self.scores, self.information)


@dataclass(frozen=True, slots=True)
class _Ends:
    """The columns of each row's upper and lower threshold less its linear predictor, and which rows have one."""

    upper: Floats
    lower: Floats
    has_upper: npt.NDArray[np.bool_]
    has_lower: npt.NDArray[np.bool_]


def fit_cumulative_model(
    matrix: Floats, codes: Ints, levels: int, *, weights: Floats | None = None, link: CumulativeLink = "logit"
) -> CumulativeFit:
    """Fit a cumulative model of full rank.

    Raises
    ------
    InsufficientDataError
        If fewer than two levels occur, or one of them has nobody.
    ConvergenceError
        If the data separate, or Newton's method does not arrive.
    """
    w = np.ones(len(codes)) if weights is None else weights
    sizes = np.bincount(codes, weights=w, minlength=levels)
    if levels < 2 or (sizes <= 0).any():
        raise InsufficientDataError("the model needs two levels of the outcome or more, all of which occur")
    ends = _ends(matrix, codes, levels)
    below = np.cumsum(sizes)[:-1] / sizes.sum()
    start = special.logit(below) if link == "logit" else special.ndtri(below)
    theta, arrived = _newton(ends, w, np.concatenate([np.zeros(matrix.shape[1]), start]), link)
    far = max(np.abs(ends.upper @ theta)[ends.has_upper].max(), np.abs(ends.lower @ theta)[ends.has_lower].max())
    if not arrived or far > FAR_OUT:
        comparisons = np.concatenate([ends.upper[ends.has_upper], -ends.lower[ends.has_lower]])
        if separates(comparisons):
            raise ConvergenceError(
                "the levels separate: the columns of the model order some people perfectly, and no maximum exists; "
                "merge levels, or leave a term out"
            )
        if not arrived:
            raise ConvergenceError(f"the cumulative model did not converge in {MAX_ITERATIONS} steps")
    value, scores, information = _parts(ends, w, theta, link)
    return CumulativeFit(matrix, codes, w, theta, scores, information, value, link)


def level_probabilities(matrix: Floats, parameters: Floats, link: str) -> tuple[Floats, Floats]:
    """Give the probability of every level, shape (n, J), and its slopes, shape (n, J, p + J - 1)."""
    n, p = matrix.shape
    cuts = len(parameters) - p
    gaps = parameters[p:] - (matrix @ parameters[:p])[:, None]
    mean = special.expit(gaps) if link == "logit" else special.ndtr(gaps)
    density = _density(gaps, link)
    below = np.column_stack([np.zeros(n), mean, np.ones(n)])
    slopes = np.zeros((n, cuts + 2, p + cuts))
    slopes[:, 1:-1, :p] = -density[:, :, None] * matrix[:, None, :]
    at = np.arange(cuts)
    slopes[:, at + 1, p + at] = density
    return np.diff(below, axis=1), np.diff(slopes, axis=1)


def _ends(matrix: Floats, codes: Ints, levels: int) -> _Ends:
    n, p = matrix.shape
    upper, lower = (np.zeros((n, p + levels - 1)) for _ in range(2))
    has_upper, has_lower = codes < levels - 1, codes > 0
    upper[has_upper, :p], lower[has_lower, :p] = -matrix[has_upper], -matrix[has_lower]
    upper[np.flatnonzero(has_upper), p + codes[has_upper]] = 1.0
    lower[np.flatnonzero(has_lower), p + codes[has_lower] - 1] = 1.0
    return _Ends(upper, lower, has_upper, has_lower)


def _newton(ends: _Ends, w: Floats, theta: Floats, link: str) -> tuple[Floats, bool]:
    value, scores, information = _parts(ends, w, theta, link)
    for _ in range(MAX_ITERATIONS):
        try:
            step = np.linalg.solve(information, scores.sum(axis=0))
        except np.linalg.LinAlgError:
            return theta, False
        if not np.isfinite(step).all():
            return theta, False
        for _ in range(40):
            trial = _parts(ends, w, theta + step, link)
            # Rounding of the likelihood must not keep the last steps from being taken.
            if np.isfinite(trial[0]) and trial[0] >= value - 1e-10 * (1 + abs(value)):
                break
            step = step / 2
        theta, (value, scores, information) = theta + step, trial
        if not np.isfinite(value):
            return theta, False
        if np.abs(step).max() < TOLERANCE * (1 + np.abs(theta).max()):
            return theta, True
    return theta, False


def _parts(ends: _Ends, w: Floats, theta: Floats, link: str) -> tuple[float, Floats, Floats]:
    """Give the log likelihood, each row's weighted score and the observed information."""
    high = np.where(ends.has_upper, ends.upper @ theta, np.inf)
    low = np.where(ends.has_lower, ends.lower @ theta, -np.inf)
    probability = _between(low, high, link)
    if (probability <= 0).any():
        return -np.inf, np.zeros_like(ends.upper), np.eye(len(theta))
    dense_high, dense_low = _density(high, link), _density(low, link)
    scores = (dense_high[:, None] * ends.upper - dense_low[:, None] * ends.lower) / probability[:, None]
    curve_high, curve_low = (w * _curvature(at, link) / probability for at in (high, low))
    hessian = ends.upper.T @ (ends.upper * curve_high[:, None]) - ends.lower.T @ (ends.lower * curve_low[:, None])
    hessian -= scores.T @ (scores * w[:, None])
    return float(w @ np.log(probability)), scores * w[:, None], -hessian


def _between(low: Floats, high: Floats, link: str) -> Floats:
    """Give F(high) - F(low), from the nearer tail so that nothing cancels."""
    mean = special.expit if link == "logit" else special.ndtr
    flipped = low > 0
    first, second = np.where(flipped, -high, low), np.where(flipped, -low, high)
    return np.asarray(mean(second) - mean(first))


def _density(at: Floats, link: str) -> Floats:
    if link == "logit":
        return np.asarray(special.expit(at) * special.expit(-at))
    return np.asarray(np.exp(-(at**2) / 2) / np.sqrt(2 * np.pi))


def _curvature(at: Floats, link: str) -> Floats:
    """Give the derivative of the density, nought at the ends."""
    known = np.where(np.isfinite(at), at, 0.0)
    slope = 1 - 2 * special.expit(known) if link == "logit" else -known
    return np.asarray(np.where(np.isfinite(at), _density(known, link) * slope, 0.0))
