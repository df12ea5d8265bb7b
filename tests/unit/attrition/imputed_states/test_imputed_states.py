"""States imputed by chained equations: shares by hand from the draws, deltas, and where a verdict tips."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition.imputed_states import impute_states, imputed_state_table, state_tipping_table
from increase_eval.attrition.imputed_states.table import LOG_ODDS, NOT_SEEN
from increase_eval.attrition.pooling import pool
from increase_eval.study import load_study

CONTRACTS = Path(__file__).resolve().parents[4] / "data_contracts"
EXACT = 1e-10
STATES = ("employee", "self_employed", "unemployed", "education", "other")
DRAWS = 5


@pytest.fixture(scope="module")
def study():
    return load_study(CONTRACTS / "increase_vs")


def cohort(study, n=480, seed=1, gone=0.5):
    """Four arms, work likelier later on, and half gone by each later wave; one person lacks a covariate."""
    rng = np.random.default_rng(seed)
    arms = np.array(study.arm_ids)[np.arange(n) % 4]
    people = pd.DataFrame({"participant": [f"p{i:03d}" for i in range(n)], "arm": arms})
    people["completed_on"] = pd.Timestamp("2020-01-01")
    people["sex"] = rng.choice(["F", "M"], n)
    people["birth_year"] = rng.integers(1960, 2000, n).astype(float)
    people["education_level"] = rng.integers(1, 5, n)
    people.loc[0, "birth_year"] = np.nan
    parts = []
    for wave, odds in (("t1", (1, 1, 6, 1, 1)), ("t2", (2, 1, 4, 0, 1)), ("t3", (3, 2, 3, 1, 1))):
        p = np.array(odds) / sum(odds)
        own = people[["participant"]].assign(wave=wave, variable="employment", state=rng.choice(STATES, n, p=p))
        parts.append(own if wave == "t1" else own[rng.random(n) > gone])
    return people, pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def data(study):
    return cohort(study)


@pytest.fixture(scope="module")
def imputed(study, data):
    people, states = data
    return impute_states(study, people, states, rng=np.random.default_rng(2), draws=DRAWS)


@pytest.fixture(scope="module")
def table(study, imputed):
    return imputed_state_table(study, imputed)


def rows_of(table, **wanted):
    own = table
    for column, value in wanted.items():
        own = own[own[column].eq(value)]
    return own


def works(completed):
    return completed.isin(["employee", "self_employed"])


def test_a_share_is_the_pooled_mean_of_the_completed_tables(table, imputed, data):
    (one,) = imputed
    mine = one.headline.arm == "integrated"
    told = data[1].query("wave == 't3'").set_index("participant")["state"].reindex(one.headline.people["participant"])
    for state in ("employee", "counted"):
        means, within = [], []
        for draw in range(DRAWS):
            column = told.reset_index(drop=True).copy()
            column[column.isna().to_numpy()] = np.array(STATES)[one.within["t3"][draw]]
            assert (works(column) == (one.filled.completed(draw)["counts_t3"] == 1)).all()
            inside = (works(column) if state == "counted" else column == state)[mine]
            means.append(inside.mean())
            within.append(inside.astype(float).var(ddof=1) / mine.sum())
        expected = pool(means, within, df_complete=mine.sum() - 1)
        wanted = {"wave": "t3", "by_arm": "integrated", "by_state": state, "by_strategy": "mar"}
        (row,) = rows_of(table, **wanted, by_population="first wave").to_dict("records")
        assert row["estimate"] == pytest.approx(expected.estimate, abs=EXACT)
        assert row["std_error"] == pytest.approx(expected.std_error, abs=EXACT)
        assert row["n"] + row["n_dropped"] == mine.sum()
        answered = data[1].query("wave == 't3'")["participant"]
        assert row["n"] == one.headline.people["participant"][mine].isin(answered).sum()


def test_those_who_answered_keep_their_state_and_nobody_is_left_out(imputed, data):
    (one,) = imputed
    people, states = data
    told = states.query("wave == 't2'").set_index("participant")["state"]
    completed = one.filled.completed(3).set_index(one.headline.people["participant"])["counts_t2"]
    assert (completed.reindex(told.index).eq(1) == works(told)).all()
    # Who lacks a covariate has it imputed with the states.
    assert len(completed) == len(people)
    assert completed.notna().all()


def test_states_are_imputed_from_what_the_contract_declares_alone(imputed, study):
    (one,) = imputed
    allowed = {"counts_t1", "counts_t2", "counts_t3", "arm", *study.analysis.covariates}
    for equation in one.filled.plan.equations:
        assert {name for term in equation.terms for name in term} == allowed - {equation.target.name}


def test_the_state_within_its_kind_is_that_of_somebody_of_the_arm(imputed, data):
    (one,) = imputed
    gone, arm = ~one.seen("t3"), one.headline.arm
    for name in one.headline.arms:
        seen = {int(place) for place in one.told["t3"][(arm == name) & ~gone]}
        assert set(one.within["t3"][:, arm[gone] == name].ravel().tolist()) <= seen


def test_shares_of_all_states_make_one(table):
    single = table[(table["term"] == "share") & (table["by_state"] != "counted")]
    sums = single.groupby(["wave", "by_arm"])["estimate"].sum()
    assert sums.to_numpy() == pytest.approx(1.0, abs=EXACT)


def test_a_state_that_nobody_was_seen_in_has_no_share(table):
    own = rows_of(table, wave="t2", by_state="education")
    assert own["estimate"].isna().all()
    assert set(own["status"]) == {NOT_SEEN}


def test_where_nobody_is_in_a_state_that_counts_there_is_a_status(study, data):
    people, states = data
    alike = states.assign(state=states["state"].where(~works(states["state"]), "other"))
    variables = impute_states(study, people, alike, rng=np.random.default_rng(1), draws=2)
    own = rows_of(imputed_state_table(study, variables), by_state="counted", wave="t3", by_population="first wave")
    assert own["estimate"].isna().all()
    assert set(own["status"]) == {"everybody is in it, or nobody is"}
    assert state_tipping_table(study, variables)["status"].ne("estimated").all()


def test_a_comparison_is_the_second_arm_less_the_first(table, study):
    own = rows_of(table, wave="t3", by_state="counted", by_strategy="mar", by_population="first wave")
    shares = own[own["contrast"].isna()].set_index("by_arm")["estimate"]
    for contrast in study.analysis.contrasts:
        (row,) = rows_of(own, contrast=contrast.id).to_dict("records")
        assert row["estimate"] == pytest.approx(shares[contrast.second] - shares[contrast.first], abs=EXACT)
        assert row["term"] == "difference in share"


def test_where_everybody_answered_a_share_is_counted(study):
    people, states = cohort(study, n=80, gone=0.0)
    table = imputed_state_table(study, impute_states(study, people, states, rng=np.random.default_rng(1), draws=2))
    mine = people.loc[people["arm"] == "parallel", "participant"]
    told = states[states["participant"].isin(mine) & states["wave"].eq("t3")]["state"]
    for strategy in ("mar", "delta"):
        own = rows_of(table, wave="t3", by_arm="parallel", by_state="counted", by_strategy=strategy)
        assert own["estimate"].to_numpy() == pytest.approx(works(told).mean(), abs=EXACT)
        assert own["n_dropped"].eq(0).all()


def test_an_arm_of_one_has_a_status_and_an_empty_one_no_rows(study, data):
    people, states = data
    gone = people["arm"].eq("collective") & people["participant"].ne(people.loc[3, "participant"])
    kept = people[~gone].copy()
    kept = kept[kept["arm"].ne("integrated")]
    some = states[states["participant"].isin(kept["participant"])]
    table = imputed_state_table(study, impute_states(study, kept, some, rng=np.random.default_rng(1), draws=2))
    assert "integrated" not in set(table["by_arm"])
    alone = table[table["by_arm"] == "collective"]
    assert len(alone)
    assert alone["estimate"].isna().all()
    assert (table["status"].eq("estimated") == table["estimate"].notna()).all()


class TestDelta:
    def test_log_odds_of_those_imputed_are_lower(self, imputed):
        """Over many draws the share among them is that of the probabilities behind it, moved."""
        (one,) = imputed
        gone = ~one.seen("t3")
        shares = one.chances("t3")
        odds = shares / (1 - shares) * np.exp(-LOG_ODDS)
        moved = one.completed("t3", delta=-LOG_ODDS)[:, gone]
        # Binomial error of about 240 people times five draws.
        assert moved.mean() == pytest.approx((odds / (1 + odds)).mean(), abs=0.04)
        plain = one.completed("t3")[:, gone]
        assert moved.mean() < plain.mean()
        assert (one.completed("t3", delta=0.0) == one.completed("t3")).all()

    def test_answers_never_move(self, imputed):
        (one,) = imputed
        seen = one.seen("t3")
        assert (one.completed("t3", delta=-5.0)[:, seen] == one.completed("t3")[:, seen]).all()


class TestWhereAVerdictTips:
    @pytest.fixture(scope="class")
    @classmethod
    def points(cls, study, imputed):
        return state_tipping_table(study, imputed)

    def test_every_arm_and_both_arms_of_each_comparison_are_there(self, points, study):
        own = rows_of(points, wave="t3", by_direction="below", by_unit="log_odds")
        assert set(zip(own["contrast"], own["by_arm"], strict=True)) == {
            *(("t1 -> t3", arm) for arm in study.arm_ids),
            *((one.id, arm) for one in study.analysis.contrasts for arm in (one.first, one.second)),
        }

    def test_the_verdict_differs_on_either_side_of_the_point(self, points, study, imputed):
        """The change since the first wave in one arm, pooled by hand just before and just after."""
        (one,) = imputed
        headline = one.headline
        tried = 0
        for arm in study.arm_ids:
            mine = headline.arm == arm
            own = rows_of(points, contrast="t1 -> t3", by_arm=arm, by_unit="log_odds", status="estimated")
            for row in own.to_dict("records"):
                said = []
                for step in (-1e-3, 1e-3):
                    change = one_share(one, mine, row["estimate"] + step) - headline.first[mine]
                    found = pool(
                        change.mean(axis=1), change.var(axis=1, ddof=1) / mine.sum(), df_complete=mine.sum() - 1
                    )
                    frame = found.to_frame().iloc[0]
                    said.append(
                        "increase" if frame["conf_low"] > 0 else "decrease" if frame["conf_high"] < 0 else "unclear"
                    )
                assert row["verdict"] in said
                assert len(set(said)) == 2
                tried += 1
        assert tried >= 2

    def test_the_share_of_those_imputed_moves_with_the_log_odds(self, points):
        pairs = points.pivot_table(
            index=["contrast", "by_arm", "wave", "by_direction"], columns="by_unit", values="estimate"
        )
        assert len(pairs)
        assert (np.sign(pairs["log_odds"]) == np.sign(pairs["share"])).all()
        # At even odds a share moves by a quarter of small log odds, and nowhere by more.
        assert (pairs["share"].abs() <= pairs["log_odds"].abs() / 4 + EXACT).all()


def one_share(one, mine, delta):
    """Who works, with the log odds of an arm's imputed moved: from the thresholds that the points are found by."""
    from increase_eval.attrition.imputed_states.tipping import _draw

    gone = ~one.seen("t3")
    values = np.tile(np.where(gone, 0.0, one.headline.values["t3"]), (DRAWS, 1))
    values[:, gone] = _draw(one, "t3").threshold < delta
    return values[:, mine]


def test_thresholds_give_the_drawn_states_at_random_and_the_moved_shares_elsewhere(imputed):
    from increase_eval.attrition.imputed_states.tipping import _draw

    (one,) = imputed
    gone = ~one.seen("t3")
    drawn = _draw(one, "t3")
    assert ((drawn.threshold < 0) == one.completed("t3")[:, gone].astype(bool)).all()
    for delta in (-1.0, 1.5):
        odds = drawn.probability / (1 - drawn.probability) * np.exp(delta)
        assert (drawn.threshold < delta).mean() == pytest.approx((odds / (1 + odds)).mean(), abs=0.04)
