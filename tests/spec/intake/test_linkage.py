"""Answers under a key that nobody has: quarantined, proposed where a key is near, linked by nobody but a person."""

import csv

import pytest

from increase_eval.intake import validate_study
from increase_eval.intake.corrections import CORRECTIONS_FILE
from increase_eval.intake.linkage import LINK_COLUMNS

HEAD = "id,age_stated,mood,score\n"
KEY = {"column": "id", "normalise": ["strip", "upper"], "pattern": "[A-Z]{2}[0-9]{4}"}
PEOPLE = "id,group,age\nAB1234,one,30\nAB1235,two,40\nCD9999,one,50\nEF0001,one,60\n"


@pytest.fixture
def linked(bench):
    """Build a study with a complete register, in which the age that people state should agree with it."""

    def make(**participants):
        wave = {**bench.wave, "columns": [bench.item, bench.score, bench.column("age_stated")]}
        bench.put(people_csv=PEOPLE)
        return bench.study(
            sources=[
                bench.source("people", ["people.csv"], "participants", key=KEY),
                bench.source("answers", ["answers.csv"], key=KEY),
            ],
            tables={"people": bench.people, "answers": wave},
            participants={
                "source": "people", "arm": {"column": "group"}, "is_complete": True,
                "link_on": {"age_stated": "age"}, **participants,
            },
        )  # fmt: skip

    return make


def proposed(rows, intake):
    return rows(intake.proposed_links, "row", "to_file", "to_row", "slip", "agrees", "candidates")


def test_an_unknown_key_is_quarantined_and_makes_nobody(bench, linked, rows):
    intake = bench.put(answers_csv=HEAD + "AB1234,30,1,5\nZZ7777,30,1,5\n").take_in(linked())
    assert rows(intake.quarantine, "file", "row", "column", "rule", "severity") == [
        ("answers.csv", 3, "id", "unknown_participant", "row")
    ]
    assert rows(intake.ledger, "file", "accepted", "quarantined") == [("answers.csv", 1, 1), ("people.csv", 4, 0)]
    assert len(intake.participants) == 4
    assert proposed(rows, intake) == []
    assert rows(intake.unresolved_rows, "row", "wave", "answered", "candidate") == [(3, "t1", True, None)]


def test_where_the_register_is_not_complete_strangers_are_people(bench, linked, rows):
    intake = bench.put(answers_csv=HEAD + "ZZ7777,30,1,5\n").take_in(linked(is_complete=False))
    assert len(intake.quarantine) == len(intake.proposed_links) == len(intake.unresolved_rows) == 0
    assert len(intake.participants) == 5


@pytest.mark.parametrize(
    ("key", "slip"),
    [
        ("CD9998", "changed"),
        ("DC9999", "exchanged"),
        ("CD999", "left out"),
        ("CD99991", "put in"),
        (" cd 999", "changed"),
        ("CD8888", None),
    ],
)
def test_a_key_one_slip_away_is_proposed(bench, linked, rows, key, slip):
    intake = bench.put(answers_csv=f"{HEAD}{key},50,1,5\n").take_in(linked())
    expected = [(2, "people.csv", 4, slip, "age_stated", 1)] if slip else []
    assert proposed(rows, intake) == expected
    assert len(intake.waves["t1"]) == 0


def test_candidates_in_whom_more_agrees_come_first(bench, linked, rows):
    intake = bench.put(answers_csv=HEAD + "AB1236,40,1,5\n").take_in(linked())
    assert proposed(rows, intake) == [
        (2, "people.csv", 3, "changed", "age_stated", 2),
        (2, "people.csv", 2, "changed", "", 2),
    ]
    assert rows(intake.unresolved_rows, "row", "agreeing") == [(2, 1), (2, 0)]
    assert intake.unresolved_rows["candidate"].tolist() == intake.participants["participant"].iloc[[1, 0]].tolist()


def test_blank_does_not_agree_with_blank(bench, linked, rows):
    bench.put(answers_csv=HEAD + "EF0002,,1,5\n")
    study = linked()
    bench.put(people_csv=PEOPLE.replace("EF0001,one,60", "EF0001,one,"))
    assert rows(bench.take_in(study).proposed_links, "to_row", "agrees") == [(5, "")]


def test_a_client_in_quarantine_is_no_candidate(bench, linked, rows):
    study = linked()
    bench.put(people_csv=PEOPLE + "GH1111,one,200\n", answers_csv=HEAD + "GH1112,50,1,5\n")
    people = {"table": "participants", "columns": [bench.column("group", "text"),
              bench.column("age", range=[16, 99], severity="row")]}  # fmt: skip
    study = study.model_copy(
        update={"tables": {**study.tables, "people": type(study.tables["people"]).model_validate(people)}}
    )
    intake = bench.take_in(study)
    assert rows(intake.quarantine, "file", "row", "rule") == [
        ("answers.csv", 2, "unknown_participant"), ("people.csv", 6, "range")
    ]  # fmt: skip
    assert proposed(rows, intake) == []


def test_two_rows_of_one_stranger_are_known_to_be_one(bench, linked, rows):
    intake = bench.put(answers_csv=HEAD + "ZZ7777,30,1,5\nZZ7777,30,2,5\nZZ777,30,1,5\n").take_in(linked())
    assert rows(intake.quarantine, "row", "rule") == [(3, "unknown_participant"), (4, "key_malformed")]
    assert rows(intake.duplicates, "row", "kept_row") == [(2, 3)]
    assert intake.unresolved_rows["person"].isna().tolist() == [False, True]


def test_a_row_that_holds_no_answer_is_told_apart(bench, linked, rows):
    intake = bench.put(answers_csv=HEAD + "ZZ7777,30,,5\nYY777,30,,5\nYY7777,30,1,5\n").take_in(linked())
    assert rows(intake.unresolved_rows, "row", "answered") == [(2, False), (3, False), (4, True)]


def test_neither_keys_nor_answers_are_stored(bench, linked):
    intake = bench.put(answers_csv=HEAD + "CD9998,50,1,5\n").take_in(linked())
    for table in (intake.proposed_links, intake.unresolved_rows, intake.quarantine):
        text = table.to_csv()
        assert not any(key in text for key in ("CD9998", "CD9999"))
    assert intake.quarantine["value_hash"].isna().all()


def test_proposals_written_by_validation_can_be_copied_as_they_are(bench, linked, rows, tmp_path):
    study = linked()
    bench.put(answers_csv=HEAD + "AB1234,30,1,5\nCD9998,50,2,5\n")
    checked = validate_study(study, bench.folder)
    assert checked.summary().splitlines()[-1] == (
        "links proposed for rows under a key that nobody has: 1 rows, 1 candidates; "
        "copy those that are right into corrections.csv"
    )
    path = checked.links_to_csv(tmp_path / "proposed_links.csv")
    with path.open(encoding="utf-8-sig", newline="") as stream:
        assert next(csv.reader(stream)) == list(LINK_COLUMNS)
    path.rename(bench.folder / CORRECTIONS_FILE)
    intake = bench.take_in(study)
    assert rows(intake.waves["t1"], "source_row", "mood") == [(2, 1), (3, 2)]
    assert len(intake.quarantine) == len(intake.proposed_links) == len(intake.unresolved_rows) == 0


def test_nothing_to_propose_is_a_table_with_its_columns_and_no_word(bench, linked):
    study = linked()
    bench.put(answers_csv=HEAD + "AB1234,30,1,5\n")
    checked = validate_study(study, bench.folder)
    assert "links" not in checked.summary()
    assert list(checked.proposed_links.columns) == list(LINK_COLUMNS)
    (bench.folder / "answers.csv").unlink()
    assert list(validate_study(study, bench.folder).proposed_links.columns) == list(LINK_COLUMNS)


def test_a_row_of_two_waves_is_one_proposal(bench, linked, rows):
    wave = {**bench.wave, "waves": ["t1", "t2"]}
    study = bench.study(
        waves=("t1", "t2"),
        sources=[
            bench.source("people", ["people.csv"], "participants", key=KEY),
            bench.source("answers", ["answers.csv"], "wide", key=KEY, columns_by_wave={
                "mood": {"t1": "mood1", "t2": "mood2"}, "score": {"t1": "score1", "t2": "score2"}}),
        ],
        tables={"people": bench.people, "answers": wave},
        participants={"source": "people", "arm": {"column": "group"}, "is_complete": True},
    )  # fmt: skip
    bench.put(people_csv=PEOPLE, answers_csv="id,mood1,score1,mood2,score2\nCD9998,1,5,2,6\n")
    intake = bench.take_in(study)
    assert rows(intake.proposed_links, "row", "wave", "candidates") == [(2, "t1 t2", 1)]
    assert rows(intake.unresolved_rows, "row", "wave") == [(2, "t1"), (2, "t2")]
    assert rows(intake.ledger, "file", "rows_read", "quarantined") == [("answers.csv", 1, 1), ("people.csv", 4, 0)]
