"""Stayers and leavers: hand arithmetic, statsmodels as second witness, limits and refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats

from increase_eval.attrition import compare_leavers
from increase_eval.errors import InsufficientDataError


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(23)
    frame = pd.DataFrame(
        {"arm": rng.choice(list("ab"), 300), "x": rng.normal(size=300), "sex": rng.choice(["f", "m"], 300)}
    )
    lean = 0.7 * frame["x"] * np.where(frame["arm"] == "a", 1, -1)
    return frame.assign(
        code=rng.integers(1, 4, 300), stayed=(rng.uniform(size=300) < 1 / (1 + np.exp(-lean))).astype(int)
    )


def test_standardised_differences_by_hand(data) -> None:
    table = compare_leavers(data, stayed="stayed", columns=["x", "sex"]).differences.set_index("term")
    one, other = data[data["stayed"] == 1], data[data["stayed"] == 0]
    spread = np.sqrt((one["x"].var() + other["x"].var()) / 2)
    assert table.loc["mean", "estimate"] == pytest.approx((one["x"].mean() - other["x"].mean()) / spread, rel=1e-12)
    p, q = (one["sex"] == "f").mean(), (other["sex"] == "f").mean()
    assert table.loc["f", "estimate"] == pytest.approx((p - q) / np.sqrt((p * (1 - p) + q * (1 - q)) / 2), rel=1e-12)
    assert table.loc["m", "estimate"] == pytest.approx(-table.loc["f", "estimate"], rel=1e-9)


def test_joint_tests_agree_with_statsmodels(data) -> None:
    result = compare_leavers(data, stayed="stayed", columns=["x", "sex", "code"], categorical=["code"], arm="arm")
    fits = {
        right: smf.logit(f"stayed ~ {right}", data).fit(disp=0, tol=1e-12).llf
        for right in ("1", "x + sex + C(code)", "arm + x + sex + C(code)", "arm * (x + sex + C(code))")
    }
    selective = 2 * (fits["x + sex + C(code)"] - fits["1"])
    differential = 2 * (fits["arm * (x + sex + C(code))"] - fits["arm + x + sex + C(code)"])
    assert (result.selective.statistic, result.selective.df) == pytest.approx((selective, 4), rel=1e-7)
    assert (result.differential.statistic, result.differential.df) == pytest.approx((differential, 4), rel=1e-7)
    assert result.differential.p_value == pytest.approx(stats.chi2.sf(differential, 4), rel=1e-6)
    assert result.differential.p_value < 0.001
    assert result.to_frame()["term"].tolist()[-2:] == ["selective attrition", "differential attrition"]


def test_missing_values_are_counted_in_each_row_and_in_the_tests(data) -> None:
    gaps = data.assign(x=data["x"].mask(data.index < 9), stayed=data["stayed"].astype("boolean").mask(data.index == 20))
    result = compare_leavers(gaps, stayed="stayed", columns=["x", "sex"])
    assert result.differences.set_index("term").loc["mean", "n_dropped"] == 9
    assert (result.selective.n, result.selective.n_dropped) == (290, 9)
    assert result.differential is None


def test_what_cannot_be_tested_has_a_status(data) -> None:
    perfect = data.assign(flag=np.where(data["stayed"] == 1, "yes", "no"), same=1.0)
    result = compare_leavers(perfect, stayed="stayed", columns=["flag"])
    assert "separate" in result.selective.status
    assert np.isnan(result.selective.p_value)
    flat = compare_leavers(perfect, stayed="stayed", columns=["same"])
    assert flat.differences["status"].tolist() == ["no variance"]
    assert "cannot tell" in flat.selective.status


def test_refusals(data) -> None:
    with pytest.raises(InsufficientDataError, match="nobody left"):
        compare_leavers(data.assign(stayed=1), stayed="stayed", columns=["x"])
    with pytest.raises(ValueError, match="0 and 1"):
        compare_leavers(data, stayed="code", columns=["x"])
    with pytest.raises(ValueError, match="not in the table"):
        compare_leavers(data, stayed="stayed", columns=["age"])
    with pytest.raises(ValueError, match="no columns"):
        compare_leavers(data, stayed="stayed", columns=[])
