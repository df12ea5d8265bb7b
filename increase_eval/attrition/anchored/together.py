"""All arms together, or one arm less another, with one dial for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from increase_eval.attrition.anchored.contrast import Arm
from increase_eval.attrition.anchored.equations import ESTIMATED

Floats = npt.NDArray[np.float64]

COMMON_BRIDGE = "no error: that of a counted bridge is common to the arms"


def everybody(arms: Sequence[Arm], gamma: float, confidence: float) -> pd.Series[Any]:
    """Give the mean of everybody: that of each arm by its share of the people.

    Notes
    -----
    theta = Σ_a (N_a/N) theta_a and Var = Σ_a (N_a/N)² Var(theta_a): arms are separate people, and how many there are is
    counted. Where the people are drawn from more, how many fall to each arm is chance too, which adds
    Σ_a (N_a/N)(theta_a - theta)²/N. Degrees of freedom are Satterthwaite's.
    """
    sizes = np.array([arm.problem.size for arm in arms])
    shares = sizes / sizes.sum()
    means = np.array([arm.at(gamma).estimate for arm in arms])
    drawn = arms[0].is_sample
    apart = float(shares @ (means - shares @ means) ** 2 / sizes.sum()) if drawn else 0.0
    return combined(arms, shares, gamma, confidence, more=apart)


def combined(
    arms: Sequence[Arm], coefficients: Floats, gamma: float, confidence: float, *, more: float = 0.0
) -> pd.Series[Any]:
    """Give a linear combination of the arms' means under one dial, with its error.

    Parameters
    ----------
    arms, coefficients
        What is combined; arms are independent.
    gamma
        The dial of each of them.
    confidence
        Of the interval.
    more
        Variance beyond that of the arms.

    Returns
    -------
    Series
        ``gamma, estimate, std_error, df, conf_low, conf_high, n, n_observed, status``: no number where an arm has none.
    """
    found = [arm.at(gamma) for arm in arms]
    counts = {
        "n": round(sum(arm.problem.size for arm in arms)),
        "n_observed": sum(len(arm.problem.rows) for arm in arms),
    }
    status = next((one.status for one in found if one.status != ESTIMATED), ESTIMATED)
    numbers = dict.fromkeys(("estimate", "std_error", "df", "conf_low", "conf_high"), np.nan)
    bridge = arms[0].anchors.bridge
    if status == ESTIMATED and bridge is not None and bridge.counts is not None:
        status = COMMON_BRIDGE
    elif status == ESTIMATED:
        estimate = float(coefficients @ np.array([one.estimate for one in found]))
        parts = coefficients**2 * np.array([one.variance for one in found])
        free = np.maximum(np.array([one.df for one in found]), 1.0)
        variance = float(parts.sum()) + more
        squares = float((parts**2 / free).sum())
        df = variance**2 / squares if squares > 0 else np.inf
        half = float(stats.t.ppf((1 + confidence) / 2, df)) * np.sqrt(variance)
        numbers = {
            "estimate": estimate, "std_error": float(np.sqrt(variance)), "df": df, "conf_low": estimate - half,
            "conf_high": estimate + half,
        }  # fmt: skip
    return pd.Series({"gamma": gamma, **numbers, **counts, "status": status})
