"""The arms side by side: adjusted contrasts, moves into work, satisfaction, balance, and the providers one by one."""

import dagster as dg
import pandas as pd

from increase_eval.comparison.arms import (
    ArmOutcome,
    ArmPlan,
    adjusted_contrasts,
    arm_balance,
    days_since,
    exchangeability,
    propensity_overlap,
    provider_ranks,
    satisfaction_contrasts,
    with_language,
    without_each_provider,
    work_contrasts,
)
from increase_eval.study import Study
from increase_eval.study.structure import Level
from pipelines.hand_checks import intervals_hold_their_estimates
from pipelines.names import has_states, score_ranges, wave_table, wave_tables
from pipelines.table_assets import table_asset


def arm_assets(study: Study) -> list[dg.AssetsDefinition]:
    """Build what the study's arms, outcomes, scales, states and levels can carry."""
    if len(study.arm_ids) < 2:
        return []
    outcomes = [_adjusted(study)] if arm_outcomes(study) else []
    work = [_work(study)] if work_states(study) else []
    satisfied = [_satisfaction(study)] if satisfaction_outcomes(study) else []
    alike = [_balance(study), _overlap(study)] if study.analysis.covariates or baseline_scales(study) else []
    units = [make(study) for make in (_ranks, _exchangeable, _without)] if outcomes and allocation_level(study) else []
    return [*outcomes, *work, *satisfied, *alike, *units]


def _adjusted(study: Study) -> dg.AssetsDefinition:
    name, tables = "adjusted_contrasts", outcome_tables(study)

    inputs = (*tables, "participants", *answering_weights(study))

    @table_asset(study, name, inputs=inputs, checks=[intervals_hold_their_estimates(name)])
    def adjusted(
        participants: pd.DataFrame,
        scores: pd.DataFrame | None = None,
        states: pd.DataFrame | None = None,
        response_weights: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """One row per outcome, wave, way of adjusting, and arm (its mean) or pair of arms (their difference)."""
        return adjusted_contrasts(
            scores,
            states,
            participants,
            outcomes=arm_outcomes(study),
            plan=arm_plan(study),
            response_weights=response_weights,
        )

    return adjusted


def _work(study: Study) -> dg.AssetsDefinition:
    name, head = "work_contrasts", study.head.participants
    dates = wave_tables(study) if head.completion_date is not None else ()
    checks = [intervals_hold_their_estimates(name)]

    @table_asset(study, name, inputs=("states", "participants", *dates), checks=checks)
    def work(states: pd.DataFrame, participants: pd.DataFrame, **waves: pd.DataFrame) -> pd.DataFrame:
        """One row per pair of waves, reading, way of adjusting, and arm (share in work) or pair of arms."""
        answered = {wave: waves[wave_table(wave)] for wave in study.wave_ids if wave_table(wave) in waves}
        return work_contrasts(
            states,
            participants,
            variables=work_states(study),
            waves=study.wave_ids,
            plan=arm_plan(study),
            since_completion=days_since(participants, head.completion_date, answered, dates_of_answers(study)),
        )

    return work


def _satisfaction(study: Study) -> dg.AssetsDefinition:
    name = "satisfaction_contrasts"

    inputs = ("scores", "participants", *answering_weights(study))

    @table_asset(study, name, inputs=inputs, checks=[intervals_hold_their_estimates(name)])
    def satisfaction(
        scores: pd.DataFrame, participants: pd.DataFrame, response_weights: pd.DataFrame | None = None
    ) -> pd.DataFrame:
        """One row per scale of satisfaction, wave, and arm (share at the ceiling) or pair of arms (order, odds)."""
        return satisfaction_contrasts(
            scores,
            participants,
            outcomes=satisfaction_outcomes(study),
            highest={scale: high for scale, (_, high) in score_ranges(study).items()},
            plan=arm_plan(study),
            response_weights=response_weights,
        )

    return satisfaction


def _balance(study: Study) -> dg.AssetsDefinition:
    @table_asset(study, "arm_balance", inputs=_alike_inputs(study))
    def balance(
        participants: pd.DataFrame, responses: pd.DataFrame, scores: pd.DataFrame | None = None, **first: pd.DataFrame
    ) -> pd.DataFrame:
        """One row per wave, column, pair of arms (or arm and everybody) and weight: the standardised difference."""
        people = with_language(participants, first.get(wave_table(study.wave_ids[0])), language_column(study))
        return arm_balance(
            scores,
            people,
            responses,
            scales=baseline_scales(study),
            waves=study.wave_ids,
            plan=arm_plan(study),
            also=places_and_language(study),
        )

    return balance


def _overlap(study: Study) -> dg.AssetsDefinition:
    @table_asset(study, "propensity_overlap", inputs=_alike_inputs(study))
    def overlap(
        participants: pd.DataFrame, responses: pd.DataFrame, scores: pd.DataFrame | None = None, **first: pd.DataFrame
    ) -> pd.DataFrame:
        """One row per wave, arm and quantile of a probability of an arm, and per weight what it leaves of the arm."""
        people = with_language(participants, first.get(wave_table(study.wave_ids[0])), language_column(study))
        return propensity_overlap(
            scores,
            people,
            responses,
            scales=baseline_scales(study),
            waves=study.wave_ids,
            plan=arm_plan(study),
            also=places_and_language(study),
        )

    return overlap


def _ranks(study: Study) -> dg.AssetsDefinition:
    @table_asset(study, "provider_ranks", inputs=(*outcome_tables(study), "participants"))
    def ranks(
        participants: pd.DataFrame, scores: pd.DataFrame | None = None, states: pd.DataFrame | None = None
    ) -> pd.DataFrame:
        """One row per outcome, wave and unit that arms were allocated to: estimate, shrunken estimate, its ranks."""
        return provider_ranks(scores, states, participants, outcomes=arm_outcomes(study), plan=arm_plan(study))

    return ranks


def _exchangeable(study: Study) -> dg.AssetsDefinition:
    @table_asset(study, "exchangeability", inputs=(*outcome_tables(study), "participants"))
    def exchangeable(
        participants: pd.DataFrame, scores: pd.DataFrame | None = None, states: pd.DataFrame | None = None
    ) -> pd.DataFrame:
        """One row per outcome, wave and comparison: the check of exchangeability, and its smallest p value."""
        return exchangeability(scores, states, participants, outcomes=arm_outcomes(study), plan=arm_plan(study))

    return exchangeable


def _without(study: Study) -> dg.AssetsDefinition:
    @table_asset(study, "leave_one_provider_out", inputs=(*outcome_tables(study), "participants"))
    def without(
        participants: pd.DataFrame, scores: pd.DataFrame | None = None, states: pd.DataFrame | None = None
    ) -> pd.DataFrame:
        """One row per outcome, wave, pair of arms and unit that is left out: the standardised difference without it."""
        return without_each_provider(scores, states, participants, outcomes=arm_outcomes(study), plan=arm_plan(study))

    return without


def answering_weights(study: Study) -> tuple[str, ...]:
    """Give the table of response weights, where the files hold those who left too."""
    return ("response_weights",) if study.head.participants.coverage == "everybody" else ()


def arm_plan(study: Study) -> ArmPlan:
    """Say how arms are compared: the plan's covariates, and the levels that people and arms belong to."""
    unit, site = allocation_level(study), study.site_level
    return ArmPlan(
        arms=study.arm_ids,
        covariates=study.analysis.covariates,
        categorical=frozenset(column.name for column in study.participant_columns if column.values),
        site=None if site is None else site.column,
        unit=None if unit is None else unit.column,
        confidence=study.analysis.confidence,
        seed=study.analysis.seed,
    )


def arm_outcomes(study: Study) -> tuple[ArmOutcome, ...]:
    """Give what the declared estimands are about, each once."""
    counted = {variable.id: variable.counted for variable in study.head.states}
    less = {scale.id for scale in study.scales if scale.direction == "lower_is_better"}
    found = [
        ArmOutcome(one.outcome, one.wave, one.since, counted.get(one.outcome, ()), lower_is_better=one.outcome in less)
        for one in study.analysis.estimands
    ]
    return tuple(dict.fromkeys(found))


def outcome_tables(study: Study) -> tuple[str, ...]:
    """Give the tables that the outcomes are read from."""
    outcomes = arm_outcomes(study)
    scores = ("scores",) if any(not one.states for one in outcomes) else ()
    return (*scores, *(("states",) if any(one.states for one in outcomes) else ()))


def work_states(study: Study) -> dict[str, tuple[str, ...]]:
    """Give the state variables in which somebody can be in work, with those states."""
    if not has_states(study):
        return {}
    every = {v.id: tuple(state.id for state in v.states if state.in_work) for v in study.head.states}
    return {variable: states for variable, states in every.items() if states}


def satisfaction_outcomes(study: Study) -> tuple[ArmOutcome, ...]:
    """Give the scales of satisfaction with the waves that ask them: none of them is a change."""
    scales = [scale for scale in study.scales if scale.role == "satisfaction"]
    return tuple(ArmOutcome(scale.id, wave) for scale in scales for wave in study.scale_waves(scale))


def baseline_scales(study: Study) -> tuple[str, ...]:
    """Give the scales of outcomes that the first wave asks."""
    first = study.wave_ids[0]
    return tuple(s.id for s in study.scales if s.role == "outcome" and first in study.scale_waves(s))


def allocation_level(study: Study) -> Level | None:
    """Give the level whose units arms were allocated to, where there is one."""
    name = study.head.participants.arm.level
    return next((level for level in study.head.levels if level.id == name), None)


def places_and_language(study: Study) -> tuple[str, ...]:
    """Give columns that tell where people are and what they speak, which arms may not share."""
    level, head = allocation_level(study), study.head.participants
    attributes = {key for unit in level.units for key in unit.attributes} if level is not None else set()
    language = language_column(study)
    names = (*sorted(attributes), *([head.country] if head.country else []), *([language] if language else []))
    return tuple(dict.fromkeys(names))


def language_column(study: Study) -> str | None:
    """Give the column of the first wave with the language of the questionnaire."""
    columns = study.wave_columns(study.wave_ids[0])
    return next((column.name for column in columns if column.role == "language"), None)


def dates_of_answers(study: Study) -> dict[str, str]:
    """Give the column of each wave with the date of the answer."""
    found = {}
    for wave in study.wave_ids:
        name = next((column.name for column in study.wave_columns(wave) if column.role == "answer_date"), None)
        if name is not None:
            found[wave] = name
    return found


def _alike_inputs(study: Study) -> tuple[str, ...]:
    scores = ("scores",) if study.scales else ()
    first = (wave_table(study.wave_ids[0]),) if language_column(study) else ()
    return (*scores, "participants", "responses", *first)
