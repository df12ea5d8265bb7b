"""Draw the imputation model's parameters from their posterior by data augmentation, from moments by pattern alone.

Nobody's missing outcomes are ever drawn in it: of those of a pattern only the cross-products with everything else
matter, and these have known distributions given the cross-products that were observed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from increase_eval.attrition.imputation.parameters import Parameters, in_units
from increase_eval.comparison.repeated import MmrmFit
from increase_eval.comparison.repeated.likelihood import sigmas
from increase_eval.errors import InsufficientDataError
from increase_eval.moments.accumulate import BoolArray, FloatArray, IntArray

SWEEPS = 200
"""Sweeps of each chain; its end is the draw, so nothing is thinned."""


@dataclass(frozen=True, slots=True, eq=False)
class Augmented:
    """What the sweeps read.

    Attributes
    ----------
    products
        (O, m, m, q, q) sums over the people of a cell of z_s z_t', z = (design row, outcome) at a visit.
    people
        (O,) people of each cell.
    seen
        (O, m) visits that they have.
    """

    products: FloatArray
    people: IntArray
    seen: BoolArray

    @property
    def m(self) -> int:
        """Number of visits."""
        return int(self.seen.shape[1])


def bayes_parameters(fit: MmrmFit, draws: int, rng: np.random.Generator) -> tuple[Parameters, float]:
    """Draw coefficients and covariances from their posterior, one from each of ``draws`` chains.

    Parameters
    ----------
    fit
        The imputation model; an unstructured covariance is drawn whatever its own is.
    draws
        Number of chains.
    rng
        Source of randomness.

    Returns
    -------
    tuple
        The draws, and the largest R-hat of any coefficient or covariance over the second half of the sweeps.

    Raises
    ------
    InsufficientDataError
        If there are fewer people than visits and coefficients leave.

    Notes
    -----
    Prior: flat for the coefficients, |S|^-(m+1)/2 for the covariance (Jeffreys; Schafer 1997, 5.2). A sweep draws

    1. the coefficients given S from N(b, A^-1), A = X'V^-1 X and b the generalised least squares, of what was observed;
    2. of each pattern, with R the cross-products of the residuals of the observed visits, B = S_mo S_oo^-1,
       C = S_mm - B S_om and U the missing residuals less their regression: U'E = Z L' with R = L L' and the columns of
       Z from N(0, C), and U'U = Z Z' + W with W Wishart on as many df as people less columns;
    3. S from the inverse Wishart of all cross-products on n df.

    1 and 2 together draw coefficients and missing outcomes given S, and 3 draws S given these. Chains start from
    covariances that are scattered more widely than the posterior, so that R-hat can tell.
    """
    n = int(fit.cells.total().people.sum())
    m = fit.solution.model.m
    p = fit.solution.model.p
    if n <= p + m:
        raise InsufficientDataError(f"{n} people are too few to draw {p} coefficients and a covariance of {m} visits")
    data = _gather(fit)
    start = sigmas(fit.solution.model, fit.solution.theta)[0, 0]
    sigma = _inverse_wishart(np.broadcast_to(start * n, (draws, m, m)), max(m + 1, n // 4), rng)
    seen: list[FloatArray] = []
    for sweep in range(SWEEPS):
        beta = _coefficients(data, sigma, rng)
        sigma = _inverse_wishart(_complete(data, beta, sigma, rng), n, rng)
        if sweep >= SWEEPS // 2:
            seen.append(np.concatenate([beta, sigma.reshape(draws, -1)], axis=1))
    beta = _coefficients(data, sigma, rng)
    return in_units(fit, beta, sigma, np.ones(draws, dtype=bool)), _largest_r_hat(np.array(seen))


def _gather(fit: MmrmFit) -> Augmented:
    """Sum design rows and outcomes by pattern and pair of visits."""
    model, sums = fit.solution.model, fit.cells.total()
    f, m = sums.cross.shape[-1], model.m
    rows = model.rows.reshape(m, f, -1)
    products = np.einsum("sfq,ofg,tgr->ostqr", rows, np.nan_to_num(sums.cross[0]), rows, optimize=True)
    both = model.seen[:, :, None] & model.seen[:, None, :]
    return Augmented(products * both[..., None, None], np.rint(sums.people[0]).astype(np.int64), model.seen)


def _coefficients(data: Augmented, sigma: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Draw (B, p) coefficients given the covariances."""
    batch, m = len(sigma), data.m
    weights = np.zeros((batch, len(data.seen), m, m))
    for cell, seen in enumerate(data.seen):
        o = np.flatnonzero(seen)
        weights[:, cell, o[:, None], o] = np.linalg.inv(sigma[:, o[:, None], o])
    q = data.products.shape[-1]
    both = (weights.reshape(batch, -1) @ data.products.reshape(-1, q * q)).reshape(batch, q, q)
    half = np.linalg.cholesky(both[:, :-1, :-1])
    best = np.linalg.solve(both[:, :-1, :-1], both[:, :-1, -1:])
    noise = np.linalg.solve(half.swapaxes(1, 2), rng.standard_normal((batch, q - 1, 1)))
    return np.asarray((best + noise)[..., 0])


def _complete(data: Augmented, beta: FloatArray, sigma: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Draw (B, m, m) cross-products of the residuals at all visits of all people."""
    batch, m, cells = len(beta), data.m, len(data.seen)
    v = np.concatenate([-beta, np.ones((batch, 1))], axis=1)
    inside = (v[:, :, None] * v[:, None, :]).reshape(batch, -1)
    residuals = (inside @ data.products.reshape(cells * m * m, -1).T).reshape(batch, cells, m, m)
    total = residuals.sum(axis=1)
    for cell, seen in enumerate(data.seen):
        gone = np.flatnonzero(~seen)
        if gone.size:
            o = np.flatnonzero(seen)
            R = residuals[:, cell][:, o[:, None], o]
            cross, inner = _augment(R, sigma, o, gone, int(data.people[cell]), rng)
            total[:, gone[:, None], o] += cross
            total[:, o[:, None], gone] += cross.swapaxes(1, 2)
            total[:, gone[:, None], gone] += inner
    return np.asarray(total)


def _augment(
    R: FloatArray, sigma: FloatArray, o: IntArray, gone: IntArray, n: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Draw a pattern's cross-products of missing with observed (B, k, o) and with missing residuals (B, k, k)."""
    batch, k, rank = len(R), len(gone), min(n, len(o))
    slopes = np.linalg.solve(sigma[:, o[:, None], o], sigma[:, o[:, None], gone]).swapaxes(1, 2)
    left = sigma[:, gone[:, None], gone] - slopes @ sigma[:, o[:, None], gone]
    half = np.linalg.cholesky(left)
    Z = half @ rng.standard_normal((batch, k, rank))
    noise = Z @ _root(R, rank).swapaxes(1, 2)
    cross = slopes @ R + noise
    across = noise @ slopes.swapaxes(1, 2)
    inner = slopes @ R @ slopes.swapaxes(1, 2) + across + across.swapaxes(1, 2) + Z @ Z.swapaxes(1, 2)
    if n > rank:
        spread = half @ _bartlett(batch, k, n - rank, rng)
        inner = inner + spread @ spread.swapaxes(1, 2)
    return cross, inner


def _root(R: FloatArray, rank: int) -> FloatArray:
    """Give L (B, o, rank) with R = L L'."""
    values, vectors = np.linalg.eigh(R)
    return np.asarray(vectors[:, :, -rank:] * np.sqrt(np.maximum(values[:, None, -rank:], 0.0)))


def _bartlett(batch: int, k: int, df: int, rng: np.random.Generator) -> FloatArray:
    """Give a factor (B, k, .) of a Wishart matrix about the identity; fewer df than k leave it singular."""
    if df < k:
        return np.asarray(rng.standard_normal((batch, k, df)))
    factor = np.tril(rng.standard_normal((batch, k, k)), -1)
    factor[:, np.arange(k), np.arange(k)] = np.sqrt(rng.chisquare(df - np.arange(k), size=(batch, k)))
    return factor


def _inverse_wishart(scale: FloatArray, df: int, rng: np.random.Generator) -> FloatArray:
    """Draw (B, m, m): with scale L L' and a Wishart about the identity A A', it is L (A A')^-1 L'."""
    half = np.linalg.cholesky(scale)
    factor = _bartlett(len(scale), scale.shape[1], df, rng)
    root = np.linalg.solve(factor, half.swapaxes(1, 2))
    return np.asarray(root.swapaxes(1, 2) @ root)


def _largest_r_hat(values: FloatArray) -> float:
    """R-hat over chains of (sweeps, chains, quantities), the largest of all quantities."""
    n = len(values)
    within, between = values.var(axis=0, ddof=1).mean(axis=0), values.mean(axis=0).var(axis=0, ddof=1)
    return float(np.sqrt((n - 1) / n + between / within).max())
