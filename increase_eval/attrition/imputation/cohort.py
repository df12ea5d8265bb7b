"""Lay out a long table as people by visits, every visit of every person present, for imputation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from increase_eval.comparison.repeated.layout import Roles, check_columns
from increase_eval.errors import DataError, InsufficientDataError
from increase_eval.moments.accumulate import BoolArray, FloatArray
from increase_eval.moments.formulas import parse_formula
from increase_eval.moments.levels import ordered_levels
from increase_eval.moments.waves import ordered_waves


@dataclass(frozen=True, slots=True, eq=False)
class Cohort:
    """People by visits.

    Attributes
    ----------
    table
        The table with one row for every person and visit, people in order of appearance, visits in theirs.
    model
        The same rows for the imputation model: arm and visit as categories.
    outcome, subject, visit, arm
        Names of columns.
    formula
        The imputation model.
    visits, arms
        Levels in order.
    y
        (n, m) outcome, NaN where missing.
    """

    table: pd.DataFrame
    model: pd.DataFrame
    outcome: str
    subject: str
    visit: str
    arm: str
    formula: str
    visits: tuple[Any, ...]
    arms: tuple[Any, ...]
    y: FloatArray

    @property
    def seen(self) -> BoolArray:
        """(n, m) who answered when."""
        return ~np.isnan(self.y)


def read_cohort(
    data: pd.DataFrame, *, outcome: str, subject: str, visit: str, arm: str, covariates: Sequence[str]
) -> Cohort:
    """Check the table and complete it.

    Raises
    ------
    ValueError
        If a column is absent or of the wrong kind, the arm or a covariate is missing where it is needed, the arm
        changes within a person, or a covariate cannot be read.
    TypeError
        If covariates is one text.
    DataError
        If a person has two rows for a visit.
    InsufficientDataError
        If the table is empty, or nobody of an arm was ever seen.
    """
    names = (outcome, subject, visit, arm)
    if len(set(names)) < len(names):
        raise ValueError(f"outcome, subject, visit and arm must be four columns; got {list(names)}")
    if isinstance(covariates, str):
        raise TypeError(f"covariates is the text {covariates!r}; allowed: a sequence of terms, such as ('base:visit',)")
    check_columns(data, Roles(subject, visit, covariance_by=arm), outcome)
    formula = " + ".join([f"{_quote(outcome)} ~ {_quote(arm)} * {_quote(visit)}", *covariates])
    parsed = parse_formula(formula)
    absent = [name for name in parsed.variables if name not in data.columns]
    if absent:
        raise ValueError(f"columns {absent} are not in the table; it has {list(data.columns)}")
    if data.empty:
        raise InsufficientDataError("the table has no rows")
    visits, arms = _levels(data[visit]), ordered_levels(data[arm], np.ones(len(data), dtype=bool))
    table = _complete(data, subject, visit, visits, outcome)
    for name in parsed.variables:
        missing = int(table[name].isna().sum())
        if missing:
            raise ValueError(
                f"covariate {name!r} is missing in {missing} rows (visits without a row included); the imputation "
                "needs it in every one"
            )
    codes = pd.factorize(table[arm])[0].reshape(-1, len(visits))
    changing = int((codes != codes[:, :1]).any(axis=1).sum())
    if changing:
        raise ValueError(f"arm {arm!r} changes within {changing} subjects; it must be constant within each")
    y = table[outcome].to_numpy(dtype=np.float64, na_value=np.nan).reshape(-1, len(visits)).copy()
    _check_arms(table[arm].iloc[:: len(visits)], y, arms)
    model = table.assign(
        **{
            arm: pd.Categorical(table[arm], categories=list(arms)),
            visit: pd.Categorical(table[visit], categories=list(visits)),
        }
    )
    return Cohort(table, model, outcome, subject, visit, arm, formula, visits, arms, y)


def _quote(name: str) -> str:
    return name if name.isidentifier() else f"`{name}`"


def _levels(column: pd.Series[Any]) -> tuple[Any, ...]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return tuple(column.cat.categories)
    return ordered_waves(column, np.ones(len(column), dtype=bool))


def _check_arms(arm: pd.Series[Any], y: FloatArray, arms: tuple[Any, ...]) -> None:
    answered = set(arm.iloc[np.flatnonzero(~np.isnan(y).all(axis=1))])
    unseen = [str(one) for one in arms if one not in answered]
    if unseen:
        raise InsufficientDataError(
            f"nobody in arm {', '.join(unseen)} has an outcome, so it has no mean to impute from"
        )


def _complete(data: pd.DataFrame, subject: str, visit: str, visits: tuple[Any, ...], outcome: str) -> pd.DataFrame:
    """Add a row for each visit that a person has none for, with what never changes within a person."""
    people = pd.unique(data[subject])
    number = pd.Index(people).get_indexer(pd.Index(data[subject]))
    place = number * len(visits) + pd.Index(list(visits), dtype=object).get_indexer(
        pd.Index(data[visit].astype(object))
    )
    twice = np.bincount(place, minlength=len(people) * len(visits)) > 1
    if twice.any():
        persons = int(twice.reshape(len(people), -1).any(axis=1).sum())
        raise DataError(
            f"{persons} subjects have two rows or more for the same visit (columns {subject!r} and {visit!r}); keep one"
        )
    table = data.set_axis(place, axis=0).reindex(np.arange(len(people) * len(visits)))
    added = np.setdiff1d(table.index.to_numpy(), place)
    if not added.size:
        return table
    by_person = data.groupby(number)
    first, constant = by_person.first(), by_person.nunique().le(1).all()
    for column in data.columns.difference([subject, visit, outcome], sort=False):
        if constant[column]:
            table.loc[added, column] = first[column].reindex(added // len(visits)).to_numpy()
            table[column] = table[column].astype(data[column].dtype)
    table[subject] = pd.Series(people).repeat(len(visits)).to_numpy()
    table[subject] = table[subject].astype(data[subject].dtype)
    table[visit] = pd.Series(np.tile(np.array(visits, dtype=object), len(people))).astype(data[visit].dtype)
    return table
