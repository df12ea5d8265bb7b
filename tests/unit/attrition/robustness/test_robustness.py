"""Every headline under each assumption: each method by hand or by its own function, and what survives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition.anchored.tables import anchored_tables
from increase_eval.attrition.imputed_scales import impute_scales, imputed_change_table
from increase_eval.attrition.imputed_scales.changes import worse_by
from increase_eval.attrition.pooling import pool
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


def stated(study, people, scores, states, imputed_tables, **tables):
    made = imputed_tables(study, people, scores, states, SCALE)
    rng = np.random.default_rng(3)
    return robustness_table(study, people, scores=scores, states=states, **made, **tables, ranges=RANGES, rng=rng)


@pytest.fixture(scope="module")
def table(study, data, imputed_tables):
    people, scores, states, responses = data
    models = score_model_tables(study, scores, people)
    anchored = anchored_tables(study, scores, people, responses, states)
    own = {"score_changes": models.changes, "score_contrasts": models.contrasts, "anchored_changes": anchored.changes}
    return stated(study, people, scores, states, imputed_tables, **own)


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
    assert len(counts) == 2 * 2 * 5
    for (outcome, _, _), methods in counts.items():
        lacking = set(METHODS) - set(methods) - {"jump_to_reference", "copy_reference", "copy_increments"}
        assert lacking == ({"mmrm"} if outcome == "employment" else {"first_wave"})
        assert len(methods) == len(set(methods))
    # Arms that were not drawn by lot are not compared here.
    assert table["contrast"].isna().all()


def test_codes_of_categories_enter_as_levels_whatever_the_codes(study, data, table, imputed_tables):
    """Numbers given to categories carry no order or distance: others in their place change nothing."""
    people, scores, states, _ = data
    other = people.assign(education_level=people["education_level"].map({1: 3, 2: 9, 3: 1, 4: 2}))
    moved = stated(study, other, scores, states, imputed_tables)
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
    ("method", "strategy"),
    [("imputation", "mar"), ("delta", "delta"), ("return_to_baseline", "return-to-baseline")],
)
def test_imputations_are_those_of_the_stored_table(study, data, table, method, strategy):
    people, scores, _, _ = data
    made = imputed_change_table(study, impute_scales(study, scores, people))
    for arm in ("parallel", "collective", "all"):
        rows = made.query("term == 'change' and outcome == @SCALE and by_strategy == @strategy and by_arm == @arm")
        rows = rows[rows["wave"] == "t3"]
        row = at(table, method, arm)
        assert len(rows) == 1
        assert row[["estimate", "std_error", "conf_low"]].tolist() == (
            rows.iloc[0][["estimate", "std_error", "conf_low"]].tolist()
        )


def test_delta_moves_the_mean_by_the_share_that_is_missing(study, data, table):
    wide = wide_of(*data[:2])
    missing = wide[wide["arm"] == "parallel"]["t3"].isna().mean()
    moved = at(table, "delta")["estimate"] - at(table, "imputation")["estimate"]
    assert moved == pytest.approx(worse_by(study.scale(SCALE), wide["t1"].std()) * missing, abs=1e-8)


def test_everybody_together_is_the_mean_of_the_arms_by_their_numbers(data, table):
    counts = wide_of(*data[:2])["arm"].value_counts()
    for method in ("imputation", "delta", "return_to_baseline", "bounds_lower", "bounds_upper"):
        expected = sum(at(table, method, arm)["estimate"] * n for arm, n in counts.items()) / counts.sum()
        assert at(table, method, "all")["estimate"] == pytest.approx(expected, abs=1e-9)


def test_counts_of_every_row_make_the_people_it_is_about(data, table):
    people, scores, _, _ = data
    wide = wide_of(people, scores)
    for outcome in (SCALE, "employment"):
        for arm in ("parallel", "all"):
            rows = table[table["outcome"].eq(outcome) & table["by_arm"].eq(arm) & table["wave"].eq("t3")]
            total = len(wide) if arm == "all" else int((wide["arm"] == arm).sum())
            seen = int((wide if arm == "all" else wide[wide["arm"] == arm])["t3"].notna().sum())
            own = rows[(rows["by_method"] != "first_wave") & ~rows["by_method"].str.startswith("anchored")]
            assert (own["n"] == seen).all()
            assert (own["n"] + own["n_dropped"] == total).all()


def test_draws_with_the_first_wave_weighted_are_pooled_by_hand(study, data, imputed_tables):
    people, scores, states, _ = data
    everybody = answers(people, gone=0.0)[0]
    first = everybody[everybody["wave"] == "t1"]
    # Everybody gave a first score here, so that weights are 1.
    scores = pd.concat([first, scores[scores["wave"] != "t1"]])
    made = imputed_tables(study, people, scores, states, SCALE)
    row = at(robustness_table(study, people, scores=scores, states=states, **made, ranges=RANGES,
                              rng=np.random.default_rng(3)), "imputation_weights")  # fmt: skip
    wide = wide_of(people, scores).query("arm == 'parallel'").set_index("id")
    drawn = made["draws"][SCALE].query("wave == 't3'").set_index("participant")
    changes = [wide["t3"].fillna(drawn[f"draw_{k}"].reindex(wide.index)) - wide["t1"] for k in range(1, 7)]
    n = len(wide)
    expected = pool([one.mean() for one in changes], [one.var() / n for one in changes], df_complete=n - 1)
    assert row["estimate"] == pytest.approx(expected.estimate, abs=EXACT)
    assert row["std_error"] == pytest.approx(expected.std_error, abs=EXACT)


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


def test_where_nobody_leaves_every_method_is_the_mean_change(study, imputed_tables):
    people = people_of(study, n=200)
    scores, states, _ = answers(people, gone=0.0)
    table = stated(study, people, scores, states, imputed_tables)
    changes = table[table["term"] == "change"]
    wide = wide_of(people, scores)
    for arm, own in wide.groupby("arm"):
        for wave in ("t2", "t3"):
            rows = changes[(changes["by_arm"] == arm) & (changes["wave"] == wave)]
            assert rows["estimate"].to_numpy() == pytest.approx((own[wave] - own["t1"]).mean(), abs=EXACT)
    shares = table[(table["term"] == "share") & (table["by_method"] != "first_wave")]
    spread = shares.groupby(["wave", "by_arm"])["estimate"].agg(lambda values: np.ptp(values))
    assert spread.max() < EXACT


def test_an_arm_that_all_leave_has_a_status_and_no_number(study, data, imputed_tables):
    people, scores, states, _ = data
    gone = people.loc[people["arm"] == "collective", "participant"]
    kept = ~(scores["participant"].isin(gone) & scores["wave"].eq("t3"))
    table = stated(study, people, scores[kept], states, imputed_tables)
    everybody = table.query("outcome == @SCALE and by_arm == 'all' and by_method == 'imputation'")
    assert everybody["estimate"].isna().all()
    own = table.query("outcome == @SCALE and by_arm == 'collective' and wave == 't3'").set_index("by_method")
    assert own.loc["complete_cases", "status"] == "nobody of the arm answered"
    assert own.loc[["complete_cases", "weights", "imputation"], "estimate"].isna().all()
    assert own.loc["bounds_lower", "estimate"] < own.loc["bounds_upper", "estimate"]
    assert (table["status"].eq("estimated") == table["estimate"].notna()).all()


def test_the_same_seed_gives_the_same_table(study, data, imputed_tables):
    people, scores, states, _ = data
    one, other = (stated(study, people, scores, states, imputed_tables) for _ in range(2))
    pd.testing.assert_frame_equal(one, other)


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
