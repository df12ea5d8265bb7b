"""Each arm's own change: a verdict against nought and against what matters, never put down to the arm."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from increase_eval.claims.change_verdicts import change_verdict_table
from increase_eval.claims.plan import plan_comparisons, plan_table
from increase_eval.comparison.score_models.clustered_changes import ArmChanges

ERROR, DF = 0.1, 200.0


@pytest.fixture(scope="module")
def changes(study):
    """Changes in the shape of the stored table: 0.5 at every wave and arm, with a standard error of 0.1."""
    rows = []
    for one in study.analysis.estimands:
        if one.summary == "mean_change":
            head = {
                "outcome": one.outcome,
                "term": "change",
                "wave": one.wave,
                "contrast": f"{one.since} -> {one.wave}",
            }
            for arm in (*study.arm_ids, "all"):
                for unit in ("points", "sd"):
                    for model, estimate in (("baseline_free", 0.5), ("baseline_covariate", 9.0)):
                        numbers = {"estimate": estimate, "std_error": ERROR, "df": DF, "n": 60, "n_dropped": 0}
                        rows.append({**head, **numbers, "by_arm": arm, "by_unit": unit, "by_model": model})
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def table(study, changes):
    return change_verdict_table(study, plan_table(study), changes=changes)


def said(table):
    return table[table["term"] == "difference"]


def test_every_mean_change_of_the_plan_has_one_verdict_an_arm(study, table):
    wanted = {
        (one.family.id, one.estimand.id, arm)
        for one in plan_comparisons(study) if one.estimand.summary == "mean_change" for arm in study.arm_ids
    }  # fmt: skip
    keys = list(said(table)[["by_family", "by_estimand", "by_arm"]].itertuples(index=False, name=None))
    assert len(keys) == len(wanted)
    assert set(keys) == wanted


def test_intervals_share_the_error_rate_among_arms_and_waves(study, table):
    family = study.analysis.families[0]
    k = len(family.estimands) * len(study.arm_ids)
    row = said(table)[said(table)["by_family"] == family.id].iloc[0]
    half = ERROR * stats.t.ppf(1 - family.error_rate / (2 * k), DF)
    assert (row["conf_low"], row["conf_high"]) == (pytest.approx(0.5 - half), pytest.approx(0.5 + half))
    narrow = table[(table["term"] == "equivalence") & (table["by_family"] == family.id)].iloc[0]
    assert narrow["conf_low"] == pytest.approx(0.5 - ERROR * stats.t.ppf(1 - family.error_rate / k, DF))


def test_verdicts_follow_from_the_intervals(table):
    margins = table[table["term"] == "margin"].set_index(["by_estimand", "by_arm"])["estimate"]
    narrow = table[table["term"] == "equivalence"].set_index(["by_estimand", "by_arm"])
    for row in said(table).to_dict("records"):
        key = (row["by_estimand"], row["by_arm"])
        within = key in margins.index and abs(narrow.loc[key, ["conf_low", "conf_high"]]).max() < margins[key]
        expected = "different but smaller than matters" if within else "different"
        assert row["verdict"] == (expected if row["conf_low"] > 0 else row["verdict"])
        assert row["conf_low"] > 0


def test_no_change_is_put_down_to_its_arm(table):
    assert set(said(table)["status"]) == {"not separable"}


def test_a_change_was_declared_with_its_estimand(study, changes, table):
    assert set(said(table)["by_plan"]) == {"declared"}
    late = plan_table(study).assign(status="post hoc")
    assert set(said(change_verdict_table(study, late, changes=changes))["by_plan"]) == {"post hoc"}


def test_changes_name_their_waves(study, table):
    assert set(said(table)["contrast"]) == {
        f"{one.since} -> {one.wave}" for one in study.analysis.estimands if one.summary == "mean_change"
    }


def test_errors_over_sites_take_the_place_of_the_model_s_where_they_can_be_had(study, changes):
    scale = next(one for one in study.analysis.estimands if one.summary == "mean_change")
    first, second = study.arm_ids[:2]
    head = {"outcome": scale.outcome, "wave": scale.wave, "by_since": scale.since}
    rows = [
        {**head, "by_arm": arm, "by_analysis": name, "std_error": error, "df": df}
        for arm, df_sites in ((first, 9.0), (second, 3.0))
        for name, error, df in (("model", 0.2, 300.0), ("clustered by site", 0.3, df_sites))
    ]
    known = {scale.outcome: ArmChanges(scale.outcome, (), np.zeros((0, 0)), pd.DataFrame(rows))}
    table = change_verdict_table(study, plan_table(study), changes=changes, arm_changes=known)
    own = table[(table["outcome"] == scale.outcome) & (table["wave"] == scale.wave)]
    row = said(own)[said(own)["by_arm"] == first].iloc[0]
    # 0.3 over 0.2, times the model's error in the unit of the margin.
    assert (row["std_error"], row["df"], row["by_errors"]) == (pytest.approx(0.15), 9.0, "clustered by site")
    effect = own[(own["term"] == "design_effect") & (own["by_arm"] == first)].iloc[0]
    assert effect["estimate"] == pytest.approx(2.25)
    few = said(own)[said(own)["by_arm"] == second].iloc[0]
    assert (few["std_error"], few["by_errors"]) == (ERROR, "model")


def test_romano_wolf_takes_in_how_changes_vary_together(study, changes):
    scale = next(one for one in study.analysis.estimands if one.summary == "mean_change")
    own = [one for one in study.analysis.estimands if one.outcome == scale.outcome]
    keys = tuple((arm, one.since, one.wave) for one in own for arm in study.arm_ids)
    errors = pd.DataFrame(columns=["wave", "by_arm", "by_since", "by_analysis", "std_error", "df"])
    together = ERROR**2 * np.full((len(keys), len(keys)), 0.999) + 0.001 * ERROR**2 * np.eye(len(keys))
    weak = changes.assign(estimate=0.2)
    plain = change_verdict_table(study, plan_table(study), changes=weak)
    joint = {scale.outcome: ArmChanges(scale.outcome, keys, together, errors)}
    made = change_verdict_table(study, plan_table(study), changes=weak, arm_changes=joint)
    p_values = [
        t[(t["term"] == "romano_wolf") & (t["outcome"] == scale.outcome)]["p_value"].max() for t in (plain, made)
    ]
    # What nearly always rises and falls together is nearly one comparison.
    assert p_values[1] < 0.06 < p_values[0]


def test_a_scale_without_estimates_is_not_estimable(study, changes):
    table = change_verdict_table(study, plan_table(study), changes=changes.iloc[:0])
    assert set(said(table)["verdict"]) == {"not estimable"}
    assert table["estimate"].isna().all()
