"""Retention by group of the baseline score: small tables in, expected rows out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition import retention_by_baseline

WAVES = ["t1", "t2"]


def tables(scores: list[float | None], stayed: list[bool]) -> tuple[pd.DataFrame, pd.DataFrame]:
    keys = [f"p{i}" for i in range(len(scores))]
    first = pd.DataFrame({"participant": keys, "wave": "t1", "scale": "s", "score": pd.array(scores, dtype="Float64")})
    both = pd.DataFrame({"participant": keys * 2, "wave": ["t1"] * len(keys) + ["t2"] * len(keys)})
    return first, both.assign(responded=[True] * len(keys) + stayed)


def test_groups_are_about_equal_and_closed_at_their_upper_end() -> None:
    scores, responses = tables(list(range(1, 11)), [True] * 5 + [False] * 5)
    table = retention_by_baseline(scores, responses, waves=WAVES, scales=["s"], groups=5)
    assert table["term"].tolist() == ["..2", "2..4", "4..6", "6..8", "8.."]
    assert table["n"].tolist() == [2] * 5
    assert table["estimate"].tolist() == [1, 1, 0.5, 0, 0]
    assert set(table["wave"]) == {"t2"}


def test_ties_stay_together_and_groups_become_fewer() -> None:
    scores, responses = tables([1, 1, 1, 1, 1, 1, 2, 3], [True] * 8)
    table = retention_by_baseline(scores, responses, waves=WAVES, scales=["s"], groups=4)
    assert table["term"].tolist() == ["..1", "1.."]
    assert table["n"].tolist() == [6, 2]


def test_equal_scores_are_one_group_and_say_so() -> None:
    scores, responses = tables([3, 3, 3], [True, False, True])
    table = retention_by_baseline(scores, responses, waves=WAVES, scales=["s"])
    assert table["status"].tolist() == ["one group"]
    assert table["estimate"].iloc[0] == pytest.approx(2 / 3)


def test_people_without_a_baseline_score_are_counted_as_dropped() -> None:
    scores, responses = tables([1, 2, None, None], [True, False, True, True])
    table = retention_by_baseline(scores, responses, waves=WAVES, scales=["s"], groups=2)
    assert set(table["n_dropped"]) == {2}
    assert table["n"].sum() == 2


def test_a_scale_never_scored_has_a_status_and_no_number() -> None:
    scores, responses = tables([1, 2], [True, False])
    table = retention_by_baseline(scores, responses, waves=WAVES, scales=["other"])
    assert table["status"].tolist() == ["nobody"]
    assert np.isnan(table["estimate"].iloc[0])


def test_two_baseline_scores_of_one_person_are_refused() -> None:
    scores, responses = tables([1, 2], [True, False])
    with pytest.raises(ValueError, match="twice"):
        retention_by_baseline(pd.concat([scores, scores]), responses, waves=WAVES, scales=["s"])
