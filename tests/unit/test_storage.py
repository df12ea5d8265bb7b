"""Stored tables: what comes back, what the footer says, and that equal tables have equal bytes."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from increase_eval import files, storage
from increase_eval.errors import DataError
from increase_eval.places import Places
from increase_eval.storage import content_hash, open_study_tables, read_footer, read_table, write_table

FOOTER = {"study": "one", "contract_hash": "c0ffee"}


def every_type() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "text": pd.array(["a", None, "é\n"], dtype="string"),
            "plain": pd.Series(["x", "y", None], dtype="str"),
            "count": pd.array([1, None, 3], dtype="Int64"),
            "number": [0.1, np.nan, -1e300],
            "nullable": pd.array([0.5, None, 2.0], dtype="Float64"),
            "flag": pd.array([True, None, False], dtype="boolean"),
            "day": pd.to_datetime(["2020-02-29", None, "1999-12-31"]),
        }
    )


def test_a_table_comes_back_with_its_types(tmp_path: Path) -> None:
    write_table(every_type(), tmp_path / "t.parquet", FOOTER)
    assert_frame_equal(read_table(tmp_path / "t.parquet"), every_type())


def test_an_empty_table_keeps_its_columns_and_types(tmp_path: Path) -> None:
    write_table(every_type().head(0), tmp_path / "t.parquet", FOOTER)
    assert_frame_equal(read_table(tmp_path / "t.parquet"), every_type().head(0))


def test_the_table_given_is_left_alone(tmp_path: Path) -> None:
    frame = every_type().set_axis([5, 6, 7])
    write_table(frame, tmp_path / "t.parquet", FOOTER)
    assert_frame_equal(frame, every_type().set_axis([5, 6, 7]))


def test_the_same_table_has_the_same_bytes_wherever_it_is_written(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_table(every_type(), tmp_path / name / "t.parquet", FOOTER)
    assert (tmp_path / "a" / "t.parquet").read_bytes() == (tmp_path / "b" / "t.parquet").read_bytes()


def test_the_order_of_footer_keys_does_not_show_in_the_bytes(tmp_path: Path) -> None:
    write_table(every_type(), tmp_path / "a.parquet", FOOTER)
    write_table(every_type(), tmp_path / "b.parquet", dict(reversed(FOOTER.items())))
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_the_footer_is_what_was_given_and_the_content_hash(tmp_path: Path) -> None:
    digest = write_table(every_type(), tmp_path / "t.parquet", FOOTER)
    assert read_footer(tmp_path / "t.parquet") == {**FOOTER, "content_hash": digest}


def test_the_content_hash_does_not_depend_on_the_footer(tmp_path: Path) -> None:
    one = write_table(every_type(), tmp_path / "a.parquet", FOOTER)
    other = write_table(every_type(), tmp_path / "b.parquet", {"study": "other"})
    assert one == other == content_hash(every_type())


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.assign(number=[0.1, np.nan, -1.0]),
        lambda t: t.assign(number=[0.1, 0.2, -1e300]),
        lambda t: t.rename(columns={"number": "numbers"}),
        lambda t: t.astype({"count": "Float64"}),
        lambda t: t.iloc[::-1],
        lambda t: t[t.columns[::-1]],
        lambda t: t.head(2),
    ],
    ids=["value", "missing", "name", "type", "order of rows", "order of columns", "rows"],
)
def test_the_content_hash_changes_with_the_content(change) -> None:
    assert content_hash(change(every_type())) != content_hash(every_type())


@given(st.lists(st.one_of(st.none(), st.text(max_size=5)), min_size=2, max_size=40), st.data())
def test_how_a_table_was_put_together_does_not_show_in_its_hash(values: list[str | None], data: st.DataObject) -> None:
    whole = pd.DataFrame({"a": pd.array(values, dtype="string"), "b": range(len(values))})
    cut = data.draw(st.integers(1, len(values) - 1))
    parts = [whole.iloc[:cut].copy(), whole.iloc[cut:].copy()]
    assert content_hash(pd.concat(parts)) == content_hash(whole)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({1: [1]}), "column names must be text"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), r"columns \['a'\] stand twice"),
        (pd.DataFrame({"a": [1]}, index=pd.Index([7], name="participant")), "would be lost"),
        (pd.DataFrame({"a": pd.Categorical(["x"])}), r"columns \['a'\] are categorical"),
        (pd.DataFrame({"a": [1], "b": pd.Series([object()], dtype=object)}), "columns that mix types.*'b'"),
    ],
)
def test_a_frame_that_cannot_be_stored_whole_is_refused(tmp_path: Path, frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        write_table(frame, tmp_path / "t.parquet", FOOTER)
    assert not list(tmp_path.iterdir())


def test_a_refusal_does_not_quote_the_answer(tmp_path: Path) -> None:
    frame = pd.DataFrame({"q1": pd.Series(["my secret answer", 3], dtype=object)})
    with pytest.raises(ValueError, match="q1") as caught:
        write_table(frame, tmp_path / "t.parquet", FOOTER)
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_the_content_hash_cannot_be_given(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="content_hash"):
        write_table(every_type(), tmp_path / "t.parquet", {"content_hash": "made up"})


def test_a_missing_table_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="increase-eval run"):
        read_table(tmp_path / "t.parquet")


def test_a_torn_file_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_table(every_type(), path, FOOTER)
    path.write_bytes(path.read_bytes()[:-30])
    for read in (read_table, read_footer):
        with pytest.raises(DataError, match="not a whole Parquet file"):
            read(path)


def test_a_full_disc_leaves_the_last_complete_table_and_nothing_else(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "t.parquet"
    write_table(every_type(), path, FOOTER)
    before = path.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_table(every_type().head(1), path, FOOTER)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["t.parquet"]


def test_a_fault_while_the_rows_are_written_leaves_the_last_complete_table(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "t.parquet"
    write_table(every_type(), path, FOOTER)
    before = path.read_bytes()

    def full(_sink: object, _data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(storage._Hashing, "write", full)
    with pytest.raises(OSError, match="No space left"):
        write_table(every_type().head(1), path, FOOTER)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["t.parquet"]


def test_the_tables_of_a_study_are_listed_and_read_by_name(tmp_path: Path) -> None:
    places = Places(tmp_path)
    for name in ("scores", "ledger"):
        write_table(every_type(), places.table("one", name), FOOTER)
    (places.stored("one") / ".scores.parquet.abc.part").touch()
    tables = open_study_tables(places, "one")
    assert list(tables) == ["ledger", "scores"]
    assert_frame_equal(tables["scores"], every_type())
    assert tables.footer("scores")["study"] == "one"


def test_a_table_that_is_not_stored_is_named_with_those_that_are(tmp_path: Path) -> None:
    places = Places(tmp_path)
    write_table(every_type(), places.table("one", "ledger"), FOOTER)
    with pytest.raises(KeyError, match="no stored table 'scores'; stored: ledger"):
        open_study_tables(places, "one")["scores"]


def test_labels_of_columns_are_read_from_the_footer(tmp_path: Path) -> None:
    places = Places(tmp_path)
    labels = {"count": {"en": "Visits", "fr": "Visites"}}
    write_table(every_type(), places.table("one", "t"), {"labels": json.dumps(labels)})
    assert open_study_tables(places, "one").labels("t", "fr") == {"count": "Visites"}
