"""Dagster's own storage: where it lies, what it says to nobody, and what happens when it is torn."""

from __future__ import annotations

import os

import dagster as dg
import pytest
import yaml

from increase_eval.errors import IncreaseEvalError
from increase_eval.places import Places
from increase_eval.study import Study
from pipelines.instance import DRIVER_VARIABLE, MANAGED, POSTGRES_VARIABLE, open_instance, prepare_instance
from pipelines.run import materialise_study

SERVER = os.environ.get(POSTGRES_VARIABLE)
"""Read when tests are collected: while they run, the variable is taken away."""


def configuration(places: Places) -> dict[str, object]:
    return yaml.safe_load((prepare_instance(places) / "dagster.yaml").read_text())


def test_the_storage_is_sqlite_below_the_home_and_telemetry_is_off(places: Places) -> None:
    with open_instance(places) as instance:
        assert not instance.telemetry_enabled
        assert str(places.instance) in instance.root_directory
        assert "Sqlite" in type(instance.event_log_storage).__name__


def test_a_configuration_of_ones_own_is_left_alone(places: Places) -> None:
    path = prepare_instance(places) / "dagster.yaml"
    path.write_text("telemetry:\n  enabled: false\n")
    prepare_instance(places)
    assert path.read_text() == "telemetry:\n  enabled: false\n"


def test_our_own_configuration_is_brought_up_to_date(places: Places) -> None:
    path = prepare_instance(places) / "dagster.yaml"
    path.write_text(MANAGED + "telemetry:\n  enabled: true\n")
    assert configuration(places)["telemetry"] == {"enabled": False}


def test_postgres_is_one_variable_and_its_password_is_not_written_down(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(POSTGRES_VARIABLE, "postgresql://me:topsecret@host/dagster")
    monkeypatch.setenv(DRIVER_VARIABLE, "")
    monkeypatch.setattr("pipelines.instance.find_spec", lambda _name: True)
    assert configuration(places)["storage"] == {"postgres": {"postgres_url": {"env": DRIVER_VARIABLE}}}
    assert os.environ[DRIVER_VARIABLE] == "postgresql+psycopg2://me:topsecret@host/dagster"
    assert "topsecret" not in (places.instance / "dagster.yaml").read_text()
    monkeypatch.delenv(POSTGRES_VARIABLE)
    assert "storage" not in configuration(places)


def test_postgres_without_its_package_says_what_to_install(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(POSTGRES_VARIABLE, "postgresql://me:topsecret@host/dagster")
    monkeypatch.setattr("pipelines.instance.find_spec", lambda _name: None)
    with pytest.raises(IncreaseEvalError, match=r"pip install 'increase-eval\[deploy\]'"):
        prepare_instance(places)


def test_a_torn_storage_says_that_it_can_be_taken_away(places: Places) -> None:
    with open_instance(places):
        pass
    for path in places.instance.rglob("*.db"):
        path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(IncreaseEvalError, match="holds the history of runs and no data of yours"):  # noqa: SIM117
        with open_instance(places) as instance:
            instance.get_runs()


def test_a_run_of_ours_is_there_for_the_ui(study: Study, places: Places) -> None:
    summary = materialise_study(study, places, only=["participants"])
    assert summary.is_ok, summary.failures
    with open_instance(places) as instance:
        [record] = instance.get_run_records()
        assert record.dagster_run.run_id == summary.run_id
        assert record.dagster_run.status == dg.DagsterRunStatus.SUCCESS
        assert record.dagster_run.tags["study"] == "tiny"
        event = instance.get_latest_materialization_event(dg.AssetKey(["tiny", "participants"]))
    assert event is not None
    metadata = event.asset_materialization.metadata
    assert metadata["dagster/row_count"].value == summary.stored["participants"]


@pytest.mark.postgres
@pytest.mark.skipif(not SERVER, reason=f"needs a PostgreSQL server ({POSTGRES_VARIABLE})")
def test_a_run_on_postgres(study: Study, places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(POSTGRES_VARIABLE, str(SERVER))
    monkeypatch.setenv(DRIVER_VARIABLE, "")
    summary = materialise_study(study, places, only=["participants"])
    assert summary.is_ok, summary.failures
    with open_instance(places) as instance:
        assert "Postgres" in type(instance.event_log_storage).__name__
        assert instance.get_run_by_id(summary.run_id) is not None


def test_a_server_that_is_not_there_is_said_without_its_password(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_folder: str) -> None:
        raise ConnectionError("postgresql://me:topsecret@host/dagster: connection refused")

    monkeypatch.setenv(POSTGRES_VARIABLE, "postgresql://me:topsecret@host/dagster")
    monkeypatch.setenv(DRIVER_VARIABLE, "")
    monkeypatch.setattr("pipelines.instance.find_spec", lambda _name: True)
    monkeypatch.setattr(dg.DagsterInstance, "from_config", refused)
    with pytest.raises(IncreaseEvalError, match=r"the server that .* names cannot be used \(ConnectionError\)$"):  # noqa: SIM117
        with open_instance(places):
            pass
