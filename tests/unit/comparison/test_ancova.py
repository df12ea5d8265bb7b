"""Analysis of covariance: statsmodels as second witness, interactions, limits and refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from statsmodels.stats.anova import anova_lm

from increase_eval.comparison import ancova
from increase_eval.errors import InsufficientDataError


@pytest.fixture
def data() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    frame = pd.DataFrame(
        {"arm": rng.choice(list("abc"), 60), "sex": rng.choice(["f", "m"], 60), "x": rng.normal(size=60)}
    )
    effect = frame["arm"].map({"a": 0.0, "b": 1.0, "c": 0.3}) + (frame["sex"] == "f") * 0.5
    return frame.assign(y=effect + frame["x"] + rng.normal(size=60))


@pytest.mark.parametrize("ss_type", [1, 2, 3])
def test_sums_of_squares_agree_with_statsmodels(data, ss_type) -> None:
    # for type I statsmodels puts covariates after interactions of factors, R before
    more = "" if ss_type == 1 else " + x"
    ours = ancova(f"y ~ arm * sex{more}", data, ss_type=ss_type).table
    theirs = anova_lm(smf.ols(f"y ~ C(arm, Sum) * C(sex, Sum){more}", data).fit(), typ=ss_type)
    theirs.index = theirs.index.str.replace(r"C\((\w+), Sum\)", r"\1", regex=True).str.replace("Residual", "Residuals")
    assert set(ours.index) == set(theirs.index)
    expected = theirs["sum_sq"].reindex(ours.index).to_numpy()
    assert ours["sum_sq"].to_numpy() == pytest.approx(expected, rel=1e-8)


def test_a_numeric_interaction_agrees_with_statsmodels(data) -> None:
    ours = ancova("y ~ arm * x", data).table
    theirs = anova_lm(smf.ols("y ~ C(arm, Sum) * x", data).fit(), typ=3)
    assert ours["sum_sq"].to_numpy() == pytest.approx(theirs["sum_sq"].to_numpy(), rel=1e-8)


def test_adjusted_means_count_the_levels_of_other_factors_alike(data) -> None:
    fit = ancova("y ~ arm * sex", data)
    cells = data.groupby(["arm", "sex"])["y"].mean().groupby("arm").mean()
    assert fit.means("arm")["estimate"].to_numpy() == pytest.approx(cells.to_numpy(), rel=1e-10)


def test_without_covariates_contrasts_are_differences_of_means(data) -> None:
    contrasts = ancova("y ~ arm", data).contrasts("arm")
    means = data.groupby("arm")["y"].mean()
    assert contrasts["contrast"].tolist() == ["a - b", "a - c", "b - c"]
    expected = [means["a"] - means["b"], means["a"] - means["c"], means["b"] - means["c"]]
    assert contrasts["estimate"].to_numpy() == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("kind", ["HC0", "HC1", "HC2", "HC3"])
def test_robust_errors_agree_with_statsmodels(data, kind) -> None:
    theirs = smf.ols("y ~ arm + x", data).fit(cov_type=kind).bse
    assert ancova("y ~ arm + x", data).robust(kind)["std_error"].to_numpy() == pytest.approx(
        theirs.to_numpy(), rel=1e-9
    )


def test_missing_rows_are_dropped_and_counted(data) -> None:
    gaps = data.assign(y=data["y"].astype("Float64").mask(data.index < 3), arm=data["arm"].astype("category"))
    fit = ancova("y ~ arm + x", gaps)
    assert (fit.n, fit.n_dropped) == (57, 3)
    assert fit.coefficients["estimate"].to_numpy() == pytest.approx(
        ancova("y ~ arm + x", data.iloc[3:]).coefficients["estimate"].to_numpy(), rel=1e-12
    )


def test_rescaling_the_outcome_rescales_the_estimates(data) -> None:
    one, other = ancova("y ~ arm + x", data), ancova("y ~ arm + x", data.assign(y=10 * data["y"] + 100))
    assert other.contrasts("arm")["estimate"].to_numpy() == pytest.approx(
        10 * one.contrasts("arm")["estimate"].to_numpy()
    )
    assert other.table.loc["arm", "statistic"] == pytest.approx(one.table.loc["arm", "statistic"], rel=1e-8)


def test_an_empty_cell_is_named(data) -> None:
    empty = data[~((data["arm"] == "c") & (data["sex"] == "m"))]
    with pytest.raises(InsufficientDataError, match=r"arm\[T.c\]:sex\[T.m\]"):
        ancova("y ~ arm * sex", empty)


def test_refusals(data) -> None:
    with pytest.raises(ValueError, match="no factor"):
        ancova("y ~ arm + x", data).means("x")
    with pytest.raises(ValueError, match="ss_type"):
        ancova("y ~ arm", data, ss_type=4)
    with pytest.raises(ValueError, match="left-hand side"):
        ancova("arm ~ x", data)
    with pytest.raises(ValueError, match="not in the table"):
        ancova("y ~ nothing", data)
    with pytest.raises(InsufficientDataError, match="residual"):
        ancova("y ~ x", data.iloc[:2])
