"""Does the anchor earn its place? By how much it narrows what the dial can do, and how far it moves the mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from increase_eval.attrition.anchored.contrast import Arm
from increase_eval.attrition.anchored.equations import ESTIMATED, ArmProblem, estimate_arm

STEP = 0.05
"""Half the turn of the dial over which its leverage is measured."""
WORTHWHILE = 0.10
"""Share of the dial's leverage that the anchor must take away to help."""
HELPS, DOES_NOT_HELP, UNKNOWN = "helps", "does not help", "not known"


def anchor_gain(arms: Sequence[Arm], without: Sequence[ArmProblem]) -> pd.DataFrame:
    """Compare each arm with and without its categories.

    Parameters
    ----------
    arms
        The arms, anchored.
    without
        The same with one category for everybody.

    Returns
    -------
    DataFrame
        Index the arm; ``leverage_without`` and ``leverage_with`` (points of the outcome per unit of the dial),
        ``cut`` (share of the leverage taken away), ``moved`` (the mean with categories less without, at dial nought),
        ``moved_errors`` (the same in standard errors), ``verdict`` (``helps``: the cut is at least a tenth, or the mean
        moves by a standard error or more; ``does not help``; ``not known``: one of the two cannot be estimated).
    """
    rows = [
        _row(arm.problem, other, float(np.median(arm.dials)), arm.entry)
        for arm, other in zip(arms, without, strict=True)
    ]
    return pd.DataFrame(rows, index=pd.Index([arm.label for arm in arms], name="arm"))


def _row(problem: ArmProblem, without: ArmProblem, middle: float, entry: float) -> dict[str, Any]:
    nothing = dict.fromkeys(("leverage_without", "leverage_with", "cut", "moved", "moved_errors"), np.nan)
    own, other = (_three(one, middle, entry) for one in (problem, without))
    if own is None or other is None:
        return {**nothing, "verdict": UNKNOWN}
    (zero, error, slope), (plain, _, loose) = own, other
    moved = zero - plain
    cut = 1 - slope / loose if loose else 0.0
    errors = moved / error if error > 0 else np.nan
    helps = cut >= WORTHWHILE or abs(errors) >= 1
    numbers = {"leverage_without": loose, "leverage_with": slope, "cut": cut, "moved": moved, "moved_errors": errors}
    return {**numbers, "verdict": HELPS if helps else DOES_NOT_HELP}


def _three(problem: ArmProblem, middle: float, entry: float) -> tuple[float, float, float] | None:
    """Give the mean and its error at dial nought, and the leverage of the dial about its middle."""
    dials = (0.0, middle - STEP, middle + STEP)
    zero, low, high = (estimate_arm(problem, (gamma, entry)[: len(problem.stages)], is_sample=False) for gamma in dials)
    if any(one.status != ESTIMATED for one in (zero, low, high)):
        return None
    return zero.estimate, float(np.sqrt(zero.variance)), (high.estimate - low.estimate) / (2 * STEP)
