"""What holds for every score, whatever the answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from increase_eval.scoring import score_scale
from increase_eval.study import Scale

ITEMS = ["a", "b", "c", "d"]
RULES = ["sum", "mean", "prorated", "0-100"]

cells = st.one_of(st.none(), st.integers(1, 5))
tables = st.lists(st.lists(cells, min_size=4, max_size=4), min_size=1, max_size=12).map(
    lambda rows: pd.DataFrame(rows, columns=ITEMS, dtype="float64")
)
rules = st.sampled_from(RULES)
minimums = st.integers(1, 4)
subsets = st.lists(st.sampled_from(ITEMS), unique=True)

# Sums of at most four codes: nothing but the last digit of a division can differ.
CLOSE = {"rtol": 1e-13, "atol": 1e-13}


def scale(rule: str, minimum: int, **fields) -> Scale:
    return Scale(id="s", items=ITEMS, range=(1, 5), rule=rule, minimum_answered=minimum, **fields)


@given(tables, rules, minimums, subsets)
def test_reversing_the_answers_and_the_keys_changes_nothing(table, rule, minimum, reverse):
    turned = table.assign(**{item: 6 - table[item] for item in reverse})
    one = score_scale(table, scale(rule, minimum))
    two = score_scale(turned, scale(rule, minimum, reversed=reverse))
    pd.testing.assert_frame_equal(one, two)


@given(tables, rules, minimums, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_columns_plays_no_part(table, rule, minimum, random):
    rows = random.sample(range(len(table)), len(table))
    columns = random.sample(ITEMS, 4)
    straight = score_scale(table, scale(rule, minimum))
    mixed = score_scale(table.iloc[rows][columns], scale(rule, minimum))
    pd.testing.assert_frame_equal(mixed, straight.iloc[rows])


@given(tables, minimums)
def test_rules_are_rescalings_of_each_other(table, minimum):
    score = {rule: score_scale(table, scale(rule, minimum))["score"] for rule in RULES}
    np.testing.assert_allclose(score["prorated"], 4 * score["mean"], **CLOSE)
    np.testing.assert_allclose(score["0-100"], 100 * (score["mean"] - 1) / 4, **CLOSE)
    complete = table.notna().all(axis=1)
    np.testing.assert_allclose(score["sum"][complete], score["prorated"][complete], **CLOSE)


@given(tables, minimums, st.integers(-3, 3), st.sampled_from([0.5, 2, 10]))
def test_a_change_of_unit_changes_the_mean_alike_and_leaves_0_100_alone(table, minimum, shift, factor):
    moved = shift + factor * table
    limits = (shift + factor * 1, shift + factor * 5)
    for rule in ("mean", "0-100"):
        one = score_scale(table, scale(rule, minimum))["score"]
        two = score_scale(moved, scale(rule, minimum).model_copy(update={"range": limits}))["score"]
        np.testing.assert_allclose(two, shift + factor * one if rule == "mean" else one, rtol=1e-12, atol=1e-12)


@given(tables, rules, minimums)
def test_a_score_is_there_exactly_where_enough_was_answered_and_lies_in_range(table, rule, minimum):
    result = score_scale(table, scale(rule, minimum))
    answered = table.notna().sum(axis=1)
    assert (result["items_answered"] == answered).all()
    assert (result["score"].notna() == (answered >= minimum)).all()
    assert (result["score"].notna() == (result["status"] == "scored")).all()
    low, high = {"sum": (1, 20), "mean": (1, 5), "prorated": (4, 20), "0-100": (0, 100)}[rule]
    assert result["score"].dropna().between(low - 1e-12, high + 1e-12).all()


@given(tables, rules)
def test_asking_for_more_answers_only_takes_scores_away(table, rule):
    loose, strict = (score_scale(table, scale(rule, minimum))["score"] for minimum in (2, 3))
    assert strict.dropna().equals(loose[strict.notna()])


@settings(max_examples=30)
@given(tables, rules, minimums)
def test_a_recode_that_turns_an_item_round_is_the_same_as_reversing_it(table, rule, minimum):
    recoded = scale(rule, minimum, recode={"a": {1: 5, 2: 4, 3: 3, 4: 2, 5: 1}})
    pd.testing.assert_frame_equal(score_scale(table, recoded), score_scale(table, scale(rule, minimum, reversed=["a"])))
