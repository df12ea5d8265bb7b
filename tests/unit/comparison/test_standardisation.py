"""Standardised and doubly robust means: statsmodels, the numerical derivative of stacked equations, and limits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import optimize
from statsmodels.treatment.treatment_effects import TreatmentEffect

from increase_eval.comparison import doubly_robust, overlap_weights, standardise
from increase_eval.comparison.adjustment.propensity import tilt
from increase_eval.errors import InsufficientDataError

STACKED = 1e-5
"""The derivative of the stacked equations is numerical (central differences at 1e-5)."""


@pytest.fixture(scope="module")
def two() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    x, z = rng.normal(size=400), (rng.random(400) < 0.4).astype(float)
    t = (rng.random(400) < 1 / (1 + np.exp(-0.6 * x))).astype(int)
    y = 1 + t + x + 0.5 * z + 0.3 * t * x + rng.normal(size=400)
    return pd.DataFrame({"x": x, "z": z, "t": t, "y": y, "arm": np.where(t == 1, "b", "a")})


@pytest.fixture(scope="module")
def three(two) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    arm = np.where(rng.random(400) < 0.3, "c", two["arm"])
    site = np.char.add(arm.astype(str), rng.integers(0, 5, 400).astype(str))
    return two.assign(arm=arm, w=(two["y"] > 1).astype(int), site=site)


@pytest.fixture(scope="module")
def effects(two) -> TreatmentEffect:
    columns = sm.add_constant(two[["x", "z"]])
    chosen = sm.Logit(two["t"], columns).fit(disp=0, tol=1e-12)
    return TreatmentEffect(sm.OLS(two["y"], columns), two["t"], results_select=chosen)


def test_standardisation_is_regression_adjustment(two, effects) -> None:
    theirs = effects.ra(return_results=True).results_gmm
    ours = standardise("y ~ arm * x + arm * z", two, arm="arm")
    assert ours.contrasts()["estimate"][0] == pytest.approx(theirs.params[0], rel=1e-8)
    # 1e-5: their variance comes from a numerical derivative
    assert ours.contrasts()["std_error"][0] == pytest.approx(theirs.bse[0], rel=1e-5)
    assert ours.means()["std_error"][0] == pytest.approx(theirs.bse[1], rel=1e-5)


def test_doubly_robust_means_are_aipw(two, effects) -> None:
    theirs = effects.aipw(return_results=True).results_gmm
    ours = doubly_robust("y ~ arm * x + arm * z", "arm ~ x + z", two)
    assert ours.contrasts()["estimate"][0] == pytest.approx(theirs.params[0], rel=1e-7)
    assert ours.contrasts()["std_error"][0] == pytest.approx(theirs.bse[0], rel=1e-5)


def _sandwich(residuals, theta: np.ndarray) -> np.ndarray:
    """Give the variance of stacked equations; `residuals` maps parameters to (n, q)."""
    step = 1e-5
    slopes = [
        (residuals(theta + step * e).sum(axis=0) - residuals(theta - step * e).sum(axis=0)) / (2 * step)
        for e in np.eye(len(theta))
    ]
    influence = residuals(theta) @ np.linalg.inv(np.array(slopes).T).T
    return influence.T @ influence


@pytest.mark.parametrize("kind", ["ipw", "overlap"])
def test_errors_are_those_of_the_stacked_equations_for_three_arms(three, kind) -> None:
    x = np.column_stack([np.ones(400), three["x"]])
    own = (three["arm"].to_numpy()[:, None] == np.array(list("abc"))).astype(float)
    w, y = np.column_stack([own[:, 1:], x]), three["y"].to_numpy()

    def residuals(theta: np.ndarray) -> np.ndarray:
        a, b, mu = theta[:4].reshape(2, 2), theta[4:8], theta[8:]
        odds = np.exp(np.column_stack([np.zeros(400), x @ a.T]))
        p = odds / odds.sum(axis=1, keepdims=True)
        first = np.concatenate([(own - p)[:, [k]] * x for k in (1, 2)], axis=1)
        second = (y - w @ b)[:, None] * w
        m = np.column_stack([x @ b[2:] + shift for shift in (0, b[0], b[1])])
        h = tilt(p, kind)
        return np.hstack([first, second, h[:, None] * (m + own * (y[:, None] - m) / p - mu)])

    theta = optimize.root(lambda value: residuals(value).sum(axis=0), np.r_[np.zeros(8), [1.0, 1.5, 2.0]], tol=1e-10).x
    ours = doubly_robust("y ~ arm + x", "arm ~ x", three, kind=kind)
    assert ours.estimates == pytest.approx(theta[8:], rel=1e-7)
    assert ours.vcov == pytest.approx(_sandwich(residuals, theta)[8:, 8:], rel=STACKED)


def test_errors_of_standardised_shares_are_those_of_the_stacked_equations(three) -> None:
    arms = three["arm"].to_numpy()
    x = np.column_stack([np.ones(400), arms == "b", arms == "c", three["x"]]).astype(float)

    def residuals(theta: np.ndarray) -> np.ndarray:
        b, mu = theta[:4], theta[4:]
        columns = []
        for k in range(3):
            same = x.copy()
            same[:, 1:3] = np.eye(3)[k, 1:]
            columns.append(1 / (1 + np.exp(-same @ b)) - mu[k])
        return np.column_stack([(three["w"].to_numpy() - 1 / (1 + np.exp(-x @ b)))[:, None] * x, *columns])

    theta = optimize.root(lambda value: residuals(value).sum(axis=0), np.r_[np.zeros(4), np.full(3, 0.5)], tol=1e-10).x
    ours = standardise("w ~ arm + x", three, arm="arm", family="binomial")
    assert ours.estimates == pytest.approx(theta[4:], rel=1e-7)
    assert ours.vcov == pytest.approx(_sandwich(residuals, theta)[4:, 4:], rel=STACKED)


def test_without_covariates_every_way_gives_the_arms_own_means(three) -> None:
    own = three.groupby("arm")["y"]
    spread = np.sqrt(own.var(ddof=0) / own.size()).to_numpy()
    ways = (
        standardise("y ~ arm", three, arm="arm"),
        doubly_robust("y ~ arm", "arm ~ 1", three),
        overlap_weights("arm ~ 1", three).adjusted("y"),
    )
    for found in ways:
        assert found.estimates == pytest.approx(own.mean().to_numpy(), rel=1e-9)
        assert np.sqrt(np.diag(found.vcov)) == pytest.approx(spread, rel=1e-7)


def test_ratios_and_odds_ratios_of_shares(three) -> None:
    found = standardise("w ~ arm", three, arm="arm", family="binomial")
    p = three.groupby("arm")["w"].mean()
    n = three.groupby("arm")["w"].size()
    ratio, odds = found.contrasts("ratio").iloc[0], found.contrasts("odds_ratio").iloc[0]
    assert ratio["contrast"] == "b / a"
    assert ratio["estimate"] == pytest.approx(p["b"] / p["a"], rel=1e-9)
    # Woolf: the variance of a log odds ratio is the sum of the inverse counts
    woolf = sum(1 / (n[arm] * p[arm]) + 1 / (n[arm] * (1 - p[arm])) for arm in "ab")
    assert odds["std_error"] == pytest.approx(np.sqrt(woolf), rel=1e-7)
    assert odds["conf_high"] == pytest.approx(odds["estimate"] * np.exp(1.959963985 * np.sqrt(woolf)), rel=1e-6)
    negative = standardise("y ~ arm", three.assign(y=-three["y"].abs()), arm="arm").contrasts("ratio")
    assert set(negative["status"]) == {"no ratio: a mean is not above 0"}
    assert negative["estimate"].isna().all()


def test_the_population_is_everybody_with_covariates_or_those_who_are_named(three) -> None:
    gaps = three.assign(y=three["y"].mask(three.index % 4 == 0), named=three["x"] > 0)
    found = standardise("y ~ arm + x", gaps, arm="arm")
    assert (found.n, found.sizes.sum()) == (400, 300)
    named = standardise("y ~ arm * x", gaps, arm="arm", population="named")
    assert named.n == gaps["named"].sum()
    slope = np.polyfit(*gaps.loc[(gaps["arm"] == "a") & gaps["y"].notna(), ["x", "y"]].to_numpy().T, 1)
    assert named.estimates[0] == pytest.approx(np.polyval(slope, gaps.loc[gaps["named"], "x"].mean()), rel=1e-9)


def test_the_order_of_rows_and_their_labels_do_not_matter(three) -> None:
    turned = three.sample(frac=1, random_state=3).set_axis([0] * 400)
    for make in (
        lambda data: standardise("y ~ arm + x", data, arm="arm"),
        lambda data: doubly_robust("y ~ arm + x", "arm ~ x", data),
        lambda data: overlap_weights("arm ~ x", data).adjusted("y").by_cluster(data["site"]),
    ):
        one, other = make(three), make(turned)
        assert other.estimates == pytest.approx(one.estimates, rel=1e-10)
        assert other.vcov == pytest.approx(one.vcov, rel=1e-9)


def test_errors_by_cluster_and_their_refusals(three) -> None:
    found = standardise("y ~ arm + x", three, arm="arm")
    by_row = found.by_cluster(range(400))
    assert by_row.vcov == pytest.approx(found.vcov * 400 / 399, rel=1e-10)
    by_site = found.by_cluster(three["site"]).contrasts()
    assert by_site["df"].tolist() == [8, 8, 8]
    assert set(by_site["status"]) == {"ok"}
    one = found.by_cluster(np.where(three["arm"] == "c", "c0", three["site"]))
    assert one.contrasts()["status"].tolist()[1:] == ["refused: fewer than two clusters in an arm"] * 2
    assert one.contrasts()["std_error"].isna().tolist() == [False, True, True]
    assert one.means()["std_error"].isna().tolist() == [False, False, True]
    few = found.by_cluster(three["site"].str.replace("[34]", "2", regex=True).str.replace("1", "0"))
    assert set(few.contrasts()["status"]) == {"refused: fewer than 4 degrees of freedom"}


def test_refusals_and_the_common_shape(three) -> None:
    with pytest.raises(ValueError, match="no factor"):
        standardise("y ~ x", three, arm="arm")
    with pytest.raises(InsufficientDataError, match="two people"):
        standardise("y ~ arm + x", three.assign(arm=three["arm"].where(three.index > 0, "lone")), arm="arm")
    with pytest.raises(ValueError, match="allowed"):
        standardise("y ~ arm", three, arm="arm").contrasts("log")
    with pytest.raises(ValueError, match="allowed"):
        doubly_robust("y ~ arm", "arm ~ x", three, kind="all")
    table = doubly_robust("w ~ arm + x", "arm ~ x", three, family="binomial").to_frame("ratio")
    assert table["term"].tolist() == ["mean"] * 3 + ["ratio"] * 3
    assert table["by_arm"].tolist() == ["a", "b", "c", "all", "all", "all"]
    assert set(table["status"]) == {"ok"}
