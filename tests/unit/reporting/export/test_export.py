"""Exports: every format read back whole, labels included; and nothing leaves that should stay."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pyreadstat
import pytest
from python_calamine import CalamineWorkbook

from increase_eval.errors import DisclosureError
from increase_eval.reporting.export import EXPORT_FORMATS, export_tables
from increase_eval.results import estimate_table
from increase_eval.study.study import Study

LONG = "a_name_that_is_longer_than_the_32_characters_of_stata"


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    participants = pd.DataFrame(
        {
            "participant": ["0a", "0b", "0c"],
            "arm": pd.array(["new", None, "usual"], dtype="str"),
            "site": ["north", "south", "north"],
            "age": pd.array([30, None, 61], dtype="Int64"),
            LONG: ["é;\"'", "=1+1", "-5"],
        }
    )
    wave = pd.DataFrame(
        {
            "participant": ["0a", "0b", "0c"],
            "source_file": ["t1.csv"] * 3,
            "source_row": pd.array([2, 3, 4], dtype="Int64"),
            "m1": pd.array([1, None, 5], dtype="Int64"),
            "pain_score": pd.array([0.5, None, 9.25], dtype="Float64"),
            "answered_on": pd.to_datetime(["2024-01-02", None, "2024-05-06"]),
            "in_window": pd.array([True, False, None], dtype="boolean"),
        }
    )
    reasons = pd.DataFrame(
        {"participant": ["0b", "0b"], "wave": "t1", "column": ["m1", "pain_score"], "reason": ["refused", "left"]}
    )
    rows = [
        {"outcome": "mood", "term": "mean", "wave": "t1", "by_arm": arm, "estimate": 2.5, "std_error": 0.1, "n": n}
        for arm, n in (("usual", 40), ("new", 4), ("all", 44))
    ]
    return {
        "participants": participants,
        "wave_t1": wave,
        "missing_reasons": reasons,
        "score_summary": estimate_table(rows),
    }


def everything(study: Study, tables: dict[str, pd.DataFrame], folder: Path, **options):
    return export_tables(study, tables, folder, microdata=True, **options)


def test_tables_of_people_stay_unless_they_are_asked_for(study: Study, tables, tmp_path: Path) -> None:
    exported = export_tables(study, tables, tmp_path, formats=("csv",))
    assert [path.name for path in exported.files] == ["score_summary.csv", "score_summary.labels.csv"]
    with pytest.raises(DisclosureError, match=r"wave_t1: rows of single people.*microdata=True"):
        export_tables(study, tables, tmp_path, names=["wave_t1"])


def test_small_estimates_are_suppressed_in_every_format(study: Study, tables, tmp_path: Path) -> None:
    export_tables(study, tables, tmp_path)
    frames = {
        "csv": pd.read_csv(tmp_path / "score_summary.csv"),
        "parquet": pd.read_parquet(tmp_path / "score_summary.parquet"),
        "sav": pyreadstat.read_sav(tmp_path / "score_summary.sav")[0],
        "dta": pyreadstat.read_dta(tmp_path / "score_summary.dta")[0],
        "xlsx": pd.read_excel(tmp_path / "score_summary.xlsx", engine="calamine"),
    }
    for kind, frame in frames.items():
        thin = frame.iloc[1]
        assert thin["status"] == "suppressed", kind
        assert pd.isna(thin["estimate"]) and pd.isna(thin["n"]), kind
        assert frame.iloc[2]["estimate"] == 2.5, kind


def test_unknown_tables_and_formats_are_refused(study: Study, tables, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no stored table 'nonsense'; there are: missing_reasons"):
        export_tables(study, tables, tmp_path, names=["nonsense"])
    with pytest.raises(ValueError, match="'ods' is not one of an export; allowed: sav"):
        export_tables(study, tables, tmp_path, formats=["ods"])


def test_spss_reads_back_cells_labels_and_reasons(study: Study, tables, tmp_path: Path) -> None:
    everything(study, tables, tmp_path, formats=("sav",), language="fr")
    frame, meta = pyreadstat.read_sav(tmp_path / "wave_t1.sav", user_missing=True)
    assert frame["m1"].tolist() == [1, -9, 5]
    assert meta.missing_ranges["m1"] == [{"lo": -9.0, "hi": -9.0}]
    assert meta.column_names_to_labels["m1"] == "Question m1"
    assert meta.variable_value_labels["m1"] == {1: "Jamais", 5: "Toujours ; chaque jour", -9: "refus"}
    # `left` has no code in the contract of this column: one below every answer (0 to 10) is taken.
    assert frame["pain_score"].tolist() == [0.5, -1, 9.25]
    assert meta.variable_value_labels["pain_score"] == {-1: "abandon du questionnaire"}
    assert frame["answered_on"].dt.strftime("%Y-%m-%d").tolist()[::2] == ["2024-01-02", "2024-05-06"]
    assert frame["in_window"].tolist()[:2] == [1, 0]
    blank, _ = pyreadstat.read_sav(tmp_path / "wave_t1.sav")
    assert blank["m1"].isna().tolist() == [False, True, False]
    people, meta = pyreadstat.read_sav(tmp_path / "participants.sav")
    assert people["arm"].tolist() == ["new", "", "usual"]
    assert meta.variable_value_labels["arm"]["usual"] == "Service habituel"
    assert people[LONG].tolist() == tables["participants"][LONG].tolist()


def test_stata_reads_back_cells_and_labels_and_says_what_it_changed(study: Study, tables, tmp_path: Path) -> None:
    exported = everything(study, tables, tmp_path, formats=("dta",))
    people, meta = pyreadstat.read_dta(tmp_path / "participants.dta")
    # Stata labels numbers only: the arms are numbered in the contract's order.
    assert people["arm"].tolist()[::2] == [2, 1]
    assert meta.variable_value_labels["arm"] == {1: "Usual service", 2: "New <service> & more"}
    assert people["age"].tolist()[::2] == [30, 61] and np.isnan(people["age"][1])
    assert people[LONG[:32]].tolist() == tables["participants"][LONG].tolist()
    changes = exported.changes.set_index(["table", "column", "was"])["written"]
    assert changes["participants", LONG, LONG] == LONG[:32]
    assert changes["participants", "arm", "usual"] == "1"
    wave, meta = pyreadstat.read_dta(tmp_path / "wave_t1.dta")
    assert meta.variable_value_labels["m1"] == {1: "Never", 5: "Always; every day"}
    assert wave["pain_score"].tolist()[::2] == [0.5, 9.25]


def test_csv_and_workbook_run_nothing_and_read_back(study: Study, tables, tmp_path: Path) -> None:
    everything(study, tables, tmp_path, formats=("csv", "xlsx"))
    people = pd.read_csv(tmp_path / "participants.csv", dtype=str, keep_default_na=False)
    assert people[LONG].tolist() == ["é;\"'", "'=1+1", "-5"]
    assert people["age"].tolist() == ["30", "", "61"]
    labels = pd.read_csv(tmp_path / "wave_t1.labels.csv")
    assert labels.loc[labels["Column"] == "m1", "Value labels"].dropna().tolist() == ["Never", "Always; every day"]
    book = CalamineWorkbook.from_path(str(tmp_path / "participants.xlsx"))
    rows = book.get_sheet_by_name("participants").to_python()
    assert [row[4] for row in rows] == [LONG, "é;\"'", "=1+1", "-5"]
    assert [row[3] for row in rows] == ["age", 30, "", 61]
    assert ["arm", "Arm (delivery approach) of the participant", "usual", "Usual service"] in book.get_sheet_by_name(
        "Values"
    ).to_python()


def test_parquet_keeps_cells_types_and_labels(study: Study, tables, tmp_path: Path) -> None:
    everything(study, tables, tmp_path, formats=("parquet",))
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "wave_t1.parquet"), tables["wave_t1"])
    about = pq.read_schema(tmp_path / "wave_t1.parquet").field("m1").metadata
    assert about[b"label"].decode() == "Item m1"
    assert json.loads(about[b"value_labels"])["1"] == "Never"


def test_two_exports_agree_to_the_byte_and_carry_no_clock(study: Study, tables, tmp_path: Path) -> None:
    first = everything(study, tables, tmp_path / "one").files
    second = everything(study, tables, tmp_path / "two").files
    assert len(first) == len(tables) * (len(EXPORT_FORMATS) + 1)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert b"01 Jan 0000:00:00" in (tmp_path / "one" / "wave_t1.sav").read_bytes()
    assert b"01 Jan 2000 00:00" in (tmp_path / "one" / "wave_t1.dta").read_bytes()


def test_four_reasons_become_one_range_below_every_answer(study: Study, tables, tmp_path: Path) -> None:
    reasons = ["refused", "not_asked", "left", "unknown"]
    wave = pd.DataFrame({"participant": list("abcde"), "m1": pd.array([None] * 4 + [3], dtype="Int64")})
    why = pd.DataFrame({"participant": list("abcd"), "wave": "t1", "column": "m1", "reason": reasons})
    everything(study, {"wave_t1": wave, "missing_reasons": why}, tmp_path, names=["wave_t1"], formats=("sav",))
    frame, meta = pyreadstat.read_sav(tmp_path / "wave_t1.sav", user_missing=True)
    assert sorted(frame["m1"]) == [-4, -3, -2, -1, 3]
    assert meta.missing_ranges["m1"] == [{"lo": -4.0, "hi": -1.0}]


def test_synthetic_data_say_so_in_every_file_that_can(synthetic_study: Study, tables, tmp_path: Path) -> None:
    everything(synthetic_study, tables, tmp_path)
    assert "synthetic data" in pyreadstat.read_sav(tmp_path / "wave_t1.sav")[1].file_label
    assert "synthetic data" in pyreadstat.read_dta(tmp_path / "wave_t1.dta")[1].file_label
    assert "synthetic data" in (tmp_path / "wave_t1.labels.csv").read_text(encoding="utf-8")
    assert b"synthetic data" in pq.read_schema(tmp_path / "wave_t1.parquet").metadata[b"note"]


def test_the_tables_given_are_not_changed(study: Study, tables, tmp_path: Path) -> None:
    before = {name: table.copy(deep=True) for name, table in tables.items()}
    everything(study, tables, tmp_path)
    for name, table in tables.items():
        pd.testing.assert_frame_equal(table, before[name])
