"""Cronbach's alpha and Guttman's bounds: by hand, at their limits, and what they refuse."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from increase_eval.errors import InsufficientDataError
from increase_eval.moments import PatternMoments
from increase_eval.scoring import cronbach_alpha, guttman_lambdas
from increase_eval.scoring.reliability import guttman


def correlated(n: int = 60, k: int = 5, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, 1)) + rng.normal(size=(n, k))
    return pd.DataFrame(values, columns=[f"i{item}" for item in range(k)])


def test_alpha_by_hand():
    # Variances 1 and 13/3, covariance 3/2: the sum has variance 1 + 13/3 + 3.
    alpha = cronbach_alpha(pd.DataFrame({"a": [0, 1, 2], "b": [0, 4, 3]}))
    assert alpha.estimate == pytest.approx(2 * (1 - (1 + 13 / 3) / (1 + 13 / 3 + 3)))
    assert alpha.average_correlation == pytest.approx(1.5 / np.sqrt(13 / 3))
    assert alpha.if_deleted.isna().all(axis=None)
    assert alpha.item_rest.tolist() == pytest.approx([1.5 / np.sqrt(13 / 3)] * 2)


def test_items_that_are_the_same_are_perfectly_consistent():
    one = correlated()["i0"]
    alpha = cronbach_alpha(pd.DataFrame({"a": one, "b": one, "c": one}))
    assert alpha.estimate == pytest.approx(1)
    assert alpha.std_error == pytest.approx(0, abs=1e-7)
    assert [alpha.conf_low, alpha.conf_high] == pytest.approx([1, 1])


def test_an_item_that_should_have_been_reversed_shows():
    items = correlated(k=2)
    alpha = cronbach_alpha(items.assign(i1=-items["i1"]))
    assert alpha.estimate < 0
    assert (alpha.item_rest < 0).all()


def test_an_item_that_does_not_vary_counts_in_alpha_and_has_no_correlation():
    items = correlated(k=3).assign(flat=0.1)
    alpha = cronbach_alpha(items)
    cov = items.cov().to_numpy()
    assert alpha.estimate == pytest.approx(4 / 3 * (1 - np.trace(cov) / cov.sum()))
    assert np.isnan(alpha.standardized)
    assert np.isnan(alpha.item_rest["flat"])


def test_the_interval_narrows_with_people_and_widens_with_confidence():
    few, many = cronbach_alpha(correlated(30)), cronbach_alpha(correlated(3000))
    assert many.conf_high - many.conf_low < (few.conf_high - few.conf_low) / 5
    wide = cronbach_alpha(correlated(30), confidence=0.99)
    assert wide.conf_low < few.conf_low < few.estimate < few.conf_high < wide.conf_high


def test_moments_by_group_are_added_up():
    items = correlated().assign(arm=["x", "y"] * 30)
    columns = [column for column in items if column != "arm"]
    grouped = cronbach_alpha(PatternMoments.from_frame(items, columns, by=["arm"]))
    assert grouped.estimate == pytest.approx(cronbach_alpha(items[columns]).estimate, rel=1e-12)


def test_a_large_mean_costs_no_precision():
    items = correlated()
    assert cronbach_alpha(items + 1e6).estimate == pytest.approx(cronbach_alpha(items).estimate, rel=1e-8)


def test_any_type_that_holds_numbers_will_do():
    items = correlated().round(1)
    expected = cronbach_alpha(items).estimate
    for kind in ("Float64", "object", "str"):
        assert cronbach_alpha(items.astype(kind)).estimate == pytest.approx(expected, rel=1e-12)


def test_the_estimate_table():
    table = cronbach_alpha(correlated()).to_frame()
    assert table.loc[0, ["term", "n", "n_dropped"]].tolist() == ["alpha", 60, 0]


@pytest.mark.parametrize(
    ("frame", "error", "message"),
    [
        (pd.DataFrame({"a": [1.0, 2.0]}), ValueError, "there are 1 items"),
        (pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]}), ValueError, "item 'b' has 2 answers that are not numbers"),
        (pd.DataFrame([[1.0, 2.0]], columns=["a", "a"]), ValueError, "columns stand twice"),
        (
            pd.DataFrame({"a": [1.0, np.nan], "b": [np.nan, 2.0]}),
            InsufficientDataError,
            "0 people answered all of a, b",
        ),
        (pd.DataFrame({"a": [1.0, 1.0], "b": [2.0, 2.0]}), InsufficientDataError, "none of the items a, b varies"),
        (pd.DataFrame({"a": [1.0, 2.0], "b": [2.0, 1.0]}), InsufficientDataError, "the sum of a, b does not vary"),
        (pd.DataFrame({"a": [], "b": []}), InsufficientDataError, "0 people"),
    ],
)
def test_what_gives_no_alpha_is_said(frame, error, message):
    with pytest.raises(error, match=message):
        cronbach_alpha(frame)


@pytest.mark.parametrize("options", [{"missing": "casewise"}, {"confidence": 1.0}, {"confidence": 0}])
def test_options_that_are_not_allowed(options):
    with pytest.raises(ValueError, match="allowed"):
        cronbach_alpha(correlated(), **options)


def test_a_pair_that_nobody_answered_both_of_stops_pairwise_deletion():
    frame = pd.DataFrame({"a": [1.0, 2.0, np.nan, np.nan], "b": [np.nan, np.nan, 1.0, 2.0], "c": [1.0, 2.0, 3.0, 4.0]})
    with pytest.raises(InsufficientDataError, match="0 people answered both a and b"):
        cronbach_alpha(frame, missing="pairwise")


def test_pairwise_is_listwise_where_everybody_answered():
    items = correlated()
    one, two = (cronbach_alpha(items, missing=missing) for missing in ("listwise", "pairwise"))
    assert one.estimate == pytest.approx(two.estimate, rel=1e-12)
    assert one.standardized == pytest.approx(two.standardized, rel=1e-12)
    assert (one.n, two.n) == (60, 60)


def test_lambda_4_is_the_best_of_all_splits():
    items = correlated(k=6)
    cov = items.cov().to_numpy()
    halves = (np.array(signs) for signs in product([1, -1], repeat=6))
    best = max(4 * np.cov(items @ (half == 1), items @ (half == -1))[0, 1] / cov.sum() for half in halves)
    assert guttman_lambdas(items)["lambda4"] == pytest.approx(best)


def test_lambda_4_of_many_items_is_found_step_by_step(monkeypatch):
    items = correlated(n=200, k=12)
    exact = guttman_lambdas(items)["lambda4"]
    monkeypatch.setattr(guttman, "ALL_SPLITS", 4)
    assert guttman_lambdas(items)["lambda4"] == pytest.approx(exact, abs=0.005)
    assert guttman_lambdas(items)["lambda4"] <= exact + 1e-12


def test_lambda_6_of_items_that_repeat_each_other():
    items = correlated(k=2).assign(copy=lambda frame: frame["i0"])
    # i0 and its copy are explained whole; i1 by i0 as far as a regression can.
    rest = items["i1"].var() * (1 - items["i0"].corr(items["i1"]) ** 2)
    total = items.sum(axis=1).var()
    assert guttman_lambdas(items)["lambda6"] == pytest.approx(1 - rest / total)


def test_an_item_that_does_not_vary_has_no_place_in_standard_units():
    with pytest.raises(InsufficientDataError, match="an item or the sum does not vary"):
        guttman_lambdas(correlated().assign(flat=1.0), metric="correlation")


def test_a_metric_that_is_not_allowed():
    with pytest.raises(ValueError, match="metric is 'standard'"):
        guttman_lambdas(correlated(), metric="standard")
