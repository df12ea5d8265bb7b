"""What a run says of its checks: a finding that blocks nothing is a warning, and no failure."""

from pathlib import Path

import pytest

from increase_eval.cli.run import _say_summary
from increase_eval.places import Places
from increase_eval.study import load_study
from pipelines.run import CheckOutcome, RunSummary

TINY = Path(__file__).resolve().parents[2] / "data" / "tiny"

SOUND = CheckOutcome("scores", "in_range", passed=True, blocking=True, message="")
WARNED = CheckOutcome("participants", "arms_present", passed=False, blocking=False, message="nobody in coach: 1")
BROKEN = CheckOutcome("ledger", "balances", passed=False, blocking=True, message="rows are off: 2")


@pytest.fixture
def said(tmp_path, capsys, monkeypatch):
    """Say a summary with some checks; give the lines on the terminal and the complaints."""
    monkeypatch.setattr("increase_eval.cli.summary.say_tables", lambda *given: None)

    def say(*checks):
        summary = RunSummary("tiny", "run", {"scores": 3}, (), (), checks, (), 1.0, 1.0, 1.0)
        _say_summary(load_study(TINY), Places(tmp_path), summary)
        shown = capsys.readouterr()
        return shown.out.splitlines(), shown.err.splitlines()

    return say


def test_a_warning_is_called_a_warning_and_says_that_the_table_is_stored(said):
    out, err = said(SOUND, WARNED)
    assert "  2 checks: 0 failed, 1 found a warning" in out
    assert err == ["warning (the table is stored): participants: arms_present: nobody in coach: 1"]


def test_a_check_that_keeps_a_table_from_being_stored_has_failed(said):
    out, err = said(BROKEN, WARNED, SOUND)
    assert "  3 checks: 1 failed, 1 found a warning" in out
    assert err[0] == "check failed: ledger: balances: rows are off: 2"
    assert err[1].startswith("warning (the table is stored): participants")


def test_checks_that_pass_are_counted_and_not_listed(said):
    assert said(SOUND)[1] == []


def test_an_outcome_is_a_failure_a_warning_or_neither():
    assert [(one.is_failure, one.is_warning) for one in (SOUND, WARNED, BROKEN)] == [
        (False, False),
        (False, True),
        (True, False),
    ]
