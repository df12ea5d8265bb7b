"""Dropout models, Little's test, Rubin's rules: limits, fall-backs, refusals, second witnesses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf

from increase_eval.attrition import fit_dropout_model, little_mcar_test, pool, pool_tests
from increase_eval.comparison import cluster_robust
from increase_eval.errors import ConvergenceError, InsufficientDataError
from increase_eval.moments import PatternMoments


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(12)
    frame = pd.DataFrame(
        {"arm": rng.choice(list("abc"), 250), "x": rng.normal(size=250), "site": rng.integers(0, 20, 250)}
    )
    left = rng.uniform(size=250) < 1 / (1 + np.exp(-(frame["x"] - 0.3)))
    return frame.assign(left=left)


@pytest.mark.parametrize(
    ("link", "theirs"), [("logit", sm.families.links.Logit()), ("cloglog", sm.families.links.CLogLog())]
)
def test_agrees_with_statsmodels(data, link, theirs) -> None:
    ours = fit_dropout_model("left ~ arm + x", data, link=link)
    expected = smf.glm("left ~ arm + x", data.astype({"left": int}), family=sm.families.Binomial(theirs)).fit(tol=1e-13)
    assert ours.coefficients["estimate"].to_numpy() == pytest.approx(expected.params.to_numpy(), rel=1e-7)
    assert ours.log_likelihood == pytest.approx(expected.llf, rel=1e-10)
    if link == "logit":
        assert ours.coefficients["std_error"].to_numpy() == pytest.approx(expected.bse.to_numpy(), rel=1e-7)


def test_area_by_counting_pairs(data) -> None:
    model = fit_dropout_model("left ~ arm", data)
    p, left = model.fitted.to_numpy(), data["left"].to_numpy()
    gap = p[left][:, None] - p[~left][None, :]
    assert model.auc == pytest.approx(((gap > 0) + 0.5 * (gap == 0)).mean(), rel=1e-12)


def test_separation_falls_back_to_firth_and_says_so(data) -> None:
    everybody = data.assign(left=data["left"] | (data["arm"] == "b"))
    model = fit_dropout_model("left ~ arm + x", everybody)
    assert model.status.startswith("separated")
    assert np.isfinite(model.coefficients[["estimate", "std_error"]].to_numpy()).all()
    assert model.coefficients.loc["arm[T.b]", "estimate"] > 2
    with pytest.raises(ConvergenceError, match="separate"):
        fit_dropout_model("left ~ arm + x", everybody, link="cloglog")


def test_firth_of_a_two_by_two_table_adds_a_half_to_every_cell() -> None:
    # saturated logit: Firth's estimate is the log odds ratio of the cells plus one half
    cells = pd.DataFrame({"g": ["a"] * 6 + ["b"] * 8, "left": [0] * 6 + [0] * 3 + [1] * 5})
    found = fit_dropout_model("left ~ g", cells).coefficients["estimate"]
    assert found["Intercept"] == pytest.approx(np.log(0.5 / 6.5), abs=1e-8)
    assert found["g[T.b]"] == pytest.approx(np.log(5.5 / 3.5) - np.log(0.5 / 6.5), abs=1e-8)


def test_nobody_and_everybody_leaving_are_errors(data) -> None:
    with pytest.raises(InsufficientDataError, match="nobody"):
        fit_dropout_model("left ~ x", data.assign(left=0))
    with pytest.raises(InsufficientDataError, match="everybody"):
        fit_dropout_model("left ~ x", data.assign(left=True))


def test_clusters_of_one_are_robust_errors(data) -> None:
    one = fit_dropout_model("left ~ x", data.assign(row=range(250)), cluster="row").vcov
    expected = smf.glm("left ~ x", data.astype({"left": int}), family=sm.families.Binomial()).fit(
        tol=1e-13, cov_type="HC0"
    )
    assert one == pytest.approx(expected.cov_params().to_numpy() * 250 / 249, rel=1e-6)


def test_few_cluster_errors_take_the_model(data) -> None:
    model = fit_dropout_model("left ~ x", data)
    by_hand = fit_dropout_model("left ~ x", data, cluster="site").vcov
    assert cluster_robust(model, data["site"], kind="CR1").vcov == pytest.approx(by_hand, rel=1e-9)


def test_shape_refusals_and_counts(data) -> None:
    gaps = data.assign(x=data["x"].mask(data.index < 7))
    assert (fit_dropout_model("left ~ x", gaps).n, fit_dropout_model("left ~ x", gaps).n_dropped) == (243, 7)
    with pytest.raises(ValueError, match="0 and 1"):
        fit_dropout_model("x ~ arm", data)
    with pytest.raises(ValueError, match="no finite number"):
        fit_dropout_model("arm ~ x", data)
    with pytest.raises(ValueError, match="allowed"):
        fit_dropout_model("left ~ x", data, link="log")
    assert fit_dropout_model("left ~ x", data).calibration["n"].sum() == 250


def test_a_model_without_predictors_tells_nobody_apart(data) -> None:
    model = fit_dropout_model("left ~ 1", data)
    assert model.auc == 0.5
    assert model.pseudo_r_squared == pytest.approx({"mcfadden": 0, "nagelkerke": 0}, abs=1e-12)
    assert len(model.calibration) == 1


def test_little_of_one_pattern_has_nothing_to_test() -> None:
    test = little_mcar_test(pd.DataFrame({"a": [1.0, 2, 3], "b": [2.0, 1, 5]}))
    assert test.status == "one pattern"
    assert test.df == 0
    assert np.isnan(test.p_value)


def test_little_takes_moments_and_does_not_mind_units_or_order() -> None:
    rng = np.random.default_rng(3)
    wide = pd.DataFrame(rng.normal(size=(120, 3)), columns=list("abc"))
    wide = wide.mask(rng.uniform(size=wide.shape) < 0.2)
    one = little_mcar_test(wide)
    moved = (wide * [1000.0, 0.01, 3.0] + [5e6, 0.0, -4.0]).sample(frac=1, random_state=1)
    assert little_mcar_test(moved).statistic == pytest.approx(one.statistic, rel=1e-6)
    assert little_mcar_test(PatternMoments.from_frame(wide, list("abc"))) == one
    grouped = wide.assign(arm=["x", "y"] * 60)
    assert little_mcar_test(PatternMoments.from_frame(grouped, list("abc"), by="arm")).statistic == pytest.approx(
        one.statistic
    )


def test_little_drops_empty_rows_and_refuses_empty_columns() -> None:
    wide = pd.DataFrame({"a": [1.0, 2, 3, 4, 6, None], "b": [2.0, 1, 5, None, None, None]})
    assert (little_mcar_test(wide).n, little_mcar_test(wide).n_dropped) == (5, 1)
    with pytest.raises(InsufficientDataError, match="no value"):
        little_mcar_test(wide.assign(c=np.nan))
    with pytest.raises(ValueError, match="allowed"):
        little_mcar_test(wide, covariance="em")


def test_equal_imputations_have_no_missing_information() -> None:
    pooled = pool([2.0] * 5, [0.25] * 5)
    assert (pooled.std_error, pooled.df, pooled.riv, pooled.fmi) == (0.5, np.inf, 0, 0)
    # (20 + 1) / (20 + 3) * 20
    assert pool([2.0] * 5, [0.25] * 5, df_complete=20).df == pytest.approx(21 / 23 * 20)
    test = pool_tests([[1.0, 2.0]] * 4, [np.eye(2)] * 4)
    assert (test.statistic, test.df_denom) == (2.5, np.inf)


def test_no_variance_within_is_all_missing_information() -> None:
    pooled = pool([1.0, 2.0, 3.0], [0.0, 0.0, 0.0])
    assert (pooled.lambda_, pooled.riv) == (1, np.inf)
    assert pooled.fmi == pytest.approx(1)


def test_one_number_tests_alike_in_d1_and_pool() -> None:
    q, u = [1.0, 1.3, 0.8, 1.1], [0.2, 0.25, 0.22, 0.21]
    pooled, test = pool(q, u), pool_tests(q, u)
    assert test.statistic == pytest.approx((pooled.estimate / pooled.std_error) ** 2, rel=1e-12)
    assert test.riv == pytest.approx(pooled.riv, rel=1e-12)


def test_few_draws_of_one_number_have_barnard_and_rubins_df() -> None:
    q, u = [1.0, 1.3, 0.8, 1.1, 1.2], [0.2, 0.25, 0.22, 0.21, 0.19]
    assert pool_tests(q, u, df_complete=40).df_denom == pytest.approx(pool(q, u, df_complete=40).df, rel=1e-12)


def test_pooling_refusals() -> None:
    with pytest.raises(InsufficientDataError):
        pool([1.0], [0.1])
    with pytest.raises(ValueError, match="shape"):
        pool([1.0, 2.0], [0.1])
    with pytest.raises(ValueError, match="negative"):
        pool([1.0, 2.0], [0.1, -0.1])
    with pytest.raises(ValueError, match="df_complete"):
        pool([1.0, 2.0], [0.1, 0.1], df_complete=0)
    with pytest.raises(ValueError, match="log_likelihoods"):
        pool_tests([[1.0], [2.0]], None, method="d3")
    with pytest.raises(ValueError, match="covariances"):
        pool_tests([[1.0], [2.0]], None)
    with pytest.raises(InsufficientDataError, match="singular"):
        pool_tests([[1.0, 2.0]] * 3, [np.ones((2, 2))] * 3)
