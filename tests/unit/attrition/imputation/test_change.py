"""Changes since a visit, from imputed outcomes: the difference of two visits in every draw and replicate."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition import impute

EXACT = 1e-10
ROLES = {"outcome": "y", "subject": "id", "visit": "visit", "arm": "arm"}


def cohort(n: int = 50, *, gone: bool = True) -> pd.DataFrame:
    """Two arms, three visits, everybody has the first; a third leave later."""
    rng = np.random.default_rng(7)
    people = pd.DataFrame({"id": np.arange(n), "arm": np.where(np.arange(n) % 2, "new", "old")})
    people["last"] = np.where(np.arange(n) % 6 == 0, 1, np.where(np.arange(n) % 6 == 3, 2, 3)) if gone else 3
    long = people.merge(pd.DataFrame({"visit": ["T1", "T2", "T3"]}), how="cross")
    long["y"] = np.repeat(rng.normal(size=n), 3) + rng.normal(size=3 * n)
    return long.assign(y=long["y"].where(long["visit"].str[1].astype(int) <= long["last"])).drop(columns="last")


def test_mean_change_with_nobody_missing_is_the_paired_one() -> None:
    data = cohort(gone=False)
    found = impute(data, **ROLES).analyse("y ~ 0 + arm", change_from="T1").set_index(["visit", "term"])
    wide = data.pivot_table(index=["arm", "id"], columns="visit", values="y")
    change = (wide["T3"] - wide["T1"]).groupby("arm")
    n = 25
    for arm in ("new", "old"):
        row = found.loc[("T3", f"arm[{arm}]")]
        assert row["estimate"] == pytest.approx(change.mean()[arm], rel=EXACT)
        # Leaving i out of an arm moves its mean by e_i/(n - 1); all 50 people count, and the other 25 move nothing.
        moves = np.append((change.get_group(arm) - change.mean()[arm]).to_numpy() / (n - 1), np.zeros(n))
        assert row["std_error"] == pytest.approx(moves.std() * np.sqrt(2 * n - 1), rel=EXACT)
    assert set(found.index.get_level_values("visit")) == {"T2", "T3"}


@pytest.mark.parametrize("method", ["conditional-mean", "bayes"])
def test_change_is_the_difference_of_visits(method) -> None:
    filled = impute(cohort(), **ROLES, method=method, draws=5, rng=np.random.default_rng(1))
    change = filled.analyse("y ~ arm", change_from="T1").set_index(["visit", "term"])["estimate"]
    level = filled.analyse("y ~ arm").set_index(["visit", "term"])["estimate"]
    for visit in ("T2", "T3"):
        np.testing.assert_allclose(change.loc[visit], level.loc[visit] - level.loc["T1"], rtol=1e-9)


def test_jackknife_of_a_change_refits_without_each_person() -> None:
    data = cohort(24)
    found = impute(data, **ROLES).analyse("y ~ arm", change_from="T1")
    left = []
    for one in data["id"].unique():
        rest = impute(data[data["id"] != one], **ROLES).analyse("y ~ arm", change_from="T1")
        left.append(rest["estimate"].to_numpy())
    values = np.array(left)
    np.testing.assert_allclose(found["std_error"], values.std(axis=0) * np.sqrt(len(values) - 1), rtol=1e-6)


def test_refusals() -> None:
    data = cohort().assign(now=lambda frame: np.arange(len(frame)) % 7.0)
    filled = impute(data, **ROLES, covariates=["now:visit"])
    with pytest.raises(ValueError, match=r"change_from is 'T9'; allowed: one of \['T1', 'T2', 'T3'\]"):
        filled.analyse("y ~ arm", change_from="T9")
    with pytest.raises(ValueError, match="change over the visits"):
        filled.analyse("y ~ arm + now", change_from="T1")
