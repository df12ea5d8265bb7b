"""The service's monthly counts: every row and every cell accounted for, whatever shape the files have."""

import pandas as pd
import pytest
import xlsxwriter

from increase_eval.errors import DataError
from increase_eval.intake.services import read_service_statistics
from increase_eval.study.services import ServiceStatistics

SECRET = b"a secret of the tests, long enough"
HEAD = "place,month,began,ended\n"


@pytest.fixture
def service(bench):
    """Build a study with two units whose counts are in counts.csv or counts.xlsx, and read them."""

    def make(**source):
        steps = [{"id": name, "label": bench.text(name)} for name in ("began", "ended")]
        source = {"files": ["counts.csv"], "unit_column": "place", "month_column": "month",
                  "step_columns": {"began": "began", "ended": "ended"}, **source}  # fmt: skip
        units = [
            {"id": "north", "label": bench.text("North", "Nord"), "aliases": ["N."]},
            {"id": "south", "label": bench.text("South", "Sud")},
        ]
        study = bench.study(levels=[{"id": "area", "label": bench.text("Area"), "column": "area", "units": units}])
        services = ServiceStatistics.model_validate({"level": "area", "steps": steps, "source": source})
        return study.model_copy(update={"services": services})

    return make


@pytest.fixture
def read(bench, service):
    def reading(content=None, **source):
        if content is not None:
            bench.put(counts_csv=content)
        return read_service_statistics(service(**source), bench.folder, key_secret=SECRET)

    return reading


def workbook(bench, sheets):
    book = xlsxwriter.Workbook(bench.folder / "counts.xlsx")
    for name, cells in sheets.items():
        sheet = book.add_worksheet(name)
        for number, row in enumerate(cells):
            sheet.write_row(number, 0, row)
    book.close()


def wide(records):
    """Give the counts as (unit, month, began, ended)."""
    table = records.counts.pivot(index=["unit", "month"], columns="step", values="count").reset_index()
    return [
        (row.unit, row.month.strftime("%Y-%m"), *(None if pd.isna(n) else int(n) for n in (row.began, row.ended)))
        for row in table.itertuples()
    ]


def ledger(rows, records):
    columns = ("rows_read", "accepted", "duplicate", "quarantined", "values_set_missing")
    return rows(records.ledger, *columns)


def test_a_row_a_unit_and_month(read, rows):
    records = read(HEAD + "north,2020-02,3,1\nsouth,2020-01,5,0\nnorth,2020-01,2,0\n")
    assert wide(records) == [("north", "2020-01", 2, 0), ("north", "2020-02", 3, 1), ("south", "2020-01", 5, 0)]
    assert rows(records.counts, "source_file", "source_row")[0] == ("counts.csv", 4)
    assert ledger(rows, records) == [(3, 3, 0, 0, 0)]
    assert len(records.quarantine) == 0


def test_units_are_known_by_every_name_of_theirs(read):
    records = read(HEAD + "NORTH,2020-01,1,0\nNord,2020-02,2,0\nn.,2020-03,3,0\nSud,2020-01,4,0\n")
    assert [row[0] for row in wide(records)] == ["north"] * 3 + ["south"]


def test_a_sheet_a_unit(bench, read, rows):
    workbook(bench, {"Nord": [["month", "began", "ended"], ["2020-01", 2, 1]], "south": [["month", "ended", "began"],
             ["2020-01", 1, 4], ["2020-02", 0, 3]]})  # fmt: skip
    records = read(files=["counts.xlsx"], sheet_per_unit=True, unit_column=None)
    assert wide(records) == [("north", "2020-01", 2, 1), ("south", "2020-01", 4, 1), ("south", "2020-02", 3, 0)]
    assert rows(records.ledger, "file", "rows_read") == [("counts.xlsx#Nord", 1), ("counts.xlsx#south", 2)]


def test_a_sheet_that_is_no_unit_stops_with_the_units_there_are(bench, read):
    workbook(bench, {"North": [["month", "began", "ended"], ["2020-01", 2, 1]], "Notes": [["month"], ["x"]]})
    with pytest.raises(DataError) as caught:
        read(files=["counts.xlsx"], sheet_per_unit=True, unit_column=None)
    assert "counts.xlsx#Notes: the sheet is no unit of area; known: north, south" in str(caught.value)
    assert "counts.xlsx#Notes: there is no column 'began'; it has: month" in str(caught.value)


@pytest.mark.parametrize(
    ("row", "column", "rule", "severity"),
    [
        ("north,2020-13,1,1", "month", "month", "row"),
        ("north,January,1,1", "month", "month", "row"),
        ("north,,1,1", "month", "month", "row"),
        ("total,2020-02,1,1", "place", "unknown_unit", "row"),
        (",2020-02,1,1", "place", "unknown_unit", "row"),
        ("north,2020-02,1", None, "ragged_row", "row"),
        ("north,2020-02,-1,1", "began", "count", "value"),
        ("north,2020-02,1.5,1", "began", "count", "value"),
        ("north,2020-02,some,1", "began", "count", "value"),
        ("north,2020-02,inf,1", "began", "count", "value"),
        ("north,2020-02,1e30,1", "began", "count", "value"),
    ],
)
def test_a_row_or_cell_that_is_no_count(read, rows, row, column, rule, severity):
    records = read(f"{HEAD}north,2020-01,2,0\n{row}\nnorth,2020-03,3,0\n")
    assert rows(records.quarantine, "file", "row", "column", "rule", "severity") == [
        ("counts.csv", 3, column, rule, severity)
    ]
    assert records.quarantine["remedy"].notna().all()
    expected = (3, 2, 0, 1, 0) if severity == "row" else (3, 3, 0, 0, 1)
    assert ledger(rows, records) == [expected]
    if severity == "value":
        assert wide(records)[1] == ("north", "2020-02", None, 1)


def test_a_blank_cell_is_missing_and_no_fault(read, rows):
    records = read(HEAD + "north,2020-01,,0\nnorth,2020-02, ,1\n")
    assert wide(records) == [("north", "2020-01", None, 0), ("north", "2020-02", None, 1)]
    assert ledger(rows, records) == [(2, 2, 0, 0, 0)]


def test_a_month_that_comes_again_replaces_the_earlier_row(read, rows):
    records = read(HEAD + "north,2020-01,2,x\nsouth,2020-01,1,1\nNord,2020-01,3,1\n")
    assert wide(records) == [("north", "2020-01", 3, 1), ("south", "2020-01", 1, 1)]
    assert ledger(rows, records) == [(3, 2, 1, 0, 0)]
    assert len(records.quarantine) == 0


def test_a_month_that_comes_again_in_a_later_file(bench, read, rows):
    bench.put(counts_1_csv=HEAD + "north,2020-01,2,0\n", counts_2_csv=HEAD + "north,2020-01,5,1\n")
    records = read(files=["counts_*.csv"])
    assert wide(records) == [("north", "2020-01", 5, 1)]
    assert rows(records.ledger, "file", "accepted", "duplicate") == [("counts_1.csv", 0, 1), ("counts_2.csv", 1, 0)]


def test_months_written_otherwise_and_as_dates(bench, read):
    assert wide(read(HEAD + "north,01/2020,2,0\n", month_format="%m/%Y")) == [("north", "2020-01", 2, 0)]
    book = xlsxwriter.Workbook(bench.folder / "counts.xlsx", {"default_date_format": "yyyy-mm-dd"})
    sheet = book.add_worksheet("counts")
    sheet.write_row(0, 0, ["place", "month", "began", "ended"])
    sheet.write_row(1, 0, ["north"])
    sheet.write_datetime(1, 1, pd.Timestamp("2020-05-17").to_pydatetime())
    sheet.write_row(1, 2, [2, 0])
    book.close()
    assert wide(read(files=["counts.xlsx"])) == [("north", "2020-05", 2, 0)]


def test_cumulative_counts_become_those_new_in_the_month(read):
    records = read(
        HEAD + "north,2020-02,5,1\nnorth,2020-01,2,0\nsouth,2020-01,7,0\nnorth,2020-03,5,4\n", cumulative=True
    )
    assert wide(records) == [
        ("north", "2020-01", 2, 0), ("north", "2020-02", 3, 1), ("north", "2020-03", 0, 3), ("south", "2020-01", 7, 0)
    ]  # fmt: skip


def test_after_a_gap_cumulative_counts_go_on_from_the_last_one(read, rows):
    records = read(HEAD + "north,2020-01,2,0\nnorth,2020-02,x,1\nnorth,2020-03,9,1\n", cumulative=True)
    assert wide(records) == [("north", "2020-01", 2, 0), ("north", "2020-02", None, 1), ("north", "2020-03", 7, 0)]
    assert ledger(rows, records) == [(3, 3, 0, 0, 1)]


def test_a_cumulative_count_that_falls_is_set_missing_and_listed(read, rows):
    records = read(HEAD + "north,2020-01,5,0\nnorth,2020-02,3,1\nnorth,2020-03,9,1\n", cumulative=True)
    assert wide(records) == [("north", "2020-01", 5, 0), ("north", "2020-02", None, 1), ("north", "2020-03", 4, 0)]
    assert rows(records.quarantine, "row", "column", "rule", "severity") == [(3, "began", "falling", "value")]
    assert ledger(rows, records) == [(3, 3, 0, 0, 1)]


def test_all_missing_columns_of_all_files_are_named_at_once(bench, read):
    bench.put(counts_1_csv="place,month,began\nnorth,2020-01,1\n", counts_2_csv="month,began,ended\n2020-01,1,2\n")
    with pytest.raises(DataError) as caught:
        read(files=["counts_*.csv"])
    assert len(caught.value.problems) == 2
    assert "counts_1.csv: there is no column 'ended'" in str(caught.value)
    assert "counts_2.csv: there is no column 'place'" in str(caught.value)


@pytest.mark.parametrize("content", [None, "", HEAD])
def test_no_file_an_empty_one_and_a_header_alone(bench, read, content):
    with pytest.raises(DataError, match=r"counts\.csv"):
        read(content)


def test_a_workbook_that_is_none(bench, read):
    (bench.folder / "counts.xlsx").write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(DataError, match=r"counts\.xlsx: the workbook cannot be read"):
        read(files=["counts.xlsx"], sheet_per_unit=True, unit_column=None)


def test_rejected_cells_are_hashed_and_remedies_speak_french(bench, service):
    bench.put(counts_csv=HEAD + "north,2020-01,secret,0\n")
    found = read_service_statistics(service(), bench.folder, key_secret=SECRET, language="fr").quarantine
    assert "secret" not in found.to_csv()
    assert found["value_hash"].str.fullmatch("[0-9a-f]{16}").all()
    assert found["remedy"].tolist() == ["Saisir un nombre entier de personnes, 0 ou plus."]


def test_a_study_without_service_statistics_is_refused(bench):
    with pytest.raises(ValueError, match=r"has no service_statistics\.yaml"):
        read_service_statistics(bench.study(), bench.folder, key_secret=SECRET)
