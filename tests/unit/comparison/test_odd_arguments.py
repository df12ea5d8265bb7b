"""What tired people pass: text for numbers, seeds for generators, dates and disguised numbers for covariates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from increase_eval.comparison import (
    ancova,
    cluster_robust,
    compare_groups,
    cramers_v,
    e_value,
    effect_size,
    equivalence_test,
    fit_gee,
    fit_mmrm,
    fit_transitions,
    marginal_homogeneity,
    mediation,
    overlap_weights,
    proportion_interval,
    two_proportions,
    wild_cluster_bootstrap,
)
from increase_eval.errors import InsufficientDataError
from increase_eval.scoring import composite_reliability, standard_error_of_measurement


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"site": np.arange(120) % 12, "x": rng.normal(size=120), "arm": list("ab") * 60})
    frame["m"] = frame["x"] + rng.normal(size=120)
    frame["event"] = (rng.random(120) < 1 / (1 + np.exp(-frame["x"]))).astype(int)
    return frame.assign(y=frame["m"] + rng.normal(size=120))


@pytest.mark.parametrize(
    "call",
    [
        lambda: proportion_interval(None, 7),
        lambda: proportion_interval([3], 7),
        lambda: proportion_interval("3", 7),
        lambda: proportion_interval(pd.NA, 7),
        lambda: two_proportions(1, None, 1, 4),
        lambda: two_proportions(np.array([1, 2]), 4, 1, 4),
        lambda: e_value("2", 1, 3),
        lambda: equivalence_test([1, 2, 3], [1, 2, 4], low=None, high=1),
        lambda: standard_error_of_measurement(None, 0.8),
        lambda: standard_error_of_measurement("1", 0.8),
    ],
)
def test_a_number_is_a_number(call) -> None:
    with pytest.raises(ValueError, match="allowed: a"):
        call()


@pytest.mark.parametrize(
    "values", [pd.to_datetime(["2020-01-01", "2020-02-01", "2020-03-05"]), np.array([1 + 1j, 2, 3])]
)
def test_dates_and_complex_numbers_are_no_sample(values) -> None:
    with pytest.raises(ValueError, match="no number"):
        effect_size(values, [1.0, 2.0, 4.0])


def test_rows_in_another_order_are_not_paired_by_position() -> None:
    before, after = pd.Series([1.0, 2, 5, 9], index=list("abcd")), pd.Series([3.0, 2, 4, 1], index=list("dcba"))
    with pytest.raises(ValueError, match="another order"):
        effect_size(before, after, paired=True)
    with pytest.raises(ValueError, match="another order"):
        equivalence_test(before, after, low=-1, high=1, paired=True)
    with pytest.raises(ValueError, match="another order"):
        compare_groups(before, pd.Series(list("aabb"), index=list("dcba")))
    # Two waves of a long table have labels of their own, and go by position.
    two_waves = effect_size(before, after.set_axis(list("efgh")), paired=True)
    assert two_waves.estimate == effect_size(before.to_numpy(), after.to_numpy(), paired=True).estimate


def test_a_cross_table_with_its_totals_is_refused() -> None:
    before, after = pd.Series(list("aabbab")), pd.Series(list("abbbaa"))
    with pytest.raises(ValueError, match="totals"):
        marginal_homogeneity(pd.crosstab(before, after, margins=True))
    with pytest.raises(ValueError, match="totals"):
        cramers_v(pd.crosstab(before, after, margins=True))
    # A table that happens to add up is one all the same.
    assert marginal_homogeneity(pd.DataFrame([[1, 1, 2], [1, 1, 2], [2, 2, 4]])).n == 16


@pytest.mark.parametrize("table", [[["a", "b"], ["c", "d"]], [[1, 2], [3]]])
def test_a_table_that_is_none(table) -> None:
    with pytest.raises(ValueError, match="no number, or rows of unequal length"):
        cramers_v(table)


@pytest.mark.parametrize("formula", [None, b"y ~ x", 3])
def test_a_formula_is_text(data, formula) -> None:
    for call in (lambda: ancova(formula, data), lambda: fit_mmrm(formula, data, subject="site", visit="arm")):
        with pytest.raises(TypeError, match="the formula is a"):
            call()


@pytest.mark.parametrize("make", [lambda d: d.to_dict("list"), lambda d: None, lambda d: d.to_numpy()])
def test_a_table_is_a_data_frame(data, make) -> None:
    with pytest.raises(TypeError, match="allowed: a pandas DataFrame"):
        ancova("y ~ x", make(data))


def test_two_columns_of_one_name_are_refused(data) -> None:
    with pytest.raises(ValueError, match="same name: x"):
        ancova("y ~ x", pd.concat([data, data[["x"]]], axis=1))


@pytest.mark.parametrize("kind", [object, "datetime", "duration"])
def test_disguised_numbers_and_dates_are_no_factors(data, kind) -> None:
    days = np.arange(120)
    column = {
        "datetime": pd.Timestamp("2020-01-01") + pd.to_timedelta(days, unit="D"),
        "duration": pd.to_timedelta(days, unit="D"),
        object: data["x"].astype(object),
    }[kind]
    long = data.assign(x=column, visit=1, id=days)
    for call in (
        lambda: ancova("y ~ x", long),
        lambda: fit_gee("y ~ x", long, subject="site", family="gaussian"),
        lambda: overlap_weights("arm ~ x", long),
        lambda: fit_mmrm("y ~ x", long, subject="id", visit="visit", covariance="cs"),
        lambda: fit_mmrm("y ~ x", [long], subject="id", visit="visit", covariance="cs"),
    ):
        with pytest.raises(ValueError, match=r"write C\(x\)"):
            call()
    marked = ancova("y ~ C(k)", data.assign(k=(data["site"] % 3).astype(object)))
    assert marked.coefficients["estimate"].tolist() == pytest.approx(
        ancova("y ~ C(k)", data.assign(k=data["site"] % 3)).coefficients["estimate"].tolist()
    )


def test_a_factor_of_one_level_is_not_passed_over(data) -> None:
    with pytest.raises(InsufficientDataError, match=r"one level among the rows used: arm \(a\)"):
        ancova("y ~ arm + x", data[data["arm"] == "a"])


def test_a_seed_is_no_generator(data) -> None:
    calls = [
        lambda: mediation("y ~ arm + m", "m ~ arm", data, treatment="arm", mediator="m", method="bootstrap", rng=3),  # type: ignore[arg-type]
        lambda: wild_cluster_bootstrap(ancova("y ~ x", data), data["site"], term="x", rng=3),  # type: ignore[arg-type]
    ]
    for call in calls:
        with pytest.raises(ValueError, match="allowed: a numpy Generator"):
            call()
    with pytest.raises(ValueError, match="whole number"):
        wild_cluster_bootstrap(ancova("y ~ x", data), data["site"], term="x", draws=500.5)  # type: ignore[arg-type]


def test_a_power_of_the_mediator_makes_the_product_no_effect(data) -> None:
    for outcome in ("y ~ x + m + I(m**2)", "y ~ x + m + I(x**2)"):
        with pytest.raises(ValueError, match="has a power of"):
            mediation(outcome, "m ~ x", data, treatment="x", mediator="m")


@pytest.mark.parametrize("fitter", [smf.logit, smf.poisson])
def test_the_wild_bootstrap_refuses_every_model_that_is_not_linear(data, fitter) -> None:
    fit = fitter("event ~ x", data).fit(disp=0)
    with pytest.raises(ValueError, match="linear models"):
        wild_cluster_bootstrap(fit, data["site"], term="x", rng=np.random.default_rng(1))


@pytest.mark.filterwarnings("ignore:The design matrix is rank-deficient")
def test_a_singular_design_of_statsmodels_is_named(data) -> None:
    with pytest.raises(InsufficientDataError, match="not independent"):
        cluster_robust(smf.ols("y ~ x + I(2 * x)", data).fit(), data["site"])


def test_a_joint_test_takes_matrices_and_named_columns(data) -> None:
    robust = cluster_robust(ancova("y ~ arm + x + m", data), data["site"])
    by_name = robust.test(["x", "m"])
    matrix = np.eye(4)[2:]
    named = pd.DataFrame(matrix, columns=robust.coefficients.index)
    assert robust.test(matrix) == by_name
    # The columns of a table go by their names, in whatever order; those that are not named are nought.
    assert robust.test(named[["m", "x"]]) == by_name
    with pytest.raises(ValueError, match="no coefficients"):
        robust.test(named.rename(columns={"m": "mm"}))
    with pytest.raises(ValueError, match="needs 4 finite columns"):
        robust.test(np.eye(3))
    with pytest.raises(ValueError, match="not independent"):
        robust.test(np.vstack([matrix, matrix[0] + matrix[1]]))


def test_separate_rows_do_not_hang_on_how_much_variances_differ() -> None:
    # A Poisson mean from 1 to 50,000: no cluster is fitted exactly.
    rng = np.random.default_rng(8)
    frame = pd.DataFrame({"x": np.linspace(0, 1, 90), "site": np.arange(90) % 15})
    frame["count"] = rng.poisson(np.exp(10.8 * frame["x"]))
    assert cluster_robust(smf.poisson("count ~ x", frame).fit(disp=0), frame["site"]).status == "ok"


def test_states_by_cluster_need_two_clusters_in_every_arm() -> None:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"provider": np.repeat(list("pqrst"), 40)})
    frame["arm"] = frame["provider"].map({"p": "A", "q": "A", "r": "B", "s": "B", "t": "C"})
    frame["state"] = rng.choice(["job", "none", "study"], 200)
    with pytest.raises(InsufficientDataError, match="two clusters with arm C"):
        fit_transitions("state ~ arm", frame, cluster="provider")
    # Where the arm varies within clusters, every cluster says something of it.
    assert fit_transitions("state ~ arm", frame.assign(arm=list("ABC") * 66 + ["A", "B"]), cluster="provider").n == 200
    assert fit_transitions("state ~ arm", frame[frame["arm"] != "C"], cluster="provider").n == 160


def test_loadings_that_are_none() -> None:
    for loadings, rest in (([0.7, np.nan], [0.5, 0.3]), ([0.0, 0.0], [0.0, 0.0])):
        with pytest.raises(ValueError, match="finite numbers"):
            composite_reliability(loadings, rest)


def test_an_outcome_of_weights_is_named(data) -> None:
    with pytest.raises(TypeError, match="the name of a column"):
        overlap_weights("arm ~ x", data).means(data["y"])  # type: ignore[arg-type]
