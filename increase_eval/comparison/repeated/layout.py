"""From long rows to one short row a person: the features that, visit by visit, make up the design.

At one visit the dummies of the visit are constants, so a column such as ``arm[T.B]:visit[T.T2]`` is either zero or the
same as ``arm[T.B]``. A person therefore needs one number per *distinct* product of covariates, not one per visit and
column: eleven numbers instead of fifty-one for four arms, three visits and four covariates. Moments of these features
by pattern of visits hold all that the model reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from increase_eval.comparison.repeated.features import Source, person_features
from increase_eval.comparison.repeated.scaling import Scaling, learn_scaling
from increase_eval.errors import DataError, InsufficientDataError
from increase_eval.moments.accumulate import BoolArray, FloatArray, IntArray, compact
from increase_eval.moments.formulas import Design, Variable, learn_design, parse_formula, usable_rows
from increase_eval.moments.levels import ordered_levels
from increase_eval.moments.tables import check_one_column_a_name, check_table
from increase_eval.moments.waves import with_ordered_waves


@dataclass(frozen=True, slots=True)
class Roles:
    """Which column plays which part."""

    subject: str
    visit: str
    covariance_by: str | None = None
    weights: str | None = None
    cluster: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """People by features, and how features make the design.

    Attributes
    ----------
    frame
        The long table.
    roles, design, visits
        Columns' parts; the learned design; the visits in order.
    used
        Rows of the table that are used.
    first_rows
        (n,) a row of each person, to look up what is constant within a person.
    features
        (n, F) NaN where a visit is missing; the last ``m`` are the outcome at each visit.
    map
        (m * F, P + 1) from features to design row and outcome at each visit.
    groups, group_levels
        (n,) covariance group of each person, and the groups' names.
    scaling
        How outcome and covariates were centred and scaled, to undo it.
    between
        (P,) True for columns that are constant within people.
    n_rows, n_people
        Rows and people in the table, usable or not.
    n_obs, n_subjects
        Rows and people used.
    half_log_weights
        Half the sum of the logarithms of the precision weights.
    """

    frame: pd.DataFrame
    roles: Roles
    design: Design
    visits: tuple[Any, ...]
    used: IntArray
    first_rows: IntArray
    features: FloatArray
    map: FloatArray
    groups: IntArray
    group_levels: tuple[Any, ...]
    scaling: Scaling
    between: BoolArray
    n_rows: int
    n_people: int
    n_obs: int
    n_subjects: int
    half_log_weights: float

    @property
    def m(self) -> int:
        """Number of visits."""
        return len(self.visits)

    @property
    def seen(self) -> BoolArray:
        """(n, m) which visits each person has."""
        return ~np.isnan(self.features[:, -self.m :])

    def constant(self, column: str) -> pd.Series[Any]:
        """Value of a column for each person, refused if it changes within a person or is missing."""
        self.need_rows(f"column {column!r}")
        return _constant(self.frame, column, self.used, self.people_of_rows(), self.first_rows)

    def need_rows(self, purpose: str) -> None:
        """Refuse what needs the rows of a model that was fitted from batches."""
        if not len(self.used):
            raise ValueError(f"{purpose} needs the rows, and this model was fitted from batches; give one DataFrame")

    def people_of_rows(self) -> IntArray:
        """Person number of each used row."""
        return _people(self.frame, self.roles.subject, self.used)


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What must be the same in every batch: levels, visits, units, and which columns are constant within people."""

    design: Design
    visits: tuple[Any, ...]
    scaling: Scaling
    fixed: Mapping[str, bool]
    group_levels: tuple[Any, ...]


def lay_out(formula: str, data: pd.DataFrame, roles: Roles, plan: Plan | None = None) -> Layout:
    """Check the table and lay people out by features.

    Parameters
    ----------
    formula, data, roles
        As for the fit.
    plan
        What was learned from all batches, where ``data`` is one of them.

    Raises
    ------
    ValueError
        If a column is absent, not numeric where it must be, or missing where it may not be.
    DataError
        If a person has two rows for a visit.
    InsufficientDataError
        If a visit has no usable row.
    """
    parsed = parse_formula(formula)
    if parsed.response is None:
        raise ValueError(f"formula {formula!r} has no outcome on its left-hand side")
    check_columns(data, roles, parsed.response)
    data = with_ordered_waves(data, roles.visit) if plan is None else data
    usable = usable_rows(data, [*dict.fromkeys([*parsed.variables, parsed.response])])
    visits = plan.visits if plan else _visits(data[roles.visit], usable, parsed.response)
    design = plan.design if plan else learn_design(parsed, data, categorical=[roles.visit])
    used = np.flatnonzero(usable)
    everyone, _ = pd.factorize(data[roles.subject])
    people = compact(everyone[used])
    n = int(people.max(initial=-1)) + 1
    visit_codes = Variable(roles.visit, roles.visit, visits).codes(data[[roles.visit]])[used]
    position = _positions(people, visit_codes, used, n, len(visits), roles)
    first_rows = np.zeros(n, dtype=np.int64)
    first_rows[people[::-1]] = used[::-1]
    weights = _weights(data, roles, used)
    source = Source(data, design, used, people, first_rows, position, weights)
    scaling = plan.scaling if plan else learn_scaling(design, source.numbers, parsed.response, data, used)
    features, mapping, between = person_features(
        source, roles.visit, roles.weights, scaling, plan.fixed if plan else None
    )
    groups, levels = _groups(source, roles, plan.group_levels if plan else None)
    half_log_weights = 0.0 if weights is None else 0.5 * float(np.log(weights[used]).sum())
    return Layout(
        data, roles, design, visits, used, first_rows, features, mapping, groups, levels, scaling, between,
        len(data), int(everyone.max(initial=-1)) + 1, len(used), n, half_log_weights,
    )  # fmt: skip


def check_columns(data: pd.DataFrame, roles: Roles, response: str) -> None:
    """Refuse a table that lacks a column, or a value where every row needs one, or whose outcome is no number."""
    check_table(data)
    check_one_column_a_name(data)
    named = [roles.subject, roles.visit, roles.covariance_by, roles.weights, roles.cluster]
    columns = [column for column in named if column is not None]
    absent = [column for column in [*columns, response] if column not in data.columns]
    if absent:
        raise ValueError(f"columns {absent} are not in the table; it has {list(data.columns)}")
    for column in columns:
        missing = int(data[column].isna().sum())
        if missing:
            raise ValueError(f"column {column!r} is missing in {missing} rows; every row needs it")
    dtype = data[response].dtype
    if not pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_bool_dtype(dtype):
        raise ValueError(f"the outcome {response!r} has type {dtype}; it must be a number")
    if np.isinf(data[response].to_numpy(dtype=np.float64, na_value=np.nan)).any():
        raise ValueError(f"the outcome {response!r} holds infinite values")


def _visits(column: pd.Series[Any], usable: BoolArray, response: str) -> tuple[Any, ...]:
    """Visits in order; one that is declared or in the table but that nobody can be used at is an error."""
    if not usable.any():
        raise InsufficientDataError(f"no row has the outcome {response!r} and all covariates")
    if isinstance(column.dtype, pd.CategoricalDtype):
        named = tuple(column.cat.categories)
    else:
        named = ordered_levels(column, np.ones(len(column), dtype=bool))
    used = ordered_levels(column, usable)
    nobody = [str(visit) for visit in named if visit not in set(used)]
    if nobody:
        raise InsufficientDataError(
            f"nobody has the outcome {response!r} and all covariates at visit {', '.join(nobody)}: leave the visit out"
        )
    return used


def _positions(people: IntArray, visits: IntArray, used: IntArray, n: int, m: int, roles: Roles) -> IntArray:
    twice = np.bincount(people * m + visits, minlength=n * m) > 1
    if twice.any():
        raise DataError(
            f"{int(twice.reshape(n, m).any(axis=1).sum())} subjects have two rows or more for the same visit "
            f"(columns {roles.subject!r} and {roles.visit!r}); keep one"
        )
    position = np.full((n, m), -1, dtype=np.int64)
    position[people, visits] = used
    return position


def _weights(data: pd.DataFrame, roles: Roles, used: IntArray) -> FloatArray | None:
    if roles.weights is None:
        return None
    if not pd.api.types.is_numeric_dtype(data[roles.weights].dtype):
        raise ValueError(f"weights {roles.weights!r} must be numbers")
    weights = np.asarray(data[roles.weights].to_numpy(dtype=np.float64, na_value=np.nan))
    if not (np.isfinite(weights[used]) & (weights[used] > 0)).all():
        raise ValueError(f"weights {roles.weights!r} must be finite and above zero in every row used")
    return weights


def _groups(source: Source, roles: Roles, known: tuple[Any, ...] | None) -> tuple[IntArray, tuple[Any, ...]]:
    if roles.covariance_by is None:
        return np.zeros(len(source.first_rows), dtype=np.int64), ("all",)
    column = source.data[roles.covariance_by]
    _constant(source.data, roles.covariance_by, source.used, source.people, source.first_rows)
    used = np.zeros(len(column), dtype=bool)
    used[source.used] = True
    levels = known or ordered_levels(column, used)
    variable = Variable(roles.covariance_by, roles.covariance_by, levels)
    return variable.codes(source.data.iloc[source.first_rows][[roles.covariance_by]]), levels


def _constant(
    data: pd.DataFrame, column: str, used: IntArray, people: IntArray, first_rows: IntArray
) -> pd.Series[Any]:
    if column not in data.columns:
        raise ValueError(f"column {column!r} is not in the table; it has {list(data.columns)}")
    codes, _ = pd.factorize(data[column])
    if (codes[used] < 0).any():
        raise ValueError(f"column {column!r} is missing in rows that are used; every one needs a value")
    changing = np.unique(people[codes[used] != codes[first_rows][people]]).size
    if changing:
        raise ValueError(f"column {column!r} changes within {changing} subjects; it must be constant within each")
    return data[column].iloc[first_rows].reset_index(drop=True)


def _people(data: pd.DataFrame, subject: str, used: IntArray) -> IntArray:
    return compact(pd.factorize(data[subject])[0][used])
