"""Have the chains forgotten where they began? Means and variances by iteration, and R-hat over chains."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from increase_eval.attrition.imputation.chained.chain import Chain
from increase_eval.moments.accumulate import FloatArray


def chain_table(chains: Sequence[Chain]) -> pd.DataFrame:
    """Lay out what the imputed values of each column were like.

    Returns
    -------
    DataFrame
        One row a column, draw and iteration (from 1): column, draw, iteration, mean, variance; of level numbers where
        a column has levels.
    """
    rows = [
        {"column": name, "draw": draw, "iteration": step + 1, "mean": mean, "variance": variance}
        for draw, chain in enumerate(chains)
        for name in chain.means
        for step, (mean, variance) in enumerate(zip(chain.means[name], chain.variances[name], strict=True))
    ]
    return pd.DataFrame(rows, columns=["column", "draw", "iteration", "mean", "variance"])


def r_hat_table(chains: Sequence[Chain]) -> pd.DataFrame:
    """Give R-hat of the mean and of the variance of each column, over the second half of the iterations."""
    names = list(chains[0].means)
    found = [
        {
            "column": name,
            "of_mean": r_hat(np.array([chain.means[name] for chain in chains])),
            "of_variance": r_hat(np.array([chain.variances[name] for chain in chains])),
        }
        for name in names
    ]
    return pd.DataFrame(found, columns=["column", "of_mean", "of_variance"])


def r_hat(values: FloatArray) -> float:
    """Compare the scatter between chains with that within: near 1 where they agree.

    Parameters
    ----------
    values
        (chains, iterations); the first half is left out.

    Returns
    -------
    float
        sqrt(((n - 1)/n W + B/n)/W), W the mean variance within chains and B/n that of their means; missing with fewer
        than two chains or two iterations in the half, or where nothing varies.

    Notes
    -----
    References: Gelman A, Rubin DB (1992). doi:10.1214/ss/1177011136
    """
    late = values[:, values.shape[1] // 2 :]
    chains, n = late.shape
    if chains < 2 or n < 2:
        return float("nan")
    within, between = float(late.var(axis=1, ddof=1).mean()), float(late.mean(axis=1).var(ddof=1))
    if not within > 0:
        return float("nan")
    return float(np.sqrt(((n - 1) / n * within + between) / within))
