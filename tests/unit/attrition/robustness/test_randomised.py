"""The table of robustness of a trial: its arms compared under every method, and a state not asked at first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from increase_eval.attrition.robustness import robustness_table
from increase_eval.comparison.score_models import score_model_tables
from increase_eval.study import load_study

CONTRACTS = Path(__file__).resolve().parents[4] / "data_contracts"
EXACT = 1e-10


def trial(n=120):
    """Two arms drawn by lot, a scale and a state that the first wave does not ask."""
    study = load_study(CONTRACTS / "help")
    rng = np.random.default_rng(4)
    arms = np.array(study.arm_ids)[np.arange(n) % 2]
    people = pd.DataFrame({"participant": [f"p{i}" for i in range(n)], "arm": arms})
    people["sex"] = rng.choice(["male", "female"], n)
    people["age"] = rng.integers(20, 60, n)
    people["homeless_on_entry"] = rng.integers(0, 2, n)
    first = rng.normal(30, 8, n)
    parts, states = [], []
    for wave in study.wave_ids:
        stays = (wave == "m0") | (rng.random(n) < 0.7)
        values = first - 8 * (wave != "m0") + rng.normal(0, 4, n)
        parts.append(people[["participant"]].assign(wave=wave, scale="ces_d", score=values)[stays])
        linked = np.where(rng.random(n) < 0.3 + 0.2 * (arms == "clinic"), "linked", "not_linked")
        if wave != "m0":
            states.append(people[["participant"]].assign(wave=wave, variable="primary_care", state=linked)[stays])
    return study, people, pd.concat(parts), pd.concat(states)


@pytest.fixture(scope="module")
def parts():
    return trial()


@pytest.fixture(scope="module")
def table(parts, imputed_tables):
    study, people, scores, states = parts
    made = imputed_tables(study, people, scores, states)
    models = score_model_tables(study, scores, people)
    return robustness_table(
        study, people, scores=scores, states=states, **made, score_changes=models.changes,
        score_contrasts=models.contrasts, ranges={"ces_d": (0.0, 60.0)}, rng=np.random.default_rng(5),
    )  # fmt: skip


def test_control_arms_bring_the_reference_based_family(table):
    own = table[(table["by_arm"] == "clinic") & (table["outcome"] == "ces_d")].set_index("by_method")
    assert {"jump_to_reference", "copy_reference", "copy_increments"} <= set(own.index)
    # Lower is better here: those who left are worse off under delta, so that the change is smaller in size.
    assert own.loc["delta", "estimate"] > own.loc["imputation", "estimate"]
    assert own.loc["imputation", "verdict"] == "better"


def test_every_method_compares_the_arms_by_the_plans_contrast(table):
    own = table[(table["outcome"] == "ces_d") & table["contrast"].eq("clinic_less_usual_care")]
    assert own["term"].unique().tolist() == ["difference in change"]
    assert own["estimate"].notna().all()
    arms = table[(table["outcome"] == "ces_d") & table["contrast"].isna()]
    of_arm = {arm: rows.set_index("by_method")["estimate"] for arm, rows in arms.groupby("by_arm")}
    gap = own.set_index("by_method")["estimate"]
    for method in ("complete_cases", "mmrm", "weights", "imputation", "imputation_weights", "delta",
                   "return_to_baseline", "jump_to_reference", "copy_reference", "copy_increments"):  # fmt: skip
        expected = of_arm["clinic"][method] - of_arm["usual_care"][method]
        # Deltas of the two arms are the same.
        assert gap[method] == pytest.approx(expected, abs=1e-6), method
    low, high = (of_arm["clinic"][one] - of_arm["usual_care"][other] for one, other in
                 (("bounds_lower", "bounds_upper"), ("bounds_upper", "bounds_lower")))  # fmt: skip
    assert gap[["bounds_lower", "bounds_upper"]].tolist() == pytest.approx([low, high], abs=EXACT)


def test_complete_cases_are_compared_as_welch_does(parts, table):
    _, people, scores, _ = parts
    wide = scores.pivot_table(index="participant", columns="wave", values="score")
    change = (wide["m24"] - wide["m0"]).dropna()
    arm = people.set_index("participant")["arm"].reindex(change.index)
    expected = stats.ttest_ind(change[arm == "clinic"], change[arm == "usual_care"], equal_var=False)
    row = table.query("outcome == 'ces_d' and by_method == 'complete_cases' and contrast.notna()").iloc[0]
    assert row["df"] == pytest.approx(expected.df, rel=1e-10)
    assert row["estimate"] / row["std_error"] == pytest.approx(expected.statistic, rel=1e-10)


def test_a_state_that_the_first_wave_does_not_ask_is_about_everybody(table, parts):
    _, people, _, states = parts
    own = table[table["outcome"] == "primary_care"]
    assert own["by_population"].unique().tolist() == ["everybody asked"]
    assert (own["n"] + own["n_dropped"])[own["by_arm"] == "clinic"].eq((people["arm"] == "clinic").sum()).all()
    stated = own[own["by_arm"] == "clinic"].set_index("by_method")
    for method in ("first_wave", "return_to_baseline"):
        assert stated.loc[method, "status"] == "the first wave does not ask it"
    assert stated.loc["delta", "status"].startswith("no state is declared as work")
    known = states[states["wave"] == "m12"].merge(people, on="participant").query("arm == 'clinic'")["state"]
    assert stated.loc["complete_cases", "estimate"] == pytest.approx((known == "linked").mean(), abs=EXACT)
    assert stated["verdict"].isna().all()
    gap = own[own["contrast"].notna()].set_index("by_method")
    assert gap.loc["complete_cases", "verdict"] == "more"
    assert gap.loc["complete_cases", "method"] == "Newcombe interval"
