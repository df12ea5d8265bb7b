"""Counts of other categories than the survey's: a bridge, its error, and what was declared about it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition import Bridge, anchored_nonresponse, bridge_from_linked
from increase_eval.attrition.anchored.bridge import shifted_totals

OPTIONS = {"outcome": "y", "arm": "arm", "category": "state", "scale": (0.0, 1.0)}


def people(seed=1, n=4000):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"arm": "a", "state": np.where(rng.random(n) < 0.4, "work", "none")})
    chance = np.where(table["state"] == "work", 0.8, 0.1)
    table["job"] = np.where(rng.random(n) < chance, "job", "no job")
    table["y"] = 1.0 * (table["state"] == "work") + rng.normal(0, 1, n)
    table["seen"] = rng.random(n) < np.where(table["state"] == "work", 0.5, 0.25)
    return table


TRUE = pd.DataFrame({"job": [0.1, 0.8], "no job": [0.9, 0.2]}, index=["none", "work"])


def counted(table, bridge, **options):
    totals = table.groupby(["arm", "job"]).size().to_dict()
    return anchored_nonresponse(table[table["seen"]], **OPTIONS, gamma=0.0, totals=totals, bridge=bridge, **options)


def test_a_square_bridge_is_solved_for_the_states_that_the_counts_imply():
    # T_job = .1 none + .8 work, T_no = .9 none + .2 work: post-stratification to what solves it.
    table = people()
    totals = table["job"].value_counts()
    none, work = np.linalg.solve(TRUE.to_numpy().T, totals[["job", "no job"]].to_numpy())
    seen = table[table["seen"]].groupby("state")["y"].mean()
    expected = (none * seen["none"] + work * seen["work"]) / len(table)
    assert counted(table, Bridge(TRUE)).at("a", 0.0)["estimate"] == pytest.approx(expected, abs=1e-9)


def test_the_identity_is_no_bridge():
    table = people().assign(job=lambda t: t["state"])
    identity = pd.DataFrame(np.eye(2), index=["none", "work"], columns=["none", "work"])
    with_bridge, without = counted(table, Bridge(identity)), counted(table, None)
    assert with_bridge.at("a", 0.0)["estimate"] == pytest.approx(without.at("a", 0.0)["estimate"], abs=1e-10)


def test_a_bridge_that_was_counted_adds_its_error():
    table = people()
    declared = counted(table, Bridge(TRUE)).at("a", 0.0)
    errors = [
        counted(table, Bridge(TRUE, counts=pd.Series(size, index=TRUE.index))).at("a", 0.0)["std_error"]
        for size in (50, 500, 5_000_000)
    ]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] == pytest.approx(declared["std_error"], rel=1e-4)


def test_the_error_of_a_counted_bridge_is_that_of_drawing_it_again():
    table, rng, size = people(), np.random.default_rng(3), 200
    fixed = counted(table, Bridge(TRUE)).at("a", 0.0)["std_error"]
    whole = counted(table, Bridge(TRUE, counts=pd.Series(size, index=TRUE.index))).at("a", 0.0)["std_error"]
    drawn = []
    for _ in range(300):
        rows = [rng.multinomial(size, row) / size for row in TRUE.to_numpy()]
        bridge = Bridge(pd.DataFrame(rows, index=TRUE.index, columns=TRUE.columns))
        drawn.append(counted(table, bridge).at("a", 0.0)["estimate"])
    # The standard deviation of 300 draws is known to 4 %; five of those.
    assert np.std(drawn) == pytest.approx(np.sqrt(whole**2 - fixed**2), rel=0.2)


def test_errors_of_totals_are_added():
    table = people().assign(job=lambda t: t["state"])
    complete = counted(table, None).at("a", 0.0)
    totals_error = {("a", "work"): 40.0, ("a", "none"): 40.0}
    found = counted(table, None, totals_error=totals_error).at("a", 0.0)
    # The mean is (T1 m1 + T2 m2)/(T1 + T2): its derivative towards T1 is (m1 - mean)/N.
    means, n = table[table["seen"]].groupby("state")["y"].mean(), len(table)
    extra = sum((40 * (means[state] - complete["estimate"]) / n) ** 2 for state in ("work", "none"))
    assert found["std_error"] ** 2 - complete["std_error"] ** 2 == pytest.approx(extra, rel=1e-8)


def test_declared_ranges_and_dates_widen_what_is_reported():
    table = people()
    low, high = (TRUE - 0.05).clip(0), (TRUE + 0.05).clip(upper=1)
    plain, ranged = counted(table, Bridge(TRUE)).at("a", 0.0), counted(table, Bridge(TRUE, low, high)).at("a", 0.0)
    dated = counted(table, Bridge(TRUE, low, high), shift=(-0.1, 0.1), base_category="no job").at("a", 0.0)
    assert plain["anchor_low"] == plain["conf_low"]
    assert dated["anchor_low"] < ranged["anchor_low"] < plain["conf_low"]
    assert dated["anchor_high"] > ranged["anchor_high"] > plain["conf_high"]
    assert dated["estimate"] == plain["estimate"]


def test_corners_are_probabilities_within_their_ranges():
    low = pd.DataFrame([[0.1, 0.2, 0.0]], columns=list("xyz"))
    high = pd.DataFrame([[0.5, 0.6, 0.4]], columns=list("xyz"))
    corners = [one.matrix.to_numpy()[0] for one in Bridge((low + high) / 2 / 0.9, low, high).corners()]
    # By hand: the triangle's corners cut by x >= .1, y >= .2, z <= .4, x <= .5, y <= .6.
    expected = [(0.1, 0.6, 0.3), (0.1, 0.5, 0.4), (0.4, 0.2, 0.4), (0.5, 0.2, 0.3), (0.4, 0.6, 0.0), (0.5, 0.5, 0.0)]
    assert sorted(map(tuple, np.round(corners, 9))) == sorted(expected)


def test_a_share_moves_to_the_base_category():
    totals = {("a", "job"): 40.0, ("a", "none"): 60.0}
    assert shifted_totals(totals, 0.25, "none") == {("a", "job"): 30.0, ("a", "none"): 70.0}
    assert shifted_totals(totals, -0.5, "none") == {("a", "job"): 60.0, ("a", "none"): 40.0}


def test_a_bridge_is_counted_from_linked_people():
    bridge = bridge_from_linked(["work", "work", None, "none"], ["job", "no job", "job", "no job"])
    assert bridge.matrix.loc["work"].to_dict() == {"job": 0.5, "no job": 0.5}
    assert bridge.counts.to_dict() == {"none": 1, "work": 2}


@pytest.mark.parametrize("matrix", [[[0.5, 0.6], [0.5, 0.5]], [[1.1, -0.1], [0.5, 0.5]], [[np.nan, 1.0], [0.5, 0.5]]])
def test_what_are_no_probabilities_is_refused(matrix):
    with pytest.raises(ValueError, match="add up to 1"):
        Bridge(pd.DataFrame(matrix))


def test_ranges_that_do_not_hold_the_bridge_are_refused():
    with pytest.raises(ValueError, match="holds its probability"):
        Bridge(TRUE, TRUE + 0.05, (TRUE + 0.1).clip(upper=1))
    with pytest.raises(ValueError, match="both ends"):
        Bridge(TRUE, low=TRUE)


def test_a_state_without_a_row_is_refused():
    with pytest.raises(ValueError, match="no row of the bridge"):
        counted(people(), Bridge(TRUE.rename(index={"work": "employed"})))
