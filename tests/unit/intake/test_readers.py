import hashlib

import numpy as np
import pandas as pd
import pyreadstat
import pytest
import xlsxwriter

from increase_eval.errors import DataError
from increase_eval.intake import read_file
from increase_eval.study.sources import ReadOptions


def written(tmp_path, content, name="a.csv"):
    path = tmp_path / name
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return path


def cells(table):
    plain = table.frame.astype(object)
    return plain.where(plain.notna(), None).to_numpy().tolist()


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path, mark):
    path = written(tmp_path, mark.join("ab") + "\n" + mark.join(["1", "2"]) + "\n")
    assert cells(read_file(path)) == [["1", "2"]]


def test_the_delimiter_is_the_one_that_cuts_records_alike(tmp_path):
    path = written(tmp_path, 'a;b\n"1,5";x, y, z\n"2,5";w, v\n')
    assert cells(read_file(path)) == [["1,5", "x, y, z"], ["2,5", "w, v"]]


def test_a_declared_delimiter_is_taken(tmp_path):
    assert list(read_file(written(tmp_path, "a,b;c\n1,2;3\n"), ReadOptions(delimiter=";")).frame) == ["a,b", "c"]


def test_a_file_of_one_column_has_one(tmp_path):
    table = read_file(written(tmp_path, "a\n1\n\n3\n"))
    assert cells(table) == [["1"], [None], ["3"]]
    assert table.rows.tolist() == [2, 3, 4]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_endings_of_every_system(tmp_path, end):
    table = read_file(written(tmp_path, end.join(["a,b", "1,2", '3,"x' + end + 'y"', "5,6", ""])))
    assert cells(table) == [["1", "2"], ["3", f"x{end}y"], ["5", "6"]]
    assert table.rows.tolist() == [2, 3, 4]


def test_quotes_inside_quotes(tmp_path):
    assert cells(read_file(written(tmp_path, 'a,b\n"say ""no""","x,y"\n5" pipe,z\n'))) == [
        ['say "no"', "x,y"],
        ['5" pipe', "z"],
    ]


def test_an_even_number_of_stray_quotes_in_the_last_line_is_no_open_quote(tmp_path):
    table = read_file(written(tmp_path, 'a,b\n1,2\n5" by 6",z'))
    assert (len(table.frame), table.broken) == (2, ())


def test_broken_rows_are_counted(tmp_path):
    table = read_file(written(tmp_path, "a,b\n1,2,3\n4,5\n6\n"))
    assert [(broken.row, broken.rule) for broken in table.broken] == [(2, "ragged_row"), (4, "ragged_row")]
    assert table.rows_read == 3


def test_rows_of_many_chunks_keep_their_order(tmp_path):
    path = written(tmp_path, "a,b\n" + "".join(f"{n},x\n" for n in range(120_001)))
    table = read_file(path)
    assert table.frame["a"].astype(int).tolist() == list(range(120_001))
    assert table.rows[-1] == 120_002


def test_what_a_file_is_known_by(tmp_path):
    path = written(tmp_path, "a,b\n1,2\n")
    table = read_file(path)
    assert (table.size, table.format, table.encoding) == (8, "csv", "utf-8")
    assert table.sha256 == hashlib.sha256(b"a,b\n1,2\n").hexdigest()


def test_input_is_not_changed(tmp_path):
    path = written(tmp_path, "a,b\n1,2\n")
    before = path.read_bytes()
    read_file(path)
    assert path.read_bytes() == before


def test_names_lose_blanks_and_the_nameless_are_called_by_place(tmp_path):
    assert list(read_file(written(tmp_path, " a ,,b\n1,2,3\n")).frame) == ["a", "(column 2)", "b"]


def test_qualtrics_question_texts_become_labels(tmp_path):
    head = 'Q1,Q2\n"Your\nkey","How, then?"\n"{""ImportId"":""1""}","{""ImportId"":""2""}"\n'
    table = read_file(written(tmp_path, "\ufeff" + head + "k,3\n"))
    assert (table.format, table.rows.tolist()) == ("qualtrics", [4])
    assert table.variable_labels == {"Q1": "Your\nkey", "Q2": "How, then?"}


def test_qualtrics_with_other_delimiters_and_encodings_is_known(tmp_path):
    head = 'Q1\tQ2\nkey\thow\n"{""ImportId"":""1""}"\t"{""ImportId"":""2""}"\n'
    path = written(tmp_path, (head + "k\té\n").encode("utf-16"), "a.tsv")
    assert cells(read_file(path)) == [["k", "é"]]
    assert read_file(path).format == "qualtrics"


def test_a_csv_that_speaks_of_import_ids_elsewhere_is_no_export(tmp_path):
    assert read_file(written(tmp_path, 'a\n1\n2\n"{""ImportId"":""x""}"\n')).format == "csv"


def test_spss_gives_labels_missing_codes_and_dates(tmp_path):
    frame = pd.DataFrame({"k": ["x", ""], "m": [1.0, -8.0], "d": pd.to_datetime(["2021-01-01", None])})
    pyreadstat.write_sav(
        frame,
        tmp_path / "a.sav",
        variable_value_labels={"m": {1: "Oui"}},
        missing_ranges={"m": [-8], "k": ["zz"]},
        column_labels={"m": "Humeur"},
    )
    table = read_file(tmp_path / "a.sav")
    assert cells(table)[0] == ["x", 1.0, pd.Timestamp("2021-01-01")]
    assert cells(table)[1] == [None, -8.0, None]
    assert table.value_labels["m"] == {1.0: "Oui"}
    assert table.missing_ranges["m"] == ((-8.0, -8.0),)
    assert table.missing_codes["k"] == ("zz",)
    assert table.variable_labels == {"m": "Humeur"}
    assert table.rows.tolist() == [2, 3]


def test_stata_gives_extended_missing_values_as_stata_writes_them(tmp_path):
    frame = pd.DataFrame({"k": ["x", "b"], "m": pd.Series([1.0, "b"], dtype=object)})
    pyreadstat.write_dta(
        frame,
        tmp_path / "a.dta",
        missing_user_values={"m": ["b"]},
        variable_value_labels={"m": {1: "Yes", "b": "Left"}},
    )
    table = read_file(tmp_path / "a.dta")
    assert cells(table) == [["x", 1.0], ["b", ".b"]]
    assert table.missing_codes == {"m": (".b",)}
    assert table.value_labels["m"] == {1: "Yes", ".b": "Left"}


def test_parquet_keeps_long_whole_numbers_whole_where_some_are_missing(tmp_path):
    number = 2**60 + 1
    pd.DataFrame({"k": pd.array([number, None], dtype="Int64")}).to_parquet(tmp_path / "a.parquet")
    assert cells(read_file(tmp_path / "a.parquet")) == [[number], [None]]


def test_workbook_rows_are_those_that_the_spreadsheet_shows(tmp_path):
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["a", "b"])
    sheet.write_row(1, 0, [1, "x"])
    sheet.write_row(4, 0, [2, "y"])
    sheet.write_blank(9, 1, None, book.add_format({"bold": True}))
    book.close()
    table = read_file(tmp_path / "a.xlsx")
    assert cells(table) == [[1.0, "x"], [None, None], [None, None], [2.0, "y"]]
    assert table.rows.tolist() == [2, 3, 4, 5]


def test_workbook_columns_past_the_header_are_reported_by_place(tmp_path):
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["a", 2021])
    sheet.write_row(1, 0, [1, "x", "y"])
    book.close()
    assert list(read_file(tmp_path / "a.xlsx").frame) == ["a", "2021", "(column 3)"]


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(DataError, match="this is not a file"):
        read_file(tmp_path)


def test_the_name_that_messages_use_can_be_given(tmp_path):
    with pytest.raises(DataError, match=r"^below/a\.csv: the file is empty$"):
        read_file(written(tmp_path, ""), name="below/a.csv")


def test_rows_are_an_array(tmp_path):
    assert read_file(written(tmp_path, "a\n1\n")).rows.dtype == np.dtype("int64")
