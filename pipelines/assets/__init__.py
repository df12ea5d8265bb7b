"""The assets of a study, one module a layer; the one registry in which each layer gets its group."""

from collections.abc import Callable

import dagster as dg

from increase_eval.study import Study
from pipelines.assets.anchored import anchored_assets
from pipelines.assets.attrition import attrition_assets
from pipelines.assets.claims import claims_assets
from pipelines.assets.comparison import comparison_assets
from pipelines.assets.imputation import imputation_assets
from pipelines.assets.intake import intake_assets
from pipelines.assets.report import report_assets
from pipelines.assets.robustness import robustness_assets
from pipelines.assets.scoring import scoring_assets

LAYERS: dict[str, Callable[[Study], list[dg.AssetsDefinition]]] = {
    "intake": intake_assets,
    "scoring": scoring_assets,
    "attrition": lambda study: [
        *attrition_assets(study),
        *imputation_assets(study),
        *anchored_assets(study),
        *robustness_assets(study),
    ],
    "comparison": comparison_assets,
    "claims": claims_assets,
    "report": report_assets,
}
"""Group -> what builds its assets for one study. A layer leaves out what the study's contract cannot carry."""


def study_assets(study: Study) -> list[dg.AssetsDefinition]:
    """Build every asset that the contract of a study can carry, each in its group."""
    return [
        asset.map_asset_specs(lambda spec, group=group: spec.replace_attributes(group_name=group))
        for group, build in LAYERS.items()
        for asset in build(study)
    ]
