"""Fit from batches of rows that never lie in memory together: learn what they share, then add up their moments.

Two passes: the first learns levels, visits, units and which columns are constant within people; the second takes the
moments of each batch with what was learned. A batch holds whole people, so a subject that comes again is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from increase_eval.comparison.repeated.assemble import take_moments
from increase_eval.comparison.repeated.layout import Layout, Plan, Roles, check_columns, lay_out
from increase_eval.comparison.repeated.scaling import make_scaling, usable_spread
from increase_eval.errors import DataError, InsufficientDataError
from increase_eval.moments.formulas import Design, ParsedFormula, Variable, design_of, parse_formula
from increase_eval.moments.formulas import usable_rows as rows_with_all
from increase_eval.moments.levels import ordered_levels, refuse_disguised
from increase_eval.moments.pattern import PatternMoments
from increase_eval.moments.waves import in_time

Batches = Iterable[Any] | Callable[[], Iterable[Any]]


@dataclass(slots=True)
class _Learned:
    """What the first pass has seen so far."""

    visit: str
    levels: dict[str, dict[Any, None]] = field(default_factory=dict)
    declared: dict[str, tuple[Any, ...] | None] = field(default_factory=dict)
    visits_named: dict[Any, None] = field(default_factory=dict)
    fixed: dict[str, bool] = field(default_factory=dict)
    sums: dict[str, tuple[float, float, float]] = field(default_factory=dict)  # count, mean, squares about it
    keys: list[Any] = field(default_factory=list)
    n_rows: int = 0

    def add_levels(self, name: str, column: pd.Series[Any], rows: Any) -> None:
        categories = tuple(column.cat.categories) if isinstance(column.dtype, pd.CategoricalDtype) else None
        if name in self.declared and self.declared[name] != categories:
            categories = None  # batches that declare different categories: sort what they hold
        self.declared[name] = categories
        self.levels.setdefault(name, {}).update(dict.fromkeys(ordered_levels(column, rows)))

    def add_numbers(self, name: str, values: Any) -> None:
        if np.isinf(values).any():
            raise ValueError(f"column {name!r} holds infinite values")
        n, mean, squares = self.sums.get(name, (0.0, 0.0, 0.0))
        k, other = float(len(values)), float(values.mean())
        total, shift = n + k, other - mean
        squares += float(((values - other) ** 2).sum()) + shift**2 * n * k / total
        self.sums[name] = (total, mean + shift * k / total, squares)

    def ordered(self, name: str) -> tuple[Any, ...]:
        found, declared = self.levels[name], self.declared[name]
        if declared:
            return tuple(level for level in declared if level in found)
        return in_time(found) if name == self.visit else tuple(sorted(found))

    def units(self) -> dict[str, tuple[float, float]]:
        return {name: (m, usable_spread(m, float(np.sqrt(s / n)))) for name, (n, m, s) in self.sums.items()}


def lay_out_batches(formula: str, data: Batches, roles: Roles) -> tuple[Layout, PatternMoments]:
    """Take the moments of all batches.

    Parameters
    ----------
    formula, roles
        As for one table.
    data
        Tables (data frames, Arrow tables or record batches) that can be gone through twice, or a function that gives
        them anew each time it is called.

    Raises
    ------
    TypeError
        If the batches can be gone through once only.
    DataError
        If a subject comes again in another batch.
    InsufficientDataError
        If no batch has a usable row, or a visit has none.
    """
    parsed = parse_formula(formula)
    plan, n_rows, n_people = _learn(parsed, _tables(data, parsed, roles), roles)
    layout: Layout | None = None
    moments: PatternMoments | None = None
    for frame in _tables(data, parsed, roles):
        if not _usable(frame, parsed).any():
            continue
        part = lay_out(formula, frame, roles, plan)
        taken = take_moments(part)
        moments = taken if moments is None else moments + taken
        layout = _without_rows(part, layout)
    if layout is None or moments is None:
        raise InsufficientDataError("no batch has a row with the outcome and all covariates")
    return replace(layout, n_rows=n_rows, n_people=n_people), moments


def _tables(data: Batches, parsed: ParsedFormula, roles: Roles) -> Iterator[pd.DataFrame]:
    named = [roles.subject, roles.visit, roles.covariance_by, roles.weights, parsed.response, *parsed.variables]
    columns = list(dict.fromkeys(name for name in named if name is not None))
    for table in data() if callable(data) else data:
        if not isinstance(table, pd.DataFrame) and not hasattr(table, "select"):
            raise ValueError(f"a batch is a {type(table).__name__}; allowed: a DataFrame, Arrow table or record batch")
        frame = table if isinstance(table, pd.DataFrame) else table.select(columns).to_pandas()
        check_columns(frame, roles, str(parsed.response))
        yield frame[columns]


def _usable(frame: pd.DataFrame, parsed: ParsedFormula) -> Any:
    return rows_with_all(frame, [*dict.fromkeys([*parsed.variables, str(parsed.response)])])


def _learn(parsed: ParsedFormula, tables: Iterator[pd.DataFrame], roles: Roles) -> tuple[Plan, int, int]:
    """Learn the plan, and count rows and people."""
    seen, forced = _Learned(roles.visit), {roles.visit, *parsed.categorical}
    for frame in tables:
        rows = _usable(frame, parsed)
        seen.n_rows += len(frame)
        # Eight bytes a person are all that is kept to tell whether a subject comes again.
        seen.keys.append(pd.util.hash_pandas_object(frame[roles.subject].drop_duplicates(), index=False).to_numpy())
        everywhere = np.ones(len(frame), dtype=bool)
        seen.visits_named.update(dict.fromkeys(ordered_levels(frame[roles.visit], everywhere)))
        if not rows.any():
            continue
        seen.add_levels(roles.visit, frame[roles.visit], rows)
        if roles.covariance_by is not None:
            seen.add_levels(roles.covariance_by, frame[roles.covariance_by], rows)
        for name in parsed.variables:
            dtype = frame[name].dtype
            number = pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)
            if not number and name not in forced:
                refuse_disguised(frame[name], rows)
            if name in forced or not number:
                seen.add_levels(name, frame[name], rows)
            else:
                seen.add_numbers(name, frame[name].to_numpy(dtype=np.float64, na_value=np.nan)[rows])
            _note_constancy(seen, frame[rows], name, roles)
        if roles.weights is not None:
            _note_constancy(seen, frame[rows], roles.weights, roles)
        outcome = frame[str(parsed.response)].to_numpy(dtype=np.float64, na_value=np.nan)[rows]
        seen.add_numbers(str(parsed.response), outcome)
    return _plan(parsed, seen, roles), seen.n_rows, sum(map(len, seen.keys))


def _note_constancy(seen: _Learned, used: pd.DataFrame, name: str, roles: Roles) -> None:
    """Note whether a column is constant within people, which it must be in every batch."""
    if name == roles.visit or not seen.fixed.setdefault(name, True):
        return
    codes, people = pd.factorize(used[name])[0], pd.factorize(used[roles.subject])[0]
    first = np.zeros(int(people.max()) + 1, dtype=np.int64)
    first[people[::-1]] = codes[::-1]
    seen.fixed[name] = bool((codes == first[people]).all())


def _plan(parsed: ParsedFormula, seen: _Learned, roles: Roles) -> Plan:
    if roles.visit not in seen.levels:
        raise InsufficientDataError("no batch has a row with the outcome and all covariates")
    keys = np.sort(np.concatenate(seen.keys))
    again = int((keys[1:] == keys[:-1]).sum())
    if again:
        raise DataError(f"{again} subjects come again in another batch; a batch must hold whole subjects")
    declared = seen.declared[roles.visit] or tuple(seen.visits_named)
    nobody = [str(visit) for visit in declared if visit not in seen.levels[roles.visit]]
    if nobody:
        raise InsufficientDataError(
            f"nobody has the outcome {parsed.response!r} and all covariates at visit {', '.join(nobody)}"
        )
    design: Design = design_of(parsed, {name: _variable(parsed, seen, name) for name in parsed.variables})
    levels = seen.ordered(roles.covariance_by) if roles.covariance_by is not None else ("all",)
    scaling = make_scaling(design, str(parsed.response), seen.units())
    return Plan(design, seen.ordered(roles.visit), scaling, seen.fixed, levels)


def _variable(parsed: ParsedFormula, seen: _Learned, name: str) -> Variable:
    if name in seen.levels and name in seen.sums:
        raise ValueError(f"column {name!r} is a number in one batch and a category in another")
    label = f"C({name})" if name in parsed.categorical else name
    return Variable(name, label, seen.ordered(name) if name in seen.levels else None)


def _without_rows(part: Layout, so_far: Layout | None) -> Layout:
    """Keep what does not grow with the number of people."""
    before = (0, 0, 0.0) if so_far is None else (so_far.n_obs, so_far.n_subjects, so_far.half_log_weights)
    nothing = np.zeros(0, dtype=np.int64)
    return replace(
        part,
        frame=part.frame.iloc[:0],
        used=nothing,
        first_rows=nothing,
        features=part.features[:0],
        groups=nothing,
        n_obs=before[0] + part.n_obs,
        n_subjects=before[1] + part.n_subjects,
        half_log_weights=before[2] + part.half_log_weights,
    )
