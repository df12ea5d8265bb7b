"""Columns that look like the items of one scale."""

import numpy as np
import pandas as pd

from increase_eval.intake.drafting.blocks import find_blocks, guess_reversed
from increase_eval.intake.drafting.profiles import Profile


def items(names, low=1, high=5):
    codes = tuple(range(low, high + 1))
    shape = {"kind": "integer", "filled": 9, "rows": 9, "distinct": 5, "repeated": 5}
    return {name: Profile(name, name, codes=codes, low=low, high=high, **shape) for name in names}


def found(columns):
    return {block.stem: block.items for block in find_blocks(columns, pd.DataFrame())}


def test_a_running_number_or_letter_makes_a_block():
    assert found(items(["c1", "c2", "c3"])) == {"c": ("c1", "c2", "c3")}
    assert found(items(["F1A", "F1B", "F1C"])) == {"F1": ("F1A", "F1B", "F1C")}
    assert found(items(["q3_1", "q3_2", "q3_3"])) == {"q3": ("q3_1", "q3_2", "q3_3")}


def test_two_columns_other_ranges_and_yes_or_no_are_no_block():
    assert found(items(["c1", "c2"])) == {}
    assert found({**items(["c1", "c2"]), **items(["c3"], 0, 100)}) == {}
    assert found(items(["c1", "c2", "c3"], 0, 1)) == {}
    assert found(items(["age", "sex", "job"])) == {}


def test_the_questions_of_a_section_do_not_follow_each_other():
    assert found(items(["U1", "U4", "U9", "U14", "U20"])) == {}


def test_an_item_that_nobody_answered_at_one_end_belongs_to_its_block():
    columns = {**items(["c1", "c2", "c4"]), **items(["c3"], 2, 5)}
    assert found(columns) == {"c": ("c1", "c2", "c4", "c3")}


def test_items_that_run_against_the_others_are_seen():
    rng = np.random.default_rng(5)
    trait = rng.normal(size=200)
    answers = pd.DataFrame({f"c{k}": trait * (-1 if k in (2, 4) else 1) + rng.normal(0, 1, 200) for k in range(1, 7)})
    assert guess_reversed(answers, list(answers)) == ("c2", "c4")
    assert guess_reversed(-answers, list(answers)) == ("c2", "c4")


def test_too_few_answers_tell_nothing():
    answers = pd.DataFrame({"c1": [1, 2], "c2": [2, 1], "c3": [1, 2]})
    assert guess_reversed(answers, list(answers)) == ()
    assert guess_reversed(pd.DataFrame(), ["c1", "c2", "c3"]) == ()
