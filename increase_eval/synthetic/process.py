"""The unconditioned process: a cohort of any size whose truth is known.

Simulations use this and not the calibrated cohort: to force shares or significance would bias the truth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.random import Generator

from increase_eval.study.cohort import CohortPlan
from increase_eval.study.instruments import Scale
from increase_eval.study.study import Study
from increase_eval.synthetic.answers import ItemModel, draw_answers, item_models, shifts_of
from increase_eval.synthetic.employment import draw_states
from increase_eval.synthetic.people import Places, draw_people, draw_units
from increase_eval.synthetic.response import draw_responses
from increase_eval.synthetic.traits import add_changes, add_shocks, draw_traits

REFERENCE_SIZE = 20_000
"""People in the reference draw that fixes mean and SD of the traits at the first wave; a parameter, not data."""


@dataclass(frozen=True, slots=True)
class Cohort:
    """A cohort with everything that happened, seen or not.

    Attributes
    ----------
    people
        One row a person: arm, units, dates, demographics.
    answers
        Wave id -> codes of every item and column, one row a person, as if everybody had answered.
    answered
        One row a person, one bool column a wave.
    probability
        As ``answered``: the chance of answering (later waves: given that the first was).
    traits
        Latent traits, shape (waves, people, scales), standardised at the first wave.
    plan
        What it was drawn from.
    """

    people: pd.DataFrame
    answers: dict[str, pd.DataFrame]
    answered: pd.DataFrame
    probability: pd.DataFrame
    traits: np.ndarray
    plan: CohortPlan


def simulate_process(study: Study, plan: CohortPlan, participants: int, rng: Generator) -> Cohort:
    """Draw a cohort of people who completed the training, in the arms that are compared.

    Parameters
    ----------
    study
        Waves, scales, levels and states.
    plan
        How to draw; see :class:`~increase_eval.study.cohort.CohortPlan`.
    participants
        How many people.
    rng
        The random numbers.

    Returns
    -------
    Cohort
        With the answers of everybody, also of those who did not answer.
    """
    places = Places.of(study, plan)
    compared = {unit.id for unit in places.units.values() if unit.in_comparison and unit.arm}
    people = draw_people(study, plan, draw_units(plan, compared, participants, rng), rng)
    return answer(study, plan, people, rng)


def answer(study: Study, plan: CohortPlan, people: pd.DataFrame, rng: Generator) -> Cohort:
    """Draw traits, states, answers and responses for given people."""
    waves = study.wave_ids
    country = Places.of(study, plan).attribute(people[Places.of(study, plan).level.column], "country")
    dates = _answer_dates(plan, waves, people, study, rng)
    traits = _traits(study, plan, people, country, dates, rng)
    languages = country.map(plan.language_by_country).to_numpy(dtype=object)
    answers = {wave: pd.DataFrame(index=people.index) for wave in waves}
    for k, scale_id in enumerate(plan.traits):
        _answer_scale(study, plan, study.scale(scale_id), traits[:, :, k], languages, answers, rng)
    _answer_states(study, plan, people, traits, answers, rng)
    _answer_rest(study, plan, dates, languages, answers, rng)
    used = [list(plan.traits).index(scale) for scale in plan.response_scales]
    wellbeing = traits[:, :, used].mean(axis=2)
    wellbeing = wellbeing / wellbeing[0].std()
    answered, probability = draw_responses(
        plan.response,
        waves,
        people["arm"],
        _observed(study, plan, answers[waves[0]]),
        wellbeing,
        rng,
        possible=dates <= np.datetime64(plan.survey_end),
    )
    return Cohort(
        people,
        answers,
        pd.DataFrame(answered.T, index=people.index, columns=list(waves)),
        pd.DataFrame(probability.T, index=people.index, columns=list(waves)),
        traits,
        plan,
    )


def _answer_dates(
    plan: CohortPlan, waves: tuple[str, ...], people: pd.DataFrame, study: Study, rng: Generator
) -> np.ndarray:
    """Give the day of each answer: days after entry for the first wave, after completion for the others."""
    completed = next(step.column for step in plan.funnel if step.step == plan.completed_step)
    entry = study.head.participants.entry_date or "entry_date"
    days = np.empty((len(waves), len(people)), dtype="datetime64[D]")
    for w, wave in enumerate(waves):
        low, high = plan.elapsed_days[wave]
        elapsed = rng.integers(low, high + 1, size=len(people))
        days[w] = people[completed if w else entry].to_numpy(dtype="datetime64[D]") + elapsed
    return days


def _traits(
    study: Study, plan: CohortPlan, people: pd.DataFrame, country: pd.Series, dates: np.ndarray, rng: Generator
) -> np.ndarray:
    levels = {level.id: level.column for level in study.head.levels if level.id in plan.intraclass_correlation}
    clusters = {level: people[column] for level, column in levels.items()}
    traits = draw_traits(plan, study.wave_ids, len(people), rng, clusters=clusters, arm=people["arm"])
    mean, spread = reference_moments(plan, study.wave_ids)
    add_changes(traits, plan, study.wave_ids, people["arm"], spread)
    add_shocks(traits, plan, dates, country, study.head.periods)
    return np.asarray((traits - mean) / spread, dtype=np.float32)


def reference_moments(plan: CohortPlan, waves: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Give mean and SD of the traits at the first wave, after selection, from a reference draw with its own seed."""
    reference = draw_traits(plan, waves[:1], REFERENCE_SIZE, np.random.default_rng(plan.seed))[0]
    return reference.mean(axis=0), reference.std(axis=0)


def _answer_scale(
    study: Study,
    plan: CohortPlan,
    scale: Scale,
    trait: np.ndarray,
    languages: np.ndarray,
    answers: dict[str, pd.DataFrame],
    rng: Generator,
) -> None:
    models: tuple[ItemModel, ...] = item_models(scale, plan.traits[scale.id])
    asked = {wave: {column.name for column in study.wave_columns(wave)} for wave in study.wave_ids}
    for w, wave in enumerate(study.wave_ids):
        for model in models:
            if model.name in asked[wave]:
                shift, factor = shifts_of(plan, model.name, languages)
                answers[wave][model.name] = draw_answers(
                    model, trait[w], rng, threshold_shift=shift, loading_factor=factor
                )


def _answer_states(
    study: Study,
    plan: CohortPlan,
    people: pd.DataFrame,
    traits: np.ndarray,
    answers: dict[str, pd.DataFrame],
    rng: Generator,
) -> None:
    variable = next(variable for variable in study.head.states if variable.id == plan.employment.variable)
    driver = traits[:, :, list(plan.traits).index(plan.employment.driver)]
    states = draw_states(plan.employment, variable, study.wave_ids, people["arm"], driver, rng)
    codes = {state.id: state.code for state in variable.states}
    for w, wave in enumerate(study.wave_ids):
        answers[wave][variable.column] = pd.Series(states[w], index=people.index).map(codes)
        if plan.side_business_column is not None:
            chance = pd.Series(states[w]).map(plan.side_business).fillna(0.0).to_numpy(dtype=float)
            answers[wave][plan.side_business_column] = (rng.random(len(people)) < chance).astype(np.int8)


def _answer_rest(
    study: Study,
    plan: CohortPlan,
    dates: np.ndarray,
    languages: np.ndarray,
    answers: dict[str, pd.DataFrame],
    rng: Generator,
) -> None:
    names = np.array(list(plan.modes), dtype=object)
    shares = np.array(list(plan.modes.values()))
    for w, wave in enumerate(study.wave_ids):
        date_column = next((c.name for c in study.wave_columns(wave) if c.role == "answer_date"), None)
        if date_column is not None:
            answers[wave][date_column] = dates[w].astype("datetime64[ns]")
        answers[wave][plan.mode_column] = names[rng.choice(len(names), size=len(languages), p=shares / shares.sum())]
        answers[wave][plan.language_column] = languages


def _observed(study: Study, plan: CohortPlan, first: pd.DataFrame) -> np.ndarray:
    """Give the standardised mean of the observed scores at the first wave that dropout depends on."""
    parts = []
    for scale_id in plan.response_scales:
        scale = study.scale(scale_id)
        keyed = sum(
            (-1.0 if item in scale.reversed else 1.0) * first[item].to_numpy(dtype=np.float32) for item in scale.items
        )
        parts.append((keyed - keyed.mean()) / keyed.std())  # type: ignore[union-attr]
    score = np.mean(parts, axis=0)
    return np.asarray((score - score.mean()) / score.std())
