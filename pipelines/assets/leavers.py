"""Who left and what that may have done: leavers, representativeness, weights, and how far results could lie off."""

import dagster as dg
import numpy as np
import pandas as pd

from increase_eval.attrition.study_tables import (
    inputs_of,
    leaver_tables,
    occupancy_of,
    representativeness_of,
    weight_tables,
    worst_case_tables,
)
from increase_eval.study import Study
from pipelines.checks import Check
from pipelines.hand_checks import intervals_hold_their_estimates, shares_are_shares
from pipelines.leaver_checks import lower_bounds_are_lower, weights_are_weights
from pipelines.names import has_states, score_ranges
from pipelines.progress import step, working
from pipelines.table_assets import Results, asset_ins, checked_tables, table_asset, table_out

LEAVERS = {
    "leaver_differences": "One row per wave and characteristic: those who answered less those who did not, and tests.",
    "dropout_model": "One row per wave and term: log odds of not answering, and how well the model tells.",
    "dropout_calibration": "One row per wave and tenth of predicted probability: predicted and observed shares.",
    "mcar": "One row per scale and arm: Little's test of means by pattern of waves.",
}
WEIGHTS = {
    "response_weights": "One row per participant, wave and weighting: the weight of somebody who answered.",
    "weight_diagnostics": "One row per wave, weighting and measure: effective sample size, largest weight.",
    "weight_balance": "One row per wave, weighting and characteristic: those who answered less all who were asked.",
    "answering_chances": "One row per wave, side and percentile: the predicted probability of answering.",
    "weighted_changes": "One row per outcome, wave, arm and weighting: mean, change or share with its interval.",
}
OCCUPANCY, IMPUTED_STATES = "state_occupancy", "imputed_states"
WORST_CASES = {
    "bounds": "One row per outcome, wave, arm or contrast, and end: between which ends it must lie.",
    "selection_models": "One row per score, wave and term of Heckman's model, with what identifies it.",
    "dials": "One row per score, wave, arm, dial and setting: the change, and the setting that would undo it.",
}


def leaver_assets(study: Study) -> list[dg.AssetsDefinition]:
    """Build the tables of who left; a study of complete cases has none, since its attrition is unknown."""
    if study.head.participants.coverage == "complete_cases":
        return []
    repeated = [_worst_cases(study)] if "repeated" in study.capabilities else []
    states = [_occupancy(study)] if has_states(study) else []
    return [_leavers(study), _representativeness(study), _weights(study), *states, *repeated]


def _leavers(study: Study) -> dg.AssetsDefinition:
    checks: list[Check] = [
        intervals_hold_their_estimates("leaver_differences"),
        shares_are_shares("dropout_calibration"),
    ]

    @dg.multi_asset(
        name=f"{study.id}__leavers",
        ins=asset_ins(study, inputs_of(study)),
        outs={name: table_out(study, name, description) for name, description in LEAVERS.items()},
        check_specs=[check.spec(study.id) for check in checks],
    )
    def leavers(**tables: pd.DataFrame) -> Results:
        with step("leavers"):
            with working("leavers"):
                frames = leaver_tables(study, tables)
            yield from checked_tables(study, frames, checks)

    return leavers


def _representativeness(study: Study) -> dg.AssetsDefinition:
    @table_asset(study, "representativeness", inputs=inputs_of(study))
    def representativeness(**tables: pd.DataFrame) -> pd.DataFrame:
        """One row per wave and indicator, and per characteristic: whether those who answered stand for all asked."""
        return representativeness_of(study, tables, rng=np.random.default_rng(study.analysis.seed))

    return representativeness


def _weights(study: Study) -> dg.AssetsDefinition:
    checks: list[Check] = [weights_are_weights(), intervals_hold_their_estimates("weighted_changes")]

    @dg.multi_asset(
        name=f"{study.id}__weights",
        ins=asset_ins(study, inputs_of(study)),
        outs={name: table_out(study, name, description) for name, description in WEIGHTS.items()},
        check_specs=[check.spec(study.id) for check in checks],
    )
    def weights(**tables: pd.DataFrame) -> Results:
        with step("weights"):
            with working("weights"):
                frames = weight_tables(study, tables, rng=np.random.default_rng(study.analysis.seed))
            yield from checked_tables(study, frames, checks)

    return weights


def _occupancy(study: Study) -> dg.AssetsDefinition:
    checks: list[Check] = [shares_are_shares(OCCUPANCY), intervals_hold_their_estimates(OCCUPANCY)]

    imputed = (IMPUTED_STATES,) if "repeated" in study.capabilities else ()

    @table_asset(study, OCCUPANCY, inputs=(*inputs_of(study), *imputed), checks=checks)
    def occupancy(**tables: pd.DataFrame) -> pd.DataFrame:
        """One row per state variable, state, wave, arm and method: the share in it, observed, weighted, imputed."""
        return occupancy_of(study, tables)

    return occupancy


def _worst_cases(study: Study) -> dg.AssetsDefinition:
    checks: list[Check] = [lower_bounds_are_lower()]

    @dg.multi_asset(
        name=f"{study.id}__worst_cases",
        ins=asset_ins(study, inputs_of(study)),
        outs={name: table_out(study, name, description) for name, description in WORST_CASES.items()},
        check_specs=[check.spec(study.id) for check in checks],
    )
    def worst_cases(**tables: pd.DataFrame) -> Results:
        with step("worst_cases"):
            with working("worst_cases"):
                rng = np.random.default_rng(study.analysis.seed)
                frames = worst_case_tables(study, tables, ranges=score_ranges(study), rng=rng)
            yield from checked_tables(study, frames, checks)

    return worst_cases
