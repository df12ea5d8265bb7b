"""Repeated answers of the same people: their visits, and the moments of a working correlation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize

from increase_eval.errors import ConvergenceError, InsufficientDataError
from increase_eval.moments.waves import ordered_waves

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Correlation = Literal["independence", "exchangeable", "ar1", "unstructured"]


@dataclass(frozen=True, slots=True)
class Repeats:
    """Who answered at which visits.

    Attributes
    ----------
    count
        People.
    visits
        The visits in order.
    patterns
        For every set of visits that occurs: the visits (k,), the people (m,), and their rows (m, k).
    """

    count: int
    visits: tuple[Any, ...]
    patterns: tuple[tuple[Ints, Ints, Ints], ...]


def read_repeats(data: pd.DataFrame, rows: npt.NDArray[np.bool_], subject: str, time: str | None) -> Repeats:
    """Find out who answered at which visits.

    Parameters
    ----------
    data, rows
        All rows, and which of them are used.
    subject, time
        Columns with the person and the visit; without the latter, a row's position among the person's used rows.

    Raises
    ------
    ValueError
        If a person has two used rows at one visit.
    """
    if time is None:
        visit = data.loc[rows].groupby(subject, sort=False).cumcount().to_numpy(dtype=np.int64)
        visits: tuple[Any, ...] = tuple(range(1, int(visit.max()) + 2))
    else:
        used = data.loc[rows, time]
        visits = ordered_waves(used, np.ones(len(used), dtype=bool))
        visit = np.asarray(pd.Index(list(visits)).get_indexer(pd.Index(used.to_numpy(dtype=object))), dtype=np.int64)
    people = np.asarray(pd.factorize(data.loc[rows, subject])[0], dtype=np.int64)
    order = np.lexsort((visit, people))
    if (np.diff(people[order]) == 0).any() and ((np.diff(people[order]) == 0) & (np.diff(visit[order]) == 0)).any():
        raise ValueError(f"a person of column {subject!r} has two rows at one visit")
    groups: dict[tuple[int, ...], list[npt.NDArray[np.int64]]] = {}
    for own in np.split(order, np.cumsum(np.bincount(people))[:-1]):
        groups.setdefault(tuple(visit[own].tolist()), []).append(own)
    patterns = []
    for key, members in groups.items():
        table = np.array(members)
        patterns.append((np.array(key, dtype=np.int64), people[table[:, 0]], table))
    return Repeats(int(people.max()) + 1, visits, tuple(patterns))


def estimate_alpha(
    pearson: Floats, repeats: Repeats, correlation: Correlation, scale: float, weights: Floats
) -> Floats:
    """Estimate the correlation from Pearson residuals by moments: empty, one number, or visits x visits.

    A pair counts with the product of its weights, as in geepack.
    """
    if correlation == "independence":
        return np.zeros(0)
    size = len(repeats.visits)
    sums, counts = np.zeros((size, size)), np.zeros((size, size))
    for visits, _, rows in repeats.patterns:
        at = np.ix_(visits, visits)
        heavy, weight = pearson[rows] * weights[rows], weights[rows]
        sums[at] += heavy.T @ heavy / scale
        counts[at] += weight.T @ weight
    upper = np.triu_indices(size, k=1)
    if not counts[upper].sum():
        raise InsufficientDataError(f"nobody answered twice: no {correlation} correlation can be estimated")
    if correlation == "exchangeable":
        return np.array([sums[upper].sum() / counts[upper].sum()])
    if correlation == "ar1":
        return np.array([_ar1(sums[upper], counts[upper], upper[1] - upper[0])])
    means = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    np.fill_diagonal(means, 1.0)
    return means


def _ar1(sums: Floats, counts: Floats, lags: Ints) -> float:
    """Solve Σ d α^(d-1) (z - α^d) = 0 over all pairs, at the solution next to the lag-one mean."""

    def equation(alpha: float) -> float:
        return float((lags * alpha ** (lags - 1.0) * (sums - counts * alpha**lags)).sum())

    nearest = lags == lags[counts > 0].min()
    mean = sums[nearest].sum() / counts[nearest].sum()
    start = float(np.clip(np.sign(mean) * np.abs(mean) ** (1 / lags[nearest][0]), -0.98, 0.98))
    for width in (0.05, 0.1, 0.2, 0.4, 0.8, 1.6):
        low, high = max(start - width, -0.9999), min(start + width, 0.9999)
        if equation(low) > 0 > equation(high):
            return float(optimize.brentq(equation, low, high, xtol=1e-15))
    raise ConvergenceError("no ar1 correlation solves its equation within -1 and 1")


def correlation_matrix(alpha: Floats, repeats: Repeats, correlation: Correlation) -> Floats:
    """Give the working correlation of all visits, shape (visits, visits)."""
    size = len(repeats.visits)
    if correlation == "independence":
        return np.eye(size)
    if correlation == "unstructured":
        return np.asarray(np.nan_to_num(alpha))
    if correlation == "exchangeable":
        return np.asarray(alpha[0] + (1 - alpha[0]) * np.eye(size))
    lags = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    return np.asarray(alpha[0] ** lags.astype(float))
