"""Employment (or any state variable) as a Markov chain over the waves that a trait drives."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.random import Generator
from scipy.special import expit, logit

from increase_eval.study.cohort import EmploymentPlan
from increase_eval.study.structure import StateVariable


def draw_states(
    plan: EmploymentPlan,
    variable: StateVariable,
    waves: tuple[str, ...],
    arm: pd.Series,
    driver: np.ndarray,
    rng: Generator,
) -> np.ndarray:
    """Draw the state of each person at each wave.

    Parameters
    ----------
    plan
        Initial shares and transition probabilities.
    variable
        The state variable with its states.
    waves
        Wave ids in order.
    arm
        The arm of each person.
    driver
        Standardised trait at each wave, shape (waves, people).
    rng
        The random numbers.

    Returns
    -------
    ndarray
        State ids, shape (waves, people), object.
    """
    names = np.array([state.id for state in variable.states], dtype=object)
    in_work = np.array([state.in_work for state in variable.states])
    position = {state.id: s for s, state in enumerate(variable.states)}
    shares = np.array([plan.initial.get(name, 0.0) for name in names])
    states = np.empty((len(waves), len(arm)), dtype=np.int8)
    states[0] = rng.choice(len(names), size=len(arm), p=shares / shares.sum())
    for w in range(1, len(waves)):
        previous = states[w - 1]
        current = previous.copy()
        draw = rng.random(len(arm))
        working = in_work[previous]
        entered = np.zeros(len(arm))
        for state in plan.into[waves[w]][str(next(iter(plan.into[waves[w]])))]:
            chance = _chance(plan, waves[w], state, arm, driver[w - 1])
            moves = ~working & (draw >= entered) & (draw < entered + chance)
            current[moves] = position[state]
            entered = entered + chance
        leaving = working & (draw < plan.out_of_work)
        current[leaving] = rng.choice(np.flatnonzero(~in_work), size=int(leaving.sum()))
        other = ~working & (draw >= entered) & (draw < entered + plan.other_change)
        current[other] = rng.choice(np.flatnonzero(~in_work), size=int(other.sum()))
        states[w] = current
    return names[states]


def _chance(plan: EmploymentPlan, wave: str, state: str, arm: pd.Series, driver: np.ndarray) -> np.ndarray:
    """Give each person's probability of entering a state of work since the wave before."""
    base = arm.map({name: chances.get(state, 0.0) for name, chances in plan.into[wave].items()}).fillna(0.0)
    probability = np.clip(base.to_numpy(dtype=float), 1e-9, 1 - 1e-9)
    return np.asarray(expit(logit(probability) + plan.slope * driver))
