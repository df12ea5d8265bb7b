"""The noncentral t distribution, and the limits it gives for a standardised difference.

T = (Z + ncp) / S with Z normal and S² = χ²/df. Its distribution function is one integral, taken over S where t is
small and over Z where t is large, so that the integrand is smooth either way; scipy's returns NaN for some pairs of t
and ncp.
"""

from __future__ import annotations

import numpy as np
from scipy import optimize, special

from increase_eval.comparison.categorical.proportions import normal_quantile
from increase_eval.comparison.continuous.simultaneous import NORMAL_NODES, NORMAL_REACH, scale_nodes

_INVERSE_ROOT_TAU = 1 / np.sqrt(2 * np.pi)


def noncentral_t_cdf(t: float, df: float, ncp: float) -> float:
    """Give Pr(T <= t) for a noncentral t variable, to about twelve digits.

    Examples
    --------
    >>> print(f"{noncentral_t_cdf(0.0, 7, 1.0):.10f}")
    0.1586552539
    """
    if t < 0:
        return 1 - noncentral_t_cdf(-t, df, -ncp)
    if t**2 <= 2 * df:
        scale, weights = scale_nodes(float(df))
        return float(special.ndtr(t * scale - ncp) @ weights)
    # T <= t is S >= (Z + ncp) / t, which is certain where Z < -ncp.
    low, high = max(-ncp, -NORMAL_REACH), NORMAL_REACH
    if low >= high:
        return 1.0
    nodes, weights = np.polynomial.legendre.leggauss(NORMAL_NODES)
    z = (high + low) / 2 + (high - low) / 2 * nodes
    density = _INVERSE_ROOT_TAU * np.exp(-(z**2) / 2)
    beyond = special.chdtrc(df, df * ((z + ncp) / t) ** 2)
    return float(special.ndtr(low) + (high - low) / 2 * (density * beyond) @ weights)


def noncentrality_limits(t: float, df: float, confidence: float) -> tuple[float, float]:
    """Give the noncentralities at which `t` is the upper and the lower quantile of a noncentral t distribution."""
    tail = (1 - confidence) / 2
    width = (normal_quantile(confidence) + 5) * np.sqrt(1 + t**2 / (2 * df))

    def solve(probability: float) -> float:
        low, high = t - width, t + width
        while noncentral_t_cdf(t, df, low) < probability:
            low -= width
        while noncentral_t_cdf(t, df, high) > probability:
            high += width
        return float(optimize.brentq(lambda ncp: noncentral_t_cdf(t, df, ncp) - probability, low, high, xtol=1e-12))

    return solve(1 - tail), solve(tail)
