"""Imputations: what was filled in, and the analyses that count it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from increase_eval.attrition.imputation.analyse import (
    VisitDesign,
    can_leave_out,
    common_design,
    imputed_products,
    least_squares,
    leave_out,
    number_imputed,
    read_analysis,
    visit_design,
    without_own,
)
from increase_eval.attrition.imputation.base import JACKKNIFE, RUBIN, Imputations
from increase_eval.attrition.imputation.cohort import Cohort
from increase_eval.attrition.imputation.conditional import Pattern
from increase_eval.attrition.imputation.parameters import Parameters
from increase_eval.attrition.pooling import pool
from increase_eval.comparison.categorical.proportions import normal_quantile
from increase_eval.comparison.engines.linear import inference_table
from increase_eval.moments.accumulate import FloatArray

__all__ = ["JACKKNIFE", "RUBIN", "Imputations", "VisitImputations"]


class Estimates(NamedTuple):
    """Coefficients of one visit with their errors and degrees of freedom, (k,) each, and a status."""

    estimate: FloatArray
    error: FloatArray
    df: FloatArray
    status: str


@dataclass(frozen=True, slots=True, eq=False)
class VisitImputations(Imputations):
    """Completed outcomes by visit, and what their analysis needs.

    Attributes
    ----------
    values
        DataFrame: one row an imputed value, with the columns of subject, visit and arm, then one column a draw
        (``0`` alone for the conditional mean), deltas included.
    strategy, reference
        As asked for.
    n_replaced
        Draws of the people that no model could be fitted to, and that were drawn again.
    r_hat
        Of ``bayes``: the largest R-hat of any parameter over the second half of the sweeps, near 1 where chains agree.
    variance
        ``jackknife``: repeated-sampling errors. ``rubin``: information-anchored errors. They answer different questions
        under the reference-based strategies, where Rubin's are larger.
    """

    values: pd.DataFrame
    strategy: str
    reference: Any
    n_replaced: int
    r_hat: float | None
    cohort: Cohort = field(repr=False)
    patterns: list[Pattern] = field(repr=False)
    rows: FloatArray = field(repr=False)
    delta: FloatArray = field(repr=False)
    outcomes: FloatArray = field(repr=False)
    replicates: Parameters | None = field(repr=False)

    def completed(self, draw: int = 0) -> pd.DataFrame:
        """Give a completed table: every visit of every person, people in order of appearance.

        Parameters
        ----------
        draw
            Number of the draw, from 0.

        Raises
        ------
        ValueError
            If there is no such draw.
        """
        self.check_draw(draw)
        return self.cohort.table.assign(**{self.cohort.outcome: self.outcomes[draw].reshape(-1)})

    def analyse(self, formula: str, *, confidence: float = 0.95, change_from: Any = None) -> pd.DataFrame:
        """Regress at each visit: what do the data say once missing outcomes are filled in?

        Parameters
        ----------
        formula
            Such as ``"score ~ arm + base"``, on the imputed outcome; its columns must be in the imputation model.
        confidence
            Coverage of the intervals.
        change_from
            Visit: regress the change since it instead, at every other visit. ``"score ~ 0 + arm"`` then gives the mean
            change of each arm.

        Returns
        -------
        DataFrame
            One row a visit and term: the visit column, term, estimate, std_error, statistic, df, p_value, conf_low,
            conf_high, n (people used), n_imputed, variance (``jackknife`` or ``rubin``), status.

        Raises
        ------
        ValueError
            If the formula is about another outcome, names the visit or an absent column, or has a column at a visit
            with imputed values that the imputation model does not contain; if ``change_from`` is no visit, or columns
            of the formula change over the visits where a change is asked for.
        InsufficientDataError
            If a visit has columns that are not independent, or too few people.

        Notes
        -----
        People who miss a variable of the formula are left out at that visit. Jackknife: the square root of
        (n - 1)/n sum (b_i - mean)^2, b_i from imputation model and regression without person i, over all n people;
        normal intervals (df missing), as R's rbmi. It is missing, with a status, where somebody cannot be left out.
        Rubin: :func:`.pool` with Barnard and Rubin's df for the regression's residual df.

        References
        ----------
        Wolbers M, et al. (2022). Standard and reference-based conditional mean imputation. doi:10.1002/pst.2234
        Cro S, Carpenter JR, Kenward MG (2019). Information-anchored sensitivity analysis. doi:10.1111/rssa.12423

        Checked against
        ---------------
        ``mi_rbmi_condmean_AC_reference``, ``mi_rbmi_condmean_AC_mar_delta``, ``mi_rbmi_approxbayes_AC`` (R rbmi 1.3.1).
        """
        normal_quantile(confidence)
        plans = self.plans(formula, change_from)
        first = None if change_from is None else self.cohort.visits.index(change_from)
        tables = []
        for t, plan in plans.items():
            if t == first:
                continue
            found = self._jackknife(plan, t, first) if self.replicates else self._rubin(plan, t, first)
            terms = pd.Index(plan.names, name="term")
            table = inference_table(terms, found.estimate, found.error, found.df, confidence).reset_index()
            table.insert(0, self.cohort.visit, [self.cohort.visits[t]] * len(table))
            count = number_imputed(self.cohort, plan, t)
            people = int(plan.used.sum())
            tables.append(table.assign(n=people, n_imputed=count, variance=self.variance, status=found.status))
        return pd.concat(tables, ignore_index=True)

    def plans(self, formula: str, change_from: Any = None) -> dict[int, VisitDesign]:
        """Lay out the regression of every visit, by its number.

        Raises
        ------
        ValueError
            As :meth:`analyse`.
        """
        parsed = read_analysis(formula, self.cohort)
        visits = self.cohort.visits
        if change_from is not None and (change_from not in visits or len(visits) < 2):
            raise ValueError(f"change_from is {change_from!r}; allowed: one of {[str(one) for one in visits]}")
        numbers = range(len(visits))
        common = common_design(parsed, self.cohort)
        plans = {t: visit_design(parsed, self.cohort, self.rows[:, t], t, common) for t in numbers}
        if change_from is not None:
            first = plans[visits.index(change_from)]
            if not all(np.allclose(plan.q, first.q, rtol=0, atol=1e-9) for plan in plans.values()):
                raise ValueError(f"formula {formula!r} has columns that change over the visits, and a change has none")
        return plans

    def replicated(self, plan: VisitDesign, t: int, column: FloatArray | None = None) -> tuple[FloatArray, FloatArray]:
        """Give coefficients (k,) at a visit, and the same without each person (n, k), missing where that cannot be.

        ``column`` (n,) stands for the outcome where it is given: it is taken as it is.
        """
        cohort, replicates = self.cohort, self.replicates
        assert replicates is not None
        able = can_leave_out(plan)
        if column is not None:
            estimate, values = least_squares(plan, column[None])[0][0], leave_out(plan, plan.q.T @ column, column)
            return estimate, np.where(able[:, None], values, np.nan)
        estimate = least_squares(plan, self.outcomes[:, :, t])[0][0]
        if not cohort.seen[:, t].all():
            # Only where something is imputed does a model that cannot be refitted do harm.
            able &= replicates.estimated
        fixed = np.where(cohort.seen[:, t], cohort.y[:, t], self.delta[:, t])
        imputed = imputed_products(plan, cohort.y, self.rows, self.patterns, replicates, t)
        own = without_own(cohort.y, self.rows, self.patterns, replicates, fixed, t)
        values = leave_out(plan, plan.q.T @ fixed + imputed, own)
        return estimate, np.where(able[:, None], values, np.nan)

    def _jackknife(self, plan: VisitDesign, t: int, first: int | None) -> Estimates:
        estimate, values = self.replicated(plan, t)
        if first is not None:
            before, values_before = self.replicated(plan, first)
            estimate, values = estimate - before, values - values_before
        lost = int(np.isnan(values).any(axis=1).sum())
        k = len(plan.names)
        if lost:
            return Estimates(
                estimate, np.full(k, np.nan), np.full(k, np.inf), f"no error: {lost} people cannot be left out"
            )
        error = values.std(axis=0) * np.sqrt(len(values) - 1.0)
        return Estimates(estimate, error, np.full(k, np.inf), "estimated")

    def _rubin(self, plan: VisitDesign, t: int, first: int | None) -> Estimates:
        outcomes = self.outcomes[:, :, t] - (0.0 if first is None else self.outcomes[:, :, first])
        estimates, variances = least_squares(plan, outcomes)
        pooled = [pool(q, u, df_complete=plan.df) for q, u in zip(estimates.T, variances.T, strict=True)]
        estimate, error, df = np.array([(one.estimate, one.std_error, one.df) for one in pooled]).T
        return Estimates(estimate, error, df, "estimated")
