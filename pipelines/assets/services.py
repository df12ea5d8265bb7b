"""What the service counted: the monthly counts as they were reported, and what became of their rows."""

import dagster as dg

from increase_eval.intake.services import read_service_statistics
from increase_eval.study import Study
from pipelines.claims_checks import counts_are_complete, every_month_is_there, service_ledger_balances
from pipelines.io_managers import INPUTS
from pipelines.names import RAW_FILES
from pipelines.progress import step, working
from pipelines.resources import ParticipantKey, RawFiles, intake_inputs
from pipelines.table_assets import asset_key, checked_tables, table_out

TABLES = {
    "service_statistics": "One row per unit, month and step: how many people were new in it that month.",
    "service_quarantine": "One row per rejected row or cell of the monthly counts: file, row, column, rule, remedy.",
    "service_ledger": "One row per file and sheet of monthly counts: rows read = accepted + duplicate + quarantined.",
}


def service_assets(study: Study) -> list[dg.AssetsDefinition]:
    """Build the step that reads the monthly counts, where the contract says that there are any."""
    return [_service_statistics(study)] if "services" in study.capabilities else []


def _service_statistics(study: Study) -> dg.AssetsDefinition:
    checks = [counts_are_complete(study), every_month_is_there(), service_ledger_balances()]

    @dg.multi_asset(
        name=f"{study.id}__service_statistics",
        outs={name: table_out(study, name, description) for name, description in TABLES.items()},
        deps=[asset_key(study, RAW_FILES)],
        check_specs=[check.spec(study.id) for check in checks],
    )
    def service_statistics(raw_files: RawFiles, participant_key: ParticipantKey):
        with step("service_statistics"):
            with working("service_statistics"):
                inputs = intake_inputs(study, raw_files, participant_key)
                records = read_service_statistics(study, raw_files.folder(study), key_secret=participant_key.secret())
            frames = {
                "service_statistics": records.counts,
                "service_quarantine": records.quarantine,
                "service_ledger": records.ledger,
            }
            yield from checked_tables(study, frames, checks, metadata={INPUTS: inputs})

    return service_statistics
