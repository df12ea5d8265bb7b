"""Is what is missing missing completely at random? Little's test of the means by pattern.

A small p value says that the means of some pattern differ from what normal data missing completely at random would
show; a large one says that they were not shown to differ, and never that data are missing at random.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from increase_eval.errors import ConvergenceError, InsufficientDataError
from increase_eval.moments import PatternMoments
from increase_eval.moments.tables import check_table
from increase_eval.results import estimate_table

Floats = npt.NDArray[np.float64]
CovarianceKind = Literal["ml", "unbiased"]


@dataclass(frozen=True, slots=True)
class McarTest:
    """Little's test.

    Attributes
    ----------
    statistic, df, p_value
        Chi-square; df is the observed columns over all patterns less the columns.
    n, n_dropped
        Rows with at least one value, and rows with none.
    n_patterns
        Patterns that occur.
    columns, covariance
        What was tested, and with which covariance.
    status
        ``ok``, or ``one pattern`` (nothing to test: statistic 0, df 0, p missing).
    """

    statistic: float
    df: int
    p_value: float
    n: int
    n_dropped: int
    n_patterns: int
    columns: tuple[str, ...]
    covariance: str
    status: str

    def to_frame(self) -> pd.DataFrame:
        """Give the test as an estimate table of one row."""
        names = ("statistic", "df", "p_value", "n", "n_dropped", "status")
        row = {"term": "missing completely at random", **{name: getattr(self, name) for name in names}}
        return estimate_table([row], method=f"Little's test, {self.covariance} covariance")


def little_mcar_test(data: pd.DataFrame | PatternMoments, *, covariance: CovarianceKind = "ml") -> McarTest:
    """Do the means differ between patterns of what is missing, more than chance would have it?

    Parameters
    ----------
    data
        Numeric columns, one row per person, NaN where missing; or the moments of such a table.
    covariance
        ``ml`` (divisor n, as naniar and misty) or ``unbiased`` (times n/(n - 1), as Little wrote).

    Returns
    -------
    McarTest
        `statistic`, `df`, `p_value`, `status`.

    Raises
    ------
    ValueError
        If a column is not numeric, or the option is unknown.
    InsufficientDataError
        If a column has no value, or the covariance is singular.
    ConvergenceError
        If the maximum likelihood estimates were not reached.

    Notes
    -----
    d² = Σ_j n_j (m_j - μ_j)'Σ_jj⁻¹(m_j - μ_j) over the patterns j, m_j the means of what pattern j observes, μ and Σ
    the maximum likelihood estimates by EM; df = Σ_j p_j - p. Rows without any value are dropped. Normality is
    assumed; the test has little power at few people a pattern.

    References
    ----------
    Little RJA (1988). doi:10.1080/01621459.1988.10478722.

    Checked against R (EM to 1e-13; airquality's 35.1 published) in ``tests/golden/attrition/little_mcar_*.json``.

    Examples
    --------
    >>> data = pd.DataFrame({"a": [1.0, 2, 3, 4, 5, 7], "b": [2.0, 1, 4, 3, None, None]})
    >>> test = little_mcar_test(data)
    >>> print(test.df, test.n_patterns)
    1 2
    """
    if covariance not in get_args(CovarianceKind):
        raise ValueError(f"covariance is {covariance!r}; allowed: {', '.join(get_args(CovarianceKind))}")
    if not isinstance(data, PatternMoments):
        check_table(data)
    moments = data if isinstance(data, PatternMoments) else PatternMoments.from_frame(data, list(data.columns))
    rows = int(moments.people.sum())
    patterns = _by_pattern(moments)
    n = int(sum(count for count, _ in patterns.values()))
    if not n or not np.array(list(patterns)).any(axis=0).all():
        raise InsufficientDataError("a column has no value at all: leave it out")
    ends = {"n": n, "n_dropped": rows - n, "n_patterns": len(patterns)}
    if len(patterns) == 1:
        return McarTest(0.0, 0, np.nan, **ends, columns=moments.columns, covariance=covariance, status="one pattern")
    fit = moments.fit_normal()
    if not fit.converged:
        raise ConvergenceError(f"the means and covariances were not reached in {fit.iterations} steps")
    mean = fit.mean.to_numpy()
    sigma = fit.covariance.to_numpy() * (n / (n - 1) if covariance == "unbiased" else 1.0)
    statistic, df = 0.0, -len(moments.columns)
    for pattern, (count, sums) in patterns.items():
        seen = np.array(pattern)
        gap = sums[seen] / count + moments.centre[seen] - mean[seen]
        statistic += float(count * gap @ np.linalg.solve(sigma[np.ix_(seen, seen)], gap))
        df += int(seen.sum())
    p_value = float(stats.chi2.sf(statistic, df)) if df > 0 else np.nan
    return McarTest(statistic, df, p_value, **ends, columns=moments.columns, covariance=covariance, status="ok")


def _by_pattern(moments: PatternMoments) -> dict[tuple[bool, ...], tuple[float, Floats]]:
    """Add up weights and sums of groups that share a pattern; the pattern without any value is left out."""
    found: dict[tuple[bool, ...], tuple[float, Floats]] = {}
    for mask, weight, sums in zip(moments.patterns, moments.weights, moments.sums, strict=True):
        key = tuple(bool(seen) for seen in mask)
        if any(key):
            count, total = found.get(key, (0.0, np.zeros(len(key))))
            found[key] = (count + float(weight), total + sums)
    return found
