"""How sure is an estimate that goes through several steps? Everything made again without one group of people at a time.

The delete-a-group jackknife: weights, margins and estimates are all worked out anew in every replicate, so that the
error counts the estimation of the weights, whatever they came from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from increase_eval.errors import InsufficientDataError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Replicates:
    """An estimate and its replicates.

    Attributes
    ----------
    estimate
        Of everybody, shape (k,).
    values
        Of every replicate, shape (groups, k); NaN where one could not be worked out.
    std_error
        Shape (k,); NaN where fewer than two replicates are there.
    df
        Degrees of freedom, shape (k,): replicates less one.
    """

    estimate: Floats
    values: Floats
    std_error: Floats
    df: Floats

    @property
    def n_failed(self) -> int:
        """Replicates that could not be worked out for some estimate."""
        return int(np.isnan(self.values[:, ~np.isnan(self.estimate)]).any(axis=1).sum())


def jackknife_groups(n: int, groups: int, rng: np.random.Generator, *, strata: Ints | None = None) -> Ints:
    """Put n people into groups of about equal size at random, spread evenly over strata such as arms."""
    if groups < 2:
        raise ValueError(f"groups is {groups}; allowed: 2 or more")
    if n < 2:
        raise InsufficientDataError(f"{n} people cannot be parted into groups")
    shuffled = rng.permutation(n)
    ordered = shuffled if strata is None else shuffled[np.argsort(strata[shuffled], kind="stable")]
    numbers = np.empty(n, dtype=np.int64)
    numbers[ordered] = np.arange(n) % min(groups, n)
    return numbers


def delete_a_group(estimate: Callable[[npt.NDArray[np.bool_]], Floats], groups: Ints) -> Replicates:
    """How sure is an estimate, by leaving out one group of people at a time?

    Parameters
    ----------
    estimate
        Gives the k estimates of those people for whom its argument, of shape (n,), is true; NaN where there is none.
    groups
        The group of every person, counted from 0.

    Returns
    -------
    Replicates
        `estimate`, `values`, `std_error`, `df`.

    Raises
    ------
    InsufficientDataError
        If there are fewer than two groups.

    Notes
    -----
    V = (G - 1)/G Σ_g (t_g - t̄)², t̄ the mean of the replicates, on G - 1 degrees of freedom, G the replicates that
    could be worked out. With every person a group of its own it is the jackknife.

    References
    ----------
    Kott PS (2001). The delete-a-group jackknife. Journal of Official Statistics 17, 521-526.

    Checked against the standard error of a mean (exact, one person a group) and against stacked estimating equations
    in ``tests/unit/attrition/test_replicates.py``.

    Examples
    --------
    >>> values = np.array([1.0, 2.0, 4.0, 5.0])
    >>> found = delete_a_group(lambda rows: np.array([values[rows].mean()]), np.arange(4))
    >>> print(round(float(found.std_error[0]), 6), round(values.std(ddof=1) / 2, 6))
    0.912871 0.912871
    """
    count = int(groups.max(initial=-1)) + 1
    if count < 2:
        raise InsufficientDataError("a jackknife needs two groups")
    whole = estimate(np.ones(len(groups), dtype=bool))
    values = np.vstack([estimate(groups != group) for group in range(count)])
    there = (~np.isnan(values)).sum(axis=0).astype(float)
    enough = there > 1
    centre = np.divide(np.nansum(values, axis=0), there, out=np.full(len(whole), np.nan), where=enough)
    squares = np.nansum((values - centre) ** 2, axis=0)
    variance = np.where(enough, (there - 1) / np.maximum(there, 1) * squares, np.nan)
    return Replicates(whole, values, np.sqrt(variance), np.where(enough, there - 1, np.nan))
