"""Bounds and the selection model against R (by hand, and sampleSelection)."""

from __future__ import annotations

import numpy as np
import pytest

from increase_eval.attrition import heckman, lee_bounds, manski_bounds

BOUNDS = 1e-10
TWO_STEP = 1e-6
ML = 1e-5
ML_ERRORS = 1e-3
"""All are the reference's own tolerances; its second derivatives of the likelihood are numerical."""


@pytest.fixture
def nsw(r_data):
    data = r_data("causaldata", "nsw_mixtape")
    observed = data["re78"] > 0
    return np.log(data["re78"].where(observed)), data["treat"], observed


@pytest.mark.parametrize(
    ("trimming", "name"),
    [("fractional", "fractional"), ("type1", "quantile_type1_inclusive"), ("type7", "quantile_type7_inclusive")],
)
def test_lee(case, nsw, trimming, name) -> None:
    numbers = case("bounds_nsw")["lee"]
    bounds = lee_bounds(*nsw, trimming=trimming)
    assert (bounds.lower, bounds.upper) == pytest.approx((numbers[name]["lower"], numbers[name]["upper"]), abs=BOUNDS)
    assert bounds.trimmed_share == pytest.approx(numbers["trim_proportion"], abs=BOUNDS)
    assert bounds.arms["n_observed"].tolist() == [numbers["n_selected_other"], numbers["n_selected_trimmed_group"]]


def test_manski(case, nsw) -> None:
    numbers = case("bounds_nsw")["manski"]
    bounds = manski_bounds(*nsw, low=numbers["outcome_min"], high=numbers["outcome_max"])
    assert (bounds.lower, bounds.upper) == pytest.approx(tuple(numbers["effect"].values()), abs=BOUNDS)
    for arm, name in ((0, "control"), (1, "treated")):
        assert bounds.arms.loc[arm, ["lower", "upper"]].tolist() == pytest.approx(
            list(numbers[name].values()), abs=BOUNDS
        )
    assert bounds.conf_low < bounds.lower < bounds.upper < bounds.conf_high


@pytest.fixture
def mroz(r_data):
    data = r_data("sampleSelection", "Mroz87")
    kids = (data["kids5"] + data["kids618"] > 0).astype(int)
    wage = data["wage"].where(data["lfp"] == 1)
    return data.assign(kids=kids, age2=data["age"] ** 2, exper2=data["exper"] ** 2, wage=wage)


OUTCOME, SELECTION = "wage ~ exper + exper2 + educ + city", "lfp ~ age + age2 + faminc + kids + educ"


def test_two_step(case, mroz) -> None:
    numbers = case("heckman_mroz87")
    fit = heckman(OUTCOME, SELECTION, mroz)
    for table, name in ((fit.selection, "probit"), (fit.outcome, "outcome")):
        expected = numbers["two_step"][name]
        assert table["estimate"].to_numpy() == pytest.approx(np.array(expected["estimate"]), rel=TWO_STEP)
        assert table["std_error"].to_numpy() == pytest.approx(np.array(expected["se"]), rel=TWO_STEP)
    assert fit.outcome.index[-1] == "inverse_mills"
    assert (fit.sigma, fit.rho) == pytest.approx(
        (numbers["two_step"]["sigma"], numbers["two_step"]["rho"]), rel=TWO_STEP
    )
    assert (fit.n, fit.n_selected) == (numbers["n"], numbers["n_selected"])
    assert fit.status == "ok"


def test_maximum_likelihood(case, mroz) -> None:
    numbers = case("heckman_mroz87")["ml"]
    fit = heckman(OUTCOME, SELECTION, mroz, method="ml")
    found = [*fit.selection["estimate"], *fit.outcome["estimate"], np.log(fit.sigma), np.arctanh(fit.rho)]
    assert found == pytest.approx(numbers["parameters"]["estimate"], rel=ML)
    errors = [*fit.selection["std_error"], *fit.outcome["std_error"]]
    assert errors == pytest.approx(numbers["parameters"]["se"][:-2], rel=ML_ERRORS)
    assert (fit.sigma_std_error, fit.rho_std_error) == pytest.approx(
        (numbers["se_sigma"], numbers["se_rho"]), rel=ML_ERRORS
    )
    assert fit.log_likelihood == pytest.approx(numbers["loglik"], rel=1e-10)
