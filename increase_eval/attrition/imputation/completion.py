"""Complete outcomes from a fitted model under an assumption, by conditional means or by draws."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from increase_eval.attrition.imputation.base import JACKKNIFE, RUBIN, Progress
from increase_eval.attrition.imputation.bayes import bayes_parameters
from increase_eval.attrition.imputation.cohort import Cohort
from increase_eval.attrition.imputation.conditional import Pattern, fill, find_patterns
from increase_eval.attrition.imputation.parameters import Parameters, bootstrap_parameters, fitted_parameters
from increase_eval.attrition.imputation.result import VisitImputations
from increase_eval.attrition.imputation.strategies import NEED_REFERENCE
from increase_eval.comparison.repeated import MmrmFit
from increase_eval.errors import InsufficientDataError
from increase_eval.moments.accumulate import FloatArray


class Assumption(NamedTuple):
    """A strategy with its reference, and what follows from it: patterns, rows of the model, deltas."""

    strategy: str
    reference: Any
    patterns: list[Pattern]
    rows: FloatArray
    shift: FloatArray


class Drawn(NamedTuple):
    """Completed outcomes (D, n, m), draws of people that were replaced, and R-hat of Bayes."""

    outcomes: FloatArray
    replaced: int
    r_hat: float | None


def conditional_mean(
    cohort: Cohort, fit: MmrmFit, replicates: Parameters, strategy: str, reference: Any, shift: FloatArray
) -> VisitImputations:
    """Complete the outcome by its conditional mean, with what the jackknife needs."""
    patterns = find_patterns(cohort.seen, strategy)
    rows = design_rows(fit, cohort, patterns, reference if strategy in NEED_REFERENCE else None)
    own = fitted_parameters(fit)
    drawn = Drawn(fill(cohort.y, rows, patterns, own.beta[0], own.sigma[0])[None], 0, None)
    return make_imputations(
        cohort, fit, Assumption(strategy, reference, patterns, rows, shift), drawn, "conditional-mean", replicates
    )


def make_imputations(
    cohort: Cohort, fit: MmrmFit, assumed: Assumption, drawn: Drawn, method: str, replicates: Parameters | None
) -> VisitImputations:
    """Put together what was imputed, under which assumption, and how."""
    outcomes = drawn.outcomes + assumed.shift
    return VisitImputations(
        method=method,
        n_subjects=len(cohort.y),
        n_imputed=int((~cohort.seen).sum()),
        n_draws=len(outcomes),
        variance=JACKKNIFE if replicates else RUBIN,
        description=_describe(fit, assumed, method, len(outcomes)),
        values=_values(cohort, outcomes),
        strategy=assumed.strategy,
        reference=assumed.reference,
        n_replaced=drawn.replaced,
        r_hat=drawn.r_hat,
        cohort=cohort,
        patterns=assumed.patterns,
        rows=assumed.rows,
        delta=assumed.shift,
        outcomes=outcomes,
        replicates=replicates,
    )


def design_rows(fit: MmrmFit, cohort: Cohort, patterns: list[Pattern], reference: Any) -> FloatArray:
    """Rows of the model for every person and visit: the own arm's, then the reference arm's; (n, 2m, p)."""
    n, m = cohort.y.shape
    own = fit.layout.design.matrix(cohort.model).reshape(n, m, -1)
    other = np.zeros_like(own)
    if reference is not None:
        arm = pd.Categorical([reference] * len(cohort.model), categories=list(cohort.arms))
        other = fit.layout.design.matrix(cohort.model.assign(**{cohort.arm: arm})).reshape(n, m, -1)
    rows = np.concatenate([own, other], axis=1)
    for pattern in patterns:
        for place in np.flatnonzero((pattern.means != 0).any(axis=0)):
            if not fit.columns.estimable(rows[pattern.people, place]).all():
                raise InsufficientDataError(
                    f"the imputation model has no mean at visit {cohort.visits[place % m]!s} for some who need one: "
                    "nobody of an arm was seen then"
                )
    return np.ascontiguousarray(rows[:, :, fit.columns.kept])


def draw_outcomes(
    fit: MmrmFit,
    cohort: Cohort,
    patterns: list[Pattern],
    rows: FloatArray,
    draws: int,
    rng: np.random.Generator,
    method: str,
    progress: Progress | None,
) -> Drawn:
    """Complete the outcome by draws.

    Raises
    ------
    ConvergenceError
        If too many draws of people cannot be fitted.
    """
    replaced, r_hat = 0, None
    if method == "bayes":
        found, r_hat = bayes_parameters(fit, draws, rng)
    else:
        arms = cohort.model[cohort.arm].cat.codes.to_numpy()[:: len(cohort.visits)].astype(np.int64)
        answered = np.flatnonzero(cohort.seen.any(axis=1))
        found, replaced = bootstrap_parameters(fit, arms, answered, draws, rng)
    outcomes = np.empty((draws, *cohort.y.shape))
    for draw in range(draws):
        outcomes[draw] = fill(cohort.y, rows, patterns, found.beta[draw], found.sigma[draw], rng)
        if progress is not None:
            progress(draw + 1, draws)
    return Drawn(outcomes, replaced, r_hat)


def _values(cohort: Cohort, outcomes: FloatArray) -> pd.DataFrame:
    gone = np.flatnonzero(~cohort.seen.reshape(-1))
    keys = cohort.table[[cohort.subject, cohort.visit, cohort.arm]].iloc[gone].reset_index(drop=True)
    return pd.concat([keys, pd.DataFrame(outcomes.reshape(len(outcomes), -1)[:, gone].T)], axis=1)


def _describe(fit: MmrmFit, assumed: Assumption, method: str, count: int) -> str:
    strategy = assumed.strategy
    words = [f"imputed from {fit.method}", strategy + (f" ({assumed.reference})" if strategy in NEED_REFERENCE else "")]
    words += ["delta added"] if assumed.shift.any() else []
    errors = (
        "jackknife (repeated-sampling) errors" if method == "conditional-mean" else f"{count} draws, Rubin's errors"
    )
    return ", ".join([*words, method, errors])
