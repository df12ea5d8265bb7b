"""Counts of scores in bins: small tables in, expected rows out."""

from __future__ import annotations

import pandas as pd
import pytest

from increase_eval.comparison import score_distribution


def tables(values: list[float | None], wave: str = "t1") -> tuple[pd.DataFrame, pd.DataFrame]:
    keys = [f"p{i}" for i in range(len(values))]
    scores = pd.DataFrame({"participant": keys, "wave": wave, "scale": "s", "score": pd.array(values, "Float64")})
    return scores, pd.DataFrame({"participant": keys, "arm": ["a"] * len(keys)})


def test_few_whole_scores_are_counted_one_by_one() -> None:
    scores, people = tables([1, 1, 4, None])
    table = score_distribution(scores, people, waves=["t1"])
    assert table["term"].tolist() == ["1", "2", "3", "4"]
    assert table["estimate"].tolist() == [2, 0, 0, 1]
    assert set(table["n"]) == {3}
    assert set(table["n_dropped"]) == {1}
    assert set(table["by_arm"]) == {"all"}


def test_bins_are_closed_below_and_the_last_also_above() -> None:
    scores, people = tables([0, 9.9, 10, 60])
    table = score_distribution(scores, people, waves=["t1"], ranges={"s": (0, 60)}, bins=6)
    assert table["term"].tolist() == ["0..10", "10..20", "20..30", "30..40", "40..50", "50..60"]
    assert table["estimate"].tolist() == [2, 1, 0, 0, 0, 1]


def test_edges_are_round_numbers_beyond_the_extremes() -> None:
    scores, people = tables([13.7, 48.2, 22.0])
    table = score_distribution(scores, people, waves=["t1"], bins=5)
    assert table["term"].tolist() == ["10..20", "20..30", "30..40", "40..50"]


def test_bins_are_the_same_in_every_wave_and_counts_add_up() -> None:
    first, people = tables([0.5, 33.0, 21.0])
    second, _ = tables([95.5, 1.0, None], wave="t2")
    table = score_distribution(pd.concat([first, second]), people, waves=["t1", "t2"])
    terms = table.groupby("wave")["term"].agg(list)
    assert terms["t1"] == terms["t2"]
    assert table.groupby("wave")["estimate"].sum().tolist() == [3, 2]


def test_a_declared_range_that_no_step_divides_keeps_its_ends() -> None:
    scores, people = tables([7.0, 34.5])
    table = score_distribution(scores, people, waves=["t1"], ranges={"s": (7, 35)}, bins=5)
    assert table["term"].tolist() == ["7..10", "10..20", "20..30", "30..35"]


def test_scores_outside_the_range_are_refused_without_being_shown() -> None:
    scores, people = tables([7.0, 99.25])
    with pytest.raises(ValueError, match="1 scores of 's' lie outside") as error:
        score_distribution(scores, people, waves=["t1"], ranges={"s": (7, 35)})
    assert "99.25" not in str(error.value)


def test_one_score_and_none() -> None:
    scores, people = tables([12.5, None])
    assert score_distribution(scores, people, waves=["t1"])["estimate"].sum() == 1
    scores, people = tables([None, None])
    assert set(score_distribution(scores, people, waves=["t1"])["status"]) == {"nobody"}


def test_a_group_is_binned_like_the_total() -> None:
    scores, people = tables([1.0, 2.0, 3.0])
    table = score_distribution(scores, people, waves=["t1"], by=("arm",))
    assert table.groupby("by_arm")["estimate"].sum().to_dict() == {"a": 3, "all": 3}
