"""How a score is made, rule by rule: a small table of answers in, the expected scores out. Dots are missing answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.scoring import score_scale
from increase_eval.study import Scale


def answers(text: str) -> pd.DataFrame:
    """Read a drawn table: the first row names the items."""
    head, *rows = [line.split() for line in text.strip().splitlines()]
    return pd.DataFrame([[np.nan if cell == "." else float(cell) for cell in row] for row in rows], columns=head)


def check(items: str, scale: Scale, expected: str) -> None:
    """Compare with a drawn table: score, answered, expected, status."""
    scores = score_scale(answers(items), scale)
    rows = [line.split(maxsplit=3) for line in expected.strip().splitlines()]
    wanted = [np.nan if row[0] == "." else float(row[0]) for row in rows]
    np.testing.assert_allclose(scores["score"], wanted, rtol=1e-14)
    assert scores["items_answered"].tolist() == [int(row[1]) for row in rows]
    assert scores["items_expected"].tolist() == [int(row[2]) for row in rows]
    assert scores["status"].tolist() == [row[3] for row in rows]


ITEMS = """
    a b c
    1 2 3
    5 . 4
    . . 2
    . . .
"""


def test_the_mean_is_over_the_items_answered():
    check(
        ITEMS,
        Scale(id="s", items=["a", "b", "c"], range=(1, 5), rule="mean", minimum_answered=1),
        """
        2   3 3 scored
        4.5 2 3 scored
        2   1 3 scored
        .   0 3 too few answered
        """,
    )


def test_without_a_minimum_all_items_must_be_answered():
    check(
        ITEMS,
        Scale(id="s", items=["a", "b", "c"], range=(1, 5)),
        """
        2 3 3 scored
        . 2 3 too few answered
        . 1 3 too few answered
        . 0 3 too few answered
        """,
    )


def test_in_a_sum_missing_items_count_nothing():
    check(
        ITEMS,
        Scale(id="s", items=["a", "b", "c"], range=(1, 5), rule="sum", minimum_answered=2),
        """
        6 3 3 scored
        9 2 3 scored
        . 1 3 too few answered
        . 0 3 too few answered
        """,
    )


def test_a_prorated_sum_puts_missing_items_at_the_persons_own_mean():
    check(
        ITEMS,
        Scale(id="s", items=["a", "b", "c"], range=(1, 5), rule="prorated", minimum_answered=2),
        """
        6    3 3 scored
        13.5 2 3 scored
        .    1 3 too few answered
        .    0 3 too few answered
        """,
    )


def test_0_100_is_the_share_of_the_possible_range_of_the_items_answered():
    check(
        ITEMS,
        # Item c goes from 0 to 4: the first row has (1-1) + (2-1) + 3 = 4 of 12, the second 4 + 4 = 8 of 8.
        Scale(id="s", items=["a", "b", "c"], range=(1, 5), item_ranges={"c": (0, 4)}, rule="0-100", minimum_answered=2),
        f"""
        {100 / 3} 3 3 scored
        100       2 3 scored
        .         1 3 too few answered
        .         0 3 too few answered
        """,
    )


def test_a_single_item_is_its_own_score():
    check(
        ITEMS,
        Scale(id="s", items=["a"], range=(1, 5), rule="single"),
        """
        1 1 1 scored
        5 1 1 scored
        . 0 1 too few answered
        . 0 1 too few answered
        """,
    )


def test_norm_weighted_is_centre_plus_spread_times_weighted_z_scores():
    norms = {"pf": {"mean": 80, "sd": 20, "weight": 0.5}, "mh": {"mean": 70, "sd": 10, "weight": -0.25}}
    check(
        """
        pf mh
        80 70
        100 50
        . 70
        """,
        # 50 + 10 (0.5 x 1 - 0.25 x -2) = 60
        Scale(id="s", items=["pf", "mh"], rule="norm_weighted", norms=norms, centre=50, spread=10),
        """
        50 2 2 scored
        60 2 2 scored
        .  1 2 too few answered
        """,
    )


def test_a_component_that_may_be_missing_counts_as_its_norm_mean():
    norms = {"pf": {"mean": 80, "sd": 20, "weight": 0.5}, "mh": {"mean": 70, "sd": 10, "weight": -0.25}}
    check(
        """
        pf mh
        100 .
        """,
        Scale(id="s", items=["pf", "mh"], rule="norm_weighted", norms=norms, minimum_answered=1),
        """
        55 1 2 scored
        """,
    )


def test_a_reversed_item_counts_from_the_other_end_of_its_own_range():
    check(
        """
        a b
        1 1
        5 4
        """,
        Scale(id="s", items=["a", "b"], range=(1, 5), item_ranges={"b": (0, 4)}, reversed=["a", "b"], rule="sum"),
        """
        8 2 2 scored
        1 2 2 scored
        """,
    )


def test_a_recode_comes_before_range_and_reversal_and_leaves_other_codes_alone():
    check(
        """
        a
        7
        0
        1
        """,
        Scale(id="s", items=["a"], range=(0, 1), reversed=["a"], recode={"a": {7: 1}}, rule="single"),
        """
        0 1 1 scored
        1 1 1 scored
        0 1 1 scored
        """,
    )


BODILY_PAIN = Scale(
    id="s",
    items=["pain", "work"],
    range=(1, 6),
    recode={"pain": {1: 6, 2: 5.4, 3: 4.2, 4: 3.1, 5: 2.2, 6: 1}, "work": {1: 5, 2: 4, 3: 3, 4: 2, 5: 1}},
    recode_when=[
        {"item": "work", "when_item": "pain", "when_values": [1], "recode": {1: 6}},
        {"item": "work", "when_item": "pain", "recode": {1: 6, 2: 4.75, 3: 3.5, 4: 2.25, 5: 1}},
    ],
    rule="sum",
    minimum_answered=1,
)


def test_a_recode_may_depend_on_the_answer_to_another_item_as_it_was_given():
    check(
        """
        pain work
        1    1
        1    2
        2    1
        .    2
        .    1
        4    .
        """,
        # A code that the conditional recode does not name falls through to the plain one: 6 + 4 in the second row.
        BODILY_PAIN,
        """
        12   2 2 scored
        10   2 2 scored
        10.4 2 2 scored
        4.75 1 2 scored
        6    1 2 scored
        3.1  1 2 scored
        """,
    )


def test_a_condition_on_an_item_that_was_not_asked_is_one_on_an_item_not_answered():
    check(
        """
        work
        2
        """,
        BODILY_PAIN,
        """
        4.75 1 1 scored
        """,
    )


def test_an_item_without_a_column_is_not_expected_and_the_score_stays_on_the_metric_of_the_scale():
    check(
        """
        a c
        2 4
        1 .
        """,
        Scale(id="s", items=["a", "b", "c"], range=(1, 5), rule="prorated", minimum_answered=2),
        """
        9 2 2 scored
        . 1 2 too few answered
        """,
    )


def test_where_no_item_was_asked_nobody_is_scored():
    check(
        """
        other
        2
        """,
        Scale(id="s", items=["a", "b"], range=(1, 5)),
        """
        . 0 0 not asked
        """,
    )


@pytest.mark.parametrize("rule", ["sum", "mean", "prorated", "0-100"])
def test_a_scale_of_one_answered_item_never_divides_by_nothing(rule):
    scores = score_scale(answers("a\n.\n3"), Scale(id="s", items=["a"], range=(1, 5), rule=rule))
    assert scores["status"].tolist() == ["too few answered", "scored"]
    assert np.isfinite(scores["score"].iloc[1])
