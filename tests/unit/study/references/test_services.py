"""References in `service_statistics.yaml`: broken once each, one line of error each."""

import pytest

# file, what stands there, what is written instead, where the error points, what it says
BROKEN = {
    "services kept by an unknown level": (
        "service_statistics.yaml",
        "level: provider",
        "level: providers",
        "level",
        "did you mean 'provider'?",
    ),
    "a cost of an unknown unit": (
        "service_statistics.yaml",
        "unit: anna",
        "unit: ana",
        "costs[0].unit",
        "did you mean 'anna'?",
    ),
    "a cost of an unknown category": (
        "service_statistics.yaml",
        "category: staff",
        "category: staf",
        "costs[0].category",
        "did you mean 'staff'?",
    ),
    "a cost category twice": (
        "service_statistics.yaml",
        "{id: rooms,",
        "{id: staff,",
        "cost_categories[1].id",
        "cost category 'staff' is declared twice",
    ),
    "a currency in itself": (
        "service_statistics.yaml",
        "per: GBP",
        "per: EUR",
        "exchange_rates[0].per",
        "'EUR' is worth 1 of itself",
    ),
    "a target of an unknown step": (
        "service_statistics.yaml",
        "steps: [engaged]",
        "steps: [engage]",
        "targets[0].steps[0]",
        "did you mean 'engaged'?",
    ),
    "a step without a column": (
        "service_statistics.yaml",
        ", started: Started}",
        "}",
        "source.step_columns",
        "the steps started have no column",
    ),
    "a column counted twice": (
        "service_statistics.yaml",
        "started: Started",
        "started: Engaged",
        "source.step_columns.started",
        "taken already",
    ),
}


@pytest.mark.parametrize(("name", "old", "new", "place", "message"), BROKEN.values(), ids=BROKEN)
def test_says_where_a_reference_is_broken(contract, name, old, new, place, message):
    problems = contract.edit(name, old, new).problems()
    hits = [problem for problem in problems if f", {place}: " in problem and message in problem]
    assert hits, "\n".join(problems)
    assert ", line " in hits[0]


SHEET = """cost_source:
  files: [costs.csv]
  unit_column: provider
  category_column: category
  year_column: year
  amount_column: amount
  currency_column: currency
  price_year_column: prices of
"""


def with_a_sheet(contract, sheet=SHEET):
    path = contract.folder / "service_statistics.yaml"
    text = path.read_text()
    start, end = text.index("costs:\n"), text.index("targets:")
    path.write_text(text[:start] + sheet + text[end:])
    return contract


def test_costs_may_come_from_files(contract):
    assert with_a_sheet(contract).problems() == []


def test_costs_stand_in_the_contract_or_in_files_and_never_in_both(contract):
    path = contract.folder / "service_statistics.yaml"
    path.write_text(path.read_text() + SHEET)
    assert any("costs stand here and in the files of `cost_source`" in problem for problem in contract.problems())


def test_files_of_costs_need_categories(contract):
    with_a_sheet(contract)
    path = contract.folder / "service_statistics.yaml"
    text = path.read_text()
    path.write_text(text[: text.index("cost_categories:")] + text[text.index("cost_source:") :])
    assert any("files of costs need `cost_categories`" in problem for problem in contract.problems())


def test_a_column_of_costs_has_one_use(contract):
    problems = with_a_sheet(contract, SHEET.replace("prices of", "year")).problems()
    assert any("cost_source.price_year_column" in problem and "taken already" in problem for problem in problems)


def test_files_of_costs_lie_in_the_raw_folder(contract):
    problems = with_a_sheet(contract, SHEET.replace("costs.csv", "../costs.csv")).problems()
    assert any("leaves the study's raw folder" in problem for problem in problems)
