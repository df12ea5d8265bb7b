"""Refits from moments against fits to the changed rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.comparison import fit_mmrm
from increase_eval.comparison.repeated import newton, refits
from increase_eval.comparison.repeated.assemble import take_moments
from increase_eval.comparison.repeated.likelihood import gradient, profile, slopes
from increase_eval.errors import InsufficientDataError


def long_data(seed: int = 4, n: int = 72) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    people = pd.DataFrame({"id": np.arange(n), "arm": np.resize(["A", "B", "C", "D"], n), "age": rng.normal(50, 9, n)})
    people["site"] = people["arm"] + (people["id"] // 4 % 3).astype(str)
    rows = people.loc[np.repeat(np.arange(n), 3)].reset_index(drop=True)
    rows["visit"] = np.tile(["T1", "T2", "T3"], n)
    rows["y"] = np.repeat(rng.normal(size=n), 3) + rng.normal(size=3 * n) + 20
    rows.loc[rng.random(3 * n) < 0.15, "y"] = np.nan
    return rows


def fit(data: pd.DataFrame, **options):
    return fit_mmrm("y ~ age + arm * visit", data, subject="id", visit="visit", **options)


@pytest.mark.parametrize("options", [{}, {"covariance": "toeph"}, {"reml": False}, {"weights": "w"}])
def test_leaving_out_from_moments_equals_refitting_on_rows(options):
    data = long_data().assign(w=lambda d: 0.5 + d["id"] % 3)
    model = fit(data, **options)
    left = model.leave_one_out("site")
    assert list(left.coefficients.index) == list(pd.unique(data["site"]))
    for site in ("A0", "C2"):
        again = fit(data[data["site"] != site], **options)
        np.testing.assert_allclose(left.coefficients.loc[site], again.coefficients["estimate"], rtol=1e-7)


def test_the_jackknife_over_subjects_is_the_one_over_rows():
    data = long_data(n=24)
    model = fit(data, covariance="cs")
    jackknife = model.jackknife()
    by_hand = np.array(
        [fit(data[data["id"] != i], covariance="cs").coefficients["estimate"] for i in model.layout.constant("id")]
    )
    np.testing.assert_allclose(jackknife.coefficients, by_hand, rtol=1e-6, atol=1e-8)
    n = len(by_hand)
    error = np.sqrt((n - 1) / n * ((by_hand - by_hand.mean(axis=0)) ** 2).sum(axis=0))
    np.testing.assert_allclose(jackknife.std_error, error, rtol=1e-5)


def test_a_bootstrap_draw_is_the_fit_to_the_repeated_clusters():
    data = long_data()
    model = fit(data)
    draws = model.cluster_bootstrap("site", within="arm", draws=20, rng=np.random.default_rng(7))
    assert (draws.status == "estimated").all()
    # The same draws by rows: clusters drawn k times are k copies with people of their own.
    sites = list(pd.unique(data["site"]))
    arm_of = data.drop_duplicates("site").set_index("site")["arm"].loc[sites].factorize()[0]
    counts = np.zeros((20, len(sites)))
    rng = np.random.default_rng(7)
    for stratum in np.unique(arm_of):
        inside = np.flatnonzero(arm_of == stratum)
        counts[:, inside] = rng.multinomial(len(inside), np.full(len(inside), 1 / len(inside)), size=20)
    for draw in (0, 11):
        copies = [
            data[data["site"] == site].assign(id=lambda d, k=k: d["id"] + 1000 * (k + 1))
            for site, times in zip(sites, counts[draw].astype(int), strict=True)
            for k in range(times)
        ]
        again = fit(pd.concat(copies, ignore_index=True))
        np.testing.assert_allclose(draws.coefficients.loc[draw], again.coefficients["estimate"], rtol=1e-7)


def test_the_same_seed_gives_the_same_draws():
    model = fit(long_data())
    one, two = (model.cluster_bootstrap("site", draws=30, rng=np.random.default_rng(3)) for _ in range(2))
    pd.testing.assert_frame_equal(one.coefficients, two.coefficients)


def test_a_replicate_that_loses_an_arm_is_not_estimable_and_counted():
    data = long_data()
    data = data[~data["site"].isin(["D1", "D2"])]  # D0 is the only site of its arm
    left = fit(data).leave_one_out("site")
    assert left.status["D0"] == "not estimable"
    assert left.n_not_estimable == 1
    assert left.coefficients.loc["D0"].isna().all()
    assert left.coefficients.drop("D0").notna().all(axis=None)
    assert fit(data).jackknife("site").std_error.isna().all()
    draws = fit(data).cluster_bootstrap("site", draws=200, rng=np.random.default_rng(1))
    lost = draws.coefficients.isna().all(axis=1)
    assert 0 < lost.sum() == draws.n_not_estimable
    np.testing.assert_allclose(draws.std_error, draws.coefficients[~lost].std(ddof=1))


def test_means_contrasts_and_changes_of_replicates():
    model = fit(long_data())
    jackknife = model.jackknife("site")
    labels, functions = model.functions("contrasts", "arm", by="visit", kind="reference")
    table = jackknife.table(functions)
    expected = model.contrasts("arm", by="visit", kind="reference")
    pd.testing.assert_series_equal(labels["contrast"], expected["contrast"])
    np.testing.assert_allclose(table["estimate"], expected["estimate"], rtol=1e-10)
    values = jackknife.coefficients.to_numpy() @ functions.T
    n = len(values)
    np.testing.assert_allclose(table["std_error"], np.sqrt((n - 1) / n * ((values - values.mean(0)) ** 2).sum(0)))
    left = model.leave_one_out("site").table(functions)
    np.testing.assert_allclose(left["conf_low"], values.min(axis=0))
    with pytest.raises(ValueError, match="allowed: means, contrasts, change"):
        model.functions("medians")


def test_estimate_tables_of_refits():
    data = long_data()
    model = fit(data[~data["site"].isin(["D1", "D2"])])
    left = model.leave_one_out("site").to_frame()
    assert left["by_site"].nunique() * left["term"].nunique() == len(left)
    assert (left.loc[left["by_site"] == "D0", "status"] == "not estimable").all()
    jackknife = fit(data).jackknife("site").to_frame()
    assert jackknife["term"].tolist() == list(model.coefficients.index)
    assert jackknife["std_error"].notna().all()
    assert jackknife["n"].unique().tolist() == [12]


def test_units_must_be_constant_and_more_than_one():
    model = fit(long_data().assign(one="x"))
    with pytest.raises(InsufficientDataError, match="one value only"):
        model.leave_one_out("one")
    with pytest.raises(ValueError, match="changes within"):
        model.leave_one_out("visit")
    with pytest.raises(ValueError, match="not in the table"):
        model.jackknife("village")
    with pytest.raises(ValueError, match="changes within units"):
        model.cluster_bootstrap("arm", within="site", rng=np.random.default_rng(1))
    with pytest.raises(ValueError, match="draws"):
        model.cluster_bootstrap("site", draws=0, rng=np.random.default_rng(1))


def test_what_a_refit_reads_does_not_grow_with_the_number_of_people(monkeypatch):
    true_batch, read = refits.fit_batch, []

    def watched(found, sums):
        read.append(sums.cross.shape)
        return true_batch(found, sums)

    monkeypatch.setattr(refits, "fit_batch", watched)
    for n in (720, 7200):
        fit(long_data(n=n)).cluster_bootstrap("site", draws=5, rng=np.random.default_rng(1))
    assert read[0] == read[1]


@pytest.mark.parametrize("covariance", ["us", "ar1h", "adh"])
@pytest.mark.parametrize("reml", [True, False])
def test_borrowed_steps_end_where_newtons_method_does(covariance, reml):
    model = fit(long_data(n=48), covariance=covariance, reml=reml)
    found = model.solution
    units = refits.person_moments(model.layout, found.model)
    sums = units.without(model.cells.total(), np.arange(48))
    near = newton.minimise_near(found.model, sums, found.theta[0], found.slopes.observed[0])
    full = newton.minimise(found.model, sums, np.repeat(found.theta, 48, axis=0))
    assert near.converged.all() and full.converged.all()
    ends = [profile(found.model, sums, one.theta) for one in (near, full)]
    np.testing.assert_allclose(ends[0].beta, ends[1].beta, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(near.theta, full.theta, rtol=1e-7, atol=1e-8)


def test_newtons_method_takes_over_where_borrowed_steps_do_not_shrink(monkeypatch):
    model = fit(long_data(n=48))
    found = model.solution
    total = model.cells.total()
    # A Hessian a hundred times too flat makes every step overshoot: nothing may come from it but the start.
    called, true = [], newton.minimise
    monkeypatch.setattr(newton, "minimise", lambda *given: called.append(len(given[1].people)) or true(*given))
    start = found.theta[0] + 0.05
    ended = newton.minimise_near(found.model, total, start, found.slopes.observed[0] / 100.0)
    assert called == [1] and ended.converged.all()
    np.testing.assert_allclose(ended.theta, found.theta, atol=1e-7)


def test_a_gradient_alone_is_that_of_the_slopes():
    for covariance in ("us", "toeph", "cs"):
        found = fit(long_data(n=48), covariance=covariance).solution
        model, sums = found.model, fit(long_data(n=48)).cells.total()
        theta = found.theta + 0.1
        at = profile(model, sums, theta)
        np.testing.assert_allclose(
            gradient(model, sums, theta, at), slopes(model, sums, theta, at).gradient, rtol=1e-12, atol=1e-12
        )


def test_moments_of_people_are_those_of_units_of_one():
    model = fit(long_data(n=48).assign(w=lambda d: 0.5 + d["id"] % 3), weights="w")
    layout, inner = model.layout, model.solution.model
    direct = refits.person_moments(layout, inner).dense(len(inner.group))
    people = np.arange(layout.n_subjects)
    general = refits.unit_moments(take_moments(layout, people), inner, tuple(people)).dense(len(inner.group))
    np.testing.assert_array_equal(direct.people, general.people)
    np.testing.assert_allclose(direct.cross, general.cross, rtol=1e-13, atol=1e-13)
