"""What was declared before looking: a record that is appended to, and comparisons that print as post hoc."""

import shutil
from datetime import date

import pandas as pd
import pytest

from increase_eval.claims.plan import plan_comparisons, plan_hash, plan_table, record_plan
from increase_eval.errors import ContractError
from increase_eval.study import find_studies, load_study


@pytest.fixture
def folder(tmp_path):
    """A study of one plan, without any record of it."""
    source = next(path for path in find_studies().values() if (path / "plan_record.yaml").is_file())
    copy = tmp_path / source.name
    shutil.copytree(source, copy)
    (copy / "plan_record.yaml").unlink()
    return copy


def statuses(folder):
    return plan_table(load_study(folder)).set_index(["family", "estimand", "contrast"])["status"]


def changed(folder, old, new):
    path = folder / "analysis.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_what_was_never_recorded_says_so(folder):
    assert set(statuses(folder)) == {"not recorded"}


def test_a_recorded_plan_is_declared_with_its_day(folder):
    record = record_plan(load_study(folder), on=date(2020, 1, 2))
    table = plan_table(load_study(folder))
    assert set(table["status"]) == {"declared"}
    assert set(table["recorded_on"]) == {"2020-01-02"}
    assert set(table["plan_hash"]) == {record.plan_hash}


def test_recording_the_same_plan_again_writes_nothing(folder):
    record_plan(load_study(folder), on=date(2020, 1, 2))
    before = (folder / "plan_record.yaml").read_bytes()
    assert record_plan(load_study(folder), on=date(2020, 5, 1)) is None
    assert (folder / "plan_record.yaml").read_bytes() == before


def test_what_is_changed_or_added_later_is_post_hoc_and_the_rest_stays_declared(folder):
    study = load_study(folder)
    record_plan(study, on=date(2020, 1, 2))
    first = study.analysis.families[0]
    changed(folder, f"- id: {first.id}\n", f"- id: {first.id}_anew\n")
    found = statuses(folder)
    assert set(found[f"{first.id}_anew"]) == {"post hoc"}
    assert set(found.drop(f"{first.id}_anew", level="family")) <= {"declared"}
    record_plan(load_study(folder), on=date(2020, 3, 4))
    again = plan_table(load_study(folder))
    added = again[again["family"] == f"{first.id}_anew"]
    assert set(added["status"]) == {"post hoc"}
    assert set(added["recorded_on"]) == {"2020-03-04"}
    assert len(load_study(folder).plan_record.records) == 2


def test_another_error_rate_is_another_comparison(folder):
    record_plan(load_study(folder), on=date(2020, 1, 2))
    changed(folder, "error_rate: 0.05", "error_rate: 0.1")
    assert set(statuses(folder)) == {"post hoc"}


def test_wording_is_no_change(folder):
    study = load_study(folder)
    label = study.analysis.families[0].label.en
    before = plan_hash(plan_comparisons(study))
    changed(folder, label, f"{label} again")
    assert plan_hash(plan_comparisons(load_study(folder))) == before


def test_a_day_before_the_last_record_is_refused(folder):
    record_plan(load_study(folder), on=date(2020, 1, 2))
    changed(folder, "error_rate: 0.05", "error_rate: 0.1")
    with pytest.raises(ContractError, match="lies before the last record, 2020-01-02"):
        record_plan(load_study(folder), on=date(2020, 1, 1))


@pytest.mark.parametrize("name", sorted(find_studies()))
def test_the_plans_that_ship_were_recorded(name):
    study = load_study(find_studies()[name])
    table = plan_table(study)
    assert len(table) == len(plan_comparisons(study))
    assert set(table["status"]) <= {"declared"}
    assert pd.to_datetime(table["recorded_on"]).notna().all()
