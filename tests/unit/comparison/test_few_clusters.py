"""Few clusters: limits that are known in closed form, refusals, and the bootstrap against direct refits."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf

from increase_eval.attrition import weighted_model
from increase_eval.comparison import ancova, cluster_robust, wild_cluster_bootstrap
from increase_eval.comparison.engines.clustered import clustered_work
from increase_eval.comparison.engines.working_models import working_model


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    site = np.repeat(list("abcdefgh"), [5, 9, 7, 6, 8, 10, 4, 7])
    frame = pd.DataFrame({"site": site, "x": rng.normal(size=56), "z": rng.normal(size=56)})
    shift = frame["site"].map(dict(zip("abcdefgh", rng.normal(size=8), strict=True)))
    treated = frame["site"].isin(list("aceg")).astype(int)
    return frame.assign(treated=treated, y=frame["x"] + shift + rng.normal(size=56))


def test_every_row_a_cluster_gives_hc2_and_hc3(data) -> None:
    fit, rows = ancova("y ~ x + z", data), pd.Series(range(56))
    for kind, robust in (("CR0", "HC0"), ("CR2", "HC2"), ("CR3", "HC3")):
        found = cluster_robust(fit, rows, kind=kind).coefficients["std_error"]
        assert found.to_numpy() == pytest.approx(fit.robust(robust)["std_error"].to_numpy(), rel=1e-9)


def test_cr1s_is_statsmodels_clustered_variance(data) -> None:
    fit = smf.ols("y ~ x + treated", data)
    groups = pd.Categorical(data["site"]).codes
    theirs = fit.fit(cov_type="cluster", cov_kwds={"groups": groups}).cov_params()
    assert cluster_robust(fit.fit(), data["site"], kind="CR1S").vcov == pytest.approx(theirs.to_numpy(), rel=1e-8)


def test_a_logit_of_statsmodels_has_its_clustered_variance(data) -> None:
    model = smf.glm("I(y > 0) ~ x", data.assign(y=data["y"]), family=sm.families.Binomial())
    groups = pd.Categorical(data["site"]).codes
    theirs = model.fit(tol=1e-12, cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}).cov_params()
    found = cluster_robust(model.fit(tol=1e-12), data["site"], kind="CR0").vcov
    assert found == pytest.approx(theirs.to_numpy(), rel=1e-6)


def test_cr2_is_unbiased_under_its_working_model(data) -> None:
    model = working_model(ancova("y ~ x + treated", data))
    work = clustered_work(model, model.match(data["site"], "cluster"), "CR2")
    expected = np.einsum("ggqt->qt", work.covariances(np.eye(3)))
    assert expected == pytest.approx(work.inverse, rel=1e-9)


@pytest.mark.parametrize("kind", ["CR0", "CR2", "CR3"])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_low_rank_algebra_is_the_dense_one(data, kind, weighted) -> None:
    w = np.random.default_rng(1).uniform(0.5, 2, 56) if weighted else np.ones(56)
    fit = sm.WLS(data["y"], sm.add_constant(data[["x", "treated"]]), weights=w).fit()
    x, e, inverse = (
        fit.model.exog,
        fit.resid.to_numpy(),
        np.linalg.inv(fit.model.exog.T @ (fit.model.exog * w[:, None])),
    )
    hat, vcov = x @ inverse @ (x * w[:, None]).T, np.zeros((3, 3))
    for site in data["site"].unique():
        own = (data["site"] == site).to_numpy()
        residual = np.eye(56)[own] - hat[own]
        values, vectors = np.linalg.eigh(residual @ residual.T)
        a = {
            "CR0": np.eye(own.sum()),
            "CR2": vectors / np.sqrt(values) @ vectors.T,
            "CR3": np.linalg.inv(np.eye(own.sum()) - hat[np.ix_(own, own)]),
        }[kind]
        share = inverse @ (x[own] * w[own, None]).T @ a @ e[own]
        vcov += np.outer(share, share)
    assert cluster_robust(fit, data["site"], kind=kind).vcov == pytest.approx(vcov, rel=1e-9)


def test_weighted_fits_of_ours_and_of_statsmodels_agree(data) -> None:
    heavy = data.assign(w=np.random.default_rng(1).uniform(0.5, 2, 56))
    ours = cluster_robust(weighted_model("y ~ x + treated", heavy, weights="w"), heavy["site"])
    theirs = smf.wls("y ~ x + treated", heavy, weights=heavy["w"] / heavy["w"].mean()).fit()
    assert ours.vcov == pytest.approx(cluster_robust(theirs, heavy["site"]).vcov, rel=1e-9)


def test_large_clusters_are_no_burden() -> None:
    rng = np.random.default_rng(2)
    big = pd.DataFrame({"y": rng.normal(size=40_000), "x": rng.normal(size=40_000), "g": np.arange(40_000) % 8})
    assert cluster_robust(ancova("y ~ x", big), big["g"]).status == "ok"


def test_a_test_of_one_term_is_its_t_test(data) -> None:
    result = cluster_robust(ancova("y ~ x + treated", data), data["site"])
    test, row = result.test(["x"]), result.coefficients.loc["x"]
    assert test.statistic == pytest.approx(row["statistic"] ** 2, rel=1e-9)
    assert test.df_denom == pytest.approx(row["df"], rel=1e-9)
    assert test.p_value == pytest.approx(row["p_value"], rel=1e-8)


def test_one_two_two_one_providers_are_refused(data) -> None:
    arms = dict(zip("abcdef", ["p", "q", "q", "r", "r", "s"], strict=True))
    few = data[data["site"].isin(list(arms))].assign(arm=lambda frame: frame["site"].map(arms))
    result = cluster_robust(ancova("y ~ arm + x", few), few["site"])
    assert result.status.startswith("refused: fewer than two clusters")
    assert result.coefficients["std_error"].isna().all()
    assert result.coefficients["estimate"].notna().all()
    assert np.isnan(result.test(["arm[T.q]", "arm[T.r]"]).p_value)


def test_a_lone_provider_in_the_reference_arm_is_refused_by_its_leverage(data) -> None:
    arms = dict(zip("abcde", ["p", "q", "q", "r", "r"], strict=True))
    few = data[data["site"].isin(list(arms))].assign(arm=lambda frame: frame["site"].map(arms))
    assert "fitted exactly" in cluster_robust(ancova("y ~ arm + x", few), few["site"]).status


def test_a_term_with_few_degrees_of_freedom_is_refused_by_itself(data) -> None:
    few = data[data["site"].isin(list("abcdef"))].assign(treated=lambda f: f["site"].isin(["a", "b"]).astype(int))
    table = cluster_robust(ancova("y ~ treated + x", few), few["site"]).coefficients
    assert table.loc["treated", "status"].startswith("refused")
    assert np.isnan(table.loc["treated", "p_value"])
    assert table.loc["treated", "df"] < 4
    assert table.loc["x", "status"] == "ok"


def test_one_cluster_is_refused(data) -> None:
    assert "fewer than two" in cluster_robust(ancova("y ~ x", data), np.ones(56)).status


def test_names_of_clusters_and_order_of_rows_do_not_matter(data) -> None:
    one = cluster_robust(ancova("y ~ x + treated", data), data["site"])
    shuffled = data.sample(frac=1, random_state=3)
    other = cluster_robust(ancova("y ~ x + treated", shuffled), shuffled["site"].map(lambda site: f"site {site}"))
    assert one.vcov == pytest.approx(other.vcov, rel=1e-8)
    # a Series with labels finds its rows in any order
    again = cluster_robust(ancova("y ~ x + treated", shuffled), data["site"])
    assert one.vcov == pytest.approx(again.vcov, rel=1e-8)


def test_clusters_of_dropped_rows_are_passed_over(data) -> None:
    gaps = data.assign(x=data["x"].mask(data.index == 3))
    whole = data.drop(index=3)
    found = cluster_robust(ancova("y ~ x", gaps), gaps["site"]).vcov
    assert found == pytest.approx(cluster_robust(ancova("y ~ x", whole), whole["site"]).vcov, rel=1e-10)


def test_refusals_of_arguments(data) -> None:
    fit = ancova("y ~ x", data)
    with pytest.raises(ValueError, match="rows"):
        cluster_robust(fit, [1, 2, 3])
    with pytest.raises(ValueError, match="missing"):
        cluster_robust(fit, data["site"].mask(data.index == 0))
    with pytest.raises(ValueError, match="allowed"):
        cluster_robust(fit, data["site"], kind="CR4")
    with pytest.raises(ValueError, match="not known"):
        cluster_robust("fit", data["site"])
    with pytest.raises(ValueError, match="not in the model"):
        cluster_robust(fit, data["site"]).test(["w"])


def direct_bootstrap(data: pd.DataFrame, points: tuple[float, ...]) -> float:
    sites = pd.Categorical(data["site"]).codes
    x = np.column_stack([np.ones(len(data)), data["x"]])
    y = data["y"].to_numpy()

    def t_value(response):
        beta = np.linalg.lstsq(x, response, rcond=None)[0]
        scores = x * (response - x @ beta)[:, None]
        sums = np.array([scores[sites == site].sum(axis=0) for site in np.unique(sites)])
        bread = np.linalg.inv(x.T @ x)
        return beta[1] / np.sqrt((bread @ sums.T @ sums @ bread)[1, 1])

    null = y - y.mean()
    found = [t_value(y.mean() + null * np.array(v)[sites]) for v in product(points, repeat=sites.max() + 1)]
    return float(np.mean(np.abs(found) >= abs(t_value(y)) * (1 - 1e-10)))


def test_enumerated_bootstrap_agrees_with_direct_refits(data) -> None:
    weak = data.assign(y=data["y"] - 0.7 * data["x"])
    result = wild_cluster_bootstrap(ancova("y ~ x", weak), weak["site"], term="x", weights="rademacher")
    assert result.is_enumerated
    assert result.draws == 2**8
    assert result.p_value == pytest.approx(direct_bootstrap(weak, (-1.0, 1.0)), abs=1e-12)


def test_drawn_bootstrap_comes_near_the_enumerated_one_and_repeats(data) -> None:
    weak = data.assign(y=data["y"] - 0.7 * data["x"])
    fit = ancova("y ~ x", weak)
    exact = wild_cluster_bootstrap(fit, weak["site"], term="x", weights="rademacher").p_value
    drawn = [
        wild_cluster_bootstrap(fit, weak["site"], term="x", rng=np.random.default_rng(seed)).p_value
        for seed in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1]
    assert drawn[2] == pytest.approx(exact, abs=0.05)


def test_bootstrap_is_refused_where_clusters_are_too_few(data) -> None:
    few = data[data["site"].isin(list("abc"))]
    result = wild_cluster_bootstrap(ancova("y ~ treated + x", few), few["site"], term="treated")
    assert result.status.startswith("refused")
    assert np.isnan(result.p_value)


def test_bootstrap_refusals(data) -> None:
    fit = ancova("y ~ x", data)
    with pytest.raises(ValueError, match="rng"):
        wild_cluster_bootstrap(fit, data["site"], term="x")
    with pytest.raises(ValueError, match="no coefficient"):
        wild_cluster_bootstrap(fit, data["site"], term="w")
    with pytest.raises(ValueError, match="linear"):
        logit = smf.glm("I(y > 0) ~ x", data, family=sm.families.Binomial()).fit()
        wild_cluster_bootstrap(logit, data["site"], term="x", rng=np.random.default_rng(1))
