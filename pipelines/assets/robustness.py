"""Every headline re-stated under each assumption: one table, from the tables of the methods where they are stored."""

import dagster as dg
import numpy as np
import pandas as pd

from increase_eval.attrition.robustness import robustness_table
from increase_eval.study import Study
from pipelines.assets.anchored import CHANGES as ANCHORED
from pipelines.assets.anchored import anchored_assets
from pipelines.assets.score_models import CHANGES as MODELLED
from pipelines.assets.score_models import model_tables_of, score_model_assets
from pipelines.hand_checks import intervals_hold_their_estimates
from pipelines.names import has_states, score_ranges
from pipelines.robustness_checks import every_headline_is_stated, numbers_only_where_estimated
from pipelines.table_assets import table_asset

NAME = "robustness"
STREAM = 5
"""Which of the study's random streams it draws from: no other table shares it."""


def robustness_assets(study: Study) -> list[dg.AssetsDefinition]:
    """Build the layer where the plan has headlines of later waves, and the files hold those who left too."""
    later = [one for one in study.analysis.estimands if one.headline and one.wave != study.wave_ids[0]]
    can = "repeated" in study.capabilities and study.head.participants.coverage == "everybody"
    return [_robustness(study)] if later and can else []


def _inputs(study: Study) -> tuple[str, ...]:
    """Give the tables it rests on, those that the study has."""
    scales = ["scores"] if study.scales else []
    models = [MODELLED] if score_model_assets(study) and MODELLED in model_tables_of(study) else []
    return ("participants", *scales, *(["states"] if has_states(study) else []), *models, *_anchored(study))


def _anchored(study: Study) -> list[str]:
    return [ANCHORED] if anchored_assets(study) else []


def _robustness(study: Study) -> dg.AssetsDefinition:
    checks = [
        numbers_only_where_estimated(NAME),
        intervals_hold_their_estimates(NAME),
        every_headline_is_stated(study),
    ]

    @table_asset(study, NAME, inputs=_inputs(study), checks=checks)
    def robustness(participants: pd.DataFrame, **tables: pd.DataFrame) -> pd.DataFrame:
        """One row per headline, wave, arm and method: what it says under the method's assumption."""
        rng = np.random.default_rng([study.analysis.seed, STREAM])
        return robustness_table(study, participants, **tables, ranges=score_ranges(study), rng=rng)

    return robustness
