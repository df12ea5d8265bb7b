"""Items of a partly answered scale: who is imputed, what stays, and that scores come nearer than a person's mean."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition import impute_items
from increase_eval.errors import InsufficientDataError
from increase_eval.scoring import score_scale
from increase_eval.study import Scale

SCALE = Scale(id="mood", items=("a", "b", "c", "d"), range=(1, 7), reversed=("d",), rule="sum", minimum_answered=4)


def answers(n: int = 300) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Complete answers, in which ``d`` runs the other way and ``c`` is rarer; and the same with gaps."""
    rng = np.random.default_rng(8)
    trait = rng.normal(size=n)
    hard = {"a": 4.5, "b": 4.5, "c": 2.0, "d": 4.0}
    sign = {"a": 1, "b": 1, "c": 1, "d": -1}
    full = pd.DataFrame({k: np.clip(np.rint(hard[k] + sign[k] * trait + 0.6 * rng.normal(size=n)), 1, 7) for k in hard})
    full.index = pd.Index([f"r{i}" for i in range(n)])
    gaps = full.copy()
    gaps.loc[gaps.index[:60], "c"] = np.nan
    gaps.loc[gaps.index[60:70]] = np.nan
    return full, gaps


def test_only_those_partly_answered_are_imputed() -> None:
    full, gaps = answers()
    before = gaps.copy(deep=True)
    found = impute_items(gaps, SCALE, draws=3, iterations=2, rng=np.random.default_rng(1))
    pd.testing.assert_frame_equal(gaps, before)
    assert found.index.equals(gaps.index)
    assert found["items_imputed"].tolist() == [1] * 60 + [0] * 240
    assert found.iloc[60:70].filter(like="draw").isna().all(axis=None)
    complete = score_scale(full, SCALE)["score"]
    for draw in ("draw_1", "draw_2", "draw_3"):
        assert (found[draw].iloc[70:] == complete.iloc[70:]).all()
        assert found[draw].iloc[:60].between(4, 28).all()
    assert (found["draw_1"] != found["draw_2"]).any()


def test_imputed_scores_have_the_mean_that_they_would_have_had() -> None:
    # Prorating takes a hard item for as easy as the others: 2.5/4 points too much each of 4 items' worth.
    full, gaps = answers()
    truth = score_scale(full, SCALE)["score"].iloc[:60].mean()
    found = impute_items(gaps, SCALE, draws=10, iterations=3, rng=np.random.default_rng(1))
    ours = found.filter(like="draw").iloc[:60].to_numpy().mean()
    prorated = SCALE.model_copy(update={"rule": "prorated", "minimum_answered": 3})
    theirs = score_scale(gaps, prorated)["score"].iloc[:60].mean()
    assert abs(ours - truth) < 0.3
    assert abs(theirs - truth) > 1.0


def test_predictors_and_refusals() -> None:
    _, gaps = answers()
    arm = pd.DataFrame({"arm": np.resize(["x", "y"], len(gaps))}, index=gaps.index)
    options = {"draws": 2, "iterations": 2, "rng": np.random.default_rng(1)}
    assert impute_items(gaps, SCALE, predictors=arm, **options)["draw_1"].notna().sum() == 290
    with pytest.raises(ValueError, match="another index"):
        impute_items(gaps, SCALE, predictors=arm.reset_index(drop=True), **options)
    with pytest.raises(ValueError, match=r"\['arm'\] have gaps"):
        impute_items(gaps, SCALE, predictors=arm.assign(arm=arm["arm"].where(arm.index != "r1")), **options)
    with pytest.raises(ValueError, match="no items of its own"):
        impute_items(gaps, SCALE.model_copy(update={"delivered": True}), **options)
    with pytest.raises(InsufficientDataError, match="no value at all"):
        impute_items(gaps.assign(b=np.nan), SCALE, **options)
