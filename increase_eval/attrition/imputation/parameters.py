"""Parameters of the imputation model: of the fit, without each person in turn, and from people drawn again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from increase_eval.comparison.repeated import MmrmFit
from increase_eval.comparison.repeated.likelihood import Sums, sigmas
from increase_eval.comparison.repeated.refits import ESTIMATED, UnitMoments, batch_size, fit_batch, person_moments
from increase_eval.errors import ConvergenceError
from increase_eval.moments.accumulate import BoolArray, FloatArray, IntArray

MOST_FAILURES = 0.2
"""Largest share of draws that may be replaced: beyond it those that can be fitted no longer stand for the data."""


@dataclass(frozen=True, slots=True, eq=False)
class Parameters:
    """Coefficients (B, p) and covariances (B, m, m) in the units of the data, and which of them were estimated (B,)."""

    beta: FloatArray
    sigma: FloatArray
    estimated: BoolArray


def in_units(fit: MmrmFit, scaled: FloatArray, sigma: FloatArray, estimated: BoolArray) -> Parameters:
    """Bring coefficients (B, p) and covariances (B, m, m) of the scaled data back to the units of the data."""
    scaling = fit.layout.scaling
    beta = scaled @ (fit.columns.back * scaling.response_scale).T + fit.columns.shift(scaling)
    return Parameters(beta, sigma * scaling.response_scale**2, estimated)


def fitted_parameters(fit: MmrmFit) -> Parameters:
    """Take the parameters of the fit itself."""
    one = sigmas(fit.solution.model, fit.solution.theta)[:, 0]
    return in_units(fit, fit.solution.at.beta, one, np.ones(1, dtype=bool))


def jackknife_parameters(fit: MmrmFit, answered: IntArray, n: int) -> Parameters:
    """Refit without each of ``n`` people; those who never answered change nothing.

    Parameters
    ----------
    fit
        The imputation model.
    answered
        Numbers of the people the fit uses, in its order.
    n
        Number of people.
    """
    units = person_moments(fit.layout, fit.solution.model)
    total, size = fit.cells.total(), batch_size(fit.solution.model)
    every = np.arange(len(answered))
    found = _fit(fit, (units.without(total, every[start : start + size]) for start in range(0, len(every), size)))
    own = fitted_parameters(fit)
    beta, sigma = np.repeat(own.beta, n, axis=0), np.repeat(own.sigma, n, axis=0)
    estimated = np.ones(n, dtype=bool)
    beta[answered], sigma[answered], estimated[answered] = found.beta, found.sigma, found.estimated
    return Parameters(beta, sigma, estimated)


def bootstrap_parameters(
    fit: MmrmFit, arms: IntArray, answered: IntArray, draws: int, rng: np.random.Generator
) -> tuple[Parameters, int]:
    """Refit to people drawn again within arms, until there are ``draws`` fits; with the number that were replaced.

    Parameters
    ----------
    fit
        The imputation model.
    arms
        (n,) arm of each person, those who never answered included.
    answered
        Numbers of the people the fit uses, in its order.
    draws
        Number of fits wanted.
    rng
        Source of randomness.

    Raises
    ------
    ConvergenceError
        If more than a fifth of the draws cannot be fitted.
    """
    units, size = person_moments(fit.layout, fit.solution.model), batch_size(fit.solution.model)
    kept: list[Parameters] = []
    have = failed = 0
    while have < draws:
        counts = _counts(arms, draws - have, rng)[:, answered]
        batches = (_weighted(units, fit, counts[start : start + size]) for start in range(0, len(counts), size))
        found = _fit(fit, batches)
        good = found.estimated
        kept.append(Parameters(found.beta[good], found.sigma[good], good[good]))
        have, failed = have + int(good.sum()), failed + int((~good).sum())
        if failed > max(1.0, MOST_FAILURES * draws):
            raise ConvergenceError(
                f"the imputation model could not be fitted to {failed} draws of the people ({have} could): an arm or a "
                "pair of visits has too few people"
            )
    parts = [np.concatenate(some) for some in zip(*((one.beta, one.sigma) for one in kept), strict=True)]
    return Parameters(parts[0], parts[1], np.ones(draws, dtype=bool)), failed


def _counts(arms: IntArray, draws: int, rng: np.random.Generator) -> FloatArray:
    counts = np.zeros((draws, len(arms)))
    for arm in np.unique(arms):
        inside = np.flatnonzero(arms == arm)
        counts[:, inside] = rng.multinomial(len(inside), np.full(len(inside), 1.0 / len(inside)), size=draws)
    return counts


def _weighted(units: UnitMoments, fit: MmrmFit, counts: FloatArray) -> Sums:
    """Multinomial counts times each person's cross-products, cell by cell."""
    cells, f = len(fit.cells.group), units.cross.shape[-1]
    people, cross = np.zeros((len(counts), cells)), np.zeros((len(counts), cells, f, f))
    for cell in range(cells):
        inside = np.flatnonzero(units.cell == cell)
        some = counts[:, units.unit[inside]]
        people[:, cell] = some @ units.people[inside]
        cross[:, cell] = (some @ units.cross[inside].reshape(len(inside), -1)).reshape(-1, f, f)
    return Sums(people, cross)


def _fit(fit: MmrmFit, batches: Iterator[Sums]) -> Parameters:
    found = [fit_batch(fit.solution, sums) for sums in batches]
    beta, theta = np.concatenate([one.beta for one in found]), np.concatenate([one.theta for one in found])
    status = np.array([word for one in found for word in one.status])
    return in_units(fit, beta, sigmas(fit.solution.model, theta)[:, 0], status == ESTIMATED)
