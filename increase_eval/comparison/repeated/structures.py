"""Covariance structures over visits, with first and second derivatives in free parameters.

Every structure is ``Sigma[a, b] = exp(theta_a + theta_b) r[a, b]``: log standard deviations (one a visit, or one for
all) times a factor r that is either the cross-product of a unit lower triangle (unstructured) or a product of powers of
correlations, each ``theta / sqrt(1 + theta^2)``. The parameters are those of R's mmrm 0.3.15, because the Kenward-Roger
covariance with its second-derivative term depends on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from increase_eval.moments.accumulate import FloatArray, IntArray

STRUCTURES = {
    "us": "unstructured",
    "toep": "Toeplitz",
    "toeph": "heterogeneous Toeplitz",
    "ar1": "first-order autoregressive",
    "ar1h": "heterogeneous first-order autoregressive",
    "cs": "compound symmetry",
    "csh": "heterogeneous compound symmetry",
    "ad": "ante-dependence",
    "adh": "heterogeneous ante-dependence",
}
"""Code and name of every structure."""

LARGEST_START = 0.9
"""Starting correlations are held inside (-0.9, 0.9): a start at the edge has no slope to follow."""


class Derivatives(NamedTuple):
    """Entries of the lower triangle of Sigma (B, E), their Jacobian (B, E, k) and second derivatives (B, E, k, k)."""

    entries: FloatArray
    jacobian: FloatArray
    second: FloatArray


@dataclass(frozen=True, slots=True)
class Structure:
    """One structure over ``m`` visits.

    Attributes
    ----------
    code
        A key of :data:`STRUCTURES`.
    m
        Number of visits.
    rows, columns
        (E,) visit numbers of the entries of the lower triangle.
    counts
        (E, s) how often each log standard deviation enters the logarithm of an entry.
    powers
        (E, c) the power of each correlation in each entry; empty for unstructured.
    """

    code: str
    m: int
    rows: IntArray
    columns: IntArray
    counts: FloatArray
    powers: FloatArray

    @property
    def n_deviations(self) -> int:
        """Number of standard deviations."""
        return int(self.counts.shape[1])

    @property
    def n_parameters(self) -> int:
        """Number of free parameters."""
        below = self.m * (self.m - 1) // 2 if self.code == "us" else self.powers.shape[1]
        return self.n_deviations + below

    def covariance(self, theta: FloatArray) -> FloatArray:
        """Sigma at parameters (B, k), as (B, m, m)."""
        s = self.n_deviations
        scale = np.exp(theta[:, :s] @ self.counts.T)
        return self.square(scale * self._factor(theta[:, s:], derivatives=False)[0])

    def jacobian(self, theta: FloatArray) -> FloatArray:
        """First derivatives of the entries of Sigma at parameters (B, k): (B, E, k)."""
        if self.code != "us":
            return self.derivatives(theta).jacobian
        s = self.n_deviations
        r, first = _triangle_slopes(theta[:, s:], self)
        scale = np.exp(theta[:, :s] @ self.counts.T)
        return np.concatenate([(scale * r)[..., None] * self.counts, scale[..., None] * first], axis=-1)

    def derivatives(self, theta: FloatArray) -> Derivatives:
        """Entries of Sigma with first and second derivatives at parameters (B, k)."""
        s, k = self.n_deviations, self.n_parameters
        r, first, second = self._factor(theta[:, s:], derivatives=True)
        scale = np.exp(theta[:, :s] @ self.counts.T)
        u = self.counts
        jacobian = np.empty((*r.shape, k))
        jacobian[..., :s] = (scale * r)[..., None] * u
        jacobian[..., s:] = scale[..., None] * first
        hessian = np.empty((*r.shape, k, k))
        hessian[..., :s, :s] = (scale * r)[..., None, None] * (u[:, :, None] * u[:, None, :])
        hessian[..., :s, s:] = scale[..., None, None] * u[None, :, :, None] * first[:, :, None, :]
        hessian[..., s:, :s] = hessian[..., :s, s:].swapaxes(-1, -2)
        hessian[..., s:, s:] = scale[..., None, None] * second
        return Derivatives(scale * r, jacobian, hessian)

    def square(self, entries: FloatArray) -> FloatArray:
        """Lower-triangle entries (B, E) as symmetric matrices (B, m, m)."""
        full = np.empty((*entries.shape[:-1], self.m, self.m))
        full[..., self.rows, self.columns] = entries
        full[..., self.columns, self.rows] = entries
        return full

    def start(self, variances: FloatArray, correlations: FloatArray) -> FloatArray:
        """Parameters near given variances (m,) and correlations (m, m)."""
        deviations = 0.5 * np.log(variances if self.n_deviations > 1 else variances.mean(keepdims=True))
        if self.code == "us":
            factor = np.linalg.cholesky(nearest_start(correlations))
            # Sigma = (D L)(D L)': the diagonal of the Cholesky factor belongs to D.
            unit = factor / np.diag(factor)[:, None]
            return np.concatenate([deviations + np.log(np.diag(factor)), unit[np.tril_indices(self.m, -1)]])
        rho = np.array([_typical(correlations, self, k) for k in range(self.powers.shape[1])])
        while np.linalg.eigvalsh(self._correlation(rho))[0] < 0.02:
            rho = 0.8 * rho
        return np.concatenate([deviations, rho / np.sqrt(1.0 - rho * rho)])

    def _correlation(self, rho: FloatArray) -> FloatArray:
        entries: FloatArray = np.prod(np.power(rho, self.powers), axis=-1)
        return np.asarray(self.square(entries[None])[0])

    def _factor(self, phi: FloatArray, *, derivatives: bool) -> tuple[FloatArray, FloatArray, FloatArray]:
        if self.code == "us":
            return _triangle_factor(phi, self, derivatives=derivatives)
        return _monomial_factor(phi, self, derivatives=derivatives)


def make_structure(code: str, m: int) -> Structure:
    """Build a structure over ``m`` visits.

    Raises
    ------
    ValueError
        If the code is not one of :data:`STRUCTURES`.
    """
    if code not in STRUCTURES:
        raise ValueError(f"covariance {code!r} is not known; allowed: {', '.join(STRUCTURES)}")
    rows, columns = np.tril_indices(m)
    heterogeneous = code in ("us", "toeph", "ar1h", "csh", "adh")
    counts = np.zeros((rows.size, m if heterogeneous else 1))
    np.add.at(counts, (np.arange(rows.size), rows * heterogeneous), 1.0)
    np.add.at(counts, (np.arange(rows.size), columns * heterogeneous), 1.0)
    return Structure(code, m, rows, columns, counts, _powers(code, m, rows, columns))


def _powers(code: str, m: int, rows: IntArray, columns: IntArray) -> FloatArray:
    lag = (rows - columns).astype(np.float64)
    if code == "us" or m == 1:
        return np.zeros((rows.size, 0))
    if code in ("cs", "csh"):
        return np.minimum(lag, 1.0)[:, None]
    if code in ("ar1", "ar1h"):
        return lag[:, None]
    steps = np.arange(m - 1)
    if code in ("toep", "toeph"):
        return np.asarray(lag[:, None] == steps + 1, dtype=np.float64)
    # Ante-dependence: the product of the correlations of neighbours in between.
    return np.asarray((columns[:, None] <= steps) & (steps < rows[:, None]), dtype=np.float64)


def _to_correlation(free: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Map a free parameter to a correlation, with its first two derivatives."""
    length = 1.0 + free * free
    return free / np.sqrt(length), length**-1.5, -3.0 * free * length**-2.5


def _monomial_factor(phi: FloatArray, to: Structure, *, derivatives: bool) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Products of powers of correlations, and their derivatives in the free parameters."""
    rho, slope, bend = _to_correlation(phi)
    r = np.prod(rho[:, None, :] ** to.powers, axis=-1)
    c, empty = to.powers.shape[1], np.zeros((0, 0, 0))
    if not derivatives:
        return r, empty, empty
    first, second = np.zeros((*r.shape, c)), np.zeros((*r.shape, c, c))
    for k in range(c):
        lowered, by_k = _lower(to.powers, np.ones(len(to.powers)), k)
        first_k = by_k * np.prod(rho[:, None, :] ** lowered, axis=-1)
        first[:, :, k] = first_k * slope[:, None, k]
        for j in range(c):
            twice, by_both = _lower(lowered, by_k, j)
            value = by_both * np.prod(rho[:, None, :] ** twice, axis=-1)
            second[:, :, k, j] = value * slope[:, None, k] * slope[:, None, j]
        second[:, :, k, k] += first_k * bend[:, None, k]
    return r, first, second


def _lower(powers: FloatArray, coefficient: FloatArray, k: int) -> tuple[FloatArray, FloatArray]:
    """Differentiate monomials in their k-th variable: powers and coefficients afterwards."""
    lowered = powers.copy()
    lowered[:, k] = np.maximum(powers[:, k] - 1.0, 0.0)
    return lowered, coefficient * powers[:, k]


def _triangle_factor(phi: FloatArray, to: Structure, *, derivatives: bool) -> tuple[FloatArray, FloatArray, FloatArray]:
    """L L' for a unit lower triangle L filled by rows, and its derivatives in the entries of L."""
    a, b = to.rows, to.columns
    i, j = np.tril_indices(to.m, -1)
    if not derivatives:
        lower = _triangle(phi, to)
        return (lower @ lower.swapaxes(1, 2))[:, a, b], np.zeros((0, 0, 0)), np.zeros((0, 0, 0))
    r, first = _triangle_slopes(phi, to)
    one, other = a[:, None] == i, b[:, None] == i
    pairs = one[:, :, None] & other[:, None, :] | other[:, :, None] & one[:, None, :]
    both = (one[:, :, None] & other[:, None, :]).astype(np.float64) + (other[:, :, None] & one[:, None, :])
    second = np.where(pairs, both, 0.0) * (j[:, None] == j)
    return r, first, np.broadcast_to(second, (len(phi), *second.shape))


def _triangle(phi: FloatArray, to: Structure) -> FloatArray:
    lower = np.broadcast_to(np.eye(to.m), (len(phi), to.m, to.m)).copy()
    lower[:, *np.tril_indices(to.m, -1)] = phi
    return lower


def _triangle_slopes(phi: FloatArray, to: Structure) -> tuple[FloatArray, FloatArray]:
    """L L' and its first derivatives in the entries of L."""
    a, b = to.rows, to.columns
    i, j = np.tril_indices(to.m, -1)
    lower = _triangle(phi, to)
    first = (a[:, None] == i) * lower[:, b][:, :, j] + (b[:, None] == i) * lower[:, a][:, :, j]
    return (lower @ lower.swapaxes(1, 2))[:, a, b], first


def nearest_start(correlations: FloatArray) -> FloatArray:
    """Draw correlations towards independence until they are safely positive definite."""
    lowest = float(np.linalg.eigvalsh(correlations)[0])
    pull = 0.0 if lowest >= 0.05 else (0.05 - lowest) / (1.0 - lowest)
    return (1.0 - pull) * correlations + pull * np.eye(len(correlations))


def _typical(correlations: FloatArray, to: Structure, k: int) -> float:
    """Average correlation of the entries that depend on the k-th correlation alone, at power 1."""
    alone = (to.powers[:, k] == 1) & (to.powers.sum(axis=1) == 1)
    value = float(correlations[to.rows[alone], to.columns[alone]].mean())
    return min(max(value, -LARGEST_START), LARGEST_START)
