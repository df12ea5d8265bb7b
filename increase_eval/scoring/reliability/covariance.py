"""What every coefficient of reliability reads: covariances and correlations of items, and how many people they rest on.

From rows or from moments by missingness pattern, with one of two rules for missing answers. `listwise` keeps people who
answered all items. `pairwise` makes each covariance, and each correlation with the variances that go with it, from the
people who answered both items: more people, at the price of a matrix that no set of people has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.errors import InsufficientDataError
from increase_eval.moments import PatternMoments
from increase_eval.scoring.codes import read_answers

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Missing = Literal["listwise", "pairwise"]
Metric = Literal["covariance", "correlation"]
Items = pd.DataFrame | PatternMoments | npt.NDArray[Any]

ROUNDING = 1e-14
"""A variance this small beside the mean square about the provisional centre is rounding, and the item does not vary."""


@dataclass(frozen=True, slots=True)
class ItemCovariance:
    """Second moments of k items.

    Attributes
    ----------
    items
        The k names.
    covariance
        (k, k), divisor n - 1.
    correlation
        (k, k); NaN in the row and column of an item that does not vary.
    means
        (k,) of the people behind each item.
    n
        People behind the matrix: who answered all items (listwise), or the fewest who answered both items of a pair.
    n_dropped
        People with some answer who are not among these n.
    """

    items: tuple[str, ...]
    covariance: FloatArray
    correlation: FloatArray
    means: FloatArray
    n: int
    n_dropped: int

    def matrix(self, metric: Metric) -> FloatArray:
        """Give the matrix of a metric."""
        if metric not in ("covariance", "correlation"):
            raise ValueError(f"metric is {metric!r}; allowed: 'covariance', 'correlation'")
        return self.covariance if metric == "covariance" else self.correlation


def item_covariance(items: Items, *, missing: Missing = "listwise", fewest_items: int = 2) -> ItemCovariance:
    """Take the covariances of items.

    Parameters
    ----------
    items
        One row per participant and one column per item, already recoded and reversed, as a table or a matrix; or the
        moments of such a table.
    missing
        ``listwise`` or ``pairwise``.
    fewest_items
        How many items the caller needs at least.

    Returns
    -------
    ItemCovariance
        With groups of moments added up.

    Raises
    ------
    ValueError
        If there are fewer than `fewest_items` columns, one stands twice or holds something that is no finite number, or
        `missing` is neither of the two.
    InsufficientDataError
        If fewer than two people are left, or nothing varies.
    """
    if missing not in ("listwise", "pairwise"):
        raise ValueError(f"missing is {missing!r}; allowed: 'listwise', 'pairwise'")
    moments = items if isinstance(items, PatternMoments) else _moments(items)
    count = len(moments.columns)
    if count < fewest_items:
        raise ValueError(f"there are {count} items ({', '.join(moments.columns)}); at least {fewest_items} are needed")
    answered = int(moments.people[moments.patterns.any(axis=1)].sum())
    take = _listwise if missing == "listwise" else _pairwise
    covariance, correlation, means, n = take(moments)
    if not covariance.diagonal().any():
        raise InsufficientDataError(f"none of the items {', '.join(moments.columns)} varies among the {n} people left")
    return ItemCovariance(moments.columns, covariance, correlation, means, n, answered - n)


def _moments(items: pd.DataFrame | npt.NDArray[Any]) -> PatternMoments:
    """Take the moments of columns of any type that holds numbers; those of a matrix are named by their numbers."""
    if not isinstance(items, pd.DataFrame):
        if np.ndim(items) != 2:
            raise ValueError(f"items must be a table or a matrix, people by items; got {np.ndim(items)} dimensions")
        items = pd.DataFrame(np.asarray(items))
    if not items.columns.is_unique:
        raise ValueError(f"columns stand twice: {sorted(set(items.columns[items.columns.duplicated()]))}")
    columns = {}
    for name in items.columns:
        answers = read_answers(items[name])
        if len(answers.odd):
            raise ValueError(f"item {name!r} has {len(answers.odd)} answers that are not numbers; recode them first")
        columns[name] = answers.numbers
    return PatternMoments.from_frame(pd.DataFrame(columns), list(columns))


def _listwise(moments: PatternMoments) -> tuple[FloatArray, FloatArray, FloatArray, int]:
    complete = moments.patterns.all(axis=1)
    n, weight = int(moments.people[complete].sum()), moments.weights[complete].sum()
    if n < 2:
        raise InsufficientDataError(f"{n} people answered all of {', '.join(moments.columns)}; at least 2 are needed")
    sums, cross = moments.sums[complete].sum(axis=0), moments.cross[complete].sum(axis=0)
    # Weights only say how much each person counts: the divisor is that of n people.
    covariance = (cross - np.outer(sums, sums) / weight) / weight * n / (n - 1)
    still = covariance.diagonal() <= ROUNDING * cross.diagonal() / weight
    covariance[still, :] = covariance[:, still] = 0.0
    spread = np.sqrt(covariance.diagonal())
    return covariance, _correlation(covariance, np.outer(spread, spread)), moments.centre + sums / weight, n


def _pairwise(moments: PatternMoments) -> tuple[FloatArray, FloatArray, FloatArray, int]:
    """Use, for each pair, those who answered both: also for the two variances in its correlation."""
    mask = moments.patterns.astype(np.float64)
    people = np.einsum("c,cj,ck->jk", moments.people.astype(np.float64), mask, mask)
    fewest = int(people.min())
    if fewest < 2:
        j, k = np.unravel_index(people.argmin(), people.shape)
        pair = f"{moments.columns[j]} and {moments.columns[k]}"
        raise InsufficientDataError(f"{fewest} people answered both {pair}; at least 2 are needed")
    weight = np.einsum("c,cj,ck->jk", moments.weights, mask, mask)
    sums = np.einsum("cj,ck->jk", moments.sums, mask)
    squares = np.einsum("cjj,ck->jk", moments.cross, mask)
    bessel = people / (people - 1)
    covariance = (moments.cross.sum(axis=0) - sums * sums.T / weight) / weight * bessel
    variance = (squares - sums**2 / weight) / weight * bessel
    variance[variance <= ROUNDING * squares / weight] = 0.0
    covariance[(variance == 0) | (variance.T == 0)] = 0.0
    means = moments.centre + (sums / weight).diagonal()
    return covariance, _correlation(covariance, np.sqrt(variance * variance.T)), means, fewest


def _correlation(covariance: FloatArray, scale: FloatArray) -> FloatArray:
    correlation = np.divide(covariance, scale, out=np.full_like(covariance, np.nan), where=scale > 0)
    np.fill_diagonal(correlation, np.where(scale.diagonal() > 0, 1.0, np.nan))
    return correlation
