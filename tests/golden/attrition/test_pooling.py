"""Rubin's rules and joint tests against R (mice, mitools, mitml)."""

from __future__ import annotations

import numpy as np
import pytest

from increase_eval.attrition import pool, pool_tests

RUBIN = 1e-10
TESTS = 1e-8
"""Both are the reference's own tolerances."""


@pytest.mark.parametrize("name", ["mi_rubin_nhanes_lm", "mi_rubin_nhanes_logit"])
def test_pool_as_mice_and_mitools(case, name) -> None:
    numbers = case(name)
    pooled, mitools = numbers["pool"]["pooled"], numbers["pool"]["mitools"]
    for at, term in enumerate(pooled["term"]):
        draws = numbers["pool"]["per_imputation"]
        estimates = [one["coef"][term] for one in draws]
        variances = [one["se"][term] ** 2 for one in draws]
        found = pool(estimates, variances, df_complete=pooled["dfcom"][at])
        assert found.estimate == pytest.approx(pooled["estimate"][at], rel=RUBIN)
        assert found.std_error**2 == pytest.approx(pooled["t"][at], rel=RUBIN)
        for field, key in (("df", "df"), ("riv", "riv"), ("lambda_", "lambda"), ("fmi", "fmi"), ("between", "b")):
            assert getattr(found, field) == pytest.approx(pooled[key][at], rel=RUBIN)
        old = pool(estimates, variances)
        assert old.df == pytest.approx(mitools["df"][term], rel=RUBIN)
        assert old.fmi == pytest.approx(mitools["missinfo"][term], rel=RUBIN)


def fits(data, columns):
    """Least squares in every imputation: estimates, covariances, and what likelihoods need."""
    found = []
    for _, one in data.groupby("imp"):
        x = np.column_stack([np.ones(len(one)), *(one[column] for column in columns)])
        y = one["chl"].to_numpy()
        beta = np.linalg.solve(x.T @ x, x.T @ y)
        rss = float(((y - x @ beta) ** 2).sum())
        found.append((x, y, beta, rss, np.linalg.inv(x.T @ x) * rss / (len(y) - x.shape[1])))
    return found


def log_likelihood(x, y, beta, sigma2) -> float:
    return float(-len(y) / 2 * np.log(2 * np.pi * sigma2) - ((y - x @ beta) ** 2).sum() / (2 * sigma2))


def likelihoods(models):
    """At each model's own estimates, then at the pooled coefficients and residual variance."""
    n = len(models[0][1])
    own = [log_likelihood(x, y, beta, rss / n) for x, y, beta, rss, _ in models]
    beta = np.mean([model[2] for model in models], axis=0)
    sigma2 = np.mean([model[3] / n for model in models])
    return own, [log_likelihood(x, y, beta, sigma2) for x, y, *_ in models]


@pytest.mark.reference
@pytest.mark.parametrize(("block", "kept", "tested"), [("tests_all_slopes", [], [1, 2]), ("test_bmi", ["age"], [2])])
def test_joint_tests(case, reference_data, block, kept, tested) -> None:
    numbers = case("mi_rubin_nhanes_lm")
    data = reference_data("data_nhanes_mi20.csv")
    full = fits(data, ["age", "bmi"])
    estimates = np.array([fit[2][tested] for fit in full])
    covariances = np.array([fit[4][np.ix_(tested, tested)] for fit in full])
    (own, pooled), (own_null, pooled_null) = likelihoods(full), likelihoods(fits(data, kept))
    found = {
        "mitml_D1": pool_tests(estimates, covariances, df_complete=numbers["dfcom"]),
        "D2": pool_tests(estimates, covariances, method="d2"),
        "mitml_D3": pool_tests(estimates, None, method="d3", log_likelihoods=(own, own_null, pooled, pooled_null)),
    }
    for name, test in found.items():
        expected = numbers[block][name]
        assert test.statistic == pytest.approx(expected["F.value"], rel=TESTS)
        assert test.df_num == expected["df1"]
        assert test.df_denom == pytest.approx(expected["df2"], rel=TESTS)
        assert test.p_value == pytest.approx(expected["P(>F)"], rel=TESTS)
        assert test.riv == pytest.approx(expected["RIV"], rel=TESTS)
