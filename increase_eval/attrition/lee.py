"""How far could an effect lie from what is seen, in a randomised study? Lee's bounds.

They assume that the arm moves everybody's answering one way (monotone selection), and are about those who would answer
in either arm.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.attrition.two_arms import Bounds, arm_row, read_two_arms
from increase_eval.errors import InsufficientDataError

Floats = npt.NDArray[np.float64]
Trimming = Literal["fractional", "type1", "type7"]


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
    data = read_two_arms(outcome, arm, observed)
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
    rows = [{**arm_row(data, code), "lower": ends[code][0], "upper": ends[code][1]} for code in (0, 1)]
    arms = pd.DataFrame(rows, index=pd.Index(list(data.levels), name="arm"))
    assumption = "random assignment, and the arm moves nobody's answering the other way (monotone selection)"
    return Bounds(lower, upper, np.nan, np.nan, arms, trimmed, data.dropped, f"Lee, {trimming} trimming", assumption)


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
