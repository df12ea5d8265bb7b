"""Conditional normal means and draws of missing visits given those observed, pattern by pattern."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from increase_eval.attrition.imputation.strategies import strategy_means
from increase_eval.errors import InsufficientDataError
from increase_eval.moments.accumulate import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """People who miss the same visits, and their assumed means.

    Attributes
    ----------
    people
        Numbers of the people.
    observed, missing
        Numbers of the visits.
    means
        (m, 2m) the strategy's means from those of the own and the reference arm.
    """

    people: IntArray
    observed: IntArray
    missing: IntArray
    means: FloatArray


def find_patterns(seen: BoolArray, strategy: str) -> list[Pattern]:
    """Group people with a missing visit by what they miss.

    Raises
    ------
    InsufficientDataError
        If the strategy needs a visit before leaving and somebody has none.
    """
    m = seen.shape[1]
    kinds, of_person = np.unique(seen, axis=0, return_inverse=True)
    patterns = []
    for number, kind in enumerate(kinds):
        if kind.all():
            continue
        people, observed = np.flatnonzero(of_person.reshape(-1) == number), np.flatnonzero(kind)
        means = strategy_means(strategy, m, int(observed[-1]) + 1 if observed.size else 0)
        if np.isnan(means).any():
            raise InsufficientDataError(
                f"{len(people)} subjects have no outcome at any visit, so strategy {strategy!r} has no mean to carry "
                "forward for them; leave them out or choose another strategy"
            )
        patterns.append(Pattern(people, observed, np.flatnonzero(~kind), means))
    return patterns


def conditional_weights(pattern: Pattern, sigma: FloatArray, visits: IntArray) -> tuple[FloatArray, FloatArray]:
    """Write E[y_t | y_o] as weights of the known means and of the observed outcomes.

    Parameters
    ----------
    pattern
        The people's pattern.
    sigma
        (B, m, m) covariances.
    visits
        The k visits t.

    Returns
    -------
    tuple
        (B, k, 2m) and (B, k, o).

    Notes
    -----
    E[y_t | y_o] = M_t u + B (y_o - M_o u), with B = S_to S_oo^-1, M the strategy's means and u the known ones.
    """
    o = pattern.observed
    inner = sigma[:, o[:, None], o]
    cross = sigma[:, o[:, None], visits]
    slopes = np.asarray(np.linalg.solve(inner, cross).swapaxes(1, 2), dtype=np.float64)
    return pattern.means[visits] - slopes @ pattern.means[o], slopes


def fill(
    y: FloatArray,
    design: FloatArray,
    patterns: list[Pattern],
    beta: FloatArray,
    sigma: FloatArray,
    rng: np.random.Generator | None = None,
) -> FloatArray:
    """Complete the outcome by its conditional mean, or by a draw where ``rng`` is given.

    Parameters
    ----------
    y
        (n, m) NaN where missing.
    design
        (n, 2m, p) rows of the own and of the reference arm.
    patterns
        From :func:`find_patterns`.
    beta, sigma
        (p,) and (m, m).
    rng
        Source of randomness.

    Returns
    -------
    ndarray
        (n, m).
    """
    filled = y.copy()
    for pattern in patterns:
        o, gone = pattern.observed, pattern.missing
        of_means, of_outcomes = (part[0] for part in conditional_weights(pattern, sigma[None], gone))
        values = (design[pattern.people] @ beta) @ of_means.T + y[np.ix_(pattern.people, o)] @ of_outcomes.T
        if rng is not None:
            left = sigma[np.ix_(gone, gone)] - of_outcomes @ sigma[np.ix_(o, gone)]
            values = values + rng.standard_normal(values.shape) @ np.linalg.cholesky(left).T
        filled[np.ix_(pattern.people, gone)] = values
    return filled
