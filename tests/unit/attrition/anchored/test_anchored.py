"""Anchored non-response: what the weights meet, what the dial does, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition import anchored_nonresponse, calibrate_weights
from increase_eval.errors import InsufficientDataError

CLOSED_FORM = 1e-10
ROLES = {"outcome": "y3", "arm": "arm", "category": "job"}


def cohort(seed=1, n=600, arms=("a", "b"), share=0.3):
    rng = np.random.default_rng(seed)
    people = pd.DataFrame({"arm": np.array(arms)[np.arange(n) % len(arms)], "y1": rng.normal(5, 2, n)})
    people["job"] = np.where(rng.random(n) < 0.3, "yes", np.where(rng.random(n) < 0.2, "course", "no"))
    people["y3"] = 2 + 0.6 * people["y1"] + 1.2 * (people["job"] == "yes") + rng.normal(0, 1.5, n)
    people.loc[rng.random(n) > share + 0.1 * (people["job"] == "yes"), "y3"] = np.nan
    return people


def estimate(people, **options):
    return anchored_nonresponse(people, **ROLES, **options)


def test_dial_nought_is_post_stratification_on_arm_by_category():
    people = cohort()
    found = estimate(people, gamma=0.0, scale=(5, 2))
    seen = people[people["y3"].notna()].assign(cell=lambda t: t["arm"] + t["job"])
    totals = (people["arm"] + people["job"]).value_counts().to_dict()
    weights = calibrate_weights(seen, {"cell": totals}, method="poststratify").values
    for arm, own in seen.groupby("arm"):
        expected = np.average(own["y3"], weights=weights[own.index])
        assert found.at(arm, 0.0)["estimate"] == pytest.approx(expected, abs=CLOSED_FORM)
    assert found.weights[0.0][seen.index].to_numpy() == pytest.approx(weights.to_numpy(), rel=CLOSED_FORM)


@pytest.mark.parametrize("gamma", [-1.0, 0.0, 0.7])
def test_weights_meet_categories_and_first_scores_at_any_dial(gamma):
    people = cohort(2)
    weights = estimate(people, baseline="y1", gamma=gamma).weights[gamma]
    for (arm, _), own in people.groupby(["arm", "job"]):
        assert weights[own.index].sum() == pytest.approx(len(own), rel=1e-9), arm
    for _, own in people.groupby("arm"):
        assert weights[own.index] @ own["y1"] == pytest.approx(own["y1"].sum(), rel=1e-9)
    assert (weights[people["y3"].notna()] > 1).all()


def test_the_weights_are_those_of_the_model():
    # Log odds of not answering less gamma s are the same for two people of one category and first score.
    people = cohort(3)
    people["y1"] = np.round(people["y1"])
    weights = estimate(people, baseline="y1", gamma=0.8).weights[0.8]
    s = (people["y3"] - people["y1"].mean()) / people["y1"].std()
    rest = np.log(weights[people["y3"].notna()] - 1) - 0.8 * s[people["y3"].notna()]
    spread = rest.groupby([people["arm"], people["job"], people["y1"]]).agg(lambda values: np.ptp(values))
    assert spread.max() < 1e-7
    assert len(spread) > 20


def test_a_change_is_the_level_less_the_first_mean_of_everybody():
    people = cohort(4)
    level, change = (estimate(people, baseline="y1", gamma=0.5, quantity=kind) for kind in ("level", "change"))
    first = people.groupby("arm")["y1"].mean()
    for arm in ("a", "b"):
        assert change.at(arm, 0.5)["estimate"] == pytest.approx(level.at(arm, 0.5)["estimate"] - first[arm], abs=1e-8)


def test_the_mean_falls_as_those_of_low_wellbeing_answer_less():
    # A positive dial: the higher the score, the likelier not to answer, so that those missing score higher.
    found = estimate(cohort(5), baseline="y1")
    own = found.estimates[found.estimates["arm"] == "a"]
    assert own["estimate"].is_monotonic_increasing
    assert len(own) == 9
    assert own["gamma"].iloc[4] == 0
    assert own["gamma"].iloc[-1] == pytest.approx(2 * found.default.largest)


def test_the_variance_is_that_of_leaving_people_out():
    # With everybody's category known, the jackknife over those asked estimates the variance of a sample of people.
    people = cohort(6, n=240, arms=("a",), share=0.5)
    options = {"baseline": "y1", "gamma": 0.5, "scale": (5.0, 2.0), "count": "sample"}
    found = estimate(people, **options).at("a", 0.5)
    left = np.array([estimate(people.drop(index=i), **options).at("a", 0.5)["estimate"] for i in people.index])
    jackknife = np.sqrt((len(left) - 1) / len(left) * ((left - left.mean()) ** 2).sum())
    assert found["std_error"] == pytest.approx(jackknife, rel=0.05)


def test_everybody_answered_is_the_mean_and_no_error_for_a_complete_count():
    people = cohort(7, share=2.0)
    found = estimate(people, baseline="y1", gamma=[-1.0, 0.0, 1.0])
    means = people.groupby("arm")["y3"].mean()
    assert found.estimates["estimate"].to_numpy() == pytest.approx(means[found.estimates["arm"]].to_numpy(), abs=1e-10)
    assert (found.estimates["std_error"] == 0).all()
    sample = estimate(people, baseline="y1", gamma=0.0, count="sample").at("a", 0.0)
    own = people[people["arm"] == "a"]["y3"]
    assert sample["std_error"] == pytest.approx(own.std() / np.sqrt(len(own)), rel=1e-10)


def test_a_category_in_which_everybody_answered_stands_for_itself():
    people = cohort(8)
    missing = (people["job"] == "course") & people["y3"].isna()
    people.loc[missing, "y3"] = 4.0
    weights = estimate(people, baseline="y1", gamma=0.4).weights[0.4]
    assert (weights[people["job"] == "course"] == 1).all()


def test_counts_without_names_give_what_linked_people_give():
    people = cohort(9)
    totals = people.groupby(["arm", "job"]).size().to_dict()
    linked = estimate(people, gamma=[0.0, 0.6], scale=(5, 2))
    counted = estimate(people[people["y3"].notna()], gamma=[0.0, 0.6], scale=(5, 2), totals=totals)
    columns = ["estimate", "std_error", "n", "effective_sample_size"]
    assert counted.estimates[columns].to_numpy() == pytest.approx(linked.estimates[columns].to_numpy(), rel=1e-9)


def test_entry_has_a_dial_of_its_own():
    people = cohort(10, n=1500)
    everybody = estimate(people, baseline="y1", gamma=0.5)
    people.loc[people.index % 3 == 0, ["y1", "y3"]] = np.nan
    both = {name: estimate(people, baseline="y1", population="all", gamma=0.5, gamma_entry=name) for name in (0.0, 0.6)}
    within = estimate(people, baseline="y1", gamma=0.5)
    for (arm, _), own in people.groupby(["arm", "job"]):
        assert both[0.6].weights[0.5][own.index].sum() == pytest.approx(len(own), rel=1e-9)
        assert within.weights[0.5][own.index].sum() == pytest.approx(own["y1"].notna().sum(), rel=1e-9), arm
    assert both[0.6].at("a", 0.5)["estimate"] > both[0.0].at("a", 0.5)["estimate"]
    assert both[0.0].at("a", 0.5)["n"] == everybody.at("a", 0.5)["n"] == 750
    assert both[0.0].at("a", 0.5)["std_error"] > within.at("a", 0.5)["std_error"]


def test_rows_outside_are_counted():
    people = cohort(11)
    people.loc[:9, "arm"] = None
    people.loc[10:14, "job"] = None
    assert estimate(people, gamma=0.0, scale=(5, 2)).n_dropped == 15


@pytest.mark.parametrize("seed", range(3))
def test_order_of_rows_and_names_of_categories_do_not_matter(seed):
    people = cohort(20 + seed)
    shuffled = people.sample(frac=1, random_state=seed).assign(
        job=lambda t: t["job"].map({"yes": "1", "no": "2", "course": "0"})
    )
    one, other = (estimate(table, baseline="y1", gamma=0.5).estimates for table in (people, shuffled))
    columns = ["estimate", "std_error"]
    assert one.sort_values("arm")[columns].to_numpy() == pytest.approx(
        other.sort_values("arm")[columns].to_numpy(), rel=1e-8
    )


def test_units_of_the_outcome_do_not_matter():
    people = cohort(23)
    one = estimate(people, baseline="y1", gamma=0.5).estimates
    other = estimate(
        people.assign(y1=people["y1"] * 10 + 3, y3=people["y3"] * 10 + 3), baseline="y1", gamma=0.5
    ).estimates
    assert other["estimate"].to_numpy() == pytest.approx(10 * one["estimate"].to_numpy() + 3, rel=1e-9)


def test_the_estimate_table_has_the_common_shape():
    table = estimate(cohort(24), baseline="y1").to_frame()
    assert {"by_arm", "by_gamma", "status", "n_dropped"} <= set(table.columns)
    assert table["term"].unique().tolist() == ["mean"]
    assert len(table) == 18


class TestWhatCannotBe:
    def test_more_answered_than_the_service_counted(self):
        people = cohort(30)
        totals = people.groupby(["arm", "job"]).size().to_dict()
        totals["a", "yes"] = int(people[people["arm"].eq("a") & people["job"].eq("yes")]["y3"].notna().sum()) - 1
        found = estimate(people, gamma=0.0, scale=(5, 2), totals=totals)
        assert found.at("a", 0.0)["status"] == "anchor contradicts survey"
        assert np.isnan(found.at("a", 0.0)["estimate"])
        assert found.at("b", 0.0)["status"] == "estimated"

    def test_first_scores_that_nobody_who_answered_can_stand_for(self):
        people = cohort(31)
        people.loc[people["y3"].notna(), "y1"] = people["y1"].clip(lower=6)
        people.loc[people["y3"].isna(), "y1"] = people["y1"].clip(upper=5)
        assert (estimate(people, baseline="y1", gamma=0.0).estimates["status"] == "anchor contradicts survey").all()

    def test_a_category_of_which_nobody_answered(self):
        people = cohort(32)
        people.loc[people["arm"].eq("a") & people["job"].eq("course"), "y3"] = np.nan
        found = estimate(people, gamma=0.0, scale=(5, 2))
        assert found.at("a", 0.0)["status"] == "nobody of a category answered"
        assert found.notes[0] == "a: nobody of a category answered"

    def test_a_category_of_which_one_answered(self):
        people = cohort(33)
        own = people["arm"].eq("a") & people["job"].eq("course")
        people.loc[people.index[own], "y3"] = [4.0, *[np.nan] * (int(own.sum()) - 1)]
        assert estimate(people, gamma=0.0, scale=(5, 2)).at("a", 0.0)["status"] == "too few answered"

    def test_nobody_of_an_arm_answered(self):
        people = cohort(34)
        people.loc[people["arm"] == "a", "y3"] = np.nan
        found = estimate(people, gamma=0.0, scale=(5, 2))
        assert found.at("a", 0.0)["status"] == "nobody of a category answered"

    def test_first_scores_all_alike_among_those_who_answered(self):
        people = cohort(35)
        people.loc[people["y3"].notna(), "y1"] = 5.0
        assert (
            estimate(people, baseline="y1", gamma=0.0).estimates["status"] == "history tells nothing apart in this arm"
        ).all()

    def test_one_person_who_would_stand_for_half_of_the_arm(self):
        people = pd.DataFrame(
            {"arm": "a", "job": "no", "y1": np.r_[np.linspace(4, 6, 90), 5.0, 5.2, np.linspace(4, 5, 9), 9]}
        )
        people["y3"] = np.r_[np.full(90, np.nan), 5.0, 5.2, np.linspace(4, 5, 9), 14.0]
        people["y1"] = people["y1"].where(people["y3"].notna(), people["y1"] + 3)
        assert estimate(people, baseline="y1", gamma=3.0).estimates["status"].tolist() == ["weights explode"]

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"scale": (5, 2)}, "no default range"),
            ({"gamma": 0.0}, "the dial has no unit"),
            ({"gamma": np.nan, "scale": (5, 2)}, "a dial is"),
            ({"gamma": {"a": 0.0}, "scale": (5, 2)}, "no dial for b"),
            ({"gamma": 0.0, "scale": (5, 0)}, "scale is"),
            ({"gamma": 0.0, "scale": (5, 2), "quantity": "change"}, "a change needs"),
            ({"gamma": 0.0, "scale": (5, 2), "quantity": "odds"}, "allowed: level, change"),
            ({"gamma": 0.0, "scale": (5, 2), "shift": (0.0, 0.1)}, "speak of totals"),
            ({"gamma": 0.0, "scale": (5, 2), "totals_error": {}}, "speaks of totals"),
            ({"gamma": 0.0, "scale": (5, 2), "totals": {("a", "yes"): 3}}, "has no total"),
            ({"gamma": 0.0, "scale": (5, 2), "history": ["y9"]}, "not in the table"),
            ({"gamma": 0.0, "baseline": "y1", "population": "all", "gamma_entry": {"a": 1.0}}, "gamma_entry is"),
        ],
    )
    def test_arguments_that_do_not_go_together(self, options, words):
        with pytest.raises(ValueError, match=words):
            estimate(cohort(36), **options)

    def test_nobody_at_all(self):
        with pytest.raises(InsufficientDataError, match="no rows"):
            estimate(cohort(37).iloc[:0], gamma=0.0, scale=(5, 2))
        with pytest.raises(InsufficientDataError, match="does not vary"):
            estimate(cohort(37).assign(y1=3.0), baseline="y1", gamma=0.0)
