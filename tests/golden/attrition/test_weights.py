"""Inverse probability weights, weighted regression and calibration against R (survey)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition import calibrate_weights, inverse_probability_weights, weighted_model

SURVEY = 1e-6
"""The reference's own tolerance; its calibrations stop at 1e-12."""


@pytest.fixture(scope="module")
def asked(fourarm):
    return fourarm.assign(answered=1 - fourarm["drop4"])


def diagnostics(weights) -> dict[str, float]:
    used = weights.values[weights.values > 0]
    return {
        "n": len(used), "sum": used.sum(), "mean": used.mean(), "min": used.min(), "max": used.max(),
        "ess_kish": weights.effective_sample_size,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("ipw_weights", {"stabilised": False}),
        ("stabilised", {"stabilised": True}),
        ("trimmed_p99", {"stabilised": False, "trim": 0.99}),
    ],
)
def test_response_weights(case, asked, name, options) -> None:
    expected = case("ipw_fourarm_completers")[name]
    weights = inverse_probability_weights("answered ~ arm + base", asked, subject="id", **options)
    for key, value in diagnostics(weights).items():
        assert value == pytest.approx(expected[key], rel=SURVEY)


def test_first_weights(case, asked) -> None:
    weights = inverse_probability_weights("answered ~ arm + base", asked, subject="id", stabilised=False).values
    expected = case("ipw_fourarm_completers")["weights_first10"]
    assert weights[weights > 0].to_numpy()[:10] == pytest.approx(np.array(expected), rel=SURVEY)


@pytest.mark.parametrize(("name", "stabilised"), [("svyglm", False), ("svyglm_stabilised", True)])
def test_weighted_regression(case, asked, name, stabilised) -> None:
    expected = case("ipw_fourarm_completers")[name]
    weights = inverse_probability_weights("answered ~ arm + base", asked, subject="id", stabilised=stabilised)
    fit = weighted_model("y_T4 ~ arm + base", asked.assign(w=weights.values), weights="w")
    table = expected["coefficients"]
    for column, key in (("estimate", "Estimate"), ("std_error", "Std. Error"), ("p_value", "Pr(>|t|)")):
        assert fit.coefficients[column].to_numpy() == pytest.approx(np.array(table[key]), rel=SURVEY)
    assert fit.vcov == pytest.approx(np.array(expected["vcov"]["values"]), rel=SURVEY, abs=1e-9)
    assert fit.df == expected["df_residual"]


ARM = dict.fromkeys("ABCD", 80)
SEX = {"x": 110, "y": 210}
BASE_GROUP = {"lo": 90, "mid": 150, "hi": 80}


@pytest.mark.parametrize(
    ("name", "margins", "options"),
    [
        ("rake", {"arm": ARM, "sexg": SEX, "bc": BASE_GROUP}, {"method": "rake"}),
        ("greg_linear", {"arm": ARM, "sexg": SEX, "bc": BASE_GROUP, "base": 16000}, {"method": "linear"}),
        ("raking_with_covariate", {"arm": ARM, "sexg": SEX, "bc": BASE_GROUP, "base": 16000}, {"method": "rake"}),
        ("raking_with_covariate", {"arm": ARM, "sexg": SEX, "bc": BASE_GROUP, "base": 16000}, {"method": "entropy"}),
        (
            "logit_bounds_0.4_3.5",
            {"arm": ARM, "sexg": SEX, "bc": BASE_GROUP, "base": 16000},
            {"method": "logit", "bounds": (0.4, 3.5)},
        ),
        ("poststratify_arm", {"arm": ARM}, {"method": "poststratify"}),
    ],
)
def test_calibration(case, name, margins, options) -> None:
    expected = case("calibration_fourarm")[name]
    sample = pd.read_csv(Path(__file__).parent / "data_calibration_sample.csv")
    weights = calibrate_weights(sample, margins, **options)
    assert weights.values.to_numpy() == pytest.approx(np.array(expected["weights"]), rel=SURVEY)
    assert np.average(sample["y.T4"], weights=weights.values) == pytest.approx(expected["mean_y"], rel=SURVEY)
    assert weights.effective_sample_size == pytest.approx(expected["diag"]["ess_kish"], rel=SURVEY)
    assert weights.balance["after"].to_numpy() == pytest.approx(weights.balance["target"].to_numpy(), rel=1e-9)
