"""One sheet of costs: its cells read as the contract says, and every row that cannot be read named with its reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from increase_eval.intake.cells import cell_text, read_numbers, with_point
from increase_eval.intake.columns import fold
from increase_eval.intake.cost_rules import LARGEST_AMOUNT, REMEDIES, RULES, YEARS, allowed_cells
from increase_eval.intake.findings import Rejections
from increase_eval.intake.raw import RawTable
from increase_eval.intake.remedies import REMEDIES as INTAKE_REMEDIES
from increase_eval.intake.services import unit_names
from increase_eval.study.costs import CostSource
from increase_eval.study.services import ServiceStatistics
from increase_eval.study.structure import Level

SOURCE_ID = "costs"

_UNMISTAKABLE = re.compile(r"\d+(?:\.\d{1,2})?", re.ASCII)
"""A number as text that means the same whatever the decimal mark of the file is."""


@dataclass(frozen=True, slots=True)
class CostSheet:
    """One file of costs."""

    name: str
    raw: RawTable

    def problems(self, source: CostSource) -> Iterator[str]:
        """Say which columns are missing."""
        for column in columns_of(source).values():
            if fold(column) not in self._places:
                yield f"{self.name}: there is no column {column!r}; it has: {', '.join(self.raw.frame.columns)}"

    @property
    def _places(self) -> dict[str, str]:
        return {fold(name): name for name in self.raw.frame.columns}

    def read(
        self, source: CostSource, services: ServiceStatistics, level: Level, language: str
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Give the rows in which every cell can be read, and what was rejected.

        Of a row whose unit is unknown, such as one of totals, nothing else is said.
        """
        columns = columns_of(source)
        cells = {field: self.raw.frame[self._places[fold(name)]] for field, name in columns.items()}
        values = pd.DataFrame(
            {field: _READERS[field](cells[field], services, level, self.raw.decimal) for field in columns}
        )
        is_empty = pd.concat(cells, axis=1).isna().all(axis="columns").to_numpy()
        rejections = Rejections(language)
        rejections.add(np.flatnonzero(is_empty), rule="empty_row", severity="row")
        allowed = allowed_cells(services, level)
        for field, name in columns.items():
            is_open = ~is_empty if field == "unit" else values["unit"].notna().to_numpy()
            positions = np.flatnonzero(values[field].isna().to_numpy() & is_open)
            rejections.add(
                positions,
                rule=RULES[field],
                severity="row",
                column=name,
                allowed=allowed[field],
                remedy=REMEDIES[RULES[field]],
                values=[cell_text(cell) if pd.notna(cell) else "" for cell in cells[field].iloc[positions]],
            )
        is_good = values.notna().all(axis="columns").to_numpy()
        good = values[is_good].assign(source_file=self.name, source_row=self.raw.rows[is_good])
        return good, self._placed(rejections.table(), language)

    def _placed(self, rejections: pd.DataFrame, language: str) -> pd.DataFrame:
        """Name file and row of what was rejected, with the rows that could not be cut into cells."""
        found = rejections.assign(row=self.raw.rows[rejections["position"].to_numpy(dtype=int)])
        broken = pd.DataFrame(
            {
                "row": [row.row for row in self.raw.broken],
                "rule": [row.rule for row in self.raw.broken],
                "severity": "row",
                "remedy": [INTAKE_REMEDIES[row.rule].in_language(language) for row in self.raw.broken],
            }
        ).reindex(columns=found.columns)
        both = pd.concat([part.astype(object) for part in (found, broken)])
        return both.assign(file=self.name).sort_values("row", kind="stable")

    def ledger_row(self, rejections: pd.DataFrame, twice: pd.DataFrame) -> dict[str, object]:
        """Count what became of the rows."""
        quarantined = rejections.loc[rejections["file"] == self.name, "row"].nunique()
        duplicate = int((twice["source_file"] == self.name).sum())
        return {
            "file": self.name,
            "source": SOURCE_ID,
            "rows_read": self.raw.rows_read,
            "accepted": self.raw.rows_read - quarantined - duplicate,
            "duplicate": duplicate,
            "quarantined": quarantined,
            "values_set_missing": 0,
        }


def columns_of(source: CostSource) -> dict[str, str]:
    """Give the column of the files for each column of the table."""
    return {
        "unit": source.unit_column,
        "category": source.category_column,
        "year": source.year_column,
        "amount": source.amount_column,
        "currency": source.currency_column,
        "price_year": source.price_year_column,
    }


def _read_units(cells: pd.Series, _: ServiceStatistics, level: Level, __: str | None) -> pd.Series:
    names = unit_names(level)
    return cells.map(lambda cell: names.get(fold(cell_text(cell))), na_action="ignore").astype(object)


def _read_categories(cells: pd.Series, services: ServiceStatistics, _: Level, __: str | None) -> pd.Series:
    names = {
        fold(str(spelling)): category.id
        for category in services.cost_categories
        for spelling in (*category.aliases, category.label.fr, category.label.en, category.id)
    }
    return cells.map(lambda cell: names.get(fold(cell_text(cell))), na_action="ignore").astype(object)


def _read_years(cells: pd.Series, _: ServiceStatistics, __: Level, ___: str | None) -> pd.Series:
    texts = cells.map(cell_text, na_action="ignore").astype("str")
    years = pd.to_numeric(texts.where(texts.str.fullmatch(r"\d{4}", na=False)), errors="coerce")
    return years.where(years.between(*YEARS)).astype("Int64")


def _read_amounts(cells: pd.Series, _: ServiceStatistics, __: Level, decimal: str | None) -> pd.Series:
    own = cells.tolist()
    texts = [cell_text(cell) if pd.notna(cell) else "" for cell in own]
    skip = np.array([_is_doubtful(cell, decimal) for cell in own], dtype=bool)
    amounts = pd.Series(read_numbers(with_point(texts, own, decimal or "."), skip), index=cells.index)
    return amounts.where(amounts.between(0, LARGEST_AMOUNT)).astype("Float64")


def _is_doubtful(cell: Any, decimal: str | None) -> bool:
    """Whether a cell is no number, or one whose marks can be read in two ways."""
    if isinstance(cell, bool | np.bool_) or pd.isna(cell):
        return True
    return isinstance(cell, str) and decimal is None and _UNMISTAKABLE.fullmatch(cell.strip()) is None


def _read_currencies(cells: pd.Series, services: ServiceStatistics, _: Level, __: str | None) -> pd.Series:
    known = {currency for rate in services.exchange_rates for currency in (rate.currency, rate.per)}
    texts = cells.map(cell_text, na_action="ignore").astype("str").str.upper()
    fits = texts.isin(known) if known else texts.str.fullmatch("[A-Z]{3}", na=False)
    return texts.where(fits).astype(object)


_READERS: dict[str, Callable[[pd.Series, ServiceStatistics, Level, str | None], pd.Series]] = {
    "unit": _read_units,
    "category": _read_categories,
    "year": _read_years,
    "amount": _read_amounts,
    "currency": _read_currencies,
    "price_year": _read_years,
}
