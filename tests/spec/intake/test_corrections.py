"""What a person has confirmed in corrections.csv: replayed, told, never on another version of a file."""

import hashlib
import shutil

import pytest

from increase_eval.errors import DataError
from increase_eval.intake.ledger import check_balance

HEAD = "id,group,age,mood,score\n"
COLUMNS = "file,sha256,row,action,to_file,to_sha256,to_row,note\n"
KEY = {"column": "id", "normalise": ["strip", "upper"], "pattern": "[A-Z][0-9]+"}


@pytest.fixture
def register(bench):
    """A study whose participants have a file of their own, and answers in a second one."""
    people = {"table": "participants", "columns": [bench.column("group", "text"), bench.column("age", range=[16, 99])]}
    study = bench.study(
        sources=[
            bench.source("people", ["people.csv"], "participants", key=KEY),
            bench.source("answers", ["answers*.csv"], key=KEY, duplicates={"keep": "first"}),
        ],
        tables={"people": people, "answers": bench.wave},
        participants={"source": "people", "arm": {"column": "group"}, "is_complete": True},
    )
    bench.put(people_csv="id,group,age\nA1,one,30\nB2,two,40\nC3,one,50\n")
    return study


def line(bench, row, action="link", to=None, *, file="answers.csv", to_file="people.csv", note=""):
    """Write a line as a person would: the file's hash, the row, and the row it belongs to."""
    target = f"{to_file},{digest(bench, to_file)},{to}" if to is not None else ",,"
    return f"{file},{digest(bench, file)},{row},{action},{target},{note}\n"


def digest(bench, file):
    return hashlib.sha256((bench.folder / file).read_bytes()).hexdigest()


def correct(bench, *lines, head=COLUMNS):
    bench.put(corrections_csv=head + "".join(lines))


def found(rows, intake):
    kinds = {"correction", "stale_correction", "idle_correction"}
    return [row for row in rows(intake.findings, "kind", "file", "row") if row[0] in kinds]


def test_without_the_file_nothing_is_corrected(bench, register, rows):
    intake = bench.put(answers_csv=HEAD + "A1,,,1,5\n").take_in(register)
    assert found(rows, intake) == []
    assert len(intake.waves["t1"]) == 1


@pytest.mark.parametrize(
    ("head", "file_end"), [(COLUMNS, "\n"), ("\ufeff" + COLUMNS, "\r\n"), (COLUMNS.replace(",", ";"), "\n")]
)
def test_a_linked_row_is_the_answer_of_the_participant(bench, register, rows, head, file_end):
    bench.put(answers_csv=HEAD + "A1,,,1,5\nX9,,,2,6\n")
    written = line(bench, 3, to=3).replace("\n", file_end)
    correct(bench, written.replace(",", ";") if ";" in head else written, head=head.replace("\n", file_end))
    intake = bench.take_in(register)
    second = intake.participants["participant"].iloc[1]
    assert rows(intake.waves["t1"], "participant", "source_row", "mood")[1:] == [(second, 3, 2)]
    assert found(rows, intake) == [("correction", "answers.csv", 3)]
    assert len(intake.quarantine) == len(intake.proposed_links) == 0
    check_balance(intake.ledger)


def test_a_row_linked_to_somebody_who_has_answered_is_a_duplicate(bench, register, rows):
    bench.put(answers_csv=HEAD + "A1,,,1,5\nX9,,,2,6\n")
    correct(bench, line(bench, 3, to=2))
    intake = bench.take_in(register)
    assert rows(intake.duplicates, "row", "kept_row") == [(3, 2)]
    assert rows(intake.ledger, "file", "accepted", "duplicate", "quarantined") == [
        ("answers.csv", 1, 1, 0), ("people.csv", 3, 0, 0)
    ]  # fmt: skip


@pytest.mark.parametrize("key", ["9X", ""])
def test_a_row_without_a_proper_key_comes_out_of_quarantine_when_it_is_linked(bench, register, rows, key):
    bench.put(answers_csv=HEAD + f"A1,,,1,5\n{key},,,2,99\n")
    before = bench.take_in(register)
    assert len(before.quarantine) == 1
    correct(bench, line(bench, 3, to=3))
    after = bench.take_in(register)
    assert rows(after.waves["t1"], "source_row", "mood", "score")[1:] == [(3, 2, None)]
    assert rows(after.quarantine, "row", "rule", "severity") == [(3, "range", "value")]
    check_balance(after.ledger)


def test_what_stops_a_run_stops_it_in_a_linked_row_too(bench, register):
    table = {**bench.wave, "columns": [bench.item, {**bench.score, "severity": "stop"}]}
    study = register.model_copy(update={"tables": {**register.tables, "answers": type(register.tables["answers"])
                                                   .model_validate(table)}})  # fmt: skip
    bench.put(answers_csv=HEAD + "A1,,,1,5\n,,,2,99\n")
    assert len(bench.take_in(study).waves["t1"]) == 1
    correct(bench, line(bench, 3, to=3))
    with pytest.raises(DataError, match="column 'score' breaks rule 'range' in 1 rows, first in row 3"):
        bench.take_in(study)


def test_a_dropped_row_is_quarantined(bench, register, rows):
    bench.put(answers_csv=HEAD + "A1,,,1,5\nB2,,,2,6\n")
    correct(bench, line(bench, 3, "drop", note="=typed in twice"))
    intake = bench.take_in(register)
    assert rows(intake.quarantine, "file", "row", "rule", "severity") == [
        ("answers.csv", 3, "dropped_by_correction", "row")
    ]
    assert rows(intake.waves["t1"], "source_row") == [(2,)]
    check_balance(intake.ledger)


def test_a_correction_never_hits_another_version_of_the_file(bench, register, rows):
    bench.put(answers_csv=HEAD + "A1,,,1,5\nX9,,,2,6\n")
    correct(bench, line(bench, 3, "drop"))
    bench.put(answers_csv=HEAD + "A1,,,1,5\nB2,,,2,6\n")
    intake = bench.take_in(register)
    assert found(rows, intake) == [("stale_correction", None, 3)]
    assert rows(intake.waves["t1"], "source_row") == [(2,), (3,)]


@pytest.mark.parametrize(("row", "to"), [(9, 2), (3, 9)])
def test_a_row_or_target_that_is_not_there_is_told_and_not_applied(bench, register, rows, row, to):
    bench.put(answers_csv=HEAD + "A1,,,1,5\nX9,,,2,6\n")
    correct(bench, line(bench, row, to=to))
    intake = bench.take_in(register)
    assert found(rows, intake) == [("stale_correction", "answers.csv", row)]
    assert rows(intake.quarantine, "row", "rule") == [(3, "unknown_participant")]


def test_a_link_whose_target_is_of_another_version_is_told_and_not_applied(bench, register, rows):
    bench.put(answers_csv=HEAD + "A1,,,1,5\nX9,,,2,6\n")
    correct(bench, line(bench, 3, to=3))
    bench.put(people_csv="id,group,age\nA1,one,30\nC3,one,50\nB2,two,40\n")
    intake = bench.take_in(register)
    assert found(rows, intake) == [("stale_correction", "answers.csv", 3)]


def test_a_link_to_a_row_in_quarantine_is_told_and_not_applied(bench, register, rows):
    bench.put(people_csv="id,group,age\nA1,one,30\n,two,40\n", answers_csv=HEAD + "A1,,,1,5\nX9,,,2,6\n")
    correct(bench, line(bench, 3, to=3))
    intake = bench.take_in(register)
    assert found(rows, intake) == [("idle_correction", "answers.csv", 3)]
    assert rows(intake.waves["t1"], "source_row") == [(2,)]


@pytest.mark.parametrize("action", ["link", "drop"])
def test_a_row_whose_consent_is_withdrawn_is_brought_back_by_no_correction(bench, register, rows, action):
    rule = {"id": "gone", "kind": "consent_withdrawn", "column": "age", "values": [0], "sources": ["answers"]}
    rule |= {"remedy": {"en": "Nothing.", "fr": "Rien."}}
    head = register.head.model_copy(
        update={"quarantine": type(register.head).model_validate({**register.head.model_dump(), "quarantine": [rule]})
                .quarantine}
    )  # fmt: skip
    bench.put(answers_csv=HEAD + "A1,,,1,5\nX9,,0,2,6\n")
    correct(bench, line(bench, 3, action, to=3 if action == "link" else None))
    intake = bench.take_in(register.model_copy(update={"head": head}))
    assert found(rows, intake) == [("idle_correction", "answers.csv", 3)]
    assert rows(intake.quarantine, "row", "rule") == [(3, "gone")]


def test_links_follow_each_other_to_the_participant_whatever_their_order(bench, register, rows):
    bench.put(answers_csv=HEAD + "A1,,,1,5\nX8,,,2,6\nX9,,,3,7\n")
    lines = [line(bench, 4, to=3, to_file="answers.csv"), line(bench, 3, to=3)]
    for order in (lines, lines[::-1]):
        correct(bench, *order)
        intake = bench.take_in(register)
        assert rows(intake.duplicates, "row", "kept_row") == [(4, 3)]
        assert intake.waves["t1"]["participant"].tolist() == intake.participants["participant"].tolist()[:2]


def test_one_file_under_two_names_stays_two_files(bench, register, rows):
    bench.put(answers_csv=HEAD + "A1,,,1,5\nX9,,,2,6\n")
    shutil.copy(bench.folder / "answers.csv", bench.folder / "answers_again.csv")
    correct(bench, line(bench, 3, to=3))
    intake = bench.take_in(register)
    assert rows(intake.ledger, "file", "rows_read", "accepted", "duplicate") == [
        ("answers.csv", 2, 2, 0), ("answers_again.csv", 2, 0, 2), ("people.csv", 3, 3, 0)
    ]  # fmt: skip
    assert found(rows, intake) == [("correction", "answers.csv", 3), ("correction", "answers_again.csv", 3)]


def test_the_same_line_twice_counts_once_and_blank_lines_do_not_count(bench, register, rows):
    bench.put(answers_csv=HEAD + "A1,,,1,5\nX9,,,2,6\n")
    correct(bench, line(bench, 3, to=3, note="seen"), ",,,,,,,\n", "\n", line(bench, 3, to=3, note="seen again"))
    assert found(rows, bench.take_in(register)) == [("correction", "answers.csv", 3)]


def test_corrections_change_no_raw_file(bench, register):
    bench.put(answers_csv=HEAD + "A1,,,1,5\nX9,,,2,6\n")
    correct(bench, line(bench, 3, to=3))
    before = {path.name: path.read_bytes() for path in bench.folder.iterdir()}
    bench.take_in(register)
    assert {path.name: path.read_bytes() for path in bench.folder.iterdir()} == before


HASH = "0" * 64


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "corrections.csv lacks the columns sha256, row, action"),
        ("file,row,acton\n", "corrections.csv lacks the columns sha256, action"),
        ("sha256,row,action,row\n", "corrections.csv has the columns row more than once"),
        ("sha256,row,action,note\nx,1,drop,é\n".encode("cp1252"), "corrections.csv is not UTF-8; save it as CSV UTF-8"),
        (f"sha256,row,action\n{HASH},2,delete\n", "line 2: action is 'delete'; allowed: link, drop"),
        (f"sha256,row,action\n{HASH},two,drop\n", "line 2: `sha256` and `row` say which row is meant"),
        (f"sha256,row,action\n{HASH},²,drop\n", "line 2: `sha256` and `row` say which row is meant"),
        ("sha256,row,action\n,2,drop\n", "line 2: `sha256` and `row` say which row is meant"),
        (f"sha256,row,action\n{HASH},2,link\n", "line 2: a link needs `to_sha256` and `to_row`"),
        (f"sha256,row,action,to_sha256,to_row\n{HASH},2,link,{HASH},2\n", "line 2: the row is linked to itself"),
        (
            f"sha256,row,action,to_sha256,to_row\n{HASH},2,link,{HASH},3\n{HASH},2,drop,,\n",
            "line 3: line 2 says something else of the same row; keep one of the two",
        ),
        (
            f"sha256,row,action,to_sha256,to_row\n{HASH},2,link,{HASH},3\n{HASH},3,link,{HASH},2\n",
            "line 2: its links run in a circle",
        ),
        ("sha256,row,action\n" + "x" * 200_000 + ",2,drop\n", "corrections.csv: line 2 cannot be cut into columns"),
    ],
)
def test_a_file_that_cannot_be_followed_is_refused(bench, register, content, said):
    bench.put(answers_csv=HEAD + "A1,,,1,5\n", corrections_csv=content)
    with pytest.raises(DataError) as caught:
        bench.take_in(register)
    assert said in str(caught.value)


def test_all_lines_that_are_wrong_are_told_at_once(bench, register):
    bench.put(answers_csv=HEAD + "A1,,,1,5\n", corrections_csv=f"sha256,row,action\n{HASH},2,x\n{HASH},y,drop\n")
    with pytest.raises(DataError) as caught:
        bench.take_in(register)
    assert len(caught.value.problems) == 2
