"""How do two independent shares differ? Difference, ratio, odds ratio and Cohen's h, each with its interval.

The difference has Newcombe's interval, which combines two Wilson intervals and stays sensible at small counts. Ratios
are on the log scale; where a cell is zero their interval does not exist, and they say so: nothing is added to cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy import stats

from increase_eval.comparison.categorical.proportions import interval_bounds, normal_quantile, whole_number
from increase_eval.results import estimate_table

DifferenceMethod = Literal["newcombe", "wald"]

OK = "ok"
ZERO_CELL = "zero cell"
NO_VARIANCE = "no variance"


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of how two shares differ; limits are missing unless `status` is ``ok``."""

    estimate: float
    conf_low: float
    conf_high: float
    status: str = OK


@dataclass(frozen=True, slots=True)
class SharesTest:
    """A test that two shares are equal; `statistic` and `df` are missing for Fisher's."""

    p_value: float
    statistic: float = np.nan
    df: float = np.nan
    status: str = OK


@dataclass(frozen=True, slots=True)
class TwoProportions:
    """How the share x1 / n1 differs from x2 / n2.

    Attributes
    ----------
    difference
        p1 - p2.
    ratio
        p1 / p2, with Katz' interval.
    odds_ratio
        Odds of 1 over odds of 2, with Woolf's interval.
    cohen_h
        2 asin √p1 - 2 asin √p2.
    fisher, chi2
        Fisher's exact test, and Pearson's chi-square without correction.
    x1, n1, x2, n2, method, confidence
        What it was made from.
    """

    difference: Measure
    ratio: Measure
    odds_ratio: Measure
    cohen_h: Measure
    fisher: SharesTest
    chi2: SharesTest
    x1: int
    n1: int
    x2: int
    n2: int
    method: str
    confidence: float

    def to_frame(self) -> pd.DataFrame:
        """Give the four measures as an estimate table; p values are those of Fisher's exact test."""
        names = ("difference", "ratio", "odds_ratio", "cohen_h")
        methods = (f"{self.method} interval", "Katz interval", "Woolf interval", "normal interval")
        rows = []
        for name, method in zip(names, methods, strict=True):
            measure: Measure = getattr(self, name)
            limits = {"conf_low": measure.conf_low, "conf_high": measure.conf_high, "status": measure.status}
            rows.append({"term": name, "estimate": measure.estimate, "method": method, **limits})
        return estimate_table(rows, p_value=self.fisher.p_value, n=self.n1 + self.n2)


def two_proportions(
    x1: int, n1: int, x2: int, n2: int, *, method: DifferenceMethod = "newcombe", confidence: float = 0.95
) -> TwoProportions:
    """How does the share `x1` of `n1` differ from the share `x2` of `n2`?

    Parameters
    ----------
    x1, n1, x2, n2
        Counts; the groups are independent and have at least one person each.
    method
        Interval of the difference: ``newcombe``, or ``wald`` to compare with.
    confidence
        Coverage of all intervals.

    Returns
    -------
    TwoProportions
        `difference`, `ratio`, `odds_ratio`, `cohen_h` (each `estimate`, `conf_low`, `conf_high`, `status`), `fisher`
        and `chi2` (each `p_value`).

    Raises
    ------
    ValueError
        If a count is no whole number, exceeds its n, a group is empty, or an option is unknown.

    Notes
    -----
    With p = x/n, (l, u) the Wilson limits of each share and z the normal quantile:

    - newcombe (his method 10): d - √((p1-l1)² + (u2-p2)²) to d + √((u1-p1)² + (p2-l2)²);
    - ratio: exp(log(p1/p2) ± z √(1/x1 - 1/n1 + 1/x2 - 1/n2));
    - odds ratio: exp(log(OR) ± z √(1/x1 + 1/(n1-x1) + 1/x2 + 1/(n2-x2)));
    - h: h ± z √(1/n1 + 1/n2).

    Where a count that the log scale needs is zero, the ratio is 0, infinite or missing (0/0), its limits are missing
    and its status is ``zero cell``; nothing is added to the cells. Where everybody or nobody succeeds in both groups,
    the chi-square does not exist and has the status ``no variance``.

    References
    ----------
    Newcombe RG (1998). doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I.
    Katz D et al. (1978). doi:10.2307/2530610. Woolf B (1955). doi:10.1111/j.1469-1809.1955.tb01348.x.
    Cohen J (1988). Statistical Power Analysis for the Behavioral Sciences.

    Checked against R in ``tests/golden/comparison/two_proportions.json``.

    Examples
    --------
    >>> result = two_proportions(56, 70, 48, 80)
    >>> print(f"{result.difference.conf_low:.4f} to {result.difference.conf_high:.4f}")
    0.0524 to 0.3339
    """
    if method not in get_args(DifferenceMethod):
        raise ValueError(f"method is {method!r}; allowed: {', '.join(get_args(DifferenceMethod))}")
    counts = [whole_number(value, name) for value, name in ((x1, "x1"), (n1, "n1"), (x2, "x2"), (n2, "n2"))]
    a, m1, b, m2 = counts
    for x, n, name in ((a, m1, "1"), (b, m2, "2")):
        if n < 1 or x > n:
            raise ValueError(f"x{name} is {x} of n{name} = {n}; allowed: n at least 1, x from 0 to n")
    z = normal_quantile(confidence)
    p1, p2 = a / m1, b / m2
    h = 2 * np.arcsin(np.sqrt(p1)) - 2 * np.arcsin(np.sqrt(p2))
    half = z * np.sqrt(1 / m1 + 1 / m2)
    return TwoProportions(
        difference=_difference(a, m1, b, m2, method, confidence),
        ratio=_on_log_scale((p1, p2), (1 / a - 1 / m1 + 1 / b - 1 / m2) if a and b else None, z),
        odds_ratio=_on_log_scale((a * (m2 - b), b * (m1 - a)), _woolf_variance(a, m1 - a, b, m2 - b), z),
        cohen_h=Measure(float(h), float(h - half), float(h + half)),
        fisher=SharesTest(float(stats.fisher_exact([[a, m1 - a], [b, m2 - b]]).pvalue)),
        chi2=_pearson(a, m1, b, m2),
        x1=a, n1=m1, x2=b, n2=m2, method=method, confidence=confidence,
    )  # fmt: skip


def _difference(x1: int, n1: int, x2: int, n2: int, method: str, confidence: float) -> Measure:
    p1, p2 = x1 / n1, x2 / n2
    if method == "wald":
        half = normal_quantile(confidence) * np.sqrt(p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2)
        return Measure(p1 - p2, float(p1 - p2 - half), float(p1 - p2 + half))
    low, high = interval_bounds(np.array([x1, x2]), np.array([n1, n2]), confidence=confidence)
    below = np.hypot(p1 - low[0], high[1] - p2)
    above = np.hypot(high[0] - p1, p2 - low[1])
    return Measure(p1 - p2, float(p1 - p2 - below), float(p1 - p2 + above))


def _woolf_variance(*cells: int) -> float | None:
    return sum(1 / cell for cell in cells) if all(cells) else None


def _on_log_scale(fraction: tuple[float, float], variance: float | None, z: float) -> Measure:
    over, under = fraction
    if variance is None:
        estimate = over / under if under else (np.inf if over else np.nan)
        return Measure(float(estimate), np.nan, np.nan, ZERO_CELL)
    estimate = over / under
    if variance <= 0:
        return Measure(estimate, np.nan, np.nan, NO_VARIANCE)
    factor = float(np.exp(z * np.sqrt(variance)))
    return Measure(estimate, estimate / factor, estimate * factor)


def _pearson(x1: int, n1: int, x2: int, n2: int) -> SharesTest:
    pooled = (x1 + x2) / (n1 + n2)
    if pooled in (0.0, 1.0):
        return SharesTest(np.nan, np.nan, 1.0, NO_VARIANCE)
    statistic = (x1 / n1 - x2 / n2) ** 2 / (pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    return SharesTest(float(stats.chi2.sf(statistic, 1)), statistic, 1.0)
