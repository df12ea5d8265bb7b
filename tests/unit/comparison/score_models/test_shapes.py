"""Studies of other shapes: one arm, one wave, covariates that follow from arms, and what is wrong by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.comparison.score_models import score_model_tables

AGE = {"covariates": ["age"]}


def one(table: pd.DataFrame) -> pd.Series:
    assert len(table) == 1
    return table.iloc[0]


class TestShapesOfStudies:
    def test_one_arm(self, study_of, drawn, rows_with):
        study = study_of(arms=("a",), plan=AGE)
        scores, people = drawn(study)
        tables = score_model_tables(study, scores, people)
        assert set(tables.means["by_arm"]) == {"all"} and set(tables.means["status"]) == {"estimated"}
        assert len(rows_with(tables.changes, by_model="baseline_free", by_unit="points")) == 2
        assert len(tables.contrasts) == 0

    def test_one_wave_has_means_and_comparisons_of_means(self, study_of, drawn, rows_with):
        study = study_of(plan=AGE)
        scores, people = drawn(study, gaps=0.0)
        scores.loc[scores["wave"] != "t2", "status"] = "not asked"
        scores.loc[scores["wave"] != "t2", "score"] = np.nan
        tables = score_model_tables(study, scores, people)
        assert set(tables.means["by_model"]) == {"baseline_free"} and len(tables.changes) == 0
        row = one(rows_with(tables.contrasts, contrast="c_a", by_unit="points"))
        assert (row["term"], row["wave"], row["by_since"]) == ("difference in means", "t2", row["by_since"])
        assert pd.isna(row["by_since"])
        long = scores[scores["wave"] == "t2"].merge(people)
        X = np.column_stack([np.ones(180), long["arm"] == "b", long["arm"] == "c", long["age"]]).astype(float)
        assert row["estimate"] == pytest.approx(np.linalg.lstsq(X, long["score"], rcond=None)[0][2], rel=1e-8)

    def test_a_covariate_that_follows_from_the_arm_is_left_out_and_named(self, study_of, drawn, rows_with):
        study = study_of(plan={"covariates": ["country", "age"]})
        scores, people = drawn(study)
        people["country"] = people["arm"].map({"a": "x", "b": "x", "c": "y"})
        contrasts = score_model_tables(study, scores, people).contrasts
        assert set(contrasts["status"]) == {"estimated"}
        assert contrasts["method"].str.contains("left out, having no variation of their own: country").all()
        plain = score_model_tables(study_of(plan=AGE), scores, people).contrasts
        np.testing.assert_allclose(contrasts["estimate"], plain["estimate"], rtol=1e-8)

    def test_categories_count_with_their_shares_at_the_first_wave(self, study_of, drawn, rows_with):
        study = study_of(arms=("a",), plan={"covariates": ["sex"]})
        scores, people = drawn(study, gaps=0.0)
        means = score_model_tables(study, scores, people).means
        # Without gaps, the mean at the shares of those who answered first is the mean of everybody.
        for wave, plain in scores.groupby("wave")["score"].mean().items():
            row = one(rows_with(means, term="mean", wave=wave, by_model="baseline_free"))
            assert row["estimate"] == pytest.approx(plain, rel=1e-9)

    def test_estimands_of_means_and_of_other_waves_are_compared_too(self, study_of, drawn, rows_with):
        rest = {
            "outcome": "mood",
            **{name: {"en": "x", "fr": "x"} for name in ("population", "conditions", "variable")},
        }
        plan = {
            "estimands": [
                {"id": "last", "wave": "t3", "summary": "mean", **rest},
                {"id": "late", "wave": "t3", "since": "t2", "summary": "mean_change", **rest},
            ]
        }
        study = study_of(plan=plan)
        tables = score_model_tables(study, *drawn(study))
        free = rows_with(tables.contrasts, contrast="b_a", by_model="baseline_free", by_unit="points").set_index("wave")
        late = rows_with(free, by_since="t2")["estimate"].iloc[0]
        pair = rows_with(free, by_since="t1")["estimate"]
        assert late == pytest.approx(pair["t3"] - pair["t2"], rel=1e-9)
        last = rows_with(free, term="difference in means")["estimate"].iloc[0]
        means = rows_with(tables.means, term="mean", wave="t3", by_model="baseline_free").set_index("by_arm")[
            "estimate"
        ]
        assert last == pytest.approx(means["b"] - means["a"], rel=1e-9)

    @pytest.mark.parametrize("change", ["twice", "stranger", "arm", "covariate"])
    def test_what_is_wrong_is_named(self, study_of, drawn, change):
        study = study_of(plan=AGE)
        scores, people = drawn(study)
        if change == "twice":
            scores, message = pd.concat([scores, scores.iloc[[0]]]), "twice for one scale and wave"
        elif change == "stranger":
            people, message = people.iloc[1:], "not in the table of participants"
        elif change == "arm":
            people, message = people.assign(arm="z"), r"values \['z'\]; arms of the study: a, b, c"
        else:
            people, message = people.drop(columns="age"), r"participants lacks \['age'\]"
        with pytest.raises(ValueError, match=message):
            score_model_tables(study, scores, people)
