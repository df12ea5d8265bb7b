"""Who takes part: unit, site, arm, course, dates and demographics of the people of a synthetic cohort.

Every function draws whole columns at once. Codes are those of the contract; nothing here knows a particular study.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.random import Generator

from increase_eval.study.cohort import Choice, CohortPlan
from increase_eval.study.structure import Level, Period, Unit
from increase_eval.study.study import Study


@dataclass(frozen=True, slots=True)
class Places:
    """The units that people are spread over, and the sites within each.

    Attributes
    ----------
    level, site_level
        The level whose units carry arm and attributes, and the finest level (or None).
    units
        Unit id -> unit.
    sites
        Unit id -> ids of its sites.
    """

    level: Level
    site_level: Level | None
    units: dict[str, Unit]
    sites: dict[str, tuple[str, ...]]

    @classmethod
    def of(cls, study: Study, plan: CohortPlan) -> Places:
        """Read them from the levels of a study."""
        level = next(level for level in study.head.levels if level.id == plan.unit_level)
        site_level = study.site_level
        sites: dict[str, tuple[str, ...]] = {unit.id: () for unit in level.units}
        for site in site_level.units if site_level else ():
            if site.parent in sites:
                sites[site.parent] = (*sites[site.parent], site.id)
        return cls(level, site_level, {unit.id: unit for unit in level.units}, sites)

    def attribute(self, units: pd.Series, name: str) -> pd.Series:
        """Give an attribute of the unit of each person."""
        return units.map({unit.id: unit.attributes.get(name) for unit in self.units.values()})


def draw_people(study: Study, plan: CohortPlan, units: pd.Series, rng: Generator) -> pd.DataFrame:
    """Draw the columns of people whose units are given.

    Returns
    -------
    DataFrame
        One row a person (index as ``units``): ``arm``, the unit, site, course and trainer columns, the date of entry,
        demographics; sorted as given.
    """
    places = Places.of(study, plan)
    people = pd.DataFrame(index=units.index)
    people["arm"] = units.map({unit.id: unit.arm for unit in places.units.values()})
    people[places.level.column] = units
    if places.site_level is not None:
        people[places.site_level.column] = _draw_sites(units, places, rng)
    country = places.attribute(units, "country")
    entry = _draw_entry(plan, country, study.head.periods, rng)
    people[study.head.participants.entry_date or "entry_date"] = entry
    _add_steps(people, plan, entry, rng)
    people[plan.course_column] = _courses(units, entry, plan.course_size)
    people[plan.trainer_column] = _draw_trainers(people[plan.course_column], country, plan, rng)
    people[plan.birth_year_column] = _draw_birth_year(plan, len(units), rng)
    for choice in plan.choices:
        people[choice.column] = _draw_choice(choice, units, places, rng)
    return people


def draw_units(plan: CohortPlan, allowed: set[str], count: int, rng: Generator) -> pd.Series:
    """Draw the unit of each of ``count`` people among the allowed ones, by the plan's shares."""
    shares = {unit: share for unit, share in plan.unit_shares.items() if unit in allowed}
    weights = np.array(list(shares.values())) / sum(shares.values())
    return pd.Series(np.array(list(shares), dtype=object)[rng.choice(len(shares), size=count, p=weights)])


def _draw_sites(units: pd.Series, places: Places, rng: Generator) -> np.ndarray:
    sites = np.empty(len(units), dtype=object)
    for unit, own in places.sites.items():
        here = np.flatnonzero(units == unit)
        if own:
            sites[here] = np.array(own, dtype=object)[rng.integers(len(own), size=len(here))]
    return sites


def _draw_entry(plan: CohortPlan, country: pd.Series, periods: tuple[Period, ...], rng: Generator) -> pd.Series:
    days = pd.date_range(plan.entry[0], plan.entry[1], freq="D")
    drawn = np.empty(len(country), dtype="datetime64[ns]")
    for place in country.unique():
        weights = np.ones(len(days))
        for period in periods:
            if period.where.get("country", place) == place:
                inside = (days >= pd.Timestamp(period.start)) & (days <= pd.Timestamp(period.end))
                weights[inside] = plan.lockdown_entry
        here = np.flatnonzero(country == place)
        drawn[here] = days.to_numpy()[rng.choice(len(days), size=len(here), p=weights / weights.sum())]
    return pd.Series(drawn, index=country.index)


def _add_steps(people: pd.DataFrame, plan: CohortPlan, entry: pd.Series, rng: Generator) -> None:
    """Add the date of every step of the pathway, as if everybody went all the way."""
    reached = entry
    for step in plan.funnel:
        days = rng.integers(step.days[0], step.days[1] + 1, size=len(people))
        reached = reached + pd.to_timedelta(days, unit="D")
        people[step.column] = reached


def _courses(units: pd.Series, entry: pd.Series, size: int) -> pd.Series:
    """Fill course sessions of a unit in order of entry, ``size`` people each."""
    order = entry.groupby(units.to_numpy()).rank(method="first").astype(int) - 1
    return units + "_c" + (order // size + 1).astype(str).str.zfill(3)


def _draw_trainers(courses: pd.Series, country: pd.Series, plan: CohortPlan, rng: Generator) -> pd.Series:
    """Give every course one trainer of its country: trainers are crossed with the providers of a country."""
    names = {}
    for session, place in sorted(dict(zip(courses, country, strict=True)).items()):
        known = plan.trainers.get(place, ("",))
        names[session] = known[int(rng.integers(len(known)))]
    return courses.map(names)


def _draw_birth_year(plan: CohortPlan, count: int, rng: Generator) -> np.ndarray:
    mean, sd, lowest, highest = plan.birth_year
    return np.clip(np.rint(rng.normal(mean, sd, size=count)), lowest, highest).astype(int)


def _draw_choice(choice: Choice, units: pd.Series, places: Places, rng: Generator) -> pd.Series:
    drawn = pd.Series(pd.NA, index=units.index, dtype=object)
    for unit in units.unique():
        shares = choice.by_unit.get(unit, choice.shares)
        here = np.flatnonzero(units == unit)
        attributes = places.units[unit].attributes
        if any(attributes.get(name) == value for name, value in choice.not_asked_where.items()):
            continue
        weights = np.array(list(shares.values())) / sum(shares.values())
        drawn.iloc[here] = np.array(list(shares), dtype=object)[rng.choice(len(shares), size=len(here), p=weights)]
    return drawn
