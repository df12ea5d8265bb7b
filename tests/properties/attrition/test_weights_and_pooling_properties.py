"""What must hold of weights, pooling, bounds and tests of missingness whatever the data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from increase_eval.attrition import (
    calibrate_weights,
    fit_dropout_model,
    inverse_probability_weights,
    lee_bounds,
    little_mcar_test,
    manski_bounds,
    pool,
    pool_tests,
    weighted_model,
)

FEW = settings(max_examples=25)
seeds = st.integers(0, 10_000)


def people(seed: int, n: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"id": range(n), "arm": rng.choice(list("ab"), n), "g": rng.choice(list("pqr"), n)})
    return frame.assign(x=rng.normal(size=n), answered=rng.integers(0, 2, n), y=rng.normal(size=n))


@FEW
@given(seeds, st.floats(0.01, 100))
def test_response_weights_sum_to_the_people_asked_in_every_group(seed, scale) -> None:
    data = people(seed)
    assume(data.groupby("arm")["answered"].agg(["min", "max"]).eq([0, 1]).all(axis=None))
    weights = inverse_probability_weights("answered ~ arm", data, subject="id", stabilised=False).values
    assert weights.groupby(data["arm"]).sum().to_dict() == pytest.approx(data["arm"].value_counts().to_dict(), rel=1e-7)
    data = data.assign(w=weights, v=weights * scale)
    one, other = (weighted_model("y ~ arm", data, weights=column) for column in "wv")
    assert other.vcov == pytest.approx(one.vcov, rel=1e-7)


@FEW
@given(seeds, st.floats(10, 1e6), st.sampled_from(["rake", "linear", "entropy"]))
def test_calibrated_weights_scale_with_the_population(seed, size, method) -> None:
    data = people(seed)
    assume(data["arm"].nunique() == 2 and data["g"].nunique() == 3)
    shares = {"arm": {"a": 0.4, "b": 0.6}, "g": {"p": 0.3, "q": 0.3, "r": 0.4}}
    margins = {column: {level: share * size for level, share in levels.items()} for column, levels in shares.items()}
    weights = calibrate_weights(data, margins, method=method)
    assert weights.balance["after"].to_numpy() == pytest.approx(weights.balance["target"].to_numpy(), rel=1e-7)
    assert 0 < weights.effective_sample_size <= len(data) + 1e-6


@FEW
@given(seeds)
def test_exchanging_labels_turns_odds_ratios_round(seed) -> None:
    data = people(seed)
    assume(data.groupby("arm")["answered"].agg(["min", "max"]).eq([0, 1]).all(axis=None))
    one = fit_dropout_model("answered ~ arm + x", data)
    turned = fit_dropout_model("answered ~ arm + x", data.assign(arm=data["arm"].map({"a": "b", "b": "a"})))
    assume(one.status == turned.status == "ok")
    assert turned.odds_ratios["arm[T.b]"] == pytest.approx(1 / one.odds_ratios["arm[T.b]"], rel=1e-6)
    assert turned.auc == pytest.approx(one.auc, abs=1e-9)
    events = fit_dropout_model("left ~ arm + x", data.assign(left=1 - data["answered"]))
    assert events.coefficients["estimate"].to_numpy() == pytest.approx(
        -one.coefficients["estimate"].to_numpy(), abs=1e-7
    )


@FEW
@given(seeds, st.integers(2, 30), st.floats(0.01, 50), st.floats(-5, 5))
def test_pooling_follows_units_and_not_order(seed, m, scale, shift) -> None:
    rng = np.random.default_rng(seed)
    q, u = rng.normal(size=m), rng.uniform(0.1, 1, m)
    one, other = pool(q, u, df_complete=50), pool(scale * q[::-1] + shift, scale**2 * u[::-1], df_complete=50)
    assert other.estimate == pytest.approx(scale * one.estimate + shift, abs=1e-9)
    assert other.std_error == pytest.approx(scale * one.std_error, rel=1e-9)
    assert (other.df, other.fmi) == pytest.approx((one.df, one.fmi), rel=1e-9)
    assert 0 <= one.lambda_ <= 1
    assert one.df <= 50


@FEW
@given(seeds, st.integers(3, 12), st.integers(1, 4), st.sampled_from(["d1", "d2"]))
def test_joint_tests_do_not_depend_on_the_coordinates(seed, m, k, method) -> None:
    rng = np.random.default_rng(seed)
    q = rng.normal(size=(m, k)) + 1
    root = rng.normal(size=(m, k, k + 3))
    u = root @ root.transpose(0, 2, 1)
    turn = np.eye(k) + 0.3 * rng.normal(size=(k, k))
    assume(abs(np.linalg.det(turn)) > 0.05)
    one = pool_tests(q, u, method=method)
    other = pool_tests(q @ turn.T, turn @ u @ turn.T, method=method)
    assert other.statistic == pytest.approx(one.statistic, rel=1e-6, abs=1e-9)
    assert 0 <= one.p_value <= 1


@FEW
@given(seeds)
def test_bounds_hold_what_any_answers_would_give(seed) -> None:
    data = people(seed)
    assume(data.groupby("arm")["answered"].sum().min() > 0 and data["arm"].nunique() == 2)
    y = data["y"].clip(-3, 3)
    bounds = manski_bounds(y, data["arm"], data["answered"], low=-3, high=3)
    truth = y[data["arm"] == "b"].mean() - y[data["arm"] == "a"].mean()
    assert bounds.conf_low <= bounds.lower <= truth <= bounds.upper <= bounds.conf_high
    lee = lee_bounds(y, data["arm"], data["answered"])
    seen = data[data["answered"] == 1].assign(y=y).groupby("arm")["y"].mean()
    assert lee.lower - 1e-9 <= seen["b"] - seen["a"] <= lee.upper + 1e-9
    assert bounds.lower - 1e-9 <= lee.upper
    assert lee.lower <= bounds.upper + 1e-9


@FEW
@given(seeds)
def test_littles_test_does_not_depend_on_order_or_units(seed) -> None:
    rng = np.random.default_rng(seed)
    wide = pd.DataFrame(rng.normal(size=(80, 3)), columns=list("abc")).mask(rng.uniform(size=(80, 3)) < 0.15)
    one = little_mcar_test(wide)
    other = little_mcar_test((wide[["c", "a", "b"]] * [2.0, 50.0, 0.1] + 7).sample(frac=1, random_state=seed))
    assert other.statistic == pytest.approx(one.statistic, rel=1e-5)
    assert other.df == one.df
