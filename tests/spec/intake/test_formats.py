"""One table, written in every format that partners send, reads back equal cell by cell, reasons included."""

import io
import json

import numpy as np
import pandas as pd
import pyreadstat
import pytest
import xlsxwriter

NAMES = ["id", "group", "age", "mood", "score", "told_on", "works", "town", "spoken"]
# Codes as the statistics formats hold them. mood: 1 to 3; -8 refused, -9 not asked. score: -8 refused.
ROWS = [
    ("a1", "one", 30, 1, 5.5, "2021-03-01", True, "Rennes", "fr"),
    ("a2", "two", 41, 2, 10.0, "2021-12-31", False, "Saint-Étienne, côté nord", "en"),
    ("a3", "one", None, 3, 0.0, "2020-02-29", None, 'the "old" town', "fr"),
    ("a4", "two", 99, -8, -8.0, None, True, None, None),
    ("a5", "one", 16, -9, 0.125, "2021-01-01", False, "x\ny", "en"),
    ("a6", "two", 17, None, None, "1999-12-31", None, " = 1+1", "fr"),
]
LABELS = {1: "Disagree", 2: "Neither", 3: "Agree", -8: "Refused", -9: "Not asked"}
FRENCH = {1: "Pas d'accord", 2: "Ni l'un ni l'autre", 3: "D'accord", -8: "Refus", -9: "Non posée"}
SPOKEN = {"fr": "Français", "en": "Anglais"}


@pytest.fixture(scope="module")
def frame():
    return pd.DataFrame(ROWS, columns=NAMES)


def labelled(frame, labels, day="%Y-%m-%d"):
    """Give the table as a survey platform exports it: labels for codes, everything text."""
    text = frame.astype(object).where(frame.notna(), None)
    text["mood"] = frame["mood"].map(labels)
    text["score"] = [None if pd.isna(v) else "Refused" if v == -8 else repr(v) for v in frame["score"]]
    text["age"] = [None if pd.isna(v) else str(int(v)) for v in frame["age"]]
    text["works"] = frame["works"].map({True: "Yes", False: "No"})
    text["told_on"] = [None if pd.isna(v) else pd.Timestamp(v).strftime(day) for v in frame["told_on"]]
    return text.astype(object).where(text.notna(), None)


def numeric(frame):
    """Give the table as a statistics package holds it: numbers and dates."""
    codes = frame.assign(
        age=frame["age"].astype("float64"),
        mood=frame["mood"].astype("float64"),
        told_on=pd.to_datetime(frame["told_on"]),
        works=frame["works"].map({True: 1.0, False: 0.0}).astype("float64"),
    )
    return codes.assign(town=codes["town"].fillna(""), spoken=codes["spoken"].fillna(""))


def as_csv(frame, path):
    labelled(frame, LABELS).to_csv(path, index=False)


def as_french_csv(frame, path):
    text = labelled(frame, FRENCH, "%d/%m/%Y")
    text["score"] = text["score"].str.replace(".", ",", regex=False)
    text["spoken"] = text["spoken"].map(SPOKEN)
    path.write_bytes(text.to_csv(index=False, sep=";", lineterminator="\r\n").encode("cp1252"))


def as_qualtrics(frame, path):
    body = labelled(frame, LABELS)
    texts = [f"Question, about\n{name}" for name in NAMES]
    ids = [json.dumps({"ImportId": f"QID{place}"}) for place in range(len(NAMES))]
    head = io.StringIO()
    pd.DataFrame([texts, ids], columns=NAMES).to_csv(head, index=False)
    path.write_bytes((head.getvalue() + body.to_csv(index=False, header=False)).encode("utf-8-sig"))


def as_xlsx(frame, path):
    book = xlsxwriter.Workbook(path)
    sheet, day = book.add_worksheet("Réponses"), book.add_format({"num_format": "dd/mm/yyyy"})
    sheet.write_row(0, 0, NAMES)
    for number, row in enumerate(frame.itertuples(index=False), start=1):
        for place, cell in enumerate(row):
            if cell is None or cell is pd.NaT or (isinstance(cell, float) and np.isnan(cell)):
                continue
            if NAMES[place] == "told_on":
                sheet.write_datetime(number, place, pd.Timestamp(cell).to_pydatetime(), day)
            elif NAMES[place] == "works":
                sheet.write_boolean(number, place, bool(cell))
            elif isinstance(cell, str):
                sheet.write_string(number, place, cell)
            else:
                sheet.write_number(number, place, float(cell))
    book.close()


def as_spss(frame, path):
    pyreadstat.write_sav(
        numeric(frame),
        path,
        variable_value_labels={"mood": FRENCH, "works": {1: "Oui", 0: "Non"}, "spoken": SPOKEN},
        missing_ranges={"mood": [-8, -9], "score": [-8]},
        variable_format={"told_on": "DATE11"},
    )


def as_stata(frame, path):
    table = numeric(frame)
    for name in ("mood", "score"):
        table[name] = table[name].astype(object).replace({-8.0: "a", -9.0: "b"})
    pyreadstat.write_dta(
        table,
        path,
        missing_user_values={"mood": ["a", "b"], "score": ["a"]},
        variable_value_labels={"mood": {1: "Disagree", 2: "Neither", 3: "Agree", "a": "Refused", "b": "Not asked"}},
    )


def as_parquet(frame, path):
    typed = frame.assign(
        told_on=pd.to_datetime(frame["told_on"]).dt.date,
        works=frame["works"].astype("boolean"),
        mood=frame["mood"].astype("Int8"),
        age=frame["age"].astype("Int64"),
        spoken=frame["spoken"].astype("category"),
    )
    typed.to_parquet(path)


FORMATS = {
    "csv": (as_csv, "answers.csv", {}, 2),
    "french csv": (as_french_csv, "answers.csv", {"encoding": "cp1252"}, 2),
    "qualtrics": (as_qualtrics, "answers.csv", {}, 4),
    "xlsx": (as_xlsx, "answers.xlsx", {}, 2),
    "spss": (as_spss, "answers.sav", {}, 2),
    "stata": (as_stata, "answers.dta", {}, 2),
    "parquet": (as_parquet, "answers.parquet", {}, 2),
}
EXPECTED_READER = {"french csv": "csv"}


def contract(bench, file, options):
    spoken = [{"code": code, "label": {"en": code.upper(), "fr": label}} for code, label in SPOKEN.items()]
    missing = {"refused": [-8, "Refused", "Refus", ".a"], "not_asked": [-9, "Not asked", "Non posée", ".b"]}
    columns = [
        {**bench.item, "missing": missing},
        {**bench.score, "missing": {"refused": missing["refused"]}},
        bench.column("told_on", "date", date_formats=["%Y-%m-%d", "%d/%m/%Y"]),
        bench.column("works", "boolean"),
        bench.column("town", "text"),
        bench.column("spoken", "category", values=spoken),
    ]
    return bench.study(
        tables={"people": bench.people, "answers": {"table": "wave", "waves": ["t1"], "columns": columns}},
        sources=[bench.source(files=[file], options=options)],
    )


@pytest.fixture
def taken_in(bench, frame):
    def take_in(kind):
        write, file, options, _ = FORMATS[kind]
        for old in bench.folder.iterdir():
            old.unlink()
        write(frame, bench.folder / file)
        return bench.take_in(contract(bench, file, options))

    return take_in


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_gives_the_same_cells_and_the_same_reasons(taken_in, rows, kind):
    intake, first_row = taken_in(kind), FORMATS[kind][3]
    assert intake.input_files["format"].tolist() == [EXPECTED_READER.get(kind, kind)]
    assert len(intake.quarantine) == 0
    wave = intake.waves["t1"]
    assert rows(wave, "source_row") == [(first_row + place,) for place in range(6)]
    assert rows(wave, "mood", "score", "works", "town", "spoken") == [
        (1, 5.5, True, "Rennes", "fr"),
        (2, 10.0, False, "Saint-Étienne, côté nord", "en"),
        (3, 0.0, None, 'the "old" town', "fr"),
        (None, None, True, None, None),
        (None, 0.125, False, "x\ny", "en"),
        (None, None, None, "= 1+1", "fr"),
    ]
    days = [v and str(v.date()) for (v,) in rows(wave, "told_on")]
    assert days == ["2021-03-01", "2021-12-31", "2020-02-29", None, "2021-01-01", "1999-12-31"]
    assert rows(intake.participants, "arm", "age") == [
        ("one", 30), ("two", 41), ("one", None), ("two", 99), ("one", 16), ("two", 17)
    ]  # fmt: skip
    assert sorted(rows(intake.missing_reasons, "column", "reason")) == [
        ("mood", "not_asked"),
        ("mood", "refused"),
        ("score", "refused"),
    ]


def test_every_format_gives_the_same_tables_to_the_last_dtype(taken_in):
    reference = taken_in("csv")
    for kind in FORMATS:
        intake = taken_in(kind)
        pd.testing.assert_frame_equal(intake.participants, reference.participants)
        here, there = (run.waves["t1"].drop(columns=["source_file", "source_row"]) for run in (intake, reference))
        pd.testing.assert_frame_equal(here, there)
        by = ["participant", "column"]
        reasons = [run.missing_reasons.sort_values(by, ignore_index=True) for run in (intake, reference)]
        pd.testing.assert_frame_equal(*reasons)


def test_codes_that_only_the_file_declares_missing_are_gaps_of_unknown_reason(bench, rows):
    table = pd.DataFrame(
        {"id": ["a", "b"], "group": ["one", "one"], "age": [30.0, 31.0], "mood": [1.0, 2.0], "score": [5.0, 9.0]}
    )
    pyreadstat.write_sav(
        table, bench.folder / "answers.sav", missing_ranges={"score": [{"lo": 8, "hi": 9}], "mood": [7]}
    )
    intake = bench.take_in(bench.study(sources=[bench.source(files=["answers.sav"])]))
    assert rows(intake.waves["t1"], "score") == [(5.0,), (None,)]
    assert rows(intake.missing_reasons, "column", "reason") == [("score", "unknown")]
    assert rows(intake.findings, "kind", "column", "n") == [("undeclared_missing", "score", 1)]


def labelled_spss(bench, labels, codes):
    table = pd.DataFrame({"id": ["a", "b", "c"], "group": "one", "age": 30.0, "mood": codes, "score": 5.0})
    pyreadstat.write_sav(table, bench.folder / "answers.sav", variable_value_labels={"mood": labels})


def test_codes_of_the_file_that_are_not_those_of_the_contract_are_read_by_their_labels(bench, rows):
    labelled_spss(bench, {11: "Pas d'accord", 12: "Ni l'un ni l'autre", 13: "D'accord"}, [11.0, 12.0, 13.0])
    intake = bench.take_in(bench.study(sources=[bench.source(files=["answers.sav"])]))
    assert rows(intake.waves["t1"], "mood") == [(1,), (2,), (3,)]
    assert [row[2] for row in rows(intake.drift, "column", "kind", "kind")] == ["codes"] * 3


@pytest.mark.parametrize(
    ("values_by", "expected"), [(None, [None, 2, None]), ("code", [1, 2, 3]), ("label", [3, 2, 1])]
)
def test_where_labels_contradict_codes_nothing_is_guessed_until_the_contract_says(bench, rows, values_by, expected):
    labelled_spss(bench, {1: "Agree", 2: "Neither", 3: "Disagree"}, [1.0, 2.0, 3.0])
    intake = bench.take_in(bench.study(sources=[bench.source(files=["answers.sav"], values_by=values_by)]))
    assert rows(intake.waves["t1"], "mood") == [(value,) for value in expected]
    assert len(intake.quarantine) == (2 if values_by is None else 0)
    assert set(intake.quarantine["rule"]) <= {"label_contradiction"}
    assert set(intake.drift["kind"]) == {"labels"}


def test_previews_of_qualtrics_are_quarantined_and_rows_count_from_four(bench, rows):
    names = ["Status", "id", "group", "age", "mood", "score"]
    head = [",".join(names), ",".join(names), ",".join('"{""ImportId"":""x""}"' for _ in names)]
    body = ["IP Address,a,one,30,1,5", "Survey Preview,b,one,30,1,5", "1,c,one,30,1,5", "0,d,one,30,9,5"]
    bench.put(answers_csv="\ufeff" + "\n".join([*head, *body]) + "\n")
    intake = bench.take_in()
    assert rows(intake.quarantine, "row", "column", "rule", "severity") == [
        (5, "Status", "preview", "row"),
        (6, "Status", "preview", "row"),
        (7, "mood", "values", "value"),
    ]
    assert rows(intake.waves["t1"], "source_row") == [(4,), (7,)]
