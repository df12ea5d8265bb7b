"""The client register around the respondents: everybody the service knows, how far they came, and what became of them.

Counts that are published hold exactly: they decide how many people are drawn into each cell (unit, furthest step,
outcome, before or after an earlier date), and the process decides who.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.random import Generator

from increase_eval.errors import InsufficientDataError
from increase_eval.study.cohort import CohortPlan, ServiceOutcome
from increase_eval.study.study import Study
from increase_eval.synthetic.people import Places, draw_people
from increase_eval.synthetic.process import Cohort

WORK_IS_RECORDED = 0.9
"""Chance that the service recorded the outcome of a respondent who had moved into work; documented, not published."""


def build_register(study: Study, plan: CohortPlan, cohort: Cohort, rng: Generator) -> pd.DataFrame:
    """Put the respondents among all clients of the service.

    Parameters
    ----------
    study, plan
        The study and how its cohort is drawn.
    cohort
        The respondents of the first wave; their rows come first and keep their order.
    rng
        The random numbers.

    Returns
    -------
    DataFrame
        One row a client, the columns of the participants' table, ``furthest`` (the last step reached) and
        ``is_respondent``. Steps not reached have no date.
    """
    places = Places.of(study, plan)
    quotas = _quotas(plan, cohort.people[places.level.column])
    others = _draw_others(study, plan, quotas, cohort, rng)
    clients = pd.concat([cohort.people.assign(furthest=plan.completed_step, is_respondent=True), others])
    clients = clients.reset_index(drop=True)
    _join_courses(clients, plan, places.level.column, study.head.participants.entry_date or "entry_date")
    _send_on(clients, plan, rng)
    _blank_steps(clients, plan)
    _fix_choices(clients, plan, places, rng)
    _add_outcomes(clients, study, plan, cohort, places, rng)
    return clients


def _quotas(plan: CohortPlan, respondents: pd.Series) -> pd.DataFrame:
    """Give how many people of each unit stop at each step, beside the respondents; rows unit, columns step."""
    order = [step.step for step in plan.funnel]
    reached = {step.step: apportion(plan.unit_shares, step.count) for step in plan.funnel}
    last = order.index(plan.completed_step)
    table = pd.DataFrame({step: reached[step] for step in order[: last + 1]})
    stops = table - table.shift(-1, axis=1).fillna(0)
    stops[plan.completed_step] -= respondents.value_counts().reindex(stops.index).fillna(0)
    if (stops < 0).any().any():
        raise InsufficientDataError("the shares of the units leave fewer completers than there are respondents")
    return stops.astype(int)


def apportion(shares: dict[str, float], count: int) -> pd.Series:
    """Split a count by shares, largest remainders first, so that the parts add up."""
    exact = pd.Series(shares) / sum(shares.values()) * count
    parts = np.floor(exact)
    rest = int(count - parts.sum())
    parts[(exact - parts).sort_values(ascending=False, kind="stable").index[:rest]] += 1
    return pd.Series(parts.astype(int))


def _draw_others(study: Study, plan: CohortPlan, quotas: pd.DataFrame, cohort: Cohort, rng: Generator) -> pd.DataFrame:
    """Draw the clients who are no respondents, with the completions by earlier dates that are published."""
    step = next(step for step in plan.funnel if step.step == plan.completed_step)
    drawn = []
    for furthest in quotas.columns:
        units = pd.Series(np.repeat(quotas.index.to_numpy(dtype=object), quotas[furthest]))
        people = draw_people(study, plan, units, rng)
        if furthest == plan.completed_step and step.by_date:
            people = _with_completions(study, plan, people, cohort, rng)
        drawn.append(people.assign(furthest=furthest, is_respondent=False))
    return pd.concat(drawn)


def _with_completions(
    study: Study, plan: CohortPlan, people: pd.DataFrame, cohort: Cohort, rng: Generator
) -> pd.DataFrame:
    """Keep, of repeated draws of the same units, as many early and late completions as the counts ask for."""
    step = next(step for step in plan.funnel if step.step == plan.completed_step)
    day, wanted = next(iter(step.by_date.items()))
    limit = pd.Timestamp(day)
    units = people[Places.of(study, plan).level.column].reset_index(drop=True)
    early_wanted = wanted - int((cohort.people[step.column] <= limit).sum())
    is_early = np.zeros(len(units), dtype=bool)
    is_early[rng.choice(len(units), size=early_wanted, replace=False)] = True
    kept = people.reset_index(drop=True)
    wrong = (kept[step.column] <= limit).to_numpy() != is_early
    for _ in range(200):
        if not wrong.any():
            return kept
        again = draw_people(study, plan, units[wrong].reset_index(drop=True), rng).set_index(np.flatnonzero(wrong))
        kept.loc[again.index] = again
        wrong = (kept[step.column] <= limit).to_numpy() != is_early
    raise InsufficientDataError(f"the dates of entry leave too few completions on one side of {day}")


def _join_courses(clients: pd.DataFrame, plan: CohortPlan, unit: str, entry: str) -> None:
    """Put the other clients into the course of the respondent of their unit who entered nearest to them, in place."""
    respondents = clients[clients["is_respondent"]].sort_values(entry, kind="stable")
    others = clients[~clients["is_respondent"] & clients[unit].isin(respondents[unit])].sort_values(
        entry, kind="stable"
    )
    session = [plan.course_column, plan.trainer_column]
    nearest = pd.merge_asof(
        others[[entry, unit]].assign(row=others.index),
        respondents[[entry, unit, *session]],
        on=entry,
        by=unit,
        direction="nearest",
    ).set_index("row")
    clients.loc[nearest.index, session] = nearest[session]


def _send_on(clients: pd.DataFrame, plan: CohortPlan, rng: Generator) -> None:
    """Let some completers go on to the steps after it, as many as the funnel counts."""
    order = [step.step for step in plan.funnel]
    members = np.flatnonzero(clients["furthest"] == plan.completed_step)
    for step in plan.funnel[order.index(plan.completed_step) + 1 :]:
        members = rng.choice(members, size=step.count, replace=False)
        clients.loc[members, "furthest"] = step.step


def _blank_steps(clients: pd.DataFrame, plan: CohortPlan) -> None:
    order = [step.step for step in plan.funnel]
    position = clients["furthest"].map({step: s for s, step in enumerate(order)})
    for s, step in enumerate(plan.funnel):
        clients.loc[position < s, step.column] = pd.NaT


def _fix_choices(clients: pd.DataFrame, plan: CohortPlan, places: Places, rng: Generator) -> None:
    """Give every column of choices its declared shares exactly, within each unit and furthest step."""
    for choice in plan.choices:
        values = clients[choice.column].astype(object).copy()
        for (unit, _), group in clients.groupby([places.level.column, "furthest"], sort=True):
            if group[choice.column].isna().all():
                continue
            shares = choice.by_unit.get(str(unit), choice.shares)
            parts = apportion({str(code): share for code, share in shares.items()}, len(group))
            codes = [code for code, part in zip(shares, parts, strict=True) for _ in range(part)]
            values.loc[group.index] = rng.permutation(np.array(codes, dtype=object))
        clients[choice.column] = values


def _add_outcomes(
    clients: pd.DataFrame, study: Study, plan: CohortPlan, cohort: Cohort, places: Places, rng: Generator
) -> None:
    """Give each outcome its people and dates; nobody has two, as the published shares add up."""
    started = next(step.column for step in plan.funnel if step.step == plan.started_step)
    country = places.attribute(clients[places.level.column], "country")
    free = clients[started].notna().to_numpy(copy=True)
    likely = _recorded_work(study, plan, cohort, len(clients), rng)
    for outcome in plan.outcomes:
        clients[outcome.column] = pd.Series(pd.NaT, index=clients.index, dtype="datetime64[ns]")
        for place, first, last, count in _outcome_cells(outcome, plan, sorted(country.unique())):
            latest_start = np.datetime64(last) - np.timedelta64(14, "D")
            could = free & (clients[started].to_numpy() < latest_start)
            could &= (country == place).to_numpy() if place else True
            weights = np.where(likely == outcome.step, 50.0, np.where(likely == "", 1.0, 1e-6))[could]
            members = rng.choice(np.flatnonzero(could), size=count, replace=False, p=weights / weights.sum())
            earliest = np.maximum(
                clients[started].to_numpy(dtype="datetime64[D]")[members] + 7, np.datetime64(first, "D") + 1
            )
            room = (np.datetime64(last, "D") - earliest).astype(int)
            days = earliest + np.floor(rng.random(count) * (room + 1)).astype(int)
            clients.loc[members, outcome.column] = days.astype("datetime64[ns]")
            free[members] = False


def _outcome_cells(
    outcome: ServiceOutcome, plan: CohortPlan, countries: list[str]
) -> list[tuple[str, pd.Timestamp, pd.Timestamp, int]]:
    """Split an outcome's count into (country or any, after, until, count)."""
    begin, end = pd.Timestamp(plan.entry[0]), pd.Timestamp(plan.service_end)
    if not outcome.by_date:
        return [("", begin, end, outcome.count)]
    day, by_country = next(iter(outcome.by_date.items()))
    middle = pd.Timestamp(day)
    cells = [(place, begin, middle, by_country[place]) for place in countries if place in by_country]
    return [*cells, ("", middle, end, outcome.count - sum(by_country.values()))]


def _recorded_work(study: Study, plan: CohortPlan, cohort: Cohort, count: int, rng: Generator) -> np.ndarray:
    """Say which outcome the service probably recorded for each client: what respondents had become, else nothing."""
    variable = next(variable for variable in study.head.states if variable.id == plan.employment.variable)
    into = list(plan.employment.into[study.wave_ids[-1]][next(iter(plan.employment.into[study.wave_ids[-1]]))])
    codes = {state.id: state.code for state in variable.states}
    first, last = (cohort.answers[wave][variable.column] for wave in (study.wave_ids[0], study.wave_ids[-1]))
    likely = np.full(count, "", dtype=object)
    for name, step in zip(into, plan.recorded_as, strict=True):
        became = ((last == codes[name]) & (first != codes[name])).to_numpy() & (
            rng.random(len(last)) < WORK_IS_RECORDED
        )
        likely[: len(last)][became] = step
    return likely
