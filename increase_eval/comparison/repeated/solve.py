"""Estimate the covariance: check that it can be, start, iterate, and fall back in a documented order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from increase_eval.comparison.repeated.assemble import Cells, Columns, build_model
from increase_eval.comparison.repeated.layout import Layout
from increase_eval.comparison.repeated.likelihood import MomentModel, Profile, Slopes, Sums, gather, profile, slopes
from increase_eval.comparison.repeated.newton import minimise
from increase_eval.comparison.repeated.structures import STRUCTURES, Structure, make_structure
from increase_eval.errors import ConvergenceError, InsufficientDataError
from increase_eval.moments.accumulate import FloatArray

FALL_BACK = ("toeph", "csh")
"""Structures that are tried, in this order, when the one asked for does not converge from either start."""

NO_VARIANCE = 1e-13
"""Residual variance, as a share of the outcome's variance, that counts as none."""

FLAT = 1e-11
"""Smallest eigenvalue of the information, its diagonal scaled to 1, that counts as none."""

FLAT_END = ", which ends where the likelihood is flat"


@dataclass(frozen=True, slots=True, eq=False)
class Residuals:
    """Least-squares residuals by covariance group: pairs of visits counted (G, m, m) and their cross-products."""

    counts: FloatArray
    products: FloatArray

    def variances(self, group: int) -> FloatArray:
        """(m,) of one group."""
        return np.asarray(np.diag(self.products[group]) / np.diag(self.counts[group]))

    def correlations(self, group: int) -> FloatArray:
        """(m, m) of one group; 0 where no pair was seen."""
        spread = np.sqrt(self.variances(group))
        found = self.products[group] / np.maximum(self.counts[group], 1.0) / np.outer(spread, spread)
        found = np.clip(found, -1.0, 1.0)
        np.fill_diagonal(found, 1.0)
        return np.asarray(found)


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """A fitted model: structure used, parameters, the likelihood and its derivatives there, and how it was reached."""

    model: MomentModel
    theta: FloatArray
    slopes: Slopes
    at: Profile
    iterations: int
    status: str


def solve(layout: Layout, cells: Cells, columns: Columns, code: str, *, reml: bool) -> Solution:
    """Fit the covariance asked for, or the next in line.

    Raises
    ------
    InsufficientDataError
        If the data cannot determine any covariance of this kind; the message names the cause.
    ConvergenceError
        If neither the structure asked for nor a fall-back converges.
    """
    sums = cells.total()
    residuals = least_squares(layout, cells, columns, sums)
    tried = []
    for attempt in dict.fromkeys([code, *FALL_BACK]):
        model = build_model(layout, cells, columns, make_structure(attempt, layout.m), reml=reml)
        _check_estimable(layout, cells, model, residuals)
        for number, start in enumerate(starts(model.structure, residuals, len(layout.group_levels))):
            if number == 0 and attempt == code:
                _check_identified(model, sums, start)
            found = minimise(model, sums, start[None])
            words = "first start" if number == 0 else "second start"
            at = profile(model, sums, found.theta) if found.converged[0] else None
            slope = None if at is None else slopes(model, sums, found.theta, at)
            flat = slope is not None and _is_flat(slope)
            tried.append(f"{STRUCTURES[attempt]} ({words}{FLAT_END if flat else ''})")
            if at is not None and slope is not None and not flat:
                status = _status(code, attempt, tried)
                return Solution(model, found.theta, slope, at, int(found.iterations[0]), status)
    raise ConvergenceError(f"no covariance converged; tried: {', '.join(tried)}")


def _status(asked: str, used: str, tried: list[str]) -> str:
    if asked == used:
        return "converged" if len(tried) == 1 else "converged from a second start"
    return f"{STRUCTURES[asked]} did not converge from two starts; {STRUCTURES[used]} used instead"


def least_squares(layout: Layout, cells: Cells, columns: Columns, sums: Sums) -> Residuals:
    """Cross-products of ordinary least-squares residuals between visits, by covariance group."""
    groups, m = len(layout.group_levels), layout.m
    rows = layout.map[:, [*columns.kept, layout.map.shape[1] - 1]]
    both = cells.seen[:, :, None] & cells.seen[:, None, :]
    identity = (np.eye(m, dtype=bool) & both).astype(np.float64)
    products = gather(rows, sums, identity[None, :, None])[0, 0]
    beta = np.linalg.solve(products[:-1, :-1], products[:-1, -1])
    v = (rows @ np.append(-beta, 1.0)).reshape(m, -1)
    by_cell = np.einsum("tf,ofg,sg->ots", v, sums.cross[0], v, optimize=True) * both
    counts, found = np.zeros((groups, m, m)), np.zeros((groups, m, m))
    np.add.at(counts, cells.group, sums.people[0][:, None, None] * both)
    np.add.at(found, cells.group, by_cell)
    return Residuals(counts, found)


def starts(structure: Structure, residuals: Residuals, groups: int) -> list[FloatArray]:
    """Two points to start from: what the residuals say, and a cautious one (equal variances, a third of that)."""
    first, second = [], []
    for group in range(groups):
        variances, correlations = residuals.variances(group), residuals.correlations(group)
        first.append(structure.start(variances, correlations))
        timid = np.eye(structure.m) + (correlations - np.eye(structure.m)) / 3.0
        second.append(structure.start(np.full(structure.m, variances.mean()), timid))
    return [np.concatenate(first), np.concatenate(second)]


def _check_estimable(layout: Layout, cells: Cells, model: MomentModel, residuals: Residuals) -> None:
    """Name the visit, pair of visits or group whose variance or covariance nobody can tell."""
    people = np.bincount(cells.group, cells.total().people[0], minlength=len(layout.group_levels))
    for group, level in enumerate(layout.group_levels):
        inside = f" in group {level!s}" if len(layout.group_levels) > 1 else ""
        counts = residuals.counts[group]
        if people[group] < 2 and inside:
            raise InsufficientDataError(f"only one person{inside}: its own covariance cannot be estimated")
        for t, visit in enumerate(layout.visits):
            if counts[t, t] == 0:
                raise InsufficientDataError(f"nobody{inside} was seen at visit {visit!s}: its variance is unknown")
            if residuals.products[group, t, t] / counts[t, t] <= NO_VARIANCE:
                raise InsufficientDataError(
                    f"no residual variance at visit {visit!s}{inside} ({counts[t, t]:.0f} people): too few people for "
                    "the coefficients, or the outcome is a sum of the covariates"
                )
        if model.structure.code == "us":
            _check_pairs(layout.visits, counts, inside)


def _check_pairs(visits: tuple[Any, ...], counts: FloatArray, inside: str) -> None:
    for s, t in np.argwhere(np.triu(counts == 0)):
        raise InsufficientDataError(
            f"nobody{inside} was seen at both visits {visits[s]!s} and {visits[t]!s}: an unstructured covariance "
            "cannot be estimated; choose a structure that links them (ar1h, toeph, csh)"
        )


def _is_flat(slope: Slopes) -> bool:
    """Tell whether the likelihood does not change along some direction of the covariance's parameters at its maximum.

    So it is where the formula takes out every subject's mean: a constant added to all covariances then changes nothing.
    """
    information = slope.observed[0]
    scale = np.sqrt(np.maximum(np.abs(np.diag(information)), 1e-300))
    return not np.linalg.eigvalsh(information / np.outer(scale, scale))[0] > FLAT


def _check_identified(model: MomentModel, sums: Sums, start: FloatArray) -> None:
    at = profile(model, sums, start[None])
    information = slopes(model, sums, start[None], at).expected[0]
    scale = np.sqrt(np.maximum(np.diag(information), 1e-300))
    lowest = np.linalg.eigvalsh(information / np.outer(scale, scale))[0]
    if not lowest > 1e-10:
        raise InsufficientDataError(
            f"the visits that people have do not determine a {STRUCTURES[model.structure.code]} covariance: "
            "too few people have the visits together"
        )
