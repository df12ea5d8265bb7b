"""Mediation and overlap weights: what must hold exactly, refusals, and numerical derivatives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.comparison import mediation, overlap_weights
from increase_eval.comparison.adjustment.propensity import tilt, tilt_slopes
from increase_eval.errors import ConvergenceError, InsufficientDataError


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(9)
    frame = pd.DataFrame({"x": rng.normal(size=400), "sex": rng.choice(["f", "m"], 400)})
    lean = np.column_stack([np.zeros(400), 0.6 * frame["x"], -0.4 * frame["x"] + (frame["sex"] == "f") * 0.5])
    arm = np.array(["a", "b", "c"])[(lean + rng.gumbel(size=lean.shape)).argmax(axis=1)]
    middle = 0.5 * (arm == "b") + 0.3 * frame["x"] + rng.normal(size=400)
    return frame.assign(arm=arm, m=middle, y=middle + frame["x"] + rng.normal(size=400), t=(arm == "b").astype(int))


def test_total_is_the_effect_without_the_mediator(data) -> None:
    result = mediation("y ~ t + m + x", "m ~ t + x", data, treatment="t", mediator="m")
    design = np.column_stack([np.ones(400), data["t"], data["x"]])
    assert result.total.estimate == pytest.approx(np.linalg.lstsq(design, data["y"], rcond=None)[0][1], rel=1e-9)
    assert result.proportion_mediated == pytest.approx(result.indirect.estimate / result.total.estimate)


def test_a_factor_with_two_levels_is_a_treatment(data) -> None:
    two = data.assign(group=np.where(data["t"] == 1, "new", "old"))
    one = mediation("y ~ t + m", "m ~ t", data, treatment="t", mediator="m")
    other = mediation("y ~ group + m", "m ~ group", two, treatment="group", mediator="m")
    assert other.indirect.estimate == pytest.approx(-one.indirect.estimate, rel=1e-10)


def test_both_models_use_the_same_rows(data) -> None:
    gaps = data.assign(y=data["y"].mask(data.index < 10))
    result = mediation("y ~ t + m", "m ~ t", gaps, treatment="t", mediator="m")
    assert (result.n, result.n_dropped) == (390, 10)
    expected = mediation("y ~ t + m", "m ~ t", data.iloc[10:], treatment="t", mediator="m")
    assert result.indirect.estimate == pytest.approx(expected.indirect.estimate, rel=1e-12)


def test_the_bootstrap_repeats_with_its_seed_and_comes_near_delta(data) -> None:
    arguments = {"treatment": "t", "mediator": "m", "method": "bootstrap", "draws": 500}
    one, other = (mediation("y ~ t + m", "m ~ t", data, rng=np.random.default_rng(4), **arguments) for _ in range(2))
    assert one == other
    delta = mediation("y ~ t + m", "m ~ t", data, treatment="t", mediator="m")
    # 500 draws: the error of an error is 3 %
    assert one.indirect.std_error == pytest.approx(delta.indirect.std_error, rel=0.15)


@pytest.mark.parametrize(
    ("outcome", "middle", "message"),
    [
        ("y ~ t + m", "y ~ t", "left-hand side"),
        ("y ~ t", "m ~ t", "no term of its own"),
        ("y ~ t * m", "m ~ t", "product"),
        ("y ~ arm + m", "m ~ arm", "no term of its own"),
    ],
)
def test_formulas_that_do_not_fit_are_refused(data, outcome, middle, message) -> None:
    with pytest.raises(ValueError, match=message):
        mediation(outcome, middle, data, treatment="t", mediator="m")


def test_other_refusals_of_mediation(data) -> None:
    with pytest.raises(ValueError, match="columns"):
        mediation("y ~ arm + m", "m ~ arm", data, treatment="arm", mediator="m")
    with pytest.raises(ValueError, match="rng"):
        mediation("y ~ t + m", "m ~ t", data, treatment="t", mediator="m", method="bootstrap")


def test_two_arms_are_balanced_exactly_by_overlap_weights(data) -> None:
    two = data[data["arm"] != "c"]
    balance = overlap_weights("arm ~ x + sex", two).balance.set_index(["contrast", "term"])
    # a property of the logit and h = e(1 - e)
    assert balance.loc["b - a", "after"].to_numpy() == pytest.approx(np.zeros(2), abs=1e-9)
    assert np.abs(balance.loc["b - a", "before"]).max() > 0.1


def test_balance_compares_every_pair_and_everybody(data) -> None:
    balance = overlap_weights("arm ~ x + sex", data, kind="ipw").balance
    assert set(balance["contrast"]) == {"a - all", "b - all", "c - all", "b - a", "c - a", "c - b"}
    assert np.abs(balance["after"]).mean() < np.abs(balance["before"]).mean()


@pytest.mark.parametrize("kind", ["overlap", "matching", "ipw"])
def test_slopes_of_the_tilt_are_its_derivatives(kind) -> None:
    rng = np.random.default_rng(1)
    eta = rng.normal(size=(6, 3))

    def log_tilt(values):
        odds = np.exp(values)
        return np.log(tilt(odds / odds.sum(axis=1, keepdims=True), kind))

    odds = np.exp(eta)
    slopes = tilt_slopes(odds / odds.sum(axis=1, keepdims=True), kind)
    for j in range(3):
        step = np.zeros((6, 3))
        step[:, j] = 1e-6
        # 1e-8: central differences of a smooth function at 1e-6
        assert slopes[:, j] == pytest.approx((log_tilt(eta + step) - log_tilt(eta - step)) / 2e-6, abs=1e-8)


def test_counting_the_propensities_lowers_the_error_of_ipw_means(data) -> None:
    weights = overlap_weights("arm ~ x + sex", data, kind="ipw")
    means = weights.means("y").set_index("arm")
    for arm in "abc":
        own = (data["arm"] == arm).to_numpy()
        w, y = weights.values.to_numpy()[own], data["y"].to_numpy()[own]
        gap = w * (y - np.average(y, weights=w))
        assert means.loc[arm, "estimate"] == pytest.approx(np.average(y, weights=w), rel=1e-12)
        assert means.loc[arm, "std_error"] < np.sqrt((gap**2).sum()) / w.sum()


def test_without_covariates_means_are_the_arms_own(data) -> None:
    means = overlap_weights("arm ~ 1", data).means("y").set_index("arm")
    own = data.groupby("arm")["y"]
    assert means["estimate"].to_numpy() == pytest.approx(own.mean().to_numpy(), rel=1e-10)
    expected = np.sqrt(own.var(ddof=0) / own.size())
    assert means["std_error"].to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-8)


def test_missing_rows_get_no_weight_and_missing_outcomes_leave_the_means(data) -> None:
    gaps = data.assign(x=data["x"].mask(data.index == 5), y=data["y"].mask(data.index == 7))
    weights = overlap_weights("arm ~ x", gaps)
    assert weights.values[5] == 0
    assert weights.values.index.equals(data.index)
    assert weights.n_dropped == 1
    assert weights.means("y")["n"].sum() == 398


def test_arms_that_do_not_overlap_are_refused(data) -> None:
    apart = data.assign(country=np.where(data["arm"] == "a", "here", "there"))
    with pytest.raises(ConvergenceError, match="separate"):
        overlap_weights("arm ~ country", apart)
    with pytest.raises(ConvergenceError, match="separate"):
        overlap_weights("arm ~ far + x", data.assign(far=data["x"] + 100 * (data["arm"] == "a")))
    with pytest.raises(InsufficientDataError, match="two outcomes"):
        overlap_weights("arm ~ x", data[data["arm"] == "a"])
    with pytest.raises(ValueError, match="allowed"):
        overlap_weights("arm ~ x", data, kind="entropy")
    with pytest.raises(ValueError, match="not in the table"):
        overlap_weights("arm ~ x", data).means("z")
