"""Calls of strangers: tables for matrices, visits as text, covariances that the data do not determine."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.comparison import fit_gee, fit_mmrm
from increase_eval.errors import ConvergenceError


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    people = pd.DataFrame({"id": np.arange(50), "arm": list("AB") * 25, "x": rng.normal(size=50)})
    frame = people.merge(pd.DataFrame({"month": [0, 6, 12]}), how="cross")
    frame["y"] = frame["x"] + np.repeat(rng.normal(size=50), 3) + 0.1 * frame["month"] + rng.normal(size=150)
    return frame[rng.random(150) > 0.1]


def fit(data: pd.DataFrame, formula: str = "y ~ arm * month + x", **options):
    return fit_mmrm(formula, data, subject="id", visit="month", **options)


def test_covariates_are_held_at_a_row_of_means(data) -> None:
    found = fit(data)
    held = data.loc[data["month"] == 0, ["x"]].mean()
    pd.testing.assert_frame_equal(found.means("arm", at=held), found.means("arm", at={"x": float(held["x"])}))
    pd.testing.assert_frame_equal(found.contrasts("arm", at=held), found.contrasts("arm"))


def test_a_table_of_linear_functions_goes_by_its_columns(data) -> None:
    found = fit(data)
    terms = found.coefficients.index
    table = pd.DataFrame(np.eye(len(terms))[[1, 3]], columns=terms)
    expected = found.test(table.to_numpy())
    assert found.test(table) == expected
    assert found.test(table[terms[::-1]]).p_value == pytest.approx(expected.p_value, rel=1e-9)
    assert found.test(table[[terms[3], terms[1]]]).statistic == pytest.approx(expected.statistic, rel=1e-9)
    with pytest.raises(ValueError, match="no coefficients"):
        found.test(table.rename(columns={"x": "z"}))


def test_powers_of_covariates_are_columns_held_where_their_number_is(data) -> None:
    found = fit(data, "y ~ arm * month + x + I(x^2)")
    by_hand = fit(data.assign(squared=data["x"] ** 2), "y ~ arm * month + x + squared")
    assert found.log_likelihood == pytest.approx(by_hand.log_likelihood, rel=1e-12)
    assert found.coefficients.loc["I(x**2)", "estimate"] == pytest.approx(
        by_hand.coefficients.loc["squared", "estimate"]
    )
    mean = float(data["x"].mean())
    for at, squared in ((None, {"squared": mean**2}), ({"x": 2.0}, {"x": 2.0, "squared": 4.0})):
        held = by_hand.means("arm", by="month", at=squared)["estimate"]
        assert found.means("arm", by="month", at=at)["estimate"].tolist() == pytest.approx(held.tolist(), rel=1e-9)


def test_a_change_has_two_visits(data) -> None:
    with pytest.raises(ValueError, match="two visits"):
        fit(data).change(6, 6)


def test_a_bootstrap_needs_a_generator(data) -> None:
    with pytest.raises(ValueError, match="numpy Generator"):
        fit(data).cluster_bootstrap("id", draws=10, rng=3)  # type: ignore[arg-type]


@pytest.mark.parametrize("form", ["{}", "month {}", "T{:02d} follow-up"])
def test_visits_as_text_come_in_the_order_of_their_numbers(data, form) -> None:
    text = data["month"].map(form.format)
    words = {"subject": "id", "family": "gaussian", "correlation": "ar1", "time": "month"}
    plain = fit(data, covariance="ar1h")
    for found in (
        fit(data.assign(month=text), covariance="ar1h"),
        fit([data.assign(month=text)], covariance="ar1h"),
        fit(data.assign(month=text.astype("string[pyarrow]")), covariance="ar1h"),
    ):
        assert found.coefficients["estimate"].tolist() == pytest.approx(plain.coefficients["estimate"].tolist())
        assert list(found.covariance.index) == [form.format(month) for month in (0, 6, 12)]
    assert fit_gee("y ~ arm", data.assign(month=text), **words).alpha == pytest.approx(
        fit_gee("y ~ arm", data, **words).alpha
    )


def test_the_baseline_of_visits_as_text_is_the_first_in_time(data) -> None:
    later = data.assign(month=data["month"].map({0: 6, 6: 8, 12: 12}))
    text = later.assign(month=later["month"].map("month {}".format))
    found = fit(text, "y ~ arm * month", baseline="covariate")
    assert list(found.covariance.index) == ["month 8", "month 12"]
    declared = pd.Categorical(later["month"].map({6: "z", 8: "y", 12: "x"}), categories=["z", "y", "x"])
    by_category = fit(later.assign(month=declared), "y ~ arm * month", baseline="covariate")
    assert list(by_category.covariance.index) == ["y", "x"]
    expected = fit(later, "y ~ arm * month", baseline="covariate")
    assert found.log_likelihood == pytest.approx(expected.log_likelihood, rel=1e-12)


@pytest.mark.parametrize("covariance", ["us", "toep", "csh"])
def test_a_formula_that_takes_out_every_subjects_mean_leaves_the_likelihood_flat(data, covariance) -> None:
    # A constant added to all covariances changes nothing: errors would be anything.
    with pytest.raises(ConvergenceError, match="likelihood is flat"):
        fit(data, "y ~ month + C(id)", covariance=covariance)


def test_a_batch_is_a_table(data) -> None:
    with pytest.raises(ValueError, match="a batch is a dict"):
        fit(data.to_dict("records"))
