"""Cumulative models: limits, orders of levels, separation, and slopes against numerical derivatives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.miscmodels.ordinal_model import OrderedModel

from increase_eval.comparison import fit_cumulative
from increase_eval.comparison.engines.cumulative import level_probabilities
from increase_eval.errors import ConvergenceError, InsufficientDataError


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {"arm": rng.choice(list("ab"), 300), "x": rng.normal(size=300), "site": rng.integers(0, 12, 300)}
    )
    latent = 0.7 * frame["x"] + 0.5 * (frame["arm"] == "b") + rng.logistic(size=300)
    return frame.assign(y=np.digitize(latent, [-1, 0, 1.5]) + 1)


def test_two_levels_are_the_binary_logit(data) -> None:
    import statsmodels.formula.api as smf

    ours = fit_cumulative("y ~ arm + x", data.assign(y=(data["y"] > 2).astype(int)))
    theirs = smf.logit("y ~ arm + x", data.assign(y=(data["y"] > 2).astype(int))).fit(disp=0, tol=1e-12)
    assert ours.coefficients["estimate"].to_numpy() == pytest.approx(theirs.params.to_numpy()[1:], rel=1e-8)
    assert ours.coefficients["std_error"].to_numpy() == pytest.approx(theirs.bse.to_numpy()[1:], rel=1e-7)
    assert ours.thresholds["estimate"].iloc[0] == pytest.approx(-theirs.params.iloc[0], rel=1e-7)
    assert ours.proportional_odds().status.startswith("two levels")


def test_statsmodels_agrees(data) -> None:
    theirs = OrderedModel(
        data["y"], pd.DataFrame({"b": data["arm"] == "b", "x": data["x"]}).astype(float), distr="logit"
    )
    found = theirs.fit(method="newton", disp=0, tol=1e-12)
    ours = fit_cumulative("y ~ arm + x", data)
    # 1e-6: their gradient is numerical
    assert ours.coefficients["estimate"].to_numpy() == pytest.approx(found.params.to_numpy()[:2], rel=1e-6)
    assert ours.log_likelihood == pytest.approx(found.llf, rel=1e-10)


def test_the_order_of_a_categorical_is_its_own(data) -> None:
    names = {1: "low", 2: "middle", 3: "good", 4: "best"}
    text = data["y"].map(names)
    ordered = pd.Categorical(text, categories=["unused", *names.values()], ordered=True)
    fit, named = fit_cumulative("y ~ x", data), fit_cumulative("y ~ x", data.assign(y=ordered))
    assert named.levels == tuple(names.values())
    assert named.coefficients["estimate"].iloc[0] == pytest.approx(fit.coefficients["estimate"].iloc[0], rel=1e-12)
    with pytest.raises(ValueError, match="no order"):
        fit_cumulative("y ~ x", data.assign(y=text))


def test_turning_the_scale_turns_the_sign(data) -> None:
    fit, turned = fit_cumulative("y ~ arm + x", data), fit_cumulative("y ~ arm + x", data.assign(y=5 - data["y"]))
    assert turned.coefficients["estimate"].to_numpy() == pytest.approx(
        -fit.coefficients["estimate"].to_numpy(), rel=1e-9
    )


def test_without_columns_the_thresholds_are_the_shares(data) -> None:
    fit = fit_cumulative("y ~ 1", data)
    shares = (1 / (1 + np.exp(-fit.thresholds["estimate"]))).to_numpy()
    assert shares == pytest.approx([(data["y"] <= cut).mean() for cut in (1, 2, 3)], rel=1e-10)
    assert fit.coefficients.empty


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_slopes_of_the_probabilities_are_their_derivatives(link) -> None:
    rng = np.random.default_rng(1)
    x, theta = rng.normal(size=(5, 2)), np.array([0.4, -0.3, -1.0, 0.2, 0.9])
    p, slopes = level_probabilities(x, theta, link)
    assert p.sum(axis=1) == pytest.approx(np.ones(5), abs=1e-14)
    for k in range(5):
        step = 1e-6 * np.eye(5)[k]
        numerical = (
            level_probabilities(x, theta + step, link)[0] - level_probabilities(x, theta - step, link)[0]
        ) / 2e-6
        # 1e-8: central differences of a smooth function at 1e-6
        assert slopes[:, :, k] == pytest.approx(numerical, abs=1e-8)


def test_one_cluster_a_row_is_the_robust_variance(data) -> None:
    by_row = fit_cumulative("y ~ x", data.assign(row=range(300)), cluster="row")
    robust = fit_cumulative("y ~ x", data.assign(w=1.0), weights="w")
    assert by_row.vcov == pytest.approx(robust.vcov * 300 / 299, rel=1e-10)


def test_perfect_order_is_refused_and_rare_levels_are_not(data) -> None:
    with pytest.raises(ConvergenceError, match="separate"):
        fit_cumulative("y ~ x", data.assign(x=data["y"] + 0.1 * data["x"].clip(-1, 1)))
    with pytest.raises(ConvergenceError, match="separate"):
        fit_cumulative("y ~ arm", data.assign(y=data["y"].where(data["arm"] == "b", 1)))
    rare = data.assign(y=data["y"].where(data.index > 1, 9))
    assert fit_cumulative("y ~ x", rare).levels == (1, 2, 3, 4, 9)


def test_refusals(data) -> None:
    with pytest.raises(InsufficientDataError, match="two levels"):
        fit_cumulative("y ~ x", data.assign(y=3))
    with pytest.raises(ValueError, match="intercept"):
        fit_cumulative("y ~ 0 + arm", data)
    with pytest.raises(InsufficientDataError, match="two clusters"):
        fit_cumulative("y ~ x", data.assign(one=1), cluster="one")
    with pytest.raises(ValueError, match="no factor"):
        fit_cumulative("y ~ x", data).average_predictions("x")
    with pytest.raises(ValueError, match="without weights"):
        fit_cumulative("y ~ x", data, cluster="site").proportional_odds()
    with pytest.raises(ValueError, match="logit"):
        fit_cumulative("y ~ x", data, link="probit").odds_ratios()


def test_the_check_finds_odds_that_are_not_proportional_and_uses_as_many_cuts_as_told() -> None:
    rng = np.random.default_rng(2)
    b = rng.random(4000) < 0.5
    answer = np.digitize(rng.logistic(size=4000) * np.where(b, 0.4, 1.0), [-1.5, -0.5, 0.5, 1.5])
    check = fit_cumulative("y ~ b", pd.DataFrame({"y": answer, "b": b})).proportional_odds(most_cuts=2)
    assert check.p_value < 1e-6
    assert len(check.cuts) == 2
    assert check.df == 1
