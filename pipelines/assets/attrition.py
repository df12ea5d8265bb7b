"""Who left: response flow, patterns of waves, and retention against the score at baseline."""

import dagster as dg
import pandas as pd

from increase_eval.attrition import response_flow, retention_by_baseline, unresolved_links
from increase_eval.study import Study
from pipelines.assets.leavers import leaver_assets
from pipelines.checks import Check
from pipelines.hand_checks import (
    intervals_hold_their_estimates,
    patterns_add_up,
    retained_and_lost_make_enrolled,
    shares_are_shares,
)
from pipelines.names import group_levels, grouped_by, with_site
from pipelines.progress import step, working
from pipelines.table_assets import Results, asset_ins, checked_tables, table_asset, table_out

FLOW_TABLES = {
    "response_flow": "One row per wave, denominator and group: the share that answered, with its Wilson interval.",
    "response_patterns": "One row per pattern of waves and group: how many have it, patterns with nobody included.",
    "response_counts": "One row per wave and group: enrolled, retained, lost, and which of the lost came back.",
}


def attrition_assets(study: Study) -> list[dg.AssetsDefinition]:
    """Build the layer; retention by baseline score needs scales and a second wave."""
    unresolved = [_unresolved(study)] if "complete_list" in study.capabilities else []
    retention = [_retention(study)] if {"scales", "repeated"} <= study.capabilities else []
    return [_flow(study), *unresolved, *retention, *leaver_assets(study)]


def _flow(study: Study) -> dg.AssetsDefinition:
    checks: list[Check] = [
        shares_are_shares("response_flow"),
        intervals_hold_their_estimates("response_flow"),
        patterns_add_up(),
        retained_and_lost_make_enrolled(),
    ]

    @dg.multi_asset(
        name=f"{study.id}__response_flow",
        ins=asset_ins(study, ("participants", "responses")),
        outs={name: table_out(study, name, description) for name, description in FLOW_TABLES.items()},
        check_specs=[check.spec(study.id) for check in checks],
    )
    def flow(participants: pd.DataFrame, responses: pd.DataFrame) -> Results:
        with step("response_flow"):
            with working("response_flow"):
                result = response_flow(
                    responses,
                    with_site(study, participants),
                    waves=study.wave_ids,
                    by=grouped_by(study),
                    levels=group_levels(study),
                    bases=flow_bases(study),
                    confidence=study.analysis.confidence,
                )
            frames = {
                "response_flow": result.to_frame(),
                "response_patterns": result.patterns,
                "response_counts": result.counts,
            }
            beside = {"participants": participants, "responses": responses}
            yield from checked_tables(study, frames, checks, beside=beside)

    return flow


def flow_bases(study: Study) -> dict[str, str]:
    """Give the step whose people the survey asks as a denominator: its id -> the participants' column with its date."""
    step = study.surveyed_step
    return {} if step is None or step.register_column is None else {step.id: step.register_column}


def _unresolved(study: Study) -> dg.AssetsDefinition:
    name = "unresolved_links"
    checks = [shares_are_shares(name), intervals_hold_their_estimates(name)]

    @table_asset(study, name, inputs=("participants", "responses", "unresolved_rows"), checks=checks)
    def unresolved(participants: pd.DataFrame, responses: pd.DataFrame, unresolved_rows: pd.DataFrame) -> pd.DataFrame:
        """One row per reading of the rows under unknown keys, wave and denominator: the share that answered."""
        return unresolved_links(
            responses,
            unresolved_rows,
            waves=study.wave_ids,
            participants=participants,
            bases=flow_bases(study),
            confidence=study.analysis.confidence,
        )

    return unresolved


def _retention(study: Study) -> dg.AssetsDefinition:
    name = "retention_by_baseline"

    @table_asset(
        study,
        name,
        inputs=("scores", "responses"),
        checks=[shares_are_shares(name), intervals_hold_their_estimates(name)],
    )
    def retention(scores: pd.DataFrame, responses: pd.DataFrame) -> pd.DataFrame:
        """One row per scale, group of baseline scores and later wave: the share that answered that wave."""
        return retention_by_baseline(
            scores,
            responses,
            waves=study.wave_ids,
            scales=scales_at_baseline(study),
            confidence=study.analysis.confidence,
        )

    return retention


def scales_at_baseline(study: Study) -> tuple[str, ...]:
    """Give the scales that the first wave asks."""
    return tuple(scale.id for scale in study.scales if study.wave_ids[0] in study.scale_waves(scale))
