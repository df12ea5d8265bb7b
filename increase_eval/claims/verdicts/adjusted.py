"""P values that hold for a whole family: Holm, Hochberg, Benjamini-Hochberg, Romano-Wolf from joint draws."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def holm(p_values: Floats) -> Floats:
    """Adjust by Holm's step-down procedure; missing p values stay missing and count in the family."""
    return _stepwise(p_values, lambda rank, size: size - rank, is_step_down=True)


def hochberg(p_values: Floats) -> Floats:
    """Adjust by Hochberg's step-up procedure, which needs positive dependence; missing ones count in the family."""
    return _stepwise(p_values, lambda rank, size: size - rank, is_step_down=False)


def benjamini_hochberg(p_values: Floats) -> Floats:
    """Adjust by the step-up procedure that bounds the false discovery rate; missing ones count in the family."""
    return _stepwise(p_values, lambda rank, size: size / (rank + 1), is_step_down=False)


def _stepwise(p_values: Floats, factor: object, *, is_step_down: bool) -> Floats:
    """Multiply the ordered p values by factors, and keep them in order from the smallest up or the largest down."""
    adjusted = np.full(len(p_values), np.nan)
    known = np.flatnonzero(~np.isnan(p_values))
    order = known[np.argsort(p_values[known], kind="stable")]
    size = len(p_values)
    # A missing p value could be any: as the largest ones they cost the others most.
    raw = np.array([p_values[at] * factor(rank, size) for rank, at in enumerate(order)])  # type: ignore[operator]
    kept = np.maximum.accumulate(raw) if is_step_down else np.minimum.accumulate(raw[::-1])[::-1]
    adjusted[order] = np.minimum(kept, 1.0)
    return adjusted


def romano_wolf(statistics: Floats, null_draws: Floats) -> Floats:
    """Adjust by Romano and Wolf's step-down procedure, from draws of all statistics together under their nulls.

    Parameters
    ----------
    statistics
        Shape (K,): studentised estimates; missing ones have no p value.
    null_draws
        Shape (draws, K): studentised and centred draws of the same statistics, from a bootstrap, or from the joint
        distribution that :func:`null_statistics` draws from.

    Returns
    -------
    array
        Shape (K,).

    Notes
    -----
    From the largest absolute statistic down, p is the share of draws whose largest absolute statistic among those not
    yet passed is as large, with one added to both counts; p values never fall on the way down.

    References
    ----------
    Romano JP, Wolf M (2005). doi:10.1111/j.1468-0262.2005.00615.x; (2016), doi:10.1016/j.spl.2016.02.012.
    """
    adjusted = np.full(len(statistics), np.nan)
    size = np.abs(statistics)
    known = np.flatnonzero(~np.isnan(size))
    order = known[np.argsort(-size[known], kind="stable")]
    largest = np.abs(null_draws[:, order])
    running = 0.0
    for rank, at in enumerate(order):
        exceeds = int((largest[:, rank:].max(axis=1) >= size[at]).sum())
        running = max(running, (exceeds + 1) / (len(null_draws) + 1))
        adjusted[at] = running
    return adjusted


def null_statistics(covariance: Floats, df: Floats, *, draws: int, rng: np.random.Generator) -> Floats:
    """Draw studentised statistics under their nulls from the joint covariance of the estimates.

    Parameters
    ----------
    covariance
        Shape (K, K): of the estimates; rows without a variance are drawn as nought.
    df
        Shape (K,): degrees of freedom; infinite for normal statistics.
    draws
        How many.
    rng
        Source of randomness.

    Returns
    -------
    array
        Shape (draws, K): multivariate t with one chi square a draw, at the smallest of the degrees of freedom.
    """
    sd = np.sqrt(np.diag(covariance))
    scale = np.divide(1.0, sd, out=np.zeros_like(sd), where=sd > 0)
    correlation = covariance * np.outer(scale, scale)
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.clip(values, 0.0, None))
    normal: Floats = rng.standard_normal((draws, len(sd))) @ root.T
    smallest = float(np.nanmin(df)) if len(df) else np.inf
    if np.isinf(smallest):
        return normal
    return np.asarray(normal / np.sqrt(rng.chisquare(smallest, draws) / smallest)[:, None])
