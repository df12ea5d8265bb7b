"""Design and response weights in adjusted comparisons: whole weights are people who stand there so many times."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from increase_eval.comparison import fit_cumulative, overlap_weights
from increase_eval.comparison.adjustment import doubly_robust, standardise
from increase_eval.comparison.arms import ArmOutcome, ArmPlan, adjusted_contrasts, satisfaction_contrasts

KINDS = ("overlap", "ipw", "matching")


def people(n: int = 400, seed: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=n), rng.choice(["m", "f"], n)
    score = np.column_stack([np.zeros(n), 0.6 * x, -0.5 * x + 0.4 * (z == "f")])
    chance = np.exp(score) / np.exp(score).sum(axis=1, keepdims=True)
    arm = np.array(["a", "b", "c"])[(rng.random((n, 1)) > chance.cumsum(axis=1)).sum(axis=1)]
    y = 1 + 0.5 * x + 0.3 * (arm == "b") + 0.2 * (z == "f") + rng.normal(size=n)
    data = pd.DataFrame({"arm": arm, "x": x, "z": z, "y": y, "hit": (y > 1.2).astype(float)})
    return data.assign(w=rng.integers(0, 4, n).astype(float), person=range(n))


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    return people()


@pytest.fixture(scope="module")
def copies(data) -> pd.DataFrame:
    return data.loc[data.index.repeat(data["w"].astype(int))].reset_index(drop=True)


def ways(name: str, table: pd.DataFrame, weights: str | None):
    if name.startswith("standardised"):
        outcome, family = ("hit", "binomial") if name.endswith("share") else ("y", "gaussian")
        return standardise(f"{outcome} ~ arm * x + z", table, arm="arm", family=family, weights=weights)
    if name.startswith("doubly robust"):
        kind = name.rpartition(" ")[2]
        return doubly_robust("hit ~ arm + x", "arm ~ x + z", table, kind=kind, family="binomial", weights=weights)
    return overlap_weights("arm ~ x + z", table, kind=name, weights=weights).adjusted("y")


WAYS = ("standardised", "standardised share", *KINDS, *(f"doubly robust {kind}" for kind in KINDS))


@pytest.mark.parametrize("name", WAYS)
def test_whole_weights_are_copies_of_people(data, copies, name) -> None:
    weighted, repeated = ways(name, data, "w"), ways(name, copies, None)
    np.testing.assert_allclose(weighted.estimates, repeated.estimates, rtol=1e-8)
    # Copies of one person are one cluster: their influences add up, by the factor m / (m - 1) of clusters.
    by_person = repeated.by_cluster(copies["person"])
    m = copies["person"].nunique()
    np.testing.assert_allclose(weighted.vcov * m / (m - 1), by_person.vcov, rtol=1e-6)
    assert weighted.sizes.sum() == m
    assert weighted.n_dropped == (data["w"] == 0).sum()
    assert "taken as fixed" in weighted.method


@pytest.mark.parametrize("name", WAYS)
def test_equal_weights_change_nothing(data, name) -> None:
    plain, weighted = ways(name, data, None), ways(name, data.assign(w=2.5), "w")
    np.testing.assert_allclose(weighted.estimates, plain.estimates, rtol=1e-8)
    np.testing.assert_allclose(weighted.vcov, plain.vcov, rtol=1e-6)


def test_a_weighted_mean_of_predictions_by_statsmodels(data) -> None:
    used = data[data["w"] > 0]
    design = pd.DataFrame({"one": 1.0, "b": used["arm"] == "b", "c": used["arm"] == "c", "x": used["x"]}).astype(float)
    fit = sm.WLS(used["y"], design, weights=used["w"]).fit()
    expected = [
        np.average(fit.predict(design.assign(b=float(arm == "b"), c=float(arm == "c"))), weights=used["w"])
        for arm in "abc"
    ]
    found = standardise("y ~ arm + x", data, arm="arm", weights="w")
    np.testing.assert_allclose(found.estimates, expected, rtol=1e-9)


def test_balance_before_is_that_of_the_people_as_they_were_weighted(data, copies) -> None:
    weighted = overlap_weights("arm ~ x + z", data, weights="w").balance
    repeated = overlap_weights("arm ~ x + z", copies).balance
    pairs = weighted[["contrast", "term"]].equals(repeated[["contrast", "term"]])
    assert pairs
    # The scale is the unweighted spread of the rows, which copies change: signs and order stay.
    assert (np.sign(weighted["before"]) == np.sign(repeated["before"])).all()
    assert (weighted["after"].abs() < 0.2).all()


def test_values_are_these_weights_times_those_they_came_with(data) -> None:
    found = overlap_weights("arm ~ x + z", data, weights="w")
    assert (found.values[data["w"] == 0] == 0).all()
    assert (found.values[data["w"] > 0] > 0).all()
    assert found.n_dropped == (data["w"] == 0).sum()


@pytest.mark.parametrize("bad", [-1.0, np.inf])
@pytest.mark.parametrize("name", ["standardised", "overlap", "doubly robust ipw"])
def test_weights_that_are_none_are_refused(data, name, bad) -> None:
    wrong = data.assign(w=data["w"].where(data.index != 3, bad))
    with pytest.raises(ValueError, match="negative or infinite"):
        ways(name, wrong, "w")
    with pytest.raises(ValueError, match="nowhere"):
        ways(name, data, "nowhere")


@pytest.fixture(scope="module")
def answers(data):
    """Scores of satisfaction, where people started, and response weights for some of those who answered."""
    people = data[["person", "arm", "x", "z"]].rename(columns={"person": "participant"})
    score = pd.DataFrame({"participant": data["person"], "wave": "t2", "scale": "joy"})
    score = score.assign(score=data["y"].round().clip(-1, 3))
    weights = pd.DataFrame({"participant": data["person"], "wave": "t2", "weighting": "ipw", "weight": data["w"]})
    return people, score, weights[weights["weight"] > 0]


PLAN = ArmPlan(arms=("a", "b", "c"), covariates=("x", "z"), categorical=frozenset({"z"}))


def test_adjusted_comparisons_are_told_weighted_as_well(answers, data) -> None:
    people, scores, weights = answers
    table = adjusted_contrasts(
        scores, None, people, outcomes=[ArmOutcome("joy", "t2")], plan=PLAN, response_weights=weights
    )
    own = table[(table["term"] == "difference") & (table["contrast"] == "b - a")].set_index("by_method")
    tidy = people.assign(y=scores["score"].to_numpy(), w=data["w"])
    expected = standardise("y ~ arm + x + z", tidy, arm="arm", weights="w").contrasts().iloc[0]
    assert own.loc["standardised_weighted", "estimate"] == pytest.approx(expected["estimate"], rel=1e-8)
    assert own.loc["standardised_weighted", "std_error"] == pytest.approx(expected["std_error"], rel=1e-6)
    assert own.loc["standardised_weighted", "n_dropped"] == (data["w"] == 0).sum()
    assert own.loc["doubly_robust_weighted", "status"] == "ok"
    plain = adjusted_contrasts(scores, None, people, outcomes=[ArmOutcome("joy", "t2")], plan=PLAN)
    assert not plain["by_method"].str.endswith("weighted").any()
    elsewhere = weights.assign(wave="t3")
    other = adjusted_contrasts(
        scores, None, people, outcomes=[ArmOutcome("joy", "t2")], plan=PLAN, response_weights=elsewhere
    )
    pd.testing.assert_frame_equal(other, plain)


def test_satisfaction_is_told_weighted_as_copies_would_have_it(answers, data) -> None:
    people, scores, weights = answers
    table = satisfaction_contrasts(
        scores, people, outcomes=[ArmOutcome("joy", "t2")], highest={"joy": 3.0}, plan=PLAN, response_weights=weights
    )
    own = table[(table["term"] == "odds_ratio") & (table["by_method"] == "weighted")].set_index("contrast")
    wide = people.assign(y=scores["score"].to_numpy())
    copies = wide.loc[wide.index.repeat(data["w"].astype(int))].reset_index(drop=True)
    fit = fit_cumulative("y ~ arm + x + z", copies, cluster="participant")
    ratio = fit.odds_ratios().loc["arm[T.b]"]
    assert own.loc["b / a", "estimate"] == pytest.approx(ratio["estimate"], rel=1e-7)
    m = copies["participant"].nunique()
    error = fit.coefficients.loc["arm[T.b]", "std_error"] * np.sqrt((m - 1) / m)
    assert own.loc["b / a", "std_error"] == pytest.approx(error, rel=1e-6)
    sizes = wide[data["w"] > 0]["arm"].value_counts()
    assert own.loc["b / a", "n"] == sizes["a"] + sizes["b"]
    tested = table[table["term"] == "proportional_odds"]
    assert set(tested["by_method"]) == {"unadjusted", "adjusted"}
