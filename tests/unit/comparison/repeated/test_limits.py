"""Baselines, what cannot be estimated, and errors that name their cause."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.comparison import fit_mmrm
from increase_eval.errors import ConvergenceError, DataError, InsufficientDataError

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


class TestBaseline:
    def test_free_is_the_formula_and_needs_a_crossed_factor(self):
        assert fit(baseline="free").log_likelihood == pytest.approx(fit().log_likelihood)
        with pytest.raises(ValueError, match="crossed with the visit"):
            fit(formula="y ~ arm + visit", baseline="free")

    def test_constrained_gives_all_arms_one_mean_at_the_first_visit(self):
        model = fit(baseline="constrained")
        first = model.means("arm", at={"visit": "T1"})["estimate"]
        np.testing.assert_allclose(first, first.iloc[0])
        later = model.contrasts("arm", by="visit", kind="reference")
        term = model.coefficients.loc["arm[T.B]:visit[T.T3]"]
        row = later[(later["visit"] == "T3") & (later["contrast"] == "B - A")].iloc[0]
        assert row["estimate"] == pytest.approx(term["estimate"])
        # the same model written by hand: dummies of arm at later visits only
        data = long_data()
        for arm in "BC":
            for visit in ("T2", "T3"):
                data[f"{arm}{visit}"] = ((data["arm"] == arm) & (data["visit"] == visit)).astype(float)
        by_hand = fit(data, formula="y ~ age + visit + BT2 + BT3 + CT2 + CT3")
        assert by_hand.log_likelihood == pytest.approx(model.log_likelihood, rel=1e-12)

    def test_constrained_does_not_depend_on_how_the_interaction_is_written(self):
        one, two = fit(baseline="constrained"), fit(formula="y ~ age + visit + arm:visit", baseline="constrained")
        assert one.log_likelihood == pytest.approx(two.log_likelihood, rel=1e-12)

    def test_covariate_takes_the_first_visit_out_of_the_outcomes(self):
        data = long_data()
        model = fit(data, baseline="covariate")
        assert list(model.covariance.index) == ["T2", "T3"]
        assert "y_baseline" in model.coefficients.index
        first = data[data["visit"] == "T1"].set_index("id")["y"]
        later = data[data["visit"] != "T1"].assign(y_baseline=lambda d: d["id"].map(first))
        by_hand = fit(later, formula="y ~ age + arm * visit + y_baseline * visit")
        assert by_hand.log_likelihood == pytest.approx(model.log_likelihood, rel=1e-12)
        with pytest.raises(ValueError, match="not an outcome"):
            model.change("T1", "T3")

    def test_covariate_with_two_visits_is_an_analysis_of_covariance(self):
        data = long_data(visits=("T1", "T2"), gaps=0.0)
        model = fit(data, baseline="covariate")
        wide = data.pivot(index="id", columns="visit", values="y")
        people = data.drop_duplicates("id").set_index("id").loc[wide.index]
        dummies = [(people["arm"] == arm).astype(float) for arm in "BC"]
        X = np.column_stack([np.ones(len(wide)), people["age"], *dummies, wide["T1"]])
        beta, rss, *_ = np.linalg.lstsq(X, wide["T2"], rcond=None)
        assert model.coefficients.loc["y_baseline", "estimate"] == pytest.approx(beta[-1], rel=1e-9)
        assert model.covariance.iloc[0, 0] == pytest.approx(rss[0] / (len(X) - 5), rel=1e-9)
        np.testing.assert_allclose(model.coefficients["df"], len(X) - 5, rtol=1e-9)

    def test_unknown(self):
        with pytest.raises(ValueError, match="baseline 'both'"):
            fit(baseline="both")


class TestNotEstimable:
    def test_an_empty_cell_is_named_and_its_means_are_not_estimable(self):
        data = long_data()
        data.loc[(data["arm"] == "C") & (data["visit"] == "T3"), "y"] = np.nan
        model = fit(data)
        assert model.aliased == ("arm[T.C]:visit[T.T3]",)
        table = model.means("arm", by="visit").set_index(["arm", "visit"])
        assert table.loc[("C", "T3"), "status"] == "not estimable"
        assert np.isnan(table.loc[("C", "T3"), "estimate"])
        assert (table.drop(("C", "T3"))["status"] == "estimated").all()
        assert model.contrasts("arm", by="visit")["status"].eq("not estimable").sum() == 2

    def test_a_column_that_repeats_another_changes_nothing_else(self):
        data = long_data().assign(months=lambda d: d["age"] * 12 + 3)
        one, two = fit(data), fit(data, formula="y ~ age + months + arm * visit")
        assert two.aliased == ("months",)
        np.testing.assert_allclose(two.coefficients["estimate"], one.coefficients["estimate"], rtol=1e-8)
        assert two.log_likelihood == pytest.approx(one.log_likelihood, rel=1e-12)
        # holding age and months at values that do not belong together asks for what cannot be told
        assert two.means("arm", at={"age": 40.0, "months": 483.0})["status"].eq("estimated").all()
        assert two.means("arm", at={"age": 40.0, "months": 10.0})["status"].eq("not estimable").all()


def crowded(data: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([data, data.iloc[[4]]], ignore_index=True)


class TestUnits:
    @pytest.mark.parametrize(
        "formula", ["y ~ 0 + arm + age + visit", "y ~ 0 + arm:visit + age", "y ~ 0 + age + arm + visit"]
    )
    def test_a_model_without_intercept_is_the_same_model(self, formula):
        data = long_data()
        with_one = "y ~ age + arm * visit" if ":" in formula else "y ~ age + arm + visit"
        one, two = fit(data, with_one), fit(data, formula)
        assert two.log_likelihood - one.log_likelihood == pytest.approx(0.0, abs=1e-6)
        np.testing.assert_allclose(
            one.means("arm", by="visit")["estimate"], two.means("arm", by="visit")["estimate"], rtol=1e-9
        )
        assert two.test("age").statistic == pytest.approx(one.test("age").statistic, rel=1e-6)

    @pytest.mark.parametrize(
        "formula", ["y ~ 0 + age + arm + visit", "y ~ age * arm + visit", "y ~ 0 + arm:visit + age"]
    )
    def test_a_covariate_far_from_zero_is_not_taken_for_a_constant(self, formula):
        data = long_data().assign(age=lambda d: d["age"].round(3))
        far = data.assign(age=data["age"] + 2.0**24)
        one, two = fit(data, formula), fit(far, formula)
        assert two.aliased == ()
        slope = [model.coefficients.loc["age", ["estimate", "std_error"]].to_numpy() for model in (one, two)]
        np.testing.assert_allclose(slope[0], slope[1], rtol=1e-6)


class TestErrors:
    @pytest.mark.parametrize(
        ("change", "error", "message"),
        [
            (lambda d: d.assign(y=d["y"].where(d["visit"] != "T3")), InsufficientDataError, "at visit T3"),
            (
                lambda d: d.assign(visit=pd.Categorical(d["visit"], ["T1", "T2", "T3", "T4"])),
                InsufficientDataError,
                "T4",
            ),
            (crowded, DataError, "1 subjects have two rows or more"),
            (lambda d: d.assign(y=1.0), InsufficientDataError, "no residual variance at visit T1"),
            (lambda d: d.assign(y=np.nan), InsufficientDataError, "no row has the outcome"),
            (lambda d: d.assign(y="high"), ValueError, "must be a number"),
            (lambda d: d.assign(y=np.inf), ValueError, "infinite"),
            (lambda d: d.drop(columns="age"), ValueError, r"\['age'\]"),
            (lambda d: d.assign(id=d["id"].mask(d.index == 0)), ValueError, "missing in 1 rows"),
            (lambda d: d[d["id"].isin(["p0", "p1", "p2"])], InsufficientDataError, "cannot carry|no residual variance"),
        ],
    )
    def test_causes_are_named(self, change, error, message):
        with pytest.raises(error, match=message):
            fit(change(long_data()))

    def test_two_visits_that_nobody_has_both_of(self):
        data = long_data(gaps=0.0)
        late = data["id"].isin([f"p{i}" for i in range(45)])
        data = data[~((data["visit"] == "T1") & ~late) & ~((data["visit"] == "T3") & late)]
        with pytest.raises(InsufficientDataError, match="both visits T1 and T3"):
            fit(data)
        assert fit(data, covariance="ar1h").status == "converged"

    def test_one_person_in_a_group_of_its_own_covariance(self):
        data = long_data(gaps=0.0).assign(team=lambda d: np.where(d["id"] == "p0", "solo", "rest"))
        with pytest.raises(InsufficientDataError, match="only one person in group solo"):
            fit(data, covariance_by="team")

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"covariance": "sp_exp"}, "allowed: us, toep"),
            ({"df": "kr"}, "allowed: kenward-roger-linear"),
            ({"standard_errors": "robust"}, "allowed: model, empirical"),
            ({"df": "kenward-roger", "reml": False}, "restricted maximum likelihood"),
            ({"df": "kenward-roger-linear", "standard_errors": "empirical"}, "model-based errors"),
            ({"cluster": "site"}, "cluster needs standard_errors"),
            ({"cluster": "visit", "standard_errors": "empirical"}, "changes within"),
            ({"covariance_by": "visit"}, "changes within"),
            ({"weights": "arm"}, "must be numbers"),
            ({"weights": "nothing"}, "not in the table"),
        ],
    )
    def test_arguments(self, options, message):
        with pytest.raises(ValueError, match=message):
            fit(**options)

    def test_weights_must_be_positive(self):
        with pytest.raises(ValueError, match="above zero"):
            fit(long_data().assign(w=0.0), weights="w")

    def test_errors_never_show_a_key_or_an_answer(self):
        with pytest.raises(DataError) as caught:
            fit(crowded(long_data()))
        assert "p1" not in str(caught.value)

    def test_one_cluster_is_not_enough(self):
        with pytest.raises(InsufficientDataError, match="one cluster only"):
            fit(long_data().assign(site="a"), cluster="site", standard_errors="empirical")


class TestFallBack:
    def test_visits_that_repeat_each_other_end_in_an_error(self):
        # Each visit is the first one but for scale and shift: no correlation inside (-1, 1) is most likely.
        data = long_data(gaps=0.0)
        first = data[data["visit"] == "T1"].set_index("id")["y"]
        factor = data["visit"].map({"T1": 1.0, "T2": 1.5, "T3": 2.0})
        data["y"] = data["id"].map(first) * factor + 2
        with pytest.raises(ConvergenceError, match=r"unstructured \(first start\), .* heterogeneous compound symmetry"):
            fit(data)

    def test_a_structure_that_does_not_converge_gives_way(self, monkeypatch):
        from increase_eval.comparison.repeated import solve

        original, calls = solve.minimise, []

        def refuse_unstructured(model, sums, start, **options):
            calls.append(model.structure.code)
            found = original(model, sums, start, **options)
            return found._replace(converged=found.converged & (model.structure.code != "us"))

        monkeypatch.setattr(solve, "minimise", refuse_unstructured)
        model = fit()
        assert calls == ["us", "us", "toeph"]
        assert model.status == "unstructured did not converge from two starts; heterogeneous Toeplitz used instead"
        assert model.status in model.method
        assert model.to_frame()["status"].eq(model.status).all()
        assert model.log_likelihood == pytest.approx(fit(covariance="toeph").log_likelihood)


class TestNames:
    def test_a_factor_can_be_named_as_the_formula_writes_it(self):
        data = long_data().assign(arm=lambda d: d["arm"].map({"A": 1, "B": 2, "C": 3}))
        model = fit(data, "y ~ age + C(arm) * visit")
        assert model.test("C(arm):visit").statistic == pytest.approx(model.test("visit:arm").statistic)
        assert model.means("arm")["arm"].tolist() == [1, 2, 3]

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda m: m.means("arm", by="arm"), "named twice"),
            (lambda m: m.means("arm", at={"age": "old"}), "holds 'age' at 'old'; it must be a finite number"),
            (lambda m: m.means("age"), r"write C\(age\) in the formula"),
        ],
    )
    def test_what_is_asked_wrongly_is_named(self, call, message):
        with pytest.raises(ValueError, match=message):
            call(fit())
