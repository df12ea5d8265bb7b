"""What deltas do at each visit, read from imputations or from a fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from increase_eval.attrition.imputation.base import Imputations
from increase_eval.attrition.imputation.chained.result import ChainedImputations
from increase_eval.attrition.imputation.result import VisitImputations
from increase_eval.attrition.tipping.conclusion import Conclusion
from increase_eval.attrition.tipping.continuous import of_chained, of_fit, of_visit
from increase_eval.attrition.tipping.dials import Dials, read_dials
from increase_eval.attrition.tipping.levels import of_levels
from increase_eval.attrition.tipping.response import DialResponse
from increase_eval.comparison.repeated import MmrmFit
from increase_eval.moments.formulas import parse_formula


class Case(NamedTuple):
    """One visit: its name, what deltas do, the SD that they are measured in, and how many outcomes they move."""

    visit: Any
    response: DialResponse
    sd: float
    n_moved: int


def read_cases(given: Imputations | MmrmFit, what: Conclusion, by: Any) -> tuple[Dials, tuple[Case, ...], str, str]:
    """Read the dials, the visits, the outcome and the method.

    Raises
    ------
    ValueError
        If the conclusion or dials do not fit.
    TypeError
        If these are neither imputations nor a fit.
    """
    if isinstance(given, VisitImputations):
        return (*_of_visits(given, what, by), given.description)
    if isinstance(given, ChainedImputations):
        return (*_of_chained(given, what, by), given.description)
    if isinstance(given, MmrmFit):
        return (*_of_fit(given, what, by), f"pattern mixture about {given.method}")
    raise TypeError(f"got {type(given).__name__}; allowed: Imputations, or a fit of fit_mmrm")


def _of_visits(filled: VisitImputations, what: Conclusion, by: Any) -> tuple[Dials, tuple[Case, ...], str]:
    cohort = filled.cohort
    dials = read_dials(by, cohort.arm)
    formula = what.formula or f"{quoted(cohort.outcome)} ~ {quoted(cohort.arm)}"
    plans = filled.plans(formula, what.change_from)
    members = dials.members(_first(cohort.table, dials.column, len(cohort.visits)), len(cohort.y))
    sd = float(np.nanstd(cohort.y[:, 0], ddof=1))
    first = None if what.change_from is None else plans[cohort.visits.index(what.change_from)]
    cases = []
    for visit in _visits(cohort.visits, what):
        t = cohort.visits.index(visit)
        moved = members * ~cohort.seen[:, t, None]
        n = int((moved.any(axis=1) & plans[t].used).sum())
        cases.append(Case(visit, of_visit(filled, plans[t], t, first, what, moved), sd, n))
    return dials, tuple(cases), cohort.outcome


def _first(table: pd.DataFrame, column: str | None, m: int) -> pd.Series[Any] | None:
    if column is not None and column not in table.columns:
        raise ValueError(f"by names {column!r}, not in the table; it has {list(table.columns)}")
    return None if column is None else table[column].iloc[::m]


def _of_chained(filled: ChainedImputations, what: Conclusion, by: Any) -> tuple[Dials, tuple[Case, ...], str]:
    if what.formula is None or what.visit is not None or what.change_from is not None:
        raise ValueError("about chained equations a conclusion needs a formula, and has no visit")
    outcome = str(parse_formula(what.formula).response)
    if outcome not in filled.imputed:
        raise ValueError(f"outcome {outcome!r} was not imputed; allowed: {list(filled.imputed)}")
    dials = read_dials(by, None)
    target = filled.plan.variables[outcome]
    if dials.column in filled.imputed:
        raise ValueError(f"by names {dials.column!r}, which was imputed itself")
    members = dials.members(_first(filled.table, dials.column, 1), len(filled.table)) * ~target.seen[:, None]
    n = int(members.any(axis=1).sum())
    if outcome in filled.shares:
        return dials, (Case("", of_levels(filled, what.formula, what, members), np.nan, n),), outcome
    sd = float(np.std(target.original(target.values[target.seen]), ddof=1))
    return dials, (Case("", of_chained(filled, what.formula, what, members), sd, n),), outcome


def _of_fit(fit: MmrmFit, what: Conclusion, by: Any) -> tuple[Dials, tuple[Case, ...], str]:
    if what.formula is not None:
        raise ValueError("a fit has a formula of its own; give the conclusion none")
    visit = fit.layout.roles.visit
    factors = [name for name, one in fit.layout.design.variables.items() if one.levels is not None and name != visit]
    named = next(iter(by)) if isinstance(by, Mapping) and by else None
    if named not in factors and len(factors) != 1:
        raise ValueError(f"the fit has the factors {factors}; name the arm's column in by, such as {{'arm': 'all'}}")
    factor = named if named in factors else factors[0]
    dials = read_dials("all" if by == {factor: "all"} else by, factor)
    arms = fit.layout.design.variables[factor].levels or ()
    members = dict(zip(arms, dials.members(pd.Series(list(arms), dtype=object), len(arms)), strict=True))
    matrix = fit.covariance if isinstance(fit.covariance, pd.DataFrame) else next(iter(fit.covariance.values()))
    sd = float(np.sqrt(matrix.to_numpy()[0, 0]))
    rows = fit.layout.frame.iloc[fit.layout.used]
    cases = []
    for one in _visits(fit.layout.visits, what):
        there = rows[rows[visit] == one][factor].value_counts()
        people = rows.drop_duplicates(fit.layout.roles.subject)[factor].value_counts()
        n = sum(int(people[arm] - there.get(arm, 0)) for arm in arms if members[arm].any())
        cases.append(Case(one, of_fit(fit, factor, one, what, members), sd, n))
    return dials, tuple(cases), str(fit.layout.design.formula.response)


def _visits(visits: Sequence[Any], what: Conclusion) -> list[Any]:
    """Give the visits that a conclusion is about; one that was written in words may name a number."""
    if what.visit is None:
        return [one for one in visits if one != what.change_from]
    found = [one for one in visits if one == what.visit or str(one) == what.visit]
    if not found or found[0] == what.change_from:
        raise ValueError(f"the conclusion is about visit {what.visit!r}; allowed: {[str(one) for one in visits]}")
    return found


def quoted(name: str) -> str:
    """Write a column's name for a formula."""
    return name if name.isidentifier() else f"`{name}`"
