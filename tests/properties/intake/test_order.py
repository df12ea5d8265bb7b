"""The order of rows, the order of files, and how rows are cut into files change nothing but the order of the tables."""

import csv
import io
import shutil
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from increase_eval.intake import run_intake
from increase_eval.study import load_study

TINY = Path(__file__).parents[2] / "data" / "tiny"
SECRET = b"sixteen bytes, or more"
PLACE = ["source_file", "source_row"]
QUICK = settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def study():
    """The tiny study; duplicates are ordered by a column in one wave, and elsewhere the fullest row is kept."""
    loaded = load_study(TINY)
    sources = []
    for source in loaded.head.sources:
        keep = (
            source.duplicates
            if source.duplicates.order_by
            else source.duplicates.model_copy(update={"keep": "most_complete"})
        )
        files = tuple(pattern.replace(".csv", "*.csv") for pattern in source.files)
        sources.append(source.model_copy(update={"duplicates": keep, "files": files}))
    return loaded.model_copy(update={"head": loaded.head.model_copy(update={"sources": tuple(sources)})})


@pytest.fixture(scope="module")
def reference(study):
    return run_intake(study, TINY / "raw", key_secret=SECRET)


def records(path):
    text = path.read_text(encoding="utf-8-sig")
    delimiter = ";" if text.splitlines()[0].count(";") > text.splitlines()[0].count(",") else ","
    header, *body = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return delimiter, header, [row or [""] * len(header) for row in body]


def write(path, delimiter, header, body):
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, delimiter=delimiter).writerows([header, *body])


def plain(frame, keys):
    rest = [column for column in frame.columns if column not in PLACE]
    return frame[rest].sort_values(keys, ignore_index=True)


def assert_same(study, folder, reference):
    intake = run_intake(study, folder, key_secret=SECRET)
    pd.testing.assert_frame_equal(
        plain(intake.participants, ["participant"]), plain(reference.participants, ["participant"])
    )
    for wave, frame in intake.waves.items():
        pd.testing.assert_frame_equal(plain(frame, ["participant"]), plain(reference.waves[wave], ["participant"]))
    reasons = ["participant", "wave", "column"]
    pd.testing.assert_frame_equal(plain(intake.missing_reasons, reasons), plain(reference.missing_reasons, reasons))
    found, expected = (
        sorted(
            run.quarantine[["column", "rule", "severity", "value_hash"]].fillna("").itertuples(index=False, name=None)
        )
        for run in (intake, reference)
    )
    assert found == expected
    totals = ["rows_read", "accepted", "duplicate", "quarantined", "values_set_missing"]
    assert intake.ledger.groupby("source")[totals].sum().equals(reference.ledger.groupby("source")[totals].sum())
    assert (intake.ledger["rows_read"] == intake.ledger[["accepted", "duplicate", "quarantined"]].sum(axis=1)).all()


@QUICK
@given(seed=st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(study, reference, tmp_path, seed):
    for path in (TINY / "raw").glob("*.csv"):
        delimiter, header, body = records(path)
        seed.shuffle(body)
        write(tmp_path / path.name, delimiter, header, body)
    assert_same(study, tmp_path, reference)


@QUICK
@given(data=st.data())
def test_how_rows_are_cut_into_files_and_what_files_are_called_does_not_matter(study, reference, tmp_path, data):
    shutil.rmtree(tmp_path)
    tmp_path.mkdir()
    for path in sorted((TINY / "raw").glob("*.csv")):
        delimiter, header, body = records(path)
        cut = data.draw(st.integers(1, len(body) - 1), label=path.name)
        first, second = data.draw(st.permutations(["a", "b"]), label="names")
        write(tmp_path / f"{path.stem}{first}.csv", delimiter, header, body[:cut])
        write(tmp_path / f"{path.stem}{second}.csv", delimiter, header, body[cut:])
    assert_same(study, tmp_path, reference)


@QUICK
@given(data=st.data())
def test_the_order_of_columns_does_not_matter(study, reference, tmp_path, data):
    for path in sorted((TINY / "raw").glob("*.csv")):
        delimiter, header, body = records(path)
        order = data.draw(st.permutations(range(len(header))), label=path.name)
        write(tmp_path / path.name, delimiter, [header[n] for n in order], [[row[n] for n in order] for row in body])
    assert_same(study, tmp_path, reference)


@QUICK
@given(
    cells=st.lists(
        st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=1, max_size=8
    )
)
def test_any_text_that_is_written_as_csv_is_read_as_it_was(tmp_path, cells):
    from increase_eval.intake import read_file

    with (tmp_path / "a.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, quoting=csv.QUOTE_ALL).writerows([["a", "b"], *([cell, "x"] for cell in cells)])
    table = read_file(tmp_path / "a.csv", format="csv")
    assert table.frame["a"].fillna("").tolist() == cells
    assert table.rows.tolist() == list(range(2, len(cells) + 2))
