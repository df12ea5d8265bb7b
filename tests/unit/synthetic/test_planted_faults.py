"""Every planted fault is accounted for, one by one, and nothing else is; intake never sees the list of them."""

import csv
import shutil
import sys
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from increase_eval.cli.bringing import simulate
from increase_eval.intake import run_intake
from increase_eval.intake.corrections import CORRECTION_COLUMNS, CORRECTIONS_FILE
from increase_eval.intake.costs import read_costs
from increase_eval.places import Places
from increase_eval.storage import read_footer, read_table
from increase_eval.synthetic.exports.folder import write_raw_files

SECRET = b"a secret of the tests, 32 bytes long"
ABOUT_THE_COHORT = ("in_no_wave", "no_arm")
"""Findings that say what the cohort is: most clients answer no wave, and three providers have no approach."""


@pytest.fixture(scope="session")
def taken(study, simulation, raw_folder):
    """The intake of the files with faults."""
    return run_intake(study, raw_folder, key_secret=SECRET)


@pytest.fixture(scope="session")
def clean_folder(study, plan, seed, simulation, tmp_path_factory):
    """The files of the same cohort without any fault."""
    folder = tmp_path_factory.mktemp(f"clean_{seed}")
    exports = np.random.default_rng(np.random.SeedSequence(seed).spawn(3)[1])
    write_raw_files(study, plan, simulation.cohort, simulation.clients, folder, exports, None)
    return folder


@pytest.fixture(scope="session")
def clean(study, clean_folder):
    """The intake of the files without any fault."""
    return run_intake(study, clean_folder, key_secret=SECRET)


def planted(simulation, *kinds):
    own = in_surveys(simulation.manifest)
    return own[own["kind"].isin(kinds)]


def in_surveys(manifest, *, costs=False):
    """Give the faults of the files that intake reads, or those of the sheet of costs."""
    return manifest[manifest["file"].str.startswith("finance/") == costs]


def places(table):
    return set(zip(table["file"], table["row"], strict=True))


def accepted_rows(intake):
    return pd.concat(
        [wave[["participant", "source_file", "source_row"]].assign(wave=name) for name, wave in intake.waves.items()]
    ).rename(columns={"source_file": "file", "source_row": "row"})


def in_files(study, manifest):
    """Give the name that each file has for the contracted column of a fault."""
    sources = {source.files[0].replace("*", ""): source for source in study.head.sources}
    for file, name in zip(manifest["file"], manifest["column"], strict=True):
        source = sources[file]
        columns = study.wave_columns(source.wave) if source.wave is not None else study.participant_columns
        found = [column for column in columns if column.name == name]
        yield {name, *(spelling for column in found for spelling in column.names_in_files(source.platform))}


def test_every_kind_of_fault_is_planted(simulation):
    assert set(simulation.manifest["kind"]) == {
        "before_first_wave",
        "contradicting_cost",
        "cost_entered_twice",
        "cost_in_no_currency",
        "cost_not_known_yet",
        "cost_of_no_category",
        "cut_last_line",
        "empty_row",
        "exchanged_date",
        "exchanged_labels",
        "extra_column",
        "impossible_date",
        "impossible_value",
        "loosely_written_key",
        "mistyped_key",
        "preview",
        "renamed_column",
        "resubmission",
        "row_of_totals",
        "shortened_key",
        "test_row",
        "unknown_site",
        "withdrawn_consent",
    }


def test_files_without_faults_are_taken_in_whole(clean):
    assert len(clean.quarantine) == len(clean.duplicates) == len(clean.drift) == len(clean.proposed_links) == 0
    assert set(clean.findings["kind"]) == set(ABOUT_THE_COHORT)


def test_rows_and_values_in_quarantine_are_the_planted_ones_each_by_its_rule(study, simulation, taken):
    manifest = in_surveys(simulation.manifest)
    manifest = manifest[manifest["expected"].str.startswith(("row:", "value:"))]
    manifest = manifest[manifest["kind"] != "exchanged_labels"]
    quarantine = taken.quarantine[taken.quarantine["rule"] != "label_contradiction"]
    tags = quarantine["severity"] + ":" + quarantine["rule"]
    found = Counter(zip(quarantine["file"], quarantine["row"], tags, strict=True))
    assert found == Counter(zip(manifest["file"], manifest["row"], manifest["expected"], strict=True))
    columns = {(row.file, row.row): row.column for row in quarantine.itertuples()}
    for row, names in zip(manifest.itertuples(), in_files(study, manifest), strict=True):
        if row.column:
            assert columns[row.file, row.row] in names


def test_rows_of_costs_are_rejected_for_the_planted_slips_and_for_nothing_else(study, simulation, raw_folder):
    manifest = in_surveys(simulation.manifest, costs=True)
    records = read_costs(study, raw_folder, key_secret=SECRET)
    wanted = manifest[manifest["expected"] != "duplicate"]
    tags = records.quarantine["severity"] + ":" + records.quarantine["rule"]
    found = Counter(zip(records.quarantine["file"], records.quarantine["row"], tags, strict=True))
    assert found == Counter(zip(wanted["file"], wanted["row"], wanted["expected"], strict=True))
    columns = dict(zip(records.quarantine["row"], records.quarantine["column"].fillna(""), strict=True))
    assert columns == dict(zip(wanted["row"], wanted["column"], strict=True))
    [line] = records.ledger.to_dict(orient="records")
    assert line["duplicate"] == (manifest["expected"] == "duplicate").sum() == 1
    assert line["quarantined"] == len(wanted)
    assert line["accepted"] == len(records.costs)


def test_what_is_left_of_the_costs_is_what_files_without_slips_hold(study, plan, simulation, raw_folder, clean_folder):
    columns = ["unit", "category", "year", "amount", "currency", "price_year"]
    one, other = (read_costs(study, folder, key_secret=SECRET) for folder in (raw_folder, clean_folder))
    assert_frame_equal(one.costs[columns], other.costs[columns])
    assert len(other.quarantine) == other.ledger["duplicate"].sum() == 0
    rate = study.services.exchange_rates[0]
    worth = one.costs["currency"].map({rate.per: 1.0, rate.currency: 1 / rate.rate})
    assert (one.costs["amount"] * worth).sum() == pytest.approx(plan.costs.total, abs=0.01)


def test_second_submissions_are_duplicates_and_nothing_else_is(simulation, taken):
    assert places(taken.duplicates) == places(planted(simulation, "resubmission"))
    assert len(taken.duplicates) == len(planted(simulation, "resubmission"))


def test_loosely_written_keys_are_repaired_without_a_trace(simulation, taken, clean):
    loose = planted(simulation, "loosely_written_key")
    rows = accepted_rows(taken)
    assert places(loose) <= places(rows)
    people = rows.merge(loose[["file", "row"]], on=["file", "row"])
    every = accepted_rows(clean)
    assert set(zip(people["participant"], people["wave"], strict=True)) <= set(
        zip(every["participant"], every["wave"], strict=True)
    )


def test_exchanged_labels_cost_exactly_the_answers_that_they_make_doubtful(study, simulation, taken, clean):
    [fault] = planted(simulation, "exchanged_labels").itertuples()
    doubtful = taken.quarantine[taken.quarantine["rule"] == "label_contradiction"]
    assert set(doubtful["file"]) == {fault.file}
    assert len(set(doubtful["column"])) == 1
    [wave] = [name for name, table in clean.waves.items() if fault.file in set(table["source_file"])]
    column = next(column for column in study.wave_columns(wave) if column.name == fault.column)
    values = study.table_of(column).values_of(column)
    before = clean.waves[wave].set_index("participant").loc[lambda table: table["source_file"] == fault.file]
    touched = set(before.index[before[fault.column].isin([values[1].code, values[2].code]).to_numpy(dtype=bool)])
    after = taken.waves[wave][taken.waves[wave]["source_file"] == fault.file]
    rejected = after[after["source_row"].isin(doubtful["row"])]
    elsewhere = planted(simulation, "impossible_value").loc[lambda table: table["column"] == fault.column]
    others = after[after["source_row"].isin(elsewhere.loc[elsewhere["file"] == fault.file, "row"])]
    assert set(rejected["participant"]) == touched - set(others["participant"])
    assert after.set_index("participant").loc[sorted(touched), fault.column].isna().all()


def test_findings_are_the_planted_ones_and_those_about_the_cohort(simulation, taken, clean):
    found = taken.findings
    extra = planted(simulation, "extra_column")
    unexpected = found[found["kind"] == "unexpected_column"]
    assert sorted(zip(unexpected["file"], unexpected["column"], strict=True)) == sorted(
        zip(extra["file"], extra["column"], strict=True)
    )
    # Duplicates are ordered by the date of the answer, so an impossible date cannot order them.
    unordered = found[found["kind"] == "order_unreadable"].set_index("file")["n"].to_dict()
    assert unordered == planted(simulation, "impossible_date").groupby("file").size().to_dict()
    rest = found[~found["kind"].isin(["unexpected_column", "order_unreadable"])].reset_index(drop=True)
    assert_frame_equal(rest, clean.findings)


def test_codebooks_differ_in_the_one_column_whose_labels_were_exchanged(study, simulation, taken):
    [fault] = planted(simulation, "exchanged_labels").itertuples()
    [source] = [source for source in study.head.sources if source.files[0].replace("*", "") == fault.file]
    assert set(taken.drift["column"]) == {fault.column}
    assert taken.drift["kind"].tolist() == ["labels", "labels", "codes"]
    assert taken.drift["first"].str.contains(f"({source.id})", regex=False).all()


def test_the_tables_are_those_of_the_clean_files_but_for_the_rejected_values(study, simulation, taken, clean):
    assert_frame_equal(
        taken.participants.sort_values("participant", ignore_index=True),
        clean.participants.sort_values("participant", ignore_index=True),
    )
    values = in_surveys(simulation.manifest)
    values = values[values["expected"].str.startswith("value:")]
    for name, table in taken.waves.items():
        one = table.set_index("participant").sort_index()
        other = clean.waves[name].set_index("participant").sort_index()
        assert one.index.tolist() == other.index.tolist()
        for column in set(one.columns) - {"source_file", "source_row"}:
            same = (one[column] == other[column]) | (one[column].isna() & other[column].isna())
            differs = one[~same.fillna(False).to_numpy(dtype=bool)]
            assert differs[column].isna().all(), "a rejected value is missing, never another"
            faults = values[values["column"] == cause_of(study, name, column)]
            whole_files = set(faults.loc[faults["row"].isna(), "file"])
            rows = set(zip(differs["source_file"], differs["source_row"], strict=True))
            assert {place for place in rows if place[0] not in whole_files} <= places(faults)


def cause_of(study, wave, column):
    """Give the contracted column that a stored column comes from."""
    if column not in ("answered_on", "elapsed_days", "in_window"):
        return column
    return next(one.name for one in study.wave_columns(wave) if one.role == "answer_date")


def test_rows_under_a_slipped_key_are_proposed_as_links(simulation, taken):
    slipped = planted(simulation, "mistyped_key", "shortened_key")
    assert places(taken.unresolved_rows) == places(slipped)
    assert places(taken.proposed_links) == places(slipped)
    assert not set(taken.unresolved_rows["person"].dropna()) & set(taken.participants["participant"])
    links = taken.proposed_links
    assert set(taken.unresolved_rows["candidate"].dropna()) <= set(taken.participants["participant"])
    assert set(CORRECTION_COLUMNS) <= set(links.columns)


def test_confirmed_links_make_the_rows_duplicates_of_the_right_person(
    study, simulation, taken, clean, raw_folder, tmp_path
):
    folder = shutil.copytree(raw_folder, tmp_path / "raw")
    best = taken.proposed_links.drop_duplicates(["file", "row"])
    best.to_csv(folder / CORRECTIONS_FILE, index=False, quoting=csv.QUOTE_MINIMAL)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    linked = run_intake(study, folder, key_secret=SECRET)

    slipped = places(planted(simulation, "mistyped_key", "shortened_key"))
    new = linked.duplicates.merge(taken.duplicates, how="left", indicator=True).query("_merge == 'left_only'")
    pairs = {frozenset({(row.file, row.row), (row.kept_file, row.kept_row)}) for row in new.itertuples()}
    assert {place for pair in pairs for place in pair if place in slipped} == slipped
    assert len(pairs) == len(slipped)
    assert not places(linked.quarantine[linked.quarantine["severity"] == "row"]) & slipped
    assert (linked.ledger["rows_read"] == linked.ledger[["accepted", "duplicate", "quarantined"]].sum(axis=1)).all()
    assert linked.ledger["duplicate"].sum() == taken.ledger["duplicate"].sum() + len(slipped)
    assert linked.ledger["accepted"].tolist() == taken.ledger["accepted"].tolist()
    # The planted row is a copy of the person's own: whichever of the two stays, their answers are the same.
    for name, table in linked.waves.items():
        one = table.drop(columns=["source_row"]).sort_values("participant", ignore_index=True)
        other = taken.waves[name].drop(columns=["source_row"]).sort_values("participant", ignore_index=True)
        assert_frame_equal(one, other)
    assert (linked.findings["kind"] == "correction").sum() == len(slipped)
    assert len(linked.proposed_links) == 0
    assert {path: path.read_bytes() for path in before} == before


def test_the_list_of_faults_and_the_truth_lie_where_intake_does_not_look(
    study, simulation, raw_folder, tmp_path, monkeypatch
):
    monkeypatch.setattr("increase_eval.synthetic.simulate.simulate_study", lambda *_args, **_options: simulation)
    home = Places(tmp_path / "home")
    raw = shutil.copytree(raw_folder, home.raw(study.id))
    simulate(study, raw, home)
    kept = read_table(home.truth(study.id) / "planted_faults.parquet")
    assert len(kept) == len(simulation.manifest)
    assert read_footer(home.truth(study.id) / "planted_faults.parquet")["synthetic"] == "true"
    assert not home.truth(study.id).is_relative_to(raw)
    opened = _opened_below(home.home, lambda: run_intake(study, raw, key_secret=SECRET))
    assert opened
    assert all(path.startswith(str(raw)) for path in opened)


def _opened_below(folder, work):
    """Give every path below a folder that is opened while something works."""
    seen = []

    def listen(event, details):
        if listening and event == "open" and isinstance(details[0], str) and details[0].startswith(str(folder)):
            seen.append(details[0])

    listening = [True]
    sys.addaudithook(listen)
    work()
    listening.clear()
    return seen
