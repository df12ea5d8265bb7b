"""The probability of superiority against counts of all pairs, scipy, and Newcombe's equation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from increase_eval.comparison import effect_size, probability_of_superiority
from increase_eval.errors import InsufficientDataError

A, B = [3, 4, 5, 5, 5, 2], [1, 3, 4, 2, 2]


def test_it_counts_all_pairs_ties_half() -> None:
    pairs = [(a > b) + 0.5 * (a == b) for a in A for b in B]
    assert probability_of_superiority(A, B).estimate == pytest.approx(np.mean(pairs), rel=1e-14)


def test_the_test_is_that_of_scipy() -> None:
    theirs = stats.brunnermunzel(B, A)
    found = probability_of_superiority(A, B)
    assert found.statistic == pytest.approx(theirs.statistic, rel=1e-12)
    assert found.p_value == pytest.approx(theirs.pvalue, rel=1e-10)


def test_cliffs_delta_is_twice_the_probability_less_one() -> None:
    assert 2 * probability_of_superiority(A, B).estimate - 1 == pytest.approx(effect_size(A, B, kind="cliff").estimate)


def test_exchanging_the_groups_mirrors_everything() -> None:
    for method in ("brunner-munzel", "newcombe"):
        one, other = probability_of_superiority(A, B, method=method), probability_of_superiority(B, A, method=method)
        assert one.conf_low == pytest.approx(1 - other.conf_high, rel=1e-9)
        assert one.p_value == pytest.approx(other.p_value, rel=1e-9)


def test_newcombes_limits_solve_his_equation() -> None:
    found = probability_of_superiority(A, B, method="newcombe")
    for value in (found.conf_low, found.conf_high):
        inner = 1 + ((6 + 5) / 2 - 1) * ((1 - value) / (2 - value) + value / (1 + value))
        z = (found.estimate - value) / np.sqrt(value * (1 - value) * inner / 30)
        assert abs(z) == pytest.approx(stats.norm.ppf(0.975), rel=1e-8)


def test_groups_that_do_not_overlap_keep_an_interval() -> None:
    found = probability_of_superiority([5, 6, 7], [1, 2, 3, 4])
    assert (found.estimate, found.conf_high, found.method) == (1.0, 1.0, "newcombe")
    assert 0.3 < found.conf_low < 0.8
    assert np.isnan(found.p_value)
    mirrored = probability_of_superiority([1, 2, 3, 4], [5, 6, 7])
    assert mirrored.conf_high == pytest.approx(1 - found.conf_low, rel=1e-9)


def test_one_answer_from_everybody_is_one_half_with_a_wide_interval() -> None:
    found = probability_of_superiority([4] * 5, [4] * 6)
    assert found.estimate == 0.5
    assert found.conf_low < 0.3 < 0.7 < found.conf_high


def test_missing_values_are_dropped_and_small_samples_refused() -> None:
    assert probability_of_superiority([*A, np.nan], B).n_dropped == 1
    with pytest.raises(InsufficientDataError, match="two people"):
        probability_of_superiority([1], B)
    with pytest.raises(ValueError, match="allowed"):
        probability_of_superiority(A, B, method="wald")
    assert probability_of_superiority(A, B).to_frame().loc[0, "n"] == 11
