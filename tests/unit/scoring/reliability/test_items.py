"""The table of items and their codes, as drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.errors import DataError
from increase_eval.scoring import item_distribution, item_table
from increase_eval.study import Scale

SCALE = Scale(id="s", items=["a", "b", "c"], range=(1, 5), reversed=["b"])
ANSWERS = pd.DataFrame({"a": [1, 1, 5, None], "b": [5, 4, 1, 1], "c": [3, 3, 3, None]})


def test_items_are_described_in_the_direction_of_the_score():
    table = item_table(ANSWERS, SCALE).set_index("item")
    assert table["n"].tolist() == [3, 4, 3]
    assert table["share_missing"].tolist() == [0.25, 0, 0.25]
    assert table.loc["b", "mean"] == pytest.approx((1 + 2 + 5 + 5) / 4)
    assert table["floor"].tolist() == pytest.approx([2 / 3, 1 / 4, 0])
    assert table["ceiling"].tolist() == pytest.approx([1 / 3, 1 / 2, 0])
    assert np.isnan(table.loc["c", "skewness"])
    assert np.isnan(table.loc["c", "item_rest"])
    assert table.loc["a", "item_rest"] == pytest.approx(np.corrcoef([1, 1, 5], [4, 5, 8])[0, 1])


def test_only_items_that_were_asked_are_listed():
    table = item_table(ANSWERS[["c", "a"]], SCALE)
    assert table["item"].tolist() == ["a", "c"]


@pytest.mark.parametrize("answers", [ANSWERS.iloc[:0], ANSWERS.assign(a=np.nan), ANSWERS[["a"]], ANSWERS.iloc[:1]])
def test_what_cannot_be_said_is_missing(answers):
    table = item_table(answers, SCALE)
    assert table["item_rest"].isna().all()
    assert table.dtypes.astype(str).tolist() == ["str", "int64", "int64", *["float64"] * 8]


def test_codes_are_counted_as_they_were_answered():
    table = item_distribution(ANSWERS, SCALE)
    assert table[table["item"] == "b"].to_dict("list") == {
        "item": ["b", "b", "b"],
        "code": ["1", "4", "5"],
        "count": [2, 1, 1],
        "share": [0.5, 0.25, 0.25],
    }


def test_words_are_counted_too():
    scale = Scale(id="s", items=["a"], range=(0, 2), rule="single", recode={"a": {"never": 0}})
    table = item_distribution(pd.DataFrame({"a": ["never", "2", "never", None]}), scale)
    assert table["code"].tolist() == ["2", "never"]
    assert table["count"].tolist() == [1, 2]


def test_answers_that_cannot_be_scored_are_refused():
    for function in (item_table, item_distribution):
        with pytest.raises(DataError, match="out of range"):
            function(ANSWERS.assign(a=9), SCALE)
