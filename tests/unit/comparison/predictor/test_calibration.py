"""Prediction from a score and from the trait behind it: identities, a second witness, simulated traits, refusals."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import special

from increase_eval.comparison.predictor.calibration import SEPARATED, calibrated_prediction
from increase_eval.errors import InsufficientDataError

LINEAR = 1e-8


def people(rng, n, *, slope=0.6, reliability=0.7, with_group=False):
    trait = rng.normal(size=n)
    group = rng.integers(0, 3, size=n)
    trait = trait + 0.4 * group if with_group else trait
    score = trait + rng.normal(size=n) * np.sqrt(np.var(trait) * (1 - reliability) / reliability)
    chance = special.expit(-0.5 + slope * trait)
    return pd.DataFrame(
        {"moved": (rng.random(n) < chance).astype(int), "efficacy": score, "group": np.array(list("abc"))[group]}
    )


def predict(data, **options):
    settings = {"reliability": 0.7, "draws": 0, "rng": np.random.default_rng(1)} | options
    return calibrated_prediction(data, outcome="moved", score="efficacy", **settings)


def test_the_naive_coefficient_is_that_of_another_package():
    data = people(np.random.default_rng(1), 300, with_group=True)
    found = predict(data, covariates=["group"])
    matrix = pd.get_dummies(data[["efficacy", "group"]], drop_first=True, dtype=float).assign(one=1.0)
    witness = sm.Logit(data["moved"], matrix).fit(disp=0)
    assert found.naive == pytest.approx(witness.params["efficacy"], abs=LINEAR)
    assert found.naive_error == pytest.approx(witness.bse["efficacy"], abs=1e-6)  # statsmodels stops earlier


def test_without_covariates_the_attenuation_is_the_reliability():
    found = predict(people(np.random.default_rng(2), 200))
    assert found.attenuation == pytest.approx(0.7, abs=1e-12)
    assert found.estimate == pytest.approx(found.naive / 0.7, abs=1e-12)


def test_covariates_that_share_the_trait_make_the_attenuation_stronger():
    data = people(np.random.default_rng(3), 2_000, with_group=True)
    assert predict(data, covariates=["group"]).attenuation < 0.7


def test_calibrating_equals_putting_the_expected_trait_in_place_of_the_score():
    data = people(np.random.default_rng(4), 500, with_group=True)
    found = predict(data, covariates=["group"])
    dummies = pd.get_dummies(data["group"], drop_first=True, dtype=float).assign(one=1.0)
    centre = sm.OLS(data["efficacy"], dummies).fit().fittedvalues
    expected = centre + found.attenuation * (data["efficacy"] - centre)
    witness = sm.Logit(data["moved"], dummies.assign(trait=expected)).fit(disp=0)
    assert found.estimate == pytest.approx(witness.params["trait"], abs=1e-7)  # statsmodels stops earlier


def test_a_perfect_measure_is_not_corrected():
    found = predict(people(np.random.default_rng(5), 200), reliability=1.0)
    assert found.estimate == pytest.approx(found.naive, abs=1e-12)


def test_the_trait_is_found_where_the_score_falls_short():
    rng = np.random.default_rng(6)
    found = [predict(people(rng, 4_000)) for _ in range(40)]
    naive, calibrated = (np.array([getattr(one, name) for one in found]) for name in ("naive", "estimate"))
    error = calibrated.std(ddof=1) / np.sqrt(40)
    assert naive.mean() < 0.6 - 5 * error
    # The approximation leaves a bias of about a hundredth here.
    assert abs(calibrated.mean() - 0.6) < 0.02 + 3 * error


def test_the_bootstrap_gives_the_spread_over_samples():
    rng = np.random.default_rng(7)
    spread = np.std([predict(people(rng, 400)).estimate for _ in range(150)], ddof=1)
    found = predict(people(rng, 400), draws=150, rng=rng)
    assert found.draws == 150
    assert found.std_error == pytest.approx(spread, rel=0.3)  # two errors from 150 draws each, and another sample


def test_the_same_random_numbers_give_the_same_error():
    data = people(np.random.default_rng(8), 150)
    first, second = (predict(data, draws=20, rng=np.random.default_rng(9)).std_error for _ in range(2))
    assert first == second


def test_separated_outcomes_get_profile_limits_and_say_so():
    score = np.linspace(-2, 2, 40)
    data = pd.DataFrame({"moved": (score > 0).astype(int), "efficacy": score})
    found = predict(data)
    assert found.status == SEPARATED
    assert 0 < found.naive_low < found.naive < found.naive_high


@pytest.mark.parametrize("reliability", [0.0, 1.2, -0.5])
def test_a_reliability_that_cannot_be_is_refused(reliability):
    with pytest.raises(ValueError, match="above 0, at most 1"):
        predict(people(np.random.default_rng(1), 50), reliability=reliability)


def test_outcomes_that_do_not_vary_or_are_no_outcomes_are_refused():
    data = people(np.random.default_rng(1), 50)
    with pytest.raises(InsufficientDataError, match="does not vary"):
        predict(data.assign(moved=0))
    with pytest.raises(ValueError, match="other values than 0 and 1"):
        predict(data.assign(moved=2))


def test_covariates_that_leave_only_error_are_refused():
    data = people(np.random.default_rng(1), 300)
    close = data["efficacy"] + np.random.default_rng(2).normal(size=300) * 0.05
    with pytest.raises(InsufficientDataError, match="less variance"):
        predict(data.assign(copy=close), covariates=["copy"])


def test_rows_that_miss_something_are_counted_and_truth_values_are_outcomes():
    data = people(np.random.default_rng(1), 100).astype({"moved": "boolean"})
    data.loc[:4, "efficacy"] = np.nan
    found = predict(data)
    assert (found.n, found.n_dropped) == (95, 5)
