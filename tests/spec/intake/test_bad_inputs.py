"""Bad inputs: each a clear error that names the file and says what to do, and never shows an answer or a key.

The answers and keys in these files are planted words; the whole error, with everything that it was raised from, is
searched for them.
"""

import traceback

import pandas as pd
import pyreadstat
import pytest
import xlsxwriter

from increase_eval.errors import DataError
from increase_eval.intake import read_file
from increase_eval.intake.readers.text import LONGEST_LINE

HEAD = "id,group,age,mood,score\n"
KEY, ANSWER = "keysentinel77", "answersentinel88"
ROW = f"{KEY},{ANSWER},30,1,5\n"
SWALLOWING = f'a,"{ANSWER},30,1,5\n' + ROW * 3  # the quotation mark is never closed, until the next one opens


def whole_text(error):
    return "".join(traceback.format_exception(error)).casefold()


@pytest.fixture
def refused(bench, caplog):
    """Take in a study that cannot be, and give the message once it is sure that nothing of a person is in it."""

    def take_in(study=None):
        with pytest.raises(DataError) as caught:
            bench.take_in(study)
        for planted in (KEY, ANSWER):
            assert planted not in whole_text(caught.value)
            assert planted not in caplog.text.casefold()
        return str(caught.value)

    return take_in


def test_no_folder(bench, refused):
    bench.folder.rmdir()
    assert "there is no raw folder 'raw'" in refused()


def test_no_file(bench, refused):
    bench.put(answer_csv=HEAD + ROW)
    assert "source 'answers': no file matches 'answers.csv'; did you mean 'answer.csv'?" in refused()


def test_no_file_is_no_fault_where_the_source_is_optional(bench):
    study = bench.study(sources=[bench.source(), bench.source("more", ["more.csv"], optional=True)])
    assert len(bench.put(answers_csv=HEAD + "a,one,30,1,5\n").take_in(study).waves["t1"]) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "answers.csv: the file is empty"),
        (b"\n\n", "answers.csv: the file is empty: it has no column names"),
        (b"\xef\xbb\xbf", "answers.csv: the file is empty: it has no column names"),
        (HEAD.encode(), "answers.csv: the file has column names and no rows below them"),
        (b"id,group,age,mood,mood\n" + ROW.encode(), "columns 4 and 5 have the same name in the first row"),
        (b"id,group,age,mood, mood \n" + ROW.encode(), "columns 4 and 5 have the same name in the first row"),
        ((HEAD + ROW).encode() + b"x\0y,one,30,1,5\n", "line 3 has a NUL byte: the file is damaged"),
        ((HEAD + ROW + f'a,"{ANSWER},30,1,5\n' + ROW * 3).encode(), "row 3 is never closed, and swallows the 3 lines"),
        ((HEAD + ROW + f'a,"{ANSWER}' + "x" * 200_000).encode(), "row 3 has a cell of more than 131,072 characters"),
        (f"{HEAD}{ROW}".encode("utf-16-le"), "line 1 has a NUL byte"),
        ((HEAD + SWALLOWING + f'b,"{ANSWER}",30,1,5\n' + ROW).encode(), "row 2 has a quotation mark inside a cell"),
        (
            (HEAD + SWALLOWING + f'b,",{ANSWER}",30,1,5\n' + ROW).encode(),
            "row 2 runs over several lines and has not as many",
        ),
        ((HEAD + SWALLOWING + 'b,",30,1,5\n' + ROW).encode(), "row 2 runs over 5 lines, each of which looks like"),
        ((HEAD + 'a,"one\ntwo,",30,1,5,6\n' + ROW).encode(), "row 2 runs over several lines and has not as many cells"),
        ((HEAD[:-1] + ',"x\n' + ROW * 3).encode(), "a quotation mark that opens in row 1 is never closed"),
    ],
)
def test_damaged_text_files(bench, refused, content, said):
    bench.put(answers_csv=content)
    assert said in refused()


def test_a_line_of_two_hundred_megabytes(bench, refused):
    bench.put(answers_csv=HEAD.encode() + ROW.encode() + b"1," * 100_000_000)
    assert f"line 3 is longer than {LONGEST_LINE:,} bytes" in refused()


@pytest.mark.parametrize(
    ("declared", "written", "said"),
    [
        ("utf-8", "cp1252", "line 2 is not text in utf-8; another `encoding` is needed"),
        ("cp1252", "utf-8", "`encoding` is declared as cp1252, and the bytes are utf-8"),
        ("latin-1", "utf-8-sig", "`encoding` is declared as latin-1, and the bytes are utf-8-sig"),
        ("utf-16", "utf-8-sig", "`encoding` is declared as utf-16, and the file begins as utf-8-sig"),
        ("utf8-ish", "utf-8", "`encoding` is 'utf8-ish', which is no known encoding"),
    ],
)
def test_a_declared_encoding_that_is_wrong(bench, refused, declared, written, said):
    bench.put(answers_csv=(HEAD + f"{KEY},{ANSWER} é à,30,1,5\n").encode(written))
    assert said in refused(bench.study(sources=[bench.source(options={"encoding": declared})]))


@pytest.mark.parametrize("written", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_encodings_are_found(bench, rows, written):
    bench.put(answers_csv=(HEAD + "é1,One,30,D'ACCORD,5\n").encode(written))
    intake = bench.take_in()
    assert rows(intake.waves["t1"], "mood") == [(3,)]
    assert intake.participants["arm"].tolist() == ["one"]


def test_a_key_is_the_same_person_in_every_encoding(bench):
    keys = set()
    for written in ("utf-8", "cp1252", "utf-16"):
        bench.put(answers_csv=(HEAD + "é1,One,30,1,5\n").encode(written))
        keys.update(bench.take_in().participants["participant"])
    assert len(keys) == 1


def test_columns_missing_are_all_named_with_the_nearest_name(bench, refused):
    bench.put(answers_csv=f"id,group,age,moood\n{KEY},{ANSWER},30,1\n")
    message = refused()
    assert "answers.csv: column 'mood': no column 'mood'; did you mean 'moood'?" in message
    assert "answers.csv: column 'score': no column 'score'" in message


def test_the_problems_of_all_files_are_given_at_once(bench, refused):
    study = bench.study(
        sources=[bench.source(), bench.source("more", ["more.csv"]), bench.source("none", ["none.csv"])]
    )
    bench.put(answers_csv="", more_csv=HEAD)
    message = refused(study)
    assert all(
        name in message for name in ("answers.csv: the file is empty", "more.csv: the file has", "source 'none'")
    )


def test_a_column_name_that_could_be_two_is_not_guessed(bench, refused):
    bench.put(answers_csv=f"id,group,AGE,Age,mood,score\n{KEY},{ANSWER},30,31,1,5\n")
    assert "column 'age': 'age' could be 'AGE' or 'Age'; name it exactly" in refused()


def test_a_file_that_has_lost_its_header_does_not_show_its_first_row(bench, refused):
    bench.put(answers_csv=ROW + f"{KEY}2,{ANSWER}2,30,1,5\n")
    assert "none of the 5 expected columns is in the first row: has the file lost its header?" in refused()


def workbook(path, sheets, **options):
    book = xlsxwriter.Workbook(path, options)
    for name, cells in sheets.items():
        sheet = book.add_worksheet(name)
        for number, row in enumerate(cells):
            sheet.write_row(number, 0, row)
    book.close()


CELLS = [["id", "group", "age", "mood", "score"], [KEY, "one", 30, 1, 5]]


@pytest.fixture
def excel(bench):
    return bench.folder / "answers.xlsx", lambda **options: bench.study(
        sources=[bench.source(files=["answers.xlsx"], options=options)]
    )


def test_a_workbook_with_another_sheet(excel, refused):
    path, study = excel
    workbook(path, {"Answers": CELLS, "Notes": [["x"]]})
    assert "the workbook has the sheets Answers, Notes; declare which in `sheet`" in refused(study())
    assert "there is no sheet 'Answer'; the workbook has Answers, Notes; did you mean 'Answers'?" in refused(
        study(sheet="Answer")
    )


def test_a_workbook_with_its_sheet_named(excel, bench, rows):
    path, study = excel
    workbook(path, {"Notes": [["x"]], "Answers": CELLS})
    assert rows(bench.take_in(study(sheet="Answers")).waves["t1"], "mood", "source_row") == [(1, 2)]


def test_an_empty_sheet(excel, refused):
    path, study = excel
    workbook(path, {"Answers": []})
    assert "sheet 'Answers' is empty" in refused(study())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (bytes.fromhex("D0CF11E0A1B11AE1") + b"\0" * 4000, "is protected by a password, or is of the old .xls kind"),
        (b"PK\x03\x04 not a workbook at all", "the workbook cannot be read: it is damaged, or no .xlsx"),
        (HEAD.encode() + ROW.encode(), "the workbook cannot be read: it is damaged, or no .xlsx"),
    ],
)
def test_a_workbook_that_is_none(excel, bench, refused, content, said):
    path, study = excel
    path.write_bytes(content)
    assert said in refused(study())


def test_a_formula_without_a_value_is_an_error_and_one_with_it_is_its_value(excel, bench, rows, refused):
    path, study = excel
    for value, taken in ((7, 7.0), ("", None)):
        book = xlsxwriter.Workbook(path)
        sheet = book.add_worksheet("Answers")
        sheet.write_row(0, 0, CELLS[0])
        sheet.write_row(1, 0, CELLS[1][:4])
        sheet.write_formula(1, 4, "=3+4", None, value)
        book.close()
        if taken is None:
            assert "1 cells hold a formula without a stored value (E2)" in refused(study())
        else:
            intake = bench.take_in(study())
            assert rows(intake.waves["t1"], "score") == [(taken,)]
            assert rows(intake.findings, "kind", "n") == [("formulas", 1)]


def test_a_cell_that_shows_an_error_is_listed(excel, bench, rows):
    path, study = excel
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("Answers")
    sheet.write_row(0, 0, CELLS[0])
    sheet.write_row(1, 0, CELLS[1][:4])
    sheet.write_formula(1, 4, "=1/0", None, "#DIV/0!")
    book.close()
    run = bench.take_in_openly(study())
    assert rows(run.intake.quarantine, "row", "column", "rule") == [(2, "score", "type")]
    assert run.values.tolist() == ["#DIV/0!"]


@pytest.mark.parametrize("part", [0.02, 0.5, 0.95])
@pytest.mark.parametrize(
    ("name", "kind"), [("answers.sav", "SPSS"), ("answers.dta", "Stata"), ("answers.parquet", "Parquet")]
)
def test_a_file_that_is_cut_off(bench, refused, name, kind, part):
    table = pd.DataFrame({"id": [KEY] * 400, "group": ANSWER, "age": 30.0, "mood": 1.0, "score": range(400)})
    write = {"SPSS": pyreadstat.write_sav, "Stata": pyreadstat.write_dta, "Parquet": pd.DataFrame.to_parquet}[kind]
    write(table, bench.folder / name)
    whole = (bench.folder / name).read_bytes()
    (bench.folder / name).write_bytes(whole[: int(len(whole) * part)])
    assert f"{name}: it is no whole {kind} file" in refused(bench.study(sources=[bench.source(files=[name])]))


def test_types_mixed_in_a_column_cost_the_values_that_do_not_fit(excel, bench, rows):
    path, study = excel
    workbook(path, {"Answers": [*CELLS, ["b", "one", "thirty", 1, True], ["c", "one", 31, "Agree", "5"]]})
    intake = bench.take_in(study())
    assert rows(intake.participants, "age") == [(30,), (None,), (31,)]
    assert rows(intake.waves["t1"], "mood", "score") == [(1, 5.0), (1, 1.0), (3, 5.0)]
    assert rows(intake.quarantine, "row", "column", "rule") == [(3, "age", "type")]


def test_a_parquet_file_with_lists(bench, refused):
    pd.DataFrame({"id": [KEY], "group": [[ANSWER]]}).to_parquet(bench.folder / "answers.parquet")
    message = refused(bench.study(sources=[bench.source(files=["answers.parquet"])]))
    assert "columns group hold lists or records, not single values" in message


@pytest.mark.parametrize(
    "pattern", ["../secret.csv", "/etc/passwd", "a/../../secret.csv", "C:\\data\\x.csv", "..\\x.csv"]
)
def test_a_pattern_that_leaves_the_raw_folder(bench, refused, pattern):
    (bench.folder.parent / "secret.csv").write_text(HEAD + ROW)
    message = refused(bench.study(sources=[bench.source(files=[pattern])]))
    assert "leaves the raw folder; write it relative" in message


def test_a_link_that_leads_out_of_the_raw_folder(bench, refused):
    secret = bench.folder.parent / "secret.csv"
    secret.write_text(HEAD + ROW)
    (bench.folder / "answers.csv").symlink_to(secret)
    assert "answers.csv is a link that leads out of the raw folder" in refused()


def test_a_linked_folder_that_leads_out_of_the_raw_folder(bench, refused):
    other = bench.folder.parent / "other"
    other.mkdir()
    (other / "answers.csv").write_text(HEAD + ROW)
    (bench.folder / "inner").symlink_to(other, target_is_directory=True)
    message = refused(bench.study(sources=[bench.source(files=["inner/*.csv"])]))
    assert "inner/answers.csv is a link that leads out of the raw folder" in message


def test_lock_files_of_spreadsheet_programs_are_no_files(bench):
    study = bench.study(sources=[bench.source(files=["*.csv"])])
    bench.put(answers_csv=HEAD + "a,one,30,1,5\n")
    (bench.folder / ".~lock.answers.csv").write_text("x")
    (bench.folder / "~$answers.csv").write_text("x")
    assert bench.take_in(study).input_files["file"].tolist() == ["answers.csv"]


def test_an_ending_of_no_known_format(bench, refused):
    (bench.folder / "answers.ods").write_bytes(b"x")
    message = refused(bench.study(sources=[bench.source(files=["answers.ods"])]))
    assert "the ending '.ods' is of no known format" in message


def test_a_file_that_is_no_qualtrics_export(bench, refused):
    bench.put(answers_csv=HEAD + ROW * 4)
    message = refused(bench.study(sources=[bench.source(format="qualtrics")]))
    assert "row 3 does not hold import ids" in message


def test_a_format_that_is_none():
    with pytest.raises(ValueError, match="format is 'word'; allowed: auto, csv"):
        read_file(__file__, format="word")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match=r"gone\.csv: there is no such file"):
        read_file(tmp_path / "gone.csv")


def test_a_rule_that_stops_shows_no_value(bench, refused):
    answers = {**bench.wave, "columns": [{**bench.item, "severity": "stop"}, bench.score]}
    bench.put(answers_csv=HEAD + f"{KEY},one,30,{ANSWER},5\n")
    message = refused(bench.study(tables={"people": bench.people, "answers": answers}))
    assert (
        "answers.csv: column 'mood' breaks rule 'values' in 1 rows, first in row 2; allowed: one of 1, 2, 3" in message
    )


def test_a_personal_column_that_the_contract_maps(bench, refused):
    bench.put(answers_csv=HEAD + ROW)
    message = refused(bench.study(privacy={"personal_columns": ["age"]}))
    assert "column 'age' is personal and cannot be stored" in message
