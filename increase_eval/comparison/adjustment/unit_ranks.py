"""Which provider comes first? Ranks of units after shrinkage, never without the range of ranks that the data allow.

A league table of estimates is mostly noise: small units come first and last by chance. Here estimates are drawn towards
their mean by as much as they are unsure, and each unit gets the ranks that are compatible with the data: a posterior
interval of its own, and a set that holds for all units at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.comparison.categorical.proportions import normal_quantile
from increase_eval.errors import InsufficientDataError
from increase_eval.results import estimate_table

Floats = npt.NDArray[np.float64]

GRID = 400
"""Points of the posterior of the units' spread."""


@dataclass(frozen=True, slots=True)
class UnitRanks:
    """Units ranked, the highest first.

    Attributes
    ----------
    table
        Index ``unit``; ``estimate, std_error`` as given; ``shrunken, shrunken_low, shrunken_high`` (posterior mean and
        interval); ``rank`` (posterior mean), ``rank_low, rank_high`` (posterior interval of the rank), ``joint_low,
        joint_high`` (ranks that hold for all units at once).
    spread
        Posterior mean of the standard deviation between units.
    reliability
        Mean over units of the share of an estimate's variance that is the units', at `spread`.
    confidence, draws
        Coverage, and how many draws.
    """

    table: pd.DataFrame
    spread: float
    reliability: float
    confidence: float
    draws: int

    def to_frame(self) -> pd.DataFrame:
        """Give estimates, shrunken estimates, ranks and joint ranks as an estimate table; ``by_unit`` is the unit."""
        parts = (
            ("estimate", "estimate", None, None),
            ("shrunken", "shrunken", "shrunken_low", "shrunken_high"),
            ("rank", "rank", "rank_low", "rank_high"),
            ("joint rank", "rank", "joint_low", "joint_high"),
        )
        rows = []
        for unit, row in self.table.iterrows():
            for term, value, low, high in parts:
                limits = {"conf_low": row[low], "conf_high": row[high]} if low and high else {}
                error = {"std_error": row["std_error"]} if term == "estimate" else {}
                rows.append({"term": term, "by_unit": str(unit), "estimate": row[value], **error, **limits})
        return estimate_table(rows, method="ranks after shrinkage")


def rank_units(
    estimates: Sequence[float] | pd.Series,
    std_errors: Sequence[float] | pd.Series,
    *,
    rng: np.random.Generator,
    units: Sequence[str] | None = None,
    draws: int = 4000,
    confidence: float = 0.95,
) -> UnitRanks:
    """Which ranks of units are compatible with their estimates?

    Parameters
    ----------
    estimates, std_errors
        One of each a unit, independent of each other. The index of `estimates` names the units.
    rng
        Generator of the draws.
    units
        Names, where `estimates` is no Series.
    draws
        Draws from the posterior and for the joint ranks, at least 500.
    confidence
        Coverage.

    Returns
    -------
    UnitRanks
        `table`, `spread`, `reliability`.

    Raises
    ------
    ValueError
        If numbers do not belong together, an error is not above 0, or there are too few draws.
    InsufficientDataError
        If there are fewer than two units.

    Notes
    -----
    y_i ~ N(θ_i, s_i²), θ_i ~ N(μ, τ²), flat priors on μ and τ (for two units: on τ up to the largest difference of
    estimates plus four errors, as for any number). τ is drawn from its posterior on a grid, then μ, then θ; ranks are
    those of the drawn θ. Joint ranks use no prior: with c the quantile of max |(y_i - y_j) - (θ_i - θ_j)| / s_ij over
    all pairs (by simulation), a unit's best rank is one more than the units that are above it by more than c s_ij, and
    its worst rank likewise.

    References
    ----------
    Goldstein H, Spiegelhalter DJ (1996). League tables and their limitations. doi:10.2307/2983325.
    Mogstad M, Romano JP, Shaikh AM, Wilhelm D (2024). Inference for ranks. doi:10.1093/restud/rdad006.
    Gelman A (2006), flat prior on the spread. doi:10.1214/06-BA117A.

    Checked by simulation and known limits in ``tests/unit/comparison/test_unit_ranks.py``.

    Examples
    --------
    >>> ranks = rank_units([0.0, 0.1, 3.0], [0.2, 0.2, 0.2], units=["a", "b", "c"], rng=np.random.default_rng(1))
    >>> ranks.table[["joint_low", "joint_high"]].to_numpy().tolist()
    [[2, 3], [2, 3], [1, 1]]
    """
    normal_quantile(confidence)
    y, s = np.asarray(estimates, dtype=float), np.asarray(std_errors, dtype=float)
    names = list(estimates.index) if isinstance(estimates, pd.Series) else list(units or range(len(y)))
    if y.shape != s.shape or y.ndim != 1 or len(names) != len(y):
        raise ValueError(f"there are {y.size} estimates, {s.size} errors and {len(names)} names; allowed: one of each")
    if not (np.isfinite(y).all() and np.isfinite(s).all() and (s > 0).all()):
        raise ValueError("an estimate is not finite, or an error is not above 0")
    if draws < 500:
        raise ValueError(f"draws is {draws}; allowed: 500 or more")
    if len(y) < 2:
        raise InsufficientDataError(f"ranks need two units; there are {len(y)}")
    theta, tau = _posterior(y, s, draws, rng)
    ranks = 1 + np.argsort(np.argsort(-theta, axis=1), axis=1)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    low, high = np.quantile(theta, tails, axis=0)
    rank_low, rank_high = np.quantile(ranks, tails, axis=0, method="inverted_cdf")
    joint_low, joint_high = _joint_ranks(y, s, draws, confidence, rng)
    columns = {
        "estimate": y, "std_error": s, "shrunken": theta.mean(axis=0), "shrunken_low": low, "shrunken_high": high,
        "rank": ranks.mean(axis=0), "rank_low": rank_low.astype(int), "rank_high": rank_high.astype(int),
        "joint_low": joint_low, "joint_high": joint_high,
    }  # fmt: skip
    spread = float(tau.mean())
    reliability = float((spread**2 / (spread**2 + s**2)).mean())
    return UnitRanks(pd.DataFrame(columns, index=pd.Index(names, name="unit")), spread, reliability, confidence, draws)


def _posterior(y: Floats, s: Floats, draws: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Draw the units' true values, shape (draws, units), and their spread."""
    largest = float(np.ptp(y) + 4 * s.max())
    grid = (np.arange(GRID) + 0.5) * largest / GRID
    variances = grid[:, None] ** 2 + s**2
    precision = (1 / variances).sum(axis=1)
    centre = (y / variances).sum(axis=1) / precision
    log_density = -0.5 * (np.log(variances) + (y - centre[:, None]) ** 2 / variances).sum(axis=1)
    log_density -= 0.5 * np.log(precision)
    weights = np.exp(log_density - log_density.max())
    at = rng.choice(GRID, size=draws, p=weights / weights.sum())
    mu = rng.normal(centre[at], 1 / np.sqrt(precision[at]))
    tau = grid[at]
    share = tau[:, None] ** 2 / (tau[:, None] ** 2 + s**2)
    theta = rng.normal(share * y + (1 - share) * mu[:, None], np.sqrt(share) * s)
    return theta, tau


def _joint_ranks(
    y: Floats, s: Floats, draws: int, confidence: float, rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Give each unit's best and worst rank such that all hold at once, by simultaneous intervals of all pairs."""
    pairs = np.array(list(combinations(range(len(y)), 2)))
    scale = np.sqrt(s[pairs[:, 0]] ** 2 + s[pairs[:, 1]] ** 2)
    noise = rng.normal(size=(draws, len(y))) * s
    largest = np.abs((noise[:, pairs[:, 0]] - noise[:, pairs[:, 1]]) / scale).max(axis=1)
    critical = float(np.quantile(largest, confidence))
    gaps = (y[pairs[:, 0]] - y[pairs[:, 1]]) / scale
    above, below = np.zeros(len(y), dtype=np.int64), np.zeros(len(y), dtype=np.int64)
    for (i, j), gap in zip(pairs, gaps, strict=True):
        if gap > critical:
            above[j] += 1
            below[i] += 1
        elif gap < -critical:
            above[i] += 1
            below[j] += 1
    return 1 + above, len(y) - below
