from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest

from increase_eval.intake.cells import cell_text, plain_code
from increase_eval.intake.raw import RawTable
from increase_eval.intake.values import ColumnReader, Labels, decimal_marks, stored_dtype
from increase_eval.study.tables import Column, ValueLabel


def column(type="integer", **more):
    return Column.model_validate({"name": "x", "label": {"en": "x", "fr": "x"}, "type": type, **more})


def label(code, en="x", fr="y", *aliases):
    return ValueLabel.model_validate({"code": code, "label": {"en": en, "fr": fr}, "aliases": aliases})


def raw(cells, dtype=None, **more):
    frame = pd.DataFrame({"x": pd.Series(cells, dtype=dtype)})
    return RawTable(frame=frame, rows=np.arange(2, len(frame) + 2), format="csv", **more)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (3.0, "3"),
        (3.5, "3.5"),
        (0.1 + 0.2, "0.30000000000000004"),
        (-0.0, "0"),
        (1e20, "100000000000000000000"),
        (np.float64(2), "2"),
        (np.int64(7), "7"),
        (True, "1"),
        (np.bool_(False), "0"),
        ("  a b ", "a b"),
        (date(2021, 2, 3), "2021-02-03"),
        (datetime(2021, 2, 3), "2021-02-03"),
        (datetime(2021, 2, 3, 4, 5, 6), "2021-02-03 04:05:06"),
        (pd.Timestamp("2021-02-03 04:05", tz="Europe/Paris"), "2021-02-03 04:05:00"),
    ],
)
def test_a_cell_has_the_text_that_a_spreadsheet_shows(cell, text):
    assert cell_text(cell) == text


WHOLE = {"6.0": "6", "-9.000": "-9", "10.0": "10", "1.50": "1.50", "100": "100", "a.0": "a.0"}


@pytest.mark.parametrize(("text", "code"), WHOLE.items())
def test_only_whole_codes_lose_their_point(text, code):
    assert plain_code(text) == code


@pytest.mark.parametrize(
    ("type", "codes", "dtype"),
    [
        ("category", [], "str"),
        ("category", [1, 2], "Int64"),
        ("category", [1, 2.5], "Float64"),
        ("category", [1, "b"], "str"),
        ("integer", ["unit"], "str"),
        ("integer", [], "Int64"),
        ("number", [], "Float64"),
        ("boolean", [1, 0], "boolean"),
        ("date", [], "datetime64[us]"),
        ("text", [], "str"),
    ],
)
def test_the_stored_dtype_follows_type_and_codes(type, codes, dtype):
    assert stored_dtype(column(type), [label(code) for code in codes]) == dtype


def test_a_code_comes_before_a_label_that_reads_like_it():
    labels = Labels([label(1, "2", "deux"), label(2, "1", "un")])
    assert (labels.find("1"), labels.find("un"), labels.find("DEUX")) == (1, 2, 1)


def test_labels_that_fold_to_one_text_are_told_apart_as_written():
    labels = Labels([label(1, "Yes"), label(2, "YES")])
    assert (labels.find("Yes"), labels.find("YES"), labels.find("yes")) == (1, 2, None)


@pytest.mark.parametrize("dtype", ["float64", "Int64", "object"])
def test_typed_cells_and_text_give_the_same_codes(dtype):
    reader = ColumnReader.of(column("category"), [label(1), label(2)])
    rows = np.arange(3)
    typed = reader.read(raw([1, 2, None], dtype), "x", rows, decimal=".", values_by=None)
    text = reader.read(raw(["1", "2.0", None], "str"), "x", rows, decimal=".", values_by=None)
    pd.testing.assert_series_equal(typed.values, text.values)


def test_numbers_in_typed_cells_have_a_point_whatever_the_decimal_mark():
    reader = ColumnReader.of(column("number"), [])
    read = reader.read(raw([3.5, "4,5", "1.5"], "object"), "x", np.arange(3), decimal=",", values_by=None)
    assert read.values.tolist()[:2] == [3.5, 4.5]
    assert read.failed.tolist() == [False, False, True]


def test_a_file_that_declares_a_code_missing_is_followed_even_where_the_contract_allows_it():
    reader = ColumnReader.of(column(range=[0, 99]), [])
    table = raw([5.0, 99.0], missing_ranges={"x": ((99.0, 99.0),)})
    read = reader.read(table, "x", np.arange(2), decimal=".", values_by=None)
    assert read.values.isna().tolist() == [False, True]
    assert read.reasons.tolist() == [0, 4]


def test_only_the_rows_asked_for_are_read():
    reader = ColumnReader.of(column(), [])
    read = reader.read(raw(["1", "bad", "3"], "str"), "x", np.array([2, 0]), decimal=".", values_by=None)
    assert read.values.tolist() == [3, 1]
    assert not read.failed.any()


def test_no_rows_are_no_rows():
    reader = ColumnReader.of(column(), [])
    read = reader.read(raw([], "str"), "x", np.arange(0), decimal=".", values_by=None)
    assert (len(read.values), str(read.values.dtype)) == (0, "Int64")


def test_cells_are_counted_by_their_decimal_mark_however_often_each_is_written():
    assert decimal_marks(raw(["3,5", "3,5", " 1.5", "1,234.5", "7", "soon", None], "str"), ["x"]) == (2, 1)


def test_numbers_with_a_type_of_their_own_have_no_mark():
    assert decimal_marks(raw([3.5], "float64"), ["x"]) == (0, 0)


def test_only_columns_of_numbers_are_looked_at():
    assert decimal_marks(raw(["3,5"], "str"), []) == (0, 0)


def test_time_zones_are_dropped_and_local_days_kept():
    reader = ColumnReader.of(column("date", date_formats=["%Y-%m-%d %H:%M:%S%z"]), [])
    cells = ["2021-03-01 23:30:00+0200", "2021-01-01 23:30:00+0100", "yesterday"]  # summer time and winter time
    read = reader.read(raw(cells, "str"), "x", np.arange(3), decimal=".", values_by=None)
    assert read.values.dt.strftime("%Y-%m-%d %H:%M").tolist()[:2] == ["2021-03-01 23:30", "2021-01-01 23:30"]
    assert read.failed.tolist() == [False, False, True]
