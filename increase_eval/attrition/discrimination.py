"""How well do predicted probabilities tell events from others? Area under the curve, Brier score, calibration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from increase_eval.comparison.categorical.proportions import interval_bounds, normal_quantile

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AreaUnderCurve:
    """The chance that an event has the higher probability of two people, one with and one without; ties count half."""

    estimate: float
    variance: float
    conf_low: float
    conf_high: float


def area_under_curve(probability: Floats, event: Floats, *, confidence: float = 0.95) -> AreaUnderCurve:
    """How often does a person with the event have the higher probability, of two people of which one has it?

    Notes
    -----
    Mann and Whitney's statistic; DeLong's variance from midranks (Sun and Xu), a normal interval cut to [0, 1]. The
    variance is missing where one side has a single person.

    References
    ----------
    DeLong ER, DeLong DM, Clarke-Pearson DL (1988). doi:10.2307/2531595. Sun X, Xu W (2014).
    doi:10.1109/LSP.2014.2337313.

    Examples
    --------
    >>> area_under_curve(np.array([0.1, 0.4, 0.4, 0.9]), np.array([0.0, 0, 1, 1])).estimate
    0.875
    """
    with_event, without = probability[event == 1], probability[event == 0]
    m, n = len(with_event), len(without)
    ranks = stats.rankdata(np.concatenate([with_event, without]))
    above = (ranks[:m] - stats.rankdata(with_event)) / n
    below = 1 - (ranks[m:] - stats.rankdata(without)) / m
    estimate = float(above.mean())
    variance = float(above.var(ddof=1) / m + below.var(ddof=1) / n) if min(m, n) > 1 else np.nan
    half = normal_quantile(confidence) * np.sqrt(variance)
    return AreaUnderCurve(estimate, variance, float(max(estimate - half, 0)), float(min(estimate + half, 1)))


def calibration_table(
    probability: Floats, event: Floats, *, groups: int = 10, confidence: float = 0.95
) -> pd.DataFrame:
    """Give predicted and observed shares by group of predicted probability.

    Returns
    -------
    DataFrame
        Ascending; ``predicted`` (mean), ``observed`` with Wilson limits ``conf_low`` and ``conf_high``, ``n``. Equal
        probabilities stay together, so that there may be fewer groups.
    """
    cuts = np.unique(np.quantile(probability, np.arange(1, groups) / groups, method="inverted_cdf"))
    cuts = cuts[cuts < probability.max()]
    at = np.searchsorted(cuts, probability, side="left")
    n = np.bincount(at, minlength=len(cuts) + 1)
    count = np.bincount(at, weights=event, minlength=len(cuts) + 1)
    low, high = interval_bounds(count, n, confidence=confidence)
    predicted = np.bincount(at, weights=probability, minlength=len(cuts) + 1) / n
    return pd.DataFrame({"predicted": predicted, "observed": count / n, "conf_low": low, "conf_high": high, "n": n})
