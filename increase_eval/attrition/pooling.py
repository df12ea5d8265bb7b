"""What do several completed data sets say together? Rubin's rules for one estimate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.comparison.categorical.proportions import normal_quantile
from increase_eval.comparison.engines.linear import inference_table
from increase_eval.errors import InsufficientDataError
from increase_eval.results import estimate_table

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pooled:
    """One estimate from m completed data sets.

    Attributes
    ----------
    estimate, std_error, df
        Pooled; df is infinite where the data sets agree and `df_complete` is not given.
    fmi
        Fraction of missing information, (riv + 2/(df + 3)) / (riv + 1).
    riv
        Relative increase in variance, (1 + 1/m) B / U.
    lambda_
        Share of the variance that is due to missing values, (1 + 1/m) B / T.
    monte_carlo_error
        √(B/m): how far the estimate would move with other draws.
    within, between, total
        U, B and T.
    m, df_complete
        Data sets, and the degrees of freedom had nothing been missing.
    """

    estimate: float
    std_error: float
    df: float
    fmi: float
    riv: float
    lambda_: float
    monte_carlo_error: float
    within: float
    between: float
    total: float
    m: int
    df_complete: float | None

    def to_frame(self, *, confidence: float = 0.95) -> pd.DataFrame:
        """Give the pooled estimate as an estimate table of one row."""
        normal_quantile(confidence)
        index = pd.Index(["pooled"], name="term")
        row = inference_table(index, np.array([self.estimate]), np.array([self.std_error]), self.df, confidence)
        return estimate_table(row.reset_index(), method=f"Rubin's rules, m = {self.m}")


def pool(estimates: npt.ArrayLike, variances: npt.ArrayLike, *, df_complete: float | None = None) -> Pooled:
    """How sure is one number after m imputations?

    Parameters
    ----------
    estimates, variances
        The estimate and its squared standard error in each data set, shape (m,), m at least 2.
    df_complete
        Residual degrees of freedom had nothing been missing; empty: infinite.

    Returns
    -------
    Pooled
        `estimate, std_error, df, fmi, riv, lambda_, monte_carlo_error`.

    Raises
    ------
    ValueError
        If shapes differ, a number is missing or infinite, a variance is negative, or `df_complete` is not above 0.
    InsufficientDataError
        If there are fewer than two data sets, or no variance at all.

    Notes
    -----
    Q the mean, U the mean variance, B the variance of the estimates, T = U + (1 + 1/m) B. Rubin (1987):
    ν = (m - 1)/λ². Barnard and Rubin (1999), where `df_complete` is given: 1/(1/ν + 1/ν_obs) with
    ν_obs = (ν_c + 1)/(ν_c + 3) ν_c (1 - λ).

    References
    ----------
    Rubin DB (1987). Multiple Imputation for Nonresponse in Surveys. doi:10.1002/9780470316696.
    Barnard J, Rubin DB (1999). doi:10.1093/biomet/86.4.948.

    Checked against R (mice, mitools) in ``tests/golden/attrition/mi_rubin_nhanes_*.json``.

    Examples
    --------
    >>> pooled = pool([1.0, 1.2, 0.9], [0.04, 0.05, 0.045])
    >>> print(f"{pooled.estimate:.4f} {pooled.std_error:.4f} {pooled.df:.1f}")
    1.0333 0.2759 12.0
    """
    q, u = np.asarray(estimates, dtype=float), np.asarray(variances, dtype=float)
    if q.ndim != 1 or q.shape != u.shape:
        raise ValueError(f"estimates have the shape {q.shape} and variances {u.shape}; allowed: both (m,)")
    if not (np.isfinite(q).all() and np.isfinite(u).all()) or (u < 0).any():
        raise ValueError("an estimate or variance is missing or infinite, or a variance is negative")
    check_df(df_complete)
    m = len(q)
    within = float(u.mean()) if m else 0.0
    between = float(q.var(ddof=1)) if m > 1 else 0.0
    if m < 2 or within + between <= 0:
        raise InsufficientDataError(f"pooling needs two data sets with some variance; there are {m}")
    missing = (1 + 1 / m) * between
    total = within + missing
    lambda_ = missing / total
    riv = missing / within if within > 0 else np.inf
    df = (m - 1) / lambda_**2 if lambda_ > 0 else np.inf
    if df_complete is not None and np.isfinite(df_complete):
        observed = (df_complete + 1) / (df_complete + 3) * df_complete * (1 - lambda_)
        df = 1 / (1 / df + 1 / observed) if observed > 0 else 0.0
    # (riv + x) / (riv + 1) written so that it holds where riv is infinite
    fmi = lambda_ + (1 - lambda_) * 2 / (df + 3)
    error = float(np.sqrt(between / m))
    return Pooled(
        float(q.mean()), float(np.sqrt(total)), float(df), float(fmi), float(riv), float(lambda_), error,
        within, between, total, m, df_complete,
    )  # fmt: skip


def check_df(df_complete: float | None) -> None:
    """Refuse degrees of freedom that are not above 0."""
    if df_complete is not None and not df_complete > 0:
        raise ValueError(f"df_complete is {df_complete!r}; allowed: a number above 0, or empty")


def pool_means(completed: Floats, weights: Floats, masks: Sequence[npt.NDArray[np.bool_]]) -> Pooled:
    """Pool the weighted mean of some people in completed tables, or what it is less that of others.

    Parameters
    ----------
    completed
        (draws, people) values without gaps.
    weights
        (people,) above 0 for everybody of the masks.
    masks
        (people,) whose mean it is; and, for a difference, whose mean is taken off. Two people or more each.

    Returns
    -------
    Pooled
        With as many complete-data degrees of freedom as there are people, less one for each mean.

    Notes
    -----
    The variance within a table is that of a weighted mean, sum of (w (y - mean))^2 times n/(n - 1) with w of sum 1.

    Examples
    --------
    >>> found = pool_means(np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 6.0]]), np.ones(3), [np.ones(3, dtype=bool)])
    >>> print(found.estimate, round(found.within, 6), found.df_complete)
    2.5 1.333333 2
    """
    means, within, free = np.zeros(len(completed)), np.zeros(len(completed)), 0
    for sign, mask in zip((1.0, -1.0), masks, strict=False):
        w, n = weights[mask] / weights[mask].sum(), int(mask.sum())
        own = completed[:, mask] @ w
        gaps = (completed[:, mask] - own[:, None]) * w
        means, within, free = means + sign * own, within + (gaps**2).sum(axis=1) * n / (n - 1), free + n - 1
    return pool(means, within, df_complete=free)
