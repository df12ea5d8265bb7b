"""From raw files to conformed waves, with every row accounted for: quarantine, ledger, linkage, service statistics."""

from increase_eval.intake.examples import write_example
from increase_eval.intake.keys import load_key_secret
from increase_eval.intake.raw import RawTable
from increase_eval.intake.readers import read_file
from increase_eval.intake.responses import response_table, state_table
from increase_eval.intake.run import Intake, run_intake
from increase_eval.intake.validation import Validation, validate_study

__all__ = [
    "Intake",
    "RawTable",
    "Validation",
    "load_key_secret",
    "read_file",
    "response_table",
    "run_intake",
    "state_table",
    "validate_study",
    "write_example",
]
