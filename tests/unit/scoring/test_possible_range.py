"""The range of a score, worked out by hand from the rule."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from increase_eval.scoring.possible_range import possible_range
from increase_eval.study import Norm, Scale


def scale(**changes: object) -> Scale:
    return Scale.model_validate({"id": "s", "items": ("a", "b", "c"), "range": (1, 5), **changes})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"rule": "sum"}, (3, 15)),
        ({"rule": "sum", "minimum_answered": 1}, (1, 15)),  # one answer of 1, or three of 5
        ({"rule": "sum", "minimum_answered": 1, "range": (-2, 2)}, (-6, 6)),  # a further -2 still lowers the sum
        ({"rule": "sum", "item_ranges": {"c": (0, 10)}}, (2, 20)),
        ({"rule": "mean"}, (1, 5)),
        ({"rule": "mean", "minimum_answered": 1, "item_ranges": {"c": (0, 10)}}, (0, 10)),  # c alone
        ({"rule": "mean", "item_ranges": {"c": (0, 10)}}, (2 / 3, 20 / 3)),
        ({"rule": "prorated", "minimum_answered": 1}, (3, 15)),
        ({"rule": "0-100"}, (0, 100)),
        ({"rule": "single", "items": ("a",)}, (1, 5)),
        ({"rule": "mean", "items": ("a",), "range": (0, 30), "delivered": True}, (0, 30)),
        ({"rule": "mean", "range": None}, None),
        ({"rule": "mean", "range": None, "item_ranges": {"a": (0, 1)}}, None),
    ],
)
def test_the_ends_follow_from_the_rule(changes: dict[str, object], expected: tuple[float, float] | None) -> None:
    found = possible_range(scale(**changes))
    assert found == (None if expected is None else pytest.approx(expected, rel=1e-12))


def test_a_negative_weight_turns_the_ends_of_a_component_round() -> None:
    # 50 + 10 * (1 * (c - 50) / 25 - 0.5 * (c - 50) / 25): ends 50 + 10 * (-2 - 1) and 50 + 10 * (2 + 1)
    parts = {name: scale(id=name, rule="0-100") for name in ("up", "down")}
    norms = {"up": Norm(mean=50, sd=25, weight=1), "down": Norm(mean=50, sd=25, weight=-0.5)}
    whole = Scale(id="whole", items=("up", "down"), rule="norm_weighted", norms=norms)
    assert possible_range(whole, parts) == pytest.approx((20, 80), rel=1e-12)


def test_a_component_without_a_range_leaves_none() -> None:
    parts = {"up": scale(id="up", rule="mean", range=None)}
    whole = Scale(id="whole", items=("up",), rule="norm_weighted", norms={"up": Norm(mean=0, sd=1, weight=1)})
    assert possible_range(whole, parts) is None


@given(
    st.lists(st.tuples(st.integers(-3, 3), st.integers(1, 4)), min_size=1, max_size=4),
    st.integers(1, 4),
    st.sampled_from(["sum", "mean", "prorated"]),
)
def test_no_answers_at_the_ends_lead_outside_and_some_reach_them(
    items: list[tuple[int, int]], minimum: int, rule: str
) -> None:
    names = [f"i{place}" for place in range(len(items))]
    ranges = {name: (low, low + width) for name, (low, width) in zip(names, items, strict=True)}
    minimum = min(minimum, len(items))
    made = Scale.model_validate(
        {"id": "s", "items": names, "item_ranges": ranges, "rule": rule, "minimum_answered": minimum}
    )
    scores = []
    for answers in product(*[(*ranges[name], None) for name in names]):
        given_answers = [answer for answer in answers if answer is not None]
        if len(given_answers) >= minimum:
            total = sum(given_answers)
            scores.append(
                {
                    "sum": total,
                    "mean": total / len(given_answers),
                    "prorated": total / len(given_answers) * len(names),
                }[rule]
            )
    assert possible_range(made) == pytest.approx((min(scores), max(scores)), abs=1e-12)
