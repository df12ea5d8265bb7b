"""What is told of a run, and what never is."""

from __future__ import annotations

import dagster as dg
import pandas as pd
import pytest

from increase_eval.errors import InsufficientDataError
from pipelines.progress import Progress, listening, step, tell


def test_a_step_tells_when_it_starts_and_how_long_it_took() -> None:
    told: list[Progress] = []
    with listening(told.append), step("scores"):
        pass
    assert [one.event for one in told] == ["started", "ended"]
    assert told[1].seconds >= 0


def test_an_error_that_a_user_can_mend_keeps_its_message_and_kind() -> None:
    told: list[Progress] = []
    with listening(told.append), pytest.raises(dg.Failure, match="two people are too few"), step("scores"):
        raise InsufficientDataError("two people are too few")
    assert told[-1].event == "failed"
    assert told[-1].error is not None
    assert told[-1].error.exit_code == InsufficientDataError.exit_code


def test_the_text_of_an_unforeseen_error_is_not_passed_on() -> None:
    told: list[Progress] = []
    with listening(told.append), pytest.raises(dg.Failure) as caught, step("scores"):
        pd.to_numeric(pd.Series(["a very private answer"]))
    assert "private" not in caught.value.description
    assert "private" not in told[-1].message
    assert told[-1].message.startswith("ValueError in ")
    assert caught.value.__suppress_context__


def test_nobody_listens_by_default() -> None:
    tell(Progress("started", "scores"))


def test_a_listener_hears_only_its_own_block() -> None:
    told: list[Progress] = []
    with listening(told.append):
        tell(Progress("started", "inside"))
    tell(Progress("started", "outside"))
    assert [one.name for one in told] == ["inside"]
