"""What those who left may have scored: changes under each assumption, tipping points, and draws of what is missing."""

import dagster as dg
import numpy as np
import pandas as pd

from increase_eval.attrition.imputed_scales import (
    impute_scales,
    imputed_change_table,
    imputed_draws,
    tipping_tables,
)
from increase_eval.attrition.imputed_scales.draws import DRAWS
from increase_eval.attrition.imputed_states import impute_states, imputed_state_table, state_tipping_table
from increase_eval.study import Scale, Study
from pipelines.checks import Check
from pipelines.hand_checks import intervals_hold_their_estimates
from pipelines.names import IMPUTED_DRAWS
from pipelines.progress import step, working
from pipelines.robustness_checks import draws_are_complete, numbers_only_where_estimated, shares_of_states_add_up
from pipelines.table_assets import Results, asset_ins, checked_tables, table_asset, table_out

CHANGES, POINTS, CONTOURS = "imputed_changes", "tipping_points", "tipping_contours"
STATES, STATE_POINTS = "imputed_states", "state_tipping_points"
STREAM = 11
"""Which of the study's random streams states are drawn from: no other table shares it."""
GRAINS = {
    CHANGES: "One row per scale, later wave, arm or contrast, and assumption: the change, had nobody left.",
    POINTS: "One row per scale, later wave, headline, arm, direction and unit: the delta that changes the verdict.",
    CONTOURS: "One row per scale, later wave, contrast and point: pairs of deltas that change the contrast's verdict.",
}
STATE_GRAINS = {
    STATES: "One row per state variable, later wave, state, arm or contrast, and assumption: who would be in it.",
    STATE_POINTS: "One row per state variable, later wave, headline, arm, direction and unit: what tips it.",
}


def imputation_assets(study: Study) -> list[dg.AssetsDefinition]:
    """Build the layer where two waves are there, and files that do not hold complete cases only."""
    if "repeated" not in study.capabilities or study.head.participants.coverage == "complete_cases":
        return []
    return [*_of_scales(study), *([_states(study)] if "states" in study.capabilities else [])]


def _of_scales(study: Study) -> list[dg.AssetsDefinition]:
    if "scales" not in study.capabilities:
        return []
    draws = [_draws(study, number, scale) for number, scale in drawn_scales(study)]
    return [_imputed(study), *draws]


def drawn_scales(study: Study) -> list[tuple[int, Scale]]:
    """Give the outcome scales that two waves ask, with their numbers, where the plan says how many draws."""
    if DRAWS not in study.analysis.draws:
        return []
    outcomes = [scale for scale in study.scales if scale.role == "outcome"] or study.scales
    return [(number, scale) for number, scale in enumerate(outcomes) if len(study.scale_waves(scale)) > 1]


def _imputed(study: Study) -> dg.AssetsDefinition:
    checks: list[Check] = [
        numbers_only_where_estimated(CHANGES),
        numbers_only_where_estimated(POINTS),
        intervals_hold_their_estimates(CHANGES),
    ]

    @dg.multi_asset(
        name=f"{study.id}__imputed",
        ins=asset_ins(study, ("scores", "participants")),
        outs={name: table_out(study, name, grain) for name, grain in GRAINS.items()},
        check_specs=[check.spec(study.id) for check in checks],
    )
    def imputed(scores: pd.DataFrame, participants: pd.DataFrame) -> Results:
        with step("imputed"):
            with working("imputed"):
                scales = impute_scales(study, scores, participants)
                tipping = tipping_tables(study, scales)
                changes = imputed_change_table(study, scales)
            yield from checked_tables(
                study, {CHANGES: changes, POINTS: tipping.points, CONTOURS: tipping.contours}, checks
            )

    return imputed


def _states(study: Study) -> dg.AssetsDefinition:
    checks: list[Check] = [
        numbers_only_where_estimated(STATES),
        numbers_only_where_estimated(STATE_POINTS),
        intervals_hold_their_estimates(STATES),
        shares_of_states_add_up(STATES),
    ]

    @dg.multi_asset(
        name=f"{study.id}__imputed_states",
        ins=asset_ins(study, ("states", "participants")),
        outs={name: table_out(study, name, grain) for name, grain in STATE_GRAINS.items()},
        check_specs=[check.spec(study.id) for check in checks],
    )
    def imputed_states(states: pd.DataFrame, participants: pd.DataFrame) -> Results:
        with step(STATES):
            with working(STATES):
                rng = np.random.default_rng([study.analysis.seed, STREAM])
                variables = impute_states(study, participants, states, rng=rng)
                shares, points = imputed_state_table(study, variables), state_tipping_table(study, variables)
            yield from checked_tables(study, {STATES: shares, STATE_POINTS: points}, checks)

    return imputed_states


def _draws(study: Study, number: int, scale: Scale) -> dg.AssetsDefinition:
    name = f"{IMPUTED_DRAWS}{scale.id}"

    @table_asset(study, name, inputs=("scores", "participants"), checks=[draws_are_complete(name)])
    def draws(scores: pd.DataFrame, participants: pd.DataFrame) -> pd.DataFrame:
        """One row per participant and wave without a score: what it may have been, at random, a column a draw."""
        rng = np.random.default_rng([study.analysis.seed, number])
        return imputed_draws(study, scores, participants, scale.id, rng=rng)

    return draws
