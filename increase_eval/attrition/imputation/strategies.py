"""What is assumed of the mean after somebody leaves: each strategy as a linear map of means the model knows.

A person has 2m known means: those of the own arm at the m visits, then those of the reference arm with the person's own
covariates. A strategy says how the means that the imputation uses are put together from these.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from increase_eval.moments.accumulate import FloatArray

Strategy = Literal["mar", "jr", "cr", "cir", "lmcf", "return-to-baseline"]

NEED_REFERENCE = ("jr", "cr", "cir")
"""Strategies that speak of another arm, and so mean nothing without one that is named."""


def check_strategy(strategy: str) -> None:
    """Refuse a strategy that is not known."""
    if strategy not in get_args(Strategy):
        raise ValueError(f"strategy is {strategy!r}; allowed: {', '.join(get_args(Strategy))}")


def strategy_means(strategy: str, m: int, left: int) -> FloatArray:
    """Express the means behind an imputation in the known ones.

    Parameters
    ----------
    strategy
        One of :data:`Strategy`.
    m
        Number of visits.
    left
        Number of the first visit after the last one observed; m for those who never left.

    Returns
    -------
    ndarray
        (m, 2m): the means at the m visits from the own arm's (first m columns) and the reference arm's.

    Notes
    -----
    With mu the own arm's means, nu the reference's, and s the last visit before leaving, the mean at t from then on
    is: ``mar`` mu_t; ``jr`` nu_t; ``cr`` nu_t, and nu before leaving as well; ``cir`` mu_s + nu_t - nu_s;
    ``lmcf`` mu_s; ``return-to-baseline`` mu at the first visit. Who was never seen has no s: under ``cir`` the mean is
    then nu_t, and under ``lmcf`` there is none (NaN).

    Examples
    --------
    >>> strategy_means("cir", 2, 1).tolist()
    [[1.0, 0.0, 0.0, 0.0], [1.0, 0.0, -1.0, 1.0]]
    """
    means = np.eye(m, 2 * m)
    later = np.arange(left, m)
    if strategy == "mar" or not later.size:
        return means
    if strategy == "cr":
        return np.asarray(np.eye(m, 2 * m, k=m))
    means[later] = 0.0
    if strategy == "lmcf":
        means[later, left - 1] = 1.0 if left else np.nan
    elif strategy == "return-to-baseline":
        means[later, 0] = 1.0
    else:
        means[later, m + later] = 1.0
    if strategy == "cir" and left:
        means[later, left - 1] += 1.0
        means[later, m + left - 1] -= 1.0
    return means
