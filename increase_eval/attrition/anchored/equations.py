"""Weights that meet known totals under a stated dial, and the mean they give with its error, one arm at a time.

Those who answered stand for themselves and, with the odds exp(psi'b + gamma s), for those who did not. The equations
are the gradient of a convex function, solved by Newton's method; whether a solution exists is settled by a linear
programme and not by watching Newton fail.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import optimize

from increase_eval.attrition.anchored.correction import corrected_odds, hidden_variance
from increase_eval.errors import ConvergenceError

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

ESTIMATED = "estimated"
CONTRADICTS = "anchor contradicts survey"
NOBODY = "nobody of a category answered"
FEW = "too few answered"
DEPENDENT = "history tells nothing apart in this arm"
EXPLODED = "weights explode"

MAX_ITERATIONS = 200
TOLERANCE = 1e-12
"""Largest miss of a total at convergence, relative to the people of the arm."""
NEAR_ENOUGH = 1e-9
"""The same where no step improves any more: rounding."""
FEWEST = 2
"""People of a category who must have answered: of one alone nothing is known of how they differ."""
INSIDE = 1e-7
"""Smallest number of people that everybody who answered must be able to stand for, for totals to be within reach."""
MOST_SHARE = 0.5
"""Share of an arm that one person may stand for: beyond it the estimate is that person's answer."""
MOST_LEVERAGE = 0.99
"""Leverage of one person beyond which it counts as this much."""
LEAST_EFFECTIVE = 0.1
"""Effective sample size over those who answered: below it a few people carry the arm."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of answering: who got this far, and what they are to add up to.

    Attributes
    ----------
    b
        Shape (n, p): b of those who answered, in the order of the arm.
    totals
        Shape (p,): the sum of b over everybody who was asked.
    certain
        Shape (n,): those of a category in which everybody answered; they stand for themselves alone.
    kept
        Which columns, of those asked for, are left: categories with nobody, or with everybody, are not.
    categories
        How many of the first columns are categories.
    status
        Whether the totals can be met.
    """

    b: Floats
    totals: Floats
    certain: Booleans
    kept: Booleans
    categories: int
    status: str


@dataclass(frozen=True, slots=True)
class ArmProblem:
    """One arm: n people who answered, out of ``size``.

    Attributes
    ----------
    rows
        Shape (n,): their rows in the table.
    outcome, tilt
        Shape (n,): what is averaged, and s, what answering may depend on.
    stages
        Those of the last wave first; a second one leads to everybody, whether or not there is a first score.
    size
        People that the mean is about.
    """

    rows: npt.NDArray[np.int64]
    outcome: Floats
    tilt: Floats
    stages: tuple[Stage, ...]
    size: float

    @property
    def status(self) -> str:
        """The first reason why the arm has no estimate, or ``estimated``."""
        return next((stage.status for stage in self.stages if stage.status != ESTIMATED), ESTIMATED)


@dataclass(frozen=True, slots=True)
class ArmEstimate:
    """The mean of one arm at one dial.

    Attributes
    ----------
    estimate, variance
        The mean, and its variance.
    gradient
        Shape (p,): how the mean moves with the totals of the last stage.
    weights
        Shape (n,).
    status
        Why there is no number, or ``estimated``.
    df
        Degrees of freedom of the variance, Satterthwaite's of what each person adds to it.
    """

    estimate: float
    variance: float
    gradient: Floats
    weights: Floats
    status: str
    df: float = np.nan

    @property
    def effective_sample_size(self) -> float:
        """Kish's."""
        return float(self.weights.sum() ** 2 / (self.weights**2).sum()) if len(self.weights) else 0.0

    @property
    def largest_share(self) -> float:
        """Share of the arm that one person stands for."""
        return float(self.weights.max() / self.weights.sum()) if len(self.weights) else np.nan


def make_stage(b: Floats, totals: Floats, categories: int, counts: Floats | None = None) -> Stage:
    """Check what one stage is to add up to.

    Parameters
    ----------
    b, totals
        As in :class:`Stage`.
    categories
        How many of the first columns of b are shares of categories.
    counts
        Shape (categories,): people that those who answered stand for already; by default themselves.

    Notes
    -----
    Categories in which everybody answered leave the problem. The rest must be able to reach their totals with weights
    above 1: the largest t with Σ u_i b_i = T - Σ b_i and all u_i >= t is found by a linear programme, and must be
    above nought. Where there are people left to reach and nobody to stand for them, no weight helps.
    """
    counts = b[:, :categories].sum(axis=0) if counts is None else counts
    wanted = totals[:categories]
    kept = np.ones(b.shape[1], dtype=bool)
    kept[:categories] = (wanted > 0) | (counts > 0)
    if (counts[kept[:categories]] <= 0).any():
        nobody = np.zeros(len(b), dtype=bool)
        return Stage(b[:, kept], totals[kept], nobody, kept, int(kept[:categories].sum()), NOBODY)
    hard = np.isin(b[:, :categories], (0.0, 1.0)).all()
    full = hard & np.isclose(counts, wanted, rtol=0, atol=1e-9) & (counts > 0)
    certain = np.asarray(b[:, :categories] @ full.astype(float) > 0)
    kept[:categories] &= ~full
    if certain.all():
        kept[:] = False
    left = (totals - b[certain].sum(axis=0))[kept]
    stage = Stage(b[:, kept], left, certain, kept, int(kept[:categories].sum()), ESTIMATED)
    return replace(stage, status=_reachable(stage))


def _reachable(stage: Stage) -> str:
    b = stage.b[~stage.certain]
    if not len(b):
        return ESTIMATED
    if (stage.totals - b.sum(axis=0))[: stage.categories].min(initial=1.0) <= 0:
        return CONTRADICTS
    if len(b) <= b.shape[1] or b[:, : stage.categories].sum(axis=0).min(initial=FEWEST) < FEWEST:
        return FEW
    if np.linalg.matrix_rank(b) < b.shape[1]:
        return DEPENDENT
    try:
        # Weights that meet the totals show that there are some, at less cost than the linear programme.
        odds = solve_stage(stage, np.zeros(len(stage.b)), np.ones(len(stage.b)))
        if odds[~stage.certain].min() > INSIDE:
            return ESTIMATED
    except ConvergenceError:
        pass
    left = stage.totals - b.sum(axis=0)
    # u_i = t + v_i with v_i >= 0: maximise t.
    equal = np.column_stack([b.T, b.sum(axis=0)])
    cost = np.append(np.zeros(len(b)), -1.0)
    bounds = [(0, None)] * len(b) + [(0, 1)]
    found = optimize.linprog(cost, A_eq=equal, b_eq=left, bounds=bounds, method="highs")
    return ESTIMATED if found.status == 0 and -found.fun > INSIDE else CONTRADICTS


def solve_stage(stage: Stage, tilt: Floats, base: Floats) -> Floats:
    """Give the odds exp(psi'b + tilt) with Σ base (1 + odds) b = T, shape (n,); nought for those who are certain.

    Parameters
    ----------
    stage
        What is to be met.
    tilt
        Shape (n,): gamma s.
    base
        Shape (n,): the weights of the stage before, by which each person already counts.

    Raises
    ------
    ConvergenceError
        If no step brings the totals nearer and they are not met.

    Notes
    -----
    Newton's method on the convex Σ base exp(psi'b + tilt) - psi'(T - Σ base b), started at its minimum over a common
    factor; a step is halved until the function falls.
    """
    odds = np.zeros(len(tilt))
    free = ~stage.certain
    if not free.any():
        return odds
    b, weight = stage.b[free], base[free]
    # The centre of the dial is immaterial, and keeps exp within reach.
    shifted = tilt[free] - tilt[free].mean()
    left = stage.totals - weight @ b
    size = max(float(np.abs(stage.totals).max()), 1.0)
    psi = np.zeros(b.shape[1])
    start = weight * np.exp(shifted)
    psi = np.linalg.lstsq(b, np.full(len(b), np.log(max(float(left.max()), 1e-6) / start.sum())), rcond=None)[0]
    value, grown = _value(psi, b, weight, shifted, left)
    for _ in range(MAX_ITERATIONS):
        miss = left - grown @ b
        if np.abs(miss).max() <= TOLERANCE * size:
            break
        step = np.linalg.lstsq(b.T @ (b * grown[:, None]), miss, rcond=1e-14)[0]
        slope, length = float(step @ miss), 1.0
        for _ in range(60):
            trial, trial_grown = _value(psi + length * step, b, weight, shifted, left)
            if trial <= value - 1e-4 * length * slope or abs(slope) < 1e-14 * size:
                break
            length /= 2
        else:
            break
        psi, value, grown = psi + length * step, trial, trial_grown
    miss = left - grown @ b
    if np.abs(miss).max() > NEAR_ENOUGH * size:
        raise ConvergenceError(
            f"the weights miss a total by {np.abs(miss).max():.3g} people after {MAX_ITERATIONS} steps at this dial"
        )
    odds[free] = grown / weight
    return odds


def _value(psi: Floats, b: Floats, weight: Floats, shifted: Floats, left: Floats) -> tuple[float, Floats]:
    """Give the convex function, and base times the odds."""
    grown = weight * np.exp(np.clip(b @ psi + shifted, -500.0, 300.0))
    return float(grown.sum() - psi @ left), grown


def estimate_arm(
    problem: ArmProblem,
    gammas: tuple[float, ...],
    *,
    is_sample: bool,
    bias_correction: bool = False,
    is_share: bool = False,
) -> ArmEstimate:
    """Estimate one arm at one dial for each stage.

    Parameters
    ----------
    problem
        The arm.
    gammas
        One dial a stage.
    is_sample
        Whether the people the mean is about are themselves drawn from more.
    bias_correction
        Whether the odds of the only stage are corrected for the bias of order 1/n.
    is_share
        Whether the outcome is 0 or 1, so that a category all of one answer is not taken as settled.

    Raises
    ------
    ValueError
        If two stages are to be corrected.

    Notes
    -----
    See the Notes of :func:`.anchored_nonresponse`.
    """
    n = len(problem.rows)
    if problem.status != ESTIMATED:
        return ArmEstimate(np.nan, np.nan, np.zeros(0), np.zeros(n), problem.status)
    weights = np.ones(n)
    steps: list[tuple[Stage, Floats, Floats]] = []
    for stage, gamma in zip(problem.stages, gammas, strict=True):
        odds = solve_stage(stage, gamma * problem.tilt, weights)
        steps.append((stage, odds, weights))
        weights = weights * (1 + odds)
    if bias_correction:
        if len(steps) > 1:
            raise ValueError("bias_correction is of one step of answering: it needs the population 'baseline'")
        stage, odds, _ = steps[0]
        weights = 1 + corrected_odds(stage.b * ~stage.certain[:, None], odds)
    share, effective = weights.max() / weights.sum(), weights.sum() ** 2 / (weights**2).sum()
    if n > 1 and (share > MOST_SHARE or effective < LEAST_EFFECTIVE * n):
        return ArmEstimate(np.nan, np.nan, np.zeros(0), weights, EXPLODED)
    mean = float(weights @ problem.outcome / weights.sum())
    last = problem.stages[0]
    unseen = hidden_variance(last.b[:, : last.categories], problem.outcome) if is_share else np.zeros(n)
    variance, gradient, df = _variance(problem.outcome - mean, steps, weights, is_sample, unseen)
    return ArmEstimate(mean, variance, gradient, weights, ESTIMATED, df)


def _variance(
    gap: Floats, steps: list[tuple[Stage, Floats, Floats]], weights: Floats, is_sample: bool, unseen: Floats
) -> tuple[float, Floats, float]:
    """Stack the equations of every stage under that of the mean, the last stage's first; with degrees of freedom."""
    whole, n = float(weights.sum()), len(gap)
    # `rest` is what a person's answer adds to the mean's equation once the later stages have met their totals.
    rest, spread, gradient = gap, np.zeros(n), np.zeros(0)
    for stage, odds, base in reversed(steps):
        own, b = base * odds, stage.b * ~stage.certain[:, None]
        inverse = np.linalg.pinv(b.T @ (b * own[:, None]), rcond=1e-13, hermitian=True)
        slope = inverse @ (b.T @ (own * rest))
        gradient = gradient if gradient.size else slope / whole
        residual = rest - b @ slope
        # As the jackknife does: a person who carries a coefficient says little of how far it may be off.
        leverage = np.minimum(own * ((b @ inverse) * b).sum(axis=1), MOST_LEVERAGE)
        # Σ over those asked of (1/p - 1) e², each standing for base (1 + odds) of them.
        spread = spread + base * (1 + odds) * odds * ((residual / (1 - leverage)) ** 2 + unseen)
        rest = (1 + odds) * residual
    if is_sample:
        spread = spread + (n / (n - 1) * weights * gap**2 if n > 1 else np.nan)
    stage = steps[0][0]
    most = n - (stage.b.shape[1] if not stage.certain.all() else 1)
    squares = float((spread**2).sum())
    # Satterthwaite: as many as alike people would bring; all alike, those who answered less the columns of b.
    df = most * float(spread.sum()) ** 2 / squares / n if squares > 0 else float(most)
    return float(spread.sum()) / whole**2, gradient, df
