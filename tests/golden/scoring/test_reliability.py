"""Reliability against R (psych and lavaan, ``rel_public.R``), with pingouin as a second witness."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from increase_eval.moments import PatternMoments
from increase_eval.scoring import (
    cronbach_alpha,
    guttman_lambdas,
    intraclass_correlation,
    item_table,
    mcdonald_omega,
    standard_error_of_measurement,
)
from increase_eval.study import Scale

ITEMS = ["A1", "A2", "A3", "A4", "A5"]
# Closed forms: the tolerance recorded with the case is 1e-9; both sides carry 15 digits.
CLOSED_FORM = 1e-12
# Recorded with the case: lavaan stops at a gradient of 1e-6 or so.
OMEGA = 1e-5
# Recorded with the case: psych::fa stops earlier.
OMEGA_PSYCH = 1e-4


@pytest.fixture(scope="module")
def items(bfi) -> pd.DataFrame:
    """The first thousand people, A1 reversed."""
    return bfi.iloc[:1000].assign(A1=7 - bfi["A1"].iloc[:1000])


@pytest.fixture(scope="module", params=["rows", "moments"])
def source(request, items):
    """The same items as rows, and as moments put together from three parts."""
    if request.param == "rows":
        return items
    parts = [PatternMoments.from_frame(items.iloc[start::3], ITEMS) for start in range(3)]
    return parts[0] + parts[1] + parts[2]


@pytest.fixture(scope="module")
def numbers(case):
    return case("reliability_bfi_agreeableness")


def test_alpha_on_complete_answers(source, numbers):
    alpha, expected = cronbach_alpha(source), numbers["complete_cases"]
    assert alpha.n == numbers["n_complete"]
    assert alpha.n_dropped == numbers["n_total"] - numbers["n_complete"]
    pairs = {
        alpha.estimate: expected["alpha_raw"],
        alpha.standardized: expected["alpha_std"],
        alpha.average_correlation: expected["mean_interitem_r"],
        alpha.conf_low: expected["alpha_feldt_ci95"]["lower"],
        alpha.conf_high: expected["alpha_feldt_ci95"]["upper"],
        alpha.std_error: expected["alpha_duhachek_ase_divN"],
    }
    np.testing.assert_allclose(list(pairs), list(pairs.values()), rtol=CLOSED_FORM)


def test_alpha_without_each_item_and_the_correlation_with_the_rest(source, numbers):
    alpha, expected = cronbach_alpha(source), numbers["complete_cases"]["items"]
    assert alpha.if_deleted.index.tolist() == expected["item"]
    for column, name in (
        ("estimate", "alpha_if_deleted_raw"),
        ("standardized", "alpha_if_deleted_std"),
        ("lambda6", "lambda6_if_deleted_std"),
    ):
        np.testing.assert_allclose(alpha.if_deleted[column], expected[name], rtol=CLOSED_FORM)
    np.testing.assert_allclose(alpha.item_rest, expected["item_rest_r"], rtol=CLOSED_FORM)


def test_alpha_under_pairwise_deletion_has_no_interval(source, numbers):
    alpha, expected = cronbach_alpha(source, missing="pairwise"), numbers["pairwise"]
    assert alpha.estimate == pytest.approx(expected["alpha_raw"], rel=CLOSED_FORM)
    # Our own definition, R's cor(use = "pairwise"); psych divides by other variances and gives .69166.
    assert alpha.standardized == pytest.approx(expected["alpha_std"], rel=CLOSED_FORM)
    assert alpha.standardized != pytest.approx(expected["psych_alpha"]["total"]["std.alpha"], abs=1e-4)
    np.testing.assert_allclose(alpha.item_rest, expected["psych_alpha"]["item_stats"]["r.drop"], rtol=CLOSED_FORM)
    # psych divides by all rows; here it is the fewest people behind a pair of items.
    psych = expected["psych_alpha"]["total"]["ase"] * np.sqrt(numbers["n_total"] / alpha.n)
    assert alpha.std_error == pytest.approx(psych, rel=1e-9)
    assert np.isnan([alpha.conf_low, alpha.conf_high]).all()


@pytest.mark.parametrize("missing", ["listwise", "pairwise"])
@pytest.mark.parametrize("metric", ["covariance", "correlation"])
def test_guttman_lambdas(source, numbers, metric, missing):
    block = numbers["complete_cases" if missing == "listwise" else "pairwise"]
    expected = block["guttman_cov" if metric == "covariance" else "guttman_cor"]
    lambdas = guttman_lambdas(source, metric=metric, missing=missing)
    assert lambdas.index.tolist() == [f"lambda{number}" for number in range(1, 7)]
    for name, value in expected.items():
        assert lambdas[name.removesuffix("_alpha")] == pytest.approx(value, rel=CLOSED_FORM)


@pytest.mark.parametrize("estimator", ["ml", "uls"])
def test_omega_in_the_covariance_metric(source, numbers, estimator):
    omega = mcdonald_omega(source, estimator=estimator)
    expected = numbers["complete_cases"]["omega"][f"{estimator}_cfa_covariance"]
    assert omega.status == "computed"
    assert omega.total == pytest.approx(expected["omega_total_model"], rel=OMEGA)
    assert omega.total_observed == pytest.approx(expected["omega_total_observed_var"], rel=OMEGA)
    np.testing.assert_allclose(omega.loadings, list(expected["loadings"].values()), rtol=OMEGA)
    np.testing.assert_allclose(omega.uniquenesses, list(expected["uniquenesses"].values()), rtol=OMEGA)


@pytest.mark.parametrize("estimator", ["ml", "uls"])
def test_omega_in_the_correlation_metric(source, items, numbers, estimator):
    omega = mcdonald_omega(source, estimator=estimator, metric="correlation")
    expected = numbers["complete_cases"]["omega"][f"psych_fa_{estimator}_correlation"]
    assert omega.total == pytest.approx(expected["omega_total_std"], rel=OMEGA_PSYCH)
    np.testing.assert_allclose(omega.loadings, expected["loadings"], rtol=OMEGA_PSYCH)
    # psych's omega.tot, from the uniquenesses and the observed correlations.
    observed = 1 - omega.uniquenesses.sum() / items.dropna().corr().to_numpy().sum()
    assert observed == pytest.approx(expected["omega_total_std_observed"], rel=OMEGA_PSYCH)


def test_the_standard_error_of_measurement(items, numbers):
    spread = items.dropna().sum(axis=1).std()
    error = standard_error_of_measurement(spread, cronbach_alpha(items).estimate)
    assert error == pytest.approx(numbers["complete_cases"]["sem"], rel=CLOSED_FORM)


def test_the_item_table(bfi, numbers):
    scale = Scale(id="agreeableness", items=ITEMS, range=(1, 6), reversed=["A1"])
    table = item_table(bfi.iloc[:1000].dropna(), scale)
    expected = numbers["complete_cases"]["items"]
    for column, name in (
        ("mean", "mean"),
        ("sd", "sd"),
        ("skewness", "skew_g1_population"),
        ("floor", "floor"),
        ("ceiling", "ceiling"),
        ("item_rest", "item_rest_r"),
        ("alpha_if_deleted", "alpha_if_deleted_raw"),
    ):
        np.testing.assert_allclose(table[column], expected[name], rtol=CLOSED_FORM)


def test_intraclass_correlations(case):
    ratings = pd.read_csv(Path(__file__).parent / "data_shrout_fleiss.csv")
    expected = case("icc_shrout_fleiss")["results"]
    table = intraclass_correlation(ratings)
    assert table.columns.tolist() == ["type", "estimate", "statistic", "p_value", "conf_low", "conf_high"]
    assert table["type"].tolist() == expected["type"]
    names = {"estimate": "ICC", "statistic": "F", "p_value": "p", "conf_low": "lower bound", "conf_high": "upper bound"}
    for column, name in names.items():
        np.testing.assert_allclose(table[column], expected[name], rtol=CLOSED_FORM)


def test_pingouin_gives_the_same_alpha(items):
    pingouin = pytest.importorskip("pingouin")
    # Its interval counts people with missing answers too, so that it is given complete ones.
    estimate, limits = pingouin.cronbach_alpha(items.dropna())
    alpha = cronbach_alpha(items)
    assert alpha.estimate == pytest.approx(estimate, rel=CLOSED_FORM)
    # pingouin rounds its interval to three digits.
    assert [alpha.conf_low, alpha.conf_high] == pytest.approx(limits.tolist(), abs=5.1e-4)
    estimate, _ = pingouin.cronbach_alpha(items, nan_policy="pairwise")
    assert cronbach_alpha(items, missing="pairwise").estimate == pytest.approx(estimate, rel=CLOSED_FORM)


def test_pingouin_gives_the_same_intraclass_correlations(items):
    pingouin = pytest.importorskip("pingouin")
    wide = items.dropna().iloc[:40]
    long = wide.reset_index(names="person").melt(id_vars="person", var_name="rater", value_name="rating")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pingouin calls pandas in ways that pandas is about to drop
        theirs = pingouin.intraclass_corr(long, targets="person", raters="rater", ratings="rating")
    table = intraclass_correlation(wide)
    estimate, f, p = (next(name for name in theirs if name.lower().startswith(one)) for one in ("icc", "f", "p"))
    np.testing.assert_allclose(table["estimate"], theirs[estimate], rtol=1e-10)
    np.testing.assert_allclose(table["statistic"], theirs[f], rtol=1e-10)
    np.testing.assert_allclose(table["p_value"], theirs[p], rtol=1e-8)
