"""McDonald's omega and what is made from loadings: by hand, at their limits, and what they refuse."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.errors import InsufficientDataError
from increase_eval.scoring import average_variance_extracted, composite_reliability, cronbach_alpha, mcdonald_omega


def exact(covariance: np.ndarray, n: int = 100) -> pd.DataFrame:
    """Rows whose covariance matrix with divisor n is exactly this."""
    rng = np.random.default_rng(3)
    raw = rng.normal(size=(n, len(covariance)))
    raw -= raw.mean(axis=0)
    whiten = np.linalg.inv(np.linalg.cholesky(raw.T @ raw / n)).T
    return pd.DataFrame(
        raw @ whiten @ np.linalg.cholesky(covariance).T, columns=[f"i{j}" for j in range(len(covariance))]
    )


LOADINGS, UNIQUENESSES = np.array([0.9, 0.6, 1.2, 0.7]), np.array([0.5, 0.8, 0.4, 1.0])


@pytest.mark.parametrize("estimator", ["ml", "uls"])
def test_a_matrix_made_of_one_factor_gives_it_back(estimator):
    items = exact(np.outer(LOADINGS, LOADINGS) + np.diag(UNIQUENESSES))
    omega = mcdonald_omega(items, estimator=estimator)
    # Least squares is fitted to the matrix with divisor n - 1.
    size = 1 if estimator == "ml" else 100 / 99
    np.testing.assert_allclose(omega.loadings, LOADINGS * np.sqrt(size), rtol=1e-7)
    np.testing.assert_allclose(omega.uniquenesses, UNIQUENESSES * size, rtol=1e-7)
    # (0.9 + 0.6 + 1.2 + 0.7)^2 = 11.56, uniquenesses 2.7
    assert omega.total == pytest.approx(11.56 / (11.56 + 2.7), rel=1e-8)
    assert omega.total_observed == pytest.approx(omega.total, rel=1e-8)
    assert omega.average_variance_extracted == pytest.approx(3.10 / (3.10 + 2.7), rel=1e-8)


def test_with_equal_loadings_omega_is_alpha():
    items = exact(np.full((5, 5), 0.6) + np.diag([0.4, 0.5, 0.6, 0.7, 0.8]))
    assert mcdonald_omega(items).total == pytest.approx(cronbach_alpha(items).estimate, rel=1e-8)


def test_in_standard_units_the_units_of_items_play_no_part():
    items = exact(np.outer(LOADINGS, LOADINGS) + np.diag(UNIQUENESSES))
    one = mcdonald_omega(items, metric="correlation")
    two = mcdonald_omega(items * [1, 10, 100, 0.01] + 5, metric="correlation")
    assert one.total == pytest.approx(two.total, rel=1e-8)
    assert one.std_error == pytest.approx(two.std_error, rel=1e-6)
    assert one.total != pytest.approx(mcdonald_omega(items).total, rel=1e-3)


def test_loadings_have_a_positive_sum_and_the_interval_holds_omega():
    omega = mcdonald_omega(-exact(np.outer(LOADINGS, LOADINGS) + np.diag(UNIQUENESSES)))
    assert omega.loadings.sum() > 0
    assert 0 < omega.conf_low < omega.total < omega.conf_high < 1


def test_a_heywood_case_is_reported():
    # Correlations .9, .9, .5: loadings of one factor would be 1.27, .71, .71.
    items = exact(np.array([[1, 0.9, 0.9], [0.9, 1, 0.7], [0.9, 0.7, 1]]))
    omega = mcdonald_omega(items)
    assert omega.uniquenesses["i0"] < 0
    assert omega.status == "negative uniqueness: i0"


@pytest.mark.parametrize(
    ("frame", "error", "message"),
    [
        (pd.DataFrame({"a": [1.0, 2, 4], "b": [2.0, 1, 3]}), ValueError, "there are 2 items .* at least 3"),
        (exact(np.eye(3) + 1).assign(flat=1.0), InsufficientDataError, "items flat do not vary"),
        (
            exact(np.eye(3) + 1).assign(s=lambda f: f["i0"] + f["i1"]),
            InsufficientDataError,
            "an item is a sum of others",
        ),
        (exact(np.eye(3) + 1).iloc[:3], InsufficientDataError, "too few people"),
    ],
)
def test_what_gives_no_omega_is_said(frame, error, message):
    with pytest.raises(error, match=message):
        mcdonald_omega(frame)


@pytest.mark.parametrize(
    "options", [{"estimator": "wls"}, {"metric": "polychoric"}, {"missing": "x"}, {"confidence": 2}]
)
def test_options_that_are_not_allowed(options):
    with pytest.raises(ValueError, match="allowed"):
        mcdonald_omega(exact(np.eye(3) + 1), **options)


def test_composite_reliability_and_variance_extracted_by_hand():
    loadings, uniquenesses = np.array([0.8, 0.6]), np.array([0.36, 0.64])
    assert composite_reliability(loadings, uniquenesses) == pytest.approx(1.96 / 2.96)
    assert average_variance_extracted(loadings, uniquenesses) == pytest.approx(0.5)
    with pytest.raises(ValueError, match=r"allowed: \(k,\) both"):
        composite_reliability(loadings, uniquenesses[:1])


def test_the_estimate_table():
    table = mcdonald_omega(exact(np.eye(3) + 1)).to_frame()
    assert table.loc[0, ["term", "n", "status"]].tolist() == ["omega", 100, "computed"]


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ["ml", "uls"])
@pytest.mark.parametrize("metric", ["covariance", "correlation"])
def test_the_interval_covers_what_it_says(estimator, metric):
    rng = np.random.default_rng(11)
    scale = np.sqrt(LOADINGS**2 + UNIQUENESSES) if metric == "correlation" else np.ones(4)
    true = composite_reliability(LOADINGS / scale, UNIQUENESSES / scale**2)
    hits = 0
    for _ in range(1000):
        rows = rng.normal(size=(250, 1)) * LOADINGS + rng.normal(size=(250, 4)) * np.sqrt(UNIQUENESSES)
        omega = mcdonald_omega(pd.DataFrame(rows, columns=list("abcd")), estimator=estimator, metric=metric)
        hits += omega.conf_low < true < omega.conf_high
    # Three Monte Carlo standard errors at 95 %: 3 sqrt(.95 x .05 / 1000) = .021
    assert abs(hits / 1000 - 0.95) < 0.021
