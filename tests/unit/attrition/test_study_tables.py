"""From a study's stored tables to what is known of its leavers: people, differences, weights, bounds, dials."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition import fit_dropout_model
from increase_eval.attrition.leaver_tables import dropout_tables, join_small, leaver_differences, mcar_table
from increase_eval.attrition.population import AskedPeople
from increase_eval.attrition.representativeness_table import representativeness_table
from increase_eval.attrition.weight_tables import (
    answering_chances,
    response_weights_table,
    weight_balance,
    weight_diagnostics,
)
from increase_eval.attrition.weighted_changes import weighted_changes
from increase_eval.attrition.weighting import BOTH, IPW, NONE, RAKED, WEIGHTINGS, weigh_wave, weigh_waves
from increase_eval.attrition.worst_cases import bounds_table, dials_table, selection_models
from increase_eval.study import load_study

TINY = Path(__file__).parents[2] / "data" / "tiny"
WAVES = ("t1", "t2", "t3")
MET = 1e-9
"""Raking converges at 1e-11 of a total."""


@pytest.fixture(scope="module")
def study():
    return load_study(TINY)


def people(n: int = 240, *, back: bool = True, stay: float = 0.0) -> AskedPeople:
    """Three waves in three arms: answering goes with age and the first score; some come back, or nobody does."""
    rng = np.random.default_rng(4)
    age, sex = rng.integers(18, 60, n).astype(float), rng.choice(["1", "2"], n)
    score = 0.03 * age + rng.normal(size=n)
    first = rng.random(n) < 1 / (1 + np.exp(-(0.6 + stay - 0.02 * (age - 40))))
    second = first & (rng.random(n) < 1 / (1 + np.exp(-(0.4 + stay + 0.5 * score))))
    third = first & (second | back) & (rng.random(n) < 1 / (1 + np.exp(-(stay + 0.5 * score))))
    data = pd.DataFrame(
        {
            "participant": [f"p{i}" for i in range(n)],
            "arm": rng.choice(["letter", "course", "coach"], n),
            "sex": sex,
            "age": np.where(rng.random(n) < 0.1, np.nan, age),
            "score_wellbeing": np.where(first, score, np.nan),
        }
    )
    answered = np.column_stack([first, second, third])
    columns = ("sex", "age")
    return AskedPeople(
        data, answered, WAVES, columns, ("score_wellbeing",), columns, ("score_wellbeing",), frozenset({"sex"}), 0
    )


def scores_of(asked: AskedPeople) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    first = asked.data["score_wellbeing"].to_numpy()
    waves = [first, first + 0.3 + rng.normal(size=len(first)), first + 0.4 + rng.normal(size=len(first))]
    frames = [
        pd.DataFrame(
            {
                "participant": asked.data["participant"],
                "wave": wave,
                "scale": "wellbeing",
                "score": np.where(asked.at(wave), values, np.nan),
            }
        )
        for wave, values in zip(WAVES, waves, strict=True)
    ]
    return pd.concat(frames, ignore_index=True)


def test_gaps_are_filled_and_said_where_there_are_enough() -> None:
    asked = people()
    everybody = np.ones(240, dtype=bool)
    filled, names = asked.filled(everybody, ["sex", "age"])
    assert names == ("sex", "age", "age_unknown")
    missing = asked.data["age"].isna()
    assert filled["age_unknown"].tolist() == missing.astype(float).tolist()
    assert filled.loc[missing, "age"].unique() == pytest.approx([asked.data["age"].mean()])
    few = asked.data.assign(age=asked.data["age"].fillna(30.0))
    few.loc[:3, "age"] = np.nan
    assert replace(asked, data=few).filled(everybody, ["sex", "age"])[1] == ("sex", "age")


def test_a_column_that_repeats_another_is_left_out() -> None:
    asked = people()
    data = asked.data.assign(again=asked.data["sex"].map({"1": "a", "2": "b"}), same="x")
    twice = replace(asked, data=data, categorical=frozenset({"sex", "again", "same"}))
    assert twice.filled(np.ones(240, dtype=bool), ["sex", "again", "same"])[1] == ("sex",)


def test_numbers_are_grouped_alike_at_every_wave_and_gaps_are_a_group() -> None:
    asked = people()
    whole = asked.grouped(np.ones(240, dtype=bool), ["age"])["age"]
    part = asked.grouped(asked.at("t2"), ["age"])["age"]
    assert set(part) <= set(whole)
    assert len(set(whole) - {"not known"}) == 5
    assert (whole == "not known").sum() == asked.data["age"].isna().sum()


def test_differences_and_joint_tests_of_every_wave() -> None:
    asked = people()
    table = leaver_differences(asked)
    first = table[table["wave"] == "t1"]
    assert set(first["by_among"]) == {"everybody asked"}
    assert "score_wellbeing" not in set(first["outcome"])
    later = table[(table["wave"] == "t2") & (table["outcome"] == "score_wellbeing")]
    base = asked.at("t1")
    values, stayed = asked.data.loc[base, "score_wellbeing"], asked.at("t2")[base]
    one, other = values[stayed], values[~stayed]
    d = (one.mean() - other.mean()) / np.sqrt((one.var(ddof=1) + other.var(ddof=1)) / 2)
    assert later["estimate"].tolist() == pytest.approx([d])
    tests = table[table["outcome"] == "stayed"]
    assert tests["term"].value_counts().to_dict() == {"selective attrition": 3, "differential attrition": 3}
    assert tests["status"].eq("ok").all()
    filled, _ = asked.filled(base, ["sex", "age", "score_wellbeing"])
    model = fit_dropout_model("left ~ sex + age + score_wellbeing", filled.assign(left=~stayed))
    told = tests.set_index(["wave", "term"]).loc[("t2", "selective attrition")]
    assert told["statistic"] == pytest.approx(2 * (model.log_likelihood - model.null_log_likelihood), rel=1e-8)
    assert told["df"] == 3


def test_thin_categories_are_joined_so_that_no_difference_tells_their_number() -> None:
    values = pd.Series(["a"] * 40 + ["b"] * 30 + ["c"] * 4)
    inside = np.arange(74) % 2 == 0
    joined = join_small(values, inside, 10)
    assert set(joined) == {"a", "b + c"}
    for level in set(joined):
        assert min((joined[inside] == level).sum(), (joined[~inside] == level).sum()) >= 10
    assert set(join_small(values, inside, 1)) == {"a", "b", "c"}


def test_the_response_models_are_those_of_the_waves() -> None:
    models, calibration = dropout_tables(people())
    assert set(models["by_model"]) == {"wave by wave", "hazard"}
    own = models[(models["by_model"] == "wave by wave") & (models["wave"] == "t2")].set_index("term")["estimate"]
    assert own["score_wellbeing"] < 0
    assert 0.5 < own["auc"] < 1
    hazard = models[models["by_model"] == "hazard"]
    assert "wave[T.t3]" in set(hazard["term"])
    assert hazard["method"].str.startswith("cloglog").all()
    predicted = calibration[calibration["contrast"] == "predicted"]
    observed = calibration[calibration["contrast"] == "observed"]
    # A logit with an intercept predicts as many as there are.
    for wave in WAVES:
        sums = [(t["estimate"] * t["n"])[t["wave"] == wave].sum() for t in (predicted, observed)]
        assert sums[0] == pytest.approx(sums[1], rel=1e-6)


def test_little_by_scale_and_arm() -> None:
    asked = people()
    table = mcar_table(asked, scores_of(asked), scales=["wellbeing", "absent"])
    assert table["by_arm"].tolist()[0] == "all"
    assert set(table["by_arm"]) == {"all", "letter", "course", "coach"}
    assert (table["df"] > 0).all()


@pytest.mark.parametrize("back", [True, False])
def test_weights_stand_for_everybody_asked(back: bool) -> None:
    asked = people(back=back)
    assert asked.is_monotone is not back
    own = weigh_wave(asked, "t3")
    assert set(own.status.values()) == {"ok"}
    assert own.model is not None
    assert len(own.model.steps) == (2 if back else 3)
    who = asked.at("t1") & asked.at("t3")
    for name in WEIGHTINGS:
        assert ((own.values[name] > 0) == who).all()
    balance = weight_balance(asked, [weigh_wave(asked, "t1"), own])
    last = balance[(balance["wave"] == "t3")].set_index(["by_weights", "outcome", "term"])["estimate"]
    for name in (RAKED, BOTH):
        assert last[name]["arm"].abs().max() < MET
        assert last[name]["sex"].abs().max() < MET
    # What the first wave measured is what response weights are for.
    assert abs(last[IPW, "score_wellbeing", "mean"]) < 0.5 * abs(last[NONE, "score_wellbeing", "mean"])


def test_diagnostics_and_person_weights_say_the_same() -> None:
    asked = people()
    weights = list(weigh_waves(asked))
    table = response_weights_table(asked, weights)
    assert list(table.columns) == ["participant", "wave", "weighting", "weight"]
    told = weight_diagnostics(weights).set_index(["wave", "by_weights", "term"])["estimate"]
    for (wave, name), rows in table.groupby(["wave", "weighting"]):
        w = rows["weight"].to_numpy(float)
        assert w.mean() == pytest.approx(1)
        assert told[wave, name, "effective_sample_size"] == pytest.approx(len(w) ** 2 / (w @ w))
        assert told[wave, name, "largest_weight"] == pytest.approx(w.max())
        assert told[wave, name, "design_effect"] == pytest.approx(w @ w / len(w))


def test_chances_are_those_of_the_last_step() -> None:
    asked = people()
    weights = [weigh_wave(asked, "t2")]
    table = answering_chances(weights).set_index(["by_answered", "term"])
    fitted = weights[0].model.steps[-1].fitted
    stayed = asked.at("t2")[asked.at("t1")]
    assert table.loc[("yes", "p50"), "estimate"] == pytest.approx(np.quantile(fitted[stayed], 0.5))
    assert table.loc[("no", "p25"), "estimate"] == pytest.approx(np.quantile(fitted[~stayed], 0.25))
    assert table.loc[("yes", "p50"), "n"] == stayed.sum()


def test_a_percentile_of_few_people_is_not_given() -> None:
    asked = people(60)
    table = answering_chances([weigh_wave(asked, "t3")])
    few = table[table["term"] == "p10"]
    assert few["estimate"].isna().all()
    assert few["status"].eq("too few people").all()


def test_weighted_changes_of_everybody_and_of_arms(study) -> None:
    asked = people()
    weights = list(weigh_waves(asked))
    scores = scores_of(asked)
    rng = np.random.default_rng(1)
    table = weighted_changes(study, asked, weights, scores=scores, states=None, rng=rng, groups=4)
    assert table["status"].eq("ok").all()
    key = ["term", "wave", "by_arm", "by_weights"]
    told = table.set_index(key)["estimate"]
    wide = scores.pivot_table(index="participant", columns="wave", values="score").reindex(asked.data["participant"])
    change = (wide["t3"] - wide["t1"]).to_numpy()
    w = weights[-1].values[IPW]
    used = ~np.isnan(change) & (w > 0)
    assert told["change", "t3", "all", IPW] == pytest.approx(np.average(change[used], weights=w[used]))
    in_arm = used & (asked.data["arm"] == "coach").to_numpy()
    raked = weights[-1].values[RAKED]
    assert told["change", "t3", "coach", RAKED] == pytest.approx(np.average(change[in_arm], weights=raked[in_arm]))
    plain = table.set_index(key).loc[("change", "t3", "all", NONE)]
    assert plain["std_error"] == pytest.approx(change[used].std(ddof=1) / np.sqrt(used.sum()))
    assert set(table["term"]) == {"mean", "change"}


def test_where_everybody_answers_all_weightings_are_complete_cases(study) -> None:
    asked = people(120, stay=50.0)
    assert asked.answered.all()
    weights = list(weigh_waves(asked))
    for own in weights:
        for name in WEIGHTINGS:
            assert np.ptp(own.values[name]) < MET
    rng = np.random.default_rng(1)
    scores = scores_of(asked)
    told = weighted_changes(study, asked, weights, scores=scores, states=None, rng=rng, groups=4)
    wide = told.pivot_table(index=["term", "wave", "by_arm"], columns="by_weights", values="estimate")
    for name in WEIGHTINGS:
        assert (wide[name] - wide[NONE]).abs().max() < 1e-10
    differences = leaver_differences(asked)
    assert differences["status"].eq("nobody left").all()
    models, calibration = dropout_tables(asked)
    assert models["estimate"].isna().all() and models["status"].str.contains("nobody has").all()
    assert calibration.empty
    indicators = representativeness_table(asked, draws=3, rng=rng)
    assert (indicators.loc[indicators["term"] == "largest_bias", "estimate"] == 0).all()
    dials = dials_table(study, asked, scores=scores, states=None, rng=rng)
    assert dials["status"].str.contains("nothing to turn").all()
    bounds = bounds_table(study, asked, scores=scores, states=None, ranges={"wellbeing": (-9.0, 12.0)})
    ends = bounds[bounds["contrast"].isna()].pivot_table(
        index=["by_measure", "wave", "by_arm"], columns="term", values="estimate"
    )
    assert (ends["upper"] - ends["lower"]).abs().max() < 1e-10


def test_where_nobody_answers_every_table_says_so(study) -> None:
    asked = people()
    asked = replace(asked, answered=np.zeros_like(asked.answered), data=asked.data.assign(score_wellbeing=np.nan))
    weights = list(weigh_waves(asked))
    assert all(set(own.status.values()) == {"nobody answered"} for own in weights)
    assert weight_diagnostics(weights)["status"].eq("nobody answered").all()
    assert response_weights_table(asked, weights).empty
    assert leaver_differences(asked)["status"].eq("nobody stayed").all()
    models, _ = dropout_tables(asked)
    assert models["estimate"].isna().all()
    table = representativeness_table(asked, draws=0, rng=np.random.default_rng(1))
    assert table["status"].str.contains("nobody answered").all()


def test_an_arm_of_one_leaves_what_can_be_said_of_the_others(study) -> None:
    asked = people()
    arms = asked.data["arm"].where(asked.data["arm"] != "coach", "letter")
    arms[int(np.flatnonzero(asked.answered.all(axis=1))[0])] = "coach"
    asked = replace(asked, data=asked.data.assign(arm=arms))
    weights = list(weigh_waves(asked))
    assert weights[-1].status[RAKED] == "ok"
    assert any("coach joined" in note for note in weights[-1].notes[RAKED])
    rng = np.random.default_rng(1)
    table = weighted_changes(study, asked, weights, scores=scores_of(asked), states=None, rng=rng, groups=4)
    one = table[(table["by_arm"] == "coach") & (table["by_weights"] == NONE)]
    assert one["estimate"].isna().all() and one["status"].str.contains("no degree of freedom").all()
    rest = table[(table["by_arm"] != "coach")]
    assert rest["estimate"].notna().all()
    bounds = bounds_table(study, asked, scores=scores_of(asked), states=None, ranges={"wellbeing": (-9.0, 12.0)})
    assert bounds.loc[bounds["by_arm"] == "coach", "status"].eq("bounds need two people").all()


def test_a_study_without_covariates_gets_a_reason() -> None:
    asked = replace(people(), register=(), demographic=())
    own = weigh_wave(asked, "t1")
    assert own.status[IPW] == "ok"
    assert "declares no covariate" in own.status[RAKED]
    single = replace(asked, data=asked.data.assign(arm="letter"))
    table = representativeness_table(single, draws=0, rng=np.random.default_rng(1))
    assert table["status"].str.contains("declares no covariate").all()


def test_selection_models_without_a_declared_variable_say_what_identifies_them(study) -> None:
    asked = people()
    table = selection_models(study, asked, scores=scores_of(asked), states=None)
    assert set(table["status"]) == {"identified by normality alone"}
    assert set(table["wave"]) == {"t2", "t3"}
    assert {"rho", "inverse_mills"} <= set(table["term"])


def test_dials_are_in_standard_deviations_of_the_first_wave(study) -> None:
    asked = people()
    scores = scores_of(asked)
    table = dials_table(study, asked, scores=scores, states=None, rng=np.random.default_rng(1))
    own = table[(table["by_arm"] == "all") & (table["wave"] == "t3") & (table["by_dial"] == "pattern-mixture")]
    told = own.set_index("term")["estimate"]
    first = asked.data["score_wellbeing"].dropna()
    missing = 1 - asked.at("t3")[asked.at("t1")].mean()
    assert told["0.5"] - told["0"] == pytest.approx(0.5 * first.std(ddof=1) * missing)
    assert told["needed"] == pytest.approx(-told["0"] / (missing * first.std(ddof=1)))
    assert own["n"].eq(len(first)).all()
