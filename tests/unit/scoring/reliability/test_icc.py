"""Intraclass correlations and retests: limits, and what they refuse."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from increase_eval.errors import InsufficientDataError
from increase_eval.moments import PatternMoments
from increase_eval.scoring import intraclass_correlation, retest_reliability


def estimates(**columns) -> dict[str, float]:
    return intraclass_correlation(pd.DataFrame(columns)).set_index("type")["estimate"].to_dict()


def test_raters_that_agree_throughout():
    table = intraclass_correlation(pd.DataFrame({"a": [1, 2, 3], "b": [1, 2, 3], "c": [1, 2, 3]}))
    assert (table["estimate"] == 1).all()
    assert (table["p_value"] == 0).all()
    assert (table[["conf_low", "conf_high"]] == 1).all(axis=None)


def test_a_rater_who_is_always_one_higher_is_consistent_and_does_not_agree():
    found = estimates(a=[1, 2, 3], b=[2, 3, 4])
    assert found["ICC3"] == 1
    # B = 2, E = 0, J = 1.5: 2 / (2 + 2 x 1.5 / 3) = 2 / 3
    assert found["ICC2"] == pytest.approx(2 / 3)


def test_estimates_below_nought_are_given_and_one_without_meaning_is_not():
    found = estimates(a=[1, 2, 3, 1], b=[3, 2, 1, 2])
    assert found["ICC1"] < 0
    assert found["ICC1k"] < -1
    assert np.isnan(found["ICC2k"])


def test_people_without_all_ratings_are_left_out():
    full = pd.DataFrame({"a": [9, 6, 8, 7], "b": [2, 1, 4, 1]})
    more = pd.concat([full, pd.DataFrame({"a": [1, None], "b": [None, 5]})], ignore_index=True)
    pd.testing.assert_frame_equal(intraclass_correlation(full), intraclass_correlation(more))


def test_rows_and_moments_give_the_same():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(20, 1)) + rng.normal(size=(20, 3)) + 1e4, columns=list("abc"))
    parts = (PatternMoments.from_frame(rows, list("abc")) for rows in (frame.iloc[:7], frame.iloc[7:]))
    moments = next(parts) + next(parts)
    pd.testing.assert_frame_equal(intraclass_correlation(frame), intraclass_correlation(moments), rtol=1e-9)


@pytest.mark.parametrize(
    ("frame", "error"),
    [
        (pd.DataFrame({"a": [1.0, 2.0]}), ValueError),
        (pd.DataFrame({"a": [1.0], "b": [2.0]}), InsufficientDataError),
        (pd.DataFrame({"a": [1.0, 1.0], "b": [1.0, 1.0]}), InsufficientDataError),
    ],
)
def test_what_gives_no_correlation_is_said(frame, error):
    with pytest.raises(error):
        intraclass_correlation(frame)


def test_confidence_lies_between_nought_and_one():
    with pytest.raises(ValueError, match="confidence"):
        intraclass_correlation(pd.DataFrame({"a": [1, 2], "b": [1, 2]}), confidence=95)


def scores(values, names=None) -> pd.Series:
    return pd.Series(values, index=names or [f"p{row}" for row in range(len(values))], dtype="float64")


def test_the_retest_correlation_has_fishers_interval():
    rng = np.random.default_rng(4)
    first = scores(rng.normal(size=50))
    second = first + rng.normal(size=50)
    retest = retest_reliability(first, second)
    pingouin = pytest.importorskip("pingouin")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pingouin calls pandas in ways that pandas is about to drop
        theirs = pingouin.corr(first, second)
    limits = theirs[next(name for name in theirs if name.lower().startswith("ci"))].iloc[0]
    assert retest.correlation == pytest.approx(float(theirs["r"].iloc[0]), rel=1e-10)
    # pingouin rounds its interval.
    assert [retest.conf_low, retest.conf_high] == pytest.approx(list(limits), abs=0.0051)
    assert retest.mean_change == pytest.approx((second - first).mean())


def test_people_with_one_score_are_left_out_and_counted():
    first, second = scores([1, 2, 3, 4, None], list("abcde")), scores([2, 2, 5, 1], list("bcdx"))
    retest = retest_reliability(first, second)
    assert (retest.n, retest.n_dropped) == (3, 2)
    assert np.isnan(retest.conf_low)
    assert retest.to_frame()["term"].tolist() == ["retest correlation", "retest agreement"]


def test_what_gives_no_retest_is_said():
    with pytest.raises(InsufficientDataError, match="1 people answered all"):
        retest_reliability(scores([1, 2]), scores([1, None]))
    with pytest.raises(InsufficientDataError, match="does not vary"):
        retest_reliability(scores([1, 2, 3]), scores([2, 2, 2]))
    with pytest.raises(ValueError, match="confidence"):
        retest_reliability(scores([1, 2]), scores([1, 2]), confidence=1)
    with pytest.raises(ValueError, match="more than once"):
        retest_reliability(scores([1, 2], ["a", "a"]), scores([1, 2]))
