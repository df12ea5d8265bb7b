"""Is a difference of two means small enough not to matter? Two one-sided tests against declared margins.

The margins come from outside and are declared before looking; a margin read off the data proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from increase_eval.arguments import require_number
from increase_eval.comparison.continuous.samples import two_samples
from increase_eval.errors import InsufficientDataError
from increase_eval.results import estimate_table

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Two one-sided tests of a difference of means against margins.

    Attributes
    ----------
    estimate, std_error, df
        mean a - mean b, its error and degrees of freedom.
    p_value
        The larger of the two.
    p_low, p_high
        Of the test that the difference is not above `low`, and that it is not below `high`.
    conf_low, conf_high
        The interval of coverage 1 - 2 alpha: within the margins exactly where p_value < alpha.
    low, high, alpha
        The margins and the size of each test.
    n, n_dropped
        People (or pairs) used, and rows (or pairs) dropped.
    """

    estimate: float
    std_error: float
    df: float
    p_value: float
    p_low: float
    p_high: float
    conf_low: float
    conf_high: float
    low: float
    high: float
    alpha: float
    n: int
    n_dropped: int

    @property
    def is_equivalent(self) -> bool:
        """Whether both tests reject at `alpha`."""
        return self.p_value < self.alpha

    def to_frame(self) -> pd.DataFrame:
        """Give the tests as an estimate table of one row."""
        names = ("estimate", "std_error", "df", "p_value", "conf_low", "conf_high", "n", "n_dropped")
        row = {"term": "difference", "contrast": "a - b", **{name: getattr(self, name) for name in names}}
        return estimate_table([row], method=f"TOST within {self.low:g} to {self.high:g}")


def equivalence_test(
    a: Any, b: Any, *, low: float, high: float, paired: bool = False, equal_variance: bool = False, alpha: float = 0.05
) -> Equivalence:
    """Is the difference of the means of `a` and `b` between `low` and `high`?

    Parameters
    ----------
    a, b
        Two samples of numbers; what is missing is dropped (the whole pair where paired) and counted.
    low, high
        The margins, low < high, in the units of the samples.
    paired
        Whether `a` and `b` are two measurements of the same people, row by row.
    equal_variance
        Whether to pool the variances (independent samples); otherwise Welch's.
    alpha
        Size of each test; the interval has the coverage 1 - 2 alpha.

    Returns
    -------
    Equivalence
        `estimate`, `std_error`, `df`, `p_value`, `conf_low`, `conf_high`.

    Raises
    ------
    ValueError
        If the margins are out of order or alpha is not between 0 and 0.5.
    InsufficientDataError
        If a sample has fewer than two people, or nothing varies.

    Notes
    -----
    With e = mean a - mean b and standard error s: p_low = Pr(T > (e - low)/s), p_high = Pr(T < (e - high)/s) on df
    degrees of freedom: Welch's, n_a + n_b - 2 pooled, n - 1 paired.

    References
    ----------
    Schuirmann DJ (1987). A comparison of the two one-sided tests procedure. doi:10.1007/BF01068419.

    Checked against R in ``tests/golden/comparison/effect_sizes_jobs.json``.

    Examples
    --------
    >>> result = equivalence_test([1.0, 2, 3, 4], [1.1, 2.1, 2.9, 4.0], low=-3, high=3)
    >>> print(f"{result.p_value:.4f}", result.is_equivalent)
    0.0078 True
    """
    bounds = [require_number(low, "low"), require_number(high, "high")]
    if not (np.isfinite(bounds).all() and low < high):
        raise ValueError(f"low is {low!r} and high {high!r}; allowed: two numbers, the lower first")
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha is {alpha!r}; allowed: between 0 and 0.5")
    x, y, dropped = two_samples(a, b, paired=paired)
    if min(len(x), len(y)) < 2:
        raise InsufficientDataError(f"the test needs two people in each sample; there are {len(x)} and {len(y)}")
    estimate, error, df = mean_difference(x, y, paired=paired, equal_variance=equal_variance)
    p_low = float(stats.t.sf((estimate - low) / error, df))
    p_high = float(stats.t.cdf((estimate - high) / error, df))
    half = float(stats.t.isf(alpha, df)) * error
    return Equivalence(
        estimate=estimate, std_error=error, df=df, p_value=max(p_low, p_high), p_low=p_low, p_high=p_high,
        conf_low=estimate - half, conf_high=estimate + half, low=low, high=high, alpha=alpha,
        n=len(x) if paired else len(x) + len(y), n_dropped=dropped,
    )  # fmt: skip


def mean_difference(x: Floats, y: Floats, *, paired: bool, equal_variance: bool) -> tuple[float, float, float]:
    """Give the difference of two means, its standard error, and its degrees of freedom."""
    estimate = float(x.mean() - y.mean())
    if paired:
        df = float(len(x) - 1)
        error = float((x - y).std(ddof=1) / np.sqrt(len(x)))
    elif equal_variance:
        df = float(len(x) + len(y) - 2)
        pooled = (len(x) * x.var() + len(y) * y.var()) / df
        error = float(np.sqrt(pooled * (1 / len(x) + 1 / len(y))))
    else:
        parts = np.array([x.var(ddof=1) / len(x), y.var(ddof=1) / len(y)])
        error = float(np.sqrt(parts.sum()))
        shares = (parts**2 / np.array([len(x) - 1, len(y) - 1])).sum()
        df = float(parts.sum() ** 2 / shares) if shares > 0 else np.nan
    if error <= 1e-13 * max(float(np.abs(x).max()), float(np.abs(y).max())):
        raise InsufficientDataError("nothing varies: the difference has no standard error")
    return estimate, error, df
