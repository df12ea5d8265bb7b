"""When people answered, whether in the window, who responded in which wave, and in which state they were."""

import pandas as pd

from increase_eval.intake import response_table, state_table

WAVES = [
    {
        "id": "t1",
        "label": {"en": "a", "fr": "a"},
        "time": 0,
        "window": {"since": "entry", "from_days": 0, "to_days": 10},
    },
    {"id": "t2", "label": {"en": "b", "fr": "b"}, "time": 1, "window": {"since": "t1", "from_days": 20, "to_days": 40}},
    {"id": "t3", "label": {"en": "c", "fr": "c"}, "time": 2, "window": {"since": "completion", "to_days": 90}},
]
WORK = [{"code": 1, "label": {"en": "Out", "fr": "Sans"}}, {"code": 2, "label": {"en": "In", "fr": "Avec"}}]
STATES = [
    {
        "id": "work",
        "label": {"en": "Work", "fr": "Travail"},
        "column": "work",
        "states": [
            {"id": "out", "label": WORK[0]["label"], "code": 1},
            {"id": "in", "label": WORK[1]["label"], "code": 2},
        ],
    }
]


def study(bench, *, required=False, severity="value", scales=None):
    when = bench.column("told", "date", role="answer_date", required=required, severity=severity)
    work = bench.column("work", "category", values=WORK, waves=["t1", "t3"])
    people = [bench.column("group", "text"), bench.column("entered", "date"), bench.column("done", "date")]
    return bench.study(
        waves=WAVES,
        sources=[
            bench.source("people", ["people.csv"], "participants"),
            *(bench.source(wave, [f"{wave}.csv"], wave=wave, optional=True) for wave in ("t1", "t2", "t3")),
        ],
        tables={
            "people": {"table": "participants", "columns": people},
            "answers": {"table": "wave", "waves": ["t1", "t2", "t3"], "columns": [bench.item, when, work]},
        },
        participants={
            "source": "people", "arm": {"column": "group"}, "entry_date": "entered", "completion_date": "done"
        },
        states=STATES,
        scales=scales,
    )  # fmt: skip


PEOPLE = "id,group,entered,done\na,one,2021-01-01,2021-03-01\nb,one,2021-01-01,\nc,two,,2021-03-01\n"
T1 = "id,mood,told,work\na,1,2021-01-01,1\nb,2,2021-01-12,2\nc,,2021-01-05,\n"
T2 = "id,mood,told\na,1,2021-01-21\nb,,2021-01-20\nc,3,2021-02-15\n"
T3 = "id,mood,told,work\na,3,2021-05-30,2\nb,3,2021-05-30,1\n"


def dated(rows, frame):
    return rows(
        frame.assign(answered_on=frame["answered_on"].dt.strftime("%m-%d")), "answered_on", "elapsed_days", "in_window"
    )


def test_days_are_counted_from_entry_from_a_wave_and_from_completion(bench, rows):
    intake = bench.put(people_csv=PEOPLE, t1_csv=T1, t2_csv=T2, t3_csv=T3).take_in(study(bench))
    assert dated(rows, intake.waves["t1"]) == [("01-01", 0, True), ("01-12", 11, False), ("01-05", None, None)]
    assert dated(rows, intake.waves["t2"]) == [("01-21", 20, True), ("01-20", 8, False), ("02-15", 41, False)]
    assert dated(rows, intake.waves["t3"]) == [("05-30", 90, True), ("05-30", None, None)]
    assert intake.participants["entry_date"].equals(intake.participants["entered"].rename("entry_date"))


def test_a_wave_that_counts_from_one_in_which_every_row_is_bad_has_no_elapsed_days(bench, rows):
    nobody = "id,mood,told,work\n,1,2021-01-01,1\n"
    intake = bench.put(people_csv=PEOPLE, t1_csv=nobody, t2_csv=T2, t3_csv=T3).take_in(study(bench))
    assert dated(rows, intake.waves["t2"]) == [("01-21", None, None), ("01-20", None, None), ("02-15", None, None)]
    assert len(intake.waves["t1"]) == 0


def test_an_answer_dated_before_one_of_an_earlier_wave_loses_its_date(bench, rows):
    early = "id,mood,told,work\na,3,2021-01-20,2\nb,3,2021-05-30,1\n"
    intake = bench.put(people_csv=PEOPLE, t1_csv=T1, t2_csv=T2, t3_csv=early).take_in(study(bench))
    assert dated(rows, intake.waves["t3"]) == [(None, None, None), ("05-30", None, None)]
    assert intake.waves["t3"]["told"].isna().tolist() == [True, False]
    assert rows(intake.quarantine, "file", "row", "column", "rule", "severity") == [
        ("t3.csv", 2, "told", "waves_out_of_order", "value")
    ]
    assert rows(intake.ledger, "file", "values_set_missing")[2:] == [("t2.csv", 0), ("t3.csv", 1)]


def test_the_same_day_is_in_order_whatever_the_hour(bench, rows):
    hours = "id,mood,told\na,1,2021-01-01 08:00:00\n"
    intake = bench.put(
        people_csv=PEOPLE, t1_csv=T1.replace("2021-01-01,1", "2021-01-01 19:30:00,1"), t2_csv=hours
    ).take_in(study(bench))
    assert len(intake.quarantine) == 0


def test_where_the_date_is_required_the_row_goes(bench, rows):
    intake = bench.put(people_csv=PEOPLE, t1_csv=T1, t2_csv=T2.replace("2021-01-20", "2021-01-02")).take_in(
        study(bench, required=True)
    )
    assert rows(intake.quarantine, "file", "row", "rule", "severity") == [("t2.csv", 3, "waves_out_of_order", "row")]
    assert rows(intake.ledger, "file", "accepted", "quarantined")[2:] == [("t2.csv", 2, 1)]
    assert len(intake.waves["t2"]) == 2


def test_who_responded_is_told_of_every_participant_and_wave(bench, rows):
    intake = bench.put(people_csv=PEOPLE, t1_csv=T1, t2_csv=T2).take_in(study(bench))
    table = response_table(study(bench), intake.participants, intake.waves)
    assert rows(table, "wave", "responded") == [
        ("t1", True), ("t2", True), ("t3", False),
        ("t1", True), ("t2", False), ("t3", False),
        ("t1", False), ("t2", True), ("t3", False),
    ]  # fmt: skip
    assert table["participant"].tolist() == [key for key in intake.participants["participant"] for _ in range(3)]
    assert table["responded"].dtype == bool


def test_without_instruments_a_state_is_an_answer_and_without_states_any_column_is(bench, rows):
    plain = study(bench, scales=[])
    intake = bench.put(people_csv=PEOPLE, t1_csv=T1, t2_csv=T2).take_in(plain)
    table = response_table(plain, intake.participants, intake.waves)
    assert table.loc[table["wave"] == "t1", "responded"].tolist() == [True, True, False]
    assert table.loc[table["wave"] == "t2", "responded"].tolist() == [True, True, True]


def test_states_are_those_of_the_contract_by_wave(bench, rows):
    intake = bench.put(people_csv=PEOPLE, t1_csv=T1, t2_csv=T2, t3_csv=T3).take_in(study(bench))
    table = state_table(study(bench), intake.waves)
    assert rows(table, "wave", "variable", "state") == [
        ("t1", "work", "out"), ("t1", "work", "in"), ("t1", "work", None), ("t3", "work", "in"), ("t3", "work", "out")
    ]  # fmt: skip


def test_who_answered_without_a_state_keeps_a_row_in_the_waves_that_measure_it(bench):
    first = pd.DataFrame({"participant": ["p", "q"], "work": pd.array([2, None], dtype="Int64")})
    third = first.assign(work=pd.array([None, None], dtype="Int64"))
    table = state_table(study(bench), {"t1": first, "t3": third})
    assert table["participant"].tolist() == ["p", "q"]
    assert table["wave"].tolist() == ["t1", "t1"]
    assert table["state"].isna().tolist() == [False, True]


def test_without_states_the_table_is_empty_and_has_its_columns(bench):
    intake = bench.put(answers_csv="id,group,age,mood,score\na,one,30,1,5\n").take_in()
    assert state_table(bench.study(), intake.waves).columns.tolist() == ["participant", "wave", "variable", "state"]


def test_a_wave_without_files_is_an_empty_table_with_its_columns(bench):
    intake = bench.put(people_csv=PEOPLE, t1_csv=T1).take_in(study(bench))
    assert len(intake.waves["t3"]) == 0
    assert {"participant", "mood", "told", "work", "answered_on"} <= set(intake.waves["t3"])
    assert intake.waves["t3"]["mood"].dtype == pd.Int64Dtype()
