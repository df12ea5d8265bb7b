"""The sheet of costs as a finance office sends it: a row a provider, kind of cost and year, with slips of its own.

Only a total is known: it is split by declared shares, in whole units of its currency, so that the parts add up to it.
"""

from __future__ import annotations

from itertools import product

import pandas as pd
from numpy.random import Generator

from increase_eval.errors import ContractError
from increase_eval.study.cohort import CohortPlan, CostPlan
from increase_eval.study.costs import CostSource
from increase_eval.study.services import ServiceStatistics
from increase_eval.study.study import Study
from increase_eval.synthetic.exports.faults import Faulty
from increase_eval.synthetic.people import Places
from increase_eval.synthetic.register import apportion


def cost_sheet(study: Study, services: ServiceStatistics, source: CostSource, plan: CohortPlan) -> pd.DataFrame:
    """Give the costs as they are sent: names instead of ids, and the currency of the country.

    Raises
    ------
    ContractError
        If the plan has no costs, or a rate between its currencies is missing.
    """
    if plan.costs is None:
        raise ContractError("service_statistics.yaml has a sheet of costs; synthetic.yaml needs `costs` to write one")
    places = Places.of(study, plan)
    labels = {category.id: category.label.en for category in services.cost_categories}
    cells = list(product(plan.unit_shares, plan.costs.categories, plan.costs.years))
    shares = {
        cell: plan.unit_shares[cell[0]] * plan.costs.categories[cell[1]] * plan.costs.years[cell[2]] for cell in cells
    }
    amounts = apportion({str(place): share for place, share in enumerate(shares.values())}, plan.costs.total)
    rows = []
    for (unit, category, year), amount in zip(cells, amounts, strict=True):
        country = places.units[unit].attributes["country"]
        currency = plan.costs.currency_by_country[country]
        rows.append(
            {
                source.unit_column: places.units[unit].label.en,
                source.category_column: labels[category],
                source.year_column: year,
                source.amount_column: round(amount * _rate(services, plan.costs, currency), 2),
                source.currency_column: currency,
                source.price_year_column: year,
                "Comment": "",
            }
        )
    return pd.DataFrame(rows)


def _rate(services: ServiceStatistics, plan: CostPlan, currency: str) -> float:
    if currency == plan.currency:
        return 1.0
    for rate in services.exchange_rates:
        if (rate.currency, rate.per) == (currency, plan.currency):
            return rate.rate
    raise ContractError(f"service_statistics.yaml has no exchange rate of {currency} per {plan.currency}")


def plant_in_costs(table: pd.DataFrame, source: CostSource, rng: Generator) -> Faulty:
    """Plant further rows that no total may count: a sum, a row twice, two that contradict, cells that mean nothing."""
    faulty = Faulty(table.astype(object))
    originals = [int(label) for label in rng.permutation(list(table.index))]

    def plant(kind: str, expected: str, changes: dict[str, object], label: int, column: str = "") -> None:
        row = faulty.row(label)
        for name, cell in changes.items():
            row[name] = cell
        faulty.mark(faulty.add_row(row, rng), kind, column, expected)

    amount, currency, category = source.amount_column, source.currency_column, source.category_column
    plant("cost_not_known_yet", "row:amount", {amount: "to be confirmed"}, originals[0], amount)
    plant("cost_in_no_currency", "row:currency", {currency: "£"}, originals[1], currency)
    plant("cost_of_no_category", "row:unknown_category", {category: "Sundries"}, originals[2], category)
    # Written down twice, and not as the same row: which of the two stays is no matter.
    plant("cost_entered_twice", "duplicate", {"Comment": "from the ledger"}, originals[3])
    later = max(table[source.year_column]) + 1
    for sum_spent in (1_000, 2_000):
        sums = {source.year_column: later, amount: sum_spent}
        plant("contradicting_cost", "row:contradicting_cost", sums, originals[4], amount)
    plant("empty_row", "row:empty_row", dict.fromkeys(table.columns), originals[5])
    _total_row(faulty, table, source)
    return faulty


def _total_row(faulty: Faulty, table: pd.DataFrame, source: CostSource) -> None:
    """Put the sum below the last row, as a finance office does; it adds up two currencies, as it may happen."""
    total = dict.fromkeys(table.columns) | {
        source.unit_column: "Total",
        source.amount_column: float(table[source.amount_column].sum()),
    }
    label = int(faulty.table.index.max()) + 1
    row = pd.DataFrame([list(total.values())], columns=table.columns, index=[label], dtype=object)
    faulty.table = pd.concat([faulty.table, row])
    faulty.mark(label, "row_of_totals", source.unit_column, "row:unknown_unit")
