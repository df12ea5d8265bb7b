"""What did it cost for each person who began, completed, or reached an outcome?

A ratio of two complete counts has no sampling interval. The cost of a sustained outcome is different: how many
sustained it is estimated from those who answered, and its interval follows from that of the share.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
import pandas as pd

from increase_eval.claims.money.prices import AS_SPENT, Prices
from increase_eval.comparison.categorical.proportions import proportion_interval
from increase_eval.results import estimate_table
from increase_eval.study.structure import Level
from increase_eval.study.study import Study

ALL, ARMS = "all", "arms"
"""``by_arm`` of everybody, and of the arms together where some units have none."""
COMPLETE = "costs over a complete count of the service; no sampling interval"
ESTIMATED = "costs over completions times the share that sustained the outcome, with Wilson's interval of that share"
NO_PRICES = "no price index or exchange rate"
NOBODY = "nobody reached it"
NO_COSTS = "costs of some units are not known"
TOTAL, PER_PERSON = "total", "cost per person"


@dataclass(frozen=True, slots=True)
class _Group:
    """Units whose costs and counts are taken together: one unit, those of an arm, or all of them."""

    arm: str
    unit: str
    units: tuple[str, ...]
    currency: str


def unit_costs(
    study: Study,
    costs: pd.DataFrame,
    counts: pd.DataFrame,
    states: pd.DataFrame | None = None,
    participants: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Say what each person cost who reached a step or an outcome, and who sustained one.

    Parameters
    ----------
    study
        The contract: units and their arms, steps, ``value_for_money``.
    costs
        unit, amount, currency, price_year: as stored.
    counts
        ``service_statistics``: unit, month, step, count.
    states, participants
        Tables of these names, for sustained outcomes; None leaves these out.

    Returns
    -------
    DataFrame
        An estimate table: ``outcome="unit_cost"``, ``term`` the step or ``sustained``, ``contrast`` ``total`` or
        ``cost per person``, ``by_arm`` (an arm; ``all`` units; ``arms``: those that have one, where some have none),
        ``by_<column of the level>`` (``all`` for groups of units), ``by_currency``,
        ``by_price_year`` (a year, or ``as spent``: amounts of several years added up). ``n`` counts the people of the
        step; for sustained outcomes those whose states are known.

    Raises
    ------
    ValueError
        If the study has no service statistics or no plan for value for money.

    Notes
    -----
    A unit that has no costs, or money without a declared rate or index, gives rows with a ``status`` and no number.
    Sustained: not in work at the first wave, in work at each of the last two. Those who answered all three stand for
    all who completed; the report says so beside the number.
    """
    plan, services = study.analysis.value_for_money, study.services
    if plan is None or services is None:
        raise ValueError(f"study {study.id!r} needs service statistics and `value_for_money` in analysis.yaml")
    prices = Prices.of(plan, services.exchange_rates)
    steps = [step.id for step in services.steps]
    sustained = _sustained(study, states, participants) if states is not None and participants is not None else {}
    by_unit = f"by_{_level(study).column}"
    rows: list[dict[str, Any]] = []
    for group in _groups(study, costs):
        served = counts[counts["unit"].isin(group.units)]
        reached = served.groupby("step")["count"].sum()
        for year in (None, plan.price_year):
            about = {
                "by_arm": group.arm,
                by_unit: group.unit,
                "by_currency": group.currency,
                "by_price_year": AS_SPENT if year is None else str(year),
            }
            spent, gap = _spent(costs, served, group, prices, year)
            people = {step: int(reached.get(step, 0)) for step in steps}
            rows += [about | row for row in _complete(spent, people, gap)]
            if group.unit == ALL and group.arm in sustained:
                completed = people.get(_last_step(study) or "", 0)
                held = sustained[group.arm]
                rows.append(about | _per_sustained(spent, completed, held, study.analysis.confidence, gap))
    return estimate_table(rows, outcome="unit_cost")


def _spent(
    costs: pd.DataFrame, served: pd.DataFrame, group: _Group, prices: Prices, year: int | None
) -> tuple[float, str | None]:
    """Add up what a group cost; or say why that is not known."""
    own = costs[costs["unit"].isin(group.units)]
    if set(served.loc[served["count"] > 0, "unit"]) - set(own["unit"]):
        return nan, NO_COSTS
    total = prices.total(own, currency=group.currency, price_year=year)
    return total, NO_PRICES if np.isnan(total) else None


def _level(study: Study) -> Level:
    """Give the level whose units the service counts by."""
    return next(one for one in study.head.levels if study.services is not None and one.id == study.services.level)


def _groups(study: Study, costs: pd.DataFrame) -> Iterator[_Group]:
    """Give all units together, those of arms, arm by arm, unit by unit; a group that pays in one currency keeps it."""
    plan = study.analysis.value_for_money
    arms = {unit.id: unit.arm or ALL for unit in _level(study).units}
    known = tuple(arms)
    served = tuple(unit for unit in known if arms[unit] != ALL)
    members = {ALL: known} | ({ARMS: served} if len(served) < len(known) and len(study.arm_ids) > 1 else {})
    members |= {arm: tuple(unit for unit in known if arms[unit] == arm) for arm in study.arm_ids}
    groups = [(arm, ALL, units) for arm, units in members.items()] + [(arms[unit], unit, (unit,)) for unit in known]
    for arm, unit, units in groups:
        paid = costs.loc[costs["unit"].isin(units), "currency"].unique()
        if units:
            yield _Group(arm, unit, units, str(paid[0]) if len(paid) == 1 or plan is None else plan.currency)


def _complete(spent: float, people: Mapping[str, int], unknown: str | None) -> Iterator[dict[str, Any]]:
    first = next(iter(people.values()), 0)
    yield {"term": TOTAL, "contrast": TOTAL, "estimate": spent, "n": first, "method": COMPLETE, "status": unknown}
    for step, count in people.items():
        each = spent / count if count else nan
        status = unknown or (None if count else NOBODY)
        row = {"term": step, "contrast": PER_PERSON, "estimate": each, "n": count, "method": COMPLETE}
        yield row | {"status": status}


def _last_step(study: Study) -> str | None:
    """Give the step whose people the last wave asks."""
    return study.head.waves[-1].among_step


def _sustained(study: Study, states: pd.DataFrame, participants: pd.DataFrame) -> dict[str, tuple[int, int]]:
    """Count by arm who sustained work, and of how many that is known."""
    plan = study.analysis.value_for_money
    variable = next((v for v in study.head.states if plan is not None and v.id == plan.sustained), None)
    if variable is None or len(study.wave_ids) < 3:
        return {}
    working = {state.id for state in variable.states if state.in_work}
    own = states[states["variable"] == variable.id].dropna(subset="state")
    needed = [study.wave_ids[0], *study.wave_ids[-2:]]
    by_wave = {wave: own[own["wave"] == wave].set_index("participant")["state"] for wave in needed}
    known = pd.DataFrame(by_wave).dropna()
    in_work = known.isin(working)
    held = ~in_work[needed[0]] & in_work[needed[1]] & in_work[needed[2]]
    arms = participants.set_index("participant")["arm"].reindex(held.index)
    by_arm = {arm: held[(arms == arm).fillna(False).to_numpy(dtype=bool)] for arm in study.arm_ids}
    every = held[arms.notna().to_numpy(dtype=bool)]
    return {arm: (int(own.sum()), len(own)) for arm, own in {ALL: every, ARMS: every, **by_arm}.items()}


def _per_sustained(
    spent: float, completed: int, known: tuple[int, int], confidence: float, unknown: str | None
) -> dict[str, Any]:
    held, n = known
    row: dict[str, Any] = {"term": "sustained", "contrast": PER_PERSON, "n": n, "method": ESTIMATED}
    if unknown is not None:
        return row | {"status": unknown}
    if not n or not held or not completed:
        return row | {"status": NOBODY}
    interval = proportion_interval(held, n, confidence=confidence)
    share, low, high = held / n, interval.conf_low, interval.conf_high
    costs = [spent / (completed * one) for one in (share, high, low)]
    return row | dict(zip(("estimate", "conf_low", "conf_high"), costs, strict=True))
