"""How strong would an unmeasured confounder have to be to explain an estimate away? The E-value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from increase_eval.arguments import require_number
from increase_eval.results import estimate_table

RiskMeasure = Literal["rr", "or", "hr", "smd"]


@dataclass(frozen=True, slots=True)
class EValue:
    """E-values of an estimate and of its interval.

    Attributes
    ----------
    estimate
        The association, as a risk ratio with the exposure and with the outcome, that would explain the estimate.
    limit
        The same for the limit nearest to no effect; 1 where the interval holds no effect.
    measure
        What the estimate is.
    risk_ratio
        The estimate on the scale of risk ratios.
    """

    estimate: float
    limit: float
    measure: str
    risk_ratio: float

    def to_frame(self) -> pd.DataFrame:
        """Give both E-values as an estimate table."""
        rows = [{"term": "estimate", "estimate": self.estimate}, {"term": "limit", "estimate": self.limit}]
        return estimate_table(rows, outcome="e_value", method=f"E-value ({self.measure})")


def e_value(estimate: float, low: float, high: float, *, measure: RiskMeasure = "rr") -> EValue:
    """How strong would an unmeasured confounder have to be to explain `estimate` away?

    Parameters
    ----------
    estimate, low, high
        An estimate and its limits, low <= estimate <= high.
    measure
        ``rr`` a risk ratio (also an odds or hazard ratio of a rare outcome); ``or`` an odds ratio of a common outcome;
        ``hr`` a hazard ratio of a common outcome; ``smd`` a standardised mean difference.

    Returns
    -------
    EValue
        `estimate` and `limit`.

    Raises
    ------
    ValueError
        If the numbers are out of order or not finite, a ratio is not above 0, or the measure is unknown.

    Notes
    -----
    For a risk ratio RR (its inverse where under 1): E = RR + √(RR (RR - 1)). First OR becomes √OR, HR becomes
    (1 - 0.5^√HR) / (1 - 0.5^√(1/HR)), and a standardised difference d becomes exp(0.91 d), limits likewise.

    References
    ----------
    VanderWeele TJ, Ding P (2017). Sensitivity analysis in observational research. doi:10.7326/M16-2607.

    Checked against R in ``tests/golden/comparison/two_proportions.json``.

    Examples
    --------
    >>> print(f"{e_value(2.0, 1.5, 2.7).estimate:.4f}")
    3.4142
    """
    if measure not in get_args(RiskMeasure):
        raise ValueError(f"measure is {measure!r}; allowed: {', '.join(get_args(RiskMeasure))}")
    named = (("estimate", estimate), ("low", low), ("high", high))
    numbers = np.array([require_number(value, name) for name, value in named])
    if not np.isfinite(numbers).all() or not low <= estimate <= high:
        raise ValueError(f"estimate {estimate!r}, limits {low!r}, {high!r}; allowed: numbers, low <= estimate <= high")
    if measure != "smd" and numbers.min() <= 0:
        raise ValueError(f"the lowest of {numbers.tolist()} is not above 0, which a ratio must be")
    ratio, lower, upper = (_as_risk_ratio(number, measure) for number in numbers.tolist())
    nearest = lower if ratio >= 1 else upper
    covers_no_effect = lower <= 1 <= upper
    return EValue(_e_value(ratio), 1.0 if covers_no_effect else _e_value(nearest), measure, ratio)


def _as_risk_ratio(number: float, measure: str) -> float:
    if measure == "or":
        return float(np.sqrt(number))
    if measure == "hr":
        return float((1 - 0.5 ** np.sqrt(number)) / (1 - 0.5 ** np.sqrt(1 / number)))
    return float(np.exp(0.91 * number)) if measure == "smd" else number


def _e_value(ratio: float) -> float:
    away = ratio if ratio >= 1 else 1 / ratio
    return float(away + np.sqrt(away * (away - 1)))
