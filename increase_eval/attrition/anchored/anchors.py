"""What the anchor itself may be off by: errors of totals, and of a bridge that was counted from people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from increase_eval.attrition.anchored.bridge import Bridge
from increase_eval.attrition.anchored.equations import ESTIMATED, ArmEstimate, ArmProblem, estimate_arm
from increase_eval.attrition.anchored.population import People, Totals, counted_problems

Floats = npt.NDArray[np.float64]

STEP = 1e-4
"""Step of the numerical derivative towards a category."""


@dataclass(frozen=True, slots=True, eq=False)
class Anchors:
    """What is known of the anchor's own error.

    Attributes
    ----------
    bridge
        Of states and categories, or None.
    totals
        ``{(arm, category): people}``, or None for linked people.
    errors
        Shape (arms, categories): standard errors of the totals, or None for a complete count.
    others
        The problems at each corner of what was declared, each one an arm.
    """

    bridge: Bridge | None
    totals: Totals | None
    errors: Any
    others: tuple[tuple[ArmProblem, ...], ...]


def anchor_variance(
    anchors: Anchors, people: People, arm: int, problem: ArmProblem, dials: tuple[float, ...], found: ArmEstimate
) -> float:
    """Give the variance that the anchor's own error adds to an arm's mean.

    Notes
    -----
    Totals: Σ_g beta_g² se_g²/N². Bridge: Σ_z Σ_g p_zg d_zg²/n_z, d_zg the derivative of the mean as row z moves
    towards category g, by central differences: the multinomial's variance in the directions that keep a sum of 1.
    """
    extra = 0.0
    if anchors.errors is not None and found.gradient.size:
        stage = problem.stages[-1]
        extra += float(found.gradient[: stage.categories] ** 2 @ anchors.errors[arm][stage.kept] ** 2)
    if anchors.bridge is not None and anchors.bridge.counts is not None and anchors.totals is not None:
        extra += _bridge_variance(anchors.bridge, anchors.totals, people, arm, dials)
    return extra


def _bridge_variance(bridge: Bridge, totals: Totals, people: People, arm: int, dials: tuple[float, ...]) -> float:
    p = bridge.matrix.to_numpy(dtype=float)
    counts = bridge.counts.reindex(bridge.matrix.index).to_numpy(dtype=float) if bridge.counts is not None else p
    seen = np.unique(people.category[people.observed & (people.arm == arm)])
    variance = 0.0
    for state in seen:
        for category in np.flatnonzero((p[state] > 0) & (p[state] < 1)):
            ends = []
            step = min(STEP, p[state, category] / 2)
            for turn in (-step, step):
                moved = p.copy()
                moved[state] += turn * (np.eye(p.shape[1])[category] - p[state])
                problem = counted_problems(people, totals, bridge.at(moved))[arm]
                ends.append(estimate_arm(problem, dials, is_sample=False))
            if any(one.status != ESTIMATED for one in ends):
                return np.nan
            slope = (ends[1].estimate - ends[0].estimate) / (2 * step)
            variance += p[state, category] * slope**2 / counts[state]
    return variance
