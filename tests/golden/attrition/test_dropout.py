"""Dropout models and Little's test against R (glm, pROC, EM by hand)."""

from __future__ import annotations

import numpy as np
import pytest

from increase_eval.attrition import fit_dropout_model, little_mcar_test

LOGIT = 1e-7
LITTLE = 1e-6
"""Both are the reference's own tolerances."""


@pytest.mark.parametrize(
    ("name", "formula"),
    [("attrition_logit_fourarm", "drop4 ~ arm + base"), ("attrition_logit_fourarm_interaction", "drop4 ~ arm * base")],
)
def test_dropout_model(case, fourarm, name, formula) -> None:
    numbers = case(name)
    model = fit_dropout_model(formula, fourarm)
    expected = numbers["coefficients"]
    terms = [term.replace("(Intercept)", "Intercept").replace("arm", "arm[T.") for term in expected["term"]]
    order = [next(i for i, found in enumerate(model.coefficients.index) if found.replace("]", "") == t) for t in terms]
    for column, key in (("estimate", "Estimate"), ("std_error", "Std. Error"), ("p_value", "Pr(>|z|)")):
        assert model.coefficients[column].to_numpy()[order] == pytest.approx(np.array(expected[key]), rel=LOGIT)
    assert model.vcov[np.ix_(order, order)] == pytest.approx(np.array(numbers["vcov"]["values"]), rel=LOGIT)
    assert model.odds_ratios.to_numpy()[order] == pytest.approx(
        np.array(list(numbers["odds_ratios"].values())), rel=LOGIT
    )
    assert model.log_likelihood == pytest.approx(numbers["loglik"], rel=1e-10)
    assert (model.n, model.n_events) == (numbers["n"], numbers["n_events"])
    assert model.status == "ok"


@pytest.mark.parametrize("name", ["attrition_logit_fourarm", "attrition_logit_fourarm_interaction"])
def test_discrimination(case, fourarm, name) -> None:
    numbers = case(name)
    formula = "drop4 ~ arm * base" if name.endswith("interaction") else "drop4 ~ arm + base"
    model = fit_dropout_model(formula, fourarm)
    assert model.auc == pytest.approx(numbers["auc"], abs=1e-10)
    limits = numbers["auc_delong_ci95"]
    assert (model.auc_conf_low, model.auc_conf_high) == pytest.approx((limits["lower"], limits["upper"]), abs=1e-10)
    assert model.brier == pytest.approx(numbers["brier"], rel=LOGIT)
    found = model.pseudo_r_squared
    assert found["mcfadden"] == pytest.approx(numbers["mcfadden_r2"], rel=LOGIT)
    assert found["nagelkerke"] == pytest.approx(numbers["nagelkerke_r2"], rel=LOGIT)


@pytest.mark.parametrize("name", ["airquality", "bfi", "fourarm"])
def test_little(case, fourarm, r_data, name) -> None:
    if name == "airquality":
        data = r_data("datasets", "airquality")
    elif name == "bfi":
        data = r_data("psych", "bfi").iloc[:800][[f"{scale}{i}" for scale in "AC" for i in range(1, 6)]]
    else:
        data = fourarm[["base", "y_T1", "y_T2", "y_T3", "y_T4"]]
    numbers = case(f"little_mcar_{name}")
    for covariance, key in (("ml", "ml_cov"), ("unbiased", "unbiased_cov")):
        test = little_mcar_test(data, covariance=covariance)
        assert test.statistic == pytest.approx(numbers[f"chisq_{key}"], rel=LITTLE)
        assert test.p_value == pytest.approx(numbers[f"p_{key}"], rel=LITTLE)
        assert (test.df, test.n, test.n_patterns) == (numbers["df"], numbers["n_rows_used"], numbers["n_patterns"])
