"""What must not change, and what must change in a known way, when the table of a repeated-measures model does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.regression.mixed_linear_model import MixedLM

from increase_eval.comparison import fit_mmrm
from increase_eval.moments import PatternMoments

seeds = st.integers(0, 10_000)
few = settings(max_examples=12, derandomize=True)


def long_data(seed: int, gaps: float = 0.25, n: int = 80) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    people = pd.DataFrame({"id": np.arange(n), "arm": rng.choice(["A", "B"], n), "age": rng.normal(40, 10, n)})
    people["site"] = rng.integers(0, 6, n)
    rows = people.loc[np.repeat(np.arange(n), 3)].reset_index(drop=True)
    rows["visit"] = np.tile(["T1", "T2", "T3"], n)
    rows["y"] = np.repeat(rng.normal(size=n), 3) * 2 + rng.normal(size=3 * n) * np.tile([1, 1.5, 2], n)
    rows.loc[rng.random(3 * n) < gaps, "y"] = np.nan
    return rows


def fit(data: pd.DataFrame, formula: str = "y ~ age + arm * visit", **options):
    return fit_mmrm(formula, data, subject="id", visit="visit", **options)


@few
@given(seeds)
def test_the_order_of_rows_does_not_matter(seed):
    data = long_data(seed)
    one, two = fit(data), fit(data.sample(frac=1, random_state=seed))
    np.testing.assert_allclose(one.coefficients, two.coefficients, rtol=1e-7, atol=1e-10)


@few
@given(seeds)
def test_relabelled_visits_and_arms_give_the_same_means(seed):
    data = long_data(seed)
    names = {"T1": "a first", "T2": "b second", "T3": "c third"}
    # The other arm becomes the reference: coefficients change, means do not.
    other = data.assign(visit=data["visit"].map(names), arm=data["arm"].map({"A": "z", "B": "y"}))
    one = fit(data).means("arm", by="visit").set_index(["arm", "visit"])
    two = fit(other).means("arm", by="visit")
    two["arm"] = two["arm"].map({"z": "A", "y": "B"})
    two["visit"] = two["visit"].map({new: old for old, new in names.items()})
    two = two.set_index(["arm", "visit"]).loc[one.index]
    columns = ["estimate", "std_error", "df"]
    np.testing.assert_allclose(one[columns], two[columns], rtol=1e-6)


@few
@given(seeds, st.floats(1e-4, 1e4), st.floats(-1e5, 1e5))
def test_a_rescaled_outcome_rescales_the_results(seed, factor, shift):
    data = long_data(seed)
    one, two = fit(data), fit(data.assign(y=data["y"] * factor + shift))
    terms = one.coefficients.index != "Intercept"
    np.testing.assert_allclose(
        two.coefficients["estimate"][terms], factor * one.coefficients["estimate"][terms], rtol=1e-5, atol=1e-8 * factor
    )
    np.testing.assert_allclose(two.coefficients["std_error"], factor * one.coefficients["std_error"], rtol=1e-6)
    np.testing.assert_allclose(two.coefficients["df"], one.coefficients["df"], rtol=1e-5)
    p = len(one.coefficients)
    assert two.log_likelihood == pytest.approx(
        one.log_likelihood - (one.n_obs - p) * np.log(factor), rel=1e-9, abs=1e-6
    )


@few
@given(seeds)
def test_large_means_cost_no_precision(seed):
    data = long_data(seed)
    shifted = data.assign(y=data["y"].round(6) + 2.0**21, age=data["age"].round(6) + 2.0**21)
    near = shifted.assign(y=shifted["y"] - 2.0**21, age=shifted["age"] - 2.0**21)
    one, two = fit(near), fit(shifted)
    np.testing.assert_allclose(one.coefficients["estimate"][1:], two.coefficients["estimate"][1:], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(one.covariance, two.covariance, rtol=1e-7)


@few
@given(seeds)
def test_complete_data_give_multivariate_regression(seed):
    data = long_data(seed, gaps=0.0)
    model = fit(data, "y ~ age * visit + arm * visit")
    wide = data.pivot(index="id", columns="visit", values="y")
    people = data.drop_duplicates("id").set_index("id").loc[wide.index]
    X = np.column_stack([np.ones(len(wide)), people["age"], people["arm"] == "B"])
    beta = np.linalg.lstsq(X, wide.to_numpy(), rcond=None)[0]
    residuals = wide.to_numpy() - X @ beta
    np.testing.assert_allclose(model.covariance, residuals.T @ residuals / (len(X) - 3), rtol=1e-7)
    change = model.change("T1", "T3", by="arm", at={"age": 0.0}).set_index("arm")["estimate"]
    assert change["B"] - change["A"] == pytest.approx(beta[2, 2] - beta[2, 0], rel=1e-7, abs=1e-9)
    np.testing.assert_allclose(model.coefficients["df"]["arm[T.B]"], len(X) - 3, rtol=1e-6)


@few
@given(seeds)
def test_weights_of_one_change_nothing_and_twice_the_weight_halves_the_variance(seed):
    data = long_data(seed)
    plain, ones, twos = (fit(data.assign(w=w), weights=name) for w, name in ((1.0, None), (1.0, "w"), (2.0, "w")))
    np.testing.assert_allclose(plain.coefficients, ones.coefficients, rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose(twos.coefficients, plain.coefficients, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(twos.covariance, 2 * plain.covariance, rtol=1e-6)
    assert twos.log_likelihood == pytest.approx(plain.log_likelihood, rel=1e-10)


@few
@given(seeds)
def test_moments_of_sites_add_up_to_the_whole(seed):
    data = long_data(seed)
    wide = data.pivot(index="id", columns="visit", values="y").reset_index()
    wide["site"] = data.drop_duplicates("id").set_index("id").loc[wide["id"], "site"].to_numpy()
    columns = ["T1", "T2", "T3"]
    whole = PatternMoments.from_frame(wide, columns)
    parts = [PatternMoments.from_frame(part, columns) for _, part in wide.groupby("site")]
    total = sum(parts[1:], parts[0])
    one, two = whole.fit_normal(), total.fit_normal()
    np.testing.assert_allclose(one.covariance, two.covariance, rtol=1e-9)
    assert one.log_likelihood == pytest.approx(two.log_likelihood, rel=1e-12)
    assert PatternMoments.from_frame(wide, columns, by="site").collapse("site").fit_normal().n == one.n


@few
@given(seeds)
def test_means_of_a_free_model_are_the_em_means(seed):
    """One group and no covariate: the means by visit are those of a normal with values missing at random."""
    data = long_data(seed)
    model = fit(data, "y ~ visit", reml=False)
    wide = data.pivot(index="id", columns="visit", values="y")
    normal = PatternMoments.from_frame(wide, ["T1", "T2", "T3"]).fit_normal()
    np.testing.assert_allclose(model.means("visit")["estimate"], normal.mean, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(model.covariance, normal.covariance, rtol=1e-6)
    assert model.log_likelihood == pytest.approx(normal.log_likelihood, rel=1e-10)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_mixed_lm_of_statsmodels_agrees_on_compound_symmetry(seed):
    data = long_data(seed).dropna(subset="y")
    model = fit(data, covariance="cs", df="satterthwaite")
    other = MixedLM.from_formula("y ~ age + arm * visit", data, groups="id").fit(reml=True, gtol=1e-10)
    ours = model.coefficients
    np.testing.assert_allclose(ours["estimate"], other.fe_params[ours.index], rtol=1e-4, atol=1e-5)
    # Its standard errors count the covariance of means and variances as well, so variances are compared instead.
    between, within = float(other.cov_re.iloc[0, 0]), float(other.scale)
    assert model.covariance.iloc[1, 0] == pytest.approx(between, rel=1e-4)
    assert model.covariance.iloc[2, 2] == pytest.approx(between + within, rel=1e-4)
    assert model.log_likelihood == pytest.approx(other.llf, rel=1e-7)
