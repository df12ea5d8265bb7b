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

LEAST_DF = 4.0 - 1e-9
"""Under 4 the Satterthwaite approximation itself is not to be trusted; less than 4 by rounding is 4."""

FITTED = 1.0 - 1e-9
"""Leverage from which a unit counts as fitted exactly in a direction."""

LEANS = 1e-5
"""Share of a function's length along a lone unit's directions from which it counts as leaning on them."""

LONE = "refused: it rests on one {unit} alone"
FEW_DF = "refused: fewer than 4 degrees of freedom"


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
    lone
        (k, p) directions, in the coordinates of `root`, that one unit alone determines: its residuals there are
        nought, so that a sandwich would take them for known.
    unit
        What the units are: ``subject`` or ``cluster``.
    pieces
        Gives Y' (units, p, k) and f(H) Y (units, k, p), chunk by chunk, as often as it is called.
    """

    vcov: FloatArray
    root: FloatArray
    n_clusters: int
    lone: FloatArray
    unit: str
    pieces: Callable[[], Iterator[tuple[FloatArray, FloatArray]]]

    def refusals(self, functions: FloatArray) -> list[str]:
        """Say of each linear function (r, p) why its error is refused: empty where it is not.

        Notes
        -----
        A function that leans on a direction that one unit determines has no error over units, as where an arm has one
        cluster; and over clusters, one with fewer than 4 degrees of freedom has none to rely on (Tipton 2015).
        """
        w = self.root.T @ functions.T
        length = np.maximum(np.sqrt((w**2).sum(axis=0)), 1e-300)
        alone = np.sqrt(((self.lone @ w) ** 2).sum(axis=0)) > LEANS * length
        few = np.zeros(len(functions), dtype=bool)
        if self.unit == "cluster":
            few = ~(self.degrees_of_freedom(functions) >= LEAST_DF)
        words = (LONE.format(unit=self.unit), FEW_DF)
        return [words[0] if a else words[1] if f else "" for a, f in zip(alone, few, strict=True)]

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
        return np.asarray(np.divide(trace**2, squares, out=np.full_like(squares, np.nan), where=squares > 0))


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
    lone = vectors.swapaxes(1, 2)[values > FITTED]
    # Any Y with Y'Y = S will do; the symmetric root commutes with f(S).
    pieces = [(half, half @ adjust)]
    return EmpiricalErrors(
        root @ (adjusted_scores.T @ adjusted_scores) @ root.T, root, n_clusters, lone, "cluster", lambda: iter(pieces)
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

    meat, lone = np.zeros_like(root), [np.zeros((0, len(root)))]
    for Y, _, residual in chunks():
        lone.append(_fitted_directions(Y))
        scores = (Y.swapaxes(1, 2) @ residual[..., None])[..., 0]
        meat += scores.T @ scores
    vcov = root @ meat @ root.T

    def pieces() -> Iterator[tuple[FloatArray, FloatArray]]:
        return ((Y.swapaxes(1, 2), adjusted) for Y, adjusted, _ in chunks())

    return EmpiricalErrors(vcov, root, layout.n_subjects, np.concatenate(lone), "subject", pieces)


def _fitted_directions(Y: FloatArray) -> FloatArray:
    """Directions (k, p) that some person of these (n, rows, p) determines alone."""
    candidates = Y[(Y**2).sum(axis=(1, 2)) > FITTED]
    if not len(candidates):
        return np.zeros((0, Y.shape[2]))
    values, vectors = np.linalg.eigh(candidates @ candidates.swapaxes(1, 2))
    directions = np.einsum("nkj,nkp->njp", vectors, candidates, optimize=True)
    return np.asarray(directions[values > FITTED])


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
