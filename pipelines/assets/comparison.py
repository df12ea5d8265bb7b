"""How arms and waves compare: who takes part, scores, states and moves between them, and what models say."""

import dagster as dg
import pandas as pd

from increase_eval.comparison import (
    baseline_characteristics,
    collapse_transitions,
    score_distribution,
    state_shares,
    state_transitions,
    summarise_scores,
)
from increase_eval.reporting.told_moves import work_groups
from increase_eval.study import Study
from pipelines.assets.arms import arm_assets
from pipelines.assets.score_models import score_model_assets
from pipelines.assets.understanding import understanding_assets
from pipelines.hand_checks import intervals_hold_their_estimates, shares_are_shares
from pipelines.names import group_levels, grouped_by, has_states, score_ranges, with_site
from pipelines.table_assets import table_asset


def comparison_assets(study: Study) -> list[dg.AssetsDefinition]:
    """Build the layer, without what the study has no scales, states or second wave for."""
    scales = [_score_summary(study), _score_distribution(study)] if study.scales else []
    states = [_state_shares(study)] if has_states(study) else []
    moves = [_state_transitions(study)] if has_states(study) and "repeated" in study.capabilities else []
    moves += [_moves_by_arm(study)] if moves and work_groups(study) else []
    people = [_baseline(study)] if demographic_columns(study) else []
    models = [*score_model_assets(study), *arm_assets(study), *understanding_assets(study)]
    return [*people, *scales, *states, *moves, *models]


def _baseline(study: Study) -> dg.AssetsDefinition:
    name = "baseline_characteristics"

    inputs, checks = ("participants", "responses", "missing_reasons"), [intervals_hold_their_estimates(name)]

    @table_asset(study, name, inputs=inputs, checks=checks)
    def baseline(participants: pd.DataFrame, responses: pd.DataFrame, missing_reasons: pd.DataFrame) -> pd.DataFrame:
        """One row per characteristic and group: who is enrolled, and who of them answered each wave."""
        return baseline_characteristics(
            with_site(study, participants),
            columns=demographic_columns(study),
            categorical=demographic_columns(study, only_categories=True),
            responses=responses,
            waves=study.wave_ids,
            levels={"arm": study.arm_ids},
            missing_reasons=missing_reasons,
            confidence=study.analysis.confidence,
        )

    return baseline


def _score_summary(study: Study) -> dg.AssetsDefinition:
    name = "score_summary"

    @table_asset(study, name, inputs=("scores", "participants"), checks=[intervals_hold_their_estimates(name)])
    def summary(scores: pd.DataFrame, participants: pd.DataFrame) -> pd.DataFrame:
        """One row per scale, wave, group and statistic: mean and standard deviation with their intervals."""
        return summarise_scores(
            scores,
            with_site(study, participants),
            waves=study.wave_ids,
            scales=[scale.id for scale in study.scales],
            by=grouped_by(study),
            levels=group_levels(study),
            confidence=study.analysis.confidence,
        )

    return summary


def _score_distribution(study: Study) -> dg.AssetsDefinition:
    @table_asset(study, "score_distribution", inputs=("scores", "participants"))
    def distribution(scores: pd.DataFrame, participants: pd.DataFrame) -> pd.DataFrame:
        """One row per scale, wave and bin: how many scores lie in it, empty bins included."""
        return score_distribution(
            scores,
            participants,
            waves=study.wave_ids,
            scales=[scale.id for scale in study.scales],
            ranges=score_ranges(study),
        )

    return distribution


def _state_shares(study: Study) -> dg.AssetsDefinition:
    name = "state_shares"

    @table_asset(
        study,
        name,
        inputs=("states", "participants"),
        checks=[shares_are_shares(name), intervals_hold_their_estimates(name)],
    )
    def shares(states: pd.DataFrame, participants: pd.DataFrame) -> pd.DataFrame:
        """One row per state variable, wave, group and state: the share in it, with its Wilson interval."""
        return state_shares(
            states,
            with_site(study, participants),
            waves=study.wave_ids,
            variables=state_ids(study),
            by=grouped_by(study),
            levels=group_levels(study),
            confidence=study.analysis.confidence,
        )

    return shares


def _state_transitions(study: Study) -> dg.AssetsDefinition:
    name = "state_transitions"

    @table_asset(
        study,
        name,
        inputs=("states", "participants"),
        checks=[shares_are_shares(name), intervals_hold_their_estimates(name)],
    )
    def transitions(states: pd.DataFrame, participants: pd.DataFrame) -> pd.DataFrame:
        """One row per pair of waves, state left, state reached and group: the share that moved."""
        return state_transitions(
            states,
            participants,
            waves=study.wave_ids,
            variables=state_ids(study),
            levels={"arm": study.arm_ids},
            confidence=study.analysis.confidence,
        )

    return transitions


def _moves_by_arm(study: Study) -> dg.AssetsDefinition:
    name = "moves_by_arm"
    checks = [shares_are_shares(name), intervals_hold_their_estimates(name)]

    @table_asset(study, name, inputs=("state_transitions",), checks=checks)
    def moves_by_arm(state_transitions: pd.DataFrame) -> pd.DataFrame:
        """One row per pair of waves, group and being in work or out of it before and after: the share that moved."""
        groups, confidence = work_groups(study), study.analysis.confidence
        return collapse_transitions(state_transitions, groups=groups, confidence=confidence)

    return moves_by_arm


def demographic_columns(study: Study, *, only_categories: bool = False) -> tuple[str, ...]:
    """Give the columns of participants that describe them, in the contract's order.

    Numbers with labels are codes of categories: their mean would mean nothing, or tell a share that nobody protects.
    """
    numbers, categories = ("integer", "number"), ("category", "boolean")
    return tuple(
        column.name
        for column in study.participant_columns
        if column.role == "demographic"
        and (column.type in categories or (column.type in numbers and (not only_categories or bool(column.values))))
    )


def state_ids(study: Study) -> dict[str, tuple[str, ...]]:
    """Give each state variable with its states in order."""
    return {variable.id: tuple(state.id for state in variable.states) for variable in study.head.states}
