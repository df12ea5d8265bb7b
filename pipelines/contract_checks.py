"""Checks made from the contract: every rule of every contracted table, asked again of what is about to be stored.

Intake has set aside what broke a rule, by the same list of rules; so a finding here is a fault in intake or in what
came after it, and the table is not stored.
"""

from increase_eval.intake.schema import broken_rules, table_rules
from increase_eval.study import Study
from pipelines.checks import Check, Finding, Frames
from pipelines.names import wave_table


def contract_checks(study: Study) -> list[Check]:
    """Build the check of every contracted table: the participants, and each wave."""
    waves = {wave_table(wave): wave for wave in study.wave_ids}
    return [_contract_check(study, table, wave) for table, wave in {"participants": None, **waves}.items()]


def _contract_check(study: Study, table: str, wave: str | None) -> Check:
    rules = table_rules(study, wave)

    def find(frames: Frames) -> list[Finding]:
        broken = broken_rules(rules, frames[table])
        return [
            Finding(_said(row["rule"], row["allowed"]), int(row["rows"]), _place(row["first_file"], row["first_row"]))
            for row in broken.to_dict("records")
        ]

    description = f"All {len(rules)} rules of the contract hold: types, codes, ranges, required and unique values."
    return Check("contract", table, description, find)


def _said(rule: str, allowed: object) -> str:
    return f"{rule}; allowed: {allowed}" if isinstance(allowed, str) else rule


def _place(file: object, row: object) -> str:
    return f"first in {file}, row {row}" if isinstance(file, str) else ""
