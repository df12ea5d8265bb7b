"""Imputation person by person, against conditional normals and regressions written out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition import impute
from increase_eval.attrition.imputation.analyse import common_design, read_analysis, visit_design
from increase_eval.attrition.imputation.strategies import strategy_means
from increase_eval.comparison.repeated import fit_mmrm
from increase_eval.errors import ConvergenceError, DataError, InsufficientDataError

EXACT = 1e-10
REFIT = 1e-7
"""Two fits that start from different points end this close."""

VISITS = ["T1", "T2", "T3"]
ROLES = {"outcome": "y", "subject": "id", "visit": "visit", "arm": "arm"}


def people(n: int = 36, *, seed: int = 3, gone: bool = True) -> pd.DataFrame:
    """Two arms, three visits, dropout after T1 and T2, and one who came back."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"id": np.arange(n) + 100, "arm": np.where(np.arange(n) % 2, "new", "control")})
    frame["base"] = rng.normal(size=n)
    long = frame.merge(pd.DataFrame({"visit": VISITS}), how="cross")
    own = np.repeat(rng.normal(size=n), 3)
    when = long["visit"].str[1].astype(int)
    long["y"] = 10 + long["base"] + own + when * (0.2 + 0.8 * (long["arm"] == "new")) + rng.normal(size=3 * n)
    if gone:
        left = {100: 2, 101: 2, 103: 1, 107: 1, 110: 1}
        for subject, last in left.items():
            long.loc[(long["id"] == subject) & (when > last), "y"] = np.nan
        long.loc[(long["id"] == 105) & (when == 2), "y"] = np.nan
    return long


def fill(data, **options):
    return impute(data, **ROLES, **{"covariates": ["base:visit"], **options})


def wide(data) -> pd.DataFrame:
    return data.pivot_table(index="id", columns="visit", values="y", dropna=False)


def by_hand(data, strategy: str) -> pd.DataFrame:
    """Complete outcomes one person at a time from the fitted means and covariance."""
    fit = fit_mmrm("y ~ arm * visit + base:visit", data, subject="id", visit="visit")
    sigma, beta = fit.covariance.to_numpy(), fit.coefficients["estimate"]

    def means(arm, base):
        found = []
        for visit in VISITS:
            value = beta["Intercept"] + base * beta[f"visit[{visit}]:base"]
            value += beta["arm[T.new]"] * (arm == "new")
            if visit != "T1":
                value += beta[f"visit[T.{visit}]"] + beta[f"arm[T.new]:visit[T.{visit}]"] * (arm == "new")
            found.append(value)
        return np.array(found)

    table = wide(data)
    for subject, row in table.iterrows():
        y = row.to_numpy(copy=True)
        observed = ~np.isnan(y)
        if observed.all():
            continue
        person = data[data["id"] == subject].iloc[0]
        mu, nu = means(person["arm"], person["base"]), means("control", person["base"])
        left = int(np.flatnonzero(observed)[-1]) + 1
        assumed = mu.copy()
        if left < 3:
            after = slice(left, None)
            assumed[after] = {
                "mar": mu[after], "jr": nu[after], "cr": nu[after], "lmcf": mu[left - 1], "return-to-baseline": mu[0],
                "cir": mu[left - 1] + nu[after] - nu[left - 1],
            }[strategy]  # fmt: skip
            if strategy == "cr":
                assumed = nu
        slopes = sigma[np.ix_(~observed, observed)] @ np.linalg.inv(sigma[np.ix_(observed, observed)])
        y[~observed] = assumed[~observed] + slopes @ (y[observed] - assumed[observed])
        table.loc[subject] = y
    return table


def regress(table, data) -> pd.DataFrame:
    """Least squares at each visit: visits by coefficients of intercept, arm and baseline."""
    person = data.drop_duplicates("id").set_index("id").loc[table.index]
    x = np.column_stack([np.ones(len(person)), person["arm"] == "new", person["base"]]).astype(float)
    return np.array([np.linalg.lstsq(x, table[visit].to_numpy(), rcond=None)[0] for visit in VISITS])


STRATEGIES = ["mar", "jr", "cr", "cir", "lmcf", "return-to-baseline"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_conditional_means_person_by_person(strategy) -> None:
    data = people()
    found = fill(data, strategy=strategy, reference="control")
    np.testing.assert_allclose(wide(found.completed()), by_hand(data, strategy), rtol=EXACT)
    assert found.n_imputed == int(data["y"].isna().sum()) == len(found.values)


@pytest.mark.parametrize("strategy", ["jr", "return-to-baseline"])
def test_jackknife_leaves_people_out_of_model_and_analysis(strategy) -> None:
    data = people()
    delta = pd.DataFrame({"visit": VISITS, "arm": "new", "delta": [0.0, -0.5, -1.0]})
    moved = data.merge(delta, how="left", on=["visit", "arm"]).fillna({"delta": 0.0})
    ids = data["id"].unique()
    values = []
    for one in ids:
        rest = data[data["id"] != one]
        shift = moved[(moved["id"] != one)].pivot_table(index="id", columns="visit", values="delta")
        filled = by_hand(rest, strategy)
        values.append(regress(filled + shift * wide(rest).isna(), rest))
    n = len(ids)
    expected = np.sqrt((n - 1) / n * ((np.array(values) - np.mean(values, axis=0)) ** 2).sum(axis=0))
    table = fill(data, strategy=strategy, reference="control", delta=delta).analyse("y ~ arm + base")
    np.testing.assert_allclose(table["std_error"].to_numpy().reshape(3, 3), expected, rtol=REFIT)


def test_strategies_as_linear_maps() -> None:
    # Three visits, left at the second: means (own 1..3, reference 1..3).
    known = np.array([1.0, 2.0, 3.0, 10.0, 20.0, 30.0])
    expected = {
        "mar": [1, 2, 3], "jr": [1, 20, 30], "cr": [10, 20, 30], "cir": [1, 11, 21], "lmcf": [1, 1, 1],
        "return-to-baseline": [1, 1, 1],
    }  # fmt: skip
    for strategy, means in expected.items():
        assert (strategy_means(strategy, 3, 1) @ known).tolist() == means
        assert (strategy_means(strategy, 3, 3) @ known).tolist() == [1, 2, 3]
    assert (strategy_means("cir", 3, 0) @ known).tolist() == [10, 20, 30]
    assert (strategy_means("lmcf", 3, 2) @ known).tolist() == [1, 2, 2]


@pytest.mark.parametrize("method", ["conditional-mean", "approximate-bayes"])
def test_nobody_missing_is_least_squares(method) -> None:
    data = people(gone=False)
    found = fill(data, strategy="jr", reference="control", method=method, draws=3, rng=np.random.default_rng(1))
    table, y = found.analyse("y ~ arm + base"), wide(data)
    np.testing.assert_allclose(table["estimate"].to_numpy().reshape(3, 3), regress(y, data), rtol=EXACT)
    person = data.drop_duplicates("id")
    x = np.column_stack([np.ones(len(person)), person["arm"] == "new", person["base"]]).astype(float)
    inverse, residual = np.linalg.inv(x.T @ x), y["T3"].to_numpy() - x @ regress(y, data)[2]
    if method == "approximate-bayes":
        error = np.sqrt(np.diag(inverse) * (residual**2).sum() / (len(x) - 3))
    else:
        # Leaving i out moves b by (X'X)^-1 x_i e_i / (1 - h_i).
        moves = (x @ inverse) * (residual / (1 - np.einsum("ij,jk,ik->i", x, inverse, x)))[:, None]
        error = moves.std(axis=0) * np.sqrt(len(x) - 1)
    np.testing.assert_allclose(table["std_error"].to_numpy()[-3:], error, rtol=EXACT)
    assert (table["n_imputed"] == 0).all()
    assert found.values.empty


def test_visits_without_a_row_are_added() -> None:
    data = people()
    sparse = data.dropna(subset="y").sample(frac=1.0, random_state=4)
    full, short = fill(data, strategy="cir", reference="control"), fill(sparse, strategy="cir", reference="control")
    np.testing.assert_allclose(wide(short.completed()), wide(full.completed()), rtol=EXACT)
    assert short.completed().dtypes.equals(full.completed().dtypes)
    np.testing.assert_allclose(
        short.analyse("y ~ arm + base")["std_error"], full.analyse("y ~ arm + base")["std_error"], rtol=REFIT
    )


def test_numbers_as_arms() -> None:
    data = people()
    numbered = data.assign(arm=(data["arm"] == "new").astype(int))
    found = fill(numbered, strategy="jr", reference=0).analyse("y ~ arm + base")
    expected = fill(data, strategy="jr", reference="control").analyse("y ~ arm + base")
    np.testing.assert_allclose(found["std_error"], expected["std_error"], rtol=REFIT)
    assert list(found["term"].unique()) == ["Intercept", "arm", "base"]


def test_who_never_answered_is_imputed_and_counted() -> None:
    data = people()
    data.loc[data["id"] == 109, "y"] = np.nan
    found = fill(data, strategy="jr", reference="control")
    completed = found.completed()
    fit = fit_mmrm("y ~ arm * visit + base:visit", data, subject="id", visit="visit")
    base = completed.loc[completed["id"] == 109, "base"].iloc[0]
    expected = fit.means("arm", by="visit", at={"base": base}).query("arm == 'control'")["estimate"]
    np.testing.assert_allclose(completed.loc[completed["id"] == 109, "y"], expected, rtol=EXACT)
    assert found.analyse("y ~ arm")["n"].eq(36).all()
    with pytest.raises(InsufficientDataError, match="no outcome at any visit"):
        fill(data, strategy="lmcf")


def test_approximate_bayes_draws() -> None:
    data = people(120, seed=8)
    options = {"method": "approximate-bayes", "draws": 400, "strategy": "cr", "reference": "control"}
    found = fill(data, **options, rng=np.random.default_rng(5))
    again = fill(data, **options, rng=np.random.default_rng(5))
    pd.testing.assert_frame_equal(found.values, again.values)
    draws = found.values[list(range(400))].to_numpy()
    mean = fill(data, strategy="cr", reference="control").values[0].to_numpy()
    # Draws scatter about the conditional mean, up to the skewness of refits: five Monte Carlo errors.
    assert (np.abs(draws.mean(axis=1) - mean) < 5 * draws.std(axis=1) / 20).all()
    observed = data["y"].notna().to_numpy()
    for draw in (0, 399):
        assert (found.completed(draw)["y"][observed] == data["y"][observed]).all()
    assert found.analyse("y ~ arm + base")["df"].between(1, 117).all()
    with pytest.raises(ValueError, match="allowed: 0 to 399"):
        found.completed(400)


def test_input_is_left_alone() -> None:
    data = people()
    before = data.copy(deep=True)
    fill(data, strategy="jr", reference="control").analyse("y ~ arm")
    pd.testing.assert_frame_equal(data, before)


def test_an_arm_of_one_has_estimates_without_errors() -> None:
    data = people()
    data["arm"] = np.where(data["id"] == 130, "alone", data["arm"])
    table = fill(data).analyse("y ~ arm + base")
    assert table["estimate"].notna().all()
    assert table["std_error"].isna().all()
    assert table["status"].str.contains("1 people cannot be left out").all()
    data.loc[(data["id"] == 130) & (data["visit"] == "T3"), "y"] = np.nan
    with pytest.raises(InsufficientDataError, match="no mean at visit T3"):
        fill(data)
    with pytest.raises(ConvergenceError, match="too few people"):
        scarce = data.loc[~((data["arm"] == "new") & (data["id"] < 135) & (data["visit"] == "T3"))]
        fill(scarce[scarce["arm"] != "alone"], method="approximate-bayes", draws=40, rng=np.random.default_rng(2))


def test_refusals() -> None:
    data = people()
    for strategy in ("jr", "cr", "cir"):
        with pytest.raises(ValueError, match="none is named"):
            fill(data, strategy=strategy)
    with pytest.raises(ValueError, match="is no arm"):
        fill(data, strategy="jr", reference="placebo")
    with pytest.raises(ValueError, match="strategy is 'locf'; allowed"):
        fill(data, strategy="locf")
    with pytest.raises(ValueError, match="method is 'gibbs'; allowed"):
        fill(data, method="gibbs")
    with pytest.raises(ValueError, match="needs rng"):
        fill(data, method="approximate-bayes")
    with pytest.raises(ValueError, match="draws is 1"):
        fill(data, method="approximate-bayes", draws=1, rng=np.random.default_rng(1))
    with pytest.raises(TypeError, match="sequence of terms"):
        fill(data, covariates="base")
    with pytest.raises(ValueError, match="not in the table"):
        fill(data, covariates=["age"])
    with pytest.raises(ValueError, match="covariate 'base' is missing in 3 rows"):
        fill(data.assign(base=data["base"].where(data["id"] != 104)))
    with pytest.raises(ValueError, match="changes within 1 subjects"):
        fill(data.assign(arm=data["arm"].where(data.index != 4, "new").where(data.index != 0, "new")))
    with pytest.raises(DataError, match="two rows or more"):
        fill(pd.concat([data, data.iloc[:1]]))
    with pytest.raises(InsufficientDataError, match="nobody in arm new"):
        fill(data.assign(y=data["y"].where(data["arm"] != "new")))
    with pytest.raises(InsufficientDataError, match="no rows"):
        fill(data.iloc[:0])


def test_refused_analyses() -> None:
    found = fill(people().assign(age=lambda frame: frame["id"] % 7))
    with pytest.raises(ValueError, match="what was imputed is 'y'"):
        found.analyse("base ~ arm")
    with pytest.raises(ValueError, match="one fit a visit"):
        found.analyse("y ~ arm * visit")
    with pytest.raises(ValueError, match=r"does not contain \['age'\]"):
        found.analyse("y ~ arm + age")
    with pytest.raises(ValueError, match=r"does not contain \['arm\[T.new\]:base'\]"):
        found.analyse("y ~ arm * base")
    with pytest.raises(ValueError, match="not in the table"):
        found.analyse("y ~ arm + income")


def test_refused_deltas() -> None:
    data = people()
    good = pd.DataFrame({"visit": ["T2"], "arm": ["new"], "delta": [1.0]})
    with pytest.raises(ValueError, match="it needs 'visit'"):
        fill(data, delta=good.drop(columns="delta"))
    with pytest.raises(ValueError, match="finite"):
        fill(data, delta=good.assign(delta=np.nan))
    with pytest.raises(ValueError, match="'visit' is not in the data"):
        fill(data, delta=good.assign(visit="T9"))
    with pytest.raises(ValueError, match="'arm' is not in the data"):
        fill(data, delta=good.assign(arm="other"))
    with pytest.raises(ValueError, match="two rows"):
        fill(data, delta=pd.concat([good, good]))


def test_a_design_of_all_visits_is_that_of_each_visit():
    rng = np.random.default_rng(3)
    people = pd.DataFrame({"id": range(40), "arm": ["a", "b"] * 20, "x": rng.normal(size=40)})
    long = people.merge(pd.DataFrame({"visit": ["T1", "T2", "T3"]}), how="cross")
    long["now"] = np.where(rng.random(120) < 0.5, "yes", "no")
    long["y"] = long["x"] + rng.normal(size=120)
    long.loc[(long["visit"] == "T3") & (long["id"] < 9), "y"] = np.nan
    filled = impute(long, outcome="y", subject="id", visit="visit", arm="arm", covariates=["x:visit", "now:visit"])
    parsed = read_analysis("y ~ arm * x + now", filled.cohort)
    common = common_design(parsed, filled.cohort)
    assert common is not None
    extra = impute(
        long, outcome="y", subject="id", visit="visit", arm="arm", covariates=["x:visit", "now:visit", "arm:x:visit"]
    )
    for t in range(3):
        one = visit_design(parsed, extra.cohort, extra.rows[:, t], t, common)
        other = visit_design(parsed, extra.cohort, extra.rows[:, t], t)
        assert one.names == other.names
        np.testing.assert_array_equal(one.used, other.used)
        np.testing.assert_allclose(one.q @ one.r, other.q @ other.r, atol=1e-12)


def test_a_visit_that_lacks_a_level_has_a_design_of_its_own():
    rng = np.random.default_rng(3)
    people = pd.DataFrame({"id": range(40), "arm": ["a", "b"] * 20})
    long = people.merge(pd.DataFrame({"visit": ["T1", "T2"]}), how="cross").assign(y=rng.normal(size=80))
    long["now"] = np.where(long["visit"] == "T1", "yes", np.where(rng.random(80) < 0.5, "yes", "no"))
    filled = impute(long, outcome="y", subject="id", visit="visit", arm="arm", covariates=["now"])
    assert common_design(read_analysis("y ~ arm + now", filled.cohort), filled.cohort) is None
    terms = filled.analyse("y ~ arm + now").groupby("visit")["term"].agg(list).to_dict()
    assert terms == {"T1": ["Intercept", "arm[T.b]"], "T2": ["Intercept", "arm[T.b]", "now[T.yes]"]}
