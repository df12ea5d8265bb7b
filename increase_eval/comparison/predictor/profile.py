"""How far may a coefficient of a logit be from its estimate? Limits from the penalised likelihood's own shape.

Where outcomes separate, or nearly do, the likelihood is so lopsided that estimate plus or minus an error says nothing.
The profile of Firth's penalised likelihood still has limits: the values of a coefficient at which the best fit of all
others falls short by half the chi-square quantile.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import optimize, special, stats

from increase_eval.comparison.engines.generalised_linear import firth_logit
from increase_eval.errors import ConvergenceError

Floats = npt.NDArray[np.float64]

FARTHEST = 60.0
"""Errors from the estimate within which a limit is looked for."""
_STEPS = 500
_ARRIVED = 1e-10


def firth_profile_interval(
    matrix: Floats, response: Floats, place: int, *, confidence: float = 0.95
) -> tuple[float, float]:
    r"""Give the limits of one coefficient by the profile of the penalised likelihood.

    Parameters
    ----------
    matrix, response
        Shapes (n, p) and (n,): the design, and outcomes 0 and 1.
    place
        Which column's coefficient.
    confidence
        Of the interval.

    Returns
    -------
    tuple
        Lower and upper limit; infinite where the profile does not fall far enough on that side.

    Raises
    ------
    ConvergenceError
        If the penalised likelihood has no maximum that could be found.

    Notes
    -----
    l*(beta) = l(beta) + log det(I(beta)) / 2. At a limit 2 (l*(max) - l*(beta_j fixed, others at their best)) is the
    chi-square quantile with one degree of freedom.

    References
    ----------
    Heinze, G., & Schemper, M. (2002). A solution to the problem of separation in logistic regression. Statistics in
    Medicine, 21, 2409-2419. doi:10.1002/sim.1047

    Checked against
    ---------------
    A two-by-two table with an empty cell, where the penalised likelihood has a closed form
    (``tests/unit/comparison/predictor/test_profile.py``).

    Examples
    --------
    >>> matrix = np.column_stack([np.ones(8), np.repeat([0.0, 1.0], 4)])
    >>> low, high = firth_profile_interval(matrix, np.array([0, 0, 0, 1, 1, 1, 1, 1.0]), 1)
    >>> bool(0 < low < high)
    True
    """
    beta, converged = firth_logit(matrix, response, np.ones(len(response)))
    if not converged:
        raise ConvergenceError("Firth's penalised likelihood did not converge")
    highest = _penalised(matrix, response, beta)
    fall = stats.chi2.ppf(confidence, 1)
    probabilities = special.expit(matrix @ beta)
    information = matrix.T @ (matrix * (probabilities * (1 - probabilities))[:, None])
    error = float(np.sqrt(np.linalg.inv(information)[place, place]))

    def excess(value: float) -> float:
        fixed = _best_others(matrix, response, beta, place, value)
        return float(2 * (highest - _penalised(matrix, response, fixed)) - fall)

    low, high = (_limit(excess, float(beta[place]), sign * error) for sign in (-1.0, 1.0))
    return low, high


def _limit(excess: Callable[[float], float], start: float, step: float) -> float:
    """Go out from the estimate in growing steps until the profile has fallen far enough, then find where."""
    near, reach = start, 1.0
    while reach < FARTHEST:
        far = start + reach * step
        if excess(far) > 0:
            return float(optimize.brentq(excess, near, far, xtol=1e-10))
        near, reach = far, reach * 1.5
    return float(np.inf if step > 0 else -np.inf)


def _penalised(matrix: Floats, response: Floats, beta: Floats) -> float:
    eta = matrix @ beta
    p = special.expit(eta)
    _, log_det = np.linalg.slogdet(matrix.T @ (matrix * (p * special.expit(-eta))[:, None]))
    return float((response * eta - np.logaddexp(0, eta)).sum() + log_det / 2)


def _best_others(matrix: Floats, response: Floats, beta: Floats, place: int, value: float) -> Floats:
    """Maximise the penalised likelihood over all coefficients but one, which is held."""
    free = np.arange(len(beta)) != place
    point = beta.copy()
    point[place] = value
    if not free.any():
        return point
    for _ in range(_STEPS):
        p = special.expit(matrix @ point)
        working = p * (1 - p)
        inverse = np.linalg.inv(matrix.T @ (matrix * working[:, None]))
        leverage = working * ((matrix @ inverse) * matrix).sum(axis=1)
        score = matrix[:, free].T @ (response - p + leverage * (0.5 - p))
        own = matrix[:, free].T @ (matrix[:, free] * working[:, None])
        step = np.linalg.solve(own, score)
        longest = float(np.abs(matrix[:, free] @ step).max())
        point[free] += step * min(1.0, 2.0 / max(longest, 1e-300))
        if longest < _ARRIVED:
            return point
    raise ConvergenceError("the profile of the penalised likelihood did not converge")
