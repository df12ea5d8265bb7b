"""What the service counted and what it cost: as they were reported, and what became of their rows."""

import dagster as dg

from increase_eval.intake.costs import read_costs
from increase_eval.intake.services import read_service_statistics
from increase_eval.study import Study
from pipelines.claims_checks import (
    costs_are_amounts,
    counts_are_complete,
    every_cost_counts,
    every_month_is_there,
    service_ledger_balances,
)
from pipelines.io_managers import INPUTS
from pipelines.names import RAW_FILES
from pipelines.progress import step, working
from pipelines.resources import ParticipantKey, RawFiles, intake_inputs
from pipelines.table_assets import Results, asset_key, checked_tables, table_out

TABLES = {
    "service_statistics": "One row per unit, month and step: how many people were new in it that month.",
    "service_quarantine": "One row per rejected row or cell of the monthly counts: file, row, column, rule, remedy.",
    "service_ledger": "One row per file and sheet of monthly counts: rows read = accepted + duplicate + quarantined.",
}

COSTS = {
    "costs": "One row per unit, category, year and currency: what it cost, in that currency and prices of a year.",
    "cost_quarantine": "One row per rejected row of the costs: file, row, column, rule, remedy.",
    "cost_ledger": "One row per file of costs: rows read = accepted + duplicate + quarantined.",
}


def service_assets(study: Study) -> list[dg.AssetsDefinition]:
    """Build the steps that read the monthly counts and the costs, where the contract says that there are any."""
    counts = [_service_statistics(study)] if "services" in study.capabilities else []
    return [*counts, *([_costs(study)] if "costs" in study.capabilities else [])]


def _service_statistics(study: Study) -> dg.AssetsDefinition:
    checks = [counts_are_complete(study), every_month_is_there(), service_ledger_balances("service_ledger")]

    @dg.multi_asset(
        name=f"{study.id}__service_statistics",
        outs={name: table_out(study, name, description) for name, description in TABLES.items()},
        deps=[asset_key(study, RAW_FILES)],
        check_specs=[check.spec(study.id) for check in checks],
    )
    def service_statistics(raw_files: RawFiles, participant_key: ParticipantKey) -> Results:
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


def _costs(study: Study) -> dg.AssetsDefinition:
    checks = [costs_are_amounts(study), service_ledger_balances("cost_ledger"), every_cost_counts()]

    @dg.multi_asset(
        name=f"{study.id}__costs",
        outs={name: table_out(study, name, description) for name, description in COSTS.items()},
        deps=[asset_key(study, RAW_FILES)],
        check_specs=[check.spec(study.id) for check in checks],
    )
    def costs(raw_files: RawFiles, participant_key: ParticipantKey) -> Results:
        with step("costs"):
            with working("costs"):
                inputs = intake_inputs(study, raw_files, participant_key)
                records = read_costs(study, raw_files.folder(study), key_secret=participant_key.secret())
            frames = {"costs": records.costs, "cost_quarantine": records.quarantine, "cost_ledger": records.ledger}
            yield from checked_tables(study, frames, checks, metadata={INPUTS: inputs})

    return costs
