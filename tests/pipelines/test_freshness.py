"""What a table that rests on nothing but the contract needs to be fresh."""

from __future__ import annotations

import pytest

from increase_eval.places import Places
from increase_eval.study import Study
from pipelines.run import materialise_study, plan_study

PLAN = ["analysis_plan"]


@pytest.mark.usefixtures("in_memory")
def test_a_table_of_the_contract_alone_is_fresh_whatever_the_raw_files_are(study: Study, places: Places) -> None:
    assert materialise_study(study, places, only=PLAN).is_ok
    assert [one.reasons for one in plan_study(study, places, only=PLAN)] == [()]
    (places.raw("tiny") / "wave_3.csv").write_text("another file\n")
    assert [one.reasons for one in plan_study(study, places, only=PLAN)] == [()]
    assert materialise_study(study, places, only=PLAN).stored == {}
