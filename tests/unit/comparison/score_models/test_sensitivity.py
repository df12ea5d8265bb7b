"""The same comparisons from complete cases, with clustered errors, and without each provider."""

from __future__ import annotations

import numpy as np
import pytest

from increase_eval.comparison import fit_mmrm
from increase_eval.comparison.score_models import score_model_tables, score_sensitivity


@pytest.fixture(scope="module")
def case(study_of, drawn):
    study = study_of(plan={"covariates": ["age"]})
    scores, people = drawn(study, people=360)
    return study, scores, people, score_sensitivity(study, scores, people)


def fit_to(long, **options):
    return fit_mmrm("score ~ arm * wave + age * wave", long, subject="participant", visit="wave", **options)


def difference(fit, first, second, at):
    table = fit.change("t1", "t3", by="arm", at=at).set_index("arm")["estimate"]
    return table[second] - table[first]


def test_the_model_is_that_of_the_table_of_comparisons(case, rows_with):
    study, scores, people, found = case
    table = score_model_tables(study, scores, people).contrasts
    plain = rows_with(table, by_model="baseline_free", by_unit="points").set_index(["contrast", "wave"])
    own = rows_with(found, by_analysis="model").set_index(["contrast", "wave"])
    np.testing.assert_allclose(own["estimate"], plain["estimate"].reindex(own.index), rtol=1e-9)
    assert (own["n"] == plain["n"].reindex(own.index)).all()


def test_complete_cases_are_those_with_a_score_at_every_wave(case, rows_with):
    _, scores, people, found = case
    count = scores.groupby("participant")["wave"].transform("nunique")
    long = scores[count == 3].merge(people)
    at = {"age": scores[scores["wave"] == "t1"].merge(people)["age"].mean()}
    row = rows_with(found, by_analysis="complete cases", contrast="c_a", wave="t3").iloc[0]
    assert row["estimate"] == pytest.approx(difference(fit_to(long), "a", "c", at), rel=1e-6)
    assert row["n"] == long.loc[long["arm"].isin(["a", "c"]), "participant"].nunique()
    assert row["by_without"] == "incomplete cases"


def test_clustered_errors_keep_the_estimate(case, rows_with):
    _, scores, people, found = case
    fit = fit_to(scores.merge(people), standard_errors="empirical-bias-reduced", cluster="site")
    # One covariate by wave moves every arm alike, so that its value drops out of the difference.
    labels, functions = fit.functions("change", "t1", "t3", by="arm")
    arms = labels["arm"].tolist()
    theirs = fit.inference.table((functions[arms.index("b")] - functions[arms.index("a")])[None, :]).iloc[0]
    row = rows_with(found, by_analysis="clustered by site", contrast="b_a", wave="t3").iloc[0]
    plain = rows_with(found, by_analysis="model", contrast="b_a", wave="t3").iloc[0]
    assert row["estimate"] == pytest.approx(plain["estimate"], rel=1e-9)
    assert (row["std_error"], row["df"]) == (
        pytest.approx(theirs["std_error"], rel=1e-6),
        pytest.approx(theirs["df"], rel=1e-6),
    )
    assert "over site" in row["method"]


def test_an_arm_with_one_site_has_no_clustered_error(study_of, drawn, rows_with):
    study = study_of()
    scores, people = drawn(study)
    people.loc[people["arm"] == "b", "site"] = "only"
    found = rows_with(score_sensitivity(study, scores, people), by_analysis="clustered by site", wave="t3")
    assert found.set_index("contrast")["status"].to_dict() == {
        "b_a": "not estimable", "c_a": "estimated", "c_b": "not estimable",
    }  # fmt: skip
    assert set(rows_with(found, contrast="b_a")["method"]) == {"an arm has too few sites"}


def test_too_few_sites_for_degrees_of_freedom(study_of, drawn, rows_with):
    study = study_of(arms=("a", "b"))
    scores, people = drawn(study)
    people["site"] = people["provider"]  # two sites an arm
    found = rows_with(score_sensitivity(study, scores, people), by_analysis="clustered by site")
    assert set(found["status"]) == {"not estimable"}
    assert found["method"].str.contains("fewer than 4 degrees of freedom").all()
    assert found["n"].notna().all()


def test_each_provider_is_left_out_in_turn(case, rows_with):
    _, scores, people, found = case
    assert set(rows_with(found, by_analysis="without one unit")["by_without"]) == {"a0", "a1", "b0", "b1", "c0", "c1"}
    long = scores.merge(people)
    at = {"age": long.loc[long["wave"] == "t1", "age"].mean()}
    row = rows_with(found, by_without="b1", contrast="b_a", wave="t3").iloc[0]
    assert row["estimate"] == pytest.approx(difference(fit_to(long[long["provider"] != "b1"]), "a", "b", at), rel=1e-6)


def test_without_the_only_provider_of_an_arm_its_comparisons_are_not_estimable(study_of, drawn, rows_with):
    study = study_of()
    scores, people = drawn(study)
    people.loc[people["arm"] == "c", "provider"] = "alone"
    found = rows_with(score_sensitivity(study, scores, people), by_without="alone", wave="t2").set_index("contrast")
    assert found["status"].to_dict() == {"b_a": "estimated", "c_a": "not estimable", "c_b": "not estimable"}
    assert found.loc["c_a", "estimate"] != found.loc["c_a", "estimate"]
    assert "fewer than 10 people" in found.loc["c_a", "method"]


def test_a_study_without_levels_has_the_model_and_complete_cases(study_of, drawn):
    study = study_of(levels=[])
    assert set(score_sensitivity(study, *drawn(study))["by_analysis"]) == {"model", "complete cases"}


def test_a_study_without_contrasts_has_no_row(study_of, drawn):
    study = study_of(arms=("a",))
    found = score_sensitivity(study, *drawn(study))
    assert len(found) == 0 and "by_analysis" in found.columns
