"""How sure is a share of a count? Intervals for one binomial proportion.

Five intervals are offered. Wilson's is the one that the report uses: it never leaves [0, 1], is not degenerate at 0
or n, and covers close to what it says at small n. The textbook (Wald) interval is there to be
compared with, not to be used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special, stats

from increase_eval.arguments import require_number
from increase_eval.results import estimate_table

Method = Literal["wilson", "clopper-pearson", "jeffreys", "agresti-coull", "wald"]
METHODS: tuple[Method, ...] = ("wilson", "clopper-pearson", "jeffreys", "agresti-coull", "wald")

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """A share and its interval.

    Attributes
    ----------
    estimate
        successes / n.
    conf_low, conf_high
        The limits, within [0, 1].
    successes, n, method, confidence
        What it was made from.
    """

    estimate: float
    conf_low: float
    conf_high: float
    successes: int
    n: int
    method: str
    confidence: float

    def to_frame(self) -> pd.DataFrame:
        """Give the interval as an estimate table of one row."""
        row = {"estimate": self.estimate, "conf_low": self.conf_low, "conf_high": self.conf_high, "n": self.n}
        return estimate_table([{"term": "proportion", **row}], method=f"{self.method} interval")


def proportion_interval(successes: int, n: int, *, method: Method = "wilson", confidence: float = 0.95) -> Interval:
    """How sure is the share `successes` of `n`?

    Parameters
    ----------
    successes
        A count from 0 to `n`.
    n
        How many were asked, at least 1.
    method
        One of :data:`METHODS`.
    confidence
        Coverage, between 0 and 1.

    Returns
    -------
    Interval
        `estimate`, `conf_low`, `conf_high`; `to_frame()` is an estimate table of one row.

    Raises
    ------
    ValueError
        If the counts are no whole numbers, `successes` is not within 0 and `n`, `n` is 0, or an option is unknown.

    Notes
    -----
    With x successes, p = x / n and z the normal quantile of (1 + confidence) / 2:

    - wilson: (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n);
    - clopper-pearson: beta quantiles of (x, n-x+1) and (x+1, n-x), with 0 at x = 0 and 1 at x = n;
    - jeffreys: equal-tailed quantiles of beta(x+½, n-x+½), with 0 at x = 0 and 1 at x = n;
    - agresti-coull: p̃ ± z √(p̃(1-p̃)/ñ) with ñ = n + z² and p̃ = (x + z²/2)/ñ, cut to [0, 1];
    - wald: p ± z √(p(1-p)/n), cut to [0, 1].

    References
    ----------
    Wilson EB (1927). doi:10.1080/01621459.1927.10502953.
    Clopper CJ, Pearson ES (1934). doi:10.1093/biomet/26.4.404.
    Brown LD, Cai TT, DasGupta A (2001). Interval estimation for a binomial proportion. doi:10.1214/ss/1009213286.

    Checked against R in ``tests/golden/comparison/two_proportions.json``.

    Examples
    --------
    >>> interval = proportion_interval(56, 70)
    >>> print(f"{interval.conf_low:.6f} to {interval.conf_high:.6f}")
    0.691834 to 0.876953
    """
    x, size = whole_number(successes, "successes"), whole_number(n, "n")
    if size < 1:
        raise ValueError(f"n is {size}; a share needs at least one person")
    if x > size:
        raise ValueError(f"successes is {x}; allowed: 0 to n = {size}")
    low, high = interval_bounds(np.array([x]), np.array([size]), method=method, confidence=confidence)
    return Interval(x / size, float(low[0]), float(high[0]), x, size, method, confidence)


def interval_bounds(
    successes: npt.ArrayLike, n: npt.ArrayLike, *, method: Method = "wilson", confidence: float = 0.95
) -> tuple[Floats, Floats]:
    """Give the limits of many proportions at once; missing where `n` is 0.

    Parameters
    ----------
    successes, n
        Arrays of counts of one shape.
    method, confidence
        As for :func:`proportion_interval`.

    Returns
    -------
    tuple of arrays
        Lower and upper limits, of the shape of the input.
    """
    if method not in METHODS:
        raise ValueError(f"method is {method!r}; allowed: {', '.join(METHODS)}")
    z = normal_quantile(confidence)
    x = np.asarray(successes, dtype=float)
    size = np.where(np.asarray(n, dtype=float) > 0, np.asarray(n, dtype=float), np.nan)
    if method in ("clopper-pearson", "jeffreys"):
        low, high = _beta_bounds(x, size, (1 - confidence) / 2, 0.5 if method == "jeffreys" else 0.0)
    else:
        low, high = _normal_bounds(x, size, z, method)
    # At the ends the limits are 0 and 1 by definition; rounding must not leave 1e-17 there.
    if method != "wald":
        low = np.where(x == 0, np.where(np.isnan(size), np.nan, 0.0), low)
        high = np.where(x == size, 1.0, high)
    return np.clip(low, 0.0, 1.0), np.clip(high, 0.0, 1.0)


def _normal_bounds(x: Floats, n: Floats, z: float, method: Method) -> tuple[Floats, Floats]:
    if method == "wilson":
        centre = (x + z**2 / 2) / (n + z**2)
        half = z * np.sqrt(x * (n - x) / n + z**2 / 4) / (n + z**2)
        return centre - half, centre + half
    shift = z**2 if method == "agresti-coull" else 0.0
    size = n + shift
    p = (x + shift / 2) / size
    half = z * np.sqrt(p * (1 - p) / size)
    return p - half, p + half


def _beta_bounds(x: Floats, n: Floats, tail: float, prior: float) -> tuple[Floats, Floats]:
    extra = 1.0 - prior if prior == 0 else prior
    low = special.betaincinv(np.where(x > 0, x + prior, np.nan), n - x + extra, tail)
    high = special.betaincinv(x + extra, np.where(x < n, n - x + prior, np.nan), 1 - tail)
    return low, high


def normal_quantile(confidence: float) -> float:
    """Give z such that a normal variable lies within ± z with probability `confidence`."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence!r}; allowed: between 0 and 1, such as 0.95")
    return float(stats.norm.ppf((1 + confidence) / 2))


def whole_number(value: Any, name: str) -> int:
    """Read a count, or say which argument is none."""
    number = require_number(value, name)
    if not np.isfinite(number) or number != np.floor(number) or number < 0:
        raise ValueError(f"{name} is {value!r}; allowed: a whole number from 0")
    return int(number)
