"""From items to scores, and how they agree with those that others delivered."""

import dagster as dg
import pandas as pd

from increase_eval.scoring import compare_with_shipped, score_waves
from increase_eval.study import Study
from pipelines.assets.reliability import reliability_assets
from pipelines.hand_checks import scores_are_in_range, scores_have_a_status, shipped_scores_agree
from pipelines.lineage import score_lineage
from pipelines.names import by_wave, score_ranges, wave_tables
from pipelines.table_assets import table_asset


def scoring_assets(study: Study) -> list[dg.AssetsDefinition]:
    """Build the layer; a study without scales has none."""
    if not study.scales:
        return []
    has_shipped = any(scale.shipped_score for scale in study.scales)
    return [_scores(study), *([_agreement(study)] if has_shipped else []), *reliability_assets(study)]


def _scores(study: Study) -> dg.AssetsDefinition:
    @table_asset(
        study,
        "scores",
        inputs=wave_tables(study),
        checks=[scores_are_in_range(score_ranges(study)), scores_have_a_status()],
        metadata=score_lineage(study),
    )
    def scores(**waves: pd.DataFrame) -> pd.DataFrame:
        """One row per participant, wave and scale: the score, how many items it rests on, or why there is none."""
        return score_waves(study, by_wave(study, waves))

    return scores


def _agreement(study: Study) -> dg.AssetsDefinition:
    @table_asset(study, "scoring_agreement", inputs=("scores", *wave_tables(study)), checks=[shipped_scores_agree()])
    def agreement(scores: pd.DataFrame, **waves: pd.DataFrame) -> pd.DataFrame:
        """One row per scale that the files also deliver: in how many rows both scores are the same."""
        return compare_with_shipped(study, by_wave(study, waves), scores)

    return agreement
