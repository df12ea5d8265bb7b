"""Bounds of one mean, and of changes whose ends differ from person to person."""

from __future__ import annotations

import numpy as np
import pytest

from increase_eval.attrition import lee_bounds, manski_bounds, mean_bounds
from increase_eval.errors import InsufficientDataError

Y = np.array([2.0, 5.0, 7.0, np.nan, np.nan, 4.0, 6.0, np.nan])
SEEN = ~np.isnan(Y)
ARM = np.array([0, 0, 0, 0, 1, 1, 1, 1])


def test_one_group_is_an_arm_of_manskis() -> None:
    arms = manski_bounds(Y, ARM, SEEN, low=0, high=10).arms
    for arm in (0, 1):
        own = mean_bounds(Y[arm == ARM], SEEN[arm == ARM], low=0, high=10)
        assert [own.lower, own.upper, own.conf_low, own.conf_high] == pytest.approx(
            arms.loc[arm, ["lower", "upper", "conf_low", "conf_high"]].tolist(), rel=1e-12
        )


def test_a_change_lies_between_ends_of_its_own() -> None:
    first = np.array([1.0, 2.0, 3.0])
    found = mean_bounds([2.0, None, None], [1, 0, 0], low=0 - first, high=10 - first)
    # Changes 2, from -2 to 8, and from -3 to 7.
    assert (found.lower, found.upper) == (-1.0, pytest.approx(17 / 3))


def test_bounds_of_changes_are_bounds_of_levels_less_the_first_mean() -> None:
    first = np.array([1.0, 4.0, 8.0, 2.0, 9.0, 3.0, 5.0, 6.0])
    level = mean_bounds(Y, SEEN, low=0, high=10)
    change = mean_bounds(Y - first, SEEN, low=0 - first, high=10 - first)
    assert change.lower == pytest.approx(level.lower - first.mean(), rel=1e-12)
    assert change.upper == pytest.approx(level.upper - first.mean(), rel=1e-12)


def test_rows_without_an_arm_keep_the_ends_of_the_others_in_place() -> None:
    low = np.arange(8.0) - 10
    arm = np.where(np.arange(8) == 2, np.nan, ARM)
    kept = np.arange(8) != 2
    with_gap = manski_bounds(Y, arm, SEEN, low=low, high=20)
    without = manski_bounds(Y[kept], ARM[kept], SEEN[kept], low=low[kept], high=20)
    assert (with_gap.lower, with_gap.upper, with_gap.n_dropped) == (without.lower, without.upper, 1)


def test_nobody_and_everybody_observed() -> None:
    nobody = mean_bounds(np.full(5, np.nan), np.zeros(5), low=1, high=4)
    assert (nobody.lower, nobody.upper, nobody.n_observed) == (1.0, 4.0, 0)
    everybody = mean_bounds([1.0, 2.0, 6.0], [1, 1, 1], low=0, high=10)
    assert everybody.lower == everybody.upper == 3.0
    assert everybody.conf_low < 3 < everybody.conf_high


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (5, 5, "no ranges"),
        (np.nan, 3, "no ranges"),
        ([0.0, 0.0], 9, "low has 2 values"),
        (3, 10, "outside their range"),
    ],
)
def test_ranges_that_are_none_are_refused(low, high, words) -> None:
    with pytest.raises(ValueError, match=words):
        mean_bounds(Y, SEEN, low=low, high=high)


def test_an_arm_of_one_is_refused() -> None:
    with pytest.raises(InsufficientDataError, match="fewer than two"):
        manski_bounds([1.0, 2.0, 3.0], [0, 1, 1], [1, 1, 1], low=0, high=5)
    with pytest.raises(InsufficientDataError, match="two people"):
        mean_bounds([1.0], [1], low=0, high=5)


def test_lee_with_everybody_observed_is_the_difference_of_means() -> None:
    found = lee_bounds([1.0, 3.0, 4.0, 8.0], [0, 0, 1, 1], [1, 1, 1, 1])
    assert (found.lower, found.upper, found.trimmed_share) == (4.0, 4.0, 0.0)
