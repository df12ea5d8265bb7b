"""Adjusted p values within the families that a plan declares."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.comparison import adjust_p_values
from increase_eval.comparison.score_models import adjust_families, score_model_tables


def plan(adjustment: str = "holm", *, outcomes: tuple[str, ...] = ("mood",), contrasts: tuple[str, ...] = ()) -> dict:
    rest = {name: {"en": "x", "fr": "x"} for name in ("population", "conditions", "variable")}
    estimands = [
        {"id": f"{outcome}_{wave}", "outcome": outcome, "wave": wave, "since": "t1", "summary": "mean_change", **rest}
        for outcome in outcomes
        for wave in ("t2", "t3")
    ]
    family = {
        "id": "main",
        "label": {"en": "Main", "fr": "Principale"},
        "estimands": [estimand["id"] for estimand in estimands],
        "contrasts": list(contrasts),
        "adjustment": adjustment,
    }
    return {"estimands": estimands, "families": [family]}


def p_values_of(p_values: dict[tuple[str, str], float]) -> pd.DataFrame:
    return pd.DataFrame([(*key, p) for key, p in p_values.items()], columns=["estimand", "contrast", "p_value"])


class TestFamilies:
    @pytest.mark.parametrize("rule", ["holm", "hochberg", "fdr_bh"])
    def test_every_pair_of_estimand_and_contrast_is_a_member(self, study_of, rule):
        study = study_of(arms=("a", "b", "c"), plan=plan(rule))
        p = [0.01, 0.2, 0.03, 0.04, 0.5, 0.002]
        keys = [(f"mood_{wave}", contrast) for wave in ("t2", "t3") for contrast in ("b_a", "c_a", "c_b")]
        done = adjust_families(study, p_values_of(dict(zip(keys, p, strict=True))))
        assert list(zip(done["estimand"], done["contrast"], strict=True)) == keys
        np.testing.assert_allclose(done["p_value"], adjust_p_values(p, rule))
        assert set(done["n_tests"]) == {6} and set(done["n_elsewhere"]) == {0}

    def test_bonferroni(self, study_of):
        # 2 estimands x 1 contrast: 2 x 0.02 = 0.04, and 2 x 0.7 is cut off at 1.
        study = study_of(plan=plan("bonferroni", contrasts=("b_a",)))
        done = adjust_families(study, p_values_of({("mood_t2", "b_a"): 0.02, ("mood_t3", "b_a"): 0.7}))
        assert done["p_value"].tolist() == pytest.approx([0.04, 1.0])

    def test_a_member_tested_elsewhere_counts_as_the_largest_p_value_there_is(self, study_of):
        # 4 members, 2 of them not here: Holm multiplies the smallest by 4 and the next by 3.
        study = study_of(plan=plan(outcomes=("mood", "work"), contrasts=("b_a",)))
        done = adjust_families(study, p_values_of({("mood_t2", "b_a"): 0.01, ("mood_t3", "b_a"): 0.02}))
        assert done["p_value"].tolist() == pytest.approx([0.04, 0.06])
        assert done["n_elsewhere"].tolist() == [2, 2]

    def test_a_member_that_could_not_be_estimated_was_not_tested(self, study_of):
        study = study_of(plan=plan(contrasts=("b_a",)))
        done = adjust_families(study, p_values_of({("mood_t2", "b_a"): 0.02, ("mood_t3", "b_a"): np.nan}))
        assert done["p_value"].tolist() == pytest.approx([0.02, np.nan], nan_ok=True)
        assert done["n_tests"].tolist() == [1, 1]

    def test_a_rule_that_needs_draws_gives_way_to_holm_and_says_so(self, study_of):
        study = study_of(plan=plan("romano_wolf", contrasts=("b_a",)))
        done = adjust_families(study, p_values_of({("mood_t2", "b_a"): 0.02, ("mood_t3", "b_a"): 0.03}))
        assert set(done["adjustment"]) == {"holm"}
        assert done["p_value"].tolist() == pytest.approx([0.04, 0.04])

    def test_a_test_stands_once(self, study_of):
        twice = pd.concat([p_values_of({("mood_t2", "b_a"): 0.02})] * 2)
        with pytest.raises(ValueError, match="twice"):
            adjust_families(study_of(plan=plan()), twice)


def test_adjusted_rows_stand_beside_the_others_with_their_family_and_without_interval(study_of, drawn, rows_with):
    study = study_of(plan=plan())
    table = score_model_tables(study, *drawn(study)).contrasts
    for model in ("baseline_free", "baseline_covariate"):
        own = rows_with(table, by_model=model, by_unit="points")
        plain, adjusted = rows_with(own, by_adjustment="none"), rows_with(own, by_adjustment="holm")
        assert len(plain) == len(adjusted) == 6
        assert plain["by_family"].isna().all() and set(adjusted["by_family"]) == {"main"}
        keys = ["contrast", "wave", "by_since"]
        both = adjusted.set_index(keys).join(plain.set_index(keys).add_suffix("_plain"))
        waves = both.reset_index().sort_values(["wave", "contrast"])
        np.testing.assert_allclose(waves["p_value"], adjust_p_values(waves["p_value_plain"], "holm"))
        np.testing.assert_allclose(both["estimate"], both["estimate_plain"])
        assert adjusted["conf_low"].isna().all()
        assert adjusted["method"].str.endswith("p value adjusted by holm for 6 tests in the family").all()
