"""Weights nearest to a base that meet totals: the dual of a calibration problem, by Newton's method."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from increase_eval.errors import ConvergenceError

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]
Ratio = Callable[[Floats], tuple[Floats, Floats]]

MAX_ITERATIONS = 500
TOLERANCE = 1e-11
"""Largest miss of a total at convergence, relative to the total in absolute terms."""
NEAR_ENOUGH = 1e-9
"""The same where no step improves any more: rounding."""


def solve_calibration(
    cells: Floats,
    base: Floats,
    totals: Floats,
    terms: Sequence[str],
    method: str,
    bounds: tuple[float, float] | None,
    is_numeric: Booleans,
) -> Floats:
    """Give the ratio of weight to base of every cell.

    Parameters
    ----------
    cells, base
        Distinct rows (c, t), and the base weight of each cell (c,).
    totals, terms, is_numeric
        What the columns are to add up to (t,), their names, and which are numbers.
    method, bounds
        As for :func:`increase_eval.attrition.calibrate_weights`.
    """
    ratios = np.zeros(len(cells))
    # People of a level whose total is nought have the weight nought, whatever the distance.
    kept = ~(cells[:, ~is_numeric & (totals == 0)] > 0).any(axis=1)
    columns = np.abs(cells[kept]).sum(axis=0) > 0
    scale = np.abs(cells[kept][:, columns]).max(axis=0, initial=0)
    x, t = cells[kept][:, columns] / scale, totals[columns] / scale
    ratios[kept] = _newton(
        x, base[kept], t, _ratio(method, bounds), [term for term, used in zip(terms, columns, strict=True) if used]
    )
    return ratios


def _newton(x: Floats, base: Floats, totals: Floats, ratio: Ratio, terms: Sequence[str]) -> Floats:
    """Solve Σ d F(x'λ) x = T; a step is halved until it brings the totals nearer."""
    size = np.maximum(np.maximum(base @ np.abs(x), np.abs(totals)), 1e-300)
    multipliers = np.zeros(x.shape[1])
    value, slope = ratio(x @ multipliers)
    miss = (totals - (base * value) @ x) / size
    for _ in range(MAX_ITERATIONS):
        if np.abs(miss).max() <= TOLERANCE:
            return value
        hessian = x.T @ (x * (base * slope)[:, None])
        # Margins that share a population are dependent: the shortest step will do.
        step = np.linalg.lstsq(hessian, miss * size, rcond=1e-13)[0]
        for _ in range(60):
            trial_value, trial_slope = ratio(x @ (multipliers + step))
            trial = (totals - (base * trial_value) @ x) / size
            if np.isfinite(trial).all() and np.linalg.norm(trial) < np.linalg.norm(miss):
                break
            step = step / 2
        else:
            break
        multipliers, value, slope, miss = multipliers + step, trial_value, trial_slope, trial
    worst = int(np.abs(miss).argmax())
    if np.abs(miss).max() <= NEAR_ENOUGH:
        return value
    raise ConvergenceError(
        f"no weights meet all totals: {terms[worst]!r} is missed by {np.abs(miss[worst]):.2%} of its size; "
        "the margins do not fit these people (or the bounds are too narrow)"
    )


def _ratio(method: str, bounds: tuple[float, float] | None) -> Ratio:
    """Give F and F' of a method as one function of x'λ."""
    if method == "logit":
        assert bounds is not None
        return lambda u: _logit(u, *bounds)
    plain: Ratio = _linear if method == "linear" else _exponential
    if bounds is None:
        return plain
    low, high = bounds

    def cut(u: Floats) -> tuple[Floats, Floats]:
        value, slope = plain(u)
        return np.clip(value, low, high), np.where((value > low) & (value < high), slope, 0.0)

    return cut


def _linear(u: Floats) -> tuple[Floats, Floats]:
    return 1 + u, np.ones_like(u)


def _exponential(u: Floats) -> tuple[Floats, Floats]:
    value = np.exp(np.minimum(u, 200))
    return value, value


def _logit(u: Floats, low: float, high: float) -> tuple[Floats, Floats]:
    rate = (high - low) / ((1 - low) * (high - 1))
    odds = np.exp(np.clip(rate * u, -500, 500))
    below = (high - 1) + (1 - low) * odds
    value = (low * (high - 1) + high * (1 - low) * odds) / below
    return value, rate * (value - low) * (high - value) / (high - low)
