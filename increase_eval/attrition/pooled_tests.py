"""What do several completed data sets say together about several numbers at once? The tests D1, D2 and D3."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from increase_eval.attrition.pooling import check_df
from increase_eval.errors import InsufficientDataError
from increase_eval.results import estimate_table

Floats = npt.NDArray[np.float64]
TestMethod = Literal["d1", "d2", "d3"]


@dataclass(frozen=True, slots=True)
class PooledTest:
    """A joint test from m completed data sets that k numbers are nought.

    Attributes
    ----------
    statistic, df_num, df_denom, p_value
        F; the denominator's df is infinite where the data sets agree.
    riv
        Average relative increase in variance.
    method, m
        ``d1``, ``d2`` or ``d3``, and data sets.
    """

    statistic: float
    df_num: int
    df_denom: float
    p_value: float
    riv: float
    method: str
    m: int

    def to_frame(self) -> pd.DataFrame:
        """Give the test as an estimate table of one row; df is the numerator's."""
        row = {"term": "all nought", "statistic": self.statistic, "df": self.df_num, "p_value": self.p_value}
        method = f"{self.method.upper()} on {self.df_num} and {self.df_denom:.4g} df, m = {self.m}"
        return estimate_table([row], method=method)


def pool_tests(
    estimates: npt.ArrayLike,
    covariances: npt.ArrayLike | None,
    *,
    df_complete: float | None = None,
    method: TestMethod = "d1",
    log_likelihoods: Sequence[npt.ArrayLike] | None = None,
) -> PooledTest:
    """Are k numbers all nought, in the light of m completed data sets?

    Parameters
    ----------
    estimates
        Shape (m, k), m at least 2; shape (m,) is k = 1.
    covariances
        Shape (m, k, k); not needed for ``d3``.
    df_complete
        For ``d1``: residual degrees of freedom had nothing been missing.
    method
        ``d1`` (pooled Wald test), ``d2`` (from the m Wald statistics alone), ``d3`` (likelihood ratios).
    log_likelihoods
        For ``d3``: four sequences of length m, of the full and the restricted model at their own estimates, then of
        the full and the restricted one at the pooled estimates (residual variances pooled too).

    Returns
    -------
    PooledTest
        `statistic, df_num, df_denom, p_value, riv`.

    Raises
    ------
    ValueError
        If shapes do not fit, a number is missing, or an option is unknown.
    InsufficientDataError
        If there are fewer than two data sets, or a covariance is singular.

    Notes
    -----
    Q̄, Ū and B as in :func:`pool`, t = k(m-1). D1: r = (1+1/m) tr(BŪ⁻¹)/k, F = Q̄'Ū⁻¹Q̄ / (k(1+r)), with Reiter's df
    where `df_complete` is given (Barnard and Rubin's with r where t is at most 4), else Li, Raghunathan and Rubin's.
    D2: r = (1+1/m) Var(√d), F = (d̄/k - (m+1)/(m-1) r)/(1+r) on k^(-3/m)(m-1)(1+1/r)². D3: d̄' and d̄ the mean
    likelihood ratio statistics at own and at pooled estimates, r = (m+1)/(k(m-1)) (d̄' - d̄), F = d̄/(k(1+r)), df as
    D1's without `df_complete`. A negative r is taken as nought.

    References
    ----------
    Li KH, Raghunathan TE, Rubin DB (1991). doi:10.1080/01621459.1991.10475152. Reiter JP (2007).
    doi:10.1093/biomet/asm028. Li KH et al. (1991), D2. https://www.jstor.org/stable/24303994.
    Meng XL, Rubin DB (1992). doi:10.1093/biomet/79.1.103.

    Checked against R (mice, mitml) in ``tests/golden/attrition/mi_rubin_nhanes_*.json``.

    Examples
    --------
    >>> test = pool_tests([[1.0, 0.5], [1.2, 0.4], [0.9, 0.7]], [np.eye(2) * 0.1] * 3)
    >>> print(f"{test.statistic:.4f} on {test.df_num} and {test.df_denom:.1f}")
    5.1568 on 2 and 53.3
    """
    if method not in get_args(TestMethod):
        raise ValueError(f"method is {method!r}; allowed: {', '.join(get_args(TestMethod))}")
    check_df(df_complete)
    q = np.asarray(estimates, dtype=float)
    q = q[:, None] if q.ndim == 1 else q
    if q.ndim != 2 or not np.isfinite(q).all():
        raise ValueError(f"estimates have the shape {q.shape}; allowed: (m, k), all finite")
    if len(q) < 2:
        raise InsufficientDataError("pooling needs two data sets or more")
    if method == "d3":
        return _d3(q.shape[1], len(q), log_likelihoods)
    u = _covariances(covariances, q.shape)
    return _d1(q, u, df_complete) if method == "d1" else _d2(q, u)


def _covariances(covariances: npt.ArrayLike | None, shape: tuple[int, ...]) -> Floats:
    m, k = shape
    u = np.asarray(covariances, dtype=float)
    u = u.reshape(m, 1, 1) if u.shape in ((m,), (m, 1)) and k == 1 else u
    if u.shape != (m, k, k) or not np.isfinite(u).all():
        raise ValueError(f"covariances have the shape {u.shape}; allowed: {(m, k, k)}, all finite")
    if (np.linalg.eigvalsh(u) <= 0).any():
        raise InsufficientDataError("a covariance of the estimates is singular: the test does not exist")
    return u


def _result(statistic: float, k: int, df: float, riv: float, method: str, m: int) -> PooledTest:
    p_value = stats.f.sf(statistic, k, df) if np.isfinite(df) else stats.chi2.sf(k * statistic, k)
    return PooledTest(float(statistic), k, float(df), float(p_value), float(riv), method, m)


def _large_sample_df(k: int, m: int, riv: float) -> float:
    if riv <= 0:
        return np.inf
    t = k * (m - 1)
    if t > 4:
        return 4 + (t - 4) * (1 + (1 - 2 / t) / riv) ** 2
    return t * (1 + 1 / k) * (1 + 1 / riv) ** 2 / 2


def _reiter_df(k: int, m: int, riv: float, df_complete: float) -> float:
    """Give Reiter's denominator df; it exists for k(m - 1) above 4 and enough complete-data df."""
    t = k * (m - 1)
    share = riv * t / (t - 2)
    star = (df_complete + 1) / (df_complete + 3) * df_complete
    c0, c1, c2 = 1 / (t - 4), star - 2 * (1 + share), star - 4 * (1 + share)
    if c2 <= 0:
        raise InsufficientDataError(f"df_complete = {df_complete:g} is too few for this much missing information")
    inverse = (
        1 / c2
        + c0 * share**2 * c1 / ((1 + share) ** 2 * c2)
        + c0 * (8 * share**2 * c1 / ((1 + share) * c2**2) + 4 * share**2 / ((1 + share) * c2))
        + c0 * (4 * share**2 / (c2 * c1) + 16 * share**2 * c1 / c2**3)
        + c0 * 8 * share**2 / c2**2
    )
    return 4 + 1 / inverse


def _few_draws_df(k: int, m: int, riv: float, df_complete: float) -> float:
    """Give the df where Reiter's do not exist: Barnard and Rubin's, with the average relative increase in variance."""
    observed = (df_complete + 1) / (df_complete + 3) * df_complete / (1 + riv)
    return 1 / (1 / _large_sample_df(k, m, riv) + 1 / observed)


def _d1(q: Floats, u: Floats, df_complete: float | None) -> PooledTest:
    m, k = q.shape
    mean, within = q.mean(axis=0), u.mean(axis=0)
    between = np.atleast_2d(np.cov(q, rowvar=False))
    riv = (1 + 1 / m) * float(np.trace(np.linalg.solve(within, between))) / k
    statistic = float(mean @ np.linalg.solve(within, mean)) / (k * (1 + riv))
    if df_complete is None or not np.isfinite(df_complete):
        df = _large_sample_df(k, m, riv)
    elif k * (m - 1) <= 4:
        df = _few_draws_df(k, m, riv, df_complete)
    else:
        df = _reiter_df(k, m, riv, df_complete)
    return _result(statistic, k, df, riv, "d1", m)


def _d2(q: Floats, u: Floats) -> PooledTest:
    m, k = q.shape
    wald = np.einsum("ij,ij->i", q, np.linalg.solve(u, q[:, :, None])[:, :, 0])
    riv = (1 + 1 / m) * float(np.sqrt(wald).var(ddof=1))
    statistic = (float(wald.mean()) / k - (m + 1) / (m - 1) * riv) / (1 + riv)
    df = k ** (-3 / m) * (m - 1) * (1 + 1 / riv) ** 2 if riv > 0 else np.inf
    return _result(max(statistic, 0.0), k, df, riv, "d2", m)


def _d3(k: int, m: int, log_likelihoods: Sequence[npt.ArrayLike] | None) -> PooledTest:
    values = None if log_likelihoods is None else [np.asarray(one, dtype=float) for one in log_likelihoods]
    if values is None or len(values) != 4 or any(one.shape != (m,) or not np.isfinite(one).all() for one in values):
        raise ValueError(f"d3 needs log_likelihoods: four sequences of {m} finite numbers")
    own, pooled = (2 * float((values[at] - values[at + 1]).mean()) for at in (0, 2))
    riv = max((m + 1) / (k * (m - 1)) * (own - pooled), 0.0)
    return _result(max(pooled / (k * (1 + riv)), 0.0), k, _large_sample_df(k, m, riv), riv, "d3", m)
