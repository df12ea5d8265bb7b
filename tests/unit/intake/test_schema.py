from pathlib import Path

import pandas as pd
import pytest

from increase_eval.intake import run_intake
from increase_eval.intake.schema import broken_rules, table_rules, table_schema
from increase_eval.study import load_study

TINY = Path(__file__).parents[2] / "data" / "tiny"


@pytest.fixture(scope="module")
def study():
    return load_study(TINY)


@pytest.fixture(scope="module")
def intake(study):
    return run_intake(study, TINY / "raw", key_secret=b"sixteen bytes, or more")


@pytest.mark.parametrize("wave", [None, "t1", "t2", "t3"])
def test_what_intake_gives_keeps_the_rules_of_the_stored_table(study, intake, wave):
    frame = intake.participants if wave is None else intake.waves[wave]
    assert broken_rules(table_rules(study, wave), frame).empty


def rules_broken(study, frame, wave="t1"):
    broken = broken_rules(table_rules(study, wave), frame)
    return list(zip(broken["rule"], broken["rows"], broken["first_row"], strict=True))


def test_a_code_that_is_not_allowed(study, intake):
    frame = intake.waves["t1"].copy()
    frame.loc[[4, 9], "w1"] = 77
    row = int(frame["source_row"].iloc[4])
    assert rules_broken(study, frame) == [("w1.values", 2, row)]


def test_a_value_out_of_range(study, intake):
    frame = intake.waves["t2"].copy()
    frame.loc[0, "c1"] = 11
    assert [broken[0] for broken in rules_broken(study, frame, "t2")] == ["c1.range"]


def test_a_dtype_that_is_not_the_contracts(study, intake):
    frame = intake.waves["t1"].assign(w1=intake.waves["t1"]["w1"].astype("Float64"))
    assert [broken[:2] for broken in rules_broken(study, frame)] == [("w1.type", int(frame["w1"].notna().sum()))]


@pytest.mark.parametrize("key", ["T-001", "", None, "ABCDEF0123456789", "0123456789abcdef0"])
def test_a_key_in_the_open_is_never_let_through(study, intake, key):
    frame = intake.waves["t1"].copy()
    frame.loc[3, "participant"] = key
    assert [broken[:2] for broken in rules_broken(study, frame)] == [("participant.participant", 1)]


def test_a_participant_that_comes_twice(study, intake):
    frame = pd.concat([intake.waves["t1"], intake.waves["t1"].iloc[:2]], ignore_index=True)
    assert rules_broken(study, frame)[0][:2] == ("participant.participant", 4)


def test_an_arm_that_is_none(study, intake):
    frame = intake.participants.assign(arm="nowhere")
    assert [broken[:2] for broken in rules_broken(study, frame, None)] == [("arm.arm", len(frame))]


def test_a_column_that_is_absent(study, intake):
    frame = intake.waves["t1"].drop(columns=["w1", "w3"])
    assert [broken[:2] for broken in rules_broken(study, frame)] == [("column_absent", len(frame))] * 2


def test_all_at_once_and_no_answer_shown(study, intake):
    frame = intake.waves["t1"].copy()
    frame.loc[[0, 1], "w1"] = 424242
    frame.loc[[2], "w2"] = 424242
    frame.loc[[5], "participant"] = "keysentinel"
    broken = broken_rules(table_rules(study, "t1"), frame, language="fr")
    assert broken["rule"].tolist() == ["participant.participant", "w1.values", "w2.values"]
    assert broken["allowed"].tolist()[1] == "1, 2, 3, 4, 5, ou leurs libellés"
    assert "424242" not in broken.to_csv()
    assert "sentinel" not in broken.to_csv()


def test_the_frame_is_not_changed(study, intake):
    before = intake.waves["t1"].copy()
    broken_rules(table_rules(study, "t1"), intake.waves["t1"])
    pd.testing.assert_frame_equal(intake.waves["t1"], before)


def test_the_schema_has_a_column_for_each_that_a_rule_is_about(study):
    schema = table_schema(table_rules(study, "t1"))
    assert {"participant", *(column.name for column in study.wave_columns("t1"))} == set(schema.columns)
