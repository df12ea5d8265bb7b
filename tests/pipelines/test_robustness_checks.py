"""Each check of what holds under other assumptions is shown to fail on a bad table, and to pass a good one."""

import pandas as pd
import pytest

from increase_eval.results import estimate_table
from increase_eval.study import find_studies, load_study
from pipelines.assets.anchored import anchored_assets
from pipelines.assets.robustness import robustness_assets
from pipelines.robustness_checks import (
    anchored_levels_are_in_range,
    every_headline_is_stated,
    numbers_only_where_estimated,
)


@pytest.fixture(scope="module")
def studies():
    return {name: load_study(folder) for name, folder in find_studies().items()}


def good() -> pd.DataFrame:
    rows = [
        {"by_arm": arm, "by_method": method, "estimate": 1.0}
        for arm in ("usual_care", "clinic")
        for method in ("complete_cases", "imputation")
    ]
    return estimate_table(rows, outcome="ces_d", term="change", wave="m24", status="estimated")


def test_a_number_without_its_status_is_found():
    check = numbers_only_where_estimated("robustness")
    assert check.find({"robustness": good()}) == []
    for change in ({"status": "too few answered"}, {"estimate": None}, {"status": None}):
        bad = good()
        bad.loc[0, list(change)] = list(change.values())
        assert check.find({"robustness": bad})


def test_a_mean_that_no_scale_can_give_is_found():
    check = anchored_levels_are_in_range({"ces_d": (0.0, 60.0)})
    table = good().assign(term="mean")
    assert check.find({"anchored_changes": table}) == []
    table.loc[0, "estimate"] = 60.5
    assert check.find({"anchored_changes": table})[0].count == 1


def test_a_method_that_is_missing_or_twice_is_found(studies):
    check = every_headline_is_stated(studies["help"])
    table = good()
    assert check.find({"robustness": table}) == []
    assert check.find({"robustness": table.iloc[1:]})
    assert check.find({"robustness": pd.concat([table, table.iloc[:1]])})
    assert check.find({"robustness": table.assign(by_arm="nobody")})


def test_which_studies_have_which_tables(studies):
    anchored = {name for name, study in studies.items() if anchored_assets(study)}
    stated = {name for name, study in studies.items() if robustness_assets(study)}
    assert {"increase_vs"} == anchored & {"increase_vs", "help", "jobs2"}
    # Complete cases as released have no attrition to be robust against.
    assert {"increase_vs", "help"} == stated & {"increase_vs", "help", "jobs2"}
