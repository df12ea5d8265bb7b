"""Degrees of freedom and small-sample covariance of the coefficients: Satterthwaite and Kenward-Roger.

Both read three things only: the covariance of the coefficients, its derivatives by the entries of Sigma, and the
covariance of the estimated entries (from the observed information, as R's mmrm does).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from increase_eval.comparison.repeated.likelihood import MomentModel, Profile, Slopes, Sums, gather
from increase_eval.moments.accumulate import FloatArray


class FStatistic(NamedTuple):
    """An F statistic with its degrees of freedom."""

    statistic: float
    numerator_df: int
    df: float


@dataclass(frozen=True, slots=True, eq=False)
class Uncertainty:
    """What small-sample methods read.

    Attributes
    ----------
    vcov
        (p, p) inverse of X' V^-1 X.
    design
        (E, p, p) its inverse's derivative by each entry of Sigma (P in Kenward & Roger).
    entries
        (E, E) covariance of the estimated entries of Sigma.
    """

    vcov: FloatArray
    design: FloatArray
    entries: FloatArray

    def degrees_of_freedom(self, functions: FloatArray) -> FloatArray:
        """Satterthwaite's df of each linear function (r, p): 2 v^2 / Var(v), v its estimated variance."""
        projected = functions @ self.vcov
        variance = (projected * functions).sum(axis=1)
        gradient = -np.einsum("rp,epq,rq->re", projected, self.design, projected, optimize=True)
        spread = np.einsum("re,ef,rf->r", gradient, self.entries, gradient)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.where(spread > 0, 2.0 * variance**2 / spread, np.inf))


def uncertainty(at: Profile, slopes: Slopes) -> Uncertainty:
    """Gather what small-sample methods need at the optimum."""
    jacobian = slopes.jacobian[0]
    return Uncertainty(at.vcov[0], slopes.design[0], jacobian @ np.linalg.solve(slopes.observed[0], jacobian.T))


def kenward_roger_covariance(
    model: MomentModel, sums: Sums, at: Profile, slopes: Slopes, known: Uncertainty, *, second_derivatives: bool
) -> FloatArray:
    """Covariance of the coefficients, adjusted for the covariance being estimated.

    Notes
    -----
    V + 2 V [sum_kl w_kl (Q_kl - P_k V P_l - R_kl / 4)] V, with w the inverse observed information. The sums over k and
    l are taken between entries of Sigma first, where Q needs one m by m matrix a cell. R holds the second derivatives
    of Sigma in its free parameters: with it the result depends on them, without it (linear) it does not.

    References
    ----------
    Kenward, M. G., & Roger, J. H. (1997). Small sample inference for fixed effects from restricted maximum likelihood.
    Biometrics, 53, 983-997. doi:10.2307/2533558
    """
    V, P, omega = known.vcov, known.design, known.entries
    p = model.p
    middle = _q_term(model, sums, at, omega)[:p, :p]
    half_way = np.einsum("ef,fpq->epq", omega, P)
    middle = middle - np.einsum("epq,qr,ers->ps", P, V, half_way, optimize=True)
    if second_derivatives:
        theta_covariance = np.linalg.inv(slopes.observed[0])
        size = model.structure.n_parameters
        bend = [
            np.einsum(
                "ekl,kl->e",
                slopes.second[0, group],
                theta_covariance[group * size : (group + 1) * size, group * size : (group + 1) * size],
            )
            for group in range(model.n_groups)
        ]
        middle = middle + 0.25 * np.einsum("e,epq->pq", np.concatenate(bend), P)
    adjusted = V + V @ (middle + middle.T) @ V
    return np.asarray((adjusted + adjusted.T) / 2.0)


def _q_term(model: MomentModel, sums: Sums, at: Profile, omega: FloatArray) -> FloatArray:
    """Sum over pairs of entries of omega times X' V^-1 D_e V^-1 D_f V^-1 X."""
    size = len(model.structure.rows)
    between = np.zeros((1, len(model.group), 1, model.m, model.m))
    for group in range(model.n_groups):
        block = omega[group * size : (group + 1) * size, group * size : (group + 1) * size]
        square = model.structure.square
        four_way = square(square(block).reshape(size, -1).T).reshape((model.m,) * 4)
        for cell in np.flatnonzero(model.group == group):
            W = at.inverse[0, cell]
            between[0, cell, 0] = W @ np.einsum("cdab,bc->ad", four_way, W) @ W
    return np.asarray(gather(model.rows, sums, between)[0, 0])


def kenward_roger_f(functions: FloatArray, beta: FloatArray, adjusted: FloatArray, known: Uncertainty) -> FStatistic:
    """Scaled F of Kenward & Roger (1997), section 3, for linear functions (q, p) of full rank."""
    V, q = known.vcov, len(functions)
    theta = functions.T @ np.linalg.solve(functions @ V @ functions.T, functions)
    products = theta @ V @ known.design @ V
    traces = np.einsum("epp->e", products)
    a1 = float(traces @ known.entries @ traces)
    pairs = products.reshape(len(products), -1) @ products.swapaxes(1, 2).reshape(len(products), -1).T
    a2 = float((known.entries * pairs).sum())
    b = (a1 + 6.0 * a2) / (2.0 * q)
    g = ((q + 1) * a1 - (q + 4) * a2) / ((q + 2) * a2)
    below = 3 * q + 2 * (1 - g)
    c1, c2, c3 = g / below, (q - g) / below, (q + 2 - g) / below
    expected = 1.0 / (1.0 - a2 / q)
    variance = 2.0 / q * (1 + c1 * b) / ((1 - c2 * b) ** 2 * (1 - c3 * b))
    rho = variance / (2.0 * expected**2)
    df = 4.0 + (q + 2) / (q * rho - 1.0)
    scale = df / (expected * (df - 2.0))
    return FStatistic(scale * _wald(functions, beta, adjusted) / q, q, df)


def satterthwaite_f(functions: FloatArray, beta: FloatArray, covariance: FloatArray, df: FloatArray) -> FStatistic:
    """F of several functions from independent one-dimensional ones (Fai & Cornelius 1996).

    Parameters
    ----------
    functions
        (q, p) rows that are uncorrelated under ``covariance`` (see :func:`principal`).
    beta, covariance
        Coefficients and their covariance.
    df
        (q,) Satterthwaite's df of each row.
    """
    q = len(functions)
    statistic = _wald(functions, beta, covariance) / q
    if q == 1 or np.ptp(df) < 1e-8:
        return FStatistic(statistic, q, float(df.mean()))
    if (df <= 2).any():
        return FStatistic(statistic, q, float(df.min()))
    total = float(np.where(np.isinf(df), 1.0, df / (df - 2.0)).sum())
    return FStatistic(statistic, q, 2.0 * total / (total - q) if total > q else np.inf)


def principal(functions: FloatArray, covariance: FloatArray) -> FloatArray:
    """Rotate linear functions so that their estimates are uncorrelated."""
    _, vectors = np.linalg.eigh(functions @ covariance @ functions.T)
    return np.asarray(vectors.T @ functions)


def _wald(functions: FloatArray, beta: FloatArray, covariance: FloatArray) -> float:
    value = functions @ beta
    return float(value @ np.linalg.solve(functions @ covariance @ functions.T, value))
