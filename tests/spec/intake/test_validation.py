"""What a field officer sees before anything is stored; and that the lists show nothing of anybody."""

import html.parser
import io

import pandas as pd
import pytest

from increase_eval.intake import read_file, validate_study
from increase_eval.study.services import ServiceStatistics

HEAD = "id,group,age,mood,score\n"
FAULTY = HEAD + "keysentinel1,one,30,1,5\nkeysentinel2,one,30,answersentinel,5\n,one,30,1,5\nkeysentinel1,one,30,2,5\n"


@pytest.fixture
def validated(bench):
    def validate(content=FAULTY, study=None, **options):
        bench.put(answers_csv=content)
        return validate_study(study or bench.study(), bench.folder, **options)

    return validate


def test_nothing_to_mend(validated):
    validation = validated(HEAD + "a,one,30,1,5\n")
    assert validation.is_clean
    assert validation.summary().splitlines()[0] == "made_up: nothing to mend"


def test_everything_is_listed_once(validated, rows):
    validation = validated()
    assert rows(validation.listing, "what", "file", "row", "column", "rule") == [
        ("value", "answers.csv", 3, "mood", "values"),
        ("row", "answers.csv", 4, "id", "key_missing"),
        ("duplicate", "answers.csv", 2, None, "keep last"),
    ]
    assert validation.can_be_taken_in
    assert not validation.is_clean


def test_the_summary_says_where_what_and_what_to_do(validated):
    assert validated().summary() == "\n".join(
        [
            "made_up: the files can be taken in; some rows or values would be left out",
            "  file         source   rows read  accepted  duplicate  quarantined  values set missing",
            "  answers.csv  answers  4          2         1          1            1",
            "value set missing: values (1)",
            "    answers.csv, row 3, mood (allowed: one of 1, 2, 3, or their labels)",
            "    -> Check the answer in the source; if the code or label is right, add it to the contract.",
            "row left out: key_missing (1)",
            "    answers.csv, row 4, id",
            "    -> Find out who answered and enter the key in the source.",
            "duplicate: keep last (1)",
            "    answers.csv, row 2",
            "    -> answers.csv: 5",
        ]
    )


def test_many_of_a_kind_are_counted_and_a_few_shown(validated):
    summary = validated(HEAD + "".join(f"p{n},one,30,9,5\n" for n in range(20))).summary()
    assert "value set missing: values (20)" in summary
    assert summary.count("answers.csv, row") == 8
    assert "... and 12 more" in summary


def test_values_are_shown_on_the_terminal_only_and_only_when_asked_for(validated, tmp_path):
    asked, unasked = validated(show_values=True), validated()
    assert "row 3, mood = 'answersentinel'" in asked.summary()
    assert "sentinel" not in unasked.summary()
    for validation in (asked, unasked):
        for path in (validation.to_csv(tmp_path / "list.csv"), validation.to_html(tmp_path / "list.html")):
            assert b"sentinel" not in path.read_bytes()
    assert "answersentinel" not in asked.listing.to_csv()


def test_problems_that_stop_are_all_listed_and_nothing_is_raised(validated, tmp_path):
    validation = validated("id,group,age\na,one,30\n")
    assert not validation.can_be_taken_in
    assert validation.summary().splitlines() == [
        "made_up: the files cannot be taken in",
        "  - answers.csv: column 'mood': no column 'mood'",
        "  - answers.csv: column 'score': no column 'score'",
    ]
    written = pd.read_csv(validation.to_csv(tmp_path / "list.csv"))
    assert written["what"].tolist() == ["stop", "stop"]


def test_the_list_as_csv_opens_in_a_spreadsheet(validated, tmp_path, rows):
    content = validated().to_csv(tmp_path / "list.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    table = pd.read_csv(io.BytesIO(content))
    assert table.columns.tolist() == ["what", "file", "row", "column", "rule", "allowed", "remedy"]
    assert rows(table, "what", "row") == [("value set missing", 3), ("row left out", 4), ("duplicate", 2)]


@pytest.mark.parametrize("name", ["=1+1", "+x", "-x", "@x"])
def test_a_name_in_the_raw_files_cannot_start_a_formula(validated, tmp_path, name):
    validation = validated(f"id,group,age,mood,score,{name}\na,one,30,1,5,x\n")
    written = pd.read_csv(validation.to_csv(tmp_path / "list.csv"))
    assert written["column"].tolist() == [f"'{name}"]


class _Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.text = [], []

    def handle_starttag(self, tag, attrs):
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_is_whole_and_shows_names_of_raw_files_as_text(validated, tmp_path):
    validation = validated("id,group,age,mood,score,<script>x\na,one,30,7,5,x\n", language="fr")
    content = validation.to_html(tmp_path / "list.html").read_text(encoding="utf-8")
    page = _Page()
    page.feed(content)
    assert page.open == []
    assert "<script" not in content
    assert "<script>x" in page.text
    assert '<html lang="fr">' in content
    assert "valeur rendue manquante" in page.text


def test_no_answer_shows_where_a_result_is_printed_or_logged(validated, bench):
    assert "sentinel" not in repr(validated(show_values=True))
    assert "sentinel" not in repr(read_file(bench.folder / "answers.csv"))
    run = bench.take_in_openly()
    assert run.values.tolist() == ["answersentinel", None]
    assert "sentinel" not in repr(run) + repr(run.intake)


def test_nothing_is_stored(validated, bench):
    validated()
    assert [path.name for path in bench.folder.parent.rglob("*") if path.is_file()] == ["answers.csv"]


def test_the_remedy_for_a_date_written_in_another_way_names_what_to_declare(bench):
    seen = bench.column("seen", "date", date_formats=["%Y-%m-%d"])
    tables = {"people": bench.people, "answers": {**bench.wave, "columns": [bench.item, bench.score, seen]}}
    bench.put(answers_csv="id,group,age,mood,score,seen\na,one,30,1,5,2024-03-01\nb,one,30,1,5,01/03/2024\n")
    for language in ("en", "fr"):
        listing = validate_study(bench.study(tables=tables), bench.folder, language=language).listing
        assert listing["rule"].tolist() == ["type"]
        assert "`date_formats`" in listing["remedy"].iloc[0]


@pytest.fixture
def served(bench):
    """A study with monthly counts and costs of two units."""
    units = [{"id": unit, "label": bench.text(unit)} for unit in ("north", "south")]
    study = bench.study(levels=[{"id": "area", "label": bench.text("Area"), "column": "area", "units": units}])
    counts = {"files": ["counts.csv"], "unit_column": "a", "month_column": "m", "step_columns": {"began": "n"}}
    columns = ("unit", "category", "year", "amount", "currency", "price_year")
    services = {
        "level": "area",
        "steps": [{"id": "began", "label": bench.text("Began")}],
        "source": counts,
        "cost_categories": [{"id": "staff", "label": bench.text("Staff")}],
        "cost_source": {"files": ["costs.csv"], **{f"{name}_column": name for name in columns}},
    }
    bench.put(
        answers_csv=HEAD + "a,one,30,1,5\n",
        counts_csv="a,m,n\nnorth,2020-01,5\nwest,2020-01,answersentinel\n",
        costs_csv=",".join(columns) + "\nnorth,staff,2020,12,GBP,2020\nsouth,staff,2020,lots,GBP,2020\n",
    )
    return study.model_copy(update={"services": ServiceStatistics.model_validate(services)})


def test_counts_and_costs_of_the_service_are_tried_as_well(bench, served, rows):
    validation = validate_study(served, bench.folder)
    assert rows(validation.ledger, "file", "rows_read", "accepted", "quarantined") == [
        ("answers.csv", 1, 1, 0), ("counts.csv", 2, 1, 1), ("costs.csv", 2, 1, 1)
    ]  # fmt: skip
    listed = validation.listing[validation.listing["what"] == "row"]
    assert rows(listed, "file", "row", "column", "rule") == [
        ("counts.csv", 3, "a", "unknown_unit"), ("costs.csv", 3, "amount", "amount")
    ]  # fmt: skip
    assert not validation.is_clean
    assert "sentinel" not in validation.summary()


def test_what_stops_the_files_of_the_service_is_said_with_what_stops_the_others(bench, served):
    (bench.folder / "costs.csv").unlink()
    assert any("no file matches 'costs.csv'" in problem for problem in validate_study(served, bench.folder).problems)
    (bench.folder / "answers.csv").unlink()
    problems = "\n".join(validate_study(served, bench.folder).problems)
    assert "no file matches 'costs.csv'" in problems and "no file matches 'answers.csv'" in problems
