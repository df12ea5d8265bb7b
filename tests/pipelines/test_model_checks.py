"""Checks of what models say: silent on a good table, and each shown to fail on a bad one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.results import estimate_table
from pipelines.assets.score_models import model_tables_of, score_model_assets
from pipelines.model_checks import adjusted_are_not_smaller, every_row_says_what_was_done, means_are_in_range


def means(**changes) -> pd.DataFrame:
    rows = [{"wave": "t1", "estimate": 3.0}, {"wave": "t2", "estimate": 3.5}]
    constants = {"outcome": "mood", "term": "mean", "n": 40, "method": "MMRM", "status": "estimated"}
    return estimate_table(rows, **constants).assign(**changes)


def contrasts(adjusted: float) -> pd.DataFrame:
    rows = [{"p_value": 0.02, "by_adjustment": "none"}, {"p_value": adjusted, "by_adjustment": "holm"}]
    constants = {"outcome": "mood", "term": "difference in change", "contrast": "b_a", "wave": "t2", "by_since": "t1"}
    return estimate_table(rows, **constants, by_model="baseline_free", by_unit="points")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"status": "perhaps"}, "status is not known"),
        ({"estimate": np.nan}, "without an estimate"),
        ({"status": "not estimable"}, "not called estimated"),
        ({"method": pd.NA}, "do not say how"),
    ],
)
def test_every_row_says_what_was_done(change, words):
    check = every_row_says_what_was_done("score_means")
    assert check.find({"score_means": means()}) == []
    assert any(words in finding.what for finding in check.find({"score_means": means(**change)}))


def test_means_are_in_range():
    check = means_are_in_range({"mood": (1.0, 5.0)})
    assert check.find({"score_means": means()}) == []
    (finding,) = check.find({"score_means": means(estimate=[5.2, 3.0])})
    assert finding.count == 1


def test_adjusted_are_not_smaller():
    check = adjusted_are_not_smaller()
    assert check.find({"score_contrasts": contrasts(0.04)}) == []
    (finding,) = check.find({"score_contrasts": contrasts(0.01)})
    assert finding.count == 1


def test_a_study_has_the_tables_that_its_contract_can_carry(study):
    assert set(model_tables_of(study)) == {"score_means", "score_changes", "score_contrasts"}
    without = study.model_copy(update={"analysis": study.analysis.model_copy(update={"contrasts": ()})})
    assert set(model_tables_of(without)) == {"score_means", "score_changes"}
    names = {spec.key.path[-1] for asset in score_model_assets(without) for spec in asset.specs}
    assert "score_sensitivity" not in names
