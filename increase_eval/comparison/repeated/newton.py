"""Newton's method with safeguards, for many likelihoods at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from increase_eval.comparison.repeated.likelihood import MomentModel, Sums, gradient, profile, slopes
from increase_eval.moments.accumulate import BoolArray, FloatArray, IntArray

LONGEST_STEP = 1.0
"""No parameter (a log standard deviation, a transformed correlation) moves further in one step."""

CLOSE = 1e-10
"""A Newton decrement (squared distance to the optimum in standard errors) below this is one step from exact."""

FLOATS_AT_ONCE = 2_000_000
"""Size of the working arrays of a batch of replicates."""

FLATTEST = 1e-9
"""Eigenvalues of the Hessian, scaled by its diagonal, below this mean that a parameter is not estimable."""


MOST_BORROWED = 12
SHRINKS = 1.0 / 16.0
"""A step from a borrowed Hessian must make the decrement this many times smaller, or Newton's method takes over."""

EXACT = 1e-16
"""A decrement below this is at the optimum but for rounding."""


class Optimum(NamedTuple):
    """Where each replicate ended."""

    theta: FloatArray  # (B, k)
    converged: BoolArray  # (B,)
    iterations: IntArray  # (B,)


def minimise(model: MomentModel, sums: Sums, start: FloatArray, *, max_iterations: int = 100) -> Optimum:
    """Find the covariance parameters of greatest likelihood for each replicate.

    Parameters
    ----------
    model, sums
        The model and the data of the B replicates.
    start
        (B, k) parameters to start from.
    max_iterations
        Most Newton steps.

    Notes
    -----
    The step is -H^-1 d with the observed Hessian H; where H is not positive definite its eigenvalues are replaced by
    their absolute values, held above a floor. Steps are halved until the likelihood rises (Armijo). Once the
    decrement d' H^-1 d is small, a last full step makes the error of the order of the square of what it was; a
    replicate counts as converged only if H is positive definite there.
    """
    theta = start.copy()
    converged = np.zeros(len(theta), dtype=bool)
    iterations = np.zeros(len(theta), dtype=np.int64)
    active = np.arange(len(theta))
    for _ in range(max_iterations):
        if not active.size:
            break
        data = sums.take(active) if active.size < len(theta) else sums
        at = profile(model, data, theta[active])
        slope = slopes(model, data, theta[active], at)
        step, decrement, definite = _direction(slope.gradient, slope.observed)
        iterations[active] += 1
        done = (decrement < CLOSE) & definite
        theta[active[done]] += step[done]
        converged[active[done]] = True
        going = np.flatnonzero(~done)
        moved = _line_search(
            model, data.take(going), theta[active[going]], at.value[going], step[going], decrement[going]
        )
        stuck = np.isnan(moved).any(axis=1)
        # No step raises the likelihood beyond rounding: at an optimum if the last distance was tiny all the same.
        at_rounding = stuck & (decrement[going] < 1e-7) & definite[going]
        converged[active[going[at_rounding]]] = True
        theta[active[going[~stuck]]] = moved[~stuck]
        active = active[going[~stuck]]
    return Optimum(theta, converged, iterations)


def minimise_near(model: MomentModel, sums: Sums, start: FloatArray, hessian: FloatArray) -> Optimum:
    """Find the optima of replicates that differ little from the data they are made from.

    Parameters
    ----------
    model, sums
        The model and the data of the B replicates.
    start
        (k,) optimum of the data they are made from.
    hessian
        (k, k) observed Hessian there.

    Notes
    -----
    Steps are -H^-1 d with d the gradient of the replicate and H the borrowed Hessian, corrected after each step by what
    the gradient did (BFGS); a gradient costs a fifth of a Hessian. Each step must make the decrement 16 times smaller,
    down to rounding: near a saddle some part of the error grows, so that what shrinks every time ends in an optimum.
    Replicates for which that fails go on by :func:`minimise`, from the nearest point reached.
    """
    count, k = len(sums.people), len(start)
    theta = np.repeat(start[None], count, axis=0)
    nearest, smallest = theta.copy(), np.full(count, np.inf)
    inverse = np.repeat(np.linalg.inv(hessian)[None], count, axis=0)
    iterations, converged = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=bool)
    active, step, before = np.arange(count), np.zeros((count, k)), np.zeros((count, k))
    for turn in range(MOST_BORROWED):
        if not active.size:
            break
        data = sums.take(active) if active.size < count else sums
        at = profile(model, data, theta[active], with_value=False)
        here = gradient(model, data, theta[active], at)
        if turn:
            inverse = _corrected(inverse, step, here - before)
        step = -(inverse @ here[..., None])[..., 0]
        decrement = -(step * here).sum(axis=1)
        iterations[active] += 1
        helps = ~np.isinf(at.value) & (decrement < SHRINKS * smallest[active]) & (decrement >= 0)
        helps &= np.abs(step).max(axis=1) < LONGEST_STEP
        nearest[active[helps]], smallest[active[helps]] = theta[active[helps]], decrement[helps]
        theta[active] += step
        done = helps & (decrement < EXACT)
        converged[active[done]] = True
        going = helps & ~done
        active, step, before, inverse = active[going], step[going], here[going], inverse[going]
    rest, size = np.flatnonzero(~converged), _newton_size(model)
    for some in (rest[first : first + size] for first in range(0, len(rest), size)):
        found = minimise(model, sums.take(some), nearest[some])
        theta[some], converged[some] = found.theta, found.converged
        iterations[some] += found.iterations
    return Optimum(theta, converged, iterations)


def _newton_size(model: MomentModel) -> int:
    """Give the number of replicates whose Hessians fit into the working arrays."""
    entries = len(model.structure.rows) * model.n_groups
    return int(max(1, FLOATS_AT_ONCE // (model.rows.shape[0] ** 2 * (entries + 1))))


def _corrected(inverse: FloatArray, step: FloatArray, change: FloatArray) -> FloatArray:
    """Correct inverse Hessians (B, k, k) so that a step explains the change of the gradient along it."""
    along = (step * change).sum(axis=1)
    moved = (inverse @ change[..., None])[..., 0]
    # A step below rounding, or of the wrong curvature, says nothing.
    factor = np.where(along > 0, 1.0 / np.where(along > 0, along, 1.0), 0.0)
    inner = factor * (1.0 + factor * (change * moved).sum(axis=1))
    across = (factor[:, None] * step)[:, :, None] * moved[:, None, :]
    return np.asarray(
        inverse + inner[:, None, None] * step[:, :, None] * step[:, None, :] - across - across.swapaxes(1, 2)
    )


def _direction(gradient: FloatArray, hessian: FloatArray) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Newton step, its decrement, and whether the Hessian is positive definite."""
    diagonal = np.abs(np.einsum("bkk->bk", hessian))
    scale = 1.0 / np.sqrt(np.maximum(diagonal, 1e-300))
    values, vectors = np.linalg.eigh(hessian * scale[:, :, None] * scale[:, None, :])
    definite = (values[:, 0] > FLATTEST) & np.isfinite(gradient).all(axis=1)
    positive = np.maximum(np.abs(values), 1e-6 * np.abs(values).max(axis=1, keepdims=True))
    positive = np.where(definite[:, None], values, positive)
    rotated = (vectors.swapaxes(1, 2) @ (gradient * scale)[..., None])[..., 0]
    step = -(vectors @ (rotated / positive)[..., None])[..., 0] * scale
    decrement = (rotated**2 / positive).sum(axis=1)
    longest = np.abs(step).max(axis=1, keepdims=True)
    return step * np.minimum(1.0, LONGEST_STEP / np.maximum(longest, 1e-300)), decrement, definite


def _line_search(
    model: MomentModel, sums: Sums, theta: FloatArray, value: FloatArray, step: FloatArray, decrement: FloatArray
) -> FloatArray:
    """Halve the step until the likelihood rises; NaN where it never does."""
    found = np.full_like(theta, np.nan)
    waiting, size = np.arange(len(theta)), 1.0
    for _ in range(40):
        if not waiting.size:
            break
        trial = theta[waiting] + size * step[waiting]
        reached = profile(model, sums.take(waiting), trial).value
        good = reached <= value[waiting] - 1e-4 * size * np.minimum(decrement[waiting], 1.0)
        found[waiting[good]] = trial[good]
        waiting, size = waiting[~good], size / 2.0
    return found
