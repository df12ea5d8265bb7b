"""Steps at once, in processes that are forked off: what is told, what a failure, a crash and an interruption cost."""

from __future__ import annotations

import multiprocessing
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.execute_in_process import core_execute_in_process

import pipelines.forked as forked
from increase_eval.errors import DataError, IncreaseEvalError
from increase_eval.places import Places
from increase_eval.storage import open_study_tables
from increase_eval.study import Study
from pipelines.forked import forked_executor
from pipelines.instance import open_instance
from pipelines.progress import Progress, listening, step, tell, working
from pipelines.run import materialise_study

WAIT = 60.0
"""Seconds after which a test gives up; none of them takes that long."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="steps are forked off on Linux alone")


@pytest.fixture(autouse=True)
def _two_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forked, "processes_at_once", lambda: 2)


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    with open_instance(Places(tmp_path_factory.mktemp("forked"))) as opened:
        yield opened


def run_assets(
    instance: dg.DagsterInstance, *bodies: Callable[..., object]
) -> tuple[dg.ExecuteInProcessResult, list[Progress]]:
    """Run functions as assets, each named after the function and resting on those it takes by name."""
    assets = [dg.asset(io_manager_key="nothing")(body) for body in bodies]
    resources = {"nothing": Nothing()}
    definitions = dg.Definitions(
        assets=assets, jobs=[dg.define_asset_job("everything")], resources=resources, executor=forked_executor
    )
    told: list[Progress] = []
    with listening(told.append):
        result = core_execute_in_process(
            run_config={},
            job=InMemoryJob(definitions.resolve_job_def("everything")),
            instance=instance,
            output_capturing_enabled=False,
            raise_on_error=False,
        )
    return result, told


class Nothing(dg.IOManager):
    """Keeps nothing."""

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        pass

    def load_input(self, context: dg.InputContext) -> int:
        return 1


def ends(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    wanted = ("STEP_SUCCESS", "STEP_FAILURE")
    return {event.step_key: event.event_type_value for event in result.all_events if event.event_type_value in wanted}


def test_steps_that_do_not_rest_on_each_other_run_at_once_in_processes_of_their_own(
    instance: dg.DagsterInstance,
) -> None:
    both_are_there = multiprocessing.get_context("fork").Barrier(2)

    def first() -> None:
        both_are_there.wait(WAIT)
        tell(Progress("started", "first", message=str(os.getpid())))

    def second() -> None:
        both_are_there.wait(WAIT)
        tell(Progress("started", "second", message=str(os.getpid())))

    result, told = run_assets(instance, first, second)
    assert result.success
    assert len({one.message for one in told} | {str(os.getpid())}) == 3


def test_a_step_waits_for_what_it_rests_on(instance: dg.DagsterInstance) -> None:
    def ground() -> int:
        tell(Progress("ended", "ground"))
        return 1

    def house(ground: object) -> None:
        tell(Progress("started", "house"))

    result, told = run_assets(instance, house, ground)
    assert result.success
    assert [one.name for one in told] == ["ground", "house"]


def test_a_failed_step_stops_what_rests_on_it_and_nothing_else(instance: dg.DagsterInstance) -> None:
    def ground() -> int:
        with step("ground"):
            raise DataError("a column is missing", ["column 'q1' is missing"])

    def house(ground: object) -> None:
        tell(Progress("started", "house"))

    def elsewhere() -> None:
        tell(Progress("started", "elsewhere"))

    result, told = run_assets(instance, ground, house, elsewhere)
    assert not result.success
    assert ends(result) == {"ground": "STEP_FAILURE", "elsewhere": "STEP_SUCCESS"}
    [failed] = [one for one in told if one.event == "failed"]
    assert isinstance(failed.error, DataError)
    assert failed.error.problems == ("column 'q1' is missing",)
    assert "house" not in [one.name for one in told]


def test_a_step_whose_process_the_system_kills_is_a_failure_that_says_so(instance: dg.DagsterInstance) -> None:
    def doomed() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def elsewhere() -> None:
        tell(Progress("started", "elsewhere"))

    result, told = run_assets(instance, doomed, elsewhere)
    assert ends(result) == {"doomed": "STEP_FAILURE", "elsewhere": "STEP_SUCCESS"}
    [failed] = [one for one in told if one.event == "failed"]
    assert failed.message == "its process ended with code -9 before the step was done"


def test_an_error_that_cannot_be_sent_keeps_its_text_and_its_code(instance: dg.DagsterInstance) -> None:
    class OddError(IncreaseEvalError):
        exit_code = 6

    def odd() -> None:
        with step("odd"):
            raise OddError("did not converge")

    _, told = run_assets(instance, odd)
    [failed] = [one for one in told if one.event == "failed"]
    assert (str(failed.error), failed.error.exit_code) == ("did not converge", 6)


def test_an_interrupted_run_leaves_no_process_behind(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    # Through a file: what a child says just before the interrupt, nobody may hear any more.
    name = tmp_path / "child"

    def patient() -> None:
        name.write_text(str(os.getpid()))
        os.kill(os.getppid(), signal.SIGINT)
        signal.pause()

    result, _ = run_assets(instance, patient)
    assert not result.success
    assert "Interrupt" in result.all_events[-1].event_specific_data.error.cls_name
    with pytest.raises(ProcessLookupError):
        os.kill(int(name.read_text()), 0)


def test_the_work_of_children_is_counted(instance: dg.DagsterInstance) -> None:
    def busy() -> None:
        with working("busy"):
            sum(range(3_000_000))

    _, told = run_assets(instance, busy)
    [worked] = [one for one in told if one.event == "worked"]
    assert 0.01 < worked.seconds < WAIT


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import pipelines.forked as forked
from test_forked import open_instance, Places, run_assets
forked.processes_at_once = lambda: 2
def patient():
    print(os.getpid(), flush=True)
    signal.pause()
with open_instance(Places(Path(sys.argv[2]))) as instance:
    run_assets(instance, patient)
"""


def test_a_child_does_not_outlive_a_parent_that_was_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(Path(__file__).parent), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
        gone, _, _ = select.select([child], [], [], WAIT)
    os.close(child)
    assert gone


def test_a_study_run_at_once_stores_the_same_bytes(study: Study, ran: Places, places: Places) -> None:
    told: list[Progress] = []
    summary = materialise_study(study, places, only=["intake", "scoring"], on_progress=told.append)
    assert summary.is_ok
    ours, theirs = open_study_tables(ran, "tiny"), open_study_tables(places, "tiny")
    assert {"participants", "scores", "reliability"} <= set(theirs)
    for name in theirs:
        assert places.table("tiny", name).read_bytes() == ran.table("tiny", name).read_bytes(), name
    assert {one.event for one in told} >= {"started", "worked", "checked", "stored", "ended"}
    assert 0 < summary.work_seconds < summary.processor_seconds
    assert len(ours) > len(theirs)
