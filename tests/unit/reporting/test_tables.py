"""Tables for readers: cells by locale, marks for what is not shown, and data that a spreadsheet opens."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.reporting.tables import (
    Cell,
    CellWriter,
    DisplayTable,
    Kind,
    RowGroup,
    TableColumn,
    plain_rows,
    published_csv,
    records,
    single,
)

ROW = {"estimate": 0.5125, "conf_low": 0.4, "conf_high": 0.625, "n": 1234, "n_dropped": pd.NA, "status": "ok"}
HIDDEN = {**ROW, "estimate": None, "conf_low": None, "conf_high": None, "n": pd.NA, "status": "suppressed"}
NOBODY = {**HIDDEN, "status": "nobody"}


@pytest.mark.parametrize(
    ("language", "n", "share", "interval"),
    [("en", "1,234", "51.3", "40.0 to 62.5"), ("fr", "1\u202f234", "51,3", "[40,0\u202f;\u202f62,5]")],
)
def test_cells_follow_the_language_and_leave_the_unit_to_the_head(
    language: str, n: str, share: str, interval: str
) -> None:
    cells = CellWriter(language)
    assert cells.n(ROW) == Cell(n)
    assert cells.percent(ROW) == Cell(share)
    assert cells.percent_interval(ROW) == Cell(interval)


def test_a_difference_of_shares_has_its_sign() -> None:
    assert CellWriter("en").signed_percent(ROW) == Cell("+51.3")
    assert CellWriter("fr").signed_percent({**ROW, "estimate": -0.0214}) == Cell("\u22122,1")
    assert CellWriter("en").signed_percent(HIDDEN) == Cell("[c]", "suppressed")
    assert CellWriter("en").signed_percent(NOBODY) == Cell("–", "absent")


@pytest.mark.parametrize(
    ("columns", "cell", "density"),
    [
        (4, "1.2 to 3.4", ""),
        (5, "−0.05 (−0.13 to 0.04)", ""),
        (5, "−10.05 (−10.13 to 0.04)", "dense"),
        (7, "−0.05 (−0.13 to 0.04)", "dense densest"),
        (9, "1.2", "dense"),
        (10, "1.2", "dense densest"),
        (13, "1.2", "dense densest grid"),
    ],
)
def test_columns_are_set_closer_the_more_there_are_and_the_more_they_hold(
    columns: int, cell: str, density: str
) -> None:
    heads = tuple(TableColumn("head") for _ in range(columns))
    assert DisplayTable("x", "X", heads, plain_rows([[cell] * columns]), "x", pd.DataFrame()).density == density


def test_texts_break_between_words_and_need_no_closer_setting() -> None:
    heads = tuple(TableColumn("head", "text") for _ in range(5))
    rows = plain_rows([["a sentence of many words that breaks where it has to"] * 5])
    assert DisplayTable("x", "X", heads, rows, "x", pd.DataFrame()).density == ""


def test_a_suppressed_number_has_a_mark_and_an_absent_one_another() -> None:
    cells = CellWriter("en")
    for write in (cells.n, cells.percent, cells.percent_interval):
        assert write(HIDDEN) == Cell("[c]", "suppressed")
        assert write(NOBODY) == Cell("–", "absent")
    assert cells.dropped(ROW) == Cell("[c]", "suppressed")


def test_zero_is_shown() -> None:
    assert CellWriter("en").count(0) == Cell("0")


def test_a_row_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="table 'x': every row needs 2 cells"):
        DisplayTable("x", "X", (TableColumn("a"), TableColumn("b")), plain_rows([["1"]]), "x", pd.DataFrame())


def test_a_group_head_takes_the_first_column() -> None:
    columns = (TableColumn("wave"), TableColumn("n"))
    table = DisplayTable("x", "X", columns, (RowGroup("t1", ((Cell("3"),), (Cell("4"),))),), "x", pd.DataFrame())
    assert (table.row_count, table.is_short, table.has_mark("suppressed")) == (2, True, False)


def test_one_row_is_found_none_is_none_and_two_are_an_error() -> None:
    frame = pd.DataFrame({"wave": ["t1", "t2", "t2"], "n": [1, 2, 3]})
    assert single(frame, wave="t1") == {"wave": "t1", "n": 1}
    assert single(frame, wave="t9") is None
    with pytest.raises(ValueError, match="2 rows have"):
        single(frame, wave="t2")


def test_published_data_have_no_empty_columns_no_formulas_and_ten_digits() -> None:
    frame = pd.DataFrame({"name": ["=A1"], "share": [1 / 3], "df": [None], "day": pd.to_datetime(["2024-02-01"])})
    text = published_csv(frame).decode("utf-8-sig")
    assert text == "name,share,day\r\n'=A1,0.3333333333,2024-02-01\r\n"


def test_rows_hold_the_values_of_python():
    frame = pd.DataFrame(
        {
            "n": pd.array([3, None], dtype="Int64"),
            "status": pd.array(["ok", None], dtype="str"),
            "on": pd.to_datetime(["2020-02-29", None]),
            "loose": pd.Series([np.float64(0.5), None], dtype="object"),
        }
    )
    first, second = records(frame)
    assert first == {"n": 3, "status": "ok", "on": pd.Timestamp("2020-02-29"), "loose": 0.5}
    assert type(first["n"]) is int
    assert type(first["loose"]) is float
    assert second["n"] is None
    assert pd.isna(second["status"])
    assert second["on"] is pd.NaT
    assert records(frame.iloc[:0]) == []


@pytest.mark.parametrize(
    ("columns", "kind", "cell", "is_cards"),
    [
        (3, "text", "a verdict", False),
        (7, "text", "a verdict of words", True),
        (7, "number", "−0.05 (−0.13 to 0.04)", False),
        (13, "text", "same", False),
    ],
)
def test_rows_that_say_something_in_words_are_cards_where_they_would_not_fit(
    columns: int, kind: Kind, cell: str, is_cards: bool
) -> None:
    heads = tuple(TableColumn("head", kind) for _ in range(columns))
    assert DisplayTable("x", "X", heads, plain_rows([[cell] * columns]), "x", pd.DataFrame()).is_cards is is_cards
