"""The random-intercept cross-lagged model against lavaan, on data with dropout and gaps."""

import json
from pathlib import Path

import pandas as pd
import pytest

from increase_eval.comparison.predictor.cross_lagged import fit_cross_lagged

HERE = Path(__file__).parent
LIKELIHOOD = 1e-6  # both are at the maximum, where the likelihood is flat
PATHS = 1e-5  # lavaan stops at gradients of about 1e-6
ERRORS = 1e-4  # lavaan's information is numerical as well


@pytest.fixture(scope="module")
def case():
    return json.loads((HERE / "cross_lagged.json").read_text())["numbers"]


@pytest.fixture(scope="module")
def fit():
    wide = pd.read_csv(HERE / "data_cross_lagged.csv")
    return fit_cross_lagged(wide, ["x1", "x2", "x3"], ["y1", "y2", "y3"])


def test_likelihood_and_fit(case, fit):
    assert fit.log_likelihood == pytest.approx(case["log_likelihood"], abs=LIKELIHOOD)
    assert fit.chi_square == pytest.approx(case["chisq"], abs=10 * LIKELIHOOD)  # a difference of two likelihoods
    assert fit.df == case["df"]
    assert fit.p_value == pytest.approx(case["pvalue"], abs=PATHS)


def test_paths_and_their_errors(case, fit):
    paths = case["paths"]
    assert len(paths["lhs"]) == 8
    for to, of, estimate, error in zip(*paths.values(), strict=True):
        row = fit.coefficients.loc[f"{of[1]} -> {to[1]}, {of[2]} to {to[2]}"]
        assert row["estimate"] == pytest.approx(estimate, abs=PATHS)
        assert row["std_error"] == pytest.approx(error, rel=ERRORS)


def test_the_correlation_of_the_stable_parts(case, fit):
    row = fit.coefficients.loc["between: x with y"]
    assert row["estimate"] == pytest.approx(case["between_correlation"], abs=PATHS)
    assert row["std_error"] == pytest.approx(case["between_correlation_error"], rel=ERRORS)
