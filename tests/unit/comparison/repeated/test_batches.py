"""A fit from batches is the fit to the whole table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from increase_eval.comparison import fit_mmrm
from increase_eval.errors import DataError, InsufficientDataError

FORMULA = "y ~ age * visit + stress * mode + arm * visit"


def long_data(n: int = 120, seed: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    people = pd.DataFrame({"id": [f"p{i}" for i in range(n)], "age": rng.normal(40, 9, n)})
    # Sorted by arm, so that no batch sees all arms.
    people["arm"] = np.sort(rng.choice(["A", "B", "C"], n))
    rows = people.loc[np.repeat(np.arange(n), 3)].reset_index(drop=True)
    rows["visit"] = np.tile(["T1", "T2", "T3"], n)
    rows["stress"], rows["mode"] = rng.normal(3, 1, 3 * n), rng.choice(["paper", "web"], 3 * n)
    rows["w"] = rng.uniform(0.5, 2, 3 * n)
    rows["y"] = 1e5 + np.repeat(rng.normal(size=n), 3) + rng.normal(size=3 * n)
    rows.loc[rng.random(3 * n) < 0.25, "y"] = np.nan
    rows.loc[rows["id"] == "p0", "y"] = np.nan
    return rows


def fit(data, formula: str = FORMULA, **options):
    return fit_mmrm(formula, data, subject="id", visit="visit", **options)


def cut(data: pd.DataFrame, people: int = 25) -> list[pd.DataFrame]:
    return [data.iloc[start : start + 3 * people] for start in range(0, len(data), 3 * people)]


@pytest.mark.parametrize("options", [{}, {"weights": "w"}, {"covariance_by": "arm"}, {"reml": False}])
@pytest.mark.parametrize("make", [lambda part: part, lambda part: pa.RecordBatch.from_pandas(part)])
def test_batches_give_the_fit_to_the_whole_table(options, make):
    data = long_data()
    whole = fit(data, **options)
    parts = fit(lambda: (make(part) for part in cut(data)), **options)
    assert parts.log_likelihood == pytest.approx(whole.log_likelihood, rel=1e-10)
    pd.testing.assert_index_equal(parts.coefficients.index, whole.coefficients.index)
    np.testing.assert_allclose(parts.coefficients, whole.coefficients, rtol=1e-5, atol=1e-7)
    for name in ("n_obs", "n_subjects", "n_dropped", "n_rows_dropped", "aic", "bic", "status", "method"):
        assert getattr(parts, name) == pytest.approx(getattr(whole, name))
    np.testing.assert_allclose(
        parts.means("arm", by="visit")["estimate"], whole.means("arm", by="visit")["estimate"], rtol=1e-9
    )


def test_a_list_of_tables_and_categories_in_their_declared_order():
    data = long_data().assign(arm=lambda d: pd.Categorical(d["arm"], ["C", "A", "B"]))
    whole, parts = fit(data), fit(cut(data))
    assert list(parts.coefficients.index) == list(whole.coefficients.index)
    assert "arm[T.A]" in parts.coefficients.index
    assert parts.log_likelihood == pytest.approx(whole.log_likelihood, rel=1e-10)


def test_a_covariate_is_between_people_only_if_it_is_so_in_every_batch():
    data = long_data()
    data.loc[data.index[-1], "age"] += 1.0  # it changes within one person, of the last batch
    formula = "y ~ age + arm * visit"
    one, two = (fit(some, formula, df="between-within") for some in (data, cut(data)))
    np.testing.assert_allclose(one.coefficients["df"], two.coefficients["df"])


def test_a_constrained_baseline():
    data = long_data()
    one, two = (fit(some, "y ~ arm * visit", baseline="constrained") for some in (data, cut(data)))
    assert one.log_likelihood == pytest.approx(two.log_likelihood, rel=1e-10)


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (lambda: iter(cut(long_data())), TypeError, "cannot be gone through twice"),
        (lambda: 7, TypeError, "int"),
        (lambda: cut(long_data().iloc[1:]), DataError, "subjects come again in another batch"),
        (lambda: [long_data().assign(y=np.nan)], InsufficientDataError, "no batch has a row"),
        (lambda: [], InsufficientDataError, "no batch has a row"),
        (lambda: cut(long_data().assign(y=lambda d: d["y"].where(d["visit"] != "T2"))), InsufficientDataError, "T2"),
    ],
)
def test_causes_are_named(data, error, message):
    with pytest.raises(error, match=message):
        fit(data())


def test_what_needs_rows_says_so():
    model = fit(cut(long_data()))
    for call in (model.jackknife, lambda: model.means("arm", weights="proportional")):
        with pytest.raises(ValueError, match="needs the rows"):
            call()
    for options in ({"standard_errors": "empirical"}, {"baseline": "covariate"}):
        with pytest.raises(ValueError, match="give one DataFrame"):
            fit(cut(long_data()), **options)
