"""Verdicts: read from two intervals, never contradicting each other, and never more than the family allows."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from increase_eval.claims import (
    Attribution,
    clustering_effect,
    decide,
    intersection_union,
    minimum_detectable,
    smallest_margin,
)
from increase_eval.claims.verdicts import VERDICTS
from increase_eval.claims.verdicts.adjusted import benjamini_hochberg, hochberg, holm, null_statistics, romano_wolf
from increase_eval.results import ESTIMATE_COLUMNS

CLOSED_FORM = 1e-12


def frame(*rows, df=None):
    """Give one row a pair of estimate and standard error."""
    made = [{"contrast": f"c{at}", "estimate": e, "std_error": s, "df": df, "n": 100} for at, (e, s) in enumerate(rows)]
    return pd.DataFrame(made)


def verdicts(*rows, **options):
    return decide(frame(*rows), **{"margin": 2.0, **options}).table["verdict"].tolist()


def test_one_contrast_of_each_kind():
    # K = 5, alpha .05: z(1 - .005) = 2.576 and z(1 - .01) = 2.326.
    rows = [(3.0, 0.5), (0.1, 0.5), (1.0, 0.3), (1.0, 0.9), (1.0, np.nan)]
    assert verdicts(*rows) == [
        "different", "equivalent", "different but smaller than matters", "inconclusive", "not estimable",
    ]  # fmt: skip


def test_intervals_have_the_printed_confidence():
    table = decide(frame((1.0, 0.5), (0.0, 0.5), df=10), margin=2.0, alpha=0.04).table
    wide, narrow = stats.t.ppf(1 - 0.01, 10), stats.t.ppf(1 - 0.02, 10)
    np.testing.assert_allclose(table["conf_high"], table["estimate"] + 0.5 * wide, rtol=CLOSED_FORM)
    np.testing.assert_allclose(table["equivalence_low"], table["estimate"] - 0.5 * narrow, rtol=CLOSED_FORM)


def test_declared_contrasts_without_a_row_count_in_the_family():
    narrow = decide(frame((1.3, 0.5)), margin=2.0).table
    wide = decide(frame((1.3, 0.5)), margin=2.0, family_size=6).table
    assert narrow.loc[0, "verdict"] == "different"
    assert wide.loc[0, "verdict"] == "inconclusive"
    assert wide.loc[0, "p_holm"] == pytest.approx(min(1, 6 * wide.loc[0, "p_value"]), rel=CLOSED_FORM)


def test_without_a_margin_nothing_is_equivalent():
    assert verdicts((0.0, 1e-6), margin=None) == ["inconclusive"]
    assert verdicts((0.0, 1e-6), (0.0, 1e-6), margin=[None, 1.0]) == ["inconclusive", "equivalent"]


def test_an_interval_that_touches_the_margin_is_not_within_it():
    z = stats.norm.ppf(0.95)
    assert verdicts((0.0, 2.0 / z)) == ["inconclusive"]
    assert verdicts((0.0, 2.0 / z * (1 - 1e-9))) == ["equivalent"]


def test_false_discovery_rates_never_yield_equivalence():
    rows = [(0.0, 0.01), (5.0, 0.5), (0.0, 0.01)]
    result = decide(frame(*rows), margin=2.0, adjustment="fdr_bh")
    assert result.exploratory
    assert result.table["verdict"].tolist() == ["inconclusive", "different", "inconclusive"]


@settings(max_examples=60)
@given(st.lists(st.tuples(st.floats(-4, 4), st.floats(0.1, 2)), min_size=1, max_size=8))
def test_under_false_discovery_rates_the_interval_shows_what_was_discovered(rows):
    table = decide(frame(*rows), margin=1.0, adjustment="fdr_bh").table
    found = benjamini_hochberg(table["p_value"].to_numpy()) <= 0.05
    assert (table["verdict"].eq("different").to_numpy() == found).all()


@settings(max_examples=80)
@given(
    st.lists(st.tuples(st.floats(-4, 4), st.floats(0.05, 2)), min_size=1, max_size=6),
    st.floats(0.1, 3),
    st.floats(0.1, 100),
)
def test_units_and_direction_do_not_change_a_verdict(rows, margin, factor):
    one = verdicts(*rows, margin=margin)
    other = verdicts(*((-factor * e, factor * s) for e, s in rows), margin=factor * margin)
    assert one == other
    assert set(one) <= set(VERDICTS)


@settings(max_examples=80)
@given(st.lists(st.tuples(st.floats(-4, 4), st.floats(0.05, 2)), min_size=1, max_size=6), st.floats(0.1, 3))
def test_verdicts_agree_with_p_values_against_alpha_over_k(rows, margin):
    table = decide(frame(*rows, df=30), margin=margin).table
    rate = 0.05 / len(rows)
    is_near = (table["p_value"] - rate).abs().lt(1e-9) | (table["p_equivalence"] - rate).abs().lt(1e-9)
    differs = table["verdict"].isin(["different", "different but smaller than matters"])
    alike = table["verdict"].isin(["equivalent", "different but smaller than matters"])
    assert (differs == (table["p_value"] < rate))[~is_near].all()
    assert (alike == (table["p_equivalence"] < rate))[~is_near].all()


@settings(max_examples=60)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=10))
def test_adjusted_p_values_are_those_of_statsmodels(p_values):
    p = np.array(p_values)
    for ours, name in ((holm, "holm"), (hochberg, "simes-hochberg"), (benjamini_hochberg, "fdr_bh")):
        np.testing.assert_allclose(ours(p), multipletests(p, method=name)[1], rtol=1e-12, atol=1e-15)


def test_missing_p_values_count_and_stay_missing():
    adjusted = holm(np.array([0.01, np.nan, 0.04]))
    np.testing.assert_allclose(adjusted, [0.03, np.nan, 0.08], rtol=CLOSED_FORM)


def test_romano_wolf_with_independent_statistics_is_the_step_down_sidak_of_the_draws():
    rng = np.random.default_rng(3)
    draws = null_statistics(np.eye(3), np.full(3, np.inf), draws=200_000, rng=rng)
    p = romano_wolf(np.array([2.5, 0.5, -2.0]), draws)
    one = 2 * stats.norm.sf([2.5, 2.0, 0.5])
    expected = np.maximum.accumulate([1 - (1 - one[0]) ** 3, 1 - (1 - one[1]) ** 2, one[2]])
    np.testing.assert_allclose(p[[0, 2, 1]], expected, atol=0.005)  # three standard errors of 200,000 draws


def test_romano_wolf_gains_from_dependence():
    same = np.ones((3, 3))
    estimates = frame((2.2, 1.0), (2.2, 1.0), (2.2, 1.0))
    table = decide(estimates, margin=1.0, covariance=same, rng=np.random.default_rng(1), draws=50_000).table
    np.testing.assert_allclose(table["p_romano_wolf"], 2 * stats.norm.sf(2.2), atol=0.003)
    assert (table["p_romano_wolf"] < table["p_holm"]).all()


def test_romano_wolf_is_never_below_the_p_value_that_it_adjusts():
    """A single member needs no adjustment: half of all sets of draws would put it below."""
    for seed in range(6):
        rng = np.random.default_rng(seed)
        table = decide(frame((1.0, 1.0)), margin=1.0, covariance=[[1.0]], draws=200, rng=rng).table
        assert (table["p_romano_wolf"] >= table["p_value"]).all()


def test_romano_wolf_is_the_same_from_the_same_seed():
    def again():
        rng = np.random.default_rng(9)
        return decide(frame((1.0, 1.0)), margin=1.0, covariance=[[1.0]], rng=rng).table["p_romano_wolf"].tolist()

    assert again() == again()


def test_what_could_be_seen_comes_from_the_standard_error_alone():
    one, other = (decide(frame((e, 0.5)), margin=1.0, design_effect=4.0).table for e in (0.0, 9.0))
    for name in ("minimum_detectable", "smallest_margin"):
        assert one.loc[0, name] == other.loc[0, name]
    # 2 x 0.5 (design effect 4) times z(.975) + z(.8), and z(.95) + z(.9).
    assert one.loc[0, "minimum_detectable"] == pytest.approx(stats.norm.ppf(0.975) + stats.norm.ppf(0.8))
    assert one.loc[0, "smallest_margin"] == pytest.approx(stats.norm.ppf(0.95) + stats.norm.ppf(0.9))


def test_a_design_effect_that_the_error_holds_is_stated_and_not_applied_again():
    table = decide(frame((1.0, 0.5), (1.0, 0.5)), margin=1.0, design_effect=[1.0, 4.0], held_effect=[2.25, 1.0])
    held, applied = table.table.to_dict("records")
    assert applied["minimum_detectable"] == pytest.approx(2 * held["minimum_detectable"])
    rows = table.to_frame()
    effect = rows[rows["term"] == "design_effect"]
    assert effect["estimate"].tolist() == [2.25, 4.0]
    assert effect["method"].tolist() == ["in the standard error", "applied"]
    assert rows[rows["term"] == "smallest_margin"]["method"].tolist() == [
        "alpha 0.05, power 0.8, K 2, design effect 2.25", "alpha 0.05, power 0.8, K 2, design effect 4",
    ]  # fmt: skip


@pytest.mark.parametrize("df", [20, 60, 300])
def test_a_detectable_difference_is_detected_with_its_power(df):
    found = minimum_detectable(np.array([1.0]), np.array([df]), alpha=0.05, family_size=6, power=0.8)
    limit = stats.t.ppf(1 - 0.05 / 12, df)
    power = stats.nct.sf(limit, df, found[0]) + stats.nct.cdf(-limit, df, found[0])
    assert power == pytest.approx(0.8, abs=0.02)  # the shifted t stands for the noncentral one


@pytest.mark.parametrize("df", [20, 60, 300])
def test_a_provable_margin_is_proved_with_its_power(df):
    margin = smallest_margin(np.array([1.0]), np.array([df]), alpha=0.05, family_size=6, power=0.8)[0]
    rng = np.random.default_rng(df)
    estimate, error = rng.standard_normal(100_000), np.sqrt(rng.chisquare(df, 100_000) / df)
    shown = np.abs(estimate) + stats.t.ppf(1 - 0.05 / 6, df) * error < margin
    assert shown.mean() == pytest.approx(0.8, abs=0.03)  # the standard error is taken as known in the plan


def test_clustering_effect():
    assert clustering_effect([10, 10], 0.05) == pytest.approx(1.45, rel=CLOSED_FORM)
    assert clustering_effect([1, 1, 1], 0.5) == 1.0
    with pytest.raises(ValueError, match="allowed: people, and 0 to 1"):
        clustering_effect([10], 1.5)


def test_an_intersection_union_test_needs_every_part():
    assert intersection_union({"a": 0.05, "b": 0.0}).is_shown
    missing = intersection_union({"a": 0.01, "b": float("nan")})
    assert not missing.is_shown
    assert missing.failing == ("b",)
    assert np.isnan(missing.p_value)
    for parts in ({}, {"a": 1.2}):
        with pytest.raises(ValueError, match="at least one p value"):
            intersection_union(parts)


def test_the_estimate_table_has_the_common_shape():
    attribution = {"c0": Attribution("identified"), "c1": Attribution("not separable", factors=("site",))}
    result = decide(frame((3.0, 0.5), (0.1, 0.5)), margin=2.0, attribution=attribution)
    table = result.to_frame()
    assert tuple(table.columns[: len(ESTIMATE_COLUMNS)]) == ESTIMATE_COLUMNS
    first = table[table["contrast"] == "c0"]
    assert first["term"].tolist() == [
        "difference", "equivalence", "holm", "hochberg", "margin", "minimum_detectable", "smallest_margin",
        "design_effect",
    ]  # fmt: skip
    said = table[table["term"] == "difference"]
    assert said["verdict"].tolist() == ["different", "equivalent"]
    assert said["status"].tolist() == ["identified", "not separable"]
    assert said["method"].tolist() == ["interval of 1 - 0.05/2"] * 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"margin": 0.0}, "finite numbers above 0, or None"),
        ({"margin": [1.0]}, "margin has 1 values"),
        ({"alpha": 0.5}, "a rate above 0 and below 0.5"),
        ({"family_size": 1}, "allowed: at least the 2 rows"),
        ({"adjustment": "none"}, "allowed: bonferroni, holm"),
        ({"power": 0.3}, "power is 0.3"),
        ({"design_effect": 0.0}, "a number above 0"),
        ({"held_effect": -1.0}, "a number above 0"),
        ({"design_effect": [1.0] * 9}, "one for each"),
        ({"covariance": np.eye(2)}, "need a generator"),
        ({"covariance": np.eye(3), "rng": np.random.default_rng(0)}, "has the shape"),
        ({"null_draws": np.zeros((10, 3))}, "null_draws has the shape"),
    ],
)
def test_wrong_arguments_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        decide(frame((1.0, 0.5), (0.0, 0.5)), **{"margin": 1.0, **options})


def test_estimates_without_an_error_are_refused():
    with pytest.raises(ValueError, match=r"columns \['std_error'\] are not in the estimates"):
        decide(pd.DataFrame({"estimate": [1.0]}), margin=1.0)
