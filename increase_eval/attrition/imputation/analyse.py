"""One regression a visit on completed data, with errors that count the imputation: jackknife or Rubin's.

The jackknife needs, for each person left out, the regression on data that the refitted model has completed. Both the
imputation and the regression are linear in the outcome, so sums over the people of a pattern are enough.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from increase_eval.attrition.imputation.cohort import Cohort
from increase_eval.attrition.imputation.conditional import Pattern, conditional_weights
from increase_eval.attrition.imputation.parameters import Parameters
from increase_eval.comparison.repeated.assemble import independent_columns
from increase_eval.errors import InsufficientDataError
from increase_eval.moments.accumulate import BoolArray, FloatArray, IntArray
from increase_eval.moments.formulas import ParsedFormula, learn_design, parse_formula

OUTSIDE = 1e-7
"""Share of a column's length that the imputation model may leave unexplained before it counts as not containing it."""

NO_REST = 1e-10
"""A person whose leverage is this close to one carries a coefficient alone."""


@dataclass(frozen=True, slots=True, eq=False)
class VisitDesign:
    """The regression of one visit: names, which people have every variable, and the QR factors of their rows.

    ``q`` is (n, k), zero for those not used; ``r`` is (k, k).
    """

    names: tuple[str, ...]
    used: BoolArray
    q: FloatArray
    r: FloatArray

    @property
    def df(self) -> int:
        """Residual degrees of freedom."""
        return int(self.used.sum()) - len(self.names)

    def coefficients(self, products: FloatArray) -> FloatArray:
        """Coefficients (B, k) from q'y (B, k)."""
        return np.asarray(linalg.solve_triangular(self.r, products.T, check_finite=False).T)


def read_analysis(formula: str, cohort: Cohort) -> ParsedFormula:
    """Refuse an analysis of another outcome, or of the visit itself.

    Raises
    ------
    ValueError
        If the formula is about another outcome than the imputed one, names the visit, or names an absent column.
    """
    parsed = parse_formula(formula)
    if parsed.response != cohort.outcome:
        raise ValueError(f"formula {formula!r} is about {parsed.response!r}; what was imputed is {cohort.outcome!r}")
    if cohort.visit in parsed.variables:
        raise ValueError(f"formula {formula!r} names {cohort.visit!r}; there is one fit a visit, so leave it out")
    return parsed


@dataclass(frozen=True, slots=True, eq=False)
class CommonDesign:
    """A design learned from all visits together: names, which rows have every variable (n, m), and rows (n, m, k)."""

    names: tuple[str, ...]
    usable: BoolArray
    matrix: FloatArray

    def at(self, t: int) -> tuple[tuple[str, ...], BoolArray, FloatArray]:
        """Give the names, who is used, and their rows at visit ``t``."""
        used = self.usable[:, t]
        return self.names, used, self.matrix[used, t]


def common_design(parsed: ParsedFormula, cohort: Cohort) -> CommonDesign | None:
    """Lay out all visits at once; nothing where some visit lacks a level, and so has a design of its own."""
    table = cohort.table.assign(**{cohort.outcome: 0.0})
    design, m = learn_design(parsed, table), len(cohort.visits)
    usable = design.usable(table)
    rows, visit = table[usable], np.flatnonzero(usable) % m
    for variable in design.variables.values():
        if variable.levels is not None:
            found = np.bincount(variable.codes(rows) * m + visit, minlength=len(variable.levels) * m)
            if not found.all():
                return None
    matrix = np.full((len(table), len(design.names)), np.nan)
    matrix[usable] = design.matrix(rows)
    return CommonDesign(design.names, usable.reshape(-1, m), matrix.reshape(len(table) // m, m, -1))


def _own_design(parsed: ParsedFormula, cohort: Cohort, t: int) -> tuple[tuple[str, ...], BoolArray, FloatArray]:
    """Lay out one visit by itself."""
    rows = cohort.table.iloc[t :: len(cohort.visits)].assign(**{cohort.outcome: 0.0})
    design = learn_design(parsed, rows)
    used = design.usable(rows)
    return design.names, used, design.matrix(rows[used])


def visit_design(
    parsed: ParsedFormula, cohort: Cohort, own: FloatArray, t: int, common: CommonDesign | None = None
) -> VisitDesign:
    """Lay out the regression of visit ``t`` and check that the imputation model contains it.

    Parameters
    ----------
    parsed
        The analysis.
    cohort
        The people.
    own
        (n, p) rows of the imputation model at the visit.
    t
        Number of the visit.
    common
        The design of all visits, where there is one.

    Raises
    ------
    ValueError
        If the imputation model lacks a column of the analysis, at a visit where something was imputed.
    InsufficientDataError
        If columns are not independent, or there are too few people.
    """
    where = f"at visit {cohort.visits[t]!s}"
    names, used, matrix = common.at(t) if common else _own_design(parsed, cohort, t)
    if len(matrix) <= matrix.shape[1]:
        raise InsufficientDataError(f"{len(matrix)} people {where} cannot carry {matrix.shape[1]} coefficients")
    length = np.linalg.norm(matrix, axis=0)
    scaled = matrix / np.where(length > 0, length, 1.0)
    kept = independent_columns(scaled.T @ scaled)
    if not kept.all():
        lost = [name for name, keep in zip(names, kept, strict=True) if not keep]
        raise InsufficientDataError(f"{where} the columns {lost} are sums of the others, so they have no coefficient")
    if not cohort.seen[:, t].all():
        of_imputation, _ = linalg.qr(own[used], mode="economic", pivoting=True)[:2]
        rest = np.linalg.norm(scaled - of_imputation @ (of_imputation.T @ scaled), axis=0)
        outside = [name for name, size in zip(names, rest, strict=True) if size > OUTSIDE]
        if outside:
            raise ValueError(
                f"the imputation model {cohort.formula!r} does not contain {outside} of the analysis; name them in "
                "covariates, crossed with the visit if need be, and impute again"
            )
    inner, r = linalg.qr(scaled, mode="economic")
    q = np.zeros((len(used), len(names)))
    q[used] = inner
    return VisitDesign(names, used, q, r * length)


def imputed_products(
    plan: VisitDesign, y: FloatArray, rows: FloatArray, patterns: list[Pattern], at: Parameters, t: int
) -> FloatArray:
    """Sum q_i times the imputed outcome of visit ``t`` over the people, for every set of parameters: (B, k)."""
    total = np.zeros((len(at.beta), len(plan.names)))
    for pattern in patterns:
        if t not in pattern.missing:
            continue
        q = plan.q[pattern.people]
        of_means, of_outcomes = (part[:, 0] for part in conditional_weights(pattern, at.sigma, np.array([t])))
        design = np.einsum("ik,icp->kcp", q, rows[pattern.people], optimize=True)
        outcomes = q.T @ y[np.ix_(pattern.people, pattern.observed)]
        for k in range(len(plan.names)):
            total[:, k] += ((at.beta @ design[k].T) * of_means).sum(axis=1) + of_outcomes @ outcomes[k]
    return total


def without_own(
    y: FloatArray, rows: FloatArray, patterns: list[Pattern], at: Parameters, fixed: FloatArray, t: int
) -> FloatArray:
    """Give each person's outcome at visit ``t`` as completed by the parameters without that person: (n,).

    ``fixed`` (n,) is the observed outcome, or the delta of an imputed one; ``at`` has one set of parameters a person.
    """
    values = fixed.copy()
    for pattern in patterns:
        if t not in pattern.missing:
            continue
        people = pattern.people
        of_means, of_outcomes = (part[:, 0] for part in conditional_weights(pattern, at.sigma[people], np.array([t])))
        known = np.einsum("icp,ip->ic", rows[people], at.beta[people])
        values[people] += (known * of_means).sum(axis=1)
        values[people] += (y[np.ix_(people, pattern.observed)] * of_outcomes).sum(axis=1)
    return values


def can_leave_out(plan: VisitDesign) -> BoolArray:
    """Tell for each person whether the coefficients can be estimated without that person."""
    return np.asarray(1.0 - (plan.q**2).sum(axis=1) > NO_REST)


def leave_out(plan: VisitDesign, products: FloatArray, values: FloatArray) -> FloatArray:
    """Regress without each person: coefficients (n, k).

    Parameters
    ----------
    plan
        The regression.
    products
        (n, k) q'y of all people, completed by the parameters without each person.
    values
        (n,) that person's own completed outcome.

    Notes
    -----
    With q orthonormal the sum of squares without person i is I - q_i q_i', whose inverse is I + q_i q_i'/(1 - h_i). Of
    a person that cannot be left out the numbers mean nothing.
    """
    left = products - plan.q * values[:, None]
    rest = 1.0 - (plan.q**2).sum(axis=1)
    share = (plan.q * left).sum(axis=1) / np.where(rest > NO_REST, rest, 1.0)
    return plan.coefficients(left + plan.q * share[:, None])


def least_squares(plan: VisitDesign, outcomes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Regress many completed outcomes (D, n) on one design: coefficients and their variances, (D, k) each."""
    used: IntArray = np.flatnonzero(plan.used)
    y, q = outcomes[:, used], plan.q[used]
    products = y @ q
    residual = ((y - products @ q.T) ** 2).sum(axis=1) / plan.df
    inverse = linalg.solve_triangular(plan.r, np.eye(len(plan.names)))
    return plan.coefficients(products), residual[:, None] * (inverse**2).sum(axis=1)


def number_imputed(cohort: Cohort, plan: VisitDesign, t: int) -> int:
    """Count the people used at visit ``t`` whose outcome is imputed."""
    return int((plan.used & ~cohort.seen[:, t]).sum())
