"""Likelihood of a repeated-measures model, with gradient and Hessian, from moments alone.

Everything has a leading axis of replicates, so that one call serves a fit and a thousand refits. Derivatives are taken
with respect to the entries of Sigma, in which Sigma is linear; a structure enters by the chain rule only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from increase_eval.comparison.repeated.structures import Structure
from increase_eval.moments.accumulate import BoolArray, FloatArray, IntArray

SMALLEST_EIGENVALUE = 1e-11
"""A correlation matrix with a smaller eigenvalue is singular but for rounding; no likelihood is computed there."""


@dataclass(frozen=True, slots=True)
class MomentModel:
    """A model over ``O`` cells (pattern of visits within covariance group) and ``F`` features of a person.

    Attributes
    ----------
    structure
        Covariance structure over ``m`` visits.
    n_groups
        Number of covariance matrices.
    group
        (O,) covariance group of each cell.
    seen
        (O, m) visits that the people of a cell have.
    rows
        (m * F, p + 1) maps a person's features to the design row and the outcome of each visit.
    reml
        Restricted likelihood, or the full one.
    """

    structure: Structure
    n_groups: int
    group: IntArray
    seen: BoolArray
    rows: FloatArray
    reml: bool

    @property
    def m(self) -> int:
        """Number of visits."""
        return self.structure.m

    @property
    def p(self) -> int:
        """Number of coefficients."""
        return int(self.rows.shape[1]) - 1

    @property
    def n_theta(self) -> int:
        """Number of covariance parameters, all groups together."""
        return self.n_groups * self.structure.n_parameters


class Sums(NamedTuple):
    """Data of the replicates: people (B, O), cross-products of features (B, O, F, F)."""

    people: FloatArray
    cross: FloatArray

    def take(self, replicates: IntArray) -> Sums:
        """Keep some replicates."""
        return Sums(self.people[replicates], self.cross[replicates])


class Profile(NamedTuple):
    """The likelihood profiled over the coefficients."""

    value: FloatArray  # (B,) minus the log-likelihood (NaN: not wanted); infinite where Sigma is not positive definite
    inverse: FloatArray  # (B, O, m, m) inverse of the observed block of Sigma, zeros elsewhere
    beta: FloatArray  # (B, p)
    vcov: FloatArray  # (B, p, p) inverse of X' V^-1 X


class Slopes(NamedTuple):
    """First and second derivatives of minus the log-likelihood."""

    gradient: FloatArray  # (B, k)
    observed: FloatArray  # (B, k, k) Hessian
    expected: FloatArray  # (B, k, k) Fisher information without the restricted part: never indefinite
    jacobian: FloatArray  # (B, G E, k) of the entries of all covariance matrices
    second: FloatArray  # (B, G, E, k', k') second derivatives of the entries, group by group
    design: FloatArray  # (B, G E, p, p) derivative of X' V^-1 X by entry


def sigmas(model: MomentModel, theta: FloatArray) -> FloatArray:
    """Covariance matrices (B, G, m, m) at parameters (B, G k)."""
    batch = len(theta)
    flat = theta.reshape(batch * model.n_groups, -1)
    return model.structure.covariance(flat).reshape(batch, model.n_groups, model.m, model.m)


def profile(model: MomentModel, sums: Sums, theta: FloatArray, *, with_value: bool = True) -> Profile:
    """Minus the log-likelihood at its best coefficients; without the determinants of its value if that is not wanted.

    Notes
    -----
    With z = (x, y) the design row and the outcome, S_o[s, t] the sum over the people of cell o of z_s z_t', and W_o the
    inverse of the observed block of Sigma: sum_o sum_st W_o[s, t] S_o[s, t] = [[A, b], [b', c]] with A = X' V^-1 X, so
    beta = A^-1 b and

        -2 log L = N log 2 pi + sum_o n_o log |Sigma_o| + c - b' beta  (+ log |A| and N - p for N under REML).
    """
    sigma = sigmas(model, theta)
    positive = np.isfinite(sigma).all(axis=(1, 2, 3))
    sigma[~positive] = np.eye(model.m)
    spread = np.sqrt(np.maximum(np.einsum("bgmm->bgm", sigma), 1e-300))
    correlation = sigma / (spread[..., :, None] * spread[..., None, :])
    positive &= (np.linalg.eigvalsh(correlation)[..., 0] > SMALLEST_EIGENVALUE).all(axis=1)
    sigma[~positive] = np.eye(model.m)
    both = (model.seen[:, :, None] & model.seen[:, None, :]).astype(np.float64)
    padded = sigma[:, model.group] * both
    diagonal = np.arange(model.m)
    padded[:, :, diagonal, diagonal] += ~model.seen
    inverse = np.linalg.inv(padded) * both
    products = gather(model.rows, sums, inverse[:, :, None])[:, 0]
    p = model.p
    vcov = np.linalg.inv(products[:, :p, :p])
    beta = (vcov @ products[:, :p, p:])[..., 0]
    symmetric = (vcov + vcov.swapaxes(1, 2)) / 2.0
    if not with_value:
        return Profile(np.where(positive, np.nan, np.inf), inverse, beta, symmetric)
    residual = products[:, p, p] - (beta * products[:, :p, p]).sum(axis=1)
    n_obs = (sums.people * model.seen.sum(axis=1)).sum(axis=1)
    deviance = (sums.people * np.linalg.slogdet(padded)[1]).sum(axis=1) + residual
    if model.reml:
        deviance = deviance + np.linalg.slogdet(products[:, :p, :p])[1]
    constant = (n_obs - (p if model.reml else 0)) * np.log(2.0 * np.pi)
    value = np.where(positive, 0.5 * (deviance + constant), np.inf)
    return Profile(value, inverse, beta, symmetric)


def gather(rows: FloatArray, sums: Sums, between: FloatArray) -> FloatArray:
    """Sum over cells and visits of weight[s, t] times the cross-products of z_s and z_t.

    Parameters
    ----------
    rows
        (m * F, q) map from features to what is multiplied.
    sums
        The data.
    between
        (B, O, E, m, m) weights between visits, for each of E quantities.

    Returns
    -------
    ndarray
        (B, E, q, q).
    """
    batch, cells, e, m, _ = between.shape
    f = sums.cross.shape[-1]
    weights = between.reshape(batch, cells, e * m * m).swapaxes(1, 2)
    mixed = (weights @ sums.cross.reshape(batch, cells, f * f)).reshape(batch, e, m, m, f, f)
    flat = np.ascontiguousarray(mixed.swapaxes(3, 4)).reshape(batch, e, m * f, m * f)
    return np.asarray(rows.T @ flat @ rows)


def slopes(model: MomentModel, sums: Sums, theta: FloatArray, at: Profile) -> Slopes:
    """Differentiate minus the profiled log-likelihood.

    Notes
    -----
    With U_o[s, t] = tr(S_o[s, t] (v v' + A^-1)), v = (-beta, 1) (the second term under REML only), K = W U W, D_e the
    derivative of Sigma by its entry e, A_e and h_e the derivatives of A and of X' V^-1 r:

        d_e   = 1/2 sum_o tr((n W - K) D_e)
        H_ef  = sum_o [tr(K D_e W D_f) - n/2 tr(W D_e W D_f)] - h_e' A^-1 h_f - 1/2 tr(A^-1 A_e A^-1 A_f).
    """
    batch, p = len(theta), model.p
    a, b = model.structure.rows, model.structure.columns
    half = np.where(a == b, 0.5, 1.0)
    W, n = at.inverse, sums.people[:, :, None, None]
    gradient, K = _entry_gradient(model, sums, at)
    scale = half[:, None] * half
    fisher = 0.5 * scale * _by_group(model, n * _trace_pairs(W, W, a, b))
    curvature = scale * _by_group(model, _trace_pairs(K, W, a, b)) - fisher
    derivative = -_entry_products(model, sums, W, half)
    design = derivative[:, :, :p, :p]
    v = np.concatenate([-at.beta, np.ones((batch, 1))], axis=1)
    h = (derivative[:, :, :p, :] @ v[:, None, :, None])[..., 0]
    H, expected = _block_diagonal(curvature), _block_diagonal(fisher)
    H -= h @ at.vcov @ h.swapaxes(1, 2)
    if model.reml:
        scaled = at.vcov[:, None] @ design
        flat = scaled.reshape(batch, -1, p * p)
        H -= 0.5 * flat @ scaled.swapaxes(2, 3).reshape(batch, -1, p * p).swapaxes(1, 2)
    return _chain(model, theta, gradient, H, expected, design)


def gradient(model: MomentModel, sums: Sums, theta: FloatArray, at: Profile) -> FloatArray:
    """Differentiate minus the profiled log-likelihood once, (B, k): a small part of the work of :func:`slopes`."""
    by_entry, _ = _entry_gradient(model, sums, at)
    jacobian = model.structure.jacobian(theta.reshape(len(theta) * model.n_groups, -1))
    jacobian = jacobian.reshape(len(theta), model.n_groups, *jacobian.shape[1:])
    by_group = by_entry.reshape(len(theta), model.n_groups, -1, 1)
    return np.asarray((jacobian.swapaxes(2, 3) @ by_group).reshape(len(theta), -1))


def _entry_gradient(model: MomentModel, sums: Sums, at: Profile) -> tuple[FloatArray, FloatArray]:
    """By entry of the covariance matrices (B, G E), and K (B, O, m, m), as in :func:`slopes`."""
    a, b = model.structure.rows, model.structure.columns
    W, n = at.inverse, sums.people[:, :, None, None]
    K = W @ _residual_products(model, sums, at) @ W
    by_group = 0.5 * _by_group(model, n * W - K)
    return (by_group[:, :, a, b] * np.where(a == b, 1.0, 2.0)).reshape(len(at.beta), -1), K


def _chain(
    model: MomentModel, theta: FloatArray, gradient: FloatArray, H: FloatArray, expected: FloatArray, design: FloatArray
) -> Slopes:
    """From entries of Sigma to free parameters."""
    batch, groups = len(theta), model.n_groups
    inner = model.structure.derivatives(theta.reshape(batch * groups, -1))
    jacobian = _block_diagonal(inner.jacobian.reshape(batch, groups, *inner.jacobian.shape[1:]))
    second = inner.second.reshape(batch, groups, *inner.second.shape[1:])
    across = jacobian.swapaxes(1, 2)
    bend = np.einsum("bge,bgekl->bgkl", gradient.reshape(batch, groups, -1), second)
    observed = across @ H @ jacobian + _block_diagonal(bend)
    return Slopes(
        (across @ gradient[..., None])[..., 0],
        (observed + observed.swapaxes(1, 2)) / 2.0,
        across @ expected @ jacobian,
        jacobian,
        second,
        design,
    )


def _residual_products(model: MomentModel, sums: Sums, at: Profile) -> FloatArray:
    """U (B, O, m, m): cross-products of residuals between visits, plus their loss through estimation under REML."""
    batch, m, p = len(at.beta), model.m, model.p
    f = sums.cross.shape[-1]
    v = np.concatenate([-at.beta, np.ones((batch, 1))], axis=1)
    inside = v[:, :, None] * v[:, None, :]
    if model.reml:
        inside[:, :p, :p] += at.vcov
    spread = (model.rows @ inside @ model.rows.T).reshape(batch, m, f, m, f)
    spread = np.ascontiguousarray(spread.transpose(0, 2, 4, 1, 3)).reshape(batch, f * f, m * m)
    cells = sums.cross.shape[1]
    return np.asarray((sums.cross.reshape(batch, cells, f * f) @ spread).reshape(batch, cells, m, m))


def _entry_products(model: MomentModel, sums: Sums, W: FloatArray, half: FloatArray) -> FloatArray:
    """[x, y]' V^-1 D_e V^-1 [x, y] for every entry of every group, (B, G E, p + 1, p + 1)."""
    a, b = model.structure.rows, model.structure.columns
    parts = []
    for group in range(model.n_groups):
        cells = np.flatnonzero(model.group == group)
        inside = W[:, cells]
        by_entry = inside[..., a].swapaxes(2, 3)[..., :, None] * inside[:, :, b][..., None, :]
        weights = (by_entry + by_entry.swapaxes(3, 4)) * half[:, None, None]
        parts.append(gather(model.rows, Sums(sums.people[:, cells], sums.cross[:, cells]), weights))
    return np.concatenate(parts, axis=1)


def _trace_pairs(X: FloatArray, Y: FloatArray, a: IntArray, b: IntArray) -> FloatArray:
    """tr(X D_e Y D_f) for symmetric X, Y and all pairs of entries e = (a, b), diagonal entries counted twice."""
    left, right = (a[:, None], b[:, None]), (a[None, :], b[None, :])
    total = X[..., right[1], left[0]] * Y[..., left[1], right[0]]
    total = total + X[..., right[0], left[0]] * Y[..., left[1], right[1]]
    total = total + X[..., right[1], left[1]] * Y[..., left[0], right[0]]
    return np.asarray(total + X[..., right[0], left[1]] * Y[..., left[0], right[1]])


def _by_group(model: MomentModel, cells: FloatArray) -> FloatArray:
    """Add up (B, O, ...) over the cells of each covariance group: (B, G, ...)."""
    return np.stack([cells[:, model.group == group].sum(axis=1) for group in range(model.n_groups)], axis=1)


def _block_diagonal(blocks: FloatArray) -> FloatArray:
    """(B, G, r, c) to (B, G r, G c)."""
    batch, groups, r, c = blocks.shape
    full = np.zeros((batch, groups, r, groups, c))
    for group in range(groups):
        full[:, group, :, group, :] = blocks[:, group]
    return full.reshape(batch, groups * r, groups * c)
