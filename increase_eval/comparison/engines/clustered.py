"""The algebra of cluster-robust variances: adjustments, Satterthwaite's degrees of freedom, the total variance.

A cluster's share of the estimates is s_g = F_g (I - H)_g y with F_g = M X_g'W_g A_g and M = (X'WX)⁻¹; the variance is
Σ s_g s_g' at the data. Under working variances Φ the shares covary by

    cov(s_g, s_h) = [g = h] D_g - R_g M P_h' - P_g M R_h' + P_g M Q M P_h'

with P_g = F_g X_g, R_g = F_g Φ_g W_g X_g, D_g = F_g Φ_g F_g' and Q = X'WΦWX: all p by p, whatever the clusters' sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from increase_eval.comparison.engines.working_models import WorkingModel

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Adjust = Callable[[Floats], Floats]

SINGULAR_SHARE = 1e-8
"""An eigenvalue of a cluster's residual variance under this share of the largest means that its rows are fitted exactly
in some direction."""


PAIRS_AT_ONCE = 4_000_000
"""Numbers per working array: with many clusters their pairs are handled in blocks."""


@dataclass(frozen=True, slots=True)
class ClusteredWork:
    """What variances and degrees of freedom are made from, for m clusters and p coefficients.

    Attributes
    ----------
    vcov
        Σ s_g s_g' at the data, shape (p, p).
    own, plain, weighted
        D_g, P_g and R_g of the module's formula, shape (m, p, p).
    inverse, middle
        M and M Q M, shape (p, p).
    singular_count
        Clusters that are fitted exactly in some direction.
    """

    vcov: Floats
    own: Floats
    plain: Floats
    weighted: Floats
    inverse: Floats
    middle: Floats
    singular_count: int

    def covariances(self, constraint: Floats, rows: slice = slice(None)) -> Floats:
        """Give C cov(s_g, s_h) C' of the clusters g of `rows` with all clusters h, shape (rows, m, q, q)."""
        p, r = constraint @ self.plain, constraint @ self.weighted
        result = np.einsum("gqa,ab,htb->ghqt", p[rows], self.middle, p, optimize=True)
        result -= np.einsum("gqa,ab,htb->ghqt", r[rows], self.inverse, p, optimize=True)
        result -= np.einsum("gqa,ab,htb->ghqt", p[rows], self.inverse, r, optimize=True)
        every = np.arange(len(p))[rows]
        result[every - every[0], every] += constraint @ self.own[rows] @ constraint.T
        return np.asarray(result)

    def expectation(self, constraint: Floats) -> Floats:
        """Give the expected C V C' under the working variances, shape (q, q)."""
        p, r = constraint @ self.plain, constraint @ self.weighted
        crossed = np.einsum("gqa,ab,gtb->qt", r, self.inverse, p, optimize=True)
        own = constraint @ self.own.sum(axis=0) @ constraint.T
        return np.asarray(own - crossed - crossed.T + np.einsum("gqa,ab,gtb->qt", p, self.middle, p, optimize=True))

    def satterthwaite(self, constraints: Floats) -> Floats:
        """Give the degrees of freedom of the variance of each row of `constraints`: 2 E² / Var."""
        return np.array([2 / self.total_variance(constraint[None]) for constraint in constraints])

    def total_variance(self, constraint: Floats) -> float:
        """Give the sum of the variances of the elements of C V C', standardised to the expectation I."""
        values, vectors = np.linalg.eigh(self.expectation(constraint))
        standard = (vectors / np.sqrt(values) @ vectors.T) @ constraint
        total, size = 0.0, max(1, PAIRS_AT_ONCE // (len(self.own) * len(constraint) ** 2))
        for start in range(0, len(self.own), size):
            part = self.covariances(standard, slice(start, start + size))
            traces = np.einsum("ghss->gh", part)
            total += float((traces**2).sum() + np.einsum("ghst,ghts->", part, part))
        return total


def clustered_work(model: WorkingModel, clusters: Ints, kind: str) -> ClusteredWork:
    """Do the algebra of one kind of cluster-robust variance (CR0, CR1, CR1S, CR2, CR3)."""
    w, phi, e = model.weights, model.variances, model.residuals
    # As in clubSandwich the rows of a generalised model stay on the response's scale: a symmetric root depends on it.
    x = model.matrix * model.slopes[:, None]
    n, p = x.shape
    count = int(clusters.max()) + 1
    inverse: Floats = np.asarray(np.linalg.inv(x.T @ (x * w[:, None])), dtype=float)
    middle = inverse @ (x.T @ (x * (w**2 * phi)[:, None])) @ inverse
    factor = _factor(kind, count, n, p)
    own, plain, weighted = (np.empty((count, p, p)) for _ in range(3))
    vcov, singular_count = np.zeros((p, p)), 0
    order = np.argsort(clusters, kind="stable")
    for g, rows in enumerate(np.split(order, np.cumsum(np.bincount(clusters))[:-1])):
        xg, wg, fg = x[rows], w[rows], phi[rows]
        adjust, singular = _adjustment(xg, wg, fg, inverse, middle, kind)
        singular_count += singular
        shares = adjust(factor * inverse @ (xg * wg[:, None]).T)
        own[g] = (shares * fg) @ shares.T
        plain[g] = shares @ xg
        weighted[g] = shares @ (xg * (fg * wg)[:, None])
        at_data = shares @ e[rows]
        vcov += np.outer(at_data, at_data)
    return ClusteredWork(vcov, own, plain, weighted, inverse, middle, singular_count)


def _factor(kind: str, count: int, n: int, p: int) -> float:
    if count < 2 or kind not in ("CR1", "CR1S"):
        return 1.0
    return float(np.sqrt(count / (count - 1) * ((n - 1) / (n - p) if kind == "CR1S" else 1.0)))


def _adjustment(x: Floats, w: Floats, phi: Floats, inverse: Floats, middle: Floats, kind: str) -> tuple[Adjust, bool]:
    """Give the product with A_g from the right, and whether the cluster is fitted exactly in some direction."""
    if (phi == 1).all():
        return _low_rank_adjustment(x, w, inverse, middle, kind)
    hat = x @ inverse @ (x * w[:, None]).T
    residual = np.diag(phi) - hat * phi - (hat * phi).T + x @ middle @ x.T
    root = np.sqrt(phi)
    # Whether a direction is fitted exactly must not hang on how much variances differ between rows.
    if np.linalg.eigvalsh(residual / np.outer(root, root))[0] < SINGULAR_SHARE:
        return _unchanged, True
    if kind == "CR2":
        values, vectors = np.linalg.eigh(root[:, None] * residual * root)
        values = np.maximum(values, np.finfo(float).eps * values[-1])
        square_root = root[:, None] * (vectors / np.sqrt(values) @ vectors.T) * root
        return lambda shares: shares @ square_root, False
    if kind == "CR3":
        full = np.linalg.inv(np.eye(len(x)) - hat)
        return lambda shares: shares @ full, False
    return _unchanged, False


def _unchanged(shares: Floats) -> Floats:
    return shares


def _low_rank_adjustment(x: Floats, w: Floats, inverse: Floats, middle: Floats, kind: str) -> tuple[Adjust, bool]:
    """Do the same where working variances are 1, at a cost that grows with the cluster's rows and not their square.

    The cluster's residual variance I - XMX'W - WXMX' + XMQMX' is the identity but on the columns of X and WX.
    """
    weighted = x * w[:, None]
    both = x if (w == w[0]).all() else np.column_stack([x, weighted])
    basis = np.linalg.svd(both / np.maximum(np.abs(both).max(axis=0), 1e-300), full_matrices=False)[0]
    own, heavy = basis.T @ x, basis.T @ weighted
    crossed = own @ inverse @ heavy.T
    values, vectors = np.linalg.eigh(np.eye(len(own)) - crossed - crossed.T + own @ middle @ own.T)
    if values[0] < SINGULAR_SHARE:
        return _unchanged, True
    if kind == "CR2":
        change = vectors / np.sqrt(values) @ vectors.T - np.eye(len(values))
        return lambda shares: shares + (shares @ basis) @ change @ basis.T, False
    if kind == "CR3":
        # (I - XMX'W)⁻¹ = I + X (M⁻¹ - X'WX)⁻¹ X'W
        inner = np.linalg.inv(np.linalg.inv(inverse) - x.T @ weighted)
        return lambda shares: shares + (shares @ x) @ inner @ weighted.T, False
    return _unchanged, False


def lone_arms(matrix: Floats, names: Sequence[str], clusters: Ints) -> Iterator[tuple[str, float]]:
    """List columns that are constant within clusters and have one of two values in fewer than two clusters."""
    count = int(clusters.max()) + 1
    first = np.full(count, -1)
    first[clusters[::-1]] = np.arange(len(clusters))[::-1]
    by_cluster = matrix[first]
    constant = (matrix == by_cluster[clusters]).all(axis=0)
    for j in np.flatnonzero(constant):
        values, counts = np.unique(by_cluster[:, j], return_counts=True)
        if len(values) == 2 and counts.min() < 2:
            yield names[int(j)], float(values[counts.argmin()])
