"""Estimating equations: statsmodels as second witness, gaps, visits, weights, refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf

from increase_eval.comparison import fit_gee
from increase_eval.errors import ConvergenceError, InsufficientDataError


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(6)
    people = pd.DataFrame(
        {"id": [f"p{i}" for i in range(80)], "arm": rng.choice(["a", "b"], 80), "u": rng.normal(size=80)}
    )
    long = people.merge(pd.DataFrame({"visit": ["t1", "t2", "t3"], "t": [0.0, 1.0, 2.0]}), how="cross")
    latent = 0.4 * long["t"] + (long["arm"] == "b") * 0.5 + long["u"] + rng.normal(size=240)
    long = long.assign(
        score=latent, event=(latent > 0).astype(int), count=rng.poisson(np.exp(0.3 * latent.clip(-2, 2)))
    )
    return long[rng.uniform(size=240) < 0.8]


@pytest.mark.parametrize(
    ("family", "outcome", "theirs"),
    [
        ("binomial", "event", sm.families.Binomial()),
        ("gaussian", "score", sm.families.Gaussian()),
        ("poisson", "count", sm.families.Poisson()),
    ],
)
def test_independence_agrees_with_statsmodels(data, family, outcome, theirs) -> None:
    ours = fit_gee(f"{outcome} ~ arm + t", data, subject="id", family=family, correlation="independence", time="visit")
    expected = smf.gee(f"{outcome} ~ arm + t", "id", data, family=theirs).fit(ctol=1e-12)
    assert ours.coefficients["estimate"].to_numpy() == pytest.approx(expected.params.to_numpy(), rel=1e-7)
    assert ours.coefficients["std_error"].to_numpy() == pytest.approx(expected.bse.to_numpy(), rel=1e-6)
    assert ours.alpha is None


@pytest.mark.parametrize("correlation", ["exchangeable", "ar1", "unstructured"])
def test_order_of_rows_does_not_matter_where_visits_are_named(data, correlation) -> None:
    options = {"subject": "id", "family": "gaussian", "correlation": correlation, "time": "visit"}
    one = fit_gee("score ~ arm + t", data, **options)
    other = fit_gee("score ~ arm + t", data.sample(frac=1, random_state=2), **options)
    assert one.vcov == pytest.approx(other.vcov, rel=1e-8)


def test_without_visits_answers_count_as_consecutive_and_the_result_says_so(data) -> None:
    whole = data.groupby("id").filter(lambda rows: len(rows) == 3)
    options = {"subject": "id", "family": "gaussian", "correlation": "ar1"}
    assert fit_gee("score ~ t", whole, **options).alpha == pytest.approx(
        fit_gee("score ~ t", whole, time="visit", **options).alpha, rel=1e-10
    )
    gaps = whole.assign(score=whole["score"].mask((whole["visit"] == "t2") & (whole["arm"] == "a")))
    in_order, dropped = fit_gee("score ~ t", gaps, **options), fit_gee("score ~ t", gaps.dropna(), **options)
    assert in_order.alpha == pytest.approx(dropped.alpha, rel=1e-12)
    assert in_order.n_dropped == int(gaps["score"].isna().sum())
    assert "consecutive" in in_order.assumption
    by_visit = fit_gee("score ~ t", gaps, time="visit", **options)
    assert "consecutive" not in by_visit.assumption
    assert by_visit.alpha != pytest.approx(in_order.alpha, rel=1e-3)


def test_exchangeable_is_the_mean_product_of_residuals(data) -> None:
    fit = fit_gee("score ~ 1", data, subject="id", family="gaussian", time="visit")
    residual = data["score"] - fit.coefficients.loc["Intercept", "estimate"]
    products = [(rows.sum() ** 2 - (rows**2).sum()) / 2 for _, rows in residual.groupby(data["id"]) if len(rows) > 1]
    pairs = sum(len(rows) * (len(rows) - 1) / 2 for _, rows in residual.groupby(data["id"]))
    assert fit.alpha == pytest.approx(sum(products) / pairs / (residual**2).mean(), rel=1e-8)


def test_one_visit_each_is_a_robust_glm(data) -> None:
    first = data.drop_duplicates("id")
    ours = fit_gee("event ~ arm + t", first, subject="id", correlation="independence")
    expected = smf.glm("event ~ arm + t", first, family=sm.families.Binomial()).fit(tol=1e-13, cov_type="HC0")
    assert ours.coefficients["std_error"].to_numpy() == pytest.approx(expected.bse.to_numpy(), rel=1e-6)
    with pytest.raises(InsufficientDataError, match="twice"):
        fit_gee("event ~ arm + t", first, subject="id", correlation="exchangeable")


def test_whole_weights_count_like_repeated_rows(data) -> None:
    weighted = fit_gee("event ~ arm", data.assign(w=2.0), subject="id", correlation="independence", weights="w")
    plain = fit_gee("event ~ arm", data, subject="id", correlation="independence")
    assert weighted.vcov == pytest.approx(plain.vcov, rel=1e-9)
    assert weighted.scale == pytest.approx(plain.scale, rel=1e-12)
    assert "MCAR" in plain.assumption
    assert "MCAR" not in weighted.assumption


@pytest.mark.parametrize("weighted", [False, True])
def test_unstructured_with_gaps_is_what_its_equations_say_person_by_person(data, weighted) -> None:
    whole = data.assign(w=1.0 + pd.factorize(data["id"])[0] % 3)
    gaps = whole[np.random.default_rng(6).random(len(data)) > 0.2]
    options = {"subject": "id", "correlation": "unstructured", "time": "visit", "weights": "w" if weighted else None}
    fit = fit_gee("event ~ arm + t", gaps, **options)
    beta, vcov, alpha = _person_by_person(gaps, weighted)
    assert fit.coefficients["estimate"].to_numpy() == pytest.approx(beta, rel=1e-7)
    assert fit.vcov == pytest.approx(vcov, rel=1e-6)
    assert fit.alpha.to_numpy() == pytest.approx(alpha, rel=1e-6)


def _person_by_person(rows: pd.DataFrame, weighted: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Solve the equations with loops over people: estimates, robust variance, correlation of visits."""
    visits = sorted(rows["visit"].unique())
    x = np.column_stack([np.ones(len(rows)), rows["arm"] == sorted(rows["arm"].unique())[1], rows["t"]]).astype(float)
    y, at = rows["event"].to_numpy(float), rows["visit"].map(visits.index).to_numpy()
    w = rows["w"].to_numpy() if weighted else np.ones(len(rows))
    people = [np.flatnonzero(rows["id"] == person) for person in rows["id"].unique()]
    beta = np.zeros(3)
    for _ in range(60):
        mean = 1 / (1 + np.exp(-x @ beta))
        r = (y - mean) / np.sqrt(mean * (1 - mean))
        phi = w @ r**2 / w.sum()
        sums, counts = np.zeros((len(visits),) * 2), np.zeros((len(visits),) * 2)
        for own in people:
            pair = np.ix_(at[own], at[own])
            sums[pair] += np.outer(w[own] * r[own], w[own] * r[own]) / phi
            counts[pair] += np.outer(w[own], w[own])
        alpha = sums / counts
        np.fill_diagonal(alpha, 1)
        bread, meat, total = np.zeros((3, 3)), np.zeros((3, 3)), np.zeros(3)
        for own in people:
            spread = np.sqrt(mean[own] * (1 - mean[own]))
            slope = x[own] * (spread**2)[:, None]
            variance = phi * np.outer(spread, spread) * alpha[np.ix_(at[own], at[own])]
            solved = w[own[0]] * np.linalg.solve(variance, slope)
            score = solved.T @ (y[own] - mean[own])
            bread, meat, total = bread + solved.T @ slope, meat + np.outer(score, score), total + score
        beta = beta + np.linalg.solve(bread, total)
    inverse = np.linalg.inv(bread)
    return beta, inverse @ meat @ inverse, alpha


def test_categories_are_visits_in_their_order(data) -> None:
    order = pd.Categorical(data["visit"], categories=["t3", "t2", "t1"])
    fit = fit_gee(
        "score ~ t", data.assign(visit=order), subject="id", family="gaussian", correlation="unstructured", time="visit"
    )
    assert fit.alpha.index.tolist() == ["t3", "t2", "t1"]


def test_refusals(data) -> None:
    with pytest.raises(ValueError, match="independence"):
        fit_gee("event ~ arm", data.assign(w=np.arange(len(data)) % 2 + 1.0), subject="id", weights="w")
    with pytest.raises(ValueError, match="two rows at one visit"):
        fit_gee("event ~ arm", pd.concat([data, data]), subject="id", time="visit")
    with pytest.raises(ValueError, match="0 and 1"):
        fit_gee("score ~ arm", data, subject="id")
    with pytest.raises(ValueError, match="counts"):
        fit_gee("score ~ arm", data, subject="id", family="poisson")
    with pytest.raises(ValueError, match="allowed"):
        fit_gee("event ~ arm", data, subject="id", correlation="toeplitz")
    with pytest.raises(ValueError, match="not in the table"):
        fit_gee("event ~ arm", data, subject="person")
    with pytest.raises(ConvergenceError, match="separate"):
        fit_gee("event ~ score", data, subject="id")
