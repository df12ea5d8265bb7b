"""Work out a published figure again from the stored tables, by the recipe that the contract gives for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import nan

import pandas as pd

from increase_eval.comparison import proportion_interval
from increase_eval.errors import ContractError
from increase_eval.study.claims import Recipe
from increase_eval.study.structure import Level, Unit
from increase_eval.study.study import Study

PERCENT = 100.0


@dataclass(frozen=True, slots=True)
class Recomputed:
    """A figure worked out again.

    Attributes
    ----------
    estimate
        In the unit of the published figure: a count, percent, or an amount of money.
    n
        The denominator of a share; the count itself for a count; the rows of costs for an amount.
    conf_low, conf_high
        A Wilson 95 % interval where the figure is a share among survey respondents; missing for a complete count.
    """

    estimate: float
    n: int
    conf_low: float = nan
    conf_high: float = nan


Tables = Mapping[str, pd.DataFrame]


def recompute(recipe: Recipe, study: Study, tables: Tables) -> Recomputed:
    """Work out one figure; see :class:`~increase_eval.study.claims.Recipe` for the kinds."""
    return _KINDS[recipe.kind](recipe, study, tables)


def _units(recipe: Recipe, study: Study, _: Tables) -> Recomputed:
    return _count(sum(_matches(unit, recipe.where) for unit in _level(study, recipe.level).units))


def _pathway_steps(_: Recipe, study: Study, __: Tables) -> Recomputed:
    steps = study.services.steps if study.services is not None else ()
    return _count(sum(step.kind == "funnel" for step in steps))


def _arms(_: Recipe, study: Study, __: Tables) -> Recomputed:
    return _count(len(study.arm_ids))


def _target(recipe: Recipe, study: Study, _: Tables) -> Recomputed:
    return _count(_target_value(study, recipe.target))


def _service_count(recipe: Recipe, study: Study, tables: Tables) -> Recomputed:
    return _count(_served(recipe, recipe.steps, study, tables))


def _service_share(recipe: Recipe, study: Study, tables: Tables) -> Recomputed:
    among = _served(recipe, (recipe.among or "",), study, tables)
    return _share(_served(recipe, recipe.steps, study, tables), among)


def _target_share(recipe: Recipe, study: Study, tables: Tables) -> Recomputed:
    return _share(_served(recipe, recipe.steps, study, tables), _target_value(study, recipe.target))


def _cost_total(recipe: Recipe, study: Study, tables: Tables) -> Recomputed:
    costs = tables["costs"]
    worth = costs["currency"].map({name: _worth(name, recipe.currency, study) for name in costs["currency"].unique()})
    return Recomputed(float((costs["amount"] * worth).sum()), len(costs))


def _participants_share(recipe: Recipe, study: Study, tables: Tables) -> Recomputed:
    people = tables["participants"]
    if recipe.unit is not None:
        people = people[people[_level(study, recipe.level).column] == recipe.unit]
    answers = people[recipe.column or ""].dropna()
    return _share(int(answers.isin(recipe.codes).sum()), len(answers))


def _response_rate(recipe: Recipe, study: Study, tables: Tables) -> Recomputed:
    return _share(len(_respondents(recipe.wave, tables)), _served(recipe, (recipe.among or "",), study, tables))


def _arm_share(recipe: Recipe, _: Study, tables: Tables) -> Recomputed:
    respondents = _respondents(recipe.wave, tables)
    return _share(int((respondents["arm"] == recipe.arm).sum()), len(respondents), sampled=True)


def _state_moved(recipe: Recipe, study: Study, tables: Tables) -> Recomputed:
    pairs = _state_pairs(recipe, tables)
    variable = next(variable for variable in study.head.states if variable.id == recipe.variable)
    working = [state.id for state in variable.states if state.in_work]
    idle = ~pairs["before"].isin(working)
    moved = idle & pairs["after"].isin(recipe.states)
    among = int(idle.sum()) if recipe.out_of_work_only else len(pairs)
    return _share(int(moved.sum()), among, sampled=True)


def _state_unchanged(recipe: Recipe, _: Study, tables: Tables) -> Recomputed:
    pairs = _state_pairs(recipe, tables)
    return _share(int((pairs["before"] == pairs["after"]).sum()), len(pairs), sampled=True)


_KINDS: dict[str, Callable[[Recipe, Study, Tables], Recomputed]] = {
    "units": _units,
    "pathway_steps": _pathway_steps,
    "arms": _arms,
    "target": _target,
    "service_count": _service_count,
    "service_share": _service_share,
    "target_share": _target_share,
    "cost_total": _cost_total,
    "participants_share": _participants_share,
    "response_rate": _response_rate,
    "arm_share": _arm_share,
    "state_moved": _state_moved,
    "state_unchanged": _state_unchanged,
}


def _level(study: Study, level_id: str | None) -> Level:
    for level in study.head.levels:
        if level.id == level_id:
            return level
    raise ContractError(f"published.yaml names level {level_id!r}; study {study.id!r} has no such level")


def _matches(unit: Unit, where: Mapping[str, str]) -> bool:
    return all(unit.attributes.get(name) == value for name, value in where.items())


def _target_value(study: Study, target_id: str | None) -> int:
    for target in study.services.targets if study.services is not None else ():
        if target.id == target_id:
            return target.value
    raise ContractError(f"published.yaml names target {target_id!r}; service_statistics.yaml has no such target")


def _worth(currency: str, wanted: str | None, study: Study) -> float:
    """Give what one unit of a currency is worth in the wanted one, by the rates that the contract declares."""
    if currency == wanted:
        return 1.0
    for rate in study.services.exchange_rates if study.services is not None else ():
        if (rate.currency, rate.per) == (wanted, currency):
            return rate.rate
        if (rate.currency, rate.per) == (currency, wanted):
            return 1.0 / rate.rate
    raise ContractError(f"published.yaml wants {currency} in {wanted}; service_statistics.yaml has no such rate")


def _served(recipe: Recipe, steps: tuple[str, ...], study: Study, tables: Tables) -> int:
    """Add up the service's counts of some steps, until a date, in the units with some attributes."""
    counts = tables["service_statistics"]
    counts = counts[counts["step"].isin(steps)]
    if recipe.until is not None:
        counts = counts[counts["month"] <= pd.Timestamp(recipe.until)]
    if recipe.where and study.services is not None:
        level = _level(study, study.services.level)
        counts = counts[counts["unit"].isin([unit.id for unit in level.units if _matches(unit, recipe.where)])]
    return int(counts["count"].sum())


def _respondents(wave: str | None, tables: Tables) -> pd.DataFrame:
    responses = tables["responses"]
    answered = responses[(responses["wave"] == wave) & responses["responded"]]
    return answered.merge(tables["participants"][["participant", "arm"]], on="participant", validate="one_to_one")


def _state_pairs(recipe: Recipe, tables: Tables) -> pd.DataFrame:
    """Give the states before and after of everybody who gave both, in the arm asked for."""
    states = tables["states"]
    states = states[states["variable"] == recipe.variable].dropna(subset=["state"])
    before, after = (
        states.loc[states["wave"] == wave, ["participant", "state"]] for wave in (recipe.since, recipe.wave)
    )
    pairs = before.merge(after, on="participant", validate="one_to_one").rename(
        columns={"state_x": "before", "state_y": "after"}
    )
    pairs = pairs.merge(tables["participants"][["participant", "arm"]], on="participant", validate="one_to_one")
    return pairs if recipe.arm is None else pairs[pairs["arm"] == recipe.arm]


def _count(value: int) -> Recomputed:
    return Recomputed(float(value), int(value))


def _share(part: int, whole: int, *, sampled: bool = False) -> Recomputed:
    if whole == 0:
        return Recomputed(nan, 0)
    if not sampled:
        return Recomputed(PERCENT * part / whole, whole)
    interval = proportion_interval(part, whole)
    return Recomputed(PERCENT * part / whole, whole, PERCENT * interval.conf_low, PERCENT * interval.conf_high)
