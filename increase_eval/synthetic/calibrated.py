"""The calibrated cohort: the process conditioned on published counts, never edited afterwards.

People are drawn from the unconditioned process and kept or passed over until the counts hold. Within what the counts
fix (how many answer each wave in each arm, and how many of them had moved into work) everybody is as the process drew
them: who falls into a cell is exchangeable, so sampling a cell from the pool is sampling from the conditional
distribution. The table of cells itself is drawn given its margins by a Metropolis walk over 2 x 2 switches (Diaconis &
Sturmfels 1998, doi:10.1214/aos/1030563990).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from increase_eval.errors import InsufficientDataError
from increase_eval.study.cohort import CohortPlan
from increase_eval.study.study import Study
from increase_eval.synthetic.process import Cohort, simulate_process

POOL_FACTOR = 40
"""People drawn from the process for each who is kept; doubled while a cell has too few."""

SWITCHES = 4_000
"""Steps of the walk over tables with given margins."""

ABSENT, STAYED = 0, 1


@dataclass(frozen=True, slots=True)
class ArmCounts:
    """The published counts of one arm.

    Attributes
    ----------
    first
        Respondents to the first wave.
    second, third
        Category -> people, for the second wave (absent, stayed, moved, other change) and the third (absent, stayed,
        into employment, into self-employment); both add up to ``first``.
    """

    first: int
    second: tuple[int, ...]
    third: tuple[int, ...]


def simulate_calibrated(study: Study, plan: CohortPlan, counts: dict[str, ArmCounts], rng: Generator) -> Cohort:
    """Draw the respondents of the first wave so that the published counts of every arm hold.

    Raises
    ------
    InsufficientDataError
        If a cell that the counts need does not occur in the process.
    """
    completed = next(step.count for step in plan.funnel if step.step == plan.completed_step)
    size = POOL_FACTOR * sum(arm.first for arm in counts.values())
    for _ in range(4):
        # The pool stands for `completed` people many times over, so its course sessions are as many times larger.
        session = max(2, round(plan.course_size * size / completed))
        pool = simulate_process(study, plan.model_copy(update={"course_size": session}), size, rng)
        chosen = _choose(study, plan, pool, counts, rng)
        if chosen is not None:
            return keep(pool, chosen)
        size *= 2
    raise InsufficientDataError(
        "the process hardly ever draws people whom the published counts need: "
        "its transition probabilities and the counts contradict each other"
    )


def keep(cohort: Cohort, rows: np.ndarray) -> Cohort:
    """Keep some people of a cohort, in the order given."""
    return Cohort(
        cohort.people.iloc[rows].reset_index(drop=True),
        {wave: answers.iloc[rows].reset_index(drop=True) for wave, answers in cohort.answers.items()},
        cohort.answered.iloc[rows].reset_index(drop=True),
        cohort.probability.iloc[rows].reset_index(drop=True),
        cohort.traits[:, rows],
        cohort.plan,
    )


def categories(study: Study, plan: CohortPlan, cohort: Cohort) -> tuple[np.ndarray, np.ndarray]:
    """Give each person's category at the second and at the third wave, as :class:`ArmCounts` orders them."""
    first, second, third = study.wave_ids[:3]
    variable = next(variable for variable in study.head.states if variable.id == plan.employment.variable)
    working = {state.code for state in variable.states if state.in_work}
    entered = list(plan.employment.into[third][next(iter(plan.employment.into[third]))])
    codes = {state.id: state.code for state in variable.states}
    state = {wave: cohort.answers[wave][variable.column] for wave in (first, second, third)}
    idle = ~state[first].isin(working)
    moved = idle & state[second].isin(working)
    changed = (state[second] != state[first]) & ~moved
    at_second = np.where(moved, 2, np.where(changed, 3, STAYED))
    at_third = np.full(len(idle), STAYED)
    for position, name in enumerate(entered, start=2):
        at_third[(idle & (state[third] == codes[name])).to_numpy()] = position
    at_second[~cohort.answered[second].to_numpy()] = ABSENT
    at_third[~cohort.answered[third].to_numpy()] = ABSENT
    return at_second, at_third


def _choose(
    study: Study, plan: CohortPlan, pool: Cohort, counts: dict[str, ArmCounts], rng: Generator
) -> np.ndarray | None:
    at_second, at_third = categories(study, plan, pool)
    answered = pool.answered[study.wave_ids[0]].to_numpy()
    chosen = []
    for arm, wanted in counts.items():
        here = answered & (pool.people["arm"] == arm).to_numpy()
        seen = np.zeros((len(wanted.second), len(wanted.third)), dtype=int)
        np.add.at(seen, (at_second[here], at_third[here]), 1)
        table = _draw_table(seen, np.array(wanted.second), np.array(wanted.third), rng)
        if table is None or (table > seen).any():
            return None
        for cell in zip(*np.nonzero(table), strict=True):
            members = np.flatnonzero(here & (at_second == cell[0]) & (at_third == cell[1]))
            chosen.append(rng.choice(members, size=int(table[cell]), replace=False))
    return np.sort(np.concatenate(chosen))


def _draw_table(seen: np.ndarray, rows: np.ndarray, columns: np.ndarray, rng: Generator) -> np.ndarray | None:
    """Draw a table with given margins, with probability proportional to that of a multinomial with the seen shares."""
    allowed = seen > 0
    table = _start(rows.copy(), columns.copy(), allowed, seen)
    if table is None:
        return None
    log_share = np.where(allowed, np.log(np.maximum(seen, 1) / seen.sum()), -np.inf)
    for _ in range(SWITCHES):
        i, j = rng.choice(len(rows), size=2, replace=False)
        k, m = rng.choice(len(columns), size=2, replace=False)
        if table[i, m] == 0 or table[j, k] == 0 or not (allowed[i, k] and allowed[j, m]):
            continue
        gain = log_share[i, k] + log_share[j, m] - log_share[i, m] - log_share[j, k]
        odds = np.log(table[i, m]) + np.log(table[j, k]) - np.log(table[i, k] + 1) - np.log(table[j, m] + 1)
        if np.log(rng.random()) < gain + odds:
            table[[i, j], [k, m]] += 1
            table[[i, j], [m, k]] -= 1
    return table


def _start(rows: np.ndarray, columns: np.ndarray, allowed: np.ndarray, seen: np.ndarray) -> np.ndarray | None:
    """Find any table with the margins that uses allowed cells only, scarce cells first."""
    table = np.zeros_like(seen)
    order = sorted(zip(*np.nonzero(allowed), strict=True), key=lambda cell: seen[cell])
    scarce_rows = np.argsort(allowed.sum(axis=1))
    for i in scarce_rows:
        for cell in [cell for cell in order if cell[0] == i][::-1]:
            take = min(rows[cell[0]], columns[cell[1]])
            table[cell] += take
            rows[cell[0]] -= take
            columns[cell[1]] -= take
    return table if not rows.any() and not columns.any() else None
