"""How large is a difference between two samples, in standard deviations or in ranks?

Cohen's d and Hedges' g divide by the pooled standard deviation, Glass' delta by that of the second; Cliff's delta
compares every pair. Intervals invert the noncentral t distribution where it applies, and are asymmetric where they
should be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from increase_eval.comparison.categorical.proportions import normal_quantile
from increase_eval.comparison.continuous.noncentral import noncentrality_limits
from increase_eval.comparison.continuous.samples import two_samples
from increase_eval.errors import InsufficientDataError
from increase_eval.results import estimate_table

Kind = Literal["hedges", "cohen", "glass", "cliff"]
Floats = npt.NDArray[np.float64]
Limits = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class EffectSize:
    """A standardised difference of `a` and `b`, positive where `a` is higher.

    Attributes
    ----------
    estimate, conf_low, conf_high
        The effect size and its interval.
    kind, paired, confidence
        What it is.
    n_a, n_b, n_dropped
        Rows used, and rows (or pairs) dropped because something was missing.
    """

    estimate: float
    conf_low: float
    conf_high: float
    kind: str
    paired: bool
    confidence: float
    n_a: int
    n_b: int
    n_dropped: int

    def to_frame(self) -> pd.DataFrame:
        """Give the effect size as an estimate table of one row."""
        n = self.n_a if self.paired else self.n_a + self.n_b
        row = {"estimate": self.estimate, "conf_low": self.conf_low, "conf_high": self.conf_high, "n": n}
        method = f"{self.kind}, paired" if self.paired else self.kind
        return estimate_table(
            [{"term": "effect size", "contrast": "a - b", **row}], method=method, n_dropped=self.n_dropped
        )


def effect_size(a: Any, b: Any, *, kind: Kind = "hedges", paired: bool = False, confidence: float = 0.95) -> EffectSize:
    """How large is the difference of `a` and `b`, in standard deviations or in ranks?

    Parameters
    ----------
    a, b
        Two samples of numbers; what is missing is dropped (the whole pair where paired) and counted.
    kind
        ``hedges``, ``cohen``, ``glass`` (divides by the standard deviation of `b`) or ``cliff``.
    paired
        Whether `a` and `b` are two measurements of the same people, row by row.
    confidence
        Coverage of the interval.

    Returns
    -------
    EffectSize
        `estimate`, `conf_low`, `conf_high`.

    Raises
    ------
    ValueError
        If an option is unknown, pairs differ in number, or a value is no number.
    InsufficientDataError
        If a sample has fewer than two people, or what is divided by has no variance.

    Notes
    -----
    Independent samples, with s_p the pooled standard deviation and h = √(n_a n_b / (n_a + n_b)):

    - cohen: d = (mean a - mean b) / s_p, df = n_a + n_b - 2; the limits are those ncp / h at which the observed
      t = d h is a quantile of the noncentral t distribution;
    - hedges: g = J d, limits times J, J = Γ(df/2) / (√(df/2) Γ((df-1)/2)), exactly; df of at least 2;
    - glass: (mean a - mean b) / s_b, df = n_b - 1, limits as for cohen (exact where both variances are equal);
    - cliff: Pr(a > b) - Pr(a < b) over all pairs, with Cliff's unbiased variance and asymmetric limits
      (δ - δ³ ± z s √((1-δ²)² + z²s²)) / (1 - δ² + z²s²); with complete separation the far limit is
      (n - z²)/(n + z²), n the smaller sample.

    Paired: cohen and hedges divide the mean difference by the standard deviation of differences, df = n - 1, h = √n.
    Glass divides by the standard deviation of b, limits ± z √(s_d²/(n s_b²) + δ²/(2(n-1))). Cliff is the share of pairs
    with a > b less that with a < b, its variance that of the signs, limits as above.

    References
    ----------
    Hedges LV (1981). doi:10.3102/10769986006002107. Cliff N (1993). doi:10.1037/0033-2909.114.3.494.
    Steiger JH (2004), noncentral intervals. doi:10.1037/1082-989X.9.2.164.
    Becker BJ (1988), standardised change. doi:10.1111/j.2044-8317.1988.tb00901.x.

    Checked against R (by hand and effectsize) in ``tests/golden/comparison/effect_sizes_jobs.json``.

    Examples
    --------
    >>> effect = effect_size([3, 4, 5, 6], [1, 2, 3, 4], kind="cohen")
    >>> print(f"{effect.estimate:.4f} ({effect.conf_low:.4f} to {effect.conf_high:.4f})")
    1.5492 (-0.1246 to 3.1337)
    """
    if kind not in get_args(Kind):
        raise ValueError(f"kind is {kind!r}; allowed: {', '.join(get_args(Kind))}")
    z = normal_quantile(confidence)
    x, y, dropped = two_samples(a, b, paired=paired)
    if min(len(x), len(y)) < 2:
        raise InsufficientDataError(f"an effect size needs two people in each sample; there are {len(x)} and {len(y)}")
    if kind == "cliff":
        estimate, low, high = _cliff_paired(x, y, z) if paired else _cliff(x, y, z)
    elif kind == "glass" and paired:
        estimate, low, high = _glass_paired(x, y, z)
    else:
        estimate, low, high = _by_noncentral_t(x, y, kind, paired, confidence)
    return EffectSize(estimate, low, high, kind, paired, confidence, len(x), len(y), dropped)


def _by_noncentral_t(x: Floats, y: Floats, kind: Kind, paired: bool, confidence: float) -> Limits:
    if paired:
        spread, df, h = float((x - y).std(ddof=1)), len(x) - 1, np.sqrt(len(x))
    else:
        h = np.sqrt(len(x) * len(y) / (len(x) + len(y)))
        df = len(y) - 1 if kind == "glass" else len(x) + len(y) - 2
        squares = len(y) * y.var() if kind == "glass" else len(x) * x.var() + len(y) * y.var()
        spread = float(np.sqrt(squares / df))
    difference = float(x.mean() - y.mean())
    d = difference / _positive(spread, x, y)
    factor = small_sample_factor(df) if kind == "hedges" else 1.0
    low, high = noncentrality_limits(d * h, df, confidence)
    return factor * d, factor * low / h, factor * high / h


def _positive(spread: float, x: Floats, y: Floats) -> float:
    # A spread that is rounding error of large equal numbers is no spread.
    if spread <= 1e-13 * max(float(np.abs(x).max()), float(np.abs(y).max())):
        raise InsufficientDataError("nothing varies in what the difference is divided by: no effect size exists")
    return spread


def small_sample_factor(df: float) -> float:
    """Give Hedges' exact J for `df` degrees of freedom, at least 2."""
    if df < 2:
        raise InsufficientDataError(f"Hedges' g needs 2 degrees of freedom; there are {df:g}")
    return float(np.exp(special.gammaln(df / 2) - 0.5 * np.log(df / 2) - special.gammaln((df - 1) / 2)))


def _glass_paired(x: Floats, y: Floats, z: float) -> Limits:
    n, spread = len(x), _positive(float(y.std(ddof=1)), y, y)
    delta = float((x - y).mean()) / spread
    half = z * float(np.sqrt((x - y).var(ddof=1) / (n * spread**2) + delta**2 / (2 * (n - 1))))
    return delta, delta - half, delta + half


def _cliff(x: Floats, y: Floats, z: float) -> Limits:
    n, m = len(x), len(y)
    wins_x, ties_x = _dominance(x, y)
    wins_y, _ = _dominance(y, x)
    delta = float(wins_x.mean())
    if abs(delta) == 1:
        return _separated(delta, min(n, m), z)
    squares = 1 - ties_x / (n * m)
    total = m**2 * ((wins_x - delta) ** 2).sum() + n**2 * ((wins_y + delta) ** 2).sum()
    variance = (total - n * m * (squares - delta**2)) / (n * m * (n - 1) * (m - 1))
    # Cliff's floor: the unbiased variance can fall below what is possible.
    variance = max(float(variance), (1 - delta**2) / (n * m - 1))
    return delta, *_asymmetric(delta, variance, z)


def _dominance(x: Floats, y: Floats) -> tuple[Floats, float]:
    """Give for every x the share of y below it less that above, and the number of ties; sorting, not all pairs."""
    ordered = np.sort(y)
    below, upto = np.searchsorted(ordered, x, side="left"), np.searchsorted(ordered, x, side="right")
    return (below - (len(y) - upto)) / len(y), float((upto - below).sum())


def _cliff_paired(x: Floats, y: Floats, z: float) -> Limits:
    signs = np.sign(x - y)
    delta = float(signs.mean())
    if abs(delta) == 1:
        return _separated(delta, len(signs), z)
    return delta, *_asymmetric(delta, float(signs.var(ddof=1)) / len(signs), z)


def _separated(delta: float, n: int, z: float) -> Limits:
    far = (n - z**2) / (n + z**2)
    return (1.0, far, 1.0) if delta > 0 else (-1.0, -1.0, -far)


def _asymmetric(delta: float, variance: float, z: float) -> tuple[float, float]:
    half = z * np.sqrt(variance) * np.sqrt((1 - delta**2) ** 2 + z**2 * variance)
    scale = 1 - delta**2 + z**2 * variance
    centre = delta - delta**3
    return max(-1.0, float((centre - half) / scale)), min(1.0, float((centre + half) / scale))
