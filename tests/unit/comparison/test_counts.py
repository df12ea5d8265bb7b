"""Counts: limits, refusals, and scipy or statsmodels as second witness."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import SquareTable
from statsmodels.stats.proportion import proportion_confint

from increase_eval.comparison import cramers_v, e_value, marginal_homogeneity, proportion_interval, two_proportions
from increase_eval.errors import InsufficientDataError


@pytest.mark.parametrize("method", ["wilson", "clopper-pearson", "jeffreys", "agresti-coull", "wald"])
@pytest.mark.parametrize(("x", "n"), [(0, 5), (5, 5), (1, 1), (0, 1), (3, 1000000)])
def test_intervals_stay_within_bounds_at_the_ends(method, x, n) -> None:
    found = proportion_interval(x, n, method=method)
    assert 0 <= found.conf_low <= found.estimate <= found.conf_high <= 1


def test_zero_successes_start_at_zero_exactly() -> None:
    assert proportion_interval(0, 9).conf_low == 0
    assert proportion_interval(9, 9).conf_high == 1
    # Clopper and Pearson at 0 of n: 1 - (alpha/2)^(1/n)
    assert proportion_interval(0, 9, method="clopper-pearson").conf_high == pytest.approx(
        1 - 0.025 ** (1 / 9), rel=1e-12
    )


@pytest.mark.parametrize(
    ("ours", "theirs"), [("wilson", "wilson"), ("clopper-pearson", "beta"), ("jeffreys", "jeffreys")]
)
def test_intervals_agree_with_statsmodels(ours, theirs) -> None:
    found = proportion_interval(17, 43, method=ours, confidence=0.9)
    assert (found.conf_low, found.conf_high) == pytest.approx(proportion_confint(17, 43, 0.1, theirs), rel=1e-10)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((3, 2), "successes"), ((-1, 2), "successes"), ((1, 0), "n is 0"), ((0.5, 2), "whole"), ((np.nan, 2), "whole")],
)
def test_bad_counts_are_refused(arguments, message) -> None:
    with pytest.raises(ValueError, match=message):
        proportion_interval(*arguments)


def test_unknown_options_are_refused() -> None:
    with pytest.raises(ValueError, match="allowed"):
        proportion_interval(1, 2, method="exact")
    with pytest.raises(ValueError, match="confidence"):
        proportion_interval(1, 2, confidence=95)


def test_a_zero_cell_has_no_log_interval_and_says_so() -> None:
    result = two_proportions(0, 10, 5, 10)
    assert (result.ratio.estimate, result.ratio.status) == (0, "zero cell")
    assert (result.odds_ratio.estimate, result.odds_ratio.status) == (0, "zero cell")
    assert np.isnan(result.ratio.conf_low)
    assert result.difference.status == "ok"
    assert result.difference.conf_low < -0.5 < result.difference.conf_high
    assert two_proportions(5, 10, 0, 10).ratio.estimate == np.inf
    assert np.isnan(two_proportions(0, 10, 0, 10).ratio.estimate)


def test_everybody_in_both_groups() -> None:
    result = two_proportions(10, 10, 7, 7)
    assert result.chi2.status == "no variance"
    assert result.ratio.status == "no variance"
    assert result.fisher.p_value == 1


def test_two_proportions_frame_has_the_shape() -> None:
    frame = two_proportions(3, 10, 5, 10).to_frame()
    assert frame["term"].tolist() == ["difference", "ratio", "odds_ratio", "cohen_h"]


def test_cramers_v_leaves_out_empty_rows_and_columns() -> None:
    table = np.array([[5, 2, 0], [1, 7, 0], [0, 0, 0]])
    assert cramers_v(table) == cramers_v(table[:2, :2])
    assert cramers_v(pd.DataFrame(table), bias_correction=False) == pytest.approx(
        stats.contingency.association(table[:2, :2], method="cramer"), rel=1e-12
    )


def test_cramers_v_needs_two_rows_and_enough_people() -> None:
    with pytest.raises(InsufficientDataError):
        cramers_v([[1, 2], [0, 0]])
    with pytest.raises(InsufficientDataError):
        cramers_v([[1, 0], [0, 1]])
    with pytest.raises(ValueError, match="counts"):
        cramers_v([[1, -1], [0, 1]])


def test_independence_has_a_corrected_v_of_zero() -> None:
    assert cramers_v([[10, 10], [10, 10]]) == 0


def test_marginal_tests_agree_with_statsmodels() -> None:
    table = np.array([[12, 4, 3], [9, 20, 5], [1, 8, 6]])
    ours, theirs = marginal_homogeneity(table), SquareTable(table, shift_zeros=False)
    assert ours.stuart_maxwell.p_value == pytest.approx(theirs.homogeneity(method="stuart_maxwell").pvalue, rel=1e-9)
    assert ours.bhapkar.statistic == pytest.approx(theirs.homogeneity(method="bhapkar").statistic, rel=1e-9)
    assert ours.bowker.statistic == pytest.approx(theirs.symmetry().statistic, rel=1e-9)


def test_a_state_without_moves_is_merged_and_named() -> None:
    with_idle = pd.DataFrame([[12, 0, 3], [0, 20, 0], [1, 0, 6]], index=list("abc"), columns=list("abc"))
    result = marginal_homogeneity(with_idle)
    without = marginal_homogeneity([[12, 3], [1, 6]])
    assert result.merged == ("b",)
    assert result.status == "states merged"
    assert result.stuart_maxwell == without.stuart_maxwell
    assert result.bowker.df == 1


def test_states_in_two_unconnected_pairs_lose_two_df() -> None:
    table = [[9, 4, 0, 0], [2, 9, 0, 0], [0, 0, 9, 5], [0, 0, 1, 9]]
    # two separate 2 x 2 tables: (4-2)²/6 + (5-1)²/6
    result = marginal_homogeneity(table).stuart_maxwell
    assert result.statistic == pytest.approx(4 / 6 + 16 / 6, rel=1e-12)
    assert result.df == 2


def test_nobody_moved() -> None:
    result = marginal_homogeneity([[5, 0], [0, 3]])
    assert result.status == "nobody moved"
    assert result.stuart_maxwell.p_value == 1
    assert result.mcnemar.exact.p_value == 1
    assert result.kappa == 1


def test_everybody_in_one_state_has_no_kappa() -> None:
    assert np.isnan(marginal_homogeneity([[5, 0], [0, 0]]).kappa)


def test_columns_are_put_into_the_order_of_rows() -> None:
    table = pd.DataFrame([[5, 3], [1, 2]], index=["a", "b"], columns=["a", "b"])
    assert marginal_homogeneity(table[["b", "a"]]).bowker == marginal_homogeneity(table).bowker


@pytest.mark.parametrize("table", [[[1, 2, 3], [4, 5, 6]], [[0, 0], [0, 0]], [[1.5, 2], [3, 4]], [1, 2]])
def test_bad_square_tables_are_refused(table) -> None:
    with pytest.raises(ValueError):
        marginal_homogeneity(table)


def test_e_values_of_other_measures() -> None:
    assert e_value(0.5, 0.3, 0.8).estimate == pytest.approx(e_value(2, 1.25, 1 / 0.3).estimate, rel=1e-12)
    assert e_value(0.5, 0.3, 0.8).limit == pytest.approx(e_value(2, 1.25, 1 / 0.3).limit, rel=1e-12)
    assert e_value(1.2, 0.9, 1.6).limit == 1
    assert e_value(0.0, -0.2, 0.2, measure="smd").estimate == 1
    # RR = exp(0.91 * 0.5)
    ratio = np.exp(0.455)
    assert e_value(0.5, 0.1, 0.9, measure="smd").estimate == pytest.approx(
        ratio + np.sqrt(ratio * (ratio - 1)), rel=1e-12
    )
    assert e_value(1.0, 0.9, 1.1, measure="hr").estimate == 1


@pytest.mark.parametrize("arguments", [(2, 3, 4), (-1, -2, 0.5), (np.nan, 1, 2), (2, 1, np.inf)])
def test_bad_estimates_are_refused(arguments) -> None:
    with pytest.raises(ValueError, match=r"allowed|above 0"):
        e_value(*arguments)
