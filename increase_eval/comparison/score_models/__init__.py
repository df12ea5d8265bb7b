"""Scores by arm and wave from models: means, changes, comparisons of changes, and what they hang on."""

from increase_eval.comparison.score_models.families import adjust_families
from increase_eval.comparison.score_models.models import ScaleModel, fit_scale_model
from increase_eval.comparison.score_models.rows import ScaleRows, scale_rows
from increase_eval.comparison.score_models.sensitivity import score_sensitivity
from increase_eval.comparison.score_models.tables import ScoreTables, score_model_tables
from increase_eval.comparison.score_models.variance_components import (
    ClusterCorrelation,
    cluster_correlation,
    variance_component_table,
)

__all__ = [
    "ClusterCorrelation",
    "ScaleModel",
    "ScaleRows",
    "ScoreTables",
    "adjust_families",
    "cluster_correlation",
    "fit_scale_model",
    "scale_rows",
    "score_model_tables",
    "score_sensitivity",
    "variance_component_table",
]
