"""Read a table of people, and what the service counted, into one problem an arm."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.attrition.anchored.bridge import Bridge
from increase_eval.attrition.anchored.equations import ArmProblem, make_stage
from increase_eval.comparison.continuous.samples import to_floats
from increase_eval.errors import InsufficientDataError
from increase_eval.moments.levels import ordered_levels
from increase_eval.moments.tables import check_table

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]
Population = Literal["baseline", "all"]
Totals = Mapping[tuple[Any, Any], float]


@dataclass(frozen=True, slots=True)
class People:
    """A table of people, read.

    Attributes
    ----------
    outcome, baseline
        Shape (n,), NaN where missing; ``baseline`` None where there is none.
    history
        Shape (n, k): more numbers known of everybody.
    arm, category
        Shape (n,): numbers of levels, -1 where missing.
    observed, used, answered
        Shape (n,): whose outcome is used; who belongs to the population; who gave an outcome, used or not.
    arms, categories
        Levels in order; categories are those of the service.
    states
        Levels of the category's column: those of the service, or of the survey where there is a bridge.
    centre, scale
        Mean and standard deviation of the first score.
    """

    outcome: Floats
    baseline: Floats | None
    history: Floats
    arm: Ints
    category: Ints
    observed: Booleans
    used: Booleans
    answered: Booleans
    arms: tuple[Any, ...]
    categories: tuple[Any, ...]
    states: tuple[Any, ...]
    centre: float
    scale: float

    @property
    def n_dropped(self) -> int:
        """People of the population without arm, category or history; those who answered and have no first score."""
        here = (
            np.ones(len(self.used), dtype=bool) if self.baseline is None else ~np.isnan(self.baseline) | self.answered
        )
        return int((here & ~self.observed & (~self.used | self.answered)).sum())

    @property
    def tilt(self) -> Floats:
        """Give s, the outcome in standard deviations of the first score."""
        return (self.outcome - self.centre) / self.scale


def read_people(
    data: pd.DataFrame,
    *,
    outcome: str,
    arm: str,
    category: str,
    baseline: str | None,
    history: Sequence[str],
    population: Population,
    totals: Totals | None,
    bridge: Bridge | None,
    scale: tuple[float, float] | None,
) -> People:
    """Read the table.

    Raises
    ------
    ValueError
        If a column is absent or no number, a level has no total, or no scale is given where there is no first score.
    InsufficientDataError
        If nobody is left, or the first score does not vary.
    """
    check_table(data)
    columns = [outcome, arm, category, *([baseline] if baseline else []), *history]
    absent = [name for name in columns if name not in data.columns]
    if absent:
        raise ValueError(f"columns {absent} are not in the table; it has: {', '.join(map(str, data.columns))}")
    if data.empty:
        raise InsufficientDataError("the table has no rows")
    y = to_floats(data[outcome], outcome)
    answered = ~np.isnan(y)
    before = to_floats(data[baseline], baseline) if baseline else None
    more = np.column_stack([to_floats(data[name], name) for name in history]) if history else np.zeros((len(y), 0))
    arms, arm_codes = _levels(data[arm], None, arm)
    known = None if totals is None else tuple(dict.fromkeys(key[1] for key in totals))
    categories = known if bridge is None else bridge.categories
    states, codes = _levels(data[category], bridge.states if bridge is not None else categories, category)
    used = (arm_codes >= 0) & (codes >= 0) & ~np.isnan(more).any(axis=1)
    if before is not None and population == "baseline":
        used &= ~np.isnan(before)
    elif before is not None and totals is None:
        # Who answered at the end and not at the start stays among those who are stood for.
        y = np.where(np.isnan(before), np.nan, y)
    observed = used & ~np.isnan(y)
    if not used.any():
        raise InsufficientDataError("nobody has an arm, a category and what the population asks for")
    centre, spread = _scale(scale, before, used)
    own = categories if categories is not None else states
    return People(y, before, more, arm_codes, codes, observed, used, answered, arms, own, states, centre, spread)


def _levels(column: pd.Series[Any], allowed: tuple[Any, ...] | None, name: str) -> tuple[tuple[Any, ...], Ints]:
    known = column.notna().to_numpy(dtype=bool)
    if not known.any():
        raise InsufficientDataError(f"column {name!r} is missing in every row")
    levels = allowed if allowed is not None else ordered_levels(column, known)
    codes = np.full(len(column), -1, dtype=np.int64)
    codes[known] = pd.Index(list(levels), dtype=object).get_indexer(pd.Index(column[known].astype(object)))
    stray = int((codes[known] < 0).sum())
    if stray:
        listed = ", ".join(map(str, levels))
        raise ValueError(f"{stray} rows have a {name!r} that has no total and no row of the bridge; allowed: {listed}")
    return tuple(levels), codes


def _scale(scale: tuple[float, float] | None, baseline: Floats | None, used: Booleans) -> tuple[float, float]:
    if scale is not None:
        centre, spread = float(scale[0]), float(scale[1])
        if not (np.isfinite([centre, spread]).all() and spread > 0):
            raise ValueError(f"scale is {scale!r}; allowed: a mean and a standard deviation above 0")
        return centre, spread
    if baseline is None:
        raise ValueError("without a first score the dial has no unit: give scale=(mean, standard deviation)")
    values = baseline[used & ~np.isnan(baseline)]
    spread = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    if not spread > 0:
        raise InsufficientDataError("the first score does not vary, so the dial has no unit")
    return float(values.mean()), spread


def linked_problems(people: People, *, population: Population, change: bool) -> tuple[ArmProblem, ...]:
    """Make each arm's problem where the category of everybody is known, person by person."""
    return tuple(_linked(people, arm, population, change) for arm in range(len(people.arms)))


def _linked(people: People, arm: int, population: Population, change: bool) -> ArmProblem:
    mine = people.used & (people.arm == arm)
    # With a first score the last wave's stage is among those who have one.
    asked = mine if people.baseline is None else mine & ~np.isnan(people.baseline)
    seen = np.flatnonzero(mine & people.observed)
    k = len(people.categories)
    indicators = np.eye(k)[np.maximum(people.category, 0)]
    first = _columns(people, indicators, asked)
    stages = [make_stage(first[seen], first[asked].sum(axis=0), k)]
    if population == "all" and people.baseline is not None:
        stages.append(make_stage(indicators[seen], indicators[mine].sum(axis=0), k, indicators[asked].sum(axis=0)))
    size = float((mine if population == "all" else asked).sum())
    return ArmProblem(seen, _outcome(people, change)[seen], people.tilt[seen], tuple(stages), size)


def _columns(people: People, shares: Floats, asked: Booleans) -> Floats:
    """Put categories, the first score and the history side by side, the numbers centred on those asked."""
    numbers = people.history
    if people.baseline is not None:
        numbers = np.column_stack([people.baseline, numbers])
    if not asked.any() or not numbers.shape[1]:
        return np.column_stack([shares, numbers])
    centre, spread = numbers[asked].mean(axis=0), numbers[asked].std(axis=0)
    return np.column_stack([shares, (numbers - centre) / np.where(spread > 0, spread, 1.0)])


def _outcome(people: People, change: bool) -> Floats:
    if not change:
        return people.outcome
    assert people.baseline is not None
    return people.outcome - people.baseline


def counted_problems(people: People, totals: Totals, bridge: Bridge | None) -> tuple[ArmProblem, ...]:
    """Make each arm's problem where the service gives counts by arm and category, and no names.

    Raises
    ------
    ValueError
        If an arm has no total, or a total is negative or no number.
    """
    shares = np.eye(len(people.categories)) if bridge is None else bridge.matrix.to_numpy(dtype=float)
    problems = []
    for number, arm in enumerate(people.arms):
        wanted = np.array([_total(totals, arm, category) for category in people.categories])
        seen = np.flatnonzero(people.observed & (people.arm == number))
        stage = make_stage(shares[people.category[seen]], wanted, len(wanted))
        problems.append(ArmProblem(seen, people.outcome[seen], people.tilt[seen], (stage,), float(wanted.sum())))
    return tuple(problems)


def _total(totals: Totals, arm: Hashable, category: Hashable) -> float:
    if (arm, category) not in totals:
        raise ValueError(f"there is no total for {arm!s} x {category!s}")
    value = float(totals[arm, category])
    if not (np.isfinite(value) and value >= 0):
        raise ValueError(f"the total of {arm!s} x {category!s} is {value!r}; allowed: a finite number from 0")
    return value
