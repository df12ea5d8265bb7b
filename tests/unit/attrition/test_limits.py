"""Limits of the public functions of attrition: everybody gone, an arm of one, an empty cell, weights that explode."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition import (
    anchored_nonresponse,
    calibrate_weights,
    fit_dropout_model,
    heckman,
    impute,
    impute_chained,
    inverse_probability_weights,
    lee_bounds,
    little_mcar_test,
    manski_bounds,
    tipping_point,
    weighted_model,
)
from increase_eval.comparison import overlap_weights
from increase_eval.comparison.adjustment.weights import explosion
from increase_eval.errors import InsufficientDataError

ROLES = {"outcome": "y", "subject": "id", "visit": "visit", "arm": "arm"}


def people(n=60, seed=1):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"id": range(n), "arm": np.array(["a", "b"])[np.arange(n) % 2], "x": rng.normal(size=n)})
    table["answered"] = (rng.random(n) < 0.6).astype(float)
    table["y"] = np.where(table["answered"] == 1, table["x"] + rng.normal(size=n), np.nan)
    return table.assign(job=rng.choice(["yes", "no"], n))


def long_of(table):
    first = table.assign(visit="t1", y=table["x"])
    return pd.concat([first, table.assign(visit="t2")], ignore_index=True)


def with_an_arm_of_one(table):
    alone = table.iloc[[0]].assign(id=999, arm="c", answered=1.0, y=0.3)
    return pd.concat([table, alone], ignore_index=True)


class TestEverybodyDropsOut:
    @pytest.fixture
    def gone(self):
        return people().assign(answered=0.0, y=np.nan)

    def test_there_is_nobody_to_weight(self, gone):
        with pytest.raises(InsufficientDataError, match="nobody answered"):
            inverse_probability_weights("answered ~ x", gone, subject="id")

    def test_there_is_nobody_to_regress(self, gone):
        with pytest.raises(InsufficientDataError):
            weighted_model("y ~ arm", gone.assign(w=1.0), weights="w")

    def test_leaving_does_not_vary(self, gone):
        with pytest.raises(InsufficientDataError):
            fit_dropout_model("left ~ x", gone.assign(left=1))

    def test_a_visit_without_anybody_has_no_mean_to_impute(self, gone):
        with pytest.raises(InsufficientDataError):
            impute(long_of(gone), **ROLES)

    def test_a_column_without_a_value_is_not_imputed(self, gone):
        rng = np.random.default_rng(1)
        with pytest.raises(InsufficientDataError, match="no value at all"):
            impute_chained(gone[["x", "y"]], methods={"y": "norm"}, draws=2, iterations=1, rng=rng)

    def test_bounds_are_the_range_itself(self, gone):
        found = manski_bounds(
            np.zeros(len(gone)), (gone["arm"] == "b").astype(int), np.zeros(len(gone), dtype=bool), low=0.0, high=10.0
        )
        assert (found.lower, found.upper) == (-10.0, 10.0)

    def test_nobody_is_left_to_trim(self, gone):
        with pytest.raises(InsufficientDataError):
            lee_bounds(np.zeros(len(gone)), (gone["arm"] == "b").astype(int), np.zeros(len(gone), dtype=bool))

    def test_selection_needs_somebody_selected(self, gone):
        with pytest.raises(InsufficientDataError):
            heckman("y ~ x", "answered ~ x + job", gone)

    def test_anchored_means_have_a_status(self, gone):
        own = {"outcome": "y", "arm": "arm", "category": "job", "baseline": "x"}
        found = anchored_nonresponse(gone, **own, gamma=0.0).estimates
        assert found["estimate"].isna().all()
        assert set(found["status"]) == {"nobody of a category answered"}

    def test_patterns_cannot_differ_where_nobody_answered(self):
        with pytest.raises(InsufficientDataError):
            little_mcar_test(pd.DataFrame({"t1": [np.nan] * 9, "t2": [np.nan] * 9}))


class TestAnArmOfOne:
    @pytest.fixture
    def table(self):
        return with_an_arm_of_one(people())

    def test_it_is_weighted_with_the_others(self, table):
        weights = inverse_probability_weights("answered ~ x", table, subject="id", arm="arm")
        assert np.isfinite(weights.values).all()
        assert weights.values.iloc[-1] > 0

    def test_its_answering_separates_the_model_and_is_said(self, table):
        weights = inverse_probability_weights("answered ~ x + arm", table, subject="id")
        assert any("Firth" in note for note in weights.notes)
        assert np.isfinite(weights.values).all()

    def test_its_mean_has_no_error_of_its_own(self, table):
        fit = weighted_model("y ~ 0 + arm", table.assign(w=1.0), weights="w")
        assert np.isfinite(fit.coefficients["estimate"]).all()

    def test_it_can_be_imputed_and_nobody_of_it_left_out(self, table):
        filled = impute(long_of(table), **ROLES).analyse("y ~ 0 + arm")
        assert filled["estimate"].notna().all()
        own = filled[filled["visit"] == "t2"]
        assert own["std_error"].isna().all()
        assert own["status"].str.contains("cannot be left out").all()

    def test_a_conclusion_about_it_cannot_be_drawn_from_an_error(self, table):
        filled = impute(long_of(table), **ROLES)
        found = tipping_point(filled, conclusion="arm[T.c] at t2: estimate > 0", deltas=[-2, 2], by="b")
        assert len(found.table) == 2

    def test_anchored_it_has_a_status(self, table):
        own = {"outcome": "y", "arm": "arm", "category": "job", "baseline": "x"}
        found = anchored_nonresponse(table, **own, gamma=0.0).estimates.set_index("arm")
        # Everybody of the arm answered: that one stands for itself.
        assert found.loc["c", "estimate"] == pytest.approx(0.3)
        two = pd.concat([table, table.iloc[[-1]].assign(id=1000, y=np.nan)], ignore_index=True)
        found = anchored_nonresponse(two, **own, gamma=0.0).estimates.set_index("arm")
        assert found.loc["c", "status"] == "too few answered"

    def test_an_arm_of_one_is_compared_with_itself_or_refused(self, table):
        weights = overlap_weights("arm ~ x", table)
        assert any("arm's probability under" in note for note in weights.notes)


class TestAnEmptyCell:
    def test_a_margin_that_nobody_is_in_is_refused(self):
        with pytest.raises(InsufficientDataError, match="nobody"):
            calibrate_weights(people(), {"job": {"yes": 40, "no": 50, "perhaps": 10}})

    def test_a_category_of_the_service_that_nobody_answered_has_a_status(self):
        table = people()
        table.loc[(table["arm"] == "a") & (table["job"] == "yes"), "y"] = np.nan
        own = {"outcome": "y", "arm": "arm", "category": "job", "baseline": "x"}
        found = anchored_nonresponse(table, **own, gamma=0.0).estimates.set_index("arm")
        assert found.loc["a", "status"] == "nobody of a category answered"
        assert found.loc["b", "status"] == "estimated"

    def test_an_arm_that_nobody_saw_at_a_visit_cannot_be_imputed(self):
        table = people()
        table.loc[table["arm"] == "a", "y"] = np.nan
        with pytest.raises(InsufficientDataError):
            impute(long_of(table), **ROLES)

    def test_a_level_that_nobody_has_is_never_drawn(self):
        table = people()[["x", "job"]].assign(job=lambda own: pd.Categorical(own["job"], ["yes", "no", "never"]))
        table.loc[:10, "job"] = None
        rng = np.random.default_rng(1)
        filled = impute_chained(table, methods={"job": "multinomial"}, draws=3, iterations=2, rng=rng)
        assert all("never" not in set(filled.completed(draw)["job"]) for draw in range(3))


class TestWeightsThatExplode:
    def test_one_who_stands_for_nearly_all_is_said_of_response_weights(self):
        """Forty of x = 1 were asked, and one of them answered; of x = 0 all four did."""
        table = pd.DataFrame({"id": range(44), "x": [1.0] * 40 + [0.0] * 4, "answered": [1] + [0] * 39 + [1] * 4})
        table.loc[43, "answered"] = 0
        weights = inverse_probability_weights("answered ~ x", table, subject="id", stabilised=False)
        # One with 40, three with 4/3.
        assert weights.values.iloc[0] == pytest.approx(40, rel=1e-6)
        assert weights.notes == ("weights explode: one of 4 people carries 91 % of the weight",)
        trimmed = inverse_probability_weights("answered ~ x", table, subject="id", stabilised=False, trim=0.6)
        assert not any("explode" in note for note in trimmed.notes)

    def test_one_who_stands_for_nearly_all_is_said_of_calibration(self):
        table = pd.DataFrame({"sex": ["f"] + ["m"] * 9})
        weights = calibrate_weights(table, {"sex": {"f": 900, "m": 100}})
        assert weights.notes == ("weights explode: one of 10 people carries 90 % of the weight",)
        assert not calibrate_weights(table, {"sex": {"f": 10, "m": 90}}).notes

    def test_one_who_stands_for_an_arm_is_said_of_weights_of_arms(self):
        """One of arm b looks like the many of arm a, and stands for them under ipw; overlap weights do not explode."""
        table = pd.DataFrame({"arm": ["a"] * 60 + ["b"] + ["a"] * 2 + ["b"] * 20, "x": [0.0] * 61 + [1.0] * 22})
        weights = overlap_weights("arm ~ x", table, kind="ipw")
        assert any("people of arm b carries" in note for note in weights.notes)
        # a: 60 and 2; b: 1 and 20. Of b the one stands for 61, the twenty for 22 together: 73 %.
        assert any("carries 73 %" in note for note in weights.notes)

    def test_many_who_are_worth_a_few_are_said(self):
        values = np.append(np.full(95, 0.01), np.full(5, 1.0))
        assert explosion(values)[0].startswith("weights explode: 100 people are worth")
        assert explosion(np.ones(50)) == ()
        assert explosion(np.array([1.0, 1.4])) == ()
        assert explosion(np.zeros(3)) == ()
