"""Empirical (sandwich) errors over subjects or clusters, bias-reduced if asked, with their degrees of freedom.

Errors that are robust by subject need the fourth moments of the data, hence a second pass over people. Errors over
clusters need moments by cluster only. Both are written in coordinates where the covariance of the coefficients is the
identity: with V = R R' and Y a cluster's whitened design times R, everything is a function of Y or of S = Y'Y.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from increase_eval.comparison.repeated.assemble import arrange, take_moments
from increase_eval.comparison.repeated.layout import Layout
from increase_eval.comparison.repeated.likelihood import MomentModel, gather, profile
from increase_eval.errors import InsufficientDataError
from increase_eval.moments.accumulate import FloatArray, IntArray

CORRECTIONS: dict[str, float] = {"empirical": 0.0, "empirical-bias-reduced": -0.5, "empirical-jackknife": -1.0}
"""Power of (I - H) that multiplies the residuals: CR0, CR2, CR3."""

PEOPLE_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class EmpiricalErrors:
    """A sandwich covariance, and the means to give the df of any linear function.

    Attributes
    ----------
    vcov
        (p, p) covariance of the scaled coefficients.
    root
        (p, p) R with R R' the model-based covariance.
    n_clusters
        Number of independent units.
    pieces
        Gives Y' (units, p, k) and f(H) Y (units, k, p), chunk by chunk, as often as it is called.
    """

    vcov: FloatArray
    root: FloatArray
    n_clusters: int
    pieces: Callable[[], Iterator[tuple[FloatArray, FloatArray]]]

    def degrees_of_freedom(self, functions: FloatArray) -> FloatArray:
        """Satterthwaite's df of each linear function (r, p) with the fitted covariance as working model.

        Notes
        -----
        df = (tr G)^2 / sum G_ij^2 with G_ij = d_i [i = j] - u_i' u_j, where for w = R' l and unit i,
        d_i = |f(H) Y w|^2 and u_i = Y' f(H) Y w; so sum G^2 = sum d^2 - 2 sum d |u|^2 + |sum u u'|^2 needs no n by n
        matrix (Bell & McCaffrey 2002; Pustejovsky & Tipton 2018, doi:10.1080/07350015.2016.1247004).
        """
        w = self.root.T @ functions.T
        trace, squares = np.zeros(len(functions)), np.zeros(len(functions))
        outer = np.zeros((len(functions), len(w), len(w)))
        for adjoint, adjusted in self.pieces():
            a = adjusted @ w
            d = (a**2).sum(axis=1)
            u = adjoint @ a
            length = (u**2).sum(axis=1)
            trace += (d - length).sum(axis=0)
            squares += (d**2 - 2.0 * d * length).sum(axis=0)
            outer += np.einsum("ipr,iqr->rpq", u, u, optimize=True)
        squares += (outer**2).sum(axis=(1, 2))
        return np.asarray(trace**2 / squares)


def empirical_errors(
    layout: Layout, model: MomentModel, theta: FloatArray, kind: str, cluster: str | None
) -> EmpiricalErrors:
    """Give empirical errors over subjects, or over the clusters of a column.

    Raises
    ------
    ValueError
        If the cluster column is missing, or changes within a subject.
    InsufficientDataError
        If there are fewer than two clusters.

    Notes
    -----
    V [sum_i X_i' f(H_i)' r_i r_i' f(H_i) X_i] V in whitened space, with H_i = X_i V X_i' and f(H) = (I - H)^power. As
    X' f(X V X') = f(X'X V) X', a cluster needs X'X and X'r only. Directions with leverage 1 are left out.
    """
    power = CORRECTIONS[kind]
    if cluster is None:
        return _over_subjects(layout, model, theta, power)
    names = layout.constant(cluster)
    codes = names.factorize()[0].astype(np.int64)
    return _over_clusters(layout, model, theta, power, codes, cluster)


def _power_of_rest(leverage: FloatArray, power: float) -> FloatArray:
    """(I - H)^power of symmetric matrices (n, k, k), ignoring directions that are fitted exactly."""
    if power == 0.0:
        return np.broadcast_to(np.eye(leverage.shape[-1]), leverage.shape)
    values, vectors = np.linalg.eigh(leverage)
    rest = 1.0 - values
    factor = np.where(rest > 1e-10, np.maximum(rest, 1e-10) ** power, 0.0)
    return np.asarray((vectors * factor[:, None, :]) @ vectors.swapaxes(1, 2))


def _over_clusters(
    layout: Layout, model: MomentModel, theta: FloatArray, power: float, codes: IntArray, name: str
) -> EmpiricalErrors:
    n_clusters = int(codes.max()) + 1
    if n_clusters < 2:
        raise InsufficientDataError(f"column {name!r} has one cluster only; errors over clusters need two or more")
    cells = arrange(take_moments(layout, codes), layout.m)
    whole = profile(model, cells.total(), theta)
    p = model.p
    root = np.linalg.cholesky(whole.vcov[0])
    inverse = np.broadcast_to(whole.inverse, (n_clusters, *whole.inverse.shape[1:]))
    products = gather(model.rows, cells.sums, inverse[:, :, None])[:, 0]
    S = root.T @ products[:, :p, :p] @ root
    S = (S + S.swapaxes(1, 2)) / 2.0
    scores = (products[:, :p, p] - products[:, :p, :p] @ whole.beta[0]) @ root
    adjust = _power_of_rest(S, power)
    adjusted_scores = (adjust @ scores[..., None])[..., 0]
    values, vectors = np.linalg.eigh(S)
    half = (vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :]) @ vectors.swapaxes(1, 2)
    # Any Y with Y'Y = S will do; the symmetric root commutes with f(S).
    pieces = [(half, half @ adjust)]
    return EmpiricalErrors(
        root @ (adjusted_scores.T @ adjusted_scores) @ root.T, root, n_clusters, lambda: iter(pieces)
    )


def _over_subjects(layout: Layout, model: MomentModel, theta: FloatArray, power: float) -> EmpiricalErrors:
    cells = arrange(take_moments(layout), layout.m)
    whole = profile(model, cells.total(), theta)
    root = np.linalg.cholesky(whole.vcov[0])
    sigma = model.structure.covariance(theta.reshape(model.n_groups, -1))

    def chunks() -> Iterator[tuple[FloatArray, FloatArray, FloatArray]]:
        """Y, f(H) Y and f(H) r, whitened, of people who share a cell."""
        for Y, residual in _whitened(layout, model, sigma, root, whole.beta[0]):
            adjust = _power_of_rest(Y @ Y.swapaxes(1, 2), power)
            yield Y, adjust @ Y, (adjust @ residual[..., None])[..., 0]

    meat = np.zeros_like(root)
    for Y, _, residual in chunks():
        scores = (Y.swapaxes(1, 2) @ residual[..., None])[..., 0]
        meat += scores.T @ scores
    vcov = root @ meat @ root.T
    n = layout.n_subjects
    return EmpiricalErrors(vcov, root, n, lambda: ((Y.swapaxes(1, 2), adjusted) for Y, adjusted, _ in chunks()))


def _whitened(
    layout: Layout, model: MomentModel, sigma: FloatArray, root: FloatArray, beta: FloatArray
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Whitened design times ``root`` (n, k, p) and whitened residuals (n, k), people of one cell at a time."""
    seen, f = layout.seen, layout.features.shape[1]
    rows = model.rows.reshape(model.m, f, -1)
    for group, pattern in zip(model.group.tolist(), model.seen, strict=True):
        visits = np.flatnonzero(pattern)
        people = np.flatnonzero((layout.groups == group) & (seen == pattern).all(axis=1))
        whiten = np.linalg.inv(np.linalg.cholesky(sigma[group][np.ix_(visits, visits)]))
        for start in range(0, len(people), PEOPLE_AT_ONCE):
            values = np.nan_to_num(layout.features[people[start : start + PEOPLE_AT_ONCE]])
            z = whiten @ np.einsum("nf,tfq->ntq", values, rows[visits], optimize=True)
            yield z[..., :-1] @ root, z[..., -1] - z[..., :-1] @ beta
