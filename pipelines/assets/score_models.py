"""What models say of the scores: means, changes, comparisons between arms, what they hang on, and clustering."""

import dagster as dg
import pandas as pd

from increase_eval.comparison.score_models import score_model_tables, score_sensitivity, variance_component_table
from increase_eval.study import Study
from pipelines.checks import Check
from pipelines.hand_checks import intervals_hold_their_estimates
from pipelines.model_checks import adjusted_are_not_smaller, every_row_says_what_was_done, means_are_in_range
from pipelines.names import score_ranges
from pipelines.progress import step, working
from pipelines.table_assets import Results, asset_ins, checked_tables, table_asset, table_out

MEANS, CHANGES, CONTRASTS = "score_means", "score_changes", "score_contrasts"
SENSITIVITY, COMPONENTS = "score_sensitivity", "variance_components"


def score_model_assets(study: Study) -> list[dg.AssetsDefinition]:
    """Build what the study's scales, arms, waves and levels can carry."""
    if not study.scales:
        return []
    contrasts = [_sensitivity(study)] if study.analysis.contrasts else []
    levels = [_components(study)] if study.head.levels else []
    return [_models(study), *contrasts, *levels]


def model_tables_of(study: Study) -> dict[str, str]:
    """Give the tables that the models of a study fill, each with what stands in a row."""
    grains = {MEANS: "One row per scale, wave, arm and model: the mean at the first wave's participants."}
    if "repeated" in study.capabilities:
        grains[CHANGES] = "One row per scale, pair of waves, arm, model and unit: how far the mean changed."
    if study.analysis.contrasts:
        grains[CONTRASTS] = (
            "One row per scale, declared contrast, wave, model, unit and adjustment: how changes differ."
        )
    return grains


def _models(study: Study) -> dg.AssetsDefinition:
    grains = model_tables_of(study)
    checks = [check for name in grains for check in _checks(name)]
    checks += [means_are_in_range(score_ranges(study)), *([adjusted_are_not_smaller()] if CONTRASTS in grains else [])]

    @dg.multi_asset(
        name=f"{study.id}__score_models",
        ins=asset_ins(study, ("scores", "participants")),
        outs={name: table_out(study, name, grain) for name, grain in grains.items()},
        check_specs=[check.spec(study.id) for check in checks],
    )
    def models(scores: pd.DataFrame, participants: pd.DataFrame) -> Results:
        with step("score_models"):
            with working("score_models"):
                made = score_model_tables(study, scores, participants)
            tables = {MEANS: made.means, CHANGES: made.changes, CONTRASTS: made.contrasts}
            yield from checked_tables(study, {name: tables[name] for name in grains}, checks)

    return models


def _sensitivity(study: Study) -> dg.AssetsDefinition:
    @table_asset(study, SENSITIVITY, inputs=("scores", "participants"), checks=_checks(SENSITIVITY))
    def sensitivity(scores: pd.DataFrame, participants: pd.DataFrame) -> pd.DataFrame:
        """One row per outcome, contrast, wave and analysis: complete cases, clustered errors, without each unit."""
        return score_sensitivity(study, scores, participants)

    return sensitivity


def _components(study: Study) -> dg.AssetsDefinition:
    @table_asset(study, COMPONENTS, inputs=("scores", "participants"), checks=_checks(COMPONENTS))
    def components(scores: pd.DataFrame, participants: pd.DataFrame) -> pd.DataFrame:
        """One row per scale, level, wave or change and term: intraclass correlation, design effect, clusters."""
        return variance_component_table(study, scores, participants)

    return components


def _checks(name: str) -> list[Check]:
    return [intervals_hold_their_estimates(name), every_row_says_what_was_done(name)]
