"""The costs of a programme: every row accounted for, and no amount ever guessed at."""

import pandas as pd
import pytest
import xlsxwriter

from increase_eval.errors import DataError
from increase_eval.intake.costs import COST_COLUMNS, read_costs
from increase_eval.study.services import ServiceStatistics

SECRET = b"a secret of the tests, long enough"
HEAD = "place,kind,year,amount,currency,prices\n"
RATE = {"currency": "EUR", "per": "GBP", "rate": 1.2, "source": "a bank"}
SHEET = {
    "files": ["costs.csv"],
    "unit_column": "place",
    "category_column": "kind",
    "year_column": "year",
    "amount_column": "amount",
    "currency_column": "currency",
    "price_year_column": "prices",
}


@pytest.fixture
def service(bench):
    """Build a study with two units and two kinds of cost."""

    def make(*, rates=(RATE,), costs=None, **source):
        units = [
            {"id": "north", "label": bench.text("North", "Nord"), "aliases": ["N."]},
            {"id": "south", "label": bench.text("South", "Sud")},
        ]
        study = bench.study(levels=[{"id": "area", "label": bench.text("Area"), "column": "area", "units": units}])
        contract = {
            "level": "area",
            "steps": [{"id": "began", "label": bench.text("began")}],
            "source": {
                "files": ["counts.csv"],
                "unit_column": "a",
                "month_column": "b",
                "step_columns": {"began": "c"},
            },
            "cost_categories": [
                {"id": "staff", "label": bench.text("Staff", "Personnel"), "aliases": ["Salaries"]},
                {"id": "rooms", "label": bench.text("Rooms", "Locaux")},
            ],
            "exchange_rates": list(rates),
        }
        contract |= {"costs": costs} if costs is not None else {"cost_source": {**SHEET, **source}}
        return study.model_copy(update={"services": ServiceStatistics.model_validate(contract)})

    return make


@pytest.fixture
def read(bench, service):
    def reading(content=None, **source):
        if content is not None:
            bench.put(costs_csv=content)
        return read_costs(service(**source), bench.folder, key_secret=SECRET)

    return reading


def ledger(rows, records):
    return rows(records.ledger, "rows_read", "accepted", "duplicate", "quarantined")


def test_a_row_a_unit_category_and_year(read, rows):
    records = read(
        HEAD + "South,Personnel,2020,10.5,EUR,2020\nN.,salaries,2019,7,gbp,2018\nnorth,Rooms,2019,0,GBP,2019\n"
    )
    assert tuple(records.costs.columns) == COST_COLUMNS
    assert rows(records.costs, *COST_COLUMNS) == [
        ("north", "staff", 2019, 7.0, "GBP", 2018, "costs.csv", 3),
        ("north", "rooms", 2019, 0.0, "GBP", 2019, "costs.csv", 4),
        ("south", "staff", 2020, 10.5, "EUR", 2020, "costs.csv", 2),
    ]
    assert ledger(rows, records) == [(3, 3, 0, 0)]
    assert len(records.quarantine) == 0


@pytest.mark.parametrize(
    ("row", "column", "rule"),
    [
        ("Total,,,100,,", "place", "unknown_unit"),
        (",staff,2020,1,GBP,2020", "place", "unknown_unit"),
        ("north,sundries,2020,1,GBP,2020", "kind", "unknown_category"),
        ("north,,2020,1,GBP,2020", "kind", "unknown_category"),
        ("north,staff,2020/21,1,GBP,2020", "year", "year"),
        ("north,staff,20,1,GBP,2020", "year", "year"),
        ("north,staff,0020,1,GBP,2020", "year", "year"),
        ("north,staff,2020,-1,GBP,2020", "amount", "amount"),
        ("north,staff,2020,£5,GBP,2020", "amount", "amount"),
        ('north,staff,2020,"5,000",GBP,2020', "amount", "amount"),
        ("north,staff,2020,5.000,GBP,2020", "amount", "amount"),
        ("north,staff,2020,5 000,GBP,2020", "amount", "amount"),
        ("north,staff,2020,1e3,GBP,2020", "amount", "amount"),
        ("north,staff,2020,inf,GBP,2020", "amount", "amount"),
        ("north,staff,2020,9999999999999,GBP,2020", "amount", "amount"),
        ("north,staff,2020,=1+1,GBP,2020", "amount", "amount"),
        ("north,staff,2020,,GBP,2020", "amount", "amount"),
        ("north,staff,2020,5,CHF,2020", "currency", "currency"),
        ("north,staff,2020,5,£,2020", "currency", "currency"),
        ("north,staff,2020,5,GBP,soon", "prices", "price_year"),
        ("north,staff,2020,5,GBP,", "prices", "price_year"),
        (",,,,,", None, "empty_row"),
        ("north,staff,2020", None, "ragged_row"),
    ],
)
def test_a_row_that_is_no_cost(read, rows, row, column, rule):
    records = read(f"{HEAD}north,staff,2019,1,GBP,2019\n{row}\nnorth,staff,2021,2,GBP,2021\n")
    assert rows(records.quarantine, "file", "row", "column", "rule", "severity") == [
        ("costs.csv", 3, column, rule, "row")
    ]
    assert records.quarantine["remedy"].notna().all()
    assert ledger(rows, records) == [(3, 2, 0, 1)]
    assert records.costs["amount"].tolist() == [1, 2]


def test_every_wrong_cell_of_a_row_is_listed_and_the_row_counts_once(read, rows):
    records = read(HEAD + "north,sundries,soon,-5,GBP,2020\n")
    assert rows(records.quarantine, "row", "rule") == [(2, "unknown_category"), (2, "year"), (2, "amount")]
    assert ledger(rows, records) == [(1, 0, 0, 1)]
    assert len(records.costs) == 0


def test_the_declared_decimal_mark_is_the_one_that_counts(read, rows):
    content = HEAD.replace(",", ";") + "north;staff;2020;5,5;EUR;2020\nnorth;staff;2021;5.000;EUR;2021\n"
    records = read(content, options={"decimal": ","})
    assert records.costs["amount"].tolist() == [5.5]
    assert rows(records.quarantine, "row", "rule") == [(3, "amount")]
    assert read(content, options={"decimal": "."}).costs["amount"].tolist() == [5.0]


def test_the_same_row_twice_counts_once(bench, read, rows):
    bench.put(costs_2_csv=HEAD + "Nord,Salaries,2020,5.0,GBP,2020\nsouth,staff,2020,6,GBP,2020\n")
    records = read(HEAD + "north,staff,2020,5,GBP,2020\nnorth,staff,2020,5,GBP,2020\n", files=["costs*.csv"])
    assert rows(records.costs, "unit", "amount", "source_file", "source_row") == [
        ("north", 5.0, "costs.csv", 2),
        ("south", 6.0, "costs_2.csv", 3),
    ]
    assert rows(records.ledger, "file", "accepted", "duplicate", "quarantined") == [
        ("costs.csv", 1, 1, 0),
        ("costs_2.csv", 1, 1, 0),
    ]


@pytest.mark.parametrize("other", ["6,GBP,2020", "5,GBP,2019"])
def test_rows_that_contradict_each_other_are_all_rejected(read, rows, other):
    records = read(f"{HEAD}north,staff,2020,5,GBP,2020\nnorth,staff,2020,{other}\nnorth,rooms,2020,1,GBP,2020\n")
    assert rows(records.quarantine, "row", "rule") == [(2, "contradicting_cost"), (3, "contradicting_cost")]
    assert records.costs["category"].tolist() == ["rooms"]
    assert ledger(rows, records) == [(3, 1, 0, 2)]


def test_one_thing_paid_in_two_currencies_is_two_costs(read):
    assert len(read(HEAD + "north,staff,2020,5,GBP,2020\nnorth,staff,2020,6,EUR,2020\n").costs) == 2


def test_without_rates_every_currency_is_taken(read):
    records = read(HEAD + "north,staff,2020,5,CHF,2020\n", rates=())
    assert records.costs["currency"].tolist() == ["CHF"]


def test_no_rejected_cell_is_kept_in_the_open(read):
    records = read(HEAD + "north,staff,2020,a secret amount,GBP,2020\n")
    assert "secret" not in records.quarantine.to_csv()
    assert records.quarantine["value_hash"].notna().all()


def test_remedies_speak_both_languages(bench, service):
    bench.put(costs_csv=HEAD + "north,staff,2020,x,GBP,2020\n")
    one, other = (
        read_costs(service(), bench.folder, key_secret=SECRET, language=language).quarantine
        for language in ("en", "fr")
    )
    assert one["remedy"].str.startswith("Enter a plain number").all()
    assert other["remedy"].str.startswith("Saisir un nombre simple").all()


def test_a_workbook_with_typed_cells(bench, read):
    book = xlsxwriter.Workbook(bench.folder / "costs.xlsx")
    sheet = book.add_worksheet("spent")
    sheet.write_row(0, 0, HEAD.strip().split(","))
    sheet.write_row(1, 0, ["north", "staff", 2020, 1234.567, "GBP", 2020])
    sheet.write_row(2, 0, ["north", "staff", 2021, True, "GBP", 2021])
    book.close()
    records = read(files=["costs.xlsx"], options={"sheet": "spent"})
    assert records.costs["amount"].tolist() == [1234.567]
    assert records.quarantine["rule"].tolist() == ["amount"]


def test_missing_columns_and_files_are_said_all_at_once(bench, read):
    bench.put(costs_1_csv="place,kind\nnorth,staff\n", costs_2_csv="")
    with pytest.raises(DataError) as caught:
        read(files=["costs_*.csv"])
    lines = caught.value.problems
    assert "costs_1.csv: there is no column 'amount'; it has: place, kind" in lines
    assert "costs_2.csv: the file is empty" in "\n".join(lines)


def test_no_file_of_costs_stops(read):
    with pytest.raises(DataError, match="no file matches"):
        read()


def test_a_file_outside_the_raw_folder_is_not_read(bench, read, tmp_path_factory):
    outside = tmp_path_factory.mktemp("elsewhere") / "costs.csv"
    outside.write_text(HEAD + "north,staff,2020,5,GBP,2020\n")
    (bench.folder / "costs.csv").symlink_to(outside)
    with pytest.raises(DataError, match="a link that leads out of the raw folder"):
        read()


def test_costs_that_the_contract_lists_need_no_file(read, rows):
    listed = [
        {"unit": "south", "amount": 5, "currency": "EUR", "price_year": 2020, "source": "letter"},
        {"unit": "north", "category": "rooms", "year": 2019, "amount": 2.5, "currency": "GBP", "price_year": 2019,
         "source": "letter"},
    ]  # fmt: skip
    records = read(costs=listed)
    assert rows(records.costs, "unit", "category", "year", "amount", "currency", "price_year", "source_file") == [
        ("north", "rooms", 2019, 2.5, "GBP", 2019, "service_statistics.yaml"),
        ("south", None, None, 5.0, "EUR", 2020, "service_statistics.yaml"),
    ]
    assert len(records.quarantine) == len(records.ledger) == 0
    assert records.costs.dtypes.equals(read(HEAD + "north,staff,2020,5,GBP,2020\n").costs.dtypes)


def test_a_study_without_costs_is_refused(bench, service):
    study = service()
    without = study.model_copy(update={"services": study.services.model_copy(update={"cost_source": None})})
    for one in (without, bench.study()):
        with pytest.raises(ValueError, match="has no costs"):
            read_costs(one, bench.folder, key_secret=SECRET)


def test_the_order_of_rows_changes_nothing_but_where_they_come_from(read):
    places = [(unit, kind) for unit in ("north", "south") for kind in ("staff", "rooms")]
    lines = [f"{unit},{kind},{year},{year - 2000},GBP,{year}\n" for unit, kind in places for year in (2019, 2020)]
    one, other = read(HEAD + "".join(lines)).costs, read(HEAD + "".join(reversed(lines))).costs
    pd.testing.assert_frame_equal(one.drop(columns="source_row"), other.drop(columns="source_row"))
