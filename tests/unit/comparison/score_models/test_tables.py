"""Means, changes and comparisons of every scale: what they equal, whom they count, what they say when they cannot."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from increase_eval.comparison import fit_mmrm
from increase_eval.comparison.score_models import fit_scale_model, scale_rows, score_model_tables
from increase_eval.comparison.score_models.effects import Spread, in_both_units
from increase_eval.errors import ContractError

AGE = {"covariates": ["age"]}


def one(table: pd.DataFrame) -> pd.Series:
    assert len(table) == 1
    return table.iloc[0]


class TestWhatTheyEqual:
    def test_without_gaps_and_covariates_means_are_those_of_the_scores(self, study_of, drawn, rows_with):
        study = study_of()
        scores, people = drawn(study, gaps=0.0)
        means = score_model_tables(study, scores, people).means
        plain = scores.merge(people).groupby(["wave", "arm"])["score"].mean()
        found = rows_with(means, term="mean", by_model="baseline_free").set_index(["wave", "by_arm"])["estimate"]
        for cell, mean in plain.items():
            assert found[cell] == pytest.approx(mean, rel=1e-9)
        # Arms are of one size, so that everybody's mean is the mean of the arms.
        assert found["t3", "all"] == pytest.approx(plain["t3"].mean(), rel=1e-9)

    def test_comparisons_of_changes_are_those_of_the_model_with_covariates_by_wave(self, study_of, drawn, rows_with):
        study = study_of(plan=AGE)
        scores, people = drawn(study)
        tables = score_model_tables(study, scores, people)
        long = scores.merge(people)
        at = {"age": long.loc[long["wave"] == "t1", "age"].mean()}
        fit = fit_mmrm("score ~ arm * wave + age * wave", long, subject="participant", visit="wave")
        by_hand = fit.change("t1", "t3", by="arm", at=at).set_index("arm")["estimate"]
        row = one(rows_with(tables.contrasts, contrast="c_a", wave="t3", by_model="baseline_free", by_unit="points"))
        assert row["estimate"] == pytest.approx(by_hand["c"] - by_hand["a"], rel=1e-7)
        assert (row["term"], row["by_since"], row["by_adjustment"]) == ("difference in change", "t1", "none")
        change = one(
            rows_with(tables.changes, contrast="t1 -> t3", by_arm="c", by_model="baseline_free", by_unit="points")
        )
        assert change["estimate"] == pytest.approx(by_hand["c"], rel=1e-7)
        mean = one(rows_with(tables.means, term="mean", wave="t2", by_arm="b", by_model="baseline_free"))
        theirs = fit.means("arm", by="wave", at=at).set_index(["arm", "wave"]).loc[("b", "t2")]
        for name in ("estimate", "std_error", "df", "conf_low", "conf_high"):
            assert mean[name] == pytest.approx(theirs[name], rel=1e-6)

    def test_with_two_waves_t1_as_a_covariate_is_least_squares(self, study_of, drawn, rows_with):
        study = study_of(waves=("t1", "t2"))
        scores, people = drawn(study)
        tables = score_model_tables(study, scores, people)
        wide = scores.pivot_table(index="participant", columns="wave", values="score").dropna()
        arm = people.set_index("participant")["arm"].reindex(wide.index)
        X = np.column_stack([np.ones(len(wide)), arm == "b", arm == "c", wide["t1"]]).astype(float)
        beta, squares, *_ = np.linalg.lstsq(X, wide["t2"], rcond=None)
        row = one(rows_with(tables.contrasts, contrast="c_a", by_model="baseline_covariate", by_unit="points"))
        assert row["estimate"] == pytest.approx(beta[2], rel=1e-8)
        error = np.sqrt(squares[0] / (len(X) - 4) * np.linalg.inv(X.T @ X)[2, 2])
        assert (row["std_error"], row["df"]) == (pytest.approx(error, rel=1e-8), pytest.approx(len(X) - 4, rel=1e-6))
        assert row["n"] == int(arm.isin(["a", "c"]).sum())
        # The change is told at everybody's mean at T1, as a known number, whether or not they answered later.
        held = scores.loc[scores["wave"] == "t1", "score"].mean()
        change = one(rows_with(tables.changes, by_arm="b", by_model="baseline_covariate", by_unit="points"))
        assert change["estimate"] == pytest.approx(beta[0] + beta[1] + (beta[3] - 1) * held, rel=1e-8)

    def test_effects_in_standard_deviations_count_them_as_estimated(self, study_of, drawn, rows_with):
        study = study_of(plan={"confidence": 0.9})
        scores, people = drawn(study)
        tables = score_model_tables(study, scores, people)
        first = scores[scores["wave"] == "t1"].merge(people)
        within = first["score"] - first.groupby("arm")["score"].transform("mean")
        df = len(first) - 3
        sd = np.sqrt((within**2).sum() / df)
        assert one(rows_with(tables.means, term="pooled sd"))[["estimate", "df", "n"]].tolist() == [
            pytest.approx(sd, rel=1e-12),
            df,
            len(first),
        ]
        points, units = (
            one(rows_with(tables.contrasts, contrast="b_a", wave="t3", by_model="baseline_free", by_unit=unit))
            for unit in ("points", "sd")
        )
        d = points["estimate"] / sd
        error = np.sqrt((points["std_error"] / sd) ** 2 + d**2 / (2 * df))
        reach = stats.t.ppf(0.95, points["df"])
        assert units[["estimate", "std_error", "conf_low", "conf_high"]].tolist() == pytest.approx(
            [d, error, d - reach * error, d + reach * error], rel=1e-9
        )
        assert units["p_value"] == points["p_value"]
        assert points["conf_high"] == pytest.approx(points["estimate"] + reach * points["std_error"], rel=1e-9)

    @pytest.mark.parametrize("truth", [0.0, 0.5, 1.5])
    def test_standardised_intervals_hold_the_truth_as_often_as_they_say(self, truth):
        # b and s are independent; with 20 degrees of freedom s is far from known, and an interval that took it as known
        # would hold 1.5 about four times in five: 1.96 x 0.2 / sqrt(0.2^2 + 1.5^2 / 40) = 1.26 errors.
        rng = np.random.default_rng(8)
        df, error, draws = 20, 0.2, 4000
        effects = truth + error * rng.normal(size=draws)
        spreads = np.sqrt(rng.chisquare(df, draws) / df)
        reach = stats.t.ppf(0.975, 200)
        held = 0
        for b, s in zip(effects, spreads, strict=True):
            row = {
                "estimate": b,
                "std_error": error,
                "conf_high": b + reach * error,
                "status": "estimated",
                "method": "m",
            }
            _, units = in_both_units({**row, "method": "m"}, Spread(s, df, 24, "t1"))
            held += units["conf_low"] <= truth <= units["conf_high"]
        # Monte Carlo error 0.0035; the delta method itself is off by about a percent at so few degrees of freedom.
        assert held / draws == pytest.approx(0.95, abs=0.02)

    def test_neither_the_order_of_rows_nor_the_names_of_people_matter(self, study_of, drawn):
        study = study_of(plan={"covariates": ["age", "sex"]})
        scores, people = drawn(study)
        names = dict(zip(people["participant"], reversed(people["participant"].tolist()), strict=True))
        mixed = scores.assign(participant=scores["participant"].map(names)).sample(frac=1, random_state=1)
        others = people.assign(participant=people["participant"].map(names)).sample(frac=1, random_state=2)
        one, two = score_model_tables(study, scores, people), score_model_tables(study, mixed, others)
        numbers = ["estimate", "std_error", "df", "conf_low", "conf_high"]
        for name in ("means", "changes", "contrasts"):
            left, right = getattr(one, name), getattr(two, name)
            pd.testing.assert_frame_equal(left[numbers], right[numbers], rtol=1e-6)
            pd.testing.assert_frame_equal(left.drop(columns=[*numbers, "statistic", "p_value"]),
                                          right.drop(columns=[*numbers, "statistic", "p_value"]))  # fmt: skip


class TestHowTheFirstWaveEnters:
    def test_additive_covariates_leave_changes_where_they_are_and_covariates_by_wave_move_them(self, study_of, drawn):
        scores, people = drawn(study_of(), gaps=0.0)
        people["age"] = people["age"] + people["arm"].map({"a": 0.0, "b": 5.0, "c": 12.0})
        long = scores.merge(people)

        def difference(formula: str) -> float:
            table = fit_mmrm(formula, long, subject="participant", visit="wave").change("t1", "t3", by="arm")
            return float(table["estimate"].iloc[2] - table["estimate"].iloc[0])

        plain = difference("score ~ arm * wave")
        assert difference("score ~ age + arm * wave") == pytest.approx(plain, abs=1e-9)
        assert abs(difference("score ~ age * wave + arm * wave") - plain) > 0.01

    def test_a_change_and_a_conditional_comparison_can_disagree(self, study_of, rows_with):
        # Lord (1967): each arm keeps its own level, so nobody changes; at equal T1 the higher arm stays the higher one.
        study = study_of(arms=("a", "b"), waves=("t1", "t2"))
        rng = np.random.default_rng(5)
        people = pd.DataFrame({"participant": [f"p{i}" for i in range(400)], "arm": np.resize(["a", "b"], 400)})
        level = people["arm"].map({"a": 50.0, "b": 60.0}).to_numpy() + rng.normal(0, 5, 400)
        scores = pd.concat(
            people[["participant"]].assign(wave=wave, scale="mood", score=level + rng.normal(0, 5, 400))
            for wave in study.wave_ids
        )
        found = rows_with(score_model_tables(study, scores, people).contrasts, by_unit="points")
        free, covariate = (one(rows_with(found, by_model=f"baseline_{name}")) for name in ("free", "covariate"))
        assert free["conf_low"] < 0 < free["conf_high"]
        assert covariate["conf_low"] > 3
        assert "baseline free" in free["method"] and "baseline covariate" in covariate["method"]

    def test_one_mean_for_all_arms_is_refused_unless_chance_decided(self, study_of, drawn, rows_with):
        study = study_of()
        scores, people = drawn(study)
        with pytest.raises(ContractError, match="allocation: not_randomised"):
            fit_scale_model(study, scale_rows(study, scores, people, "mood"), "baseline_constrained")
        assert "baseline_constrained" not in set(score_model_tables(study, scores, people).means["by_model"])
        trial = study_of(allocation="randomised")
        means = score_model_tables(trial, scores, people).means
        first = rows_with(means, by_model="baseline_constrained", wave="t1")["estimate"]
        assert len(first) == 4 and np.ptp(first) < 1e-9
        later = rows_with(means, by_model="baseline_constrained", wave="t3")["estimate"]
        assert np.ptp(later) > 0.01

    def test_an_unknown_model(self, study_of, drawn):
        study = study_of()
        with pytest.raises(ValueError, match="allowed: baseline_free, baseline_covariate, baseline_constrained"):
            fit_scale_model(study, scale_rows(study, *drawn(study), "mood"), "free")


class TestWhomTheyCount:
    def test_people_without_a_covariate_or_an_arm_are_dropped_and_counted(self, study_of, drawn, rows_with):
        study = study_of(plan=AGE)
        scores, people = drawn(study, gaps=0.0)
        people.loc[people.index[:4], "age"] = np.nan  # a, b, c, a
        people.loc[people.index[6], "arm"] = None  # one of arm a
        tables = score_model_tables(study, scores, people)
        counts = rows_with(tables.means, term="mean", wave="t3", by_model="baseline_free").set_index("by_arm")
        assert counts.loc[["all", "a", "b"], "n"].tolist() == [175, 57, 59]
        assert counts.loc[["all", "a", "b"], "n_dropped"].tolist() == [5, 2, 1]
        row = one(rows_with(tables.contrasts, contrast="b_a", wave="t3", by_model="baseline_free", by_unit="sd"))
        assert row[["n", "n_dropped"]].tolist() == [116, 3]

    def test_those_without_t1_are_dropped_where_t1_is_a_covariate(self, study_of, drawn, rows_with):
        study = study_of()
        scores, people = drawn(study, gaps=0.0)
        scores = scores[~((scores["wave"] == "t1") & scores["participant"].isin(["p0", "p3", "p4"]))]
        means = rows_with(score_model_tables(study, scores, people).means, term="mean", wave="t2")
        assert rows_with(means, by_model="baseline_free").set_index("by_arm")["n"].loc[["all", "a"]].tolist() == [
            180,
            60,
        ]
        some = rows_with(means, by_model="baseline_covariate").set_index("by_arm")
        assert some["n"].loc[["all", "a"]].tolist() == [177, 58]
        assert some["n_dropped"].loc[["all", "a"]].tolist() == [3, 2]

    def test_covariates_are_held_at_the_means_of_those_who_answered_first(self, study_of, drawn, rows_with):
        # The old leave: at the ages of those who stayed the mean at T3 would be lower than at everybody's.
        study = study_of(arms=("a",), plan=AGE)
        scores, people = drawn(study, people=300, gaps=0.0)
        old = people.loc[people["age"] > 40, "participant"]
        stayed = scores[~(scores["participant"].isin(old) & (scores["wave"] == "t3"))]
        full, part = (
            one(
                rows_with(
                    score_model_tables(study, some, people).means, term="mean", wave="t3", by_model="baseline_free"
                )
            )
            for some in (scores, stayed)
        )
        assert part["estimate"] == pytest.approx(full["estimate"], abs=3 * part["std_error"])
        assert stayed.loc[stayed["wave"] == "t3", "score"].mean() < full["estimate"] - 0.4


class TestWhatCannotBeEstimated:
    def test_an_arm_without_anybody_at_a_wave_is_named_and_the_others_stay(self, study_of, drawn, rows_with):
        study = study_of(plan=AGE)
        scores, people = drawn(study)
        gone = people.loc[people["arm"] == "c", "participant"]
        tables = score_model_tables(
            study, scores[~((scores["wave"] == "t3") & scores["participant"].isin(gone))], people
        )
        means = rows_with(tables.means, term="mean", wave="t3", by_model="baseline_free").set_index("by_arm")
        assert means["status"].to_dict() == {
            "all": "not estimable", "a": "estimated", "b": "estimated", "c": "not estimable",
        }  # fmt: skip
        assert means.loc["c", "n"] == 0 and np.isnan(means.loc["c", "estimate"])
        contrasts = rows_with(tables.contrasts, wave="t3", by_model="baseline_free", by_unit="points")
        assert contrasts.set_index("contrast")["status"].to_dict() == {
            "b_a": "estimated", "c_a": "not estimable", "c_b": "not estimable",
        }  # fmt: skip

    def test_a_wave_that_nobody_answered_has_rows_that_say_so(self, study_of, drawn, rows_with):
        study = study_of()
        scores, people = drawn(study)
        scores.loc[scores["wave"] == "t3", "score"] = np.nan
        tables = score_model_tables(study, scores, people)
        third = rows_with(tables.means, wave="t3")
        assert len(third) == 8 and set(third["status"]) == {"not estimable"}
        assert rows_with(tables.changes, wave="t2")["status"].eq("estimated").all()

    def test_a_scale_that_was_never_scored_has_rows_that_say_so(self, study_of, drawn):
        study = study_of()
        scores, people = drawn(study)
        tables = score_model_tables(study, scores.assign(score=np.nan), people)
        for table in (tables.means, tables.changes, tables.contrasts):
            assert len(table) and set(table["status"]) == {"not estimable"} and set(table["n"]) == {0}

    def test_a_scale_that_was_never_asked_has_no_row(self, study_of, drawn):
        study = study_of()
        scores, people = drawn(study)
        tables = score_model_tables(study, scores.iloc[:0], people)
        assert len(tables.means) == len(tables.changes) == len(tables.contrasts) == 0
        assert {"by_arm", "by_model", "n_dropped", "status"} <= set(tables.means.columns)

    def test_two_waves_that_nobody_has_both_of_take_a_simpler_covariance_and_say_so(self, study_of, drawn, rows_with):
        study = study_of()
        scores, people = drawn(study, gaps=0.0)
        odd = people["participant"].iloc[::2]
        scores = scores[~((scores["wave"] == "t2") & scores["participant"].isin(odd))]
        scores = scores[~((scores["wave"] == "t3") & ~scores["participant"].isin(odd))]
        means = rows_with(score_model_tables(study, scores, people).means, term="mean", by_model="baseline_free")
        assert set(means["status"]) == {"estimated"}
        assert means["method"].str.contains("heterogeneous compound symmetry").all()

    def test_nobody_varies(self, study_of, drawn):
        study = study_of()
        scores, people = drawn(study)
        tables = score_model_tables(study, scores.assign(score=5.0), people)
        assert set(tables.contrasts["status"]) == {"not estimable"}
        assert tables.contrasts["method"].str.contains("not fitted: no residual variance").all()
