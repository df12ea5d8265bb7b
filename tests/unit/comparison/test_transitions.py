"""The multinomial logit: statsmodels as second witness, weights, clusters, separation, refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from increase_eval.comparison import fit_transitions
from increase_eval.errors import ConvergenceError, InsufficientDataError


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {"arm": rng.choice(list("abc"), 300), "x": rng.normal(size=300), "g": rng.integers(0, 12, 300)}
    )
    lean = np.column_stack([np.zeros(300), frame["x"] + (frame["arm"] == "b"), -frame["x"] * 0.5])
    states = np.array(["job", "none", "study"])[(lean + rng.gumbel(size=lean.shape)).argmax(axis=1)]
    return frame.assign(state=states, w=rng.integers(1, 4, 300))


def test_agrees_with_statsmodels(data) -> None:
    ours = fit_transitions("state ~ arm + x", data)
    design = np.column_stack([np.ones(300), data["arm"] == "b", data["arm"] == "c", data["x"]]).astype(float)
    theirs = sm.MNLogit(pd.Categorical(data["state"]).codes, design).fit(disp=0, tol=1e-14, method="newton")
    assert ours.log_likelihood == pytest.approx(theirs.llf, rel=1e-10)
    assert ours.coefficients["estimate"].to_numpy() == pytest.approx(theirs.params.T.ravel(), rel=1e-6)
    assert ours.coefficients["std_error"].to_numpy() == pytest.approx(theirs.bse.T.ravel(), rel=1e-6)


def test_saturated_predictions_are_the_shares(data) -> None:
    found = fit_transitions("state ~ arm", data).average_predictions("arm")
    expected = pd.crosstab(data["arm"], data["state"], normalize="index").stack()
    assert found["estimate"].to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-9)
    n = data["arm"].value_counts().reindex(found["arm"]).to_numpy()
    binomial = np.sqrt(found["estimate"] * (1 - found["estimate"]) / n)
    assert found["std_error"].to_numpy() == pytest.approx(binomial.to_numpy(), rel=1e-8)


def test_predictions_add_up_to_one_and_differences_to_nought(data) -> None:
    fit = fit_transitions("state ~ arm * x", data)
    assert fit.average_predictions("arm").groupby("arm")["estimate"].sum().to_numpy() == pytest.approx([1, 1, 1])
    differences = fit.risk_difference("arm", reference="c")
    assert sorted(differences["arm"].unique()) == ["a", "b"]
    assert differences.groupby("arm")["estimate"].sum().to_numpy() == pytest.approx([0, 0], abs=1e-12)


def test_two_outcomes_are_a_logit(data) -> None:
    both = data[data["state"] != "study"]
    ours = fit_transitions("state ~ arm + x", both)
    design = np.column_stack([np.ones(len(both)), both["arm"] == "b", both["arm"] == "c", both["x"]]).astype(float)
    theirs = sm.Logit((both["state"] == "none").astype(float).to_numpy(), design).fit(disp=0, tol=1e-14)
    assert ours.coefficients["estimate"].to_numpy() == pytest.approx(theirs.params, rel=1e-7)


def test_weights_count_like_repeated_rows(data) -> None:
    weighted = fit_transitions("state ~ arm + x", data, weights="w")
    repeated = fit_transitions("state ~ arm + x", data.loc[data.index.repeat(data["w"])])
    assert weighted.coefficients["estimate"].to_numpy() == pytest.approx(
        repeated.coefficients["estimate"].to_numpy(), rel=1e-8
    )
    assert weighted.variance == "robust"
    predicted = weighted.average_predictions("arm")["estimate"].to_numpy()
    assert predicted == pytest.approx(repeated.average_predictions("arm")["estimate"].to_numpy(), rel=1e-8)


def test_every_row_a_cluster_is_robust_with_a_factor(data) -> None:
    rows = data.assign(row=np.arange(300), one=1.0)
    clustered = fit_transitions("state ~ arm", rows, cluster="row")
    robust = fit_transitions("state ~ arm", rows, weights="one")
    assert clustered.vcov == pytest.approx(robust.vcov * 300 / 299, rel=1e-10)


def test_order_of_rows_and_dtypes_do_not_matter(data) -> None:
    one = fit_transitions("state ~ arm + x", data)
    other = fit_transitions(
        "state ~ arm + x", data.sample(frac=1, random_state=1).astype({"state": "category", "x": "Float64"})
    )
    assert one.coefficients["estimate"].to_numpy() == pytest.approx(other.coefficients["estimate"].to_numpy(), rel=1e-9)


def test_perfect_prediction_is_an_error_that_says_so(data) -> None:
    perfect = data.assign(x=np.where(data["state"] == "job", 5.0, -5.0) + 0.1 * data["x"])
    with pytest.raises(ConvergenceError, match="separate"):
        fit_transitions("state ~ x", perfect)
    # an arm without one of the outcomes is separation too
    gone = data[~((data["arm"] == "b") & (data["state"] == "study"))]
    with pytest.raises(ConvergenceError, match="separate"):
        fit_transitions("state ~ arm", gone)


def test_extreme_but_possible_predictors_are_no_separation(data) -> None:
    stretched = data.assign(x=data["x"] * 40)
    fit = fit_transitions("state ~ x", stretched)
    assert fit.coefficients.loc[("none", "x"), "estimate"] == pytest.approx(
        fit_transitions("state ~ x", data).coefficients.loc[("none", "x"), "estimate"] / 40, rel=1e-7
    )


def test_refusals(data) -> None:
    with pytest.raises(InsufficientDataError, match="two outcomes"):
        fit_transitions("state ~ x", data[data["state"] == "job"])
    with pytest.raises(ValueError, match="no factor"):
        fit_transitions("state ~ x", data).average_predictions("x")
    with pytest.raises(ValueError, match="no level"):
        fit_transitions("state ~ arm", data).risk_difference("arm", reference="z")
    with pytest.raises(InsufficientDataError, match="two clusters"):
        fit_transitions("state ~ x", data.assign(k=1), cluster="k")
    with pytest.raises(ValueError, match="negative"):
        fit_transitions("state ~ x", data.assign(w=-1.0), weights="w")


def test_missing_rows_are_counted(data) -> None:
    gaps = data.astype({"state": "string"})
    gaps.loc[:4, "state"] = pd.NA
    gaps.loc[10:11, "x"] = np.nan
    fit = fit_transitions("state ~ x", gaps)
    assert (fit.n, fit.n_dropped) == (293, 7)
    assert set(fit.to_frame()["n_dropped"]) == {7}
