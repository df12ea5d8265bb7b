"""From raw files to conformed tables: who takes part, what they answered in each wave, and what became of every row."""

import dagster as dg
import pandas as pd

from increase_eval.intake import response_table, run_intake, state_table
from increase_eval.study import Study
from pipelines.assets.services import service_assets
from pipelines.checks import Check
from pipelines.contract_checks import contract_checks
from pipelines.hand_checks import (
    every_arm_is_there,
    every_pair_is_there,
    ledger_balances,
    nobody_is_a_stranger,
    quarantine_is_counted,
    states_are_known,
)
from pipelines.io_managers import INPUTS
from pipelines.names import RAW_FILES, by_wave, has_states, wave_table, wave_tables
from pipelines.progress import step, working
from pipelines.resources import ParticipantKey, RawFiles, intake_inputs
from pipelines.table_assets import Results, asset_key, checked_tables, table_asset, table_out

ACCOUNTS = {
    "missing_reasons": "One row per answer that is missing for a reason the files give: refused, not asked, left.",
    "quarantine": "One row per rejected source row or value: file, row as a spreadsheet shows it, rule, remedy.",
    "duplicates": "One row per source row left out for another of the same participant and wave, and which was kept.",
    "ledger": "One row per raw file: rows read = accepted + duplicate + quarantined.",
    "input_files": "One row per raw file: its size and the hash of its content.",
    "findings": "One row per thing about the files that costs nothing and should be known, such as an unused column.",
    "proposed_links": "One row per row under an unknown key and participant whose key is one slip away; no keys.",
    "unresolved_rows": "One row per row under an unknown key, wave and candidate: who it could be, under keyed hashes.",
    "drift": "One row per column whose labels, codes or range differ between waves, files and contract.",
}
"""The tables that say what became of the raw rows, with their grain."""


def intake_assets(study: Study) -> list[dg.AssetsDefinition]:
    """Build the layer: one step that reads every raw file, and the tables that rest on it."""
    states = [_states(study)] if has_states(study) else []
    return [_files_to_tables(study), _responses(study), *states, *service_assets(study)]


def _files_to_tables(study: Study) -> dg.AssetsDefinition:
    descriptions = {
        "participants": "One row per participant: arm, place, entry date and background, under a keyed hash.",
        **{
            wave_table(wave.id): f"One row per participant in {wave.label.en}: codes as the contract has them."
            for wave in study.head.waves
        },
        **ACCOUNTS,
    }
    checks = _checks(study)

    @dg.multi_asset(
        name=f"{study.id}__intake",
        outs={name: table_out(study, name, description) for name, description in descriptions.items()},
        deps=[asset_key(study, RAW_FILES)],
        check_specs=[check.spec(study.id) for check in checks],
    )
    def intake(raw_files: RawFiles, participant_key: ParticipantKey) -> Results:
        with step("intake"):
            with working("intake"):
                # Taken before reading: a file that changes meanwhile makes these tables stale, not wrong unnoticed.
                inputs = intake_inputs(study, raw_files, participant_key)
                result = run_intake(study, raw_files.folder(study), key_secret=participant_key.secret())
            frames = {
                "participants": result.participants,
                **{wave_table(wave): result.waves[wave] for wave in study.wave_ids},
                **{name: getattr(result, name) for name in ACCOUNTS},
            }
            yield from checked_tables(study, frames, checks, metadata={INPUTS: inputs})

    return intake


def _checks(study: Study) -> list[Check]:
    return [
        *contract_checks(study),
        *(nobody_is_a_stranger(table) for table in wave_tables(study)),
        every_arm_is_there(study),
        ledger_balances(),
        quarantine_is_counted(),
    ]


def _responses(study: Study) -> dg.AssetsDefinition:
    @table_asset(
        study,
        "responses",
        inputs=("participants", *wave_tables(study)),
        checks=[every_pair_is_there("responses", study.wave_ids)],
    )
    def responses(participants: pd.DataFrame, **waves: pd.DataFrame) -> pd.DataFrame:
        """One row per participant and wave: whether any item of an instrument was answered."""
        return response_table(study, participants, by_wave(study, waves))

    return responses


def _states(study: Study) -> dg.AssetsDefinition:
    @table_asset(study, "states", inputs=wave_tables(study), checks=[states_are_known(study)])
    def states(**waves: pd.DataFrame) -> pd.DataFrame:
        """One row per participant, wave and state variable: the state, such as employment."""
        return state_table(study, by_wave(study, waves))

    return states
