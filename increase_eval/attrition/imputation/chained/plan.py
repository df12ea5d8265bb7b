"""Who is imputed from whom: methods and predictors read against a table, in the order of visits."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from increase_eval.attrition.imputation.chained.variables import METHODS, Variable, read_variable
from increase_eval.errors import InsufficientDataError
from increase_eval.moments.accumulate import FloatArray, IntArray
from increase_eval.moments.tables import check_table

Term = tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Equation:
    """How one column is imputed: from the terms of others (one column, or a product of some)."""

    target: Variable
    terms: tuple[Term, ...]

    def predictors(self, blocks: Mapping[str, FloatArray]) -> FloatArray:
        """Lay out the predictors (p, n), the first all ones."""
        n = len(self.target.values)
        parts = [np.ones((1, n)), *(_product([blocks[name] for name in term]) for term in self.terms)]
        return np.concatenate(parts)


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The columns by name, and the equations in the order in which they are visited."""

    variables: Mapping[str, Variable]
    equations: tuple[Equation, ...]

    def contains(self, name: str) -> frozenset[frozenset[str]]:
        """Give the terms of a column's equation, as sets of columns."""
        return frozenset(
            frozenset(term) for equation in self.equations if equation.target.name == name for term in equation.terms
        )


def _product(blocks: Sequence[FloatArray]) -> FloatArray:
    result = blocks[0]
    for block in blocks[1:]:
        result = (result[:, None] * block[None]).reshape(-1, result.shape[1])
    return result


def read_plan(data: pd.DataFrame, methods: Mapping[str, str], predictors: Mapping[str, Sequence[str]] | None) -> Plan:
    """Read methods and predictors.

    Raises
    ------
    ValueError
        If a method is unknown or does not fit its column, or a column is absent, predicts itself, or misses values
        and has no method.
    InsufficientDataError
        If the table has no rows, a column has no value at all, or more predictors than values.
    """
    check_table(data)
    if not isinstance(methods, Mapping):
        raise TypeError(f"methods is of the type {type(methods).__name__}; allowed: a mapping of columns to methods")
    if data.empty or not data.columns.is_unique:
        raise InsufficientDataError("the table has no rows, or two columns of one name")
    _check_names(data, methods, predictors or {})
    terms = {name: _terms(name, data, predictors) for name in methods}
    used = dict.fromkeys([*methods, *(name for of in terms.values() for term in of for name in term)])
    variables = {name: read_variable(data[name], METHODS[methods[name]] if name in methods else "") for name in used}
    incomplete = [name for name in used if name not in methods and not variables[name].seen.all()]
    if incomplete:
        raise ValueError(
            f"columns {incomplete} miss values, predict others and have no method; give them one, or name predictors "
            "without them"
        )
    empty = [name for name in methods if not variables[name].seen.any()]
    if empty:
        raise InsufficientDataError(f"columns {empty} have no value at all, so nothing can be imputed from them")
    targets = [variables[name] for name in data.columns if name in methods and not variables[name].seen.all()]
    targets.sort(key=lambda one: len(one.missing))
    equations = tuple(Equation(target, terms[target.name]) for target in targets)
    for equation in equations:
        _check_size(equation, variables)
    return Plan(variables, equations)


def _check_names(data: pd.DataFrame, methods: Mapping[str, str], predictors: Mapping[str, Sequence[str]]) -> None:
    unknown = {name: method for name, method in methods.items() if method not in METHODS}
    if unknown:
        raise ValueError(f"methods are {unknown}; allowed: {', '.join(METHODS)}")
    absent = [name for name in [*methods, *predictors] if name not in data.columns]
    if absent:
        raise ValueError(f"columns {absent} are not in the table; it has {list(data.columns)}")
    idle = [name for name in predictors if name not in methods]
    if idle:
        raise ValueError(f"predictors are named for {idle}, which have no method")


def _terms(name: str, data: pd.DataFrame, predictors: Mapping[str, Sequence[str]] | None) -> tuple[Term, ...]:
    if predictors is None or name not in predictors:
        return tuple((str(other),) for other in data.columns if other != name)
    if isinstance(predictors[name], str):
        raise TypeError(f"predictors of {name!r} are the text {predictors[name]!r}; allowed: a sequence of columns")
    terms = tuple(_split(term, data) for term in predictors[name])
    wrong = sorted({part for term in terms for part in term if part not in data.columns})
    if wrong:
        raise ValueError(f"predictors {wrong} of {name!r} are not in the table; it has {list(data.columns)}")
    if any(name in term for term in terms):
        raise ValueError(f"column {name!r} is among its own predictors")
    return tuple(dict.fromkeys(terms))


def _split(term: str, data: pd.DataFrame) -> Term:
    return (term,) if term in data.columns else tuple(part.strip() for part in str(term).split(":"))


def _check_size(equation: Equation, variables: Mapping[Hashable, Variable] | Mapping[str, Variable]) -> None:
    """Refuse more columns than rows: their coefficients would be made up."""
    target = equation.target
    width = 1 + sum(int(np.prod([variables[name].width for name in term])) for term in equation.terms)
    seen = int(target.seen.sum())
    if width >= seen and target.levels is None and not is_constant(target):
        widest = max(equation.terms, key=lambda term: np.prod([variables[name].width for name in term]), default=())
        raise InsufficientDataError(
            f"column {target.name!r} has {seen} values, which cannot carry {width} coefficients (the most come from "
            f"{':'.join(widest)!r}); name fewer predictors"
        )


def is_constant(target: Variable) -> bool:
    """Tell whether all who have a value have the same."""
    known = target.values[target.seen]
    return bool((known == known[0]).all())


def visits(plan: Plan) -> Iterator[tuple[Equation, IntArray, IntArray]]:
    """Give the equations in order, with the rows observed and the rows missing."""
    for equation in plan.equations:
        yield equation, np.flatnonzero(equation.target.seen), equation.target.missing
