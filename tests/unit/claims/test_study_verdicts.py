"""The comparisons of a plan, decided from estimates of models and shares of states."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from increase_eval.claims import Attribution
from increase_eval.claims.joint import JointEstimates, family_covariance
from increase_eval.claims.plan import plan_comparisons, plan_table
from increase_eval.claims.study_design import attributions_of, study_factors, study_identification
from increase_eval.claims.study_verdicts import verdict_table
from increase_eval.study.plan import Margin


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


def adjusted_rows(study, *, sites: str = "ok", plain: str = "ok"):
    """Standardised differences of every pair of arms in the shape of the stored table, arms in the contract's order."""
    rows = []
    estimands = [one for one in study.analysis.estimands if one.summary == "share"]
    pairs = [(a, b) for at, a in enumerate(study.arm_ids) for b in study.arm_ids[at + 1 :]]
    for estimand in estimands:
        head = {"outcome": estimand.outcome, "wave": estimand.wave, "by_since": estimand.since, "term": "difference"}
        for a, b in pairs:
            same = {**head, "contrast": f"{b} - {a}", "estimate": 0.02, "n": 100, "n_dropped": 3}
            rows.append({**same, "by_method": "standardised", "std_error": 0.01, "df": np.nan, "status": plain})
            rows.append({**same, "by_method": "standardised_by_site", "std_error": 0.02, "df": 12.0, "status": sites})
    return pd.DataFrame(rows)


@pytest.fixture
def states_of(study, tables, attributions):
    def made(own=study, **options):
        table = verdict_table(
            own, plan_table(own), contrasts=None, states=tables["states"], participants=tables["participants"],
            attributions=attributions, **options,
        )  # fmt: skip
        return table[table["by_unit"] == "share"]

    return made


def test_shares_are_standardised_with_errors_over_sites(study, states_of):
    own = said(states_of(adjusted=adjusted_rows(study)))
    later = {arm: place for place, arm in enumerate(study.arm_ids)}
    for row in own.to_dict("records"):
        contrast = next(one for one in study.analysis.contrasts if one.id == row["contrast"])
        sign = 1 if later[contrast.second] > later[contrast.first] else -1
        assert (row["estimate"], row["std_error"], row["df"]) == (sign * 0.02, 0.02, 12.0)
        assert row["by_errors"] == "clustered by site"


def test_the_design_effect_of_shares_is_the_ratio_of_variances_where_errors_hold_it(study, states_of):
    table = states_of(adjusted=adjusted_rows(study))
    effect = table[table["term"] == "design_effect"]
    assert effect["estimate"].tolist() == pytest.approx([4.0] * len(effect))  # (0.02 / 0.01) squared
    assert set(effect["method"]) == {"in the standard error"}
    seen = table[table["term"] == "minimum_detectable"]
    assert seen["method"].str.endswith("design effect 4").all()
    # alpha 0.05 shared by 12, power 0.8, t(12), the error as it is.
    expected = 0.02 * (stats.t.ppf(1 - 0.05 / 24, 12) + stats.t.ppf(0.8, 12))
    assert seen["estimate"].tolist() == pytest.approx([expected] * len(seen))


def test_without_errors_over_sites_the_design_effect_widens_what_could_be_seen(study, states_of):
    table = states_of(adjusted=adjusted_rows(study, sites="refused: fewer than 4 degrees of freedom"))
    own, effect = said(table), table[table["term"] == "design_effect"]
    assert set(own["by_errors"]) == {"stacked equations"}
    assert set(own["std_error"]) == {0.01}
    assert (effect["estimate"] >= 1).all()
    assert set(effect["method"]) <= {"applied", "no clustering"}
    assert "applied" in set(effect["method"])
    seen = table[table["term"] == "minimum_detectable"]["estimate"].to_numpy(dtype=float)
    quantiles = stats.norm.ppf(1 - 0.05 / 24) + stats.norm.ppf(0.8)
    np.testing.assert_allclose(seen, 0.01 * np.sqrt(effect["estimate"].to_numpy(dtype=float)) * quantiles)


def test_shares_that_cannot_be_standardised_are_told_as_they_are(study, states_of):
    table = said(states_of(adjusted=adjusted_rows(study, sites="refused", plain="not estimable: too few people")))
    assert set(table["by_errors"]) == {"wald"}
    assert table["estimate"].tolist() == pytest.approx(said(states_of())["estimate"].tolist())


def test_shares_are_equivalent_within_a_declared_margin_alone(study, states_of):
    outcome = next(one.outcome for one in study.analysis.estimands if one.summary == "share")
    margin = Margin(scale=outcome, value=0.15, unit="share", source="A convention.")
    planned = study.model_copy(update={"analysis": study.analysis.model_copy(update={"margins": (margin,)})})
    table = states_of(planned, adjusted=adjusted_rows(study))
    assert set(said(table)["verdict"]) == {"equivalent"}
    assert set(table.loc[table["term"] == "margin", "estimate"]) == {0.15}


def test_the_intraclass_correlation_of_sites_widens_what_could_be_seen(study, tables, contrasts, attributions):
    site = study.site_level.id
    rows = [
        {"outcome": one.outcome, "term": "design effect", "wave": one.wave, "contrast": f"{one.since} -> {one.wave}",
         "by_level": site, "estimate": 1.44 if one.wave == study.wave_ids[-1] else 0.7}
        for one in study.analysis.estimands if one.summary == "mean_change"
    ]  # fmt: skip
    table = verdict_table(
        study, plan_table(study), contrasts=contrasts, states=None, participants=tables["participants"],
        attributions=attributions, components=pd.DataFrame(rows),
    )  # fmt: skip
    own = table[table["by_unit"] != "share"]
    effect = own[own["term"] == "design_effect"].set_index("wave")
    assert set(effect.loc[study.wave_ids[-1], "estimate"]) == {1.44}
    assert set(effect.drop(study.wave_ids[-1])["estimate"]) == {1.0}  # a negative correlation is no gain
    seen = own[own["term"] == "smallest_margin"].groupby("wave")["estimate"].first()
    assert seen[study.wave_ids[-1]] == pytest.approx(1.2 * seen.drop(study.wave_ids[-1]).iloc[0])
