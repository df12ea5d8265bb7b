"""Every headline re-stated under each assumption: one table, from the tables of the methods where they are stored."""

import dagster as dg
import numpy as np
import pandas as pd

from increase_eval.attrition.robustness import robustness_table
from increase_eval.study import Study
from pipelines.assets.anchored import CHANGES as ANCHORED
from pipelines.assets.anchored import anchored_assets
from pipelines.assets.imputation import CHANGES as IMPUTED
from pipelines.assets.imputation import STATES, drawn_scales, imputation_assets
from pipelines.assets.score_models import CHANGES as MODELLED
from pipelines.assets.score_models import CONTRASTS, model_tables_of, score_model_assets
from pipelines.hand_checks import intervals_hold_their_estimates
from pipelines.names import IMPUTED_DRAWS, has_states, score_ranges
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
    of_models = model_tables_of(study) if score_model_assets(study) else ()
    models = [name for name in (MODELLED, CONTRASTS) if name in of_models]
    states = ["states"] if has_states(study) else []
    return ("participants", *scales, *states, *models, *_imputed(study), *_anchored(study))


def _imputed(study: Study) -> list[str]:
    """Give the tables of imputations that the plan's headlines read: changes, states, and draws of their scales."""
    headlines = {one.outcome for one in study.analysis.estimands if one.headline}
    stored = {spec.key.path[-1] for asset in imputation_assets(study) for spec in asset.specs}
    draws = [f"{IMPUTED_DRAWS}{scale.id}" for _, scale in drawn_scales(study) if scale.id in headlines]
    return [name for name in (IMPUTED, STATES, *draws) if name in stored]


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
        drawn = [name for name in tables if name.startswith(IMPUTED_DRAWS)]
        draws = {name.removeprefix(IMPUTED_DRAWS): tables.pop(name) for name in drawn}
        return robustness_table(study, participants, **tables, draws=draws, ranges=score_ranges(study), rng=rng)

    return robustness
