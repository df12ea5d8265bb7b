"""What stands beside a gain: regression to the mean, the calendar, and what a predictor goes with."""

import dagster as dg
import pandas as pd

from increase_eval.comparison.predictor.tables import (
    cross_lagged_table,
    indirect_table,
    predicted_scales,
    prediction_table,
    predictors_of,
)
from increase_eval.comparison.without_control import calendar_table, regression_to_mean_table
from increase_eval.study import Study
from pipelines.hand_checks import intervals_hold_their_estimates
from pipelines.names import by_wave, has_states, wave_tables
from pipelines.table_assets import table_asset


def understanding_assets(study: Study) -> list[dg.AssetsDefinition]:
    """Build what the study has reference means, dated answers, or predictors for."""
    able = study.capabilities
    if not {"scales", "repeated"} <= able:
        return []
    means = [_regression(study)] if study.analysis.reference_means else []
    predicted = [_lagged(study)] if predictors_of(study) and predicted_scales(study) else []
    moves = [_predictions(study), _indirect(study)] if predicted and has_states(study) and "items" in able else []
    return [*means, _calendar(study), *predicted, *moves]


def _regression(study: Study) -> dg.AssetsDefinition:
    @table_asset(study, "regression_to_mean", inputs=("score_means", "score_changes", "retest"))
    def regression(score_means: pd.DataFrame, score_changes: pd.DataFrame, retest: pd.DataFrame) -> pd.DataFrame:
        """One row per scale, wave, arm, reference mean and reading of entry: the gain expected without a programme."""
        return regression_to_mean_table(study, score_means, score_changes, retest)

    return regression


def _calendar(study: Study) -> dg.AssetsDefinition:
    name = "calendar_comparison"
    inputs = ("scores", "participants", "score_changes", *wave_tables(study))

    @table_asset(study, name, inputs=inputs, checks=[intervals_hold_their_estimates(name)])
    def calendar(
        scores: pd.DataFrame, participants: pd.DataFrame, score_changes: pd.DataFrame, **waves: pd.DataFrame
    ) -> pd.DataFrame:
        """One row per scale, later wave and term: later answers beside first answers of the same months."""
        return calendar_table(study, scores, participants, by_wave(study, waves), score_changes)

    return calendar


def _predictions(study: Study) -> dg.AssetsDefinition:
    name = "predictions"
    inputs = ("scores", "states", "participants", "reliability")

    @table_asset(study, name, inputs=inputs, checks=[intervals_hold_their_estimates(name)])
    def predictions(
        scores: pd.DataFrame, states: pd.DataFrame, participants: pd.DataFrame, reliability: pd.DataFrame
    ) -> pd.DataFrame:
        """One row per predictor, state variable, wave and term: who moves into work, as measured and without error."""
        return prediction_table(study, scores, states, participants, reliability)

    return predictions


def _lagged(study: Study) -> dg.AssetsDefinition:
    name = "cross_lagged"

    @table_asset(study, name, inputs=("scores",), checks=[intervals_hold_their_estimates(name)])
    def lagged(scores: pd.DataFrame) -> pd.DataFrame:
        """One row per predictor, outcome and path: which goes before which within persons, and between them."""
        return cross_lagged_table(study, scores)

    return lagged


def _indirect(study: Study) -> dg.AssetsDefinition:
    name = "indirect_effects"

    @table_asset(
        study, name, inputs=("scores", "states", "participants"), checks=[intervals_hold_their_estimates(name)]
    )
    def indirect(scores: pd.DataFrame, states: pd.DataFrame, participants: pd.DataFrame) -> pd.DataFrame:
        """One row per predictor, outcome and term: the way by work, and what unmeasured cause would undo it."""
        return indirect_table(study, scores, states, participants)

    return indirect
