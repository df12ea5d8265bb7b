"""The distributions behind simultaneous comparisons: the studentised range, and Dunnett's maximum.

Both are an integral over the error's scale s of an integral over a normal variable z, done by Gauss-Legendre
quadrature: to about ten digits, vectorised, and without the warnings of adaptive integration.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import optimize, special, stats

Floats = npt.NDArray[np.float64]

NORMAL_REACH = 8.5
"""Beyond it a normal density is under 1e-16."""
NORMAL_NODES = 160
_SCALE_NODES = 96
_SCALE_TAIL = 1e-15
_FEW_DF = 10
_LARGE_DF = 1e7
"""From here the scale is 1 to the precision of the quadrature."""


def range_p_value(q: float, groups: int, df: float) -> float:
    """Give the probability that a studentised range of `groups` means on `df` degrees of freedom exceeds `q`."""
    _check(groups, df)
    if q <= 0:
        return 1.0
    z, weights = normal_nodes()

    def within(widths: Floats) -> Floats:
        spans = special.ndtr(z) - special.ndtr(z - widths[:, None])
        return np.asarray(groups * (spans ** (groups - 1)) @ weights)

    return _outside(within, q, df)


def range_quantile(probability: float, groups: int, df: float) -> float:
    """Give the value that the studentised range exceeds with the probability 1 - `probability`."""
    return _quantile(lambda q: range_p_value(q, groups, df), probability)


def dunnett_p_value(t: float, loadings: npt.ArrayLike, df: float) -> float:
    """Give the probability that the largest of several |t| against one control exceeds `t`.

    Parameters
    ----------
    t
        An absolute t value.
    loadings
        λ_i = √(n_i / (n_i + n_0)) of each comparison: two of them correlate by λ_i λ_j.
    df
        Degrees of freedom of the common error.
    """
    lam = np.asarray(loadings, dtype=float)
    _check(len(lam) + 1, df)
    z, weights = normal_nodes()
    rest = np.sqrt(1 - lam**2)

    def within(limits: Floats) -> Floats:
        upper = (lam[:, None, None] * z + limits[None, :, None]) / rest[:, None, None]
        lower = (lam[:, None, None] * z - limits[None, :, None]) / rest[:, None, None]
        return np.asarray(np.prod(special.ndtr(upper) - special.ndtr(lower), axis=0) @ weights)

    return _outside(within, abs(t), df) if t else 1.0


def dunnett_quantile(probability: float, loadings: npt.ArrayLike, df: float) -> float:
    """Give the value that the largest of several |t| exceeds with the probability 1 - `probability`."""
    return _quantile(lambda t: dunnett_p_value(t, loadings, df), probability)


def _check(groups: int, df: float) -> None:
    if groups < 2 or not df > 0:
        raise ValueError(f"{groups} groups on {df!r} degrees of freedom; allowed: two or more, and df above 0")


def _outside(within: Callable[[Floats], Floats], width: float, df: float) -> float:
    """Average 1 - within(width times s) over the scale s = √(χ²/df)."""
    if df > _LARGE_DF:
        return float(np.clip(1 - within(np.array([width]))[0], 0, 1))
    scale, weights = scale_nodes(float(df))
    return float(np.clip((1 - within(width * scale)) @ weights, 0, 1))


@lru_cache(maxsize=1)
def normal_nodes() -> tuple[Floats, Floats]:
    """Give nodes z and weights that hold the normal density."""
    nodes, weights = np.polynomial.legendre.leggauss(NORMAL_NODES)
    z = NORMAL_REACH * nodes
    return z, NORMAL_REACH * weights * stats.norm.pdf(z)


@lru_cache(maxsize=256)
def scale_nodes(df: float) -> tuple[Floats, Floats]:
    """Give nodes s and weights that hold the density of √(χ²/df)."""
    # At few df the density starts like s^(df - 1): stretching the axis keeps the integrand smooth at nought.
    power = 4 if df < _FEW_DF else 1
    low, high = np.sqrt(stats.chi2.ppf([_SCALE_TAIL, 1 - _SCALE_TAIL], df) / df) ** (1 / power)
    nodes, weights = np.polynomial.legendre.leggauss(_SCALE_NODES)
    stretched = (high + low) / 2 + (high - low) / 2 * nodes
    s = stretched**power
    density = 2 * df * s * stats.chi2.pdf(df * s**2, df) * power * stretched ** (power - 1)
    mass = (high - low) / 2 * weights * density
    return s, mass / mass.sum()


def _quantile(p_value: Callable[[float], float], probability: float) -> float:
    if not 0 < probability < 1:
        raise ValueError(f"probability is {probability!r}; allowed: between 0 and 1")
    high = 8.0
    while p_value(high) > 1 - probability:
        high *= 2
    return float(optimize.brentq(lambda q: p_value(q) - (1 - probability), 0.0, high, xtol=1e-12, rtol=1e-13))
