"""How often is a person from one group above a person from another? The probability of superiority.

Needs no more of a scale than its order, and so is fit for satisfaction scales with ceilings, ties and odd shapes. The
interval is Brunner and Munzel's, which allows for unequal spread and ties, or Newcombe's, which exists even where the
groups do not overlap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize, stats

from increase_eval.comparison.categorical.proportions import normal_quantile
from increase_eval.comparison.continuous.samples import two_samples
from increase_eval.errors import InsufficientDataError
from increase_eval.results import estimate_table

Floats = npt.NDArray[np.float64]
SuperiorityMethod = Literal["brunner-munzel", "newcombe"]
INSIDE = 1e-9


@dataclass(frozen=True, slots=True)
class Superiority:
    """How often somebody of `a` is above somebody of `b`, ties counting half.

    Attributes
    ----------
    estimate, std_error, df, statistic, p_value, conf_low, conf_high
        The probability; the test that it is one half is Brunner and Munzel's. Test and error are missing where nothing
        varies in the ranks: the groups do not overlap, or everybody gave one answer.
    method, confidence
        Of the interval.
    n_a, n_b, n_dropped
        People used, and dropped because something was missing.
    """

    estimate: float
    std_error: float
    df: float
    statistic: float
    p_value: float
    conf_low: float
    conf_high: float
    method: str
    confidence: float
    n_a: int
    n_b: int
    n_dropped: int

    def to_frame(self) -> pd.DataFrame:
        """Give the probability as an estimate table of one row."""
        names = ("estimate", "std_error", "df", "statistic", "p_value", "conf_low", "conf_high")
        row = {name: getattr(self, name) for name in names}
        labels = {"term": "probability of superiority", "contrast": "a > b", "method": f"{self.method} interval"}
        return estimate_table([{**labels, **row, "n": self.n_a + self.n_b, "n_dropped": self.n_dropped}])


def probability_of_superiority(
    a: Any, b: Any, *, method: SuperiorityMethod = "brunner-munzel", confidence: float = 0.95
) -> Superiority:
    """How often is a person of `a` above a person of `b`?

    Parameters
    ----------
    a, b
        Two independent samples of numbers; what is missing is dropped and counted.
    method
        Interval: ``brunner-munzel`` (on the logit scale, t), or ``newcombe`` (his method 5, by inversion). Where the
        former does not exist, since ranks do not vary, the latter is given, and named.
    confidence
        Coverage of the interval.

    Returns
    -------
    Superiority
        `estimate`, `std_error`, `df`, `statistic`, `p_value`, `conf_low`, `conf_high`.

    Raises
    ------
    ValueError
        If an option is unknown or a value is no number.
    InsufficientDataError
        If a sample has fewer than two people.

    Notes
    -----
    θ = Pr(a > b) + Pr(a = b)/2. With R the ranks among all and r those within a sample, s² the variance of R - r in a
    sample: Var θ = s_a²/(n_a n_b²) + s_b²/(n_b n_a²), t on Welch's degrees of freedom of the two parts. The interval is
    that of logit θ, whose error is √Var θ / (θ(1 - θ)). Newcombe: the θ0 at which (θ - θ0)² is
    z² θ0(1-θ0)[1 + ((n_a+n_b)/2 - 1)((1-θ0)/(2-θ0) + θ0/(1+θ0))] / (n_a n_b).

    References
    ----------
    Brunner E, Munzel U (2000). doi:10.1002/(SICI)1521-4036(200001)42:1<17::AID-BIMJ17>3.0.CO;2-U.
    Newcombe RG (2006). Confidence intervals for an effect size measure based on the Mann-Whitney statistic, part 2.
    doi:10.1002/sim.2324.

    Checked against scipy and hand counts in ``tests/unit/comparison/test_superiority.py``, and the estimate against
    ``tests/golden/comparison/effect_sizes_jobs.json``.

    Examples
    --------
    >>> found = probability_of_superiority([3, 4, 5, 5], [1, 3, 4, 2])
    >>> print(f"{found.estimate:.4f} ({found.conf_low:.4f} to {found.conf_high:.4f})")
    0.8750 (0.2993 to 0.9914)
    """
    if method not in get_args(SuperiorityMethod):
        raise ValueError(f"method is {method!r}; allowed: {', '.join(get_args(SuperiorityMethod))}")
    z = normal_quantile(confidence)
    x, y, dropped = two_samples(a, b, paired=False)
    n, m = len(x), len(y)
    if min(n, m) < 2:
        raise InsufficientDataError(f"the comparison needs two people in each sample; there are {n} and {m}")
    ranks = stats.rankdata(np.concatenate([x, y]))
    above_x, above_y = (ranks[:n] - stats.rankdata(x)) / m, (ranks[n:] - stats.rankdata(y)) / n
    theta = float(above_x.mean())
    parts = np.array([above_x.var(ddof=1) / n, above_y.var(ddof=1) / m])
    variance = float(parts.sum())
    if variance <= 1e-14:
        low, high = _newcombe(theta, n, m, z)
        nan = float("nan")
        return Superiority(theta, nan, nan, nan, nan, low, high, "newcombe", confidence, n, m, dropped)
    df = float(variance**2 / (parts**2 / np.array([n - 1, m - 1])).sum())
    error = float(np.sqrt(variance))
    statistic = (theta - 0.5) / error
    p_value = float(2 * stats.t.sf(abs(statistic), df))
    if method == "newcombe":
        low, high = _newcombe(theta, n, m, z)
    else:
        low, high = _on_logit_scale(theta, error, float(stats.t.ppf((1 + confidence) / 2, df)))
    return Superiority(theta, error, df, statistic, p_value, low, high, method, confidence, n, m, dropped)


def _on_logit_scale(theta: float, error: float, quantile: float) -> tuple[float, float]:
    centre = np.log(theta / (1 - theta))
    half = quantile * error / (theta * (1 - theta))
    low, high = 1 / (1 + np.exp(-(centre + np.array([-half, half]))))
    return float(low), float(high)


def _newcombe(theta: float, n: int, m: int, z: float) -> tuple[float, float]:
    def excess(value: float) -> float:
        inner = 1 + ((n + m) / 2 - 1) * ((1 - value) / (2 - value) + value / (1 + value))
        return float((theta - value) ** 2 - z**2 * value * (1 - value) * inner / (n * m))

    # Where the groups do not overlap, the end itself solves the equation: the root wanted is the other one.
    low = 0.0 if theta <= 0 else float(optimize.brentq(excess, 0.0, min(theta, 1 - INSIDE), xtol=1e-14))
    high = 1.0 if theta >= 1 else float(optimize.brentq(excess, max(theta, INSIDE), 1.0, xtol=1e-14))
    return low, high
