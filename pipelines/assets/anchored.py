"""What everybody may have scored, anchored on what the service recorded of them, and what two dials do to contrasts."""

import dagster as dg
import pandas as pd

from increase_eval.attrition.anchored.tables import anchored_tables
from increase_eval.study import Study
from pipelines.checks import Check
from pipelines.hand_checks import intervals_hold_their_estimates
from pipelines.names import has_states, score_ranges
from pipelines.progress import step, working
from pipelines.robustness_checks import anchored_levels_are_in_range, numbers_only_where_estimated
from pipelines.table_assets import Results, asset_ins, checked_tables, table_out

CHANGES, CONTRASTS = "anchored_changes", "anchored_contrasts"
GRAINS = {
    CHANGES: "One row per scale, wave, arm (or all) and dial: the mean of its people and its change, by outcomes.",
    CONTRASTS: "One row per scale, wave, pair of arms and pair of dials, and the distance that changes a verdict.",
}


def anchored_assets(study: Study) -> list[dg.AssetsDefinition]:
    """Build the layer where the service's outcomes are known person by person, and scores of two waves."""
    is_linked = study.services is not None and any(
        one.kind == "outcome" and one.register_column for one in study.services.steps
    )
    return [_anchored(study)] if is_linked and {"scales", "repeated"} <= study.capabilities else []


def _anchored(study: Study) -> dg.AssetsDefinition:
    checks: list[Check] = [
        *(numbers_only_where_estimated(name) for name in GRAINS),
        *(intervals_hold_their_estimates(name) for name in GRAINS),
        anchored_levels_are_in_range(score_ranges(study)),
    ]

    @dg.multi_asset(
        name=f"{study.id}__anchored",
        ins=asset_ins(study, ("scores", "participants", "responses", *(["states"] if has_states(study) else []))),
        outs={name: table_out(study, name, grain) for name, grain in GRAINS.items()},
        check_specs=[check.spec(study.id) for check in checks],
    )
    def anchored(**tables: pd.DataFrame) -> Results:
        with step("anchored"):
            with working("anchored"):
                made = anchored_tables(study, **tables)
            yield from checked_tables(study, {CHANGES: made.changes, CONTRASTS: made.contrasts}, checks)

    return anchored
