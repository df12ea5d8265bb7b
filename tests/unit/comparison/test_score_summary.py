"""Means, standard deviations and Table 1: tiny numbers, and scipy as second witness."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from increase_eval.comparison import baseline_characteristics, summarise_scores


def tables(values: list[float | None], arms: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    keys = [f"p{i}" for i in range(len(values))]
    scores = pd.DataFrame({"participant": keys, "wave": "t1", "scale": "s", "score": pd.array(values, "Float64")})
    return scores, pd.DataFrame({"participant": keys, "arm": list(arms)})


def row(table: pd.DataFrame, **cells: str) -> pd.Series:
    chosen = table
    for column, value in cells.items():
        chosen = chosen[chosen[column] == value]
    assert len(chosen) == 1
    return chosen.iloc[0]


def test_mean_and_t_interval_agree_with_scipy() -> None:
    values = [3.0, 5.5, 7.25, 1.0, 9.0]
    scores, people = tables(values, "aaaaa")
    mean = row(summarise_scores(scores, people, waves=["t1"]), term="mean", by_arm="a")
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert mean["estimate"] == pytest.approx(np.mean(values), rel=1e-12)
    assert mean["std_error"] == pytest.approx(stats.sem(values), rel=1e-12)
    assert (mean["conf_low"], mean["conf_high"]) == pytest.approx(tuple(expected), rel=1e-12)
    assert mean["df"] == 4


def test_sd_and_its_chi_square_interval() -> None:
    scores, people = tables([1.0, 2.0, 6.0], "aab")
    sd = row(summarise_scores(scores, people, waves=["t1"]), term="sd", by_arm="all")
    # squared deviations from 3: 4 + 1 + 9 = 14; 14 / 2 = 7
    assert sd["estimate"] == pytest.approx(np.sqrt(7), rel=1e-12)
    assert sd["conf_low"] == pytest.approx(np.sqrt(14 / stats.chi2.ppf(0.975, 2)), rel=1e-12)
    assert sd["conf_high"] == pytest.approx(np.sqrt(14 / stats.chi2.ppf(0.025, 2)), rel=1e-12)


@pytest.mark.parametrize(
    ("values", "status", "estimate"),
    [([4.0], "one person", 4.0), ([4.0, 4.0], "no variance", 4.0), ([None, None], "nobody", np.nan)],
)
def test_what_cannot_have_an_interval_has_a_status(values, status, estimate) -> None:
    scores, people = tables(values, "a" * len(values))
    mean = row(summarise_scores(scores, people, waves=["t1"]), term="mean", by_arm="all")
    assert mean["status"] == status
    assert mean["estimate"] == pytest.approx(estimate, nan_ok=True)
    assert np.isnan(mean["conf_low"])


def test_no_estimate_is_missing_without_a_status() -> None:
    scores, people = tables([1.0, None, 3.0, 3.0, 3.0, 8.0], "abccdd")
    table = summarise_scores(scores, people, waves=["t1"], levels={"arm": ["a", "b", "c", "d", "e"]})
    assert (table["conf_low"].notna() == (table["status"] == "ok")).all()
    assert row(table, term="mean", by_arm="e")["status"] == "nobody"


def test_not_scored_are_dropped_and_not_asked_are_left_out() -> None:
    scores, people = tables([1.0, 2.0, None], "aaa")
    later = scores.assign(wave="t2", score=pd.NA, status="not asked")
    asked = scores.assign(status=["scored", "scored", "too few answered"])
    table = summarise_scores(pd.concat([asked, later]).astype({"score": "Float64"}), people, waves=["t1", "t2"])
    assert set(table["wave"]) == {"t1"}
    assert row(table, term="mean", by_arm="all")[["n", "n_dropped"]].tolist() == [2, 1]


def test_infinite_scores_and_repeated_people_are_refused() -> None:
    scores, people = tables([1.0, np.inf], "aa")
    with pytest.raises(ValueError, match="infinite"):
        summarise_scores(scores, people, waves=["t1"])
    scores, people = tables([1.0, 2.0], "aa")
    with pytest.raises(ValueError, match="twice"):
        summarise_scores(pd.concat([scores, scores]), people, waves=["t1"])


def test_table_one_describes_everybody_and_those_who_answered() -> None:
    people = pd.DataFrame(
        {"participant": list("pqrs"), "arm": list("aabb"), "sex": ["f", "m", "f", None], "age": [30, 40, 50, 60]}
    )
    responses = pd.DataFrame({"participant": list("pqrs"), "wave": "t2", "responded": [True, False, True, False]})
    table = baseline_characteristics(people, columns=["sex", "age"], responses=responses, waves=["t2"])
    assert row(table, outcome="sex", term="f", by_answered="all", by_arm="all")["estimate"] == pytest.approx(2 / 3)
    assert row(table, outcome="sex", term="f", by_answered="all", by_arm="all")["n_dropped"] == 1
    assert row(table, outcome="sex", term="m", by_answered="t2", by_arm="all")["estimate"] == 0
    assert row(table, outcome="age", term="mean", by_answered="t2", by_arm="all")["estimate"] == 40
    assert row(table, outcome="age", term="mean", by_answered="t2", by_arm="b")["status"] == "one person"


def test_table_one_counts_coded_categories_and_refuses_dates() -> None:
    people = pd.DataFrame({"participant": list("pqr"), "code": [1, 2, 2], "day": pd.Timestamp("2020-01-01")})
    table = baseline_characteristics(people, columns=["code"], categorical=["code"], by=())
    assert dict(zip(table["term"], table["estimate"], strict=True)) == pytest.approx({"1": 1 / 3, "2": 2 / 3})
    with pytest.raises(ValueError, match="dates"):
        baseline_characteristics(people, columns=["day"], by=())
