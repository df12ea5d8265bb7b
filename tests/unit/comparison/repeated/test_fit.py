from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from increase_eval.comparison import fit_mmrm
from increase_eval.results import ESTIMATE_COLUMNS

VISITS = ("T1", "T2", "T3", "T4")
FORMULA = "y ~ age + arm * visit"


def long_data(
    seed: int = 1, n: int = 90, visits: tuple[str, ...] = ("T1", "T2", "T3"), gaps: float = 0.2
) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    m = len(visits)
    people = pd.DataFrame({"id": [f"p{i}" for i in range(n)], "arm": np.resize(["A", "B", "C"], n)})
    people["age"], people["site"] = rng.normal(40, 10, n), [f"s{i % 12}" for i in range(n)]
    rows = people.loc[np.repeat(np.arange(n), m)].reset_index(drop=True)
    rows["visit"] = np.tile(visits, n)
    person = np.repeat(rng.normal(size=n), m)
    rows["y"] = 50 + 3 * person + rng.normal(size=n * m) * np.tile(1 + np.arange(m) / m, n) + 0.05 * rows["age"]
    rows.loc[rng.random(n * m) < gaps, "y"] = np.nan
    return rows


def fit(data: pd.DataFrame | None = None, formula: str = FORMULA, **options):
    return fit_mmrm(formula, long_data() if data is None else data, subject="id", visit="visit", **options)


class TestResult:
    def test_shapes_and_counts(self):
        data = long_data()
        data.loc[data["id"].isin(["p0", "p1"]), "y"] = np.nan
        model = fit(data)
        assert list(model.coefficients.columns) == [
            "estimate", "std_error", "df", "statistic", "p_value", "conf_low", "conf_high",
        ]  # fmt: skip
        assert model.coefficients.index.name == "term"
        assert list(model.covariance.index) == ["T1", "T2", "T3"]
        assert model.n_obs == data["y"].notna().sum()
        assert model.n_subjects == data.dropna()["id"].nunique()
        assert model.n_subjects + model.n_dropped == 90
        assert model.n_obs + model.n_rows_dropped == len(data)
        frame = model.to_frame()
        assert list(frame.columns[: len(ESTIMATE_COLUMNS)]) == list(ESTIMATE_COLUMNS)
        assert frame["n"].unique().tolist() == [model.n_subjects]
        assert frame["outcome"].unique().tolist() == ["y"]

    def test_the_table_is_not_changed(self):
        data = long_data()
        before = data.copy()
        fit(data, baseline="covariate")
        pd.testing.assert_frame_equal(data, before)

    def test_the_default_df_follows_the_errors(self):
        assert "kenward-roger-linear" in fit().method
        assert "satterthwaite" in fit(reml=False).method
        assert "satterthwaite" in fit(standard_errors="empirical").method

    def test_intervals_are_t_intervals(self):
        row = fit().coefficients.loc["age"]
        half = stats.t.ppf(0.975, row["df"]) * row["std_error"]
        assert row["conf_high"] - row["estimate"] == pytest.approx(half)
        assert row["p_value"] == pytest.approx(2 * stats.t.sf(abs(row["estimate"] / row["std_error"]), row["df"]))

    def test_residual_and_between_within_df_count_rows_and_people(self):
        model = fit(df="residual")
        assert model.coefficients["df"].unique().tolist() == [model.n_obs - 10.0]
        table = fit(df="between-within").coefficients["df"]
        assert table["age"] == model.n_subjects - 4.0  # intercept, age, two arms
        assert table["visit[T.T2]"] == model.n_obs - model.n_subjects - 6.0
        # a contrast across visits takes the smaller of the df of what it involves
        change = fit(df="between-within").change("T1", "T3", by="arm")
        assert set(change["df"]) == {model.n_obs - model.n_subjects - 6.0}


class TestMeans:
    def test_change_is_the_difference_of_means(self):
        model = fit()
        means = model.means("arm", by="visit").set_index(["arm", "visit"])["estimate"]
        change = model.change("T1", "T3", by="arm").set_index("arm")
        assert change.loc["B", "estimate"] == pytest.approx(means["B", "T3"] - means["B", "T1"])
        assert change.loc["B", "contrast"] == "T3 - T1"

    def test_contrasts_are_later_minus_earlier_within_visits(self):
        table = fit().contrasts("arm", by="visit")
        assert table["contrast"].tolist()[:3] == ["B - A", "C - A", "C - B"]
        assert table["visit"].tolist() == ["T1"] * 3 + ["T2"] * 3 + ["T3"] * 3
        against = fit().contrasts("arm", by="visit", kind="reference", reference="B")
        assert against["contrast"].tolist()[:2] == ["A - B", "C - B"]
        assert against["estimate"].iloc[0] == pytest.approx(-table["estimate"].iloc[0])

    def test_covariates_are_held_where_asked(self):
        model = fit()
        at_mean, at_50 = (model.means("arm", at=at)["estimate"].iloc[0] for at in (None, {"age": 50.0}))
        used = long_data().dropna()
        slope = model.coefficients.loc["age", "estimate"]
        assert at_50 - at_mean == pytest.approx(slope * (50.0 - used["age"].mean()))
        held = model.means("arm", at={"visit": "T2"})["estimate"]
        by_visit = model.means("arm", by="visit")
        np.testing.assert_allclose(held, by_visit.loc[by_visit["visit"] == "T2", "estimate"])

    def test_additive_covariates_leave_changes_unmoved_and_crossed_ones_do_not(self):
        def changes(formula, age):
            return fit(formula=formula).change("T1", "T3", by="arm", at={"age": age})["estimate"].to_numpy()

        np.testing.assert_allclose(changes(FORMULA, 20.0), changes(FORMULA, 60.0), rtol=1e-12)
        crossed = "y ~ age * visit + arm * visit"
        assert np.abs(changes(crossed, 20.0) - changes(crossed, 60.0)).min() > 1e-3

    @pytest.mark.parametrize("adjust", ["holm", "hochberg", "fdr_bh", "tukey"])
    def test_adjusted_p_values_are_never_smaller_and_families_are_visits(self, adjust):
        plain, other = fit().contrasts("arm", by="visit"), fit().contrasts("arm", by="visit", adjust=adjust)
        assert (other["p_value"] >= plain["p_value"] - 1e-12).all()
        if adjust == "holm":
            for visit, block in plain.groupby("visit"):
                ordered = np.sort(block["p_value"])
                smallest = min(1.0, 3 * ordered[0])
                assert other.loc[other["visit"] == visit, "p_value"].min() == pytest.approx(smallest)
        if adjust == "tukey":
            assert ((other["conf_high"] - other["conf_low"]) > (plain["conf_high"] - plain["conf_low"])).all()

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda f: f.means("age"), "not a factor"),
            (lambda f: f.means("nothing"), r"allowed: \['arm', 'visit'\]"),
            (lambda f: f.means("arm", weights="some"), "weights"),
            (lambda f: f.means("arm", at={"sex": 1}), "at= names"),
            (lambda f: f.means("arm", at={"visit": "T9"}), "allowed"),
            (lambda f: f.contrasts("arm", kind="all"), "kind"),
            (lambda f: f.contrasts("arm", adjust="bonferroni"), "adjust"),
            (lambda f: f.contrasts("arm", kind="reference", adjust="tukey"), "pairwise"),
            (lambda f: f.contrasts("arm", kind="reference", reference="Z"), "not a level"),
            (lambda f: f.change("T0", "T3"), "not an outcome"),
            (lambda f: f.test("sex"), "not a term"),
            (lambda f: f.test([[1.0, 2.0]]), "columns"),
            (lambda f: f.test([]), "nothing to test"),
        ],
    )
    def test_bad_questions_say_what_is_allowed(self, call, message):
        with pytest.raises(ValueError, match=message):
            call(fit())


class TestFTest:
    def test_one_function_gives_the_square_of_t(self):
        model = fit()
        found = model.test("age")
        assert found.statistic == pytest.approx(model.coefficients.loc["age", "statistic"] ** 2)
        assert found.df == pytest.approx(model.coefficients.loc["age", "df"])
        assert found.p_value == pytest.approx(model.coefficients.loc["age", "p_value"])

    @pytest.mark.parametrize("df", ["kenward-roger-linear", "satterthwaite", "between-within", "residual"])
    def test_a_matrix_a_term_and_dependent_rows_agree(self, df):
        model = fit(df=df)
        rows = [k for k, name in enumerate(model.coefficients.index) if name.startswith("arm") and ":" not in name]
        matrix = np.eye(len(model.coefficients))[rows]
        by_name, by_matrix = model.test("arm"), model.test(matrix)
        dependent = model.test(np.vstack([matrix, matrix.sum(axis=0) * 3]))
        for other in (by_matrix, dependent):
            assert (other.numerator_df, other.df) == (2, pytest.approx(by_name.df))
            assert other.statistic == pytest.approx(by_name.statistic)
        assert by_name.to_frame()["p_value"].iloc[0] == by_name.p_value

    def test_the_intercept_is_tested_against_the_zero_of_the_data(self):
        model = fit()
        t = model.coefficients.loc["Intercept", "statistic"]
        assert model.test("Intercept").statistic == pytest.approx(t**2)
