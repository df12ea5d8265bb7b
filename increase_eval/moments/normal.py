"""Mean and covariance of a multivariate normal with values missing at random, from moments alone.

Maximum likelihood by expectation-maximisation over patterns, accelerated, and free of the scale of the columns.
What it leaves out: standard errors (see the factor models) and data that are missing not at random.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from increase_eval.errors import InsufficientDataError
from increase_eval.moments.accumulate import FloatArray
from increase_eval.moments.anderson import anderson_fixed_point

if TYPE_CHECKING:
    from increase_eval.moments.pattern import PatternMoments

SMALLEST_EIGENVALUE = 1e-10
"""A correlation matrix with a smaller eigenvalue counts as singular: some column is a sum of others."""

DRIFTING_EIGENVALUE = 1e-3
"""The same when the iteration did not converge: it was on its way to a singular covariance."""

CELLS_AT_ONCE = 4_000_000
"""Floats per working array: patterns are handled in blocks, so that memory does not grow with their number."""


@dataclass(frozen=True, slots=True)
class NormalFit:
    """Maximum-likelihood mean and covariance.

    Attributes
    ----------
    mean
        Series, one value a column.
    covariance
        DataFrame, columns by columns, divisor n (maximum likelihood, not n - 1).
    log_likelihood
        Of the observed values, with all constants.
    iterations
        Evaluations of the EM map.
    converged
        Whether the last step was within the tolerance.
    n
        People (or total weight) with at least one value.
    """

    mean: pd.Series[float]
    covariance: pd.DataFrame
    log_likelihood: float
    iterations: int
    converged: bool
    n: float


@dataclass(frozen=True, slots=True)
class _Patterns:
    """Standardised moments by pattern: (P, q) masks, (P,) weights, (P, q) sums, (P, q, q) cross-products."""

    mask: FloatArray
    weight: FloatArray
    sums: FloatArray
    cross: FloatArray


def fit_normal(moments: PatternMoments, *, tolerance: float = 1e-12, max_iterations: int = 2_000) -> NormalFit:
    """Find the mean and covariance that make the observed values most likely, if they are missing at random.

    Parameters
    ----------
    moments
        Moments by pattern; groups are added up first.
    tolerance
        Largest change of a mean or covariance in one EM step, in standard deviations, at convergence.
    max_iterations
        Most evaluations of the EM map; after that ``converged`` is False.

    Returns
    -------
    NormalFit
        Mean (q), covariance (q by q, divisor n), log-likelihood, iterations, converged, n.

    Raises
    ------
    InsufficientDataError
        If a column is never observed, two columns are never observed together, a column has no variance, columns are
        linearly dependent, or the likelihood has no maximum because too few people have columns together.

    Notes
    -----
    For the n people of a pattern that observes the set O, with mean m and cross-products S about the current mean mu,
    and B = Sigma[:, O] Sigma[O, O]^-1, one EM step adds up over patterns

        mu'    = mu + (1/N) sum B sum_i (x_i - mu)_O
        Sigma' = (1/N) sum [B S B' + n (Sigma - B Sigma[O, :])] - (mu' - mu)(mu' - mu)'

    (Little & Rubin). Steps are combined by Anderson acceleration in (mu, log-Cholesky of Sigma), which keeps Sigma
    positive definite; a combination that lowers the log-likelihood is replaced by the plain EM step, which never does.
    Rows with nothing observed carry no information and are left out. Columns are centred and scaled inside, so the
    result does not depend on units.

    References
    ----------
    Dempster, A. P., Laird, N. M., & Rubin, D. B. (1977). Maximum likelihood from incomplete data via the EM algorithm.
    Journal of the Royal Statistical Society B, 39, 1-38. doi:10.1111/j.2517-6161.1977.tb01600.x
    Walker, H. F., & Ni, P. (2011). Anderson acceleration for fixed-point iterations. SIAM Journal on Numerical
    Analysis, 49, 1715-1735. doi:10.1137/10078356X

    Checked against
    ---------------
    ``little_mcar_airquality``, ``little_mcar_bfi`` and ``little_mcar_fourarm`` (EM in R run to 1e-13).

    Examples
    --------
    >>> from increase_eval.moments import PatternMoments
    >>> wide = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": [2.0, 1.0, 4.0, None]})
    >>> fit = PatternMoments.from_frame(wide, ["a", "b"]).fit_normal()
    >>> [round(float(value), 6) for value in fit.mean]
    [2.5, 2.833333]
    """
    if not 0 < tolerance < 1:
        raise ValueError(f"tolerance must lie between 0 and 1; got {tolerance}")
    data, centre, scale = _standardise(moments)
    start = _pairwise_start(data)
    q = centre.size
    log_likelihood = lambda point: _log_likelihood(data, *_unpack(point, q))  # noqa: E731
    step: Callable[[FloatArray], FloatArray] = lambda point: _pack(*_em_step(data, *_unpack(point, q)))  # noqa: E731
    found = anderson_fixed_point(step, log_likelihood, _pack(*start), tolerance, max_iterations)
    mean, covariance = _unpack(found.point, q)
    # A likelihood without a maximum drifts towards a singular covariance and never arrives.
    smallest = SMALLEST_EIGENVALUE if found.converged else DRIFTING_EIGENVALUE
    _refuse_singular(covariance, moments.columns, smallest=smallest)
    n = float(data.weight.sum())
    constant = float((data.weight[:, None] * data.mask * np.log(scale)).sum())
    names = list(moments.columns)
    return NormalFit(
        mean=pd.Series(centre + scale * mean, index=names),
        covariance=pd.DataFrame(covariance * np.outer(scale, scale), index=names, columns=names),
        log_likelihood=float(log_likelihood(found.point)) - constant,
        iterations=found.iterations,
        converged=found.converged,
        n=n,
    )


def _standardise(moments: PatternMoments) -> tuple[_Patterns, FloatArray, FloatArray]:
    """Patterns about the observed means in units of the observed standard deviations, empty rows left out."""
    pooled = moments.collapse()
    keep = np.flatnonzero(pooled.patterns.any(axis=1) & (pooled.weights > 0))
    if not keep.size:
        raise InsufficientDataError("no row has an observed value, so no mean can be estimated")
    pooled = pooled.keep_cells(keep)
    mask = pooled.patterns.astype(np.float64)
    together = np.einsum("k,ki,kj->ij", pooled.weights, mask, mask)
    columns = moments.columns
    never = [column for column, count in zip(columns, np.diag(together), strict=True) if count == 0]
    if never:
        raise InsufficientDataError(f"columns {never} are never observed, so their mean cannot be estimated")
    apart = [f"{columns[i]} with {columns[j]}" for i, j in np.argwhere(np.triu(together == 0))]
    if apart:
        raise InsufficientDataError(f"never observed together, so their covariance cannot be estimated: {apart}")
    centre = pooled.centre + pooled.sums.sum(axis=0) / np.diag(together)
    pooled = pooled.about(centre)
    variance = np.einsum("kii->i", pooled.cross) / np.diag(together)
    rounding = np.finfo(float).eps * (pooled.cross.shape[0] + np.abs(centre))
    flat = [column for column, v, r in zip(columns, variance, rounding, strict=True) if v <= r**2]
    if flat:
        raise InsufficientDataError(f"columns {flat} do not vary, so the covariance is singular")
    scale = np.sqrt(variance)
    cross = pooled.cross / np.outer(scale, scale)
    return _Patterns(mask, pooled.weights, pooled.sums / scale, cross), centre, scale


def _pairwise_start(data: _Patterns) -> tuple[FloatArray, FloatArray]:
    """Means 0 and pairwise correlations, drawn towards independence until positive definite."""
    together = np.einsum("k,ki,kj->ij", data.weight, data.mask, data.mask)
    pairwise = data.cross.sum(axis=0) / together
    floor = 0.05
    lowest = float(np.linalg.eigvalsh(pairwise)[0])
    pull = 0.0 if lowest >= floor else (floor - lowest) / (1.0 - lowest)
    return np.zeros(pairwise.shape[0]), (1 - pull) * pairwise + pull * np.eye(pairwise.shape[0])


def _inverse_of_observed(mask: FloatArray, covariance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Sigma[O, O]^-1 padded with zeros, and log |Sigma[O, O]|, for each pattern."""
    both = mask[:, :, None] * mask[:, None, :]
    padded = both * covariance
    diagonal = np.arange(covariance.shape[0])
    padded[:, diagonal, diagonal] += 1.0 - mask
    factor = np.linalg.cholesky(padded)
    log_determinant = 2.0 * np.log(np.einsum("kii->ki", factor)).sum(axis=1)
    return np.linalg.inv(padded) * both, log_determinant


def _blocks(data: _Patterns) -> list[slice]:
    patterns, q = data.mask.shape
    size = max(1, CELLS_AT_ONCE // (q * q))
    return [slice(start, start + size) for start in range(0, patterns, size)]


def _about(data: _Patterns, block: slice, mean: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Weights, sums and cross-products of a block of patterns about ``mean``."""
    shift = -mean * data.mask[block]
    weight, sums = data.weight[block], data.sums[block]
    between = sums[:, :, None] * shift[:, None, :]
    cross = data.cross[block] + between + between.swapaxes(1, 2)
    cross = cross + weight[:, None, None] * shift[:, :, None] * shift[:, None, :]
    return weight, sums + weight[:, None] * shift, cross


def _em_step(data: _Patterns, mean: FloatArray, covariance: FloatArray) -> tuple[FloatArray, FloatArray]:
    q = mean.size
    shift, second = np.zeros(q), np.zeros((q, q))
    for block in _blocks(data):
        inverse, _ = _inverse_of_observed(data.mask[block], covariance)
        weight, sums, cross = _about(data, block, mean)
        regression = covariance @ inverse  # rows of observed columns are rows of the identity
        shift += np.einsum("kij,kj->i", regression, sums)
        second += (regression @ cross @ regression.swapaxes(1, 2)).sum(axis=0)
        residual = covariance - regression @ covariance
        second += np.einsum("k,kij->ij", weight, residual)
    n = data.weight.sum()
    shift /= n
    updated = second / n - np.outer(shift, shift)
    return mean + shift, (updated + updated.T) / 2.0


def _log_likelihood(data: _Patterns, mean: FloatArray, covariance: FloatArray) -> float:
    total = 0.0
    for block in _blocks(data):
        inverse, log_determinant = _inverse_of_observed(data.mask[block], covariance)
        weight, _, cross = _about(data, block, mean)
        constants = data.mask[block].sum(axis=1) * np.log(2.0 * np.pi)
        total -= 0.5 * float(weight @ (constants + log_determinant) + np.einsum("kij,kij->", inverse, cross))
    return total


def _pack(mean: FloatArray, covariance: FloatArray) -> FloatArray:
    """Mean and log-Cholesky factor as one vector without constraints."""
    try:
        factor = np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError as error:
        raise InsufficientDataError(
            "the covariance is singular: too few people for the columns, or a column is a sum of others"
        ) from error
    packed = factor.copy()
    np.fill_diagonal(packed, np.log(np.diag(factor)))
    return np.concatenate([mean, packed[np.tril_indices(mean.size)]])


def _unpack(point: FloatArray, q: int) -> tuple[FloatArray, FloatArray]:
    factor = np.zeros((q, q))
    factor[np.tril_indices(q)] = point[q:]
    np.fill_diagonal(factor, np.exp(np.diag(factor)))
    return point[:q], factor @ factor.T


def _refuse_singular(covariance: FloatArray, columns: tuple[str, ...], *, smallest: float) -> None:
    spread = np.sqrt(np.diag(covariance))
    values, vectors = np.linalg.eigh(covariance / np.outer(spread, spread))
    if values[0] > smallest:
        return
    involved = [column for column, part in zip(columns, np.abs(vectors[:, 0]), strict=True) if part > 1e-3]
    raise InsufficientDataError(
        f"the covariance is singular: columns {involved} are linearly dependent, or too few people have them together"
    )
