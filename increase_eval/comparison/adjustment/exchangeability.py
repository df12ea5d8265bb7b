"""Would the arms look as different if providers had been dealt to them by chance? A check of exchangeability.

Approaches were allocated to providers, and not to people, so that only providers can be exchanged: with six of them the
arrangements are few, and the smallest p value that could come out is printed beside the one that did. Nobody dealt the
providers out at random; the p value says how unusual the arrangement looks, and no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb, factorial, prod
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.errors import InsufficientDataError
from increase_eval.results import estimate_table

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

OK = "ok"
NO_OTHER = "refused: no arrangement can look different from this one"
MOST_ENUMERATED = 50_000
SAME = 1e-10
"""Statistics nearer to each other than this share of the larger are the same."""


@dataclass(frozen=True, slots=True)
class Exchangeability:
    """How unusual the arrangement of units over arms looks.

    Attributes
    ----------
    statistic
        Difference of the means of two arms (over their units), or for more arms the sum of squares between them.
    p_value, smallest_p_value
        Share of arrangements that look at least as different, and the smallest share that this layout could give;
        missing unless `status` is ``ok``.
    arrangements, is_enumerated
        How many there are, and whether all were looked at.
    sizes
        Units of each arm.
    arms, n_units, status
        What was compared.
    """

    statistic: float
    p_value: float
    smallest_p_value: float
    arrangements: int
    is_enumerated: bool
    sizes: tuple[int, ...]
    arms: tuple[Any, ...]
    n_units: int
    status: str

    def to_frame(self) -> pd.DataFrame:
        """Give the p value and the smallest one attainable as an estimate table; n is the number of units."""
        contrast = f"{self.arms[1]} - {self.arms[0]}" if len(self.arms) == 2 else "all arms"
        method = f"exchangeability check, {self.arrangements} arrangements"
        rows = [
            {"term": "statistic", "estimate": self.statistic, "p_value": self.p_value},
            {"term": "smallest p value", "estimate": self.smallest_p_value},
        ]
        return estimate_table(rows, contrast=contrast, n=self.n_units, method=method, status=self.status)


def exchangeability_check(
    values: Sequence[float] | pd.Series,
    arms: Sequence[Any] | pd.Series,
    *,
    draws: int = 9999,
    rng: np.random.Generator | None = None,
) -> Exchangeability:
    """Would the arms look as different if their units had been dealt to them by chance?

    Parameters
    ----------
    values
        One number a unit (a provider's mean, or its adjusted mean).
    arms
        The arm of each unit, in the same order; categories of a categorical in their order, others sorted.
    draws, rng
        How many arrangements are drawn, and from what, where there are more than :data:`MOST_ENUMERATED`.

    Returns
    -------
    Exchangeability
        `p_value`, `smallest_p_value`, `arrangements`, `status`.

    Raises
    ------
    ValueError
        If lengths differ, a value is not finite, or arrangements have to be drawn and `rng` is missing.
    InsufficientDataError
        If there are fewer than two arms.

    Notes
    -----
    Arrangements keep the number of units of each arm: n!/Π n_k!. Two arms: |mean of 2 - mean of 1|, each over its
    units; more: Σ n_k (m_k - m)². The p value is the share of arrangements (the one at hand among them) that are at
    least as large. Arms with as many units can exchange their names and look the same, so that the smallest attainable
    p value is Π (number of arms of a size)! over the arrangements: 1/3 for one unit against two, 1/3 for two against
    two (2 of 6), 4/180 for 1, 2, 2 and 1. Drawn: (1 + count)/(1 + draws).

    References
    ----------
    Rosenbaum PR (2002). Observational Studies, 2nd edition. doi:10.1007/978-1-4757-3692-2.
    Phipson B, Smyth GK (2010), drawn arrangements. doi:10.2202/1544-6115.1585.

    Checked by hand in ``tests/spec/comparison/test_exchangeability.py``.

    Examples
    --------
    >>> check = exchangeability_check([1.0, 2.0, 4.0], ["a", "b", "b"])
    >>> print(check.arrangements, f"{check.p_value:.4f}", f"{check.smallest_p_value:.4f}")
    3 0.6667 0.3333
    """
    y = np.asarray(values, dtype=float)
    labels = pd.Series(arms).reset_index(drop=True)
    if len(labels) != len(y) or not np.isfinite(y).all() or labels.isna().any():
        raise ValueError(f"there are {len(y)} values and {len(labels)} arms; allowed: one finite value and arm a unit")
    labels = labels if isinstance(labels.dtype, pd.CategoricalDtype) else labels.astype("category")
    labels = labels.cat.remove_unused_categories()
    codes, names = labels.cat.codes.to_numpy().astype(np.int64), tuple(labels.cat.categories)
    if len(names) < 2:
        raise InsufficientDataError(f"a comparison needs two arms; there are {len(names)}")
    sizes = np.bincount(codes)
    count = _arrangements(sizes)
    observed = _statistics(y, codes[None], len(names))[0]
    statistic = float(y[codes == 1].mean() - y[codes == 0].mean()) if len(names) == 2 else float(observed)
    shape = (tuple(int(size) for size in sizes), names, len(y))
    smallest = _smallest(sizes, count)
    if smallest >= 1:
        return Exchangeability(statistic, np.nan, np.nan, count, True, *shape, NO_OTHER)
    enumerated = count <= MOST_ENUMERATED
    if enumerated:
        every = np.array(list(_deals(sizes)))
    elif rng is None:
        raise ValueError(f"there are {count} arrangements, too many to look at them all: pass `rng`")
    else:
        every = np.array([rng.permutation(codes) for _ in range(draws)])
    larger = int((_statistics(y, every, len(names)) >= observed * (1 - SAME)).sum())
    p_value = larger / count if enumerated else (1 + larger) / (1 + draws)
    smallest = smallest if enumerated else max(smallest, 1 / (1 + draws))
    return Exchangeability(statistic, p_value, smallest, count, enumerated, *shape, OK)


def _arrangements(sizes: Ints) -> int:
    left, count = int(sizes.sum()), 1
    for size in sizes:
        count *= comb(left, int(size))
        left -= int(size)
    return count


def _smallest(sizes: Ints, count: int) -> float:
    """Give the share of the arrangements that differ from one only by the names of arms with as many units."""
    same = prod(factorial(int(number)) for number in np.unique(sizes, return_counts=True)[1])
    return float(same / count)


def _deals(sizes: Ints) -> Iterator[Ints]:
    """Give every way to deal units to arms, as the arm of each unit."""

    def deal(units: tuple[int, ...], arm: int) -> Iterator[dict[int, int]]:
        if arm == len(sizes) - 1:
            yield dict.fromkeys(units, arm)
            return
        for chosen in combinations(units, int(sizes[arm])):
            left = tuple(unit for unit in units if unit not in chosen)
            for rest in deal(left, arm + 1):
                yield {**dict.fromkeys(chosen, arm), **rest}

    total = int(sizes.sum())
    for dealt in deal(tuple(range(total)), 0):
        yield np.array([dealt[unit] for unit in range(total)], dtype=np.int64)


def _statistics(y: Floats, every: Ints, arms: int) -> Floats:
    """Give the statistic of every arrangement."""
    hits = every[:, :, None] == np.arange(arms)
    sizes = hits.sum(axis=1)
    means = np.einsum("u,auk->ak", y, hits.astype(float)) / sizes
    if arms == 2:
        return np.asarray(np.abs(means[:, 1] - means[:, 0]))
    return np.asarray((sizes * (means - y.mean()) ** 2).sum(axis=1))
