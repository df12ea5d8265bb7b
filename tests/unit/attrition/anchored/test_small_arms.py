"""Small arms: the bias of order 1/n taken off, and degrees of freedom where a few people carry the arm."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition import anchored_nonresponse
from increase_eval.attrition.anchored.correction import corrected_odds
from increase_eval.attrition.anchored.equations import make_stage, solve_stage

ROLES = {"outcome": "y3", "arm": "arm", "category": "job", "baseline": "y1"}


def people(n=400, seed=1, share=0.3):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"arm": "a", "job": rng.choice(["yes", "no"], n), "y1": rng.normal(0, 1, n)})
    table["y3"] = 0.5 * table["y1"] + 0.4 * (table["job"] == "yes") + rng.normal(0, 0.9, n)
    table.loc[rng.random(n) > share, "y3"] = np.nan
    return table


def solved(table, dial):
    """The equations of the only arm, and its odds at a dial, from their own parts."""
    seen = table["y3"].notna().to_numpy()
    first = (table["y1"] - table["y1"].mean()) / table["y1"].std(ddof=0)
    b = np.column_stack([table["job"] == "yes", table["job"] == "no", first]).astype(float)
    stage = make_stage(b[seen], b.sum(axis=0), 2)
    tilt = dial * table["y3"].to_numpy()[seen]
    return stage, solve_stage(stage, tilt, np.ones(int(seen.sum()))), table["y3"].to_numpy()[seen], tilt


def test_corrected_weights_meet_every_total():
    stage, odds, _, _ = solved(people(), -0.8)
    weights = 1 + corrected_odds(stage.b, odds)
    assert weights @ stage.b == pytest.approx(stage.totals, abs=1e-8)


def test_the_correction_is_the_jackknife_of_those_who_answered():
    """Each person is left out in turn, the totals of those who did not answer staying as they are."""
    table, dial = people(n=1200), -0.6
    stage, odds, y, tilt = solved(table, dial)
    n, left = len(y), stage.totals - stage.b.sum(axis=0)
    whole = odds @ y
    without = []
    for i in range(n):
        keep = np.arange(n) != i
        own = make_stage(stage.b[keep], left + stage.b[keep].sum(axis=0), 2)
        without.append(solve_stage(own, tilt[keep], np.ones(n - 1)) @ y[keep])
    exact = n * whole - (n - 1) * np.mean(without)
    corrected = corrected_odds(stage.b, odds) @ y
    # Terms of higher order are left: a tenth of what is taken off.
    assert abs(corrected - exact) < 0.1 * abs(whole - exact)


def test_at_nought_without_history_there_is_nothing_to_correct():
    table = people()
    own = {"outcome": "y3", "arm": "arm", "category": "job", "gamma": 0.0, "scale": (0.0, 1.0)}
    plain, corrected = (anchored_nonresponse(table, **own, bias_correction=one) for one in (False, True))
    assert corrected.estimates["estimate"].iloc[0] == pytest.approx(plain.estimates["estimate"].iloc[0], abs=1e-10)


def test_the_public_function_gives_the_corrected_mean_and_weights():
    table = people()
    found = anchored_nonresponse(table, **ROLES, gamma=-0.8, scale=(0.0, 1.0), bias_correction=True)
    weights = found.weights[-0.8].to_numpy()
    assert found.estimates["estimate"].iloc[0] == pytest.approx(
        (weights * table["y3"].fillna(0)).sum() / weights.sum(), abs=1e-12
    )
    assert weights.sum() == pytest.approx(len(table), abs=1e-8)
    plain = anchored_nonresponse(table, **ROLES, gamma=-0.8, scale=(0.0, 1.0))
    # The mean leans towards that at dial nought, which is higher here.
    assert found.estimates["estimate"].iloc[0] < plain.estimates["estimate"].iloc[0]


def test_two_steps_of_answering_are_not_corrected():
    table = people()
    table.loc[:40, ["y1", "y3"]] = np.nan
    with pytest.raises(ValueError, match="one step of answering"):
        anchored_nonresponse(table, **ROLES, population="all", gamma=0.0, bias_correction=True)


def test_degrees_of_freedom_are_those_who_answered_less_columns_where_all_add_the_same():
    """One category, half of it at +1 and half at -1: everybody has the same residual, leverage and odds."""
    table = pd.DataFrame({"arm": "a", "job": "yes", "y3": [1.0, -1.0] * 10 + [None] * 40})
    found = anchored_nonresponse(table, outcome="y3", arm="arm", category="job", gamma=0.0, scale=(0.0, 1.0))
    assert found.estimates["df"].iloc[0] == pytest.approx(19.0, abs=1e-9)
    turned = anchored_nonresponse(table, outcome="y3", arm="arm", category="job", gamma=1.0, scale=(0.0, 1.0))
    assert turned.estimates["df"].iloc[0] < 19.0


OF_WORK = {
    "outcome": "works", "arm": "arm", "category": "job", "gamma": 0.0, "population": "all", "scale": (0.5, 0.5)
}  # fmt: skip
"""How a share in work is asked for."""


def test_a_category_of_one_answer_is_not_taken_as_settled():
    # Of 10 with a job 4 answered, all 1; of 20 without 5 answered, 2 of them 1.
    data = pd.DataFrame({"arm": "a", "job": ["yes"] * 10 + ["no"] * 20})
    data["works"] = [1.0] * 4 + [np.nan] * 6 + [1.0, 1, 0, 0, 0] + [np.nan] * 15
    plain, share = (anchored_nonresponse(data, **OF_WORK, is_share=kind).estimates.iloc[0] for kind in (False, True))
    assert share["estimate"] == pytest.approx(plain["estimate"], rel=1e-12)
    # w (w - 1) for each: 2.5 * 1.5 and 4 * 3; leverages 1/4 and 1/5, residuals nought, and 0.6 or 0.4.
    squares = 4.0 * 3.0 * (2 * 0.6**2 + 3 * 0.4**2) / (1 - 1 / 5) ** 2
    assert plain["std_error"] ** 2 == pytest.approx(squares / 30**2, rel=1e-9)
    # Jeffreys: (4.5/5)(0.5/5) = 0.09 against nought, and (2.5/6)(3.5/6) - 0.24 for the others.
    hidden = 4 * 2.5 * 1.5 * 0.09 + 5 * 4.0 * 3.0 * (2.5 / 6 * 3.5 / 6 - 0.24)
    assert share["std_error"] ** 2 == pytest.approx((squares + hidden) / 30**2, rel=1e-9)
    assert share["df"] > plain["df"]


def test_where_everybody_answered_nothing_is_hidden():
    data = pd.DataFrame({"arm": "a", "job": ["yes"] * 4 + ["no"] * 4, "works": [1.0] * 4 + [0.0, 1, 0, 0]})
    assert anchored_nonresponse(data, **OF_WORK, is_share=True).estimates["std_error"].iloc[0] == 0.0


def test_a_share_is_of_levels_of_0_and_1():
    data = pd.DataFrame(
        {"arm": "a", "job": ["yes", "no"] * 4, "first": [0.0, 1] * 4, "works": [1.0, 0, 2, 0, 1, 0, 1, 1]}
    )
    roles = {"outcome": "works", "arm": "arm", "category": "job", "baseline": "first", "gamma": 0.0}
    with pytest.raises(ValueError, match="'works' has other values than 0 and 1"):
        anchored_nonresponse(data, **roles, is_share=True)
    with pytest.raises(ValueError, match="is_share is of a level"):
        anchored_nonresponse(data, **roles, is_share=True, quantity="change")


@pytest.mark.slow
def test_intervals_of_shares_cover_where_answers_of_a_category_are_alike():
    """Nothing unseen, categories of shares 0.97 and 0.15, some 30 of 150 answer: 1,000 draws, shares are lumpy."""
    rng, hits = np.random.default_rng(9), {False: 0, True: 0}
    for _ in range(1000):
        data = pd.DataFrame({"arm": "a", "job": np.repeat(["yes", "no"], [60, 90])})
        full = (rng.random(150) < np.where(data["job"] == "yes", 0.97, 0.15)).astype(float)
        data["works"] = np.where(rng.random(150) < 0.2, full, np.nan)
        roles = {"outcome": "works", "arm": "arm", "category": "job", "gamma": 0.0, "population": "all"}
        for kind in hits:
            row = anchored_nonresponse(data, **roles, scale=(0.5, 0.5), is_share=kind).estimates.iloc[0]
            hits[kind] += int(row["conf_low"] <= full.mean() <= row["conf_high"])
    assert 930 <= hits[True] <= 990
    assert hits[False] < hits[True]
