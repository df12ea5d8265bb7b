"""The cumulative model and Brant's test against R (MASS::polr; Brant's test written out)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from increase_eval.comparison import fit_cumulative

POLR = 1e-6
"""polr maximises by BFGS until the deviance changes by less than 1e-15 of itself, which leaves slopes at about 1e-8."""
CLOSED_FORM = 1e-8


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    return pd.read_csv(Path(__file__).parent / "data_cumulative.csv")


@pytest.mark.parametrize(("link", "name"), [("logit", "logistic"), ("probit", "probit")])
def test_coefficients_thresholds_and_errors(case, data, link, name) -> None:
    expected = case("cumulative_simulated")[name]
    fit = fit_cumulative("o ~ arm + x", data, link=link)
    assert fit.coefficients["estimate"].to_numpy() == pytest.approx(np.array(expected["coef"]), rel=POLR)
    assert fit.thresholds["estimate"].to_numpy() == pytest.approx(np.array(expected["zeta"]), rel=POLR)
    errors = pd.concat([fit.coefficients["std_error"], fit.thresholds["std_error"]])
    assert errors.to_numpy() == pytest.approx(np.array(expected["se"]), rel=POLR)
    assert fit.log_likelihood == pytest.approx(expected["loglik"], rel=1e-12)
    assert fit.thresholds.index.tolist() == ["1|2", "2|3", "3|4", "4|5"]


def test_weighted_estimates(case, data) -> None:
    expected = case("cumulative_simulated")["weighted"]
    fit = fit_cumulative("o ~ arm + x", data, weights="w")
    assert fit.coefficients["estimate"].to_numpy() == pytest.approx(np.array(expected["coef"]), rel=POLR)
    assert fit.thresholds["estimate"].to_numpy() == pytest.approx(np.array(expected["zeta"]), rel=POLR)
    assert fit.variance == "robust"


def test_average_predictions(case, data) -> None:
    expected = case("cumulative_simulated")["average"]
    found = fit_cumulative("o ~ arm + x", data).average_predictions("arm")
    for arm, shares in expected.items():
        assert found[found["arm"] == arm]["estimate"].to_numpy() == pytest.approx(np.array(shares), rel=POLR)


def test_brant(case, data) -> None:
    expected = case("cumulative_simulated")["brant"]
    check = fit_cumulative("o ~ arm + x", data).proportional_odds()
    assert check.statistic == pytest.approx(expected["omnibus"]["statistic"], rel=CLOSED_FORM)
    assert check.df == expected["omnibus"]["df"]
    assert check.p_value == pytest.approx(expected["omnibus"]["p"], rel=1e-7)
    for row, term in zip(check.by_term.itertuples(), expected["terms"], strict=True):
        assert row.statistic == pytest.approx(term["statistic"], rel=CLOSED_FORM)
        assert row.df == term["df"]
