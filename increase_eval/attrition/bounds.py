"""How far could an effect lie from what is seen, whatever those who left would have answered? Bounds.

Manski's bounds assume nothing but the range of the score, and are wide. Lee's are for randomised studies, and assume
that the arm moves everybody's answering one way (monotone selection); they are about those who would answer in either
arm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize, stats

from increase_eval.comparison.categorical.proportions import normal_quantile
from increase_eval.comparison.continuous.samples import to_floats
from increase_eval.errors import InsufficientDataError
from increase_eval.moments.formulas import ordered_levels
from increase_eval.results import estimate_table

Floats = npt.NDArray[np.float64]
Trimming = Literal["fractional", "type1", "type7"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds of the difference of two means, arm 1 less arm 0.

    Attributes
    ----------
    lower, upper
        The bounds.
    conf_low, conf_high
        Imbens and Manski's interval for the difference itself; missing for Lee's bounds.
    arms
        Index the arm; ``n``, ``n_observed``, ``mean`` (of the observed), ``lower``, ``upper`` and, for Manski's,
        ``conf_low``, ``conf_high``.
    trimmed_share
        For Lee's bounds: the share of the observed of one arm that is trimmed; else missing.
    n_dropped
        Rows without an arm.
    assumption
        What the bounds rest on.
    """

    lower: float
    upper: float
    conf_low: float
    conf_high: float
    arms: pd.DataFrame
    trimmed_share: float
    n_dropped: int
    method: str
    assumption: str

    def to_frame(self) -> pd.DataFrame:
        """Give both bounds as an estimate table."""
        limits = {"conf_low": self.conf_low, "conf_high": self.conf_high, "n_dropped": self.n_dropped}
        rows = [{"term": term, "estimate": getattr(self, term), **limits} for term in ("lower", "upper")]
        contrast = f"{self.arms.index[1]} - {self.arms.index[0]}"
        return estimate_table(rows, contrast=contrast, n=int(self.arms["n"].sum()), method=self.method)


def manski_bounds(
    outcome: Any, arm: Any, observed: Any, *, low: float, high: float, confidence: float = 0.95
) -> Bounds:
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
        The declared range of the score.
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
    if not (np.isfinite([low, high]).all() and low < high):
        raise ValueError(f"low is {low!r} and high {high!r}; allowed: two numbers, the lower first")
    z = normal_quantile(confidence)
    data = _read(outcome, arm, observed)
    seen = data.values[data.observed]
    outside = int(((seen < low) | (seen > high)).sum())
    if outside:
        raise ValueError(f"{outside} observed outcomes lie outside the range {low:g} to {high:g}")
    rows, ends, errors = [], [], []
    for code in (0, 1):
        own = data.codes == code
        if own.sum() < 2:
            raise InsufficientDataError(f"arm {data.levels[code]!r} has fewer than two people")
        filled = [np.where(data.observed[own], data.values[own], end) for end in (low, high)]
        means = [float(one.mean()) for one in filled]
        error = [float(one.std(ddof=1) / np.sqrt(len(one))) for one in filled]
        interval = _imbens_manski(means[0], means[1], error[0], error[1], confidence, z)
        rows.append({**_arm_row(data, code), "lower": means[0], "upper": means[1], **interval})
        ends.append(means)
        errors.append(error)
    lower, upper = ends[1][0] - ends[0][1], ends[1][1] - ends[0][0]
    low_error, high_error = np.hypot(errors[1][0], errors[0][1]), np.hypot(errors[1][1], errors[0][0])
    interval = _imbens_manski(lower, upper, float(low_error), float(high_error), confidence, z)
    arms = pd.DataFrame(rows, index=pd.Index(list(data.levels), name="arm"))
    assumption = f"scores lie between {low:g} and {high:g}; nothing else is assumed"
    return Bounds(
        lower, upper, interval["conf_low"], interval["conf_high"], arms, np.nan, data.dropped, "Manski", assumption
    )


def lee_bounds(outcome: Any, arm: Any, observed: Any, *, trimming: Trimming = "fractional") -> Bounds:
    """How far could the effect on those who would answer in either arm lie from what is seen?

    Parameters
    ----------
    outcome, arm, observed
        As for :func:`manski_bounds`. The arms must have been assigned at random.
    trimming
        ``fractional`` trims the exact share, one person partly; ``type1`` and ``type7`` keep whoever is at or beyond
        the quantile of that type (a step of the distribution function; linear interpolation).

    Returns
    -------
    Bounds
        `lower`, `upper` (arm 1 less arm 0), `trimmed_share`, `arms`.

    Raises
    ------
    ValueError
        If lengths differ, there are not two arms, an observed outcome is missing, or the option is unknown.
    InsufficientDataError
        If nobody is observed in an arm.

    Notes
    -----
    With the shares observed q1 > q0 (else the other way round), the share p = (q1 - q0)/q1 of arm 1's observed is
    trimmed: from the top for the lower bound, from the bottom for the upper one. Equal shares leave the difference of
    means. Monotone selection cannot be tested.

    References
    ----------
    Lee DS (2009). Training, wages, and sample selection. doi:10.1111/j.1467-937X.2009.00536.x.

    Checked against R in ``tests/golden/attrition/bounds_nsw.json``.

    Examples
    --------
    >>> bounds = lee_bounds([1, 2, 3, 4, 2, 3, 0, 0], [1, 1, 1, 1, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1, 0, 0])
    >>> print(bounds.lower, bounds.upper, bounds.trimmed_share)
    -1.0 1.0 0.5
    """
    if trimming not in get_args(Trimming):
        raise ValueError(f"trimming is {trimming!r}; allowed: {', '.join(get_args(Trimming))}")
    data = _read(outcome, arm, observed)
    own = [data.codes == code for code in (0, 1)]
    seen = [np.sort(data.values[mask & data.observed]) for mask in own]
    if min(map(len, seen)) == 0:
        raise InsufficientDataError("nobody is observed in one of the arms")
    shares = [float(data.observed[mask].mean()) for mask in own]
    more = int(shares[1] > shares[0])
    trimmed = abs(shares[1] - shares[0]) / max(shares)
    top, bottom = _trimmed_means(seen[more], trimmed, trimming)
    other = float(seen[1 - more].mean())
    # With more observed in arm 0 the trimmed mean is taken from the other.
    lower, upper = (top - other, bottom - other) if more else (other - bottom, other - top)
    ends = {more: (top, bottom), 1 - more: (other, other)}
    rows = [{**_arm_row(data, code), "lower": ends[code][0], "upper": ends[code][1]} for code in (0, 1)]
    arms = pd.DataFrame(rows, index=pd.Index(list(data.levels), name="arm"))
    assumption = "random assignment, and the arm moves nobody's answering the other way (monotone selection)"
    return Bounds(lower, upper, np.nan, np.nan, arms, trimmed, data.dropped, f"Lee, {trimming} trimming", assumption)


@dataclass(frozen=True, slots=True)
class _TwoArms:
    values: Floats
    codes: npt.NDArray[np.int64]
    observed: npt.NDArray[np.bool_]
    levels: tuple[Any, ...]
    dropped: int


def _read(outcome: Any, arm: Any, observed: Any) -> _TwoArms:
    values = to_floats(outcome, "outcome")
    seen = to_floats(observed, "observed")
    labels = pd.Series(arm).reset_index(drop=True)
    if not len(values) == len(labels) == len(seen):
        raise ValueError(f"outcome, arm and observed have {len(values)}, {len(labels)} and {len(seen)} rows")
    if not np.isin(seen, (0.0, 1.0)).all():
        raise ValueError("observed has other values than true and false")
    known = labels.notna().to_numpy(dtype=bool)
    levels = ordered_levels(labels, known) if known.any() else ()
    if len(levels) != 2:
        raise ValueError(f"arm has {len(levels)} different values; allowed: two")
    codes = np.asarray(
        pd.Index(list(levels)).get_indexer(pd.Index(labels.to_numpy(dtype=object)[known])), dtype=np.int64
    )
    values, is_seen = values[known], seen[known] == 1
    if np.isnan(values[is_seen]).any():
        raise ValueError(f"{int(np.isnan(values[is_seen]).sum())} outcomes are missing where observed is true")
    return _TwoArms(values, codes, is_seen, tuple(levels), int((~known).sum()))


def _arm_row(data: _TwoArms, code: int) -> dict[str, Any]:
    own = data.codes == code
    seen = data.values[own & data.observed]
    return {"n": int(own.sum()), "n_observed": len(seen), "mean": float(seen.mean()) if len(seen) else np.nan}


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


def _trimmed_means(ordered: Floats, share: float, trimming: Trimming) -> tuple[float, float]:
    """Give the mean with the top share trimmed, and with the bottom share trimmed."""
    if trimming == "fractional":
        return float(_fractional(ordered[::-1], share)), float(_fractional(ordered, share))
    low, high = _quantile(ordered, share, trimming), _quantile(ordered, 1 - share, trimming)
    return float(ordered[ordered <= high].mean()), float(ordered[ordered >= low].mean())


def _quantile(ordered: Floats, share: float, trimming: Trimming) -> float:
    if trimming == "type7":
        return float(np.quantile(ordered, share))
    # A share that is a whole number of people must not be pushed over the step by rounding.
    step = int(np.ceil(len(ordered) * share - 1e-12))
    return float(ordered[min(max(step, 1), len(ordered)) - 1])


def _fractional(values: Floats, share: float) -> float:
    """Give the mean without the first `share` of the values, one of them counting partly."""
    amount = share * len(values)
    whole = int(np.floor(amount + 1e-12))
    weights = np.ones(len(values))
    weights[:whole] = 0
    if whole < len(values):
        weights[whole] = 1 - (amount - whole)
    return float(weights @ values / weights.sum())
