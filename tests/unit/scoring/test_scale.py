"""What score_scale takes and what it refuses: types, codes, indices, and messages that give nobody away."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from increase_eval.errors import DataError
from increase_eval.scoring import score_scale
from increase_eval.study import Scale

PAIR = Scale(id="pair", items=["a", "b"], range=(1, 5), rule="sum", minimum_answered=1)


@pytest.mark.parametrize("dtype", ["float64", "float32", "Int64", "Float64", "object", "str", "category", "string"])
def test_every_type_that_holds_numbers_scores_the_same(dtype):
    frame = pd.DataFrame({"a": ["1", "2", None], "b": ["3", None, None]})
    if dtype in ("float64", "float32", "Int64", "Float64"):
        frame = frame.astype("float64")
    scores = score_scale(frame.astype(dtype), PAIR)
    assert scores["score"].tolist()[:2] == [4.0, 2.0]
    assert scores["status"].tolist() == ["scored", "scored", "too few answered"]


def test_an_object_column_may_mix_kinds_of_numbers():
    frame = pd.DataFrame({"a": [1, "2", 3.0, None, pd.NA, Decimal("4"), np.int8(5), True], "b": 1}, dtype=object)
    assert score_scale(frame, PAIR)["score"].tolist() == [2, 3, 4, 1, 1, 5, 6, 2]


def test_booleans_are_one_and_nought():
    scale = Scale(id="s", items=["a"], range=(0, 1), reversed=["a"], rule="single")
    assert score_scale(pd.DataFrame({"a": [True, False]}), scale)["score"].tolist() == [0.0, 1.0]
    assert score_scale(pd.DataFrame({"a": pd.array([True, None], dtype="boolean")}), scale)["score"].iloc[0] == 0.0


@pytest.mark.parametrize("key", [1, 1.0, "1", "1.0", " 1 "])
@pytest.mark.parametrize("dtype", ["Int64", "float64", "str", "object"])
def test_a_code_is_the_same_however_it_is_written(key, dtype):
    scale = Scale(id="s", items=["a"], range=(1, 6), rule="single", recode={"a": {key: 6}})
    assert score_scale(pd.DataFrame({"a": [1, 2]}).astype(dtype), scale)["score"].tolist() == [6.0, 2.0]


def test_words_are_recoded_to_numbers():
    scale = Scale(id="s", items=["a"], range=(0, 2), rule="single", recode={"a": {"never": 0, "often": 2}})
    scores = score_scale(pd.DataFrame({"a": ["never", "often ", "1", None]}), scale)
    assert scores["score"].tolist()[:3] == [0.0, 2.0, 1.0]
    assert scores["items_answered"].tolist() == [1, 1, 1, 0]


def test_a_word_that_no_recode_names_is_an_error():
    scale = Scale(id="s", items=["a"], range=(0, 2), rule="single", recode={"a": {"never": 0}})
    with pytest.raises(DataError, match="item 'a': not a number; allowed: 0 to 2 after recoding; row 2 of the table"):
        score_scale(pd.DataFrame({"a": ["never", "seldom"]}), scale)


def test_a_code_that_a_recode_takes_in_may_lie_outside_the_range():
    scale = Scale(id="s", items=["a"], range=(0, 1), rule="single", recode={"a": {7: 0}})
    assert score_scale(pd.DataFrame({"a": [7, 1]}), scale)["score"].tolist() == [0.0, 1.0]


def test_a_recode_that_names_a_code_twice_is_refused():
    scale = Scale(id="s", items=["a"], rule="single", recode={"a": {1: 5, "1": 4}})
    with pytest.raises(ValueError, match="names one code twice: 1 and '1'"):
        score_scale(pd.DataFrame({"a": [1]}), scale)


def test_every_problem_is_named_at_once_with_item_rule_range_and_rows_and_no_answer():
    frame = pd.DataFrame(
        {"a": [1, 987, 3, 654], "b": ["2", "SECRET WORD", "inf", "3"]}, index=["KEY1", "KEY2", "KEY3", "KEY4"]
    )
    with pytest.raises(DataError) as caught:
        score_scale(frame, PAIR)
    assert caught.value.problems == (
        "item 'a': out of range; allowed: 1 to 5; rows 2, 4 of the table",
        "item 'b': not a number; allowed: 1 to 5; row 2 of the table",
        "item 'b': not finite; allowed: 1 to 5; row 3 of the table",
    )
    assert "scale 'pair'" in str(caught.value)
    for secret in ("987", "654", "SECRET", "KEY"):
        assert secret not in str(caught.value)


def test_many_rows_are_counted_after_the_first_few():
    with pytest.raises(DataError, match="rows 1, 2, 3, 4, 5 and 95 more of the table"):
        score_scale(pd.DataFrame({"a": [9] * 100, "b": 1}), PAIR)


@pytest.mark.parametrize(
    "values",
    [
        pd.to_datetime(["2020-01-01", "2020-01-02"]),
        pd.to_timedelta([1, 2], unit="D"),
        [1 + 2j, 3 + 0j],
        [[1], [2]],
        [pd.Timestamp("2020-01-01"), 1],
        ["", "1"],
        ["nan", "1"],
    ],
)
def test_what_is_no_number_is_refused(values):
    frame = pd.DataFrame({"a": pd.Series(values), "b": 1})
    with pytest.raises(DataError, match="item 'a': not a number"):
        score_scale(frame, PAIR)


def test_infinity_is_refused_even_without_a_range():
    with pytest.raises(DataError, match="item 'a': not finite; allowed: numbers; row 1"):
        score_scale(pd.DataFrame({"a": [np.inf]}), Scale(id="s", items=["a"], rule="single"))


def test_a_column_that_stands_twice_is_refused():
    frame = pd.DataFrame([[1, 2, 3]], columns=["a", "a", "b"])
    with pytest.raises(DataError, match="column 'a' stands twice"):
        score_scale(frame, PAIR)


def test_a_column_of_no_concern_may_stand_twice_and_hold_anything():
    frame = pd.DataFrame([[1, 2, "x", "y"]], columns=["a", "b", "c", "c"])
    assert score_scale(frame, PAIR)["score"].tolist() == [3.0]


def test_the_index_is_kept_and_the_answers_are_not_changed():
    frame = pd.DataFrame({"b": [1, 2], "a": [5, 4]}, index=pd.Index(["y", "x"], name="who"))
    before = frame.copy(deep=True)
    scores = score_scale(frame, PAIR)
    pd.testing.assert_frame_equal(frame, before)
    assert scores.index.equals(frame.index)
    assert list(scores.columns) == ["score", "items_answered", "items_expected", "status"]


@pytest.mark.parametrize("frame", [pd.DataFrame({"a": [], "b": []}), pd.DataFrame(), pd.DataFrame({"a": [1]}).iloc[:0]])
def test_an_empty_table_gives_an_empty_table_of_the_same_types(frame):
    scores = score_scale(frame, PAIR)
    assert len(scores) == 0
    assert scores.dtypes.astype(str).tolist() == ["float64", "int64", "int64", "str"]


def test_a_subscale_is_scored_like_any_scale():
    scale = Scale(
        id="s", items=["a", "b", "c"], range=(1, 5), reversed=["c"], subscales={"two": ["b", "c"]}, rule="mean"
    )
    scores = score_scale(pd.DataFrame({"a": [1], "b": [2], "c": [5]}), scale.subscale("two"))
    assert scores["score"].tolist() == [1.5]
    assert scores["items_expected"].tolist() == [2]
