"""The sensor of a study: when it starts a run, and when it waits."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import dagster as dg
import pytest

from increase_eval.places import Places
from increase_eval.study import Study
from pipelines.build import build_definitions
from pipelines.resources import RawFiles
from pipelines.sensors import SETTLED_SECONDS, raw_file_sensor

Look = Callable[..., dg.RunRequest | dg.SkipReason]


@pytest.fixture
def look(study: Study) -> Look:
    """Evaluate the sensor once, well after all files were written, keeping its cursor from look to look."""
    with dg.DagsterInstance.ephemeral() as instance:
        cursor: list[str | None] = [None]

        def evaluate(places: Places, later: float = 60.0) -> dg.RunRequest | dg.SkipReason:
            resources = {"raw_files": RawFiles(home=str(places.home))}
            context = dg.build_sensor_context(instance=instance, cursor=cursor[0], resources=resources)
            tick = raw_file_sensor(study, now=lambda: time.time() + later).evaluate_tick(context)
            cursor[0] = tick.cursor
            return tick.run_requests[0] if tick.run_requests else dg.SkipReason(tick.skip_message)

        yield evaluate


def reason(result: dg.RunRequest | dg.SkipReason) -> str:
    assert isinstance(result, dg.SkipReason)
    return str(result.skip_message)


def test_files_that_rest_start_one_run(look: Look, places: Places) -> None:
    request = look(places)
    assert isinstance(request, dg.RunRequest)
    assert request.tags["study"] == "tiny"
    assert reason(look(places)) == "no raw file has changed"


def test_a_changed_file_starts_another_run(look: Look, places: Places) -> None:
    first = look(places)
    path = places.raw("tiny") / "wave_1.csv"
    path.write_text(path.read_text().rstrip("\n").rsplit("\n", 1)[0] + "\n")
    second = look(places)
    assert isinstance(first, dg.RunRequest)
    assert isinstance(second, dg.RunRequest)
    assert first.run_key != second.run_key


def test_a_file_that_is_gone_starts_another_run(look: Look, places: Places) -> None:
    look(places)
    (places.raw("tiny") / "wave_3.csv").unlink()
    assert isinstance(look(places), dg.RunRequest)


def test_a_file_that_was_only_touched_starts_none(look: Look, places: Places) -> None:
    look(places)
    os.utime(places.raw("tiny") / "wave_1.csv", (1, 1))
    assert reason(look(places)) == "raw files were touched, and hold what they held"


def test_a_file_that_is_still_growing_is_waited_for(look: Look, places: Places) -> None:
    (places.raw("tiny") / "wave_2.csv").touch()
    waiting = reason(look(places, later=SETTLED_SECONDS / 2))
    assert waiting == "waiting for 1 file(s) to come to rest: wave_2.csv"
    assert isinstance(look(places, later=SETTLED_SECONDS * 2), dg.RunRequest)


@pytest.mark.parametrize("name", ["wave_4.csv.part", "wave_4.crdownload", "in/wave_4.csv.TMP"])
def test_a_partial_file_is_waited_for(look: Look, places: Places, name: str) -> None:
    path = places.raw("tiny") / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("half")
    assert reason(look(places)) == f"waiting for 1 file(s) to come to rest: {name}"


def test_a_hidden_file_is_not_waited_for(look: Look, places: Places) -> None:
    (places.raw("tiny") / ".wave_1.csv.a1b2.part").write_text("half")
    assert isinstance(look(places), dg.RunRequest)


def test_a_file_that_no_contract_names_starts_none(look: Look, places: Places) -> None:
    look(places)
    (places.raw("tiny") / "notes.txt").write_text("call them back")
    assert reason(look(places)) == "no raw file has changed"


def test_a_folder_that_is_not_there_is_no_error(look: Look, study: Study, tmp_path) -> None:
    assert reason(look(Places(tmp_path))).startswith("no raw files yet in ")


def test_tables_that_stem_from_these_files_need_no_run(look: Look, ran: Places) -> None:
    assert reason(look(ran)) == "the stored tables already stem from these files"


def test_the_sensor_watches_by_default_and_starts_the_job_of_its_study(study: Study, places: Places) -> None:
    repository = build_definitions(study, places).get_repository_def()
    sensor = repository.get_sensor_def("tiny__raw_files")
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
    assert sensor.job_name == "tiny__run"
