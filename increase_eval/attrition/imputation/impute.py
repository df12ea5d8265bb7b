"""Impute missing visits from a model for repeated measures, under a named assumption about those who left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from increase_eval.attrition.imputation.base import Progress
from increase_eval.attrition.imputation.cohort import Cohort, read_cohort
from increase_eval.attrition.imputation.completion import (
    Assumption,
    conditional_mean,
    design_rows,
    draw_outcomes,
    make_imputations,
)
from increase_eval.attrition.imputation.conditional import find_patterns
from increase_eval.attrition.imputation.delta import read_delta
from increase_eval.attrition.imputation.parameters import jackknife_parameters
from increase_eval.attrition.imputation.result import VisitImputations
from increase_eval.attrition.imputation.strategies import NEED_REFERENCE, Strategy, check_strategy
from increase_eval.comparison.repeated import fit_mmrm

Method = Literal["conditional-mean", "approximate-bayes", "bayes"]


def impute(
    data: pd.DataFrame,
    *,
    outcome: str,
    subject: str,
    visit: str,
    arm: str,
    covariates: Sequence[str] = (),
    strategy: Strategy = "mar",
    reference: Any = None,
    delta: pd.DataFrame | None = None,
    method: Method = "conditional-mean",
    draws: int = 100,
    rng: np.random.Generator | None = None,
    progress: Progress | None = None,
) -> VisitImputations:
    """Fill in missing visits: what would those who left have answered, under a named assumption?

    Parameters
    ----------
    data
        Long: one row a subject and visit, outcome missing where it was not given. A visit without a row is added.
    outcome, subject, visit, arm
        Columns. Visits are in the order of their categories, or sorted. The arm is constant within subjects.
    covariates
        Terms of the imputation model besides ``arm * visit``, such as ``"base:visit"`` or ``"base * visit"``; complete.
    strategy
        What holds from the first visit after the last one observed: ``mar`` the own arm's mean; ``jr`` jump to
        reference; ``cr`` copy reference, as if always there; ``cir`` copy increments in reference; ``lmcf`` the mean of
        the last visit observed; ``return-to-baseline`` the arm's own mean at the first visit that is an outcome.
    reference
        Arm that ``jr``, ``cr`` and ``cir`` speak of: a control arm. The other strategies do not use it.
    delta
        DataFrame with the visit column, the subject or the arm column, and ``delta``: added to every imputed value of
        the visit and arm, or subject (which decides where both are given). Values that were observed never move.
    method
        ``conditional-mean``: one completed table, jackknife errors. ``approximate-bayes``: random draws from models
        fitted to people drawn again within arms, Rubin's errors. ``bayes``: random draws from the model's posterior,
        Rubin's errors.
    draws
        Number of completed tables of the two kinds of ``bayes``, 2 or more; the conditional mean has one.
    rng
        Source of randomness; the two kinds of ``bayes`` need it.
    progress
        Called with the number of draws completed and wanted, after each.

    Returns
    -------
    Imputations
        ``values``; ``completed(draw)``; ``analyse(formula)``.

    Raises
    ------
    ValueError
        For an unknown strategy or method, a reference that is absent or not an arm, a delta that cannot be read, absent
        or incomplete columns, or randomness that is needed and not given.
    TypeError
        If covariates is one text, and not a sequence of them.
    DataError
        If a subject has two rows for a visit.
    InsufficientDataError
        If a mean that is needed cannot be estimated (nobody of the arm at the visit), a person has nothing to carry
        forward (``lmcf``), or the model cannot be fitted.
    ConvergenceError
        If the model does not converge, or too many draws of people cannot be fitted.

    Notes
    -----
    The model is an unstructured MMRM by REML with one covariance for all arms, from every outcome that was observed.
    With u the strategy's means and S the covariance, missing visits are normal with mean u_m + S_mo S_oo^-1 (y_o - u_o)
    and covariance S_mm - S_mo S_oo^-1 S_om. A gap that somebody came back from is at random given the person's means;
    under ``cr`` those are the reference's for everyone who left later. People who never left are imputed at random.

    The conditional mean's jackknife leaves each person out of the model and of the analysis, all from moments by
    pattern. Approximate Bayes draws people with replacement within arms (multinomial counts times each person's
    cross-products), refits, and draws from the conditional normal. Draws whose model cannot be fitted are replaced, and
    counted in ``n_replaced``. Bayes draws coefficients and covariance by data augmentation under a flat and Jeffreys'
    prior, from moments by pattern, each draw the end of a chain of its own of 200 sweeps (``r_hat`` tells whether they
    have forgotten their starts), then outcomes as above. Bias of the conditional mean is nil for analyses that are
    linear in the outcome only.

    References
    ----------
    Carpenter JR, Roger JH, Kenward MG (2013). Analysis of longitudinal trials with protocol deviation.
    doi:10.1080/10543406.2013.834911
    Schafer JL (1997). Analysis of Incomplete Multivariate Data. doi:10.1201/9781439821862
    Wolbers M, et al. (2022). Standard and reference-based conditional mean imputation. doi:10.1002/pst.2234

    Checked against
    ---------------
    ``mi_rbmi_condmean_AC_reference``, ``mi_rbmi_condmean_AC_mar_delta`` and ``mi_rbmi_approxbayes_AC`` (R rbmi 1.3.1).

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> people = pd.DataFrame({"id": range(60), "arm": ["control", "new"] * 30, "base": rng.normal(size=60)})
    >>> long = people.merge(pd.DataFrame({"visit": ["T2", "T3"]}), how="cross")
    >>> long["score"] = 50 + 5 * long["base"] + rng.normal(size=len(long))
    >>> long.loc[(long["visit"] == "T3") & (long["id"] < 15), "score"] = np.nan
    >>> filled = impute(long, outcome="score", subject="id", visit="visit", arm="arm", covariates=["base:visit"],
    ...                 strategy="jr", reference="control")
    >>> filled.n_imputed, list(filled.analyse("score ~ arm + base").columns[:4])
    (15, ['visit', 'term', 'estimate', 'std_error'])
    """
    check_strategy(strategy)
    if method not in get_args(Method):
        raise ValueError(f"method is {method!r}; allowed: {', '.join(get_args(Method))}")
    if rng is not None and not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng is of the type {type(rng).__name__}; allowed: a numpy Generator")
    if method != "conditional-mean" and (rng is None or draws < 2):
        raise ValueError(f"{method} needs rng, a numpy Generator, and 2 draws or more; draws is {draws}")
    cohort = read_cohort(data, outcome=outcome, subject=subject, visit=visit, arm=arm, covariates=covariates)
    _check_reference(reference, strategy, cohort)
    shift = read_delta(delta, cohort)
    fit = fit_mmrm(cohort.formula, cohort.model, subject=subject, visit=visit)
    if method == "conditional-mean" or rng is None:
        replicates = jackknife_parameters(fit, np.flatnonzero(cohort.seen.any(axis=1)), len(cohort.y))
        return conditional_mean(cohort, fit, replicates, strategy, reference, shift)
    patterns = find_patterns(cohort.seen, strategy)
    rows = design_rows(fit, cohort, patterns, reference if strategy in NEED_REFERENCE else None)
    drawn = draw_outcomes(fit, cohort, patterns, rows, draws, rng, method, progress)
    return make_imputations(cohort, fit, Assumption(strategy, reference, patterns, rows, shift), drawn, method, None)


def impute_strategies(
    data: pd.DataFrame,
    *,
    outcome: str,
    subject: str,
    visit: str,
    arm: str,
    covariates: Sequence[str] = (),
    strategies: Sequence[Strategy],
    reference: Any = None,
) -> dict[str, VisitImputations]:
    """Fill in conditional means under several assumptions, from one fit and one jackknife of it.

    Parameters
    ----------
    data, outcome, subject, visit, arm, covariates, reference
        As for :func:`impute`.
    strategies
        The assumptions.

    Returns
    -------
    dict
        Strategy -> the same as :func:`impute` gives of it.

    Raises
    ------
    ValueError, DataError, InsufficientDataError, ConvergenceError
        As :func:`impute`.

    Notes
    -----
    As :func:`impute` with the conditional mean; the strategies differ in the assumed means only, so that the fit and
    its jackknife are the same for all.

    References
    ----------
    Wolbers M, et al. (2022). Standard and reference-based conditional mean imputation. doi:10.1002/pst.2234

    Examples
    --------
    >>> people = pd.DataFrame({"id": range(40), "arm": ["control", "new"] * 20})
    >>> long = people.merge(pd.DataFrame({"visit": ["T1", "T2"]}), how="cross")
    >>> long["score"] = np.random.default_rng(1).normal(size=80)
    >>> long.loc[(long["visit"] == "T2") & (long["id"] < 9), "score"] = np.nan
    >>> roles = {"outcome": "score", "subject": "id", "visit": "visit", "arm": "arm"}
    >>> list(impute_strategies(long, **roles, strategies=["mar", "return-to-baseline"]))
    ['mar', 'return-to-baseline']
    """
    cohort = read_cohort(data, outcome=outcome, subject=subject, visit=visit, arm=arm, covariates=covariates)
    for strategy in strategies:
        check_strategy(strategy)
        _check_reference(reference, strategy, cohort)
    fit = fit_mmrm(cohort.formula, cohort.model, subject=subject, visit=visit)
    replicates = jackknife_parameters(fit, np.flatnonzero(cohort.seen.any(axis=1)), len(cohort.y))
    still = np.zeros(cohort.y.shape)
    return {one: conditional_mean(cohort, fit, replicates, one, reference, still) for one in strategies}


def _check_reference(reference: Any, strategy: str, cohort: Cohort) -> None:
    if reference is None and strategy in NEED_REFERENCE:
        raise ValueError(
            f"strategy {strategy!r} speaks of a reference arm, and none is named; where there is no control arm it "
            "means nothing"
        )
    if reference is not None and reference not in cohort.arms:
        raise ValueError(f"reference {reference!r} is no arm; allowed: {[str(one) for one in cohort.arms]}")
