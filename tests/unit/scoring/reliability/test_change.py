"""Reliable change: the arithmetic of Jacobson and Truax, who counts, and how sure the shares are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from increase_eval.errors import InsufficientDataError
from increase_eval.scoring import reliable_change, standard_error_of_measurement


def scores(*values, names="abcdefghij") -> pd.Series:
    return pd.Series(values, index=list(names[: len(values)]), dtype="float64")


BEFORE = scores(10, 12, 14, 16)
AFTER = scores(18, 12, 15, 6)


def test_the_index_by_hand():
    # SEM = 2.5 sqrt(.16) = 1, S = sqrt(2); changes 8, 0, 1, -10.
    change = reliable_change(BEFORE, AFTER, reliability=0.84, sd=2.5)
    assert change.standard_error == pytest.approx(np.sqrt(2))
    assert change.threshold == pytest.approx(stats.norm.ppf(0.975) * np.sqrt(2))
    np.testing.assert_allclose(change.index, np.array([8, 0, 1, -10]) / np.sqrt(2))
    assert change.category.tolist() == ["improved", "unchanged", "unchanged", "deteriorated"]
    assert change.shares["count"].tolist() == [1, 2, 1]
    assert change.shares["share"].tolist() == [0.25, 0.5, 0.25]


def test_where_low_is_good_a_fall_is_an_improvement_and_the_index_keeps_its_sign():
    change = reliable_change(BEFORE, AFTER, reliability=0.84, sd=2.5, higher_is_better=False)
    assert change.category.tolist() == ["deteriorated", "unchanged", "unchanged", "improved"]
    assert change.index.iloc[0] > 0


def test_an_estimated_spread_takes_the_quantile_of_t():
    change = reliable_change(BEFORE, AFTER, reliability=0.84)
    assert change.sd == pytest.approx(BEFORE.std())
    assert change.threshold == pytest.approx(stats.t.ppf(0.975, 3) * np.sqrt(2) * BEFORE.std() * 0.4)


def test_the_spread_may_come_from_everybody_at_the_first_wave():
    everybody = scores(10, 12, 14, 16, 2, 30, 8, 20)
    change = reliable_change(BEFORE, AFTER, reliability=0.84, reference=everybody)
    assert change.sd == pytest.approx(everybody.std())
    assert change.threshold == pytest.approx(stats.t.ppf(0.975, 7) * np.sqrt(2) * everybody.std() * 0.4)


def test_who_has_one_score_is_counted_and_shapes_the_spread_only():
    before = scores(10, 12, 14, 16, 30)
    change = reliable_change(before, AFTER.drop("d"), reliability=0.8)
    assert (change.n, change.n_dropped) == (3, 2)
    assert change.sd == pytest.approx(before.std())
    assert change.category.index.tolist() == ["a", "b", "c"]


def test_with_a_known_spread_the_intervals_are_wilsons():
    change = reliable_change(BEFORE, AFTER, reliability=0.84, sd=2.5)
    low, high = stats.binomtest(1, 4).proportion_ci(method="wilson")
    assert change.shares.loc["improved", ["conf_low", "conf_high"]].tolist() == pytest.approx([low, high])


def test_an_estimated_spread_widens_the_intervals():
    rng = np.random.default_rng(2)
    names = [f"p{row}" for row in range(200)]
    before = pd.Series(rng.normal(size=200), index=names)
    after = before + 0.8 + rng.normal(size=200)
    known = reliable_change(before, after, reliability=0.8, sd=before.std())
    estimated = reliable_change(before, after, reliability=0.8)
    width = [float((one.shares["conf_high"] - one.shares["conf_low"]).loc["improved"]) for one in (known, estimated)]
    assert width[1] > width[0] * 1.05


def test_shares_of_nobody_and_everybody_end_at_nought_and_one():
    change = reliable_change(BEFORE, BEFORE + 100, reliability=0.5, sd=1)
    assert change.shares["share"].tolist() == [1, 0, 0]
    assert change.shares.loc["improved", "conf_high"] == 1
    assert change.shares.loc["deteriorated", "conf_low"] == 0


def test_the_estimate_table():
    table = reliable_change(BEFORE, AFTER, reliability=0.84, sd=2.5).to_frame()
    assert table["term"].tolist() == ["improved", "unchanged", "deteriorated"]
    assert table["estimate"].tolist() == [0.25, 0.5, 0.25]
    assert "0.840" in table["method"].iloc[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reliability": 1.0}, "allowed: 0 to less than 1"),
        ({"reliability": -0.1}, "allowed: 0 to less than 1"),
        ({"reliability": 0.8, "sd": 0}, "allowed: a positive number"),
        ({"reliability": 0.8, "confidence": 95}, "confidence"),
        ({"reliability": 0.8, "sd": 1, "reference": BEFORE}, "give one of them"),
    ],
)
def test_arguments_that_are_not_allowed(options, message):
    with pytest.raises(ValueError, match=message):
        reliable_change(BEFORE, AFTER, **options)


def test_what_gives_no_change_is_said():
    with pytest.raises(InsufficientDataError, match="nobody has a score at both waves"):
        reliable_change(BEFORE, scores(1, 2, names="xy"), reliability=0.8)
    with pytest.raises(InsufficientDataError, match="do not vary"):
        reliable_change(scores(1, 1), scores(1, 2), reliability=0.8)
    with pytest.raises(InsufficientDataError, match="1 people have a score"):
        reliable_change(scores(1), scores(1), reliability=0.8)
    with pytest.raises(ValueError, match="more than once"):
        reliable_change(scores(1, 2, names="aa"), AFTER, reliability=0.8)
    with pytest.raises(ValueError, match="1 infinite scores"):
        reliable_change(scores(1, np.inf), AFTER, reliability=0.8)


def test_the_standard_error_of_measurement_at_its_limits():
    assert standard_error_of_measurement(7, 0) == 7
    assert standard_error_of_measurement(7, 1) == 0
    for sd, reliability in ((0, 0.5), (np.nan, 0.5), (1, 1.1), (1, -0.1)):
        with pytest.raises(ValueError, match="allowed"):
            standard_error_of_measurement(sd, reliability)


@pytest.mark.slow
@pytest.mark.parametrize("n", [60, 400])
def test_the_intervals_of_the_shares_cover_what_they_say(n):
    rng = np.random.default_rng(3)

    def waves(size):
        true = rng.normal(size=size) * np.sqrt(0.8)
        before, after = (true + rng.normal(size=size) * np.sqrt(0.2) for _ in range(2))
        return before, after + 0.5 + 0.5 * rng.normal(size=size)

    before, after = waves(2_000_000)
    share = float((after - before > stats.norm.ppf(0.975) * np.sqrt(0.4)).mean())
    hits = 0
    for _ in range(1000):
        one, two = (pd.Series(wave) for wave in waves(n))
        limits = reliable_change(one, two, reliability=0.8).shares.loc["improved"]
        hits += limits["conf_low"] <= share <= limits["conf_high"]
    # Three Monte Carlo standard errors at 95 %: 3 sqrt(.95 x .05 / 1000) = .021
    assert abs(hits / 1000 - 0.95) < 0.021
