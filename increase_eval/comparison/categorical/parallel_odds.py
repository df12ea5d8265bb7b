"""Is an odds ratio the same wherever an ordered scale is cut? Brant's test of proportional odds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from increase_eval.comparison.engines.generalised_linear import GeneralisedFit, fit_generalised
from increase_eval.errors import ConvergenceError

Floats = npt.NDArray[np.float64]

OK = "ok"
ONE_CUT = "two levels have one cut: nothing to check"
TOO_FEW = "fewer than two cuts can be fitted"
SINGULAR = "the cuts' coefficients cannot be told apart"


@dataclass(frozen=True, slots=True)
class ProportionalOdds:
    """Brant's test that every coefficient is the same at every cut; numbers are missing unless `status` is ``ok``.

    Attributes
    ----------
    statistic, df, p_value
        Of all coefficients together.
    by_term
        Index ``term``; ``statistic, df, p_value`` of each by itself.
    by_cut
        The coefficients at each cut: index ``cut``, a column a term.
    cuts
        The cuts used; those at which the answers separate, or that were not asked for, are left out.
    status
        ``ok``, or why there is no test.
    """

    statistic: float
    df: float
    p_value: float
    by_term: pd.DataFrame
    by_cut: pd.DataFrame
    cuts: tuple[str, ...]
    status: str


def brant_test(
    matrix: Floats, codes: npt.NDArray[np.int64], names: Sequence[str], levels: Sequence[Any], most_cuts: int | None
) -> ProportionalOdds:
    """Test that a cumulative logit's coefficients are the same at every cut.

    Notes
    -----
    At every cut j a binary logit of Y > j. With π_j its probabilities and W_jl = diag(π_l - π_j π_l), j <= l, the
    covariance of the coefficients at cuts j and l is (X'W_jj X)⁻¹ (X'W_jl X) (X'W_ll X)⁻¹; a Wald test that those of
    all cuts equal those of the first.
    """
    if len(levels) < 3 or not names:
        return _untested(names, (), ONE_CUT)
    x = np.column_stack([np.ones(len(matrix)), matrix])
    fits = {cut: fit for cut in _chosen(codes, len(levels), most_cuts) if (fit := _at_cut(x, codes, cut)) is not None}
    labels = tuple(f"{levels[cut]}|{levels[cut + 1]}" for cut in fits)
    if len(fits) < 2:
        return _untested(names, labels, TOO_FEW)
    slopes = np.array([fit.coefficients[1:] for fit in fits.values()])
    vcov = _covariances(x, list(fits.values()))
    p = len(names)
    every = _wald(slopes, vcov, list(range(p)))
    if every is None:
        return _untested(names, labels, SINGULAR)
    single = [_wald(slopes, vcov, [k]) or (np.nan, np.nan, np.nan) for k in range(p)]
    columns = ["statistic", "df", "p_value"]
    by_term = pd.DataFrame(single, columns=columns, index=pd.Index(list(names), name="term"))
    by_cut = pd.DataFrame(slopes, columns=list(names), index=pd.Index(list(labels), name="cut"))
    return ProportionalOdds(*every, by_term, by_cut, labels, OK)


def _untested(names: Sequence[str], cuts: tuple[str, ...], status: str) -> ProportionalOdds:
    index = pd.Index(list(names), name="term")
    empty = pd.DataFrame(np.nan, index=index, columns=["statistic", "df", "p_value"])
    by_cut = pd.DataFrame(np.nan, index=pd.Index(list(cuts), name="cut"), columns=list(names))
    return ProportionalOdds(np.nan, np.nan, np.nan, empty, by_cut, cuts, status)


def _chosen(codes: npt.NDArray[np.int64], levels: int, most_cuts: int | None) -> list[int]:
    """Give the cuts to use: all, or those nearest to splitting people into equal parts."""
    if most_cuts is not None and most_cuts < 2:
        raise ValueError(f"most_cuts is {most_cuts}; allowed: 2 or more")
    if most_cuts is None or levels - 1 <= most_cuts:
        return list(range(levels - 1))
    below = np.cumsum(np.bincount(codes, minlength=levels))[:-1] / len(codes)
    wanted = np.arange(1, most_cuts + 1) / (most_cuts + 1)
    return sorted({int(np.abs(below - share).argmin()) for share in wanted})


def _at_cut(x: Floats, codes: npt.NDArray[np.int64], cut: int) -> GeneralisedFit | None:
    try:
        return fit_generalised(x, (codes > cut).astype(float), [""] * x.shape[1])
    except ConvergenceError:
        return None


def _covariances(x: Floats, fits: Sequence[GeneralisedFit]) -> Floats:
    """Give the covariances of the slopes of all cuts, shape (cuts, cuts, p, p)."""
    count, p = len(fits), x.shape[1]
    vcov = np.empty((count, count, p - 1, p - 1))
    inverses = [np.linalg.inv(fit.information) for fit in fits]
    for j in range(count):
        for later in range(j, count):
            weight = fits[later].fitted * (1 - fits[j].fitted)
            block = inverses[j] @ (x.T @ (x * weight[:, None])) @ inverses[later]
            vcov[j, later] = block[1:, 1:]
            vcov[later, j] = block[1:, 1:].T
    return vcov


def _wald(slopes: Floats, vcov: Floats, chosen: Sequence[int]) -> tuple[float, float, float] | None:
    """Give statistic, df and p value that slopes are the same at all cuts; None where they cannot be told apart."""
    own, q = slopes[:, chosen], len(chosen)
    gaps = (own[0] - own[1:]).ravel()
    v = vcov[:, :, chosen][:, :, :, chosen]
    count = len(own) - 1
    middle = np.empty((count, q, count, q))
    for j in range(count):
        for k in range(count):
            middle[j, :, k, :] = v[0, 0] - v[0, k + 1] - v[j + 1, 0] + v[j + 1, k + 1]
    variance = middle.reshape(count * q, count * q)
    if np.linalg.matrix_rank(variance, hermitian=True) < count * q:
        return None
    statistic = float(gaps @ np.linalg.solve(variance, gaps))
    return statistic, float(count * q), float(stats.chi2.sf(statistic, count * q))
