"""Bad days: killed at any moment, a full disc, two runs at once, a wave in which everything is bad."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from increase_eval.errors import DataError
from increase_eval.places import Places
from increase_eval.storage import open_study_tables, read_table
from increase_eval.study import Study
from pipelines.run import materialise_study

MakeHome = Callable[[Path], Places]
TINY = Path(__file__).parents[1] / "data" / "tiny"
WANTED = ["scores", "response_flow"]
"""Tables of three layers with all that they rest on: enough writing to be killed in, and quick."""
MOMENTS = 10

SCRIPT = """
import json, os, signal, sys
from pathlib import Path

import dagster as dg

import pipelines.provenance
from increase_eval.files import TEMPORARY, BusyError
from increase_eval.places import Places
from increase_eval.storage import open_study_tables, read_table
from increase_eval.study import load_study
from pipelines import run

pipelines.provenance.code_version = lambda: "one and the same"  # whatever is edited while the test runs
run.open_instance = lambda _places: dg.DagsterInstance.ephemeral()
study, folder, wanted, moments = load_study(sys.argv[1]), Path(sys.argv[2]), sys.argv[3].split(), int(sys.argv[4])
BUSY = 75


def work(home):
    try:
        return run.materialise_study(study, Places(home), only=wanted).exit_code
    except BusyError:
        return BUSY


def start(home, before=lambda: None):
    # A child of a process that has everything imported and has done nothing yet.
    child = os.fork()
    if child == 0:
        try:
            before()
            os._exit(work(home))
        except BaseException:
            os._exit(99)
    return child


def end_of(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_at(moment):
    # Every step that puts something on the disc for good counts; half of the kills come before it and half after it.
    seen = 0

    def watched(function):
        def counted(*given, **named):
            nonlocal seen
            seen += 1
            if seen == moment and moment % 2:
                os.kill(os.getpid(), signal.SIGKILL)
            result = function(*given, **named)
            if seen == moment:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return counted

    os.fsync, os.replace = watched(os.fsync), watched(os.replace)
    return lambda: seen


def counted_steps(home):
    # The child that is not killed says how many steps there are.
    out, into = os.pipe()

    def before():
        told = killed_at(-1)
        os._exit = (lambda leave: lambda code: (os.write(into, str(told()).encode()), leave(code)))(os._exit)

    assert end_of(start(home, before)) == 0
    return int(os.read(out, 20))


def look(home):
    tables = open_study_tables(Places(home), study.id)
    for name in tables:
        read = tables[name]
    left = [path.name for path in Places(home).stored(study.id).glob(f".*{TEMPORARY}")]
    return {"hashes": {name: tables.footer(name)["content_hash"] for name in tables}, "leftovers": len(left)}


def main():
    steps = counted_steps(folder / "whole")
    report = {"steps": steps, "whole": look(folder / "whole"), "killed": []}
    for number in range(moments):
        home, moment = folder / f"home_{number}", 1 + number * (steps - 1) // (moments - 1)
        ended = end_of(start(home, lambda moment=moment: killed_at(moment)))
        after = look(home)
        finished = end_of(start(home))
        report["killed"].append({"moment": moment, "ended": ended, "after": after,
                                 "finished": finished, "then": look(home)})
    both = [start(folder / "both") for _ in range(2)]
    report["both"] = {"codes": [end_of(child) for child in both], "then": look(folder / "both"), "busy": BUSY}
    print(json.dumps(report))


main()
"""


@pytest.fixture(scope="module")
def told(make_home: MakeHome, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Run, kill and run again in a process of its own, and give what it saw."""
    folder = tmp_path_factory.mktemp("bad_days")
    for name in ("whole", "both", *(f"home_{number}" for number in range(MOMENTS))):
        make_home(folder / name)
    command = [sys.executable, "-c", SCRIPT, str(TINY), str(folder), " ".join(WANTED), str(MOMENTS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


def test_killed_at_any_of_ten_moments_a_run_leaves_whole_tables_and_the_next_completes(told: dict[str, Any]) -> None:
    whole = told["whole"]["hashes"]
    assert set(WANTED) < set(whole)
    assert told["steps"] > 3 * MOMENTS
    assert len({killed["moment"] for killed in told["killed"]}) == MOMENTS
    stored = []
    for killed in told["killed"]:
        assert killed["ended"] == -signal.SIGKILL
        assert killed["after"]["hashes"].items() <= whole.items()
        assert killed["finished"] == 0
        assert killed["then"] == {"hashes": whole, "leftovers": 0}
        stored.append(len(killed["after"]["hashes"]))
    assert stored == sorted(stored)
    assert stored[0] == 0
    assert stored[-1] > len(whole) // 2
    assert any(killed["after"]["leftovers"] for killed in told["killed"]), "some were killed with a file half written"


def test_two_runs_at_once_are_one_run_and_one_that_says_so(told: dict[str, Any]) -> None:
    both = told["both"]
    assert sorted(both["codes"]) == [0, both["busy"]]
    assert both["then"] == told["whole"]


@pytest.mark.parametrize(
    ("code", "said"), [(errno.ENOSPC, "No space left on device"), (errno.EROFS, "Read-only file system")]
)
@pytest.mark.usefixtures("in_memory")
def test_a_disc_that_refuses_in_the_middle_of_a_run_is_said_and_loses_nothing(
    study: Study, places: Places, told: dict[str, Any], monkeypatch: pytest.MonkeyPatch, code: int, said: str
) -> None:
    calls, sync = [], os.fsync

    def refusing(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) > 9:
            raise OSError(code, os.strerror(code))
        sync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refusing)
        summary = materialise_study(study, places, only=WANTED)
    assert summary.failures
    assert all(said in failure.message for failure in summary.failures)
    tables = open_study_tables(places, study.id)
    assert 0 < len(tables) < len(told["whole"]["hashes"])
    for name in tables:
        read_table(places.table(study.id, name))
        assert tables.footer(name)["content_hash"] == told["whole"]["hashes"][name]
    assert not list(places.stored(study.id).glob("*.part")) + list(places.stored(study.id).glob(".*.part"))
    assert materialise_study(study, places, only=WANTED).is_ok
    tables = open_study_tables(places, study.id)
    assert {name: tables.footer(name)["content_hash"] for name in tables} == told["whole"]["hashes"]


@pytest.mark.usefixtures("in_memory")
def test_a_home_that_cannot_be_written_is_said_plainly(study: Study, places: Places) -> None:
    places.stored(study.id).parent.write_text("a file where the folder should be")
    with pytest.raises(DataError, match="cannot be written") as caught:
        materialise_study(study, places, only=WANTED)
    assert str(places.stored(study.id)) in str(caught.value)


@pytest.mark.usefixtures("in_memory")
def test_a_wave_in_which_all_rows_are_bad_and_one_of_a_single_person_are_reported_on(
    study: Study, places: Places
) -> None:
    raw = places.raw(study.id)
    first = (raw / "wave_1.csv").read_text("utf-8").splitlines()
    cells = [line.split(",") for line in first[1:]]
    (raw / "wave_1.csv").write_text("\n".join([first[0], *(",".join(["nobody", *row[1:]]) for row in cells)]), "utf-8")
    third = (raw / "wave_3.csv").read_text("utf-8").splitlines()
    (raw / "wave_3.csv").write_text("\n".join(third[:2]) + "\n", "utf-8")
    summary = materialise_study(study, places)
    assert summary.is_ok, summary.failures
    tables = open_study_tables(places, study.id)
    ledger = tables["ledger"].set_index("file")
    assert ledger.loc["wave_1.csv", ["accepted", "quarantined"]].tolist() == [0, len(cells)]
    assert (len(tables["wave_t1"]), len(tables["wave_t3"])) == (0, 1)
    assert (tables["scores"]["wave"] == "t3").any()
    assert [path.name for path in places.reports(study.id).rglob("*.html")]
