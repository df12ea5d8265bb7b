"""Do people keep their place from one wave to another? The retest correlation and the agreement of two waves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from increase_eval.errors import InsufficientDataError
from increase_eval.moments import PatternMoments
from increase_eval.results import estimate_table
from increase_eval.scoring.reliability.covariance import item_covariance
from increase_eval.scoring.reliability.icc import intraclass_correlation


@dataclass(frozen=True, slots=True)
class RetestReliability:
    """Two waves of one score.

    Attributes
    ----------
    correlation
        Pearson correlation of people with both scores.
    conf_low, conf_high
        Fisher's interval; missing with three people or fewer.
    agreement
        ICC2: as the correlation, but a change of the mean counts against it.
    agreement_low, agreement_high
        Its interval.
    mean_change
        Second less first.
    n, n_dropped
        People with both scores, and people with one only.
    confidence
        Of the intervals.
    """

    correlation: float
    conf_low: float
    conf_high: float
    agreement: float
    agreement_low: float
    agreement_high: float
    mean_change: float
    n: int
    n_dropped: int
    confidence: float

    def rows(self) -> list[dict[str, Any]]:
        """Give the correlation and the agreement as the rows of an estimate table."""
        limits = ("estimate", "conf_low", "conf_high")
        correlation = dict(zip(limits, (self.correlation, self.conf_low, self.conf_high), strict=True))
        agreement = dict(zip(limits, (self.agreement, self.agreement_low, self.agreement_high), strict=True))
        people = {"n": self.n, "n_dropped": self.n_dropped}
        return [
            {"term": "retest correlation", **correlation, **people, "method": "Pearson, Fisher's interval"},
            {"term": "retest agreement", **agreement, **people, "method": "ICC2"},
        ]

    def to_frame(self) -> pd.DataFrame:
        """Give the correlation and the agreement as an estimate table."""
        return estimate_table(self.rows())


def retest_reliability(
    first: pd.Series[float], second: pd.Series[float], *, confidence: float = 0.95
) -> RetestReliability:
    r"""Do people keep their place from one wave to another?

    Parameters
    ----------
    first, second
        Scores at two waves, index the participant; who has only one of the two is left out and counted.
    confidence
        Of the intervals.

    Returns
    -------
    RetestReliability
        The correlation, the agreement, and how many people they rest on.

    Raises
    ------
    ValueError
        If an index stands twice, a score is infinite, or the confidence is not between 0 and 1.
    InsufficientDataError
        If fewer than two people have both scores, or one of the scores does not vary among them.

    Notes
    -----
    The correlation is a reliability only if true scores keep their order between the waves: over a training, or six
    months, it mixes error with real change that differs between people, and is a lower bound. Fisher's interval is
    :math:`\tanh(\mathrm{artanh}\, r \pm q / \sqrt{n - 3})` with q the normal quantile.

    References
    ----------
    Fisher (1921), On the "probable error" of a coefficient of correlation, Metron 1, 3-32.

    Checked against pingouin.

    Examples
    --------
    >>> first = pd.Series([1.0, 2.0, 3.0, 4.0, 5.0])
    >>> retest = retest_reliability(first, pd.Series([2.0, 3.0, 3.0, 5.0, 6.0]))
    >>> print(f"{retest.correlation:.3f}, agreement {retest.agreement:.3f}, change {retest.mean_change:.1f}")
    0.962, agreement 0.862, change 0.8
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence!r}; allowed: more than 0 and less than 1")
    for name, scores in (("first", first), ("second", second)):
        if not isinstance(scores, pd.Series):
            raise TypeError(f"{name} must be a Series with the participants for index, so that waves can be paired")
        if not scores.index.is_unique:
            raise ValueError(f"{name} has {int(scores.index.duplicated().sum())} participants more than once")
    pairs = pd.concat({"first": first, "second": second}, axis=1).astype("Float64").astype("float64")
    pairs = pairs.dropna(how="all")
    two_waves = PatternMoments.from_frame(pairs, ["first", "second"])
    moments = item_covariance(two_waves)
    if not (moments.covariance.diagonal() > 0).all():
        raise InsufficientDataError(f"a score does not vary among the {moments.n} people with both")
    correlation = float(np.clip(moments.correlation[0, 1], -1.0, 1.0))
    table = intraclass_correlation(two_waves, confidence=confidence)
    agreement = table.loc[table["type"] == "ICC2", ["estimate", "conf_low", "conf_high"]].to_numpy(dtype="float64")[0]
    low, high = _fisher(correlation, moments.n, confidence)
    return RetestReliability(
        correlation=correlation,
        conf_low=low,
        conf_high=high,
        agreement=float(agreement[0]),
        agreement_low=float(agreement[1]),
        agreement_high=float(agreement[2]),
        mean_change=float(moments.means[1] - moments.means[0]),
        n=moments.n,
        n_dropped=moments.n_dropped,
        confidence=confidence,
    )


def _fisher(correlation: float, n: int, confidence: float) -> tuple[float, float]:
    if n <= 3:
        return float("nan"), float("nan")
    if abs(correlation) == 1:
        return correlation, correlation
    half = stats.norm.ppf((1 + confidence) / 2) / np.sqrt(n - 3)
    return float(np.tanh(np.arctanh(correlation) - half)), float(np.tanh(np.arctanh(correlation) + half))
