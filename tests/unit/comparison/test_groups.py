"""Effect sizes, equivalence and groups: limits, refusals, and scipy or pingouin as second witness."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pingouin
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from increase_eval.comparison import adjust_p_values, compare_groups, effect_size, equivalence_test
from increase_eval.comparison.continuous.noncentral import noncentral_t_cdf
from increase_eval.comparison.continuous.simultaneous import (
    dunnett_p_value,
    dunnett_quantile,
    range_p_value,
    range_quantile,
)
from increase_eval.errors import InsufficientDataError

A = np.array([3.1, 4.7, 5.0, 6.2, 7.7, 3.3])
B = np.array([2.0, 2.9, 4.1, 4.4, 5.9, 1.2])


def test_missing_values_are_dropped_and_counted() -> None:
    with_gaps = pd.Series([*A, None, None], dtype="Float64")
    assert effect_size(with_gaps, B).estimate == effect_size(A, B).estimate
    assert effect_size(with_gaps, B).n_dropped == 2
    paired = effect_size([*A, np.nan], [*B, 1.0], paired=True)
    assert (paired.n_a, paired.n_dropped) == (6, 1)


def test_paired_d_is_in_standard_deviations_of_the_differences() -> None:
    effect = effect_size(A, B, kind="cohen", paired=True)
    t = stats.ttest_rel(A, B)
    assert effect.estimate == pytest.approx(t.statistic / np.sqrt(6), rel=1e-12)
    # the limits are where the observed t is the 97.5 % and the 2.5 % quantile
    assert stats.nct.cdf(t.statistic, 5, effect.conf_low * np.sqrt(6)) == pytest.approx(0.975, abs=1e-9)
    assert stats.nct.cdf(t.statistic, 5, effect.conf_high * np.sqrt(6)) == pytest.approx(0.025, abs=1e-9)


def test_cohen_agrees_with_pingouin() -> None:
    assert effect_size(A, B, kind="cohen").estimate == pytest.approx(pingouin.compute_effsize(A, B, eftype="cohen"))


def test_cliffs_delta_by_counting_pairs() -> None:
    effect = effect_size([1, 2, 3], [2, 2, 5], kind="cliff")
    # 1: 0 wins 3 losses; 2: 0 wins 1 loss; 3: 2 wins 1 loss -> (2 - 5) / 9
    assert effect.estimate == pytest.approx(-3 / 9, rel=1e-12)
    assert -1 <= effect.conf_low < effect.estimate < effect.conf_high <= 1


def test_complete_separation_keeps_cliffs_limits_within_one() -> None:
    effect = effect_size([4, 5, 6, 7, 8], [1, 2, 3], kind="cliff")
    assert (effect.estimate, effect.conf_high) == (1, 1)
    assert -1 < effect.conf_low < 1
    mirrored = effect_size([1, 2, 3], [4, 5, 6, 7, 8], kind="cliff")
    assert (mirrored.conf_low, mirrored.conf_high) == pytest.approx((-1, -effect.conf_low))


@pytest.mark.parametrize("paired", [False, True])
@pytest.mark.parametrize("kind", ["hedges", "cohen", "glass", "cliff"])
def test_every_kind_has_ordered_limits(kind, paired) -> None:
    effect = effect_size(A, B[::-1], kind=kind, paired=paired)
    assert effect.conf_low < effect.estimate < effect.conf_high
    assert len(effect.to_frame()) == 1


def test_huge_effects_have_limits() -> None:
    effect = effect_size(A + 1000, B, kind="cohen")
    assert effect.conf_low < effect.estimate < effect.conf_high


def test_nothing_to_divide_by_is_an_error() -> None:
    with pytest.raises(InsufficientDataError, match="varies"):
        effect_size([1, 1, 1], [2, 2, 2])
    with pytest.raises(InsufficientDataError, match="two people"):
        effect_size([1], [2, 3])
    with pytest.raises(InsufficientDataError, match="varies"):
        effect_size([1, 2, 3], [2, 3, 4], paired=True)


def test_bad_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="pairs"):
        effect_size(A, B[:3], paired=True)
    with pytest.raises(ValueError, match="no number"):
        effect_size(["x", "y"], B)
    with pytest.raises(ValueError, match="infinite"):
        effect_size([1, np.inf], B)
    with pytest.raises(ValueError, match="allowed"):
        effect_size(A, B, kind="r")


def test_equivalence_agrees_with_pingouin() -> None:
    ours = equivalence_test(A, B, low=-2, high=2, paired=True)
    assert ours.p_value == pytest.approx(pingouin.tost(A, B, bound=2, paired=True).loc["TOST", "pval"], rel=1e-9)


def test_the_interval_lies_within_the_margins_exactly_where_it_is_equivalent() -> None:
    for margin in np.linspace(0.5, 6, 30):
        result = equivalence_test(A, B, low=-margin, high=margin)
        assert result.is_equivalent == (-margin < result.conf_low and result.conf_high < margin)


def test_bad_margins_are_refused() -> None:
    with pytest.raises(ValueError, match="lower first"):
        equivalence_test(A, B, low=1, high=-1)
    with pytest.raises(InsufficientDataError):
        equivalence_test([1, 1], [1, 1], low=-1, high=1)


@pytest.mark.parametrize(
    ("t", "df", "ncp"), [(0.3, 1, 0.5), (2.0, 897, 1.0), (9.0, 5, 6.0), (30.0, 12, 28.0), (-2.0, 8, 1.5)]
)
def test_noncentral_t_agrees_with_scipy(t, df, ncp) -> None:
    # 1e-9: scipy's own accuracy here
    assert noncentral_t_cdf(t, df, ncp) == pytest.approx(stats.nct.cdf(t, df, ncp), abs=1e-9)


def test_noncentral_t_without_noncentrality_is_students() -> None:
    for df in (1, 3, 50):
        for t in (-40.0, -1.0, 0.0, 0.5, 5.0, 300.0):
            assert noncentral_t_cdf(t, df, 0.0) == pytest.approx(stats.t.cdf(t, df), abs=1e-11)


@pytest.mark.parametrize(("groups", "df"), [(2, 1.0), (3, 4.0), (5, 17.3), (8, 300.0)])
@pytest.mark.parametrize("q", [0.7, 3.2, 5.5])
def test_studentised_range_agrees_with_scipy(groups, df, q) -> None:
    # 1e-8: scipy integrates adaptively to about that
    assert range_p_value(q, groups, df) == pytest.approx(stats.studentized_range.sf(q, groups, df), abs=1e-8)


def test_two_groups_are_a_t_test() -> None:
    assert range_p_value(2 * np.sqrt(2), 2, 7) == pytest.approx(2 * stats.t.sf(2, 7), abs=1e-12)
    assert dunnett_p_value(2, [0.6], 7) == pytest.approx(2 * stats.t.sf(2, 7), abs=1e-12)
    assert range_quantile(0.95, 2, 1e9) == pytest.approx(np.sqrt(2) * stats.norm.ppf(0.975), rel=1e-9)


def test_dunnetts_table() -> None:
    # Dunnett (1964), two-sided 5 %, 3 treatments, equal sizes, 20 df: 2.54
    assert dunnett_quantile(0.95, [np.sqrt(0.5)] * 3, 20) == pytest.approx(2.54, abs=0.005)


def test_dunnett_agrees_with_scipy() -> None:
    rng = np.random.default_rng(3)
    samples = [rng.normal(shift, 1, n) for shift, n in ((0, 12), (0.9, 9), (0.2, 15))]
    expected = stats.dunnett(samples[1], samples[2], control=samples[0], rng=np.random.default_rng(1)).pvalue
    labels = np.repeat(["a", "b", "c"], [12, 9, 15])
    pairs = compare_groups(np.concatenate(samples), labels, method="dunnett").pairs
    assert pairs["contrast"].tolist() == ["b - a", "c - a"]
    # 1e-3: scipy's is quasi Monte Carlo
    assert pairs["p_value"].to_numpy() == pytest.approx(expected, abs=1e-3)


def test_games_howell_agrees_with_pingouin() -> None:
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"y": rng.normal(size=30) * np.repeat([1, 2, 3], 10), "g": np.repeat(list("abc"), 10)})
    theirs = pingouin.pairwise_gameshowell(frame, dv="y", between="g")
    ours = compare_groups(frame["y"], frame["g"]).pairs
    assert ours["p_value"].to_numpy() == pytest.approx(theirs["pval"].to_numpy(), abs=1e-6)


@pytest.mark.parametrize(("ours", "theirs"), [("holm", "holm"), ("hommel", "hommel"), ("fdr_bh", "fdr_bh")])
def test_adjusted_p_values_agree_with_statsmodels(ours, theirs) -> None:
    values = np.random.default_rng(4).uniform(size=9) ** 3
    assert adjust_p_values(values, ours) == pytest.approx(multipletests(values, method=theirs)[1], rel=1e-12)


def test_missing_p_values_stay_missing_and_do_not_count() -> None:
    found = adjust_p_values([0.01, np.nan, 0.04], "holm")
    assert found[[0, 2]] == pytest.approx([0.02, 0.04])
    assert np.isnan(found[1])


def test_levels_follow_the_categories_and_empty_ones_are_left_out() -> None:
    group = pd.Categorical(list("ccaabb"), categories=["c", "z", "b", "a"])
    result = compare_groups([1, 2, 3, 4, 5, 7], group, method="tukey")
    assert result.pairs["contrast"].tolist() == ["b - c", "a - c", "a - b"]
    assert result.groups.index.tolist() == ["c", "b", "a"]


def test_missing_rows_are_counted() -> None:
    result = compare_groups([1, 2, 3, 4, np.nan, 6], ["a", "a", "b", "b", "b", None], method="welch")
    assert (result.n, result.n_dropped) == (4, 2)


def test_a_group_of_one_has_no_welch_test_but_the_others_have() -> None:
    result = compare_groups([1, 2, 3, 4, 9], ["a", "a", "b", "b", "c"], method="games-howell")
    status = dict(zip(result.pairs["contrast"], result.pairs["status"], strict=True))
    assert status == {"b - a": "ok", "c - a": "no variance", "c - b": "no variance"}
    assert result.omnibus.loc["welch", "status"] == "no variance"
    assert result.omnibus.loc["anova", "status"] == "ok"


def test_constant_groups_have_statuses_and_no_warnings() -> None:
    result = compare_groups([1, 1, 2, 2], list("aabb"), method="tukey")
    assert set(result.pairs["status"]) == {"no variance"}
    assert result.omnibus.loc["kruskal", "status"] == "ok"
    assert set(compare_groups([1, 1, 1, 1], list("aabb"), method="dunn").pairs["status"]) == {"no variance"}


def test_bad_groups_are_refused() -> None:
    with pytest.raises(InsufficientDataError):
        compare_groups([1, 2], ["a", "a"])
    with pytest.raises(InsufficientDataError):
        compare_groups([1, 2], ["a", "b"])
    with pytest.raises(ValueError, match="simultaneous"):
        compare_groups([1, 2, 3, 4], list("aabb"), method="tukey", adjust="holm")
    with pytest.raises(ValueError, match="as many"):
        compare_groups([1, 2, 3], list("aabb"))
