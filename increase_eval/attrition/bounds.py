"""How far could a mean or a difference lie from what is seen, whatever those who left would have answered?

Manski's bounds assume nothing but the range of the score, and are wide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize, stats

from increase_eval.attrition.two_arms import Bounds, arm_row, read_two_arms
from increase_eval.comparison.categorical.proportions import normal_quantile
from increase_eval.comparison.continuous.samples import to_floats
from increase_eval.errors import InsufficientDataError

Floats = npt.NDArray[np.float64]


def manski_bounds(outcome: Any, arm: Any, observed: Any, *, low: Any, high: Any, confidence: float = 0.95) -> Bounds:
    """How far could the difference of two arms lie, whatever those not observed would have scored?

    Parameters
    ----------
    outcome
        Numbers; what stands where `observed` is false does not matter.
    arm
        Two arms: 0 and 1, or two labels (sorted, or categories in order), the first being arm 0.
    observed
        True or false, 1 or 0.
    low, high
        The declared range of the score; or one value a row, as for a change from a first score y, which lies between
        low - y and high - y.
    confidence
        Coverage of the intervals.

    Returns
    -------
    Bounds
        `lower`, `upper` (arm 1 less arm 0), their interval, and `arms`.

    Raises
    ------
    ValueError
        If lengths differ, there are not two arms, an observed outcome is missing or outside the range.
    InsufficientDataError
        If an arm has fewer than two people.

    Notes
    -----
    An arm's mean lies between q m + (1-q) low and q m + (1-q) high, q the share observed and m their mean. Imbens and
    Manski's interval adds c standard errors on both sides, Φ(c + width/σ) - Φ(-c) = confidence, σ the larger error: it
    covers the difference, not the whole range of it. Where everybody is observed both bounds are the difference of
    means, and c is the normal quantile.

    References
    ----------
    Manski CF (1990). https://www.jstor.org/stable/2006592. Imbens GW, Manski CF (2004).
    doi:10.1111/j.1468-0262.2004.00555.x.

    Checked against R in ``tests/golden/attrition/bounds_nsw.json``.

    Examples
    --------
    >>> bounds = manski_bounds([1, 3, 2, None], [0, 0, 1, 1], [1, 1, 1, 0], low=0, high=10)
    >>> print(bounds.lower, bounds.upper)
    -1.0 4.0
    """
    z = normal_quantile(confidence)
    data = read_two_arms(outcome, arm, observed)
    ranges = _ranges(low, high, len(data.known))[:, data.known]
    _refuse_outside(data.values, data.observed, ranges)
    rows, ends, errors = [], [], []
    for code in (0, 1):
        own = data.codes == code
        if own.sum() < 2:
            raise InsufficientDataError(f"arm {data.levels[code]!r} has fewer than two people")
        means, error = _ends(data.values[own], data.observed[own], ranges[:, own])
        interval = _imbens_manski(means[0], means[1], error[0], error[1], confidence, z)
        rows.append({**arm_row(data, code), "lower": means[0], "upper": means[1], **interval})
        ends.append(means)
        errors.append(error)
    lower, upper = ends[1][0] - ends[0][1], ends[1][1] - ends[0][0]
    low_error, high_error = np.hypot(errors[1][0], errors[0][1]), np.hypot(errors[1][1], errors[0][0])
    interval = _imbens_manski(lower, upper, float(low_error), float(high_error), confidence, z)
    arms = pd.DataFrame(rows, index=pd.Index(list(data.levels), name="arm"))
    assumption = "scores lie in their declared range; nothing else is assumed"
    return Bounds(
        lower, upper, interval["conf_low"], interval["conf_high"], arms, np.nan, data.dropped, "Manski", assumption
    )


@dataclass(frozen=True, slots=True)
class MeanBounds:
    """Bounds of one mean: `lower`, `upper`, Imbens and Manski's interval, and the people behind them."""

    lower: float
    upper: float
    conf_low: float
    conf_high: float
    n: int
    n_observed: int


def mean_bounds(outcome: Any, observed: Any, *, low: Any, high: Any, confidence: float = 0.95) -> MeanBounds:
    """How far could one group's mean lie, whatever those not observed would have scored?

    Parameters
    ----------
    outcome, observed, low, high, confidence
        As for :func:`manski_bounds`, without arms.

    Returns
    -------
    MeanBounds
        `lower`, `upper` and their interval, with the people behind them.

    Raises
    ------
    ValueError
        If lengths differ, or an observed outcome is missing or outside the range.
    InsufficientDataError
        If there are fewer than two people.

    Notes
    -----
    The mean lies between those with everybody not observed at the lowest and at the highest possible outcome; the
    interval is Imbens and Manski's, as in :func:`manski_bounds`.

    References
    ----------
    Manski CF (1990). https://www.jstor.org/stable/2006592. Imbens GW, Manski CF (2004).
    doi:10.1111/j.1468-0262.2004.00555.x.

    Checked against the arms of :func:`manski_bounds`, and so against R, in ``tests/unit/attrition/test_bounds.py``.

    Examples
    --------
    >>> found = mean_bounds([2.0, 4.0, None, None], [1, 1, 0, 0], low=0, high=10)
    >>> print(found.lower, found.upper)
    1.5 6.5
    """
    z = normal_quantile(confidence)
    values, seen = to_floats(outcome, "outcome"), to_floats(observed, "observed")
    if len(values) != len(seen):
        raise ValueError(f"outcome and observed have {len(values)} and {len(seen)} rows")
    if not np.isin(seen, (0.0, 1.0)).all():
        raise ValueError("observed has other values than true and false")
    is_seen = seen == 1
    if np.isnan(values[is_seen]).any():
        raise ValueError(f"{int(np.isnan(values[is_seen]).sum())} outcomes are missing where observed is true")
    if len(values) < 2:
        raise InsufficientDataError("bounds need two people")
    ranges = _ranges(low, high, len(values))
    _refuse_outside(values, is_seen, ranges)
    means, error = _ends(values, is_seen, ranges)
    interval = _imbens_manski(means[0], means[1], error[0], error[1], confidence, z)
    return MeanBounds(means[0], means[1], interval["conf_low"], interval["conf_high"], len(values), int(is_seen.sum()))


def _ranges(low: Any, high: Any, n: int) -> Floats:
    """Give the lowest and the highest possible outcome of every row, shape (2, n)."""
    ends = [to_floats(end, name) if np.ndim(end) else float(end) for end, name in ((low, "low"), (high, "high"))]
    for end, name in zip(ends, ("low", "high"), strict=True):
        if np.ndim(end) and len(np.atleast_1d(end)) != n:
            raise ValueError(f"{name} has {len(np.atleast_1d(end))} values and outcome {n}; allowed: one, or one a row")
    ranges = np.vstack([np.broadcast_to(np.asarray(end, dtype=float), (n,)) for end in ends])
    if not (np.isfinite(ranges).all() and (ranges[0] < ranges[1]).all()):
        raise ValueError("low and high are no ranges; allowed: finite numbers, the lower first")
    return ranges


def _refuse_outside(values: Floats, observed: npt.NDArray[np.bool_], ranges: Floats) -> None:
    # A hair's breadth of rounding is no fault of the data: changes are differences.
    slack = 1e-9 * np.maximum(1.0, np.abs(ranges).max(axis=0, initial=0.0))
    outside = int((((values < ranges[0] - slack) | (values > ranges[1] + slack)) & observed).sum())
    if outside:
        raise ValueError(f"{outside} observed outcomes lie outside their range")


def _ends(values: Floats, observed: npt.NDArray[np.bool_], ranges: Floats) -> tuple[list[float], list[float]]:
    """Give both ends of a mean, and their standard errors."""
    filled = [np.where(observed, values, end) for end in ranges]
    return [float(one.mean()) for one in filled], [float(one.std(ddof=1) / np.sqrt(len(one))) for one in filled]


def _imbens_manski(
    lower: float, upper: float, low_error: float, high_error: float, confidence: float, z: float
) -> dict[str, float]:
    largest = max(low_error, high_error)
    width = (upper - lower) / largest if largest > 0 else np.inf

    def excess(c: float) -> float:
        return float(stats.norm.cdf(c + width) - stats.norm.cdf(-c)) - confidence

    # Between the one-sided quantile (very wide bounds) and the two-sided one (no width).
    low, high = float(stats.norm.ppf(confidence)), z
    c = low if excess(low) >= 0 else float(optimize.brentq(excess, low, high + 1e-9, xtol=1e-13))
    return {"conf_low": lower - c * low_error, "conf_high": upper + c * high_error}
