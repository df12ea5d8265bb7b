"""The assets of imputation: which a study has, and each check shown to fail on a bad table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from increase_eval.results import estimate_table
from pipelines.assets.imputation import GRAINS, STATE_GRAINS, imputation_assets
from pipelines.catalogue import table_entries
from pipelines.robustness_checks import draws_are_complete, numbers_only_where_estimated, shares_of_states_add_up


def names(study) -> set[str]:
    return {spec.key.path[-1] for asset in imputation_assets(study) for spec in asset.specs}


def test_draws_are_assets_a_scale_where_the_plan_says_how_many(study):
    stored = {*GRAINS, *(STATE_GRAINS if "states" in study.capabilities else ())}
    plan = study.analysis.model_copy(update={"draws": {}})
    assert names(study.model_copy(update={"analysis": plan})) == stored
    drawing = study.analysis.model_copy(update={"draws": {"imputation": 3}})
    with_draws = study.model_copy(update={"analysis": drawing, "contract_hash": "another"})
    own = names(with_draws) - stored
    assert own
    assert all(name.startswith("imputed_draws_") for name in own)
    columns = [entry.name for entry in table_entries(with_draws, min(own))]
    assert columns == ["participant", "wave", "arm", "status", "draw_1", "draw_2", "draw_3"]


def test_files_of_complete_cases_are_not_imputed(study):
    people = study.head.participants.model_copy(update={"coverage": "complete_cases"})
    complete = study.model_copy(update={"head": study.head.model_copy(update={"participants": people})})
    assert imputation_assets(complete) == []


def test_draws_are_complete():
    check = draws_are_complete("d")
    good = pd.DataFrame({"participant": ["a", "a"], "wave": ["t2", "t3"], "draw_1": [1.0, 2.0], "draw_2": [1.5, 2.5]})
    assert check.find({"d": good}) == []
    assert [one.count for one in check.find({"d": good.assign(draw_2=[1.0, np.nan])})] == [1]
    assert [one.count for one in check.find({"d": good.assign(wave="t2")})] == [1]


def test_numbers_are_there_only_where_estimated():
    check = numbers_only_where_estimated("imputed_changes")
    row = {"outcome": "mood", "estimate": 1.0, "status": "estimated"}
    assert check.find({"imputed_changes": estimate_table([row])}) == []
    assert check.find({"imputed_changes": estimate_table([{**row, "status": "not estimable"}])})
    assert check.find({"imputed_changes": estimate_table([{**row, "estimate": np.nan}])})


def test_shares_of_states_that_do_not_make_one_are_found():
    check = shares_of_states_add_up("imputed_states")
    rows = [{"by_state": state, "estimate": share} for state, share in (("in", 0.25), ("out", 0.75), ("counted", 0.25))]
    table = estimate_table(rows, outcome="work", term="share", wave="t2", by_arm="a", by_strategy="mar")
    assert check.find({"imputed_states": table}) == []
    table.loc[0, "estimate"] = 0.3
    assert [one.count for one in check.find({"imputed_states": table})] == [1]
