"""Two dials: a common one nearly cancels, and the smallest distance that changes a verdict is found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition import anchored_nonresponse


def two_arms(gap, seed=1, n=2000, share=0.4):
    rng = np.random.default_rng(seed)
    people = pd.DataFrame(
        {"arm": ["a", "b"] * (n // 2), "job": rng.choice(["yes", "no"], n), "y1": rng.normal(0, 1, n)}
    )
    people["y3"] = 0.5 * people["y1"] + gap * (people["arm"] == "b") + rng.normal(0, 0.9, n)
    people.loc[rng.random(n) > share, "y3"] = np.nan
    return anchored_nonresponse(
        people, outcome="y3", arm="arm", category="job", baseline="y1", gamma=np.linspace(-1, 1, 9), quantity="change"
    )


def test_a_common_dial_nearly_cancels():
    surface = two_arms(0.5).contrast("a", "b").surface
    common = surface[np.isclose(surface["gamma_first"], surface["gamma_second"])]["estimate"]
    assert np.ptp(common) < 0.1 * np.ptp(surface["estimate"])


def test_the_smallest_distance_is_where_the_interval_meets_nought():
    # Enough people for a few of them not to carry an arm at the ends of the dial.
    found = two_arms(0.5, n=6000).contrast("a", "b", steps=81)
    assert found.at_random == "higher"
    assert not found.common_changes
    verdict, first, second = found.becomes
    assert verdict == "inconclusive"
    assert second - first == pytest.approx(-found.smallest_difference)
    # One step nearer nothing changes: by hand from the two arms at the dials that were found.
    surface = found.surface
    nearer = (surface["gamma_second"] - surface["gamma_first"]).abs() < found.smallest_difference - 1e-9
    assert (surface[nearer]["verdict"] == "higher").all()
    assert found.resolution == pytest.approx(2 / 80)


def test_the_surface_is_the_difference_of_the_arms():
    anchored = two_arms(0.5)
    row = anchored.contrast("a", "b", steps=9).surface.query("gamma_first == -0.5 and gamma_second == 0.75").iloc[0]
    one, other = anchored.at("a", -0.5), anchored.at("b", 0.75)
    assert row["estimate"] == pytest.approx(other["estimate"] - one["estimate"], abs=1e-12)
    assert row["std_error"] == pytest.approx(np.hypot(one["std_error"], other["std_error"]), rel=1e-12)


def test_no_difference_is_equivalent_within_a_wide_margin_and_inconclusive_without():
    anchored = two_arms(0.0, n=6000)
    assert anchored.contrast("a", "b", margin=0.3).at_random == "equivalent"
    assert anchored.contrast("a", "b").at_random == "inconclusive"


def test_where_nothing_changes_the_distance_is_missing():
    found = two_arms(4.0).contrast("a", "b")
    assert np.isnan(found.smallest_difference)
    assert found.becomes is None


def test_an_arm_without_a_number_gives_a_status():
    people = pd.DataFrame({"arm": ["a", "b"] * 60, "job": "no", "y1": np.tile(np.linspace(0, 1, 60), 2), "y3": 1.0})
    people.loc[people["arm"] == "b", "y3"] = np.nan
    anchored = anchored_nonresponse(
        people, outcome="y3", arm="arm", category="job", baseline="y1", gamma=[-1.0, 0.0, 1.0]
    )
    found = anchored.contrast("a", "b")
    assert found.status == "nobody of a category answered"
    assert found.at_random is None
    assert found.to_frame("y3")["status"].eq(found.status).all()


@pytest.mark.parametrize(
    ("first", "second", "options", "words"),
    [
        ("a", "a", {}, "two arms"),
        ("a", "x", {}, "no arm"),
        ("a", "b", {"steps": 4}, "odd"),
        ("a", "b", {"margin": 0}, "margin"),
    ],
)
def test_what_is_refused(first, second, options, words):
    with pytest.raises(ValueError, match=words):
        two_arms(0.5).contrast(first, second, **options)
