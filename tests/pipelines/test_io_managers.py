"""Tables at rest: what the I/O manager refuses, what it writes into the footer, and what a fault leaves behind."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from increase_eval import files
from increase_eval.errors import DataError
from increase_eval.places import Places
from increase_eval.storage import read_footer, read_table
from increase_eval.study import Study
from pipelines.catalogue import OPEN_SHAPE
from pipelines.io_managers import TableStore, enforce_schema
from pipelines.progress import Progress, listening
from pipelines.provenance import Provenance, code_version
from pipelines.table_assets import table_asset


def some_states(count: int = 2) -> pd.DataFrame:
    columns = {"participant": "p", "wave": "t1", "variable": "work", "state": "employed"}
    return pd.DataFrame([columns] * count).astype("str")


def first(study: Study, frame: pd.DataFrame) -> dg.AssetsDefinition:
    @table_asset(study, "states", inputs=())
    def states() -> pd.DataFrame:
        """One row per person."""
        return frame

    return states


def second(study: Study) -> dg.AssetsDefinition:
    @table_asset(study, "responses", inputs=["states"])
    def responses(states: pd.DataFrame) -> pd.DataFrame:
        """One row per person."""
        return states[["participant", "wave"]].assign(responded=pd.array([True] * len(states), dtype="boolean"))

    return responses


def materialise(places: Places, *assets: dg.AssetsDefinition) -> tuple[bool, list[Progress]]:
    told: list[Progress] = []
    with listening(told.append), dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(
            list(assets),
            resources={"tables": TableStore(home=str(places.home))},
            instance=instance,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    return result.success, told


def test_a_table_is_stored_and_loaded_by_the_next_step(study: Study, places: Places) -> None:
    succeeded, told = materialise(places, first(study, some_states()), second(study))
    assert succeeded
    assert list(read_table(places.table("tiny", "responses"))["responded"]) == [True, True]
    assert [(one.name, one.rows) for one in told if one.event == "stored"] == [("states", 2), ("responses", 2)]


def test_the_footer_says_what_the_table_was_made_from(study: Study, places: Places) -> None:
    materialise(places, first(study, some_states()), second(study))
    upstream = read_footer(places.table("tiny", "states"))
    footer = read_footer(places.table("tiny", "responses"))
    made_from = Provenance.from_footer(footer)
    assert made_from == Provenance(study.contract_hash, code_version(), {"states": upstream["content_hash"]})
    assert (footer["study"], footer["table"], footer["provenance"]) == ("tiny", "responses", "synthetic")
    assert set(json.loads(footer["labels"])["responded"]) == {"en", "fr"}


def test_a_table_with_a_column_of_no_contract_is_not_stored(study: Study, places: Places) -> None:
    succeeded, told = materialise(places, first(study, some_states().assign(name="Ada")))
    assert not succeeded
    assert not places.table("tiny", "states").exists()
    [failure] = [one for one in told if one.event == "failed"]
    assert "column 'name' is in no contract" in failure.message
    assert "Ada" not in failure.message


def schema(**columns: str) -> dg.TableSchema:
    return dg.TableSchema(columns=[dg.TableColumn(name, type=kind) for name, kind in columns.items()])


def test_all_problems_of_a_table_are_said_at_once() -> None:
    frame = pd.DataFrame({"a": ["x"], "c": [1.5]}).astype({"a": "str"})
    with pytest.raises(DataError) as caught:
        enforce_schema(frame, "t", schema(a="integer", b="text"))
    assert caught.value.problems == (
        "column 'b' is missing",
        "column 'c' is in no contract",
        "column 'a' is str, and integer is stored as Int64 or int64",
    )


def test_columns_are_stored_in_the_order_of_the_contract() -> None:
    frame = pd.DataFrame({"b": pd.array([1], dtype="Int64"), "a": pd.array(["x"], dtype="str")})
    assert list(enforce_schema(frame, "t", schema(a="text", b="integer"))) == ["a", "b"]


estimates = dg.TableSchema(columns=[], constraints=dg.TableConstraints(other=[OPEN_SHAPE]))


def test_a_table_of_estimates_is_put_into_their_shape_or_refused() -> None:
    stored = enforce_schema(pd.DataFrame({"by_arm": ["x"], "estimate": [0.5]}), "t", estimates)
    assert list(stored.columns[:2]) == ["outcome", "term"]
    assert stored.columns[-1] == "by_arm"
    with pytest.raises(DataError, match="have no place in an estimate table"):
        enforce_schema(pd.DataFrame({"share": [0.5]}), "t", estimates)


def test_a_full_disc_fails_the_step_and_leaves_the_last_complete_table(
    study: Study, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert materialise(places, first(study, some_states(1)))[0]
    path = places.table("tiny", "states")
    before = path.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    succeeded, told = materialise(places, first(study, some_states(2)), second(study))
    assert not succeeded
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == ["states.parquet"]
    [failure] = [one for one in told if one.event == "failed"]
    assert failure.name == "storing states"
    assert "No space left on device" in failure.message


def test_a_crash_between_writing_and_renaming_leaves_the_last_complete_table(
    study: Study, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert materialise(places, first(study, some_states(1)))[0]
    path = places.table("tiny", "states")
    before = path.read_bytes()

    def crash(_self: Path, _target: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", crash)
        succeeded, told = materialise(places, first(study, some_states(2)))
        assert not succeeded
        assert [one.name for one in told if one.event == "interrupted"] == ["storing states"]
    assert path.read_bytes() == before
    assert materialise(places, first(study, some_states(2)))[0]
    assert len(read_table(path)) == 2


def test_a_folder_that_cannot_be_made_is_said_plainly(study: Study, places: Places) -> None:
    places.stored("tiny").parent.mkdir(parents=True, exist_ok=True)
    places.stored("tiny").write_text("a file where a folder should be")
    succeeded, told = materialise(places, first(study, some_states()))
    assert not succeeded
    assert next(one.message for one in told if one.event == "failed").startswith("FileExistsError: File exists")


def test_a_table_that_was_torn_from_outside_is_said_plainly(study: Study, places: Places) -> None:
    materialise(places, first(study, some_states()))
    path = places.table("tiny", "states")
    path.write_bytes(path.read_bytes()[:20])
    with listening((told := []).append), dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(
            [first(study, some_states()), second(study)],
            selection=dg.AssetSelection.assets(dg.AssetKey(["tiny", "responses"])),
            resources={"tables": TableStore(home=str(places.home))},
            instance=instance,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    assert not result.success
    [failure] = [one for one in told if one.event == "failed"]
    assert failure.name == "loading states"
    assert "not a whole Parquet file" in failure.message
