"""Every scale of a study, anchored: the right people, categories that can be anchors, and a status for every row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition import anchored_nonresponse
from increase_eval.attrition.anchored.categories import join_rare, service_categories
from increase_eval.attrition.anchored.tables import anchored_tables
from increase_eval.errors import InsufficientDataError
from increase_eval.study import load_study

CONTRACT = Path(__file__).resolve().parents[4] / "data_contracts" / "increase_vs"
SCALE = "social_wellbeing"


@pytest.fixture(scope="module")
def study():
    return load_study(CONTRACT)


@pytest.fixture(scope="module")
def stored(study):
    rng, n = np.random.default_rng(1), 1600
    people = pd.DataFrame(
        {"participant": [f"p{i}" for i in range(n)], "arm": np.array(study.arm_ids)[np.arange(n) % 4]}
    )
    day = pd.Timestamp("2020-01-01")
    people["completed_on"] = day
    people["job_on"] = np.where(rng.random(n) < 0.3, day, pd.NaT)
    people["business_on"] = np.where(people["job_on"].isna() & (rng.random(n) < 0.2), day, pd.NaT)
    people["education_on"] = pd.NaT
    people.loc[:9, "education_on"] = day + pd.Timedelta(days=9)
    people.loc[people.index >= n - 100, "completed_on"] = pd.NaT
    first = rng.normal(10, 3, n)
    work = people["job_on"].notna() | people["business_on"].notna()
    scores = {
        "t1": np.where(rng.random(n) < 0.6, first, np.nan),
        "t2": np.where(rng.random(n) < 0.3, first + 1 + work, np.nan) + rng.normal(0, 1, n),
        "t3": np.where(rng.random(n) < 0.4, first + 1 + work, np.nan) + rng.normal(0, 1, n),
    }
    parts = [people[["participant"]].assign(wave=wave, scale=SCALE, score=own) for wave, own in scores.items()]
    long = pd.concat(parts)
    responses = long.assign(responded=long["score"].notna())[["participant", "wave", "responded"]]
    return {"scores": long, "participants": people, "responses": responses}


@pytest.fixture(scope="module")
def tables(study, stored):
    return anchored_tables(study, **stored)


def test_the_change_is_that_of_the_library_on_those_asked_of_the_wave(study, stored, tables):
    people = stored["participants"]
    asked = people[people["completed_on"].notna()].copy()
    for wave in ("t1", "t3"):
        own = stored["scores"].query("wave == @wave").set_index("participant")["score"]
        asked[wave] = own.reindex(asked["participant"]).to_numpy()
    asked["category"] = service_categories(asked, study.services)
    asked["category"] = join_rare(
        asked["category"], asked["arm"], (asked["t1"].notna() & asked["t3"].notna()).to_numpy()
    )
    expected = anchored_nonresponse(
        asked, outcome="t3", arm="arm", category="category", baseline="t1", quantity="change", gamma=0.0
    ).estimates.set_index("arm")
    own = tables.changes.query("outcome == @SCALE and wave == 't3' and term == 'change'")
    at_random = own[own["by_gamma"].astype(float) == 0].set_index("by_arm")
    for arm in study.arm_ids:
        assert at_random.loc[arm, "estimate"] == pytest.approx(expected.loc[arm, "estimate"], abs=1e-10)
        assert at_random.loc[arm, "n"] == expected.loc[arm, "n_observed"]


def test_levels_are_of_everybody_and_have_a_dial_for_entry(tables):
    levels = tables.changes.query("outcome == @SCALE and term == 'mean' and wave == 't2'")
    assert levels["by_gamma_entry"].nunique() == 3
    assert levels.groupby("by_arm").size().eq(27).all()


def test_comparisons_are_those_of_the_plan_with_their_smallest_difference(study, tables):
    own = tables.contrasts.query("outcome == @SCALE and wave == 't3'")
    assert set(own["contrast"]) == {f"{one.second} - {one.first}" for one in study.analysis.contrasts}
    assert own.groupby("contrast")["term"].value_counts().xs("smallest difference", level="term").eq(1).all()
    assert (own["n"] > 0).all()


def test_every_row_has_a_status_and_a_number_where_it_says_so(tables):
    for table in (tables.changes, tables.contrasts):
        assert table["status"].notna().all()
        assert (table["status"].eq("estimated") == table["estimate"].notna()).all()


def test_a_scale_without_scores_says_why(tables):
    own = tables.changes.query("outcome == 'goal_pursuit'")
    assert own["estimate"].isna().all()
    assert own["status"].str.contains("nobody|does not vary").all()


def test_people_who_are_not_asked_play_no_part(study, stored, tables):
    people = stored["participants"]
    gone = people.loc[people["completed_on"].isna(), "participant"]
    scores = stored["scores"].copy()
    scores.loc[scores["participant"].isin(gone), "score"] = 1000.0
    again = anchored_tables(study, **{**stored, "scores": scores})
    pd.testing.assert_frame_equal(again.changes, tables.changes)


def test_without_dates_of_outcomes_there_is_no_anchor(study, stored):
    bare = stored["participants"].drop(columns=["job_on", "business_on", "education_on"])
    with pytest.raises(InsufficientDataError, match="no anchor"):
        anchored_tables(study, **{**stored, "participants": bare})


def test_the_first_outcome_counts(study):
    dates = pd.to_datetime(["2020-03-01", "2020-01-01", None, "2020-02-02"])
    people = pd.DataFrame({"job_on": dates, "business_on": pd.to_datetime(["2020-02-01", None, None, "2020-02-02"])})
    # Of two on one day, the one that the contract lists first: the business.
    assert service_categories(people, study.services).tolist() == ["business", "job", "no outcome", "business"]


def test_rare_outcomes_are_joined_within_their_arm_and_none_stays_apart():
    arm = pd.Series(["x"] * 12 + ["y"] * 12)
    category = pd.Series((["a"] * 6 + ["b"] * 3 + ["c"] * 3) * 2)
    seen = np.ones(24, dtype=bool)
    assert set(join_rare(category, arm, seen, apart="a", fewest=5)) == {"a", "b or c"}
    assert set(join_rare(category, arm, seen, apart="a", fewest=3)) == {"a", "b", "c"}
    seen[-1] = False
    joined = join_rare(category, arm, seen, apart="a", fewest=3)
    assert set(joined[arm == "x"]) == {"a", "b", "c"}
    assert set(joined[arm == "y"]) == {"a", "b or c"}


def test_an_arm_with_too_few_outcomes_has_no_anchor():
    arm = pd.Series(["x"] * 20)
    category = pd.Series(["none"] * 18 + ["job", "firm"])
    assert set(join_rare(category, arm, np.ones(20, dtype=bool), apart="none", fewest=5)) == {"firm or job or none"}
