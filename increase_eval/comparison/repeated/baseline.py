"""How the first visit enters when it is an outcome: freely, with equal arms, or as a covariate of the later ones."""

from __future__ import annotations

import numpy as np
import pandas as pd

from increase_eval.comparison.repeated.layout import Roles
from increase_eval.errors import InsufficientDataError
from increase_eval.moments.accumulate import IntArray
from increase_eval.moments.formulas import Design, ParsedFormula, parse_formula, usable_rows
from increase_eval.moments.levels import ordered_levels

BASELINES = (None, "free", "constrained", "covariate")


def with_baseline(formula: str, data: pd.DataFrame, roles: Roles, baseline: str | None) -> tuple[str, pd.DataFrame]:
    """Give the formula and the rows that a treatment of the first visit asks for.

    Parameters
    ----------
    formula, data, roles
        As for the fit.
    baseline
        ``covariate`` takes the first visit out of the outcomes and adds ``<outcome>_baseline * visit`` instead; the
        others leave formula and rows as they are.

    Raises
    ------
    ValueError
        If the choice is not known, or the formula does not cross a factor with the visit where it must.
    """
    if baseline not in BASELINES:
        raise ValueError(f"baseline {baseline!r} is not known; allowed: {', '.join(map(str, BASELINES))}")
    if baseline is None:
        return formula, data
    parsed = parse_formula(formula)
    if baseline != "covariate":
        if not any(roles.visit in term and len(term) > 1 for term in parsed.terms):
            raise ValueError(
                f"baseline={baseline!r} needs a factor crossed with the visit in the formula (arm * {roles.visit})"
            )
        return formula, data
    return _as_covariate(formula, parsed, data, roles)


def _as_covariate(formula: str, parsed: ParsedFormula, data: pd.DataFrame, roles: Roles) -> tuple[str, pd.DataFrame]:
    name = f"{parsed.response}_baseline"
    if name in data.columns:
        raise ValueError(f"the table already has a column {name!r}, which baseline='covariate' would make")
    column = data[roles.visit]
    levels = ordered_levels(column, usable_rows(data, [roles.visit]))
    if len(levels) < 2:
        raise InsufficientDataError("baseline='covariate' needs the first visit and at least one later one")
    is_first = (column == levels[0]).to_numpy(dtype=bool)
    first = data.loc[is_first, [roles.subject, str(parsed.response)]]
    if first[roles.subject].duplicated().any():
        raise InsufficientDataError(f"some subjects have two rows or more for the first visit {levels[0]!s}; keep one")
    values = first.set_index(roles.subject)[str(parsed.response)]
    later = data.loc[~is_first]
    later = later.assign(**{name: later[roles.subject].map(values).astype(np.float64)})
    if isinstance(column.dtype, pd.CategoricalDtype):
        # Taking a category away would sort the others where they are not declared to be ordered.
        kept = [level for level in column.cat.categories if level != levels[0]]
        later[roles.visit] = later[roles.visit].cat.set_categories(kept)
    crossed = f" * `{roles.visit}`" if len(levels) > 2 else ""
    if len(levels) == 2:
        # One visit is left: it has no effect of its own to cross with.
        formula = without_visit(parsed, roles.visit)
    return f"{formula} + `{name}`{crossed}", later


def without_visit(parsed: ParsedFormula, visit: str) -> str:
    """Write a formula again without the visit."""
    terms = dict.fromkeys(tuple(name for name in term if name != visit) for term in parsed.terms)
    quote = {name: f"C(`{name}`)" if name in parsed.categorical else f"`{name}`" for name in parsed.variables}
    written = [":".join(quote[name] for name in term) or "1" for term in terms]
    intercept = [] if () in parsed.terms else ["0"]
    return f"`{parsed.response}` ~ {' + '.join([*intercept, *written])}"


def constrained_columns(design: Design, visit: str) -> IntArray:
    """Find the columns that a constrained baseline leaves out: those with the arm that count at the first visit.

    The arm is the first factor of the formula that is crossed with the visit. What is left of it are its columns at
    later visits, each the difference from the reference there; at the first visit all arms have one mean.
    """
    crossed = [term for term in design.formula.terms if visit in term]
    factors = [name for term in crossed for name in term if name != visit and design.variables[name].levels is not None]
    if not factors or (visit,) not in crossed:
        raise ValueError(
            "baseline='constrained' needs a factor crossed with the visit and the visit itself, such as arm * visit"
        )
    arm = factors[0]
    later = {(visit, level) for level in range(1, len(design.variables[visit].levels or ()))}
    gone = [j for j, column in enumerate(design.columns) if arm in column.term and not later & {*column.parts}]
    return np.array(gone, dtype=np.int64)
