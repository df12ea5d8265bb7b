"""Turn a formula into a design matrix, learned on one table and applied to the next.

Formulas are written as in R or formulaic: names, numbers, ``+ - * : / ** ( ) ~`` and ``C(name)``. Nothing else is let
through to the parser, so that a formula from a contract can never run code. Terms come in R's order (by degree, then
as written), factors within a term in the order in which the variables first appear, the first factor varying fastest.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from formulaic import Formula

from increase_eval.arguments import require_text
from increase_eval.errors import InsufficientDataError
from increase_eval.moments.accumulate import BoolArray, FloatArray, IntArray
from increase_eval.moments.levels import ordered_levels, refuse_disguised

_TOKEN = re.compile(r"\s*(?:(?P<name>`[^`{}]+`|[^\W\d]\w*(?:\.\w+)*)|(?P<number>\d+)|(?P<sign>\*\*|[-+*:/()~^]))")
_ALLOWED = "names (in backticks if they have spaces), whole numbers, + - * : / ** ( ) ~ and C(name)"


@dataclass(frozen=True, slots=True)
class ParsedFormula:
    """What a formula says: the response, and terms as tuples of variables (the empty tuple is the intercept)."""

    response: str | None
    terms: tuple[tuple[str, ...], ...]
    categorical: frozenset[str]  # the variables that C() marks

    @property
    def variables(self) -> tuple[str, ...]:
        """Variables on the right-hand side, in order of first appearance."""
        return tuple(dict.fromkeys(name for term in self.terms for name in term))


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of a design: its levels, or None where it is a number."""

    name: str
    label: str
    levels: tuple[Any, ...] | None

    def codes(self, frame: pd.DataFrame) -> IntArray:
        """Level number of each row; -1 where missing; refuses a level that was not learned."""
        column = frame[self.name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            seen, found = column.cat.codes.to_numpy(), column.cat.categories
        else:
            seen, found = pd.factorize(column, use_na_sentinel=True)
        of_seen = pd.Index(list(self.levels or ()), dtype=object).get_indexer(pd.Index(list(found), dtype=object))
        codes = np.append(of_seen, -1)[seen]
        strange = int(((codes < 0) & column.notna().to_numpy()).sum())
        if strange:
            raise ValueError(
                f"column {self.name!r} has {strange} rows with a level that the design does not know; "
                f"allowed: {[str(level) for level in self.levels or ()]}"
            )
        return np.asarray(codes, dtype=np.int64)

    def numbers(self, frame: pd.DataFrame) -> FloatArray:
        """Values of a numeric variable, NaN where missing."""
        return np.asarray(frame[self.name].to_numpy(dtype=np.float64, na_value=np.nan))


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the design: the product of its parts, each a (variable, level number or None for its value)."""

    name: str
    term: tuple[str, ...]
    parts: tuple[tuple[str, int | None], ...]


@dataclass(frozen=True, slots=True)
class Design:
    """A design that was learned: apply it to any table that has its variables.

    Attributes
    ----------
    formula
        What was parsed.
    variables
        Name to :class:`Variable`.
    columns
        The columns in order.
    """

    formula: ParsedFormula
    variables: Mapping[str, Variable]
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(column.name for column in self.columns)

    def usable(self, frame: pd.DataFrame) -> BoolArray:
        """Tell which rows have every variable, and the response where there is one."""
        return usable_rows(frame, [*self.variables, *filter(None, [self.formula.response])])

    def matrix(self, frame: pd.DataFrame) -> FloatArray:
        """Give the design matrix, rows by columns; a row that misses a variable is NaN in its columns."""
        values: dict[tuple[str, int | None], FloatArray] = {}
        for variable in self.variables.values():
            if variable.levels is None:
                values[variable.name, None] = variable.numbers(frame)
                continue
            codes = variable.codes(frame)
            for level in range(len(variable.levels)):
                values[variable.name, level] = np.where(codes < 0, np.nan, codes == level)
        matrix = np.ones((len(frame), len(self.columns)))
        for j, column in enumerate(self.columns):
            for part in column.parts:
                matrix[:, j] *= values[part]
        return matrix


@lru_cache(maxsize=512)
def parse_formula(text: str) -> ParsedFormula:
    """Parse a formula against the whitelist of what a formula may say.

    Parameters
    ----------
    text
        For instance ``"score ~ age + arm * visit"``; the left-hand side may be absent.

    Raises
    ------
    ValueError
        If the formula says anything else than names, whole numbers, the operators and ``C(name)``.

    Examples
    --------
    >>> parse_formula("score ~ age * visit + arm * visit").terms
    ((), ('age',), ('visit',), ('arm',), ('age', 'visit'), ('visit', 'arm'))
    """
    order, categorical = _check_tokens(require_text(text))
    try:
        parsed = Formula(_plain(text))
    except Exception as error:  # whatever the parser's own errors are, the cause is the formula
        raise ValueError(f"formula {text!r} cannot be read: {str(error).splitlines()[0]}") from error
    sides = {"lhs", "rhs"} <= set(getattr(parsed, "_structure", {}))
    right, left = (parsed.rhs, list(parsed.lhs)) if sides else (parsed, [])
    response = _response(left, text)
    terms = []
    for term in right:
        names = {_unquote(str(factor.expr)) for factor in term.factors} - {"1"}
        if "0" in names or any(name.isdigit() for name in names):
            raise ValueError(f"formula {text!r} has a number as a term; only 0 and 1 have a meaning, as the intercept")
        terms.append(tuple(sorted(names, key=order.index)))
    if response is not None and any(response in term for term in terms):
        raise ValueError(f"formula {text!r} has the response {response!r} on both sides")
    return ParsedFormula(response, tuple(terms), frozenset(categorical))


def _check_tokens(text: str) -> tuple[list[str], set[str]]:
    """Refuse what is not allowed; give names in order of appearance and those inside ``C()``."""
    tokens, position, clean = [], 0, text.rstrip()
    while position < len(clean):
        found = _TOKEN.match(clean, position)
        if found is None:
            raise ValueError(f"formula {text!r} has {clean[position:].lstrip()[:1]!r}; allowed: {_ALLOWED}")
        tokens.append(found.group().strip())
        position = found.end()
    if not tokens or tokens[-1] == "~":
        raise ValueError(f"formula {text!r} says nothing about the right-hand side; write 1 for a mean alone")
    categorical = set()
    for here, token in enumerate(tokens[:-1]):
        if tokens[here + 1] != "(" or not re.match(r"[`\w]", token):
            continue
        inside, closing = [*tokens[here + 2 :], "", ""][:2]
        if token != "C" or closing != ")" or not re.match(r"`|[^\W\d]", inside):
            raise ValueError(f"formula {text!r} calls {token}(...); allowed: {_ALLOWED}")
        categorical.add(_unquote(inside))
    names = [_unquote(token) for token in tokens if re.match(r"`|[^\W\d]", token)]
    return [*dict.fromkeys(names)], categorical


def _plain(text: str) -> str:
    """Write ``C(name)`` as ``name``: which variables are categorical is already known."""
    return re.sub(r"\bC\s*\(\s*(`[^`]+`|[^\W\d]\w*(?:\.\w+)*)\s*\)", r"\1", text).replace("^", "**")


def _unquote(name: str) -> str:
    return name.strip("`")


def _response(left: list[Any], text: str) -> str | None:
    if not left:
        return None
    if len(left) != 1 or len(left[0].factors) != 1:
        raise ValueError(f"formula {text!r} must have one column on its left-hand side")
    return _unquote(str(left[0].factors[0].expr))


def usable_rows(frame: pd.DataFrame, columns: Collection[str]) -> BoolArray:
    """Tell which rows have a value in every column."""
    absent = [column for column in columns if column not in frame.columns]
    if absent:
        raise ValueError(f"columns {absent} are not in the table; it has {list(frame.columns)}")
    usable = np.ones(len(frame), dtype=bool)
    for column in columns:
        usable &= frame[column].notna().to_numpy(dtype=bool)
    return usable


def learn_design(formula: str | ParsedFormula, frame: pd.DataFrame, *, categorical: Collection[str] = ()) -> Design:
    """Learn levels and columns of a formula from the rows that have all its variables.

    Parameters
    ----------
    formula
        The formula.
    frame
        One row an observation.
    categorical
        Numeric variables to be taken as categories (others: text, booleans, categories, and those inside ``C()``).

    Returns
    -------
    Design
        Levels in their order (categories as declared, others sorted), those without a usable row dropped; the first is
        the reference. A factor is coded by contrasts with the reference where the term without it is in the formula,
        and by one column a level otherwise, as in R.

    Raises
    ------
    ValueError
        If a variable is absent.
    InsufficientDataError
        If no row has all variables.

    Examples
    --------
    >>> frame = pd.DataFrame({"y": [1.0, 2.0, 3.0], "arm": ["A", "B", "C"], "x": [0.0, 1.0, 2.0]})
    >>> learn_design("y ~ arm * x", frame).names
    ('Intercept', 'arm[T.B]', 'arm[T.C]', 'x', 'arm[T.B]:x', 'arm[T.C]:x')
    """
    parsed = parse_formula(formula) if isinstance(formula, str) else formula
    usable = usable_rows(frame, [*parsed.variables, *filter(None, [parsed.response])])
    if not usable.any():
        raise InsufficientDataError(f"no row has all of {[*parsed.variables]} and the response {parsed.response!r}")
    forced = {*categorical, *parsed.categorical}
    variables = {name: _learn_variable(frame[name], usable, name in forced, parsed) for name in parsed.variables}
    return design_of(parsed, variables)


def design_of(parsed: ParsedFormula, variables: Mapping[str, Variable]) -> Design:
    """Build the design of a formula whose variables are known."""
    return Design(parsed, variables, tuple(_columns(parsed, variables)))


def _learn_variable(column: pd.Series[Any], usable: BoolArray, forced: bool, parsed: ParsedFormula) -> Variable:
    name, dtype = str(column.name), column.dtype
    label = f"C({name})" if name in parsed.categorical else name
    if dtype.kind == "c":
        raise ValueError(f"column {name!r} holds complex numbers")
    number = pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)
    if not number and not forced:
        refuse_disguised(column, usable)
    if number and not forced:
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        if np.isinf(values[usable]).any():
            raise ValueError(f"column {name!r} holds infinite values")
        return Variable(name, label, None)
    return Variable(name, label, ordered_levels(column, usable))


def _columns(parsed: ParsedFormula, variables: Mapping[str, Variable]) -> list[Column]:
    present = {frozenset(term) for term in parsed.terms}
    columns = []
    for term in parsed.terms:
        choices = [_codings(variables[name], frozenset(term) - {name} in present) for name in term]
        products: list[tuple[tuple[str, tuple[str, int | None]], ...]] = [()]
        for choice in reversed(choices):  # built from the last factor, so that the first varies fastest
            products = [(one, *rest) for rest in products for one in choice]
        if len(term) == 1 and variables[term[0]].levels is not None:
            # Without an intercept the first factor alone carries the level of the response.
            present.add(frozenset())
        for product in products:
            name = ":".join(label for label, _ in product) or "Intercept"
            columns.append(Column(name, term, tuple(part for _, part in product)))
    return columns


def _codings(variable: Variable, by_contrast: bool) -> list[tuple[str, tuple[str, int | None]]]:
    """Columns of one variable inside a term: its value, contrasts with the reference, or one a level."""
    if variable.levels is None:
        return [(variable.label, (variable.name, None))]
    mark = "T." if by_contrast else ""
    return [
        (f"{variable.label}[{mark}{level}]", (variable.name, number))
        for number, level in enumerate(variable.levels)
        if number or not by_contrast
    ]
