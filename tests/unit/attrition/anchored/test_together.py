"""All arms together, and arms compared, under one dial."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition import anchored_nonresponse
from increase_eval.attrition.anchored.together import COMMON_BRIDGE

ROLES = {"outcome": "score", "arm": "arm", "category": "job", "scale": (50.0, 10.0)}


def people(n: int = 900, seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {"arm": rng.choice(["a", "b", "c"], n, p=[0.5, 0.3, 0.2]), "job": rng.choice(["no", "yes"], n)}
    )
    table["score"] = 50 + 4 * (table["job"] == "yes") + 3 * (table["arm"] == "b") + rng.normal(0, 9, n)
    return table.assign(score=table["score"].where(rng.random(n) < 0.4))


@pytest.mark.parametrize("gamma", [0.0, -0.7, 0.5])
def test_everybody_is_one_arm_whose_categories_are_those_of_the_arms(gamma: float) -> None:
    data = people()
    found = anchored_nonresponse(data, **ROLES, gamma=gamma, population="all").everybody(gamma)
    whole = data.assign(job=data["arm"] + data["job"], arm="everybody")
    one = anchored_nonresponse(whole, **ROLES, gamma=gamma, population="all").estimates.iloc[0]
    for name in ("estimate", "std_error", "n", "n_observed"):
        assert found[name] == pytest.approx(one[name], rel=1e-9)
    assert found["status"] == "estimated"


def test_of_people_drawn_from_more_the_arms_are_chance_too() -> None:
    data = people(4000)
    found = anchored_nonresponse(data, **ROLES, gamma=-0.4, population="all", count="sample").everybody(-0.4)
    whole = data.assign(job=data["arm"] + data["job"], arm="everybody")
    one = anchored_nonresponse(whole, **ROLES, gamma=-0.4, population="all", count="sample").estimates.iloc[0]
    # The one arm divides by n - 1 once, and the three once each: a thousandth.
    assert found["std_error"] == pytest.approx(one["std_error"], rel=2e-3)


def test_a_difference_is_the_contrast_where_both_dials_are_one() -> None:
    found = anchored_nonresponse(people(), **ROLES, gamma=[-0.8, 0.0, 0.8], population="all")
    surface = found.contrast("a", "c", steps=3).surface
    for gamma in (-0.8, 0.0, 0.8):
        row = surface[(surface["gamma_first"] == gamma) & (surface["gamma_second"] == gamma)].iloc[0]
        own = found.difference("a", "c", gamma)
        for name in ("estimate", "std_error", "df", "conf_low", "conf_high"):
            assert own[name] == pytest.approx(row[name], rel=1e-12)
        assert found.difference("c", "a", gamma)["estimate"] == pytest.approx(-row["estimate"], rel=1e-12)
    with pytest.raises(ValueError, match="a difference needs two arms"):
        found.difference("a", "a", 0.0)
    with pytest.raises(ValueError, match="there is no arm 'z'"):
        found.difference("a", "z", 0.0)


def test_an_arm_without_a_number_leaves_everybody_without_one() -> None:
    data = people()
    data.loc[(data["arm"] == "c") & (data["job"] == "yes"), "score"] = np.nan
    found = anchored_nonresponse(data, **ROLES, gamma=0.0, population="all").everybody(0.0)
    assert np.isnan(found["estimate"]) and np.isnan(found["std_error"])
    assert found["status"] == "nobody of a category answered"


def test_a_counted_bridge_is_common_to_the_arms() -> None:
    from increase_eval.attrition.anchored import Bridge

    data = people().dropna(subset=["score"])
    totals = {(arm, state): 400.0 for arm in "abc" for state in ("out", "in")}
    matrix = pd.DataFrame([[0.9, 0.1], [0.2, 0.8]], index=["no", "yes"], columns=["out", "in"])
    counted = Bridge(matrix, counts=pd.Series([50, 50], index=["no", "yes"]))
    options = {**ROLES, "gamma": 0.0, "population": "all", "totals": totals}
    assert anchored_nonresponse(data, **options, bridge=counted).everybody(0.0)["status"] == COMMON_BRIDGE
    assert anchored_nonresponse(data, **options, bridge=Bridge(matrix)).everybody(0.0)["status"] == "estimated"


@pytest.mark.slow
def test_intervals_of_everybody_and_of_differences_cover() -> None:
    """In the model at the true dial: 300 draws, three Monte Carlo errors about 95 % (slightly conservative allowed)."""
    rng, gamma, hits = np.random.default_rng(5), -0.5, {"everybody": 0, "difference": 0}
    for _ in range(300):
        n = 900
        data = pd.DataFrame({"arm": np.repeat(["a", "b"], n // 2), "job": rng.choice(["no", "yes"], n)})
        full = 50 + 4 * (data["job"] == "yes") + 3 * (data["arm"] == "b") + rng.normal(0, 9, n)
        gone = 1 / (1 + np.exp(-(0.4 + gamma * (full - 50) / 10)))
        data["score"] = full.where(rng.random(n) > gone)
        found = anchored_nonresponse(data, **ROLES, gamma=gamma, population="all")
        means = full.groupby(data["arm"]).mean()
        true = {"everybody": full.mean(), "difference": means["b"] - means["a"]}
        for name, row in (("everybody", found.everybody(gamma)), ("difference", found.difference("a", "b", gamma))):
            hits[name] += int(row["conf_low"] <= true[name] <= row["conf_high"])
    margin = 3 * np.sqrt(0.95 * 0.05 / 300)
    assert all(0.95 - margin <= count / 300 <= 1.0 for count in hits.values())
    assert all(count / 300 <= 0.95 + margin for count in hits.values())
