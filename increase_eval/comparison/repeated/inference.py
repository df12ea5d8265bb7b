"""One answer to "how sure": standard errors, degrees of freedom and F tests of any linear function of a fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from increase_eval.comparison.repeated.assemble import Cells, Columns
from increase_eval.comparison.repeated.empirical import CORRECTIONS, FEW_DF, EmpiricalErrors, empirical_errors
from increase_eval.comparison.repeated.layout import Layout
from increase_eval.comparison.repeated.small_sample import (
    FStatistic,
    Uncertainty,
    kenward_roger_covariance,
    kenward_roger_f,
    principal,
    satterthwaite_f,
    uncertainty,
)
from increase_eval.comparison.repeated.solve import Solution
from increase_eval.errors import InsufficientDataError
from increase_eval.moments.accumulate import FloatArray

DF_METHODS = ("kenward-roger-linear", "kenward-roger", "satterthwaite", "between-within", "residual")
STANDARD_ERRORS = ("model", *CORRECTIONS)
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class Inference:
    """Estimates and their uncertainty, in the units of the data.

    Attributes
    ----------
    df_method
        One of :data:`DF_METHODS`.
    beta, vcov
        (p,) kept coefficients and (p, p) the covariance that standard errors come from, in the units of the data.
    back
        (p, p) scaled to original coefficients, the outcome's scale included.
    scaled_beta, scaled_vcov
        The same in scaled units, where small-sample quantities live.
    known
        For Satterthwaite and Kenward-Roger.
    robust
        Empirical errors, or None for model-based ones.
    column_df
        (p,) df of each coefficient, for between-within and residual.
    """

    df_method: str
    beta: FloatArray
    vcov: FloatArray
    back: FloatArray
    scaled_beta: FloatArray
    scaled_vcov: FloatArray
    known: Uncertainty
    robust: EmpiricalErrors | None
    column_df: FloatArray | None

    def degrees_of_freedom(self, functions: FloatArray) -> FloatArray:
        """Df of each linear function (r, p) of the kept coefficients."""
        if self.column_df is not None:
            involved = np.abs(functions) > 1e-12 * np.abs(functions).max(axis=1, keepdims=True, initial=1e-300)
            return np.asarray(np.where(involved, self.column_df, np.inf).min(axis=1))
        scaled = functions @ self.back
        return (self.robust or self.known).degrees_of_freedom(scaled)

    def refusals(self, functions: FloatArray) -> list[str]:
        """Say of each linear function (r, p) why no error is given for it: empty where one is."""
        return self.robust.refusals(functions @ self.back) if self.robust else [""] * len(functions)

    def table(self, functions: FloatArray) -> pd.DataFrame:
        """Estimate, std_error, df, statistic, p_value, conf_low, conf_high of each linear function.

        One whose error is refused has its estimate, and its df where they are the reason.
        """
        estimate = functions @ self.beta
        error = np.sqrt(np.maximum(np.einsum("rp,pq,rq->r", functions, self.vcov, functions, optimize=True), 0.0))
        df = self.degrees_of_freedom(functions)
        refusals = self.refusals(functions)
        error[[words != "" for words in refusals]] = np.nan
        df[[words not in ("", FEW_DF) for words in refusals]] = np.nan
        statistic = np.divide(estimate, error, out=np.full_like(estimate, np.nan), where=error > 0)
        half = stats.t.ppf(0.5 + CONFIDENCE / 2.0, df) * error
        return pd.DataFrame(
            {
                "estimate": estimate,
                "std_error": error,
                "df": df,
                "statistic": statistic,
                "p_value": 2.0 * stats.t.sf(np.abs(statistic), df),
                "conf_low": estimate - half,
                "conf_high": estimate + half,
            }
        )

    def f_test(self, functions: FloatArray) -> FStatistic:
        """F test that all the linear functions (q, p), which must be independent, are zero."""
        scaled = functions @ self.back
        # Rows of very different size (a covariate in thousands) would make the eigenvalues meaningless.
        scaled = scaled / np.sqrt((scaled**2).sum(axis=1, keepdims=True))
        if self.df_method.startswith("kenward-roger") and len(scaled) > 1:
            return kenward_roger_f(scaled, self.scaled_beta, self.scaled_vcov, self.known)
        turned = principal(scaled, self.scaled_vcov)
        if self.column_df is not None:
            df = np.full(len(scaled), self.degrees_of_freedom(functions).min())
        else:
            df = (self.robust or self.known).degrees_of_freedom(turned)
        return satterthwaite_f(turned, self.scaled_beta, self.scaled_vcov, df)


def choose_df(df: str | None, standard_errors: str, cluster: str | None, *, reml: bool) -> str:
    """Check the method of df against the other choices, and fill in the default.

    Raises
    ------
    ValueError
        For a choice that is not known, or a pair that cannot go together.
    """
    if standard_errors not in STANDARD_ERRORS:
        raise ValueError(f"standard_errors {standard_errors!r} is not known; allowed: {', '.join(STANDARD_ERRORS)}")
    robust = standard_errors != "model"
    if cluster is not None and not robust:
        raise ValueError(
            "cluster needs standard_errors='empirical' or 'empirical-bias-reduced'; model errors ignore it"
        )
    if df is None:
        return "kenward-roger-linear" if reml and not robust else "satterthwaite"
    if df not in DF_METHODS:
        raise ValueError(f"df {df!r} is not known; allowed: {', '.join(DF_METHODS)}")
    if df.startswith("kenward-roger") and robust:
        raise ValueError(f"df {df!r} adjusts model-based errors; with {standard_errors!r} errors use 'satterthwaite'")
    if df.startswith("kenward-roger") and not reml:
        raise ValueError(f"df {df!r} is defined for restricted maximum likelihood; with reml=False use 'satterthwaite'")
    return df


def infer(
    layout: Layout, cells: Cells, columns: Columns, found: Solution, df_method: str, standard_errors: str
) -> Inference:
    """Put together what a fit knows about its uncertainty."""
    model, sums, at, slope = found.model, cells.total(), found.at, found.slopes
    known = uncertainty(at, slope)
    robust, vcov = None, known.vcov
    if standard_errors != "model":
        robust = empirical_errors(layout, model, found.theta, standard_errors, layout.roles.cluster)
        vcov = robust.vcov
    elif df_method.startswith("kenward-roger"):
        full = df_method == "kenward-roger"
        vcov = kenward_roger_covariance(model, sums, at, slope, known, second_derivatives=full)
    back = columns.back * layout.scaling.response_scale
    beta = back @ at.beta[0] + columns.shift(layout.scaling)
    column_df = _column_df(layout, columns, df_method)
    # The centre belongs to the coefficients in scaled units too: tests are about the zero of the data.
    scaled_beta = np.linalg.solve(back, beta)
    return Inference(df_method, beta, back @ vcov @ back.T, back, scaled_beta, vcov, known, robust, column_df)


def _intercept(layout: Layout) -> int:
    return next((j for j, column in enumerate(layout.design.columns) if not column.parts), -1)


def _column_df(layout: Layout, columns: Columns, df_method: str) -> FloatArray | None:
    n_obs, n_people, p = layout.n_obs, layout.n_subjects, len(columns.kept)
    if df_method == "residual":
        return np.full(p, float(n_obs - p))
    if df_method != "between-within":
        return None
    between = layout.between[columns.kept]
    df_between = float(n_people - between.sum())
    df_within = float(n_obs - n_people - (~between).sum())
    if min(df_between, df_within) <= 0:
        raise InsufficientDataError("too few people or visits for between-within degrees of freedom")
    # The intercept belongs to people when they are counted, and to visits when it is tested, as in R's mmrm.
    return np.where(between & (columns.kept != _intercept(layout)), df_between, df_within)
