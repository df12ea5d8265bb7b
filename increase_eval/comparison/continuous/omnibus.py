"""Do several groups differ at all, in means, ranks or variances? Five omnibus tests of one variable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

Floats = npt.NDArray[np.float64]
Samples = Sequence[Floats]

OK = "ok"
NO_VARIANCE = "no variance"


def omnibus_tests(samples: Samples) -> pd.DataFrame:
    """Test several samples in five ways.

    Parameters
    ----------
    samples
        Two or more arrays without missing values, at least one with two values.

    Returns
    -------
    DataFrame
        Index ``anova``, ``welch``, ``kruskal``, ``levene`` (about medians: Brown and Forsythe), ``bartlett``; columns
        ``statistic``, ``df``, ``df_denom`` (missing for chi-squares), ``p_value``, ``status`` (``no variance`` where
        the test does not exist: its numbers are then missing).
    """
    rows = {
        "anova": _anova(samples),
        "welch": _welch(samples),
        "kruskal": _kruskal(samples),
        "levene": _anova([np.abs(sample - np.median(sample)) for sample in samples]),
        "bartlett": _bartlett(samples),
    }
    return pd.DataFrame.from_dict(rows, orient="index").astype({"status": "string"})


def _f_row(statistic: float, df: float, df_denom: float) -> dict[str, Any]:
    p_value = float(stats.f.sf(statistic, df, df_denom))
    return {"statistic": statistic, "df": df, "df_denom": df_denom, "p_value": p_value, "status": OK}


def _chi_row(statistic: float, df: float) -> dict[str, Any]:
    p_value = float(stats.chi2.sf(statistic, df))
    return {"statistic": statistic, "df": df, "df_denom": np.nan, "p_value": p_value, "status": OK}


def _missing(df: float) -> dict[str, Any]:
    return {"statistic": np.nan, "df": df, "df_denom": np.nan, "p_value": np.nan, "status": NO_VARIANCE}


def _moments(samples: Samples) -> tuple[Floats, Floats, Floats]:
    """Give sizes, means, and sums of squares about the means."""
    sizes = np.array([len(sample) for sample in samples], dtype=float)
    means = np.array([sample.mean() for sample in samples])
    squares = np.array([((sample - sample.mean()) ** 2).sum() for sample in samples])
    return sizes, means, squares


def is_flat(squares: float, samples: Samples) -> bool:
    """Say whether a sum of squares is nothing but rounding of the numbers it was made from."""
    largest = max(float(np.abs(sample).max()) for sample in samples)
    return squares <= sum(map(len, samples)) * (1e-13 * largest) ** 2


def _anova(samples: Samples) -> dict[str, Any]:
    sizes, means, squares = _moments(samples)
    df, df_denom = len(samples) - 1, sizes.sum() - len(samples)
    if df_denom < 1 or is_flat(squares.sum(), samples):
        return _missing(df)
    between = float(sizes @ (means - sizes @ means / sizes.sum()) ** 2)
    return _f_row(between / df / float(squares.sum() / df_denom), df, df_denom)


def _welch(samples: Samples) -> dict[str, Any]:
    sizes, means, squares = _moments(samples)
    df = len(samples) - 1
    if (sizes < 2).any() or any(is_flat(float(s), [x]) for s, x in zip(squares, samples, strict=True)):
        return _missing(df)
    weights = sizes * (sizes - 1) / squares
    centre = weights @ means / weights.sum()
    spread = float(((1 - weights / weights.sum()) ** 2 / (sizes - 1)).sum())
    k = len(samples)
    statistic = float(weights @ (means - centre) ** 2) / df / (1 + 2 * (k - 2) / (k**2 - 1) * spread)
    return _f_row(statistic, df, (k**2 - 1) / (3 * spread))


def _kruskal(samples: Samples) -> dict[str, Any]:
    ranks = stats.rankdata(np.concatenate(samples))
    df = len(samples) - 1
    variance = float(ranks.var(ddof=1))
    if variance == 0:
        return _missing(df)
    parts = np.split(ranks, np.cumsum([len(sample) for sample in samples])[:-1])
    middle = (len(ranks) + 1) / 2
    statistic = sum(len(part) * (part.mean() - middle) ** 2 for part in parts) / variance
    return _chi_row(float(statistic), df)


def _bartlett(samples: Samples) -> dict[str, Any]:
    sizes, _, squares = _moments(samples)
    df = len(samples) - 1
    if (sizes < 2).any() or any(is_flat(float(s), [x]) for s, x in zip(squares, samples, strict=True)):
        return _missing(df)
    free = sizes - 1
    pooled = squares.sum() / free.sum()
    correction = 1 + ((1 / free).sum() - 1 / free.sum()) / (3 * df)
    statistic = float(free.sum() * np.log(pooled) - free @ np.log(squares / free)) / correction
    return _chi_row(statistic, df)
