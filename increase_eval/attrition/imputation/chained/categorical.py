"""Draw a level from its model given the others: logit, multinomial logit, or ordered logit.

Coefficients are drawn from the normal about the maximum of a likelihood to which a few light rows are added, so that
there always is one, separation or not (White, Daniel and Royston 2010).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import linalg, special

from increase_eval.errors import ConvergenceError
from increase_eval.moments.accumulate import FloatArray, IntArray

MAX_ITERATIONS = 100
SMALL_GAIN = 1e-9
"""Newton's method has arrived where the next step would add this little to the log-likelihood."""
MAX_REDRAWS = 200


class Observed(NamedTuple):
    """Predictors (p, n), the first all ones; level numbers (n,); weights (n,)."""

    x: FloatArray
    codes: IntArray
    weights: FloatArray


class Curvature(NamedTuple):
    """Log-likelihood, its gradient, and the information."""

    value: float
    gradient: FloatArray
    information: FloatArray


def augment(x: FloatArray, codes: IntArray, levels: int) -> Observed:
    """Add light rows half a standard deviation to both sides of each predictor's mean, once with each level.

    Their weights add up to the number of predictors, the intercept included (White, Daniel and Royston 2010).
    """
    inner = x[1:]
    p = len(inner)
    if not p:
        return Observed(x, codes, np.ones(len(codes)))
    mean, half = inner.mean(axis=1), 0.5 * inner.std(axis=1, ddof=1)
    rows = np.repeat(mean[:, None], 2 * levels * p, axis=1)
    sides = np.tile([1.0, -1.0], levels)
    for j in range(p):
        moved = mean[j] + half[j] * sides
        rows[j, 2 * levels * j : 2 * levels * (j + 1)] = np.clip(moved, inner[j].min(), inner[j].max())
    added = np.tile(np.repeat(np.arange(levels), 2), p)
    light = np.full(len(added), (p + 1) / len(added))
    full = np.column_stack([x, np.vstack([np.ones(len(added)), rows])])
    return Observed(full, np.concatenate([codes, added]), np.concatenate([np.ones(len(codes)), light]))


def start_of(method: str, data: Observed, levels: int) -> FloatArray:
    """Give parameters to start from: the shares of the levels, and no effects."""
    p = len(data.x)
    shares = np.bincount(data.codes, weights=data.weights, minlength=levels) + 0.5
    if method == "ordered":
        below = np.cumsum(shares)[:-1] / shares.sum()
        return np.concatenate([special.logit(below), np.zeros(p - 1)])
    start = np.zeros((levels - 1, p))
    start[:, 0] = np.log(shares[1:] / shares[0])
    return start.reshape(-1)


def draw_parameters(
    method: str, data: Observed, levels: int, start: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Fit, and draw once from the normal about the maximum.

    Parameters
    ----------
    method
        ``logit``, ``multinomial`` or ``ordered``.
    data, levels
        What was observed, with the light rows; number of levels.
    start
        Parameters to start from.
    rng
        Source of randomness.

    Returns
    -------
    tuple
        The maximum, and the draw. Thresholds of ``ordered`` (first, then the effects) are drawn until they increase.

    Raises
    ------
    ConvergenceError
        If Newton's method does not arrive.
    """
    look = _ordered if method == "ordered" else _multinomial
    best, at = _maximise(look, data, levels, start)
    half = np.linalg.cholesky(at.information)
    thresholds = levels - 1 if method == "ordered" else 0
    for _ in range(MAX_REDRAWS):
        drawn = best + linalg.solve_triangular(half.T, rng.standard_normal(len(best)))
        if (np.diff(drawn[:thresholds]) > 0).all():
            return best, drawn
    drawn[:thresholds] = best[:thresholds]
    return best, drawn


def probabilities(method: str, parameters: FloatArray, x: FloatArray, levels: int) -> FloatArray:
    """Give the probability of each level, (n, levels)."""
    if method == "ordered":
        return np.diff(_cumulative(parameters, x, levels), axis=0).T
    return np.ascontiguousarray(_shares(parameters.reshape(levels - 1, -1) @ x).T)


def draw_levels(shares: FloatArray, uniforms: FloatArray) -> IntArray:
    """Draw a level for each row of probabilities (n, K) by inversion."""
    return np.asarray((uniforms[:, None] > np.cumsum(shares, axis=1)[:, :-1]).sum(axis=1))


def _maximise(look, data: Observed, levels: int, start: FloatArray) -> tuple[FloatArray, Curvature]:  # type: ignore[no-untyped-def]
    """Newton's method, a step halved until the likelihood grows."""
    best, at = start, look(start, data, levels)
    for _ in range(MAX_ITERATIONS):
        step = linalg.cho_solve(linalg.cho_factor(at.information), at.gradient)
        gain = float(step @ at.gradient) / 2
        if gain < SMALL_GAIN:
            return best, at
        size = 1.0
        while size > 1e-8:
            trial = look(best + size * step, data, levels)
            if trial.value > at.value:
                break
            size /= 2
        else:
            # Rounding: nothing nearby is higher.
            return best, at
        best, at = best + size * step, trial
    raise ConvergenceError(f"the model of a column with {levels} levels did not converge in {MAX_ITERATIONS} steps")


def _shares(scores: FloatArray) -> FloatArray:
    """Probabilities of K levels from the log odds (K - 1, n) against the first: (K, n)."""
    if len(scores) == 1:
        high = special.expit(scores)
        return np.vstack([1.0 - high, high])
    full = np.vstack([np.zeros(scores.shape[1]), scores])
    full = np.exp(full - full.max(axis=0))
    return np.asarray(full / full.sum(axis=0))


def _multinomial(parameters: FloatArray, data: Observed, levels: int) -> Curvature:
    """Score and information of the multinomial logit; of two levels, the logit."""
    x, p, k = data.x, len(data.x), levels - 1
    shares = _shares(parameters.reshape(k, p) @ x)
    own = shares[data.codes, np.arange(shares.shape[1])]
    value = float(data.weights @ np.log(np.maximum(own, 1e-300)))
    hits = data.codes == np.arange(1, levels)[:, None]
    gradient = (data.weights * (hits - shares[1:])) @ x.T
    information = np.empty((k, p, k, p))
    for a in range(k):
        for b in range(a, k):
            weight = data.weights * shares[a + 1] * ((a == b) - shares[b + 1])
            block = (x * weight) @ x.T
            information[a, :, b], information[b, :, a] = block, block.T
    return Curvature(value, gradient.reshape(-1), information.reshape(k * p, k * p))


def _cumulative(parameters: FloatArray, x: FloatArray, levels: int) -> FloatArray:
    """Pr(level at most k), k from -1 to K - 1: (K + 1, n)."""
    inner = special.expit(parameters[: levels - 1, None] - parameters[levels - 1 :] @ x[1:])
    n = x.shape[1]
    return np.vstack([np.zeros(n), inner, np.ones(n)])


def _ordered(parameters: FloatArray, data: Observed, levels: int) -> Curvature:
    """Score and expected information of the proportional-odds model.

    Notes
    -----
    Pr(y <= k) = F(a_k - x'b). With f_k the density at a_k - x'b, a share moves with a_k by f_k for level k and by -f_k
    for level k + 1, and with x'b by f_{k-1} - f_k.
    """
    if (np.diff(parameters[: levels - 1]) <= 0).any():
        return Curvature(-np.inf, parameters, np.eye(len(parameters)))
    x, n, k = data.x[1:], data.x.shape[1], levels - 1
    below = _cumulative(parameters, data.x, levels)
    shares, density = np.maximum(np.diff(below, axis=0), 1e-300), below * (1 - below)
    moves = np.zeros((levels, levels, n))  # of share j with threshold 0..k-1, and last with x'b
    for j in range(levels):
        if j < k:
            moves[j, j] = density[j + 1]
        if j > 0:
            moves[j, j - 1] = -density[j]
        moves[j, k] = density[j] - density[j + 1]
    at = np.arange(n)
    value = float(data.weights @ np.log(shares[data.codes, at]))
    score = data.weights * moves[data.codes, :, at].T / shares[data.codes, at]
    gradient = np.concatenate([score[:k].sum(axis=1), x @ score[k]])
    scaled = moves * np.sqrt(data.weights / shares)[:, None]
    flat = scaled[:, :k].swapaxes(0, 1).reshape(k, -1)
    information = np.zeros((len(parameters), len(parameters)))
    information[:k, :k] = flat @ flat.T
    information[:k, k:] = (scaled[:, :k] * scaled[:, k:]).sum(axis=0) @ x.T
    information[k:, :k] = information[:k, k:].T
    information[k:, k:] = (x * (scaled[:, k] ** 2).sum(axis=0)) @ x.T
    return Curvature(value, gradient, information)
