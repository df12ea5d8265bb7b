"""Responses of numbers to deltas, from imputations by visit, chained equations, or a repeated-measures fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import linalg

from increase_eval.attrition.imputation.analyse import VisitDesign
from increase_eval.attrition.imputation.chained.result import ChainedImputations, response_numbers
from increase_eval.attrition.imputation.result import VisitImputations
from increase_eval.attrition.tipping.conclusion import Conclusion
from increase_eval.attrition.tipping.response import LinearResponse
from increase_eval.comparison.repeated import MmrmFit
from increase_eval.comparison.repeated.margins import Grid, mean_grid
from increase_eval.errors import InsufficientDataError
from increase_eval.moments.accumulate import FloatArray
from increase_eval.moments.formulas import learn_design, parse_formula


def weights_of(term: str | Mapping[str, float] | None, names: Sequence[str], what: str = "term") -> FloatArray:
    """Give the weights (k,) of the coefficients that a conclusion is about.

    Raises
    ------
    ValueError
        If a coefficient is not there, or none is named and there are several.
    """
    if term is None:
        others = [name for name in names if name != "Intercept"]
        if len(others) != 1:
            raise ValueError(f"the conclusion names no {what}, and there are several; allowed: {list(names)}")
        term = others[0]
    wanted = {term: 1.0} if not isinstance(term, Mapping) else dict(term)
    absent = [name for name in wanted if name not in names]
    if absent or not wanted:
        raise ValueError(f"the conclusion is about {what} {absent or 'none'}; allowed: {list(names)}")
    return np.array([float(wanted.get(name, 0.0)) for name in names])


def of_visit(
    imputations: VisitImputations, plan: VisitDesign, t: int, first: VisitDesign | None, conclusion: Conclusion,
    moved: FloatArray,
) -> LinearResponse:  # fmt: skip
    """Respond at one visit.

    Parameters
    ----------
    imputations
        By visit.
    plan, t
        The regression of the visit, and its number.
    first
        The regression of the visit that a change is since.
    conclusion
        What is concluded.
    moved
        (n, K) whose imputed outcome each dial moves.
    """
    weights = weights_of(conclusion.term, plan.names)
    visits = imputations.cohort.visits
    start = visits.index(conclusion.change_from) if first is not None else None
    if imputations.replicates is None:
        return _of_draws(imputations, plan, t, start, weights, moved, conclusion.confidence)
    estimate, values = imputations.replicated(plan, t)
    if first is not None and start is not None:
        before, values_before = imputations.replicated(first, start)
        estimate, values = estimate - before, values - values_before
    shifts = [imputations.replicated(plan, t, column) for column in moved.T]
    slope = np.array([estimate @ weights, *(shift[0] @ weights for shift in shifts)])
    together = np.column_stack([values @ weights, *(shift[1] @ weights for shift in shifts)])
    n = len(together)
    spread = np.cov(together, rowvar=False, ddof=0) * (n - 1)
    return LinearResponse(slope, spread, np.zeros_like(spread), 0, np.inf, conclusion.confidence)


def _of_draws(
    imputations: VisitImputations, plan: VisitDesign, t: int, start: int | None, weights: FloatArray,
    moved: FloatArray, confidence: float,
) -> LinearResponse:  # fmt: skip
    outcomes = imputations.outcomes[:, :, t] - (0.0 if start is None else imputations.outcomes[:, :, start])
    used = plan.used
    q = plan.q[used]
    h = q @ linalg.solve_triangular(plan.r, weights, trans="T")
    shifts = np.broadcast_to(moved[used].T, (len(outcomes), moved.shape[1], int(used.sum())))
    columns = np.concatenate([outcomes[:, None, used], shifts], axis=1)
    return _pooled(columns @ h, _residual_squares(columns, q) / plan.df * (h @ h), plan.df, confidence)


def _residual_squares(columns: FloatArray, q: FloatArray) -> FloatArray:
    """Cross-products (D, K + 1, K + 1) of what columns (D, K + 1, n) leave over from an orthonormal design (n, k)."""
    rest = columns - (columns @ q) @ q.T
    return np.asarray(rest @ rest.swapaxes(1, 2))


def _pooled(estimates: FloatArray, within: FloatArray, df: float, confidence: float) -> LinearResponse:
    """Pool (D, K + 1) estimates and (D, K + 1, K + 1) variances."""
    between = np.atleast_2d(np.cov(estimates, rowvar=False, ddof=1))
    return LinearResponse(estimates.mean(axis=0), within.mean(axis=0), between, len(estimates), float(df), confidence)


def of_chained(
    imputations: ChainedImputations, formula: str, conclusion: Conclusion, moved: FloatArray
) -> LinearResponse:
    """Respond in the one analysis of chained equations, whose covariates may differ from draw to draw.

    Raises
    ------
    InsufficientDataError
        If there are too few draws or rows.
    """
    parsed = parse_formula(formula)
    imputations.check_contained(parsed, formula)
    if imputations.n_draws < 2:
        raise InsufficientDataError("pooling needs two draws or more; there is one")
    estimates, variances, df = [], [], 0
    for rows in imputations.datasets:
        design = learn_design(parsed, rows)
        used = design.usable(rows)
        x, y = design.matrix(rows[used]), response_numbers(rows[parsed.response][used])
        df = len(x) - x.shape[1]
        if df < 1:
            raise InsufficientDataError(f"{len(x)} rows cannot carry {x.shape[1]} coefficients")
        q, r = linalg.qr(x, mode="economic")
        h = q @ linalg.solve_triangular(r, weights_of(conclusion.term, design.names), trans="T")
        columns = np.vstack([y, moved[used].T])
        estimates.append(columns @ h)
        variances.append(_residual_squares(columns[None], q)[0] / df * (h @ h))
    return _pooled(np.array(estimates), np.array(variances), df, conclusion.confidence)


def of_fit(
    fit: MmrmFit, factor: str, visit: Any, conclusion: Conclusion, members: Mapping[Any, FloatArray]
) -> LinearResponse:
    """Respond by the shares of each arm that a visit lacks: a pattern-mixture model about the fit.

    Parameters
    ----------
    fit
        The model.
    factor
        Column of the arm.
    visit
        Of the conclusion.
    conclusion
        What is concluded; its term is about arms.
    members
        Arm to (K,): whether each dial moves it.

    Raises
    ------
    InsufficientDataError
        If a mean cannot be estimated.

    Notes
    -----
    Those who miss the visit have a mean of delta above what the model gives them, so an arm's mean moves by delta times
    the share p of its n people who miss it, with the further variance delta^2 p (1 - p)/n.
    """
    arms = list(fit.layout.design.variables[factor].levels or ())
    weights = weights_of(conclusion.term, arms, "arm")
    grid = mean_grid(fit.layout, [factor, fit.layout.roles.visit])
    cell = {(a, v): at for at, (a, v) in enumerate(grid.labels.itertuples(index=False))}
    signs = {visit: 1.0} if conclusion.change_from is None else {visit: 1.0, conclusion.change_from: -1.0}
    function = sum(
        sign * weight * grid.functions[cell[arm, when]]
        for when, sign in signs.items()
        for arm, weight in zip(arms, weights, strict=True)
    )
    row = fit.estimates(Grid(pd.DataFrame(index=[0]), np.asarray(function)[None])).iloc[0]
    if row["status"] != "estimated":
        raise InsufficientDataError(f"the fit has no mean of some arm at visit {visit!s}")
    k = len(next(iter(members.values())))
    slope, within = np.zeros(k + 1), np.zeros((k + 1, k + 1))
    slope[0], within[0, 0] = float(row["estimate"]), float(row["std_error"]) ** 2
    for arm, weight in zip(arms, weights, strict=True):
        n, share = _missing_share(fit, factor, arm, visit)
        slope[1:] += weight * share * members[arm]
        within[1:, 1:] += weight**2 * share * (1 - share) / n * np.outer(members[arm], members[arm])
    df = float(row["df"]) if np.isfinite(row["df"]) else np.inf
    return LinearResponse(slope, within, np.zeros_like(within), 0, df, conclusion.confidence)


def _missing_share(fit: MmrmFit, factor: str, arm: Any, visit: Any) -> tuple[int, float]:
    """Count the people of an arm, and give the share of them that misses a visit."""
    fit.layout.need_rows("a tipping point")
    rows = fit.layout.frame.iloc[fit.layout.used]
    inside = rows[rows[factor] == arm]
    subject, column = fit.layout.roles.subject, fit.layout.roles.visit
    people = int(inside[subject].nunique())
    return people, 1.0 - int((inside[column] == visit).sum()) / people
