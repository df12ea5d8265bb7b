"""Every row of a file ends as accepted, duplicate or quarantined; these tables say which."""

import pytest

from increase_eval.errors import ContractError, DataError

HEAD = "id,group,age,mood,score\n"


def quarantine(rows, intake):
    return rows(intake.quarantine, "row", "column", "rule", "severity")


def test_a_whole_row_is_accepted(bench, rows):
    intake = bench.put(answers_csv=HEAD + "a,one,30,1,5.5\n").take_in()
    assert rows(intake.ledger, "rows_read", "accepted", "duplicate", "quarantined") == [(1, 1, 0, 0)]
    assert rows(intake.waves["t1"], "source_file", "source_row", "mood", "score") == [("answers.csv", 2, 1, 5.5)]
    assert rows(intake.participants, "arm", "age") == [("one", 30)]
    assert intake.participants["participant"].tolist() == intake.waves["t1"]["participant"].tolist()


@pytest.mark.parametrize(
    ("row", "rule", "column"),
    [
        (",,,,", "empty_row", None),
        ("  ,,\t,,", "empty_row", None),
        (",one,30,1,5", "key_missing", "id"),
        ("   ,one,30,1,5", "key_missing", "id"),
        ("a,one,30", "ragged_row", None),
        ("a,one,30,1,5,6", "ragged_row", None),
    ],
)
def test_a_row_that_is_no_answer_is_quarantined(bench, rows, row, rule, column):
    intake = bench.put(answers_csv=f"{HEAD}{row}\nb,one,30,1,5\n").take_in()
    assert quarantine(rows, intake) == [(2, column, rule, "row")]
    assert rows(intake.ledger, "rows_read", "accepted", "quarantined") == [(2, 1, 1)]


def test_a_blank_line_is_an_empty_row_inside_a_file_and_nothing_at_its_end(bench, rows):
    intake = bench.put(answers_csv=HEAD + "a,one,30,1,5\n\nb,one,30,1,5\n\n\n").take_in()
    assert quarantine(rows, intake) == [(3, None, "empty_row", "row")]
    assert rows(intake.waves["t1"], "source_row") == [(2,), (4,)]


def test_a_last_line_that_is_cut_off_is_quarantined_as_such(bench, rows):
    intake = bench.put(answers_csv=HEAD + "a,one,30,1,5\nb,one,3").take_in()
    assert quarantine(rows, intake) == [(3, None, "truncated_row", "row")]


def test_a_last_line_that_is_cut_off_inside_quotes_is_quarantined_as_such(bench, rows):
    intake = bench.put(answers_csv=HEAD + 'a,one,30,1,5\nb,one,30,1,"5').take_in()
    assert quarantine(rows, intake) == [(3, None, "truncated_row", "row")]


def test_a_last_line_that_is_cut_off_after_an_answer_with_line_breaks(bench, rows):
    intake = bench.put(answers_csv=HEAD + 'a,one,30,1,5\nb,"o\nne",3').take_in()
    assert quarantine(rows, intake) == [(3, None, "truncated_row", "row")]


def test_an_answer_may_hold_line_breaks_and_rows_count_as_a_spreadsheet_counts_them(bench, rows):
    study = bench.study(
        tables={
            "people": bench.people,
            "answers": {**bench.wave, "ignored": [{"columns": ["said"], "reason": "free text"}]},
        }
    )
    file = 'id,group,age,mood,score,said\na,one,30,1,5,"one\ntwo\n\nthree"\nb,one,30,7,5,"x"\n'
    intake = bench.put(answers_csv=file).take_in(study)
    assert quarantine(rows, intake) == [(3, "mood", "values", "value")]


def test_blank_cells_past_the_last_column_are_no_harm(bench, rows):
    intake = bench.put(answers_csv=HEAD + "a,one,30,1,5,,\n").take_in()
    assert len(intake.quarantine) == 0
    assert len(intake.waves["t1"]) == 1


def test_a_column_without_name_or_cells_is_no_column_and_one_with_cells_is_reported(bench, rows):
    intake = bench.put(answers_csv="id,group,age,mood,score,,\na,one,30,1,5,,x\n").take_in()
    assert rows(intake.findings, "kind", "column") == [("unexpected_column", "(column 7)")]


RULES = [
    {
        "id": "tests",
        "kind": "test_row",
        "column": "kind",
        "values": ["Test"],
        "remedy": {"en": "Nothing.", "fr": "Rien."},
    },
    {
        "id": "gone",
        "kind": "consent_withdrawn",
        "column": "consent",
        "values": [0],
        "remedy": {"en": "Go.", "fr": "Va."},
    },
]
FULL_HEAD = "id,group,age,mood,score,kind,consent\n"


def test_rows_of_tests_and_of_withdrawn_consent_are_quarantined(bench, rows):
    file = FULL_HEAD + "a,one,30,1,5,test,1\nb,one,30,1,5,real,0\nc,one,30,1,5,real,1\nd,one,30,1,5,TEST,0.0\n"
    intake = bench.put(answers_csv=file).take_in(bench.study(quarantine=RULES))
    assert quarantine(rows, intake) == [
        (2, "kind", "tests", "row"),
        (3, None, "gone", "row"),
        (5, None, "gone", "row"),
    ]
    assert rows(intake.quarantine, "remedy")[:2] == [("Nothing.",), ("Go.",)]


def test_of_a_withdrawn_row_nothing_is_kept_but_its_number(bench, rows):
    file = FULL_HEAD + "a,one,30,77,99,test,0\n"
    run = bench.put(answers_csv=file + "b,one,30,1,5,real,1\n").take_in_openly(bench.study(quarantine=RULES))
    withdrawn = run.intake.quarantine.iloc[0]
    assert withdrawn["rule"] == "gone"
    assert withdrawn[["column", "allowed", "value_hash"]].isna().all()
    assert run.values.isna().all()


def test_remedies_speak_french_too(bench, rows):
    intake = bench.put(answers_csv=HEAD + ",one,30,1,5\na,two,30,1,99\n").take_in(language="fr")
    assert rows(intake.quarantine, "allowed", "remedy") == [
        (None, "Retrouver la personne et saisir son identifiant dans la source."),
        ("de 0 à 10", "Vérifier la réponse dans la source et l'y corriger."),
    ]


def test_another_language_is_refused(bench):
    with pytest.raises(ValueError, match="language is 'de'; allowed: 'en', 'fr'"):
        bench.put(answers_csv=HEAD + "a,one,30,1,5\n").take_in(language="de")


KEY = {"column": "id", "normalise": ["strip", "upper", "remove_spaces", "remove_dashes"], "pattern": "[A-Z]{2}[0-9]+"}


def test_keys_are_compared_in_the_form_that_the_contract_gives_them(bench, rows):
    study = bench.study(sources=[bench.source(key=KEY)])
    intake = bench.put(
        answers_csv=HEAD + "ab-12,one,30,1,5\n AB 13 ,one,30,1,5\nAB12,one,30,2,5\n12,one,30,1,5\n"
    ).take_in(study)
    assert quarantine(rows, intake) == [(5, "id", "key_malformed", "row")]
    assert rows(intake.duplicates, "row", "kept_row") == [(2, 4)]
    assert intake.quarantine["value_hash"].str.fullmatch("[0-9a-f]{16}").all()


@pytest.mark.parametrize(("keep", "kept"), [("first", 2), ("last", 4), ("most_complete", 3)])
def test_of_several_rows_of_a_participant_the_declared_one_is_kept(bench, rows, keep, kept):
    study = bench.study(sources=[bench.source(duplicates={"keep": keep})])
    intake = bench.put(answers_csv=HEAD + "a,one,30,1,\na,one,30,2,5\na,one,30,,\n").take_in(study)
    assert rows(intake.waves["t1"], "source_row") == [(kept,)]
    assert set(rows(intake.duplicates, "kept_row", "rule")) == {(kept, keep)}
    assert rows(intake.ledger, "accepted", "duplicate") == [(1, 2)]


@pytest.mark.parametrize(
    ("stamps", "kept"),
    [
        (("2021-03-02 10:00:00", "2021-03-01 09:00:00"), 2),
        (("10", "9"), 2),
        (("9", "10"), 3),
        (("", "2021-03-01"), 3),
        (("2021-03-01", "n/a"), 2),
    ],
)
def test_duplicates_can_be_ordered_by_a_column(bench, rows, stamps, kept):
    study = bench.study(sources=[bench.source(duplicates={"keep": "last", "order_by": "sent"})])
    file = "id,group,age,mood,score,sent\n" + "".join(f"a,one,30,1,5,{stamp}\n" for stamp in stamps)
    intake = bench.put(answers_csv=file).take_in(study)
    assert rows(intake.waves["t1"], "source_row") == [(kept,)]


def test_a_column_that_orders_nothing_is_an_error(bench):
    study = bench.study(sources=[bench.source(duplicates={"order_by": "sent"})])
    bench.put(answers_csv="id,group,age,mood,score,sent\na,one,30,1,5,later\n")
    with pytest.raises(
        DataError, match=r"column 'sent' orders the duplicates, and no cell of it is a number or a date"
    ):
        bench.take_in(study)


def test_duplicates_are_found_across_the_files_and_sources_of_a_wave(bench, rows):
    both = [bench.source("north", ["north_*.csv"]), bench.source("south", ["south.csv"])]
    bench.put(
        north_1_csv=HEAD + "a,one,30,1,5\n", north_2_csv=HEAD + "b,one,30,1,5\n", south_csv=HEAD + "a,one,30,3,5\n"
    )
    intake = bench.take_in(bench.study(sources=both))
    assert rows(intake.duplicates, "file", "row", "wave", "kept_file", "kept_row") == [
        ("north_1.csv", 2, "t1", "south.csv", 2)
    ]
    assert rows(intake.ledger, "file", "source", "accepted", "duplicate") == [
        ("north_1.csv", "north", 0, 1),
        ("north_2.csv", "north", 1, 0),
        ("south.csv", "south", 1, 0),
    ]


def test_sources_of_a_wave_must_keep_the_same_duplicate(bench):
    both = [bench.source("north", ["north.csv"], duplicates={"keep": "first"}), bench.source("south", ["south.csv"])]
    bench.put(north_csv=HEAD + "a,one,30,1,5\n", south_csv=HEAD + "a,one,30,3,5\n")
    with pytest.raises(ContractError, match=r"north: first, south: last"):
        bench.take_in(bench.study(sources=both))


def test_faults_of_rows_that_do_not_stay_are_not_listed(bench, rows):
    intake = bench.put(answers_csv=HEAD + "a,one,30,9,5\n,one,30,9,5\na,one,30,2,5\n").take_in()
    assert quarantine(rows, intake) == [(3, "id", "key_missing", "row")]
    assert rows(intake.ledger, "values_set_missing") == [(0,)]


def test_all_rows_may_be_bad(bench, rows):
    intake = bench.put(answers_csv=HEAD + ",one,30,9,5\n,,,,\n").take_in()
    assert rows(intake.ledger, "rows_read", "accepted", "quarantined") == [(2, 0, 2)]
    assert len(intake.participants) == len(intake.waves["t1"]) == 0


def test_a_wave_may_have_one_person(bench, rows):
    answers = {**bench.wave, "waves": ["t1", "t2"]}
    sources = [bench.source(), bench.source("later", ["later.csv"], wave="t2")]
    study = bench.study(waves=("t1", "t2"), tables={"people": bench.people, "answers": answers}, sources=sources)
    intake = bench.put(answers_csv=HEAD + "a,one,30,1,5\nb,one,30,1,5\n", later_csv="id,mood,score\nb,3,4\n").take_in(
        study
    )
    assert rows(intake.waves["t2"], "mood", "score") == [(3, 4)]


def test_two_key_secrets_change_the_keys_and_nothing_else(bench):
    from increase_eval.intake import run_intake

    bench.put(answers_csv=HEAD + "a,one,30,1,5\nb,one,30,77,5\nb,two,31,2,5\n")
    first, second = (run_intake(bench.study(), bench.folder, key_secret=secret) for secret in (b"1" * 32, b"2" * 32))
    assert not set(first.participants["participant"]) & set(second.participants["participant"])
    for name in ("participants", "quarantine", "duplicates", "ledger"):
        frames = [
            getattr(run, name).drop(columns=["participant", "value_hash"], errors="ignore") for run in (first, second)
        ]
        assert frames[0].equals(frames[1])
