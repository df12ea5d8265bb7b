"""The data dictionary: what it says of a column, and that its files say the same."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from increase_eval.reporting.codebook import build_codebook, write_codebook
from increase_eval.results import estimate_table
from increase_eval.study.study import Study


def entry_of(study: Study, table: str, name: str):
    return next(entry for entry in build_codebook(study).entries if (entry.table, entry.name) == (table, name))


def test_an_item_has_all_that_its_contract_says(study: Study) -> None:
    entry = entry_of(study, "wave_t2", "m2")
    assert entry.labels == {"en": "Item m2", "fr": "Question m2"}
    assert entry.values[1] == (5, {"en": "Always; every day", "fr": "Toujours ; chaque jour"})
    assert dict(entry.missing) == {"refused": (-9,), "not_asked": (-8,)}
    assert (entry.range, entry.waves, entry.severity) == ((1, 5), ("t2",), "value")
    assert entry.sources == ("M2", "qualtrics: Q_m2")
    assert entry.scales == (("mood", True),)


def test_a_column_stands_in_the_waves_that_ask_it_and_in_no_other(study: Study) -> None:
    tables = [entry.table for entry in build_codebook(study).entries if entry.name == "mood_shipped"]
    assert tables == ["wave_t1"]


def test_every_stored_column_of_participants_comes_once(study: Study) -> None:
    names = [entry.name for entry in build_codebook(study).by_table()["participants"]]
    assert names == ["participant", "arm", "site", "age"]


def test_stored_columns_that_nobody_describes_are_named(study: Study) -> None:
    tables = {
        "participants": pd.DataFrame(columns=["participant", "arm", "shoe_size"]),
        "score_summary": estimate_table([{"outcome": "mood"}]),
    }
    codebook = build_codebook(study, tables)
    assert codebook.undocumented == (("participants", "shoe_size"),)
    assert [entry.name for entry in codebook.by_table()["participants"]] == ["participant", "arm"]
    assert "score_summary" not in codebook.by_table()
    assert "conf_low" in [entry.name for entry in codebook.by_table()["estimates"]]


def test_two_writings_agree_to_the_byte(study: Study, tmp_path: Path) -> None:
    first = write_codebook(build_codebook(study), tmp_path / "one")
    second = write_codebook(build_codebook(study), tmp_path / "two")
    assert [path.name for path in first] == [
        "codebook.en.html",
        "codebook.fr.html",
        "codebook.en.xlsx",
        "codebook.fr.xlsx",
        "codebook.en.csv",
        "codebook.fr.csv",
        "codebook.json",
    ]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_workbook_and_csv_hold_the_same_rows(study: Study, tmp_path: Path) -> None:
    write_codebook(build_codebook(study), tmp_path, languages=("fr",))
    rows = list(csv.reader(io.StringIO((tmp_path / "codebook.fr.csv").read_bytes().decode("utf-8-sig"))))
    book = CalamineWorkbook.from_path(str(tmp_path / "codebook.fr.xlsx"))
    assert book.sheet_names == ["Colonnes", "Modalités", "Échelles"]
    sheet = [[str(cell) for cell in row] for row in book.get_sheet_by_name("Colonnes").to_python()]
    assert [row[:4] for row in sheet] == [row[:4] for row in rows]
    assert len(rows) == 1 + len(build_codebook(study).entries)
    mood = next(row for row in book.get_sheet_by_name("Échelles").to_python() if row[0] == "mood")
    assert mood[1:5] == ["Humeur basse", "m1, m2, m3", "somme des items", "2"]


def test_the_schema_is_a_data_package_with_keys_and_labels(study: Study, tmp_path: Path) -> None:
    (path,) = write_codebook(build_codebook(study), tmp_path, formats=("json",))
    package = json.loads(path.read_text(encoding="utf-8"))
    resources = {resource["name"]: resource for resource in package["resources"]}
    scores = resources["scores"]["schema"]
    assert scores["primaryKey"] == ["participant", "wave", "scale"]
    assert scores["foreignKeys"][0]["reference"] == {"resource": "participants", "fields": ["participant"]}
    item = next(field for field in resources["wave_t1"]["schema"]["fields"] if field["name"] == "m1")
    assert item["constraints"] == {"minimum": 1, "maximum": 5}
    assert item["categories"][0] == {"value": 1, "label": "Never", "labels": {"en": "Never", "fr": "Jamais"}}
    assert "estimates" not in resources
    assert {field["name"] for field in package["estimateTableSchema"]["fields"]} >= {"estimate", "n"}


def test_the_page_escapes_labels_and_says_that_data_are_synthetic(synthetic_study: Study, tmp_path: Path) -> None:
    write_codebook(build_codebook(synthetic_study), tmp_path, formats=("html",))
    english = (tmp_path / "codebook.en.html").read_text(encoding="utf-8")
    assert "New &lt;service&gt; &amp; more" in english
    assert "<service>" not in english
    assert "Synthetic data" in english
    assert "Données synthétiques" in (tmp_path / "codebook.fr.html").read_text(encoding="utf-8")


def test_an_unknown_format_is_refused(study: Study, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'docx' is not one of a codebook; allowed: html"):
        write_codebook(build_codebook(study), tmp_path, formats=("docx",))


def test_the_page_has_a_column_of_several_waves_once_and_one_that_differs_apart(study: Study, tmp_path: Path) -> None:
    write_codebook(build_codebook(study), tmp_path, formats=("html",), languages=("en",))
    page = (tmp_path / "codebook.en.html").read_text(encoding="utf-8")
    assert page.count("<code>m1</code>") == 1
    assert "t1, t2, t3" in page
    assert 'id="waves"' in page and 'id="wave_t1"' not in page


def test_tables_split_by_groups_are_described(study: Study) -> None:
    counts = pd.DataFrame(columns=["by_arm", "wave", "enrolled", "retained", "lost"])
    codebook = build_codebook(study, {"response_counts": counts})
    assert codebook.undocumented == ()
    assert codebook.entries[0].labels == {"en": "split by arm", "fr": "ventilé par arm"}
