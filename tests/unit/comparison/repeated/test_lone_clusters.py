"""Errors over few clusters: what one cluster or subject alone determines has none, nor what few clusters tell."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.comparison import ancova, cluster_robust, fit_mmrm


def long_data(sites: dict[str, int], people: int = 8, seed: int = 2) -> pd.DataFrame:
    """People at `sites` of each arm, three visits, a tenth of the answers missing."""
    rng = np.random.default_rng(seed)
    rows = [
        {"id": f"{arm}{site}{person}", "arm": arm, "site": f"{arm}{site}", "shift": rng.normal()}
        for arm, count in sites.items()
        for site in range(count)
        for person in range(people)
    ]
    frame = pd.DataFrame(rows).merge(pd.DataFrame({"visit": ["T1", "T2", "T3"]}), how="cross")
    frame["y"] = frame["shift"] + rng.normal(size=len(frame))
    return frame[rng.random(len(frame)) > 0.1]


def fit(data: pd.DataFrame, errors: str, cluster: str | None = "site", formula: str = "y ~ arm * visit"):
    return fit_mmrm(formula, data, subject="id", visit="visit", standard_errors=errors, cluster=cluster)


@pytest.mark.parametrize("errors", ["empirical", "empirical-bias-reduced", "empirical-jackknife"])
def test_an_arm_with_a_lone_cluster_has_no_error(errors) -> None:
    found = fit(long_data({"A": 9, "B": 1, "C": 9}), errors)
    means = found.means("arm", by="visit").set_index("arm")
    assert set(means.loc["B", "status"]) == {"refused: it rests on one cluster alone"}
    assert means.loc["B", "std_error"].isna().all()
    assert means.loc["B", "estimate"].notna().all()
    assert set(means.loc[["A", "C"], "status"]) == {"estimated"}
    contrasts = found.contrasts("arm", by="visit").set_index("contrast")
    assert contrasts.loc[["B - A", "C - B"], "p_value"].isna().all()
    assert set(contrasts.loc["C - A", "status"]) == {"estimated"}
    assert found.test("arm:visit").status == "refused: it rests on one cluster alone"
    assert np.isnan(found.test("arm:visit").p_value)
    assert found.test("visit").status == "estimated"


def test_a_lone_reference_arm_is_seen_although_it_has_no_column() -> None:
    found = fit(long_data({"A": 1, "B": 9, "C": 9}), "empirical-bias-reduced")
    means = found.means("arm", by="visit").set_index("arm")
    assert means["std_error"].isna().tolist() == [arm == "A" for arm in means.index]
    refusals = found.refusals
    assert refusals["Intercept"] == "refused: it rests on one cluster alone"
    assert found.coefficients["std_error"].isna().tolist() == (refusals != "").tolist()
    assert found.to_frame()["status"].tolist() == [words or "converged" for words in refusals]


def test_fewer_than_four_degrees_of_freedom_are_refused_by_themselves() -> None:
    found = fit(long_data({"A": 3, "B": 12}), "empirical-bias-reduced")
    means = found.means("arm", by="visit")
    few = means["df"] < 4
    assert few.tolist() == (means["arm"] == "A").tolist()
    assert means.loc[few, "status"].unique().tolist() == ["refused: fewer than 4 degrees of freedom"]
    assert means.loc[~few, "std_error"].notna().all()
    assert means.loc[few, ["std_error", "p_value", "conf_low", "conf_high"]].isna().all(axis=None)


def test_residual_degrees_of_freedom_do_not_lift_a_refusal() -> None:
    data = long_data({"A": 3, "B": 12})
    options = {"subject": "id", "visit": "visit", "standard_errors": "empirical", "cluster": "site", "df": "residual"}
    statuses = fit_mmrm("y ~ arm * visit", data, **options).means("arm")["status"].tolist()
    assert statuses == ["refused: fewer than 4 degrees of freedom", "estimated"]


def test_one_person_alone_has_no_empirical_error() -> None:
    data = long_data({"A": 6, "B": 6})
    one = data["id"].eq(data.loc[data["arm"] == "B", "id"].iloc[0])
    found = fit(data[(data["arm"] == "A") | one], "empirical", cluster=None)
    means = found.means("arm", by="visit").set_index("arm")
    assert set(means.loc["B", "status"]) == {"refused: it rests on one subject alone"}
    assert set(means.loc["A", "status"]) == {"estimated"}


def test_one_visit_is_as_a_linear_model_with_errors_by_cluster() -> None:
    data = long_data({"A": 7, "B": 8})
    data = data[data["visit"] == "T1"]
    found = fit(data, "empirical-bias-reduced", formula="y ~ arm").coefficients
    theirs = cluster_robust(ancova("y ~ arm", data), data["site"], kind="CR2").coefficients
    assert found["std_error"].tolist() == pytest.approx(theirs["std_error"].tolist(), rel=1e-8)
    assert found["df"].tolist() == pytest.approx(theirs["df"].tolist(), rel=1e-8)
