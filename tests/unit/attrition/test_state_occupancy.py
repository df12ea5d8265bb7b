"""Shares of states side by side: as observed, of those who can be weighted, weighted, and imputed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition.population import AskedPeople
from increase_eval.attrition.state_occupancy import state_occupancy
from increase_eval.attrition.weight_tables import response_weights_table
from increase_eval.attrition.weighting import IPW, weigh_waves
from increase_eval.results import estimate_table
from increase_eval.study import load_study

TINY = Path(__file__).parents[2] / "data" / "tiny"
STATES = ("unemployed", "training", "employed")
WAVES = ("t1", "t2", "t3")
KEY = ["wave", "by_arm", "by_method", "term"]


@pytest.fixture(scope="module")
def study():
    return load_study(TINY)


def cohort(n: int = 300, seed: int = 8) -> tuple[AskedPeople, pd.DataFrame]:
    """Three waves, three arms; who is older answers more often and is employed more often; some states are missing."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 60, n).astype(float)
    first = rng.random(n) < 1 / (1 + np.exp(-(0.8 + 0.04 * (age - 40))))
    second = first & (rng.random(n) < 1 / (1 + np.exp(-0.05 * (age - 35))))
    third = second & (rng.random(n) < 0.7)
    answered = np.column_stack([first, second, third])
    data = pd.DataFrame(
        {"participant": [f"p{i}" for i in range(n)], "arm": rng.choice(["letter", "course", "coach"], n), "age": age}
    )
    rows = []
    for place, wave in enumerate(WAVES):
        chance = np.clip((age - 18) / 60, 0.05, 0.9)
        state = np.where(rng.random(n) < chance, "employed", rng.choice(["unemployed", "training"], n))
        known = answered[:, place] & (rng.random(n) < 0.95)
        own = pd.DataFrame({"participant": data["participant"], "state": state}).assign(wave=wave, variable="work")
        rows.append(own.assign(state=own["state"].where(known))[answered[:, place]])
    people = AskedPeople(data, answered, WAVES, ("age",), (), ("age",), (), frozenset(), 0)
    return people, pd.concat(rows, ignore_index=True)


@pytest.fixture(scope="module")
def made(study):
    people, states = cohort()
    weights = list(weigh_waves(people))
    return people, states, weights, state_occupancy(study, people, weights, states)


def of_row(people: pd.DataFrame, row: dict) -> pd.DataFrame:
    """Give the people of the wave and arm of a row."""
    own = people[people["wave"] == row["wave"]]
    return own if row["by_arm"] == "all" else own[own["arm"] == row["by_arm"]]


def test_every_wave_arm_method_and_state_has_one_row(made) -> None:
    table = made[-1]
    assert not table.duplicated(KEY).any()
    assert len(table) == 3 * 4 * 3 * 3  # waves, arms with all, methods, states
    sums = table.groupby(["wave", "by_arm", "by_method"])["estimate"].sum()
    assert sums.to_numpy() == pytest.approx(np.ones(len(sums)), abs=1e-12)


def test_observed_shares_are_those_counted(made) -> None:
    people, states, _, table = made
    own = states.dropna(subset="state").merge(people.data[["participant", "arm"]])
    for row in table[table["by_method"] == "observed"].to_dict("records"):
        here = own[
            (own["wave"] == row["wave"]) & own["arm"].isin([row["by_arm"]] if row["by_arm"] != "all" else own["arm"])
        ]
        assert row["n"] == len(here)
        assert row["estimate"] == pytest.approx((here["state"] == row["term"]).mean(), abs=1e-12)


def test_weighted_shares_are_sums_of_the_stored_weights(made) -> None:
    people, states, weights, table = made
    stored = response_weights_table(people, weights)
    own = states.dropna(subset="state").merge(stored[stored["weighting"] == IPW], on=["participant", "wave"])
    own = own.merge(people.data[["participant", "arm"]], on="participant")
    for row in table[table["by_method"] == "weighted"].to_dict("records"):
        here = own[
            (own["wave"] == row["wave"]) & own["arm"].isin([row["by_arm"]] if row["by_arm"] != "all" else own["arm"])
        ]
        share = here.loc[here["state"] == row["term"], "weight"].sum() / here["weight"].sum()
        assert (row["n"], row["status"]) == (len(here), "ok")
        assert row["estimate"] == pytest.approx(share, abs=1e-12)
        assert 0 < row["conf_low"] < row["estimate"] < row["conf_high"] < 1


def test_weighting_moves_shares_towards_those_of_everybody(study) -> None:
    # Answering depends on age alone, and so does the state: with many people the weighted share is nearly the true one.
    people, states = cohort(6000, seed=3)
    truth = np.clip((people.data["age"] - 18) / 60, 0.05, 0.9).mean()
    table = state_occupancy(study, people, list(weigh_waves(people)), states)
    own = table[(table["wave"] == "t2") & (table["by_arm"] == "all") & (table["term"] == "employed")]
    share = own.set_index("by_method")["estimate"].astype(float)
    error = float(own.loc[own["by_method"] == "weighted", "std_error"].iloc[0])
    assert abs(share["weighted"] - truth) < 3 * error
    assert share["observed"] - truth > 5 * error


def test_where_everybody_answered_the_interval_is_that_of_survey(study) -> None:
    # svyciprop(~y, svydesign(~1, weights = ~1), method = "logit") of R's survey, 7 of 40.
    data = pd.DataFrame({"participant": [f"p{i}" for i in range(40)], "arm": "letter"})
    people = AskedPeople(data, np.ones((40, 1), dtype=bool), ("t1",), (), (), (), (), frozenset(), 0)
    states = pd.DataFrame({"participant": data["participant"], "wave": "t1", "variable": "work"})
    states["state"] = ["employed"] * 7 + ["unemployed"] * 33
    table = state_occupancy(study, people, list(weigh_waves(people)), states)
    row = table[(table["by_method"] == "weighted") & (table["term"] == "employed")].iloc[0]
    assert row["by_arm"] == "all"
    found = [float(row[name]) for name in ("estimate", "std_error", "conf_low", "conf_high")]
    assert found == pytest.approx([0.175, 0.0608434308444, 0.0829432524343, 0.3322153941931], abs=1e-10)
    absent = table[(table["by_method"] == "weighted") & (table["term"] == "training")].iloc[0]
    assert absent["estimate"] == 0
    assert np.isnan(absent["conf_high"])
    assert "nobody" in absent["status"]


def test_without_weights_the_reason_stands_in_the_row(study, made) -> None:
    people, states, weights, _ = made
    without = [replace(own, status={**own.status, IPW: "did not converge"}) for own in weights]
    table = state_occupancy(study, people, without, states)
    own = table[table["by_method"] == "weighted"]
    assert set(own["status"]) == {"did not converge"}
    assert own["estimate"].isna().all()


def test_imputed_shares_of_single_states_at_random_join(study, made) -> None:
    people, states, weights, table = made
    same = {"outcome": "work", "wave": "t2", "by_arm": "all", "by_strategy": "mar", "by_population": "first wave"}
    same |= {"n": 90, "n_dropped": 20, "status": "estimated"}
    share = {"term": "share", "estimate": 0.02, "std_error": 0.02, "df": 30.0, "conf_low": -0.02, "conf_high": 0.06}
    imputed = estimate_table(
        [
            {**same, **share, "by_state": "employed"},
            {**same, **share, "by_state": "counted"},
            {**same, **share, "by_state": "employed", "by_strategy": "delta"},
            {**same, **share, "by_state": "employed", "term": "difference in share", "contrast": "a"},
            {**same, "term": "share", "by_state": "training", "status": "nobody was seen in it"},
        ]
    )
    joined = state_occupancy(study, people, weights, states, imputed=imputed).iloc[len(table) :]
    assert joined["term"].tolist() == ["employed", "training"]
    assert set(joined["by_method"]) == {"imputed"}
    assert joined["estimate"].tolist()[0] == 0.02
    # logit(0.02) = -3.89182; t(30) = 2.04227 times 0.02 / (0.02 * 0.98) = 2.08395; back: 0.00253 and 0.14089.
    assert joined[["conf_low", "conf_high"]].iloc[0].tolist() == pytest.approx([0.002533, 0.140889], abs=2e-5)
    assert joined["status"].tolist() == ["ok", "nobody was seen in it"]


def test_order_of_rows_does_not_matter(study, made) -> None:
    people, states, weights, table = made
    again = state_occupancy(study, people, weights, states.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(again, table, check_exact=False, rtol=1e-12)
