"""Every headline under each assumption: each method by hand or by its own function, and what survives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition import impute
from increase_eval.attrition.anchored.tables import anchored_tables
from increase_eval.attrition.robustness import robustness_table, surviving
from increase_eval.attrition.robustness.table import METHODS
from increase_eval.comparison.score_models import score_model_tables
from increase_eval.results import estimate_table
from increase_eval.study import load_study

CONTRACTS = Path(__file__).resolve().parents[4] / "data_contracts"
SCALE = "life_satisfaction"
RANGES = {SCALE: (0.0, 10.0)}
EXACT = 1e-10


def people_of(study, n=400, seed=1):
    rng = np.random.default_rng(seed)
    arms = np.array(study.arm_ids)[np.arange(n) % len(study.arm_ids)]
    people = pd.DataFrame({"participant": [f"p{i:03d}" for i in range(n)], "arm": arms})
    people["completed_on"] = pd.Timestamp("2020-01-01")
    people["job_on"] = np.where(rng.random(n) < 0.4, pd.Timestamp("2020-02-01"), pd.NaT)
    people["sex"] = rng.choice(["F", "M"], n)
    people["birth_year"] = rng.integers(1960, 2000, n)
    people["education_level"] = rng.integers(1, 5, n)
    return people


def answers(people, *, gone=0.5, seed=2):
    rng, n = np.random.default_rng(seed), len(people)
    first = rng.normal(5, 1.5, n)
    wide = {"t1": np.where(rng.random(n) < 0.8, first, np.nan) if gone else first}
    for wave in ("t2", "t3"):
        stays = rng.random(n) > gone * (1 - 0.3 * (people["job_on"].notna()))
        wide[wave] = np.where(stays & ~np.isnan(wide["t1"]), first + 0.6 + rng.normal(0, 1, n), np.nan)
    scores = pd.concat([people[["participant"]].assign(wave=w, scale=SCALE, score=v) for w, v in wide.items()])
    states = []
    for wave, values in wide.items():
        working = np.where(rng.random(n) < (0.1 if wave == "t1" else 0.4), "employee", "unemployed")
        own = people[["participant"]].assign(wave=wave, variable="employment", state=working)
        states.append(own[~np.isnan(values)])
    responses = scores.assign(responded=scores["score"].notna())[["participant", "wave", "responded"]]
    return scores.dropna(subset=["score"]), pd.concat(states), responses


@pytest.fixture(scope="module")
def study():
    return load_study(CONTRACTS / "increase_vs")


@pytest.fixture(scope="module")
def data(study):
    people = people_of(study)
    return people, *answers(people)


def stated(study, people, scores, states, **tables):
    rng = np.random.default_rng(3)
    return robustness_table(study, people, scores=scores, states=states, **tables, ranges=RANGES, rng=rng)


@pytest.fixture(scope="module")
def table(study, data):
    people, scores, states, responses = data
    models = score_model_tables(study, scores, people)
    anchored = anchored_tables(study, scores, people, responses, states)
    return stated(study, people, scores, states, score_changes=models.changes, anchored_changes=anchored.changes)


def wide_of(people, scores):
    wide = {wave: own.set_index("participant")["score"] for wave, own in scores.groupby("wave")}
    table = pd.DataFrame({wave: own.reindex(people["participant"]).to_numpy() for wave, own in wide.items()})
    return table.assign(arm=people["arm"].to_numpy(), id=people["participant"].to_numpy()).dropna(subset=["t1"])


def at(table, method, arm="parallel", wave="t3", outcome=SCALE):
    rows = table.query("outcome == @outcome and by_method == @method and by_arm == @arm and wave == @wave")
    assert len(rows) == 1
    return rows.iloc[0]


def test_every_headline_has_every_method_once(study, table):
    counts = table.groupby(["outcome", "wave", "by_arm"])["by_method"].agg(list)
    assert len(counts) == 2 * 2 * 4
    for (outcome, _, _), methods in counts.items():
        lacking = set(METHODS) - set(methods) - {"jump_to_reference", "copy_reference", "copy_increments"}
        assert lacking == ({"mmrm", "delta"} if outcome == "employment" else {"first_wave"})
        assert len(methods) == len(set(methods))


def test_codes_of_categories_enter_as_levels_whatever_the_codes(study, data, table):
    """Numbers given to categories carry no order or distance: others in their place change nothing."""
    people, scores, states, _ = data
    other = people.assign(education_level=people["education_level"].map({1: 3, 2: 9, 3: 1, 4: 2}))
    moved = stated(study, other, scores, states)
    for outcome in (SCALE, "employment"):
        expected, found = (at(rows, "weights", outcome=outcome)["estimate"] for rows in (table, moved))
        assert found == pytest.approx(expected, abs=1e-8)


def test_complete_cases_are_the_mean_of_those_who_answered_both(data, table):
    wide = wide_of(*data[:2])
    own = (wide["t3"] - wide["t1"])[wide["arm"] == "parallel"].dropna()
    row = at(table, "complete_cases")
    assert row["estimate"] == pytest.approx(own.mean(), abs=EXACT)
    assert row["std_error"] == pytest.approx(own.std() / np.sqrt(len(own)), abs=EXACT)
    assert row["n"] == len(own)


@pytest.mark.parametrize(
    ("method", "options"),
    [("imputation", {}), ("return_to_baseline", {"strategy": "return-to-baseline"})],
)
def test_imputations_are_those_of_the_library(data, table, method, options):
    wide = wide_of(*data[:2])
    long = wide.melt(["id", "arm"], ["t1", "t2", "t3"], "wave", "y")
    done = impute(long, outcome="y", subject="id", visit="wave", arm="arm", **options).completed()
    means = done.groupby(["arm", "wave"])["y"].mean()
    for arm in ("parallel", "collective"):
        expected = means[arm, "t3"] - means[arm, "t1"]
        assert at(table, method, arm)["estimate"] == pytest.approx(expected, abs=1e-8)


def test_delta_moves_the_mean_by_the_share_that_is_missing(data, table):
    wide = wide_of(*data[:2])
    missing = wide[wide["arm"] == "parallel"]["t3"].isna().mean()
    moved = at(table, "delta")["estimate"] - at(table, "imputation")["estimate"]
    assert moved == pytest.approx(-0.25 * wide["t1"].std() * missing, abs=1e-8)


def test_bounds_put_everybody_who_left_at_an_end(data, table):
    wide = wide_of(*data[:2]).query("arm == 'parallel'")
    for method, end in (("bounds_lower", 0.0), ("bounds_upper", 10.0)):
        expected = (wide["t3"].fillna(end) - wide["t1"]).mean()
        assert at(table, method)["estimate"] == pytest.approx(expected, abs=EXACT)


def test_models_and_anchored_estimates_are_read_as_stored(data, study, table):
    people, scores, states, responses = data
    changes = score_model_tables(study, scores, people).changes
    own = changes.query(
        "outcome == @SCALE and by_model == 'baseline_free' and by_unit == 'points' and by_arm == 'parallel'"
    )
    assert at(table, "mmrm")["estimate"] == own[own["contrast"] == "t1 -> t3"]["estimate"].iloc[0]
    anchored = anchored_tables(study, scores, people, responses, states).changes
    shares = anchored.query("outcome == 'employment' and term == 'share' and wave == 't3' and by_arm == 'parallel'")
    lowest = shares.loc[shares["by_gamma"].astype(float).idxmin()]
    assert at(table, "anchored_low", outcome="employment")["estimate"] == lowest["estimate"]


def test_shares_unchanged_since_the_first_wave(data, table):
    people, _, states, _ = data
    work = states.assign(x=states["state"].eq("employee").astype(float))
    wide = {wave: own.set_index("participant")["x"] for wave, own in work.groupby("wave")}
    mine = people.loc[people["arm"] == "parallel", "participant"]
    first, last = (wide[wave].reindex(mine) for wave in ("t1", "t3"))
    expected = last.fillna(first)[first.notna().to_numpy()].mean()
    assert at(table, "return_to_baseline", outcome="employment")["estimate"] == pytest.approx(expected, abs=EXACT)
    assert at(table, "first_wave", outcome="employment")["estimate"] == pytest.approx(first.mean(), abs=EXACT)


def test_where_nobody_leaves_every_method_is_the_mean_change(study):
    people = people_of(study, n=200)
    scores, states, _ = answers(people, gone=0.0)
    table = stated(study, people, scores, states)
    changes = table[table["term"] == "change"]
    wide = wide_of(people, scores)
    for arm, own in wide.groupby("arm"):
        for wave in ("t2", "t3"):
            rows = changes[(changes["by_arm"] == arm) & (changes["wave"] == wave)]
            assert rows["estimate"].to_numpy() == pytest.approx((own[wave] - own["t1"]).mean(), abs=EXACT)
    shares = table[(table["term"] == "share") & (table["by_method"] != "first_wave")]
    spread = shares.groupby(["wave", "by_arm"])["estimate"].agg(lambda values: np.ptp(values))
    assert spread.max() < EXACT


def test_an_arm_that_all_leave_has_a_status_and_no_number(study, data):
    people, scores, states, _ = data
    gone = people.loc[people["arm"] == "collective", "participant"]
    kept = ~(scores["participant"].isin(gone) & scores["wave"].eq("t3"))
    table = stated(study, people, scores[kept], states)
    own = table.query("outcome == @SCALE and by_arm == 'collective' and wave == 't3'").set_index("by_method")
    assert own.loc["complete_cases", "status"] == "nobody of the arm answered"
    assert own.loc[["complete_cases", "weights", "imputation"], "estimate"].isna().all()
    assert own.loc["bounds_lower", "estimate"] < own.loc["bounds_upper", "estimate"]
    assert (table["status"].eq("estimated") == table["estimate"].notna()).all()


def test_the_same_seed_gives_the_same_table(study, data):
    people, scores, states, _ = data
    one, other = (stated(study, people, scores, states) for _ in range(2))
    pd.testing.assert_frame_equal(one, other)


def test_control_arms_bring_the_reference_based_family():
    study = load_study(CONTRACTS / "help")
    rng, n = np.random.default_rng(4), 120
    people = pd.DataFrame(
        {"participant": [f"p{i}" for i in range(n)], "arm": np.array(study.arm_ids)[np.arange(n) % 2]}
    )
    first = rng.normal(30, 8, n)
    parts = []
    for wave in study.wave_ids:
        stays = (wave == "m0") | (rng.random(n) < 0.7)
        values = first - 8 * (wave != "m0") + rng.normal(0, 4, n)
        parts.append(people[["participant"]].assign(wave=wave, scale="ces_d", score=values)[stays])
    table = robustness_table(study, people, scores=pd.concat(parts), ranges={}, rng=rng)
    own = table[table["by_arm"] == "clinic"].set_index("by_method")
    assert {"jump_to_reference", "copy_reference", "copy_increments"} <= set(own.index)
    # Lower is better here: those who left are worse off under delta, so that the change is smaller in size.
    assert own.loc["delta", "estimate"] > own.loc["imputation", "estimate"]
    assert own.loc["imputation", "verdict"] == "better"
    assert "bounds_lower" not in own.index


class TestWhatSurvives:
    def rows(self, **verdicts):
        rows = [
            {
                "outcome": "s",
                "term": "change",
                "wave": "w",
                "by_arm": "a",
                "by_method": name,
                "estimate": 1.0,
                "verdict": v,
            }
            for name, v in verdicts.items()
        ]
        return surviving(estimate_table(rows, status="estimated")).iloc[0]

    def test_methods_are_parted_by_what_they_say(self):
        found = self.rows(
            complete_cases="slightly better", mmrm="better", delta="worse", anchored="better", bounds_lower="worse",
            bounds_upper="better",
        )  # fmt: skip
        assert found["main"] == "mmrm"
        assert found["same"] == ("anchored",)
        assert found["smaller"] == ("complete_cases",)
        assert found["opposite"] == ("delta", "bounds")

    def test_bounds_survive_only_where_both_ends_agree(self):
        found = self.rows(mmrm="better", bounds_lower="slightly better", bounds_upper="better")
        assert found["smaller"] == ("bounds",)
        assert self.rows(mmrm="better", bounds_lower="better", bounds_upper="better")["same"] == ("bounds",)

    def test_without_the_model_the_next_is_the_main_one(self):
        assert self.rows(complete_cases="more", weights="fewer")["main"] == "weights"

    def test_a_method_without_a_number_is_missing(self):
        rows = [
            {
                "outcome": "s",
                "term": "change",
                "wave": "w",
                "by_arm": "a",
                "by_method": "mmrm",
                "estimate": 1.0,
                "verdict": "better",
            },
            {
                "outcome": "s",
                "term": "change",
                "wave": "w",
                "by_arm": "a",
                "by_method": "delta",
                "estimate": None,
                "verdict": "worse",
            },
        ]
        assert surviving(estimate_table(rows, status="x")).iloc[0]["missing"] == ("delta",)
