"""Files of every shape become one table a wave and one of participants; nobody is lost on the way."""

import pytest

from increase_eval.errors import DataError

HEAD = "id,group,age,mood,score\n"


def two_waves(bench, **more):
    answers = {**bench.wave, "waves": ["t1", "t2"]}
    return {"waves": ("t1", "t2"), "tables": {"people": bench.people, "answers": answers}, **more}


LONG = {"shape": "long", "wave_column": "time", "wave_values": {"0": "t1", "After": "t2"}}


def test_a_long_file_is_cut_into_waves_by_what_it_writes(bench, rows):
    study = bench.study(**two_waves(bench, sources=[bench.source(**LONG)]))
    file = (
        "id,time,group,age,mood,score\na,0,one,30,1,5\na,after,,,2,6\nb,0.0,two,31,3,7\nb,9,two,31,3,7\nb,,two,31,3,7\n"
    )
    intake = bench.put(answers_csv=file).take_in(study)
    assert rows(intake.waves["t1"], "source_row", "mood") == [(2, 1), (4, 3)]
    assert rows(intake.waves["t2"], "source_row", "mood") == [(3, 2)]
    assert rows(intake.quarantine, "row", "column", "rule", "allowed") == [
        (5, "time", "unknown_wave", "0, After"),
        (6, "time", "unknown_wave", "0, After"),
    ]
    assert rows(intake.participants, "arm", "age") == [("one", 30), ("two", 31)]


def test_in_a_long_file_one_person_may_answer_each_wave_once(bench, rows):
    study = bench.study(**two_waves(bench, sources=[bench.source(**LONG)]))
    intake = bench.put(
        answers_csv="id,time,group,age,mood,score\na,0,one,30,1,5\na,0,one,30,2,5\na,After,one,30,3,5\n"
    ).take_in(study)
    assert rows(intake.duplicates, "row", "wave", "kept_row") == [(2, "t1", 3)]
    assert rows(intake.ledger, "rows_read", "accepted", "duplicate") == [(3, 2, 1)]


def test_a_long_baseline_is_that_of_its_wave_where_one_is_named(bench, rows):
    people = {"source": "answers", "wave": "t1", "arm": {"column": "group"}}
    study = bench.study(**two_waves(bench, sources=[bench.source(**LONG)], participants=people))
    file = "id,time,group,age,mood,score\na,0,one,,1,5\na,After,one,30,2,6\nb,After,two,31,3,7\n"
    intake = bench.put(answers_csv=file).take_in(study)
    assert rows(intake.participants, "arm", "age") == [("one", None), (None, None)]
    assert rows(intake.findings, "kind", "row", "wave", "n") == [
        ("no_baseline", 4, "t2", None),
        ("no_arm", None, None, 1),
    ]


def test_without_a_named_wave_the_first_known_value_is_taken_and_others_are_listed(bench, rows):
    study = bench.study(**two_waves(bench, sources=[bench.source(**LONG)]))
    file = "id,time,group,age,mood,score\na,After,two,30,2,6\na,0,one,,1,5\n"
    intake = bench.put(answers_csv=file).take_in(study)
    assert rows(intake.participants, "arm", "age") == [("one", 30)]
    assert rows(intake.findings, "kind", "row", "column") == [("baseline_conflict", 2, "group")]


WIDE = {"shape": "wide", "columns_by_wave": {"mood": {"t1": "m1", "t2": "m2"}, "score": {"t1": "s1", "t2": "s2"}}}


def test_a_wide_file_has_a_row_in_the_waves_in_which_something_is_answered(bench, rows):
    study = bench.study(**two_waves(bench, sources=[bench.source(**WIDE)]))
    file = "id,group,age,m1,s1,m2,s2\na,one,30,1,5,2,6\nb,two,31,3,7,,\nc,two,31,,,,\nd,two,31,,,9,1\n"
    intake = bench.put(answers_csv=file).take_in(study)
    assert rows(intake.waves["t1"], "source_row", "mood", "score") == [(2, 1, 5), (3, 3, 7)]
    assert rows(intake.waves["t2"], "source_row", "mood", "score") == [(2, 2, 6), (5, None, 1)]
    assert len(intake.participants) == 4
    assert rows(intake.quarantine, "row", "column", "rule") == [(5, "m2", "values")]
    assert rows(intake.ledger, "rows_read", "accepted", "values_set_missing") == [(4, 4, 1)]


def test_duplicates_in_a_wide_file_are_whole_rows(bench, rows):
    keep = {"duplicates": {"keep": "most_complete"}}
    study = bench.study(**two_waves(bench, sources=[bench.source(**WIDE, **keep)]))
    intake = bench.put(answers_csv="id,group,age,m1,s1,m2,s2\na,one,30,1,5,2,6\na,one,30,3,7,,\n").take_in(study)
    assert rows(intake.duplicates, "row", "wave", "kept_row") == [(3, "t1+t2", 2)]
    assert len(intake.waves["t2"]) == 1


def test_without_a_key_a_person_is_a_row(bench, rows):
    study = bench.study(**two_waves(bench, sources=[bench.source(**WIDE, key={"column": None})]))
    intake = bench.put(answers_csv="group,age,m1,s1,m2,s2\none,30,1,5,2,6\none,30,1,5,2,6\n").take_in(study)
    assert intake.participants["participant"].nunique() == 2
    assert rows(intake.ledger, "accepted", "duplicate") == [(2, 0)]
    assert set(intake.waves["t1"]["participant"]) == set(intake.participants["participant"])


def test_without_a_key_rows_of_two_files_are_two_people(bench):
    study = bench.study(sources=[bench.source(files=["a_*.csv"], key=None)])
    body = "group,age,mood,score\none,30,1,5\n"
    intake = bench.put(a_1_csv=body, a_2_csv=body).take_in(study)
    assert intake.participants["participant"].nunique() == 2


def with_register(bench, **more):
    register = bench.source("register", ["register.csv"], "participants")
    return bench.study(sources=[register, bench.source()], **more)


def test_a_participants_file_and_waves_that_do_not_match_are_reported(bench, rows):
    register = "id,group,age\na,one,30\nb,two,31\nc,two,32\n"
    intake = bench.put(register_csv=register, answers_csv="id,mood,score\na,1,5\nx,2,6\n").take_in(with_register(bench))
    assert rows(intake.participants, "arm", "age") == [("one", 30), ("two", 31), ("two", 32), (None, None)]
    assert rows(intake.findings, "kind", "file", "row", "n") == [
        ("no_baseline", "answers.csv", 3, None),
        ("in_no_wave", None, None, 2),
        ("no_arm", None, None, 1),
    ]
    assert rows(intake.ledger, "file", "accepted") == [("answers.csv", 2), ("register.csv", 3)]


def test_a_later_file_that_repeats_a_baseline_column_is_compared_with_it(bench, rows):
    register = "id,group,age\na,one,30\nb,two,31\n"
    intake = bench.put(register_csv=register, answers_csv="id,mood,score,age\na,1,5,33\nb,2,6,\n").take_in(
        with_register(bench)
    )
    assert rows(intake.participants, "age") == [(30,), (31,)]
    assert rows(intake.findings, "kind", "file", "row", "column") == [("baseline_conflict", "answers.csv", 2, "age")]


def test_all_sources_of_the_baseline_wave_give_baseline_columns(bench, rows):
    both = [bench.source("north", ["north.csv"], constants={"age": 50}), bench.source("south", ["south.csv"])]
    bench.put(north_csv="id,group,mood,score\na,one,1,5\n", south_csv=HEAD + "b,two,31,3,5\n")
    intake = bench.take_in(bench.study(sources=both))
    assert rows(intake.participants, "arm", "age") == [("one", 50), ("two", 31)]


def test_a_column_may_be_asked_of_some_sources_only(bench, rows):
    answers = {**bench.wave, "columns": [bench.item, {**bench.score, "sources": ["south"]}]}
    both = [bench.source("north", ["north.csv"]), bench.source("south", ["south.csv"])]
    bench.put(north_csv="id,group,age,mood\na,one,30,1\n", south_csv=HEAD + "b,two,31,3,5\n")
    intake = bench.take_in(bench.study(sources=both, tables={"people": bench.people, "answers": answers}))
    assert rows(intake.waves["t1"], "mood", "score") == [(1, None), (3, 5.0)]
    assert str(intake.waves["t1"]["score"].dtype) == "Float64"


PLACES = [
    {
        "id": "town",
        "label": {"en": "Town", "fr": "Ville"},
        "column": "town",
        "nested_in": "region",
        "is_site": True,
        "units": [
            {"id": "up", "label": {"en": "Upton", "fr": "En-haut"}, "parent": "north", "aliases": ["U", 3]},
            {"id": "down", "label": {"en": "Downton", "fr": "En-bas"}, "parent": "south"},
            {"id": "off", "label": {"en": "Offton", "fr": "Ailleurs"}, "parent": "south", "arm": "one"},
        ],
    },
    {
        "id": "region",
        "label": {"en": "Region", "fr": "Région"},
        "column": "region",
        "units": [
            {"id": "north", "label": {"en": "North", "fr": "Nord"}, "arm": "one", "attributes": {"country": "england"}},
            {"id": "south", "label": {"en": "South", "fr": "Sud"}, "arm": "two", "attributes": {"country": "france"}},
        ],
    },
]


def placed(bench, *columns, arm=None):
    people = {"table": "participants", "columns": [bench.column(name, "category") for name in columns]}
    return bench.study(
        tables={"people": people, "answers": bench.wave},
        levels=PLACES,
        participants={"source": "answers", "arm": arm or {"level": "town"}},
    )


@pytest.mark.parametrize("cell", ["up", "Upton", "upton ", "EN-HAUT", "U", "3"])
def test_units_are_known_by_id_label_or_alias(bench, rows, cell):
    intake = bench.put(answers_csv=f"id,town,mood,score\na,{cell},1,5\n").take_in(placed(bench, "town"))
    assert rows(intake.participants, "arm", "town", "region", "country") == [("one", "up", "north", "england")]


def test_the_arm_is_that_of_the_unit_or_of_the_one_it_lies_in(bench, rows):
    intake = bench.put(answers_csv="id,town,mood,score\na,down,1,5\nb,off,1,5\n").take_in(placed(bench, "town"))
    assert rows(intake.participants, "arm", "town") == [("two", "down"), ("one", "off")]


def test_an_unknown_unit_is_set_missing_and_listed(bench, rows):
    intake = bench.put(answers_csv="id,town,mood,score\na,Nowhere,1,5\n").take_in(placed(bench, "town"))
    assert rows(intake.quarantine, "row", "column", "rule", "allowed") == [
        (2, "town", "values", "one of up, down, off, or their labels")
    ]
    assert rows(intake.participants, "arm", "town", "region") == [(None, None, None)]
    assert rows(intake.findings, "kind", "n") == [("no_arm", 1)]


def test_a_unit_in_another_one_than_the_contract_says_is_reported(bench, rows):
    file = "id,town,region,mood,score\na,up,south,1,5\nb,down,,1,5\n"
    intake = bench.put(answers_csv=file).take_in(placed(bench, "town", "region"))
    assert rows(intake.participants, "town", "region") == [("up", "south"), ("down", "south")]
    assert rows(intake.findings, "kind", "column", "n") == [("nesting", "town", 1)]


@pytest.mark.parametrize(("cell", "arm"), [("one", "one"), ("UN", "one"), ("2", "two"), ("2.0", "two"), ("Two", "two")])
def test_arms_are_known_by_id_label_or_alias(bench, rows, cell, arm):
    intake = bench.put(answers_csv=HEAD + f"a,{cell},30,1,5\n").take_in()
    assert rows(intake.participants, "arm") == [(arm,)]


def test_a_value_that_is_no_arm_is_set_missing_and_listed(bench, rows):
    intake = bench.put(answers_csv=HEAD + "a,three,30,1,5\nb,,30,1,5\n").take_in()
    assert rows(intake.participants, "arm", "group") == [(None, None), (None, None)]
    assert rows(intake.quarantine, "row", "column", "rule", "severity") == [(2, "group", "arm", "value")]
    assert rows(intake.ledger, "accepted", "values_set_missing") == [(2, 1)]


def test_an_arm_may_be_a_code_that_the_column_labels(bench, rows):
    codes = [{"code": 7, "label": {"en": "One", "fr": "Un"}}, {"code": 8, "label": {"en": "Two", "fr": "Deux"}}]
    people = {"table": "participants", "columns": [bench.column("group", "category", values=codes)]}
    study = bench.study(tables={"people": people, "answers": bench.wave})
    intake = bench.put(answers_csv="id,group,mood,score\na,8,1,5\nb,un,1,5\n").take_in(study)
    assert rows(intake.participants, "arm", "group") == [("two", 8), ("one", 7)]


def test_a_participant_has_one_row_whatever_sources_a_wave_has(bench):
    sources = [bench.source(**WIDE), bench.source("more", ["more.csv"], wave="t1")]
    study = bench.study(**two_waves(bench, sources=sources))
    bench.put(answers_csv="id,group,age,m1,s1,m2,s2\na,one,30,1,5,2,6\n", more_csv="id,mood,score\na,1,5\n")
    with pytest.raises(DataError, match=r"wave 't1': 2 rows of different sources are of the same participants"):
        bench.take_in(study)


def test_personal_columns_are_dropped_and_may_still_be_the_key(bench, rows):
    study = bench.study(
        sources=[bench.source(key={"column": "email"})], privacy={"personal_columns": ["email", "Name"]}
    )
    intake = bench.put(answers_csv="email,name,group,age,mood,score\na@x.org,Ann,one,30,1,5\n").take_in(study)
    assert len(intake.findings) == 0
    stored = "".join(frame.to_csv() for frame in (intake.participants, *intake.waves.values()))
    assert "Ann" not in stored
    assert "a@x.org" not in stored


def test_every_other_column_is_reported_and_never_stored(bench, rows):
    study = bench.study(
        tables={
            "people": bench.people,
            "answers": {**bench.wave, "ignored": [{"columns": ["Note"], "reason": "not used"}]},
        }
    )
    intake = bench.put(answers_csv="id,group,age,mood,score,note,extra\na,one,30,1,5,x,y\n").take_in(study)
    assert rows(intake.findings, "kind", "file", "column") == [("unexpected_column", "answers.csv", "extra")]
    assert "extra" not in intake.waves["t1"]


def test_a_file_that_no_source_takes_is_reported(bench, rows):
    intake = bench.put(answers_csv=HEAD + "a,one,30,1,5\n", other_csv="x\n1\n").take_in()
    assert rows(intake.findings, "kind", "file") == [("unused_file", "other.csv")]


def test_names_of_a_platform_come_before_other_names(bench, rows):
    aliased = {**bench.score, "source": "score_raw", "aliases": {"web": "Q3"}}
    answers = {**bench.wave, "columns": [bench.item, aliased]}
    study = bench.study(
        sources=[bench.source(platform="web"), bench.source("paper", ["paper.csv"])],
        tables={"people": bench.people, "answers": answers},
    )
    bench.put(
        answers_csv="id,group,age,mood,score,Q3\na,one,30,1,1,9\n",
        paper_csv="id,group,age,mood,Score_Raw\nb,one,30,1,8\n",
    )
    intake = bench.take_in(study)
    assert rows(intake.waves["t1"], "score") == [(9.0,), (8.0,)]
    assert rows(intake.findings, "kind", "column") == [("unexpected_column", "score")]
