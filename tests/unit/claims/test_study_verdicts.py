"""The comparisons of a plan, decided from estimates of models and shares of states."""

import numpy as np
import pandas as pd
import pytest

from increase_eval.claims import Attribution
from increase_eval.claims.joint import JointEstimates, family_covariance
from increase_eval.claims.plan import plan_comparisons, plan_table
from increase_eval.claims.study_design import attributions_of, study_factors, study_identification
from increase_eval.claims.study_verdicts import verdict_table


@pytest.fixture(scope="module")
def contrasts(study):
    """Estimates in the shape of the stored table: every comparison of a scale 0.1 with a standard error of 0.02."""
    rows = []
    for one in plan_comparisons(study):
        if one.estimand.summary == "mean_change":
            head = {"outcome": one.estimand.outcome, "term": "difference in change", "contrast": one.contrast.id}
            head |= {"wave": one.estimand.wave, "by_since": one.estimand.since, "by_adjustment": "none"}
            for unit in ("points", "sd"):
                for model, estimate in (("baseline_free", 0.1), ("baseline_covariate", 9.0)):
                    found = {"estimate": estimate, "std_error": 0.02, "df": 100.0, "n": 50, "n_dropped": 1}
                    rows.append({**head, "by_unit": unit, "by_model": model, **found})
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def attributions(study):
    return {one.id: Attribution("not separable", factors=("country",)) for one in study.analysis.contrasts}


@pytest.fixture(scope="module")
def table(study, tables, contrasts, attributions):
    return verdict_table(
        study, plan_table(study), contrasts=contrasts, states=tables["states"], participants=tables["participants"],
        attributions=attributions,
    )  # fmt: skip


def said(table):
    return table[table["term"] == "difference"]


def test_every_comparison_has_one_verdict(study, table):
    keys = said(table)[["by_family", "by_estimand", "contrast"]].itertuples(index=False, name=None)
    assert sorted(keys) == sorted((one.family.id, one.estimand.id, one.contrast.id) for one in plan_comparisons(study))


def test_the_model_without_allocation_by_chance_is_that_of_changes(table):
    assert set(said(table).loc[said(table)["by_unit"] != "share", "estimate"]) == {0.1}


def test_every_verdict_names_its_plan_and_attribution(table):
    assert set(said(table)["by_plan"]) == {"declared"}
    assert set(said(table)["status"]) == {"not separable"}


def test_shares_of_states_are_compared_among_respondents_of_the_wave(study, tables, table):
    row = said(table)[said(table)["by_unit"] == "share"].iloc[0]
    contrast = next(one for one in study.analysis.contrasts if one.id == row["contrast"])
    variable = next(one for one in study.head.states if one.id == row["outcome"])
    working = [state.id for state in variable.states if state.in_work]
    states = tables["states"]
    at_wave = states[(states["wave"] == row["wave"]) & states["state"].notna()]
    known = at_wave.merge(tables["participants"], on="participant")
    shares = {arm: known.loc[known["arm"] == arm, "state"].isin(working) for arm in (contrast.first, contrast.second)}
    p1, p2 = shares[contrast.first].mean(), shares[contrast.second].mean()
    n1, n2 = len(shares[contrast.first]), len(shares[contrast.second])
    assert row["estimate"] == pytest.approx(p2 - p1)
    assert row["std_error"] == pytest.approx(np.sqrt(p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2))
    assert row["n"] == n1 + n2
    assert not said(table)[said(table)["by_unit"] == "share"]["verdict"].str.startswith("equivalent").any()


def test_without_estimates_nothing_is_estimable_and_no_number_stands_on_nobody(study, tables, attributions):
    bare = verdict_table(
        study, plan_table(study), contrasts=None, states=None, participants=tables["participants"],
        attributions=attributions,
    )  # fmt: skip
    assert set(said(bare)["verdict"]) == {"not estimable"}
    assert bare["estimate"].isna().all()


def test_a_programme_with_an_approach_a_country_is_not_separable_from_it(study, tables):
    result = study_identification(study, tables["participants"], tables["responses"], tables["waves"])
    found = attributions_of(result.to_frame())
    assert found == {one.contrast: one.attribution for one in result.contrasts}
    assert {one.label for one in found.values()} == {"not separable"}
    countries = {
        unit.arm: unit.attributes["country"]
        for level in study.head.levels for unit in level.units if unit.arm and "country" in unit.attributes
    }  # fmt: skip
    for one in study.analysis.contrasts:
        apart = countries[one.first] != countries[one.second]
        assert ("country" in found[one.id].factors) == apart
        assert ("questionnaire_language" in found[one.id].factors) == apart
        assert "provider" in found[one.id].factors or apart


def test_factors_are_levels_attributes_language_and_quarter(study, tables):
    people = tables["participants"].assign(quarter="2020Q1")
    assert {"neighbourhood", "provider", "area", "country"} <= set(study_factors(study, people))
    assert "quarter" not in study_factors(study, people)


def test_a_family_varies_together_within_an_outcome_and_not_between():
    joint = {"a": JointEstimates((("c", "t2", "t1"), ("c", "t3", "t1")), np.array([[4.0, 1.0], [1.0, 9.0]]))}
    members = [("a", ("c", "t2", "t1")), ("a", ("c", "t3", "t1")), ("b", ("c", "t2", "t1"))]
    found = family_covariance(members, joint, np.array([2.0, 3.0, np.nan]))
    np.testing.assert_array_equal(found, [[4.0, 1.0, 0.0], [1.0, 9.0, 0.0], [0.0, 0.0, 0.0]])


def test_errors_over_sites_take_the_place_of_the_model_s(study, tables, contrasts, attributions):
    rows = []
    for one in plan_comparisons(study):
        if one.estimand.summary == "mean_change":
            head = {"outcome": one.estimand.outcome, "contrast": one.contrast.id, "wave": one.estimand.wave}
            head |= {"term": "difference in change", "by_since": one.estimand.since, "estimate": 0.1}
            df = 3.0 if one.contrast == study.analysis.contrasts[0] else 9.0
            rows.append({**head, "by_analysis": "model", "std_error": 0.02, "df": 100.0})
            rows.append({**head, "by_analysis": "clustered by site", "std_error": 0.05, "df": df})
    made = verdict_table(
        study, plan_table(study), contrasts=contrasts, states=None, participants=tables["participants"],
        attributions=attributions, clustered=pd.DataFrame(rows),
    )  # fmt: skip
    own = said(made)[said(made)["by_unit"] != "share"]
    refused = own["contrast"] == study.analysis.contrasts[0].id
    assert set(own.loc[refused, "by_errors"]) == {"model"}
    assert set(own.loc[~refused, "by_errors"]) == {"clustered by site"}
    assert own.loc[~refused, "std_error"].tolist() == pytest.approx([0.05] * int((~refused).sum()))
    assert set(own.loc[~refused, "df"]) == {9.0}
