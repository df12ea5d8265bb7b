"""Who changed by more than the scale can be wrong? Standard error of measurement and the reliable change index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from increase_eval.arguments import require_number
from increase_eval.errors import InsufficientDataError
from increase_eval.results import estimate_table

FloatArray = npt.NDArray[np.float64]

CLASSES = ("improved", "unchanged", "deteriorated")


@dataclass(frozen=True, slots=True)
class ReliableChange:
    """Reliable change of n people between two waves.

    Attributes
    ----------
    index
        Series (n,), index of the people with both scores: change divided by its standard error.
    category
        Series (n,): ``improved``, ``unchanged`` or ``deteriorated``.
    shares
        DataFrame with index ``category`` (3 rows) and columns ``count``, ``share``, ``conf_low``, ``conf_high``.
    standard_error
        Of a difference between two scores of a person whose true score stays the same.
    threshold
        Smallest change that counts as reliable, in points.
    sd, reliability
        What the standard error was made from.
    n, n_dropped
        People with both scores, and people with one only.
    confidence
        Of the threshold and of the intervals.
    """

    index: pd.Series[float]
    category: pd.Series[str]
    shares: pd.DataFrame
    standard_error: float
    threshold: float
    sd: float
    reliability: float
    n: int
    n_dropped: int
    confidence: float

    def rows(self) -> list[dict[str, Any]]:
        """Give the three shares as the rows of an estimate table."""
        method = f"reliable change index, reliability {self.reliability:.3f}, threshold {self.threshold:.3g} points"
        rest = {"n": self.n, "n_dropped": self.n_dropped, "method": method}
        shares = self.shares.rename(columns={"share": "estimate"}).drop(columns="count").to_dict("index")
        return [
            {"term": name, **{str(key): value for key, value in row.items()}, **rest} for name, row in shares.items()
        ]

    def to_frame(self) -> pd.DataFrame:
        """Give the three shares as an estimate table."""
        return estimate_table(self.rows())


def standard_error_of_measurement(sd: float, reliability: float) -> float:
    r"""How far is an observed score from the true one, typically?

    Parameters
    ----------
    sd
        Standard deviation of the observed scores.
    reliability
        Between 0 and 1. Alpha or omega say how exact a score is at one moment; the retest correlation also counts
        what comes and goes between two.

    Returns
    -------
    float
        In points of the scale.

    Raises
    ------
    ValueError
        If `sd` is not positive, or `reliability` outside 0 to 1.

    Notes
    -----
    :math:`s \sqrt{1 - r}`, with s the standard deviation and r the reliability. It takes errors to be as large for low
    scores as for high ones.

    References
    ----------
    Lord & Novick (1968), Statistical theories of mental test scores.

    Checked against ``tests/golden/scoring/reliability_bfi_agreeableness.json``.

    Examples
    --------
    >>> standard_error_of_measurement(10, 0.84)
    4.0
    """
    if not (np.isfinite(require_number(sd, "sd")) and sd > 0):
        raise ValueError(f"sd is {sd!r}; allowed: a positive number")
    if not 0 <= require_number(reliability, "reliability") <= 1:
        raise ValueError(f"reliability is {reliability!r}; allowed: 0 to 1")
    return float(sd * np.sqrt(1 - reliability))


def reliable_change(
    before: pd.Series[float],
    after: pd.Series[float],
    *,
    reliability: float,
    sd: float | None = None,
    reference: pd.Series[float] | None = None,
    higher_is_better: bool = True,
    confidence: float = 0.95,
) -> ReliableChange:
    r"""Who changed by more than the scale can be wrong, and how large are their shares?

    Parameters
    ----------
    before, after
        Scores at two waves, index the participant; who has only one of the two is left out and counted.
    reliability
        Of the score. With alpha or omega, a change is reliable if it is more than error at the two moments. With the
        retest correlation over the same lag in people who had no reason to change, it is more than error and ordinary
        ups and downs together: the stricter question, and the one to prefer where such a correlation is known. It is
        taken as known.
    sd
        Standard deviation of the score, known from a norm population; empty: estimated from `reference`.
    reference
        Scores from which the standard deviation is estimated, such as those of all arms at the first wave, with the
        participant for index; empty: `before`, of everybody who has it.
    higher_is_better
        Direction of the scale: what an improvement is.
    confidence
        Of the threshold and of the intervals of the shares.

    Returns
    -------
    ReliableChange
        The index and class of each person, and the three shares with their intervals.

    Raises
    ------
    ValueError
        If an index stands twice, a score is infinite, `sd` comes with `reference`, or an argument is out of bounds; a
        reliability of 1 leaves no error to compare with.
    InsufficientDataError
        If nobody has both scores, or `sd` has to be estimated from fewer than two people, or does not vary.

    Notes
    -----
    :math:`RC = (x_2 - x_1) / S`, with :math:`S = \sqrt{2}\, s \sqrt{1 - r}`, s the standard deviation and r the
    reliability. A person improved (deteriorated) if RC lies beyond the quantile of the normal distribution, or, where s
    was estimated from m people, of the t distribution on m - 1 degrees of freedom.

    Intervals of the shares are Wilson's at an effective number of people p (1 - p) / v: v counts the binomial variance
    and, where s was estimated, that the threshold moves with it. By the delta method the influence of a person with
    baseline z (in standard units) on the share beyond a threshold c is 1[change beyond c] - p - f(c) c (z^2 - 1) / 2,
    with f the density of changes there (a Gaussian kernel, Silverman's width). The reliability counts as known: where
    it was estimated from few people, shares are less certain than they look.

    References
    ----------
    Jacobson & Truax (1991), DOI 10.1037/0022-006X.59.1.12. Wilson (1927), DOI 10.1080/01621459.1927.10502953. Silverman
    (1986), Density estimation for statistics and data analysis, DOI 10.1201/9781315140919.

    Checked against the arithmetic of Jacobson & Truax by hand; the intervals against simulation.

    Examples
    --------
    >>> before = pd.Series([10.0, 12.0, 14.0, 16.0], index=list("abcd"))
    >>> after = pd.Series([18.0, 12.0, 15.0, 6.0], index=list("abcd"))
    >>> change = reliable_change(before, after, reliability=0.84, sd=2.5)
    >>> print(change.category.to_dict())
    {'a': 'improved', 'b': 'unchanged', 'c': 'unchanged', 'd': 'deteriorated'}
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence!r}; allowed: more than 0 and less than 1")
    if not 0 <= require_number(reliability, "reliability") < 1:
        raise ValueError(f"reliability is {reliability!r}; allowed: 0 to less than 1")
    if sd is not None and reference is not None:
        raise ValueError("sd is known or estimated from reference: give one of them")
    one, two = (_checked(series, name) for series, name in ((before, "before"), (after, "after")))
    base = one if reference is None else _checked(reference, "reference")
    pairs = pd.concat({"before": one, "after": two}, axis=1)
    both = pairs.dropna()
    if both.empty:
        raise InsufficientDataError("nobody has a score at both waves")
    spread = _estimated_sd(base) if sd is None else sd
    error = float(np.sqrt(2)) * standard_error_of_measurement(spread, reliability)
    tail = (1 + confidence) / 2
    quantile = float(stats.t.ppf(tail, len(base) - 1) if sd is None else stats.norm.ppf(tail))
    change = both["after"] - both["before"]
    better = change if higher_is_better else -change
    threshold = quantile * error
    beyond = np.select([better > threshold, better < -threshold], [0, 2], 1)
    category = pd.Series(np.array(CLASSES, dtype=object)[beyond], index=both.index, name="category", dtype="str")
    # What each person adds to the variance, in its own units: 0 on average; known spreads have nothing to add.
    added = ((base - base.mean()) / spread) ** 2 - 1 if sd is None else base * 0.0
    shares = _shares(beyond, better, threshold, added, confidence)
    return ReliableChange(
        index=(change / error).rename("reliable_change_index"),
        category=category,
        shares=shares,
        standard_error=error,
        threshold=threshold,
        sd=float(spread),
        reliability=float(reliability),
        n=len(both),
        n_dropped=len(pairs) - len(both),
        confidence=confidence,
    )


def _checked(series: pd.Series[float], name: str) -> pd.Series[float]:
    if not isinstance(series, pd.Series):
        raise TypeError(f"{name} must be a Series with the participants for index, so that waves can be paired")
    values = series.astype("Float64").astype("float64").dropna()
    if not series.index.is_unique:
        raise ValueError(f"{name} has {int(series.index.duplicated().sum())} participants more than once")
    if np.isinf(values).any():
        raise ValueError(f"{name} has {int(np.isinf(values).sum())} infinite scores")
    return values


def _estimated_sd(scores: pd.Series[float]) -> float:
    if len(scores) < 2:
        raise InsufficientDataError(f"{len(scores)} people have a score; at least 2 are needed for its spread")
    spread = float(scores.std())
    if not spread > 0:
        raise InsufficientDataError(f"the scores of {len(scores)} people do not vary")
    return spread


def _shares(
    beyond: npt.NDArray[np.intp], better: pd.Series[float], threshold: float, added: pd.Series[float], confidence: float
) -> pd.DataFrame:
    n, people = len(better), len(added)
    # How the three shares move when the threshold grows by a fraction of itself: those beyond it shrink.
    up, down = (_density(np.asarray(better, dtype=np.float64), point) * threshold for point in (threshold, -threshold))
    slopes = (-up, up + down, -down)
    own = added.reindex(better.index).fillna(0.0).to_numpy()
    rows = []
    for number in range(len(CLASSES)):
        hit = (beyond == number).astype(np.float64)
        share = float(hit.mean())
        influence, slope = hit - share, slopes[number] / 2
        variance = float(influence @ influence) / n**2
        variance += 2 * slope * float(influence @ own) / (n * people)
        variance += slope**2 * float(added.to_numpy() @ added.to_numpy()) / people**2
        effective = share * (1 - share) / variance if 0 < share < 1 and variance > 0 else float(n)
        rows.append((int(hit.sum()), share, *_wilson(share, effective, confidence)))
    index = pd.Index(CLASSES, name="category")
    return pd.DataFrame(rows, columns=["count", "share", "conf_low", "conf_high"], index=index)


def _density(values: FloatArray, point: float) -> float:
    """Density of values at a point, by a Gaussian kernel of Silverman's width."""
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    quartiles = np.quantile(values, [0.25, 0.75])
    robust = float(quartiles[1] - quartiles[0]) / 1.349
    width = 0.9 * (min(spread, robust) if robust > 0 else spread) * len(values) ** -0.2
    return float(stats.norm.pdf((point - values) / width).mean() / width) if width > 0 else 0.0


def _wilson(share: float, n: float, confidence: float) -> tuple[float, float]:
    z2 = float(stats.norm.ppf((1 + confidence) / 2)) ** 2
    centre = share + z2 / (2 * n)
    half = np.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n**2)))
    low, high = (centre - half) / (1 + z2 / n), (centre + half) / (1 + z2 / n)
    return float(max(low, 0.0)) if share > 0 else 0.0, float(min(high, 1.0)) if share < 1 else 1.0
