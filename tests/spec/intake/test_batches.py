"""In how many parts a file is read changes nothing: not a table, not a row number, not an error."""

import csv
import dataclasses
import io
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal, assert_series_equal

from increase_eval.errors import DataError
from increase_eval.intake.corrections import CORRECTION_COLUMNS, CORRECTIONS_FILE
from increase_eval.intake.readers import open_file, read_file
from increase_eval.intake.readers.text import LONGEST_LINE
from increase_eval.intake.run import run_openly
from increase_eval.study import find_studies, load_study
from increase_eval.synthetic.simulate import simulate_study

TINY = Path(__file__).parents[2] / "data" / "tiny"
SECRET = b"a secret of the tests, 32 bytes long"
WHOLE = 10**9
HEAD = "id,group,age,mood,score\n"


def take_in(study, folder, batch_rows):
    return run_openly(study, folder, key_secret=SECRET, batch_rows=batch_rows)


def assert_same(one, other):
    """Every table, in every row, column and dtype; and the values that the quarantine hides."""
    assert_series_equal(one.values, other.values)
    for field in dataclasses.fields(one.intake):
        first, second = getattr(one.intake, field.name), getattr(other.intake, field.name)
        tables = {"": (first, second)}
        if isinstance(first, dict):
            assert list(first) == list(second)
            tables = {wave: (first[wave], second[wave]) for wave in first}
        for wave, (left, right) in tables.items():
            assert_frame_equal(left, right, obj=f"{field.name} {wave}")


def as_parquet(study, folder, target):
    """Write the text files of a study as Parquet, cell by cell, and give the study that has these instead."""
    target.mkdir()
    sources = []
    for source in study.head.sources:
        files = tuple(pattern.replace(".csv", ".parquet") for pattern in source.files)
        options = source.options.model_copy(update={"delimiter": None, "encoding": None})
        sources.append(source.model_copy(update={"files": files, "format": "auto", "options": options}))
        for path in [path for pattern in source.files for path in sorted(folder.glob(pattern))]:
            copy = target / path.relative_to(folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == ".csv":
                frame = read_file(path, source.options, source.format).frame
                frame.to_parquet(copy.with_suffix(".parquet"), row_group_size=100, index=False)
            else:
                shutil.copy(path, copy)
    return study.model_copy(update={"head": study.head.model_copy(update={"sources": tuple(sources)})})


@pytest.fixture(scope="module", params=["csv", "parquet"])
def tiny(request, tmp_path_factory):
    """The tiny study with its files as text or as Parquet, a correction among them."""
    study, folder = load_study(TINY), tmp_path_factory.mktemp("tiny") / "raw"
    shutil.copytree(TINY / "raw", folder)
    if request.param == "parquet":
        study, folder = as_parquet(study, folder, folder.parent / "parquet"), folder.parent / "parquet"
    path = sorted(folder.glob("wave_3.*"))[0]
    line = dict.fromkeys(CORRECTION_COLUMNS, "") | {"sha256": open_file(path).head.sha256, "row": 9, "action": "drop"}
    with (folder / CORRECTIONS_FILE).open("w", newline="") as stream:
        writer = csv.DictWriter(stream, CORRECTION_COLUMNS)
        writer.writeheader()
        writer.writerow(line)
    return study, folder, take_in(study, folder, WHOLE)


@pytest.mark.parametrize("batch_rows", [1, 7])
def test_the_tiny_study_is_the_same_however_its_files_are_cut(tiny, batch_rows):
    study, folder, whole = tiny
    assert len(whole.intake.quarantine) and len(whole.intake.duplicates) and len(whole.intake.missing_reasons)
    assert_same(take_in(study, folder, batch_rows), whole)


@pytest.fixture(scope="module")
def messy_files(tmp_path_factory):
    """The study with a synthetic cohort: its contract and the files as partners send them, with every planted fault."""
    study = next(load_study(folder) for folder in find_studies().values() if (folder / "synthetic.yaml").is_file())
    folder = tmp_path_factory.mktemp("messy")
    simulate_study(study, study.cohort, folder, seed=1)
    return study, folder


@pytest.fixture(scope="module", params=["as sent", "parquet"])
def messy(request, messy_files):
    study, folder = messy_files
    if request.param == "parquet":
        study, folder = as_parquet(study, folder, folder / "parquet"), folder / "parquet"
    return study, folder, take_in(study, folder, WHOLE)


@pytest.mark.parametrize(
    "batch_rows", [400, pytest.param(7, marks=pytest.mark.slow), pytest.param(1, marks=pytest.mark.slow)]
)
def test_messy_files_are_the_same_however_they_are_cut(messy, batch_rows):
    study, folder, whole = messy
    assert len(whole.intake.quarantine) and len(whole.intake.duplicates) and len(whole.intake.proposed_links)
    assert_same(take_in(study, folder, batch_rows), whole)


def refused(study, folder, batch_rows):
    with pytest.raises(DataError) as caught:
        take_in(study, folder, batch_rows)
    return str(caught.value)


ROWS = "".join(f"k{number},one,30,1,5\n" for number in range(10))
"""Rows 2 to 11 of a file: more than one part, unless it is whole."""


@pytest.mark.parametrize("batch_rows", [1, 4, WHOLE])
@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (b"x\0y,one,30,1,5\n", "line 12 has a NUL byte: the file is damaged"),
        (b'a,"one,30,1,5\n' + ROWS.encode(), "row 12 is never closed, and swallows the 10 lines"),
        (b'a,"one' + b"x" * 200_000, "row 12 has a cell of more than 131,072 characters"),
        (b'a,"one,30,1,5\nb,"one",30,1,5\n', "row 12 has a quotation mark inside a cell"),
        (b'a,"one\ntwo,",30,1,5,6\nb,one,30,1,5\n', "row 12 runs over several lines and has not as many cells"),
        (b'a,"one,30,1,5\nb,",30,1,5\nc,one,30,1,5\n', "row 12 runs over 2 lines, each of which looks like a row"),
        (b"\xff,one,30,1,5\n", "line 12 is not text in utf-8; another `encoding` is needed"),
    ],
)
def test_a_damaged_row_in_a_later_part_is_the_same_error(bench, batch_rows, damage, said):
    study = bench.study(sources=[bench.source(options={"encoding": "utf-8"})])
    bench.put(answers_csv=(HEAD + ROWS).encode() + damage)
    assert said in refused(study, bench.folder, batch_rows)


@pytest.mark.parametrize("batch_rows", [1, WHOLE])
def test_a_line_of_two_hundred_megabytes_in_a_later_part(bench, batch_rows):
    bench.put(answers_csv=(HEAD + ROWS).encode() + b"1," * 100_000_000)
    assert f"line 12 is longer than {LONGEST_LINE:,} bytes" in refused(bench.study(), bench.folder, batch_rows)


@pytest.mark.parametrize("batch_rows", [1, 3, WHOLE])
@pytest.mark.parametrize(
    ("end", "said"),
    [
        (b"z,one,3", [(12, "truncated_row")]),
        (b'z,"one', [(12, "truncated_row")]),
        (b"z,one,3\n", [(12, "ragged_row")]),
        (b"z,one,3\n\n\n", [(12, "ragged_row")]),
        (b"\n\nz,one,30,1,5\n\n", [(12, "empty_row"), (13, "empty_row")]),
        (b"\n\nz,one,3", [(12, "empty_row"), (13, "empty_row"), (14, "truncated_row")]),
        (b"\n\n\n", []),
    ],
)
def test_the_end_of_a_file_is_judged_at_its_end(bench, rows, batch_rows, end, said):
    bench.put(answers_csv=(HEAD + ROWS).encode() + end)
    assert rows(take_in(bench.study(), bench.folder, batch_rows).intake.quarantine, "row", "rule") == said


@pytest.mark.parametrize("batch_rows", [1, 3, WHOLE])
def test_the_decimal_mark_is_that_of_the_whole_file(bench, batch_rows):
    scores = ["7", "2.5", *["1,5", "3,5", "4,5"] * 3]
    bench.put(answers_csv="id;group;age;mood;score\n" + "".join(f"k{n};one;30;1;{s}\n" for n, s in enumerate(scores)))
    intake = take_in(bench.study(), bench.folder, batch_rows).intake
    assert intake.waves["t1"]["score"].tolist()[2:5] == [1.5, 3.5, 4.5]
    assert intake.quarantine["row"].tolist() == [3]


@pytest.mark.parametrize("batch_rows", [1, 3, WHOLE])
@pytest.mark.parametrize(("last", "unexpected"), [("", []), ("a remark", ["(column 6)"])])
def test_a_column_without_a_name_is_one_where_any_part_has_something_in_it(bench, batch_rows, last, unexpected):
    body = "".join(f"k{number},one,30,1,5,\n" for number in range(6)) + f"z,one,30,1,5,{last}\n"
    bench.put(answers_csv="id,group,age,mood,score,\n" + body)
    findings = take_in(bench.study(), bench.folder, batch_rows).intake.findings
    assert findings.loc[findings["kind"] == "unexpected_column", "column"].tolist() == unexpected


@pytest.mark.parametrize("batch_rows", [1, 2, WHOLE])
@pytest.mark.parametrize(
    ("stamps", "kept", "unreadable"),
    [
        (["9", "10", "8", "x"], 3, 1),  # numbers: 10 is the last
        (["9", "10", "8", "2021-01-01"], 5, 3),  # one date, and numbers are none
        (["20210101", "2021-02-01", "2021-01-15", ""], 3, 1),
    ],
)
def test_what_orders_duplicates_is_numbers_or_dates_in_the_whole_file(bench, batch_rows, stamps, kept, unreadable):
    duplicates = {"keep": "last", "order_by": "stamp"}
    study = bench.study(sources=[bench.source(duplicates=duplicates)])
    bench.put(answers_csv="id,group,age,mood,score,stamp\n" + "".join(f"same,one,30,1,5,{stamp}\n" for stamp in stamps))
    intake = take_in(study, bench.folder, batch_rows).intake
    assert intake.duplicates["kept_row"].unique().tolist() == [kept]
    assert intake.findings.loc[intake.findings["kind"] == "order_unreadable", "n"].tolist() == [unreadable]


@pytest.mark.parametrize("batch_rows", [1, 2, WHOLE])
def test_an_order_that_cannot_be_read_at_all_is_an_error(bench, batch_rows):
    study = bench.study(sources=[bench.source(duplicates={"keep": "last", "order_by": "stamp"})])
    bench.put(answers_csv="id,group,age,mood,score,stamp\n" + "a,one,30,1,5,soon\n" * 3)
    assert "column 'stamp' orders the duplicates, and no cell" in refused(study, bench.folder, batch_rows)


@pytest.mark.parametrize("batch_rows", [1, 3, WHOLE])
@pytest.mark.parametrize("written", ["cp1252", "utf-16", "utf-8-sig", "utf-32"])
def test_an_encoding_that_only_the_last_row_shows(bench, batch_rows, written):
    bench.put(answers_csv=(HEAD + ROWS + "z,one,30,d’accord,5\n").encode(written))
    assert take_in(bench.study(), bench.folder, batch_rows).intake.waves["t1"]["mood"].tolist()[-1] == 3


@pytest.mark.parametrize("batch_rows", [1, 2, WHOLE])
def test_an_answer_over_several_lines_stays_one_row(bench, batch_rows):
    bench.put(answers_csv=HEAD + 'a,"one\r\n\r\n\rtwo",30,1,5\nb,one,30,1,4\nc,"one\n",30,1,3\n')
    intake = take_in(bench.study(), bench.folder, batch_rows).intake
    assert intake.waves["t1"]["source_row"].tolist() == [2, 3, 4]
    assert intake.waves["t1"]["score"].tolist() == [5, 4, 3]


@pytest.mark.parametrize("batch_rows", [1, 3, WHOLE])
def test_three_header_rows_are_no_data(bench, batch_rows):
    head = 'id,group,age,mood,score\n"What, \nid?",Group,Age,Mood,Score\n' + ",".join(
        f'"{{""ImportId"":""q{n}""}}"' for n in range(5)
    )
    bench.put(answers_csv=f"{head}\n{ROWS}")
    intake = take_in(bench.study(), bench.folder, batch_rows).intake
    assert intake.input_files["format"].tolist() == ["qualtrics"]
    assert intake.waves["t1"]["source_row"].tolist() == list(range(4, 14))


@pytest.mark.parametrize("batch_rows", [1, 3, WHOLE])
def test_missing_columns_are_named_whatever_the_parts(bench, batch_rows):
    bench.put(answers_csv="id,group,age,moood\n" + "a,one,30,1\n" * 5)
    assert "column 'mood': no column 'mood'; did you mean 'moood'?" in refused(bench.study(), bench.folder, batch_rows)


@pytest.mark.parametrize("batch_rows", [1, 3, WHOLE])
def test_a_file_of_broken_rows_alone_is_accounted_for(bench, batch_rows):
    bench.put(answers_csv=HEAD + "a,b\n" * 5)
    intake = take_in(bench.study(), bench.folder, batch_rows).intake
    assert intake.ledger[["rows_read", "accepted", "quarantined"]].to_numpy().tolist() == [[5, 0, 5]]


@pytest.mark.parametrize("batch_rows", [1, 3, WHOLE])
def test_a_typed_column_that_is_blank_in_some_parts_keeps_its_type(bench, batch_rows):
    study = bench.study(sources=[bench.source(files=["answers.parquet"])])
    frame = pd.DataFrame(
        {
            "id": [f"k{n}" for n in range(6)],
            "group": pd.array([None, None, None, "one", "one", "one"], dtype="str"),
            "age": pd.array([None] * 5 + [40], dtype="Int64"),
            "mood": pd.Categorical([None, None, None, None, "Agree", "Disagree"]),
            "score": [np.nan] * 4 + [2.5, 3.0],
        }
    )
    frame.to_parquet(bench.folder / "answers.parquet", row_group_size=2)
    intake = take_in(study, bench.folder, batch_rows).intake
    assert intake.participants["age"].tolist()[-1] == 40
    assert intake.waves["t1"]["mood"].tolist()[-2:] == [3, 1]
    assert intake.waves["t1"]["score"].tolist()[-2:] == [2.5, 3.0]
    assert len(intake.quarantine) == 0


@pytest.mark.parametrize("batch_rows", [900, WHOLE])
def test_a_parquet_file_with_a_damaged_page_is_not_whole(bench, batch_rows):
    study = bench.study(sources=[bench.source(files=["answers.parquet"])])
    path = bench.folder / "answers.parquet"
    frame = pd.DataFrame({"id": [f"k{n}" for n in range(4000)], "group": "one", "age": 30, "mood": 1, "score": 5.0})
    frame.to_parquet(path, row_group_size=1000)
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 400] = b"\xff" * 400
    path.write_bytes(data)
    assert "answers.parquet: it is no whole Parquet file" in refused(study, bench.folder, batch_rows)


def test_a_file_that_is_written_to_while_it_is_read_is_not_taken_in(bench):
    bench.put(answers_csv=HEAD + ROWS)
    parts = open_file(bench.folder / "answers.csv").parts(3)
    next(parts)
    with (bench.folder / "answers.csv").open("a") as stream:
        stream.write(ROWS)
    with pytest.raises(DataError, match=r"answers\.csv: it was written to while it was read"):
        list(parts)


def test_a_part_holds_no_more_rows_than_it_should(bench):
    bench.put(answers_csv=HEAD + ROWS)
    assert [len(part.frame) for part in open_file(bench.folder / "answers.csv").parts(4)] == [4, 4, 2]
    buffer = io.BytesIO()
    pd.DataFrame({"id": range(10)}).to_parquet(buffer, row_group_size=5)
    bench.put(answers_parquet=buffer.getvalue())
    assert next(len(part.frame) for part in open_file(bench.folder / "answers.parquet").parts(4)) == 4


def test_a_part_without_rows_is_refused(bench):
    with pytest.raises(ValueError, match="batch_rows is 0; allowed: 1 or more"):
        take_in(bench.study(), bench.folder, 0)
