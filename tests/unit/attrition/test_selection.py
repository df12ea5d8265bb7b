"""Bounds and the selection model: limits, known truth, derivatives, refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from increase_eval.attrition import heckman, lee_bounds, manski_bounds
from increase_eval.attrition.heckman_likelihood import SelectionLikelihood, inverse_mills
from increase_eval.errors import ConvergenceError, InsufficientDataError

Y = np.array([1.0, 2, 4, 5, 3, 6, 7, 8, 2])
ARM = np.array([0, 0, 0, 0, 1, 1, 1, 1, 1])
ALL = np.ones(9)


def test_without_dropout_both_bounds_are_the_difference_of_means() -> None:
    expected = Y[ARM == 1].mean() - Y[ARM == 0].mean()
    manski = manski_bounds(Y, ARM, ALL, low=0, high=10)
    assert (manski.lower, manski.upper) == pytest.approx((expected, expected), abs=1e-12)
    error = np.sqrt(Y[ARM == 1].var(ddof=1) / 5 + Y[ARM == 0].var(ddof=1) / 4)
    assert manski.conf_high - expected == pytest.approx(stats.norm.ppf(0.975) * error, rel=1e-8)
    for trimming in ("fractional", "type1", "type7"):
        lee = lee_bounds(Y, ARM, ALL, trimming=trimming)
        assert (lee.lower, lee.upper, lee.trimmed_share) == pytest.approx((expected, expected, 0), abs=1e-12)


def test_manski_fills_in_the_ends_of_the_range() -> None:
    observed = ALL.copy()
    observed[[0, 8]] = 0
    bounds = manski_bounds(Y, ARM, observed, low=0, high=10)
    # arm 0: (0 + 2 + 4 + 5)/4 to (10 + 11)/4; arm 1: 24/5 to 34/5
    assert bounds.arms["lower"].tolist() == pytest.approx([11 / 4, 24 / 5])
    assert bounds.arms["upper"].tolist() == pytest.approx([21 / 4, 34 / 5])
    assert (bounds.lower, bounds.upper) == pytest.approx((24 / 5 - 21 / 4, 34 / 5 - 11 / 4))


def test_very_wide_bounds_use_the_one_sided_quantile() -> None:
    observed = np.tile([1, 0], 200)
    bounds = manski_bounds(np.tile([1.0, 0.0], 200), np.repeat([0, 1], 200), observed, low=0, high=1000)
    arm = bounds.arms.iloc[0]
    error = np.where(np.tile([1, 0], 100) == 1, 1.0, 0.0).std(ddof=1) / np.sqrt(200)
    assert arm["lower"] - arm["conf_low"] == pytest.approx(stats.norm.ppf(0.95) * error, rel=1e-6)


@pytest.mark.parametrize("trimming", ["fractional", "type1", "type7"])
def test_exchanging_the_arms_turns_lee_bounds_round(trimming) -> None:
    observed = np.array([1, 0, 1, 1, 1, 1, 1, 1, 1])
    one, other = (lee_bounds(Y, arm, observed, trimming=trimming) for arm in (ARM, 1 - ARM))
    assert (one.lower, one.upper) == pytest.approx((-other.upper, -other.lower), abs=1e-12)
    assert one.trimmed_share == pytest.approx(0.25)


def test_labels_and_missing_arms() -> None:
    arms = pd.Categorical(["old"] * 4 + ["new"] * 4 + [None], categories=["old", "new"])
    bounds = manski_bounds(Y, arms, ALL, low=0, high=10)
    assert bounds.arms.index.tolist() == ["old", "new"]
    assert bounds.n_dropped == 1
    assert bounds.to_frame()["contrast"].unique().tolist() == ["new - old"]


def test_refusals_of_bounds() -> None:
    with pytest.raises(ValueError, match="1 observed outcomes lie outside"):
        manski_bounds(Y, ARM, ALL, low=0, high=7)
    with pytest.raises(ValueError, match="missing where observed"):
        manski_bounds(np.where(Y == 4, np.nan, Y), ARM, ALL, low=0, high=10)
    with pytest.raises(ValueError, match="two"):
        lee_bounds(Y, np.arange(9), ALL)
    with pytest.raises(InsufficientDataError, match="nobody"):
        lee_bounds(Y, ARM, ARM)
    with pytest.raises(ValueError, match="true and false"):
        lee_bounds(Y, ARM, ALL * 2)
    with pytest.raises(ValueError, match="rows"):
        lee_bounds(Y, ARM[:3], ALL)
    with pytest.raises(ValueError, match="allowed"):
        lee_bounds(Y, ARM, ALL, trimming="type2")


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(31)
    n = 3000
    frame = pd.DataFrame({"arm": rng.choice(["a", "b"], n), "x": rng.normal(size=n), "push": rng.normal(size=n)})
    v = rng.normal(size=n)
    error = 2 * (0.6 * v + 0.8 * rng.normal(size=n))
    answered = (0.2 + 0.5 * frame["x"] + frame["push"] + v > 0).astype(int)
    y = 1 + frame["x"] + 0.7 * (frame["arm"] == "b") + error
    return frame.assign(answered=answered, y=y.where(answered == 1))


@pytest.mark.parametrize("method", ["two-step", "ml"])
def test_the_truth_is_found(data, method) -> None:
    fit = heckman("y ~ x + arm", "answered ~ x + push", data, method=method)
    # 4 standard errors
    for term, truth in (("Intercept", 1.0), ("x", 1.0), ("arm[T.b]", 0.7)):
        row = fit.outcome.loc[term]
        assert abs(row["estimate"] - truth) < 4 * row["std_error"]
    assert fit.sigma == pytest.approx(2, abs=0.25)
    assert fit.rho == pytest.approx(0.6, abs=0.15)
    assert fit.status == "ok"


def test_without_an_exclusion_the_result_says_so(data) -> None:
    fit = heckman("y ~ x", "answered ~ x", data)
    assert fit.status == "identified by normality alone"
    assert set(fit.to_frame()["status"]) == {fit.status}


def test_units_do_not_matter(data) -> None:
    moved = data.assign(y=data["y"] * 1000, push=data["push"] / 1e4)
    one, other = (heckman("y ~ x", "answered ~ x + push", frame, method="ml") for frame in (data, moved))
    assert other.outcome["estimate"].to_numpy() == pytest.approx(1000 * one.outcome["estimate"].to_numpy(), rel=1e-5)
    assert other.rho == pytest.approx(one.rho, rel=1e-5)


def test_gradient_is_the_derivative_of_the_likelihood(data) -> None:
    few = data.iloc[:60]
    chosen = few["answered"].to_numpy() == 1
    design = np.column_stack([np.ones(60), few["x"], few["push"]])
    likelihood = SelectionLikelihood(design, design[chosen][:, :2], few["y"].to_numpy()[chosen], chosen)
    theta = np.array([0.1, 0.4, 0.7, 0.9, 1.1, 0.5, 0.3])
    for j in range(7):
        step = np.zeros(7)
        step[j] = 1e-6
        slope = (likelihood.value(theta + step) - likelihood.value(theta - step)) / 2e-6
        assert likelihood.gradient(theta)[j] == pytest.approx(slope, rel=1e-6, abs=1e-6)


def test_inverse_mills_does_not_underflow() -> None:
    assert inverse_mills(np.array([-40.0, 0.0, 40.0])) == pytest.approx([40.0249, 0.797885, 0.0], abs=1e-4)


def test_missing_rows_are_counted_and_unselected_outcomes_are_not_needed(data) -> None:
    gaps = data.assign(
        push=data["push"].mask(data.index < 5), arm=data["arm"].mask((data.index < 20) & (data["answered"] == 0))
    )
    fit = heckman("y ~ x + arm", "answered ~ x + push", gaps)
    assert fit.n_dropped == 5
    lost = data.assign(y=data["y"].mask(data.index.isin(data.index[data["answered"] == 1][:3])))
    assert heckman("y ~ x", "answered ~ x + push", lost).n_dropped == 3


def test_refusals_of_the_selection_model(data) -> None:
    with pytest.raises(InsufficientDataError, match="everybody"):
        heckman("y ~ x", "answered ~ x + push", data[data["answered"] == 1])
    with pytest.raises(ValueError, match="allowed"):
        heckman("y ~ x", "answered ~ x", data, method="gmm")
    with pytest.raises(ValueError, match="not in the table"):
        heckman("z ~ x", "answered ~ x", data)
    with pytest.raises(ConvergenceError, match="separate"):
        heckman("y ~ x", "answered ~ sure", data.assign(sure=data["answered"] * 2.0 + 0.1 * data["push"].clip(-1, 1)))
