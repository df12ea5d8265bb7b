"""What the programme cost, by unit, category and year: the sheets of a finance office, with every row accounted for.

An amount is never guessed at. A number written as text with marks that could be of thousands or of decimals is
rejected unless the contract declares the decimal mark; two rows that give different amounts for one thing are both
rejected, since adding them up and replacing one by the other are equally likely to be wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from increase_eval.errors import DataError
from increase_eval.intake.cells import cell_text
from increase_eval.intake.cost_rules import REMEDIES
from increase_eval.intake.cost_sheets import SOURCE_ID, CostSheet
from increase_eval.intake.files import find_files, relative_name, require_folder
from increase_eval.intake.findings import Rejections, quarantine_table
from increase_eval.intake.ledger import ledger_table
from increase_eval.intake.readers import read_file
from increase_eval.study.costs import CostSource
from increase_eval.study.services import ServiceStatistics
from increase_eval.study.sources import Source
from increase_eval.study.structure import Level
from increase_eval.study.study import Study

COST_COLUMNS = ("unit", "category", "year", "amount", "currency", "price_year", "source_file", "source_row")
IN_CONTRACT = "service_statistics.yaml"
"""What stands for the file of costs that are listed in the contract."""

_SAME = ["unit", "category", "year", "currency"]
"""Two rows that agree in these are about one thing."""


@dataclass(frozen=True, slots=True)
class CostRecords:
    """What the programme cost.

    Attributes
    ----------
    costs
        One row per unit, category, year and currency: unit (id), category (id; missing where the contract lists a
        cost of no category), year, amount (0 or more, in `currency` and prices of `price_year`), currency (ISO 4217),
        price_year, source_file, source_row.
    quarantine
        As in intake: file, row, column, rule, severity, allowed, value_hash, remedy.
    ledger
        As in intake; one line a file. Empty where the contract lists the costs.
    """

    costs: pd.DataFrame
    quarantine: pd.DataFrame
    ledger: pd.DataFrame


def read_costs(study: Study, raw_folder: str | Path, *, key_secret: bytes, language: str = "en") -> CostRecords:
    """Read what the units of a study cost.

    Parameters
    ----------
    study
        The contract, whose ``service_statistics.yaml`` says where the costs are, or lists them.
    raw_folder
        The folder with the raw files.
    key_secret
        What rejected values are hashed with.
    language
        Of remedies and of what was allowed: ``"en"`` or ``"fr"``.

    Returns
    -------
    CostRecords
        Sorted by unit and category (contract order), year and currency.

    Raises
    ------
    DataError
        If there is no file, one cannot be read, or a column is missing; all at once.
    ValueError
        If the contract knows no costs.

    Notes
    -----
    A row that repeats another in unit, category, year, currency, price year and amount is a duplicate; the first is
    kept. Rows that agree in unit, category, year and currency and not in the amount or price year are rejected, all of
    them. Nothing is converted into another currency or into prices of another year here.
    """
    services = study.services
    if services is None or not services.has_costs:
        raise ValueError(f"study {study.id!r} has no costs in service_statistics.yaml")
    level = next(level for level in study.head.levels if level.id == services.level)
    if services.cost_source is None:
        nothing = pd.concat([Rejections(language).table(), pd.DataFrame(columns=["file", "row"])], axis=1)
        return CostRecords(
            _in_order(_listed(services), services, level),
            quarantine_table(nothing, key_secret=key_secret),
            ledger_table([]),
        )
    sheets = _sheets(services.cost_source, Path(raw_folder), study.id)
    read = [sheet.read(services.cost_source, services, level, language) for sheet in sheets]
    costs = pd.concat([frame for frame, _ in read], ignore_index=True)
    costs, twice, contradicting = _told_apart(costs, services.cost_source, language)
    rejections = pd.concat([*(table for _, table in read), contradicting]).sort_values(["file", "row"], kind="stable")
    rejections = rejections.reset_index(drop=True)
    return CostRecords(
        costs=_in_order(costs, services, level),
        quarantine=quarantine_table(rejections, key_secret=key_secret),
        ledger=ledger_table([sheet.ledger_row(rejections, twice) for sheet in sheets]),
    )


def _sheets(source: CostSource, folder: Path, study_id: str) -> list[CostSheet]:
    """Read every file; raise for all that cannot be taken in at once."""
    require_folder(folder)
    paths, problems = find_files(folder, Source.model_construct(id=SOURCE_ID, files=source.files, optional=False))
    sheets = []
    for path in paths:
        name = relative_name(folder, path)
        try:
            sheets.append(CostSheet(name, read_file(path, source.options, source.format, name=name)))
        except DataError as error:
            problems += error.problems or [str(error)]
    problems += [problem for sheet in sheets for problem in sheet.problems(source)]
    if problems:
        raise DataError(f"the costs of {study_id!r} cannot be taken in", problems)
    return sheets


def _told_apart(
    costs: pd.DataFrame, source: CostSource, language: str
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Give the rows that stay, those that repeat another, and a rejection of each that contradicts another."""
    repeats = costs.duplicated([*_SAME, "amount", "price_year"])
    once = costs[~repeats]
    differs = once.duplicated(_SAME, keep=False)
    against = once[differs]
    rejected = pd.DataFrame(
        {
            "file": against["source_file"],
            "row": against["source_row"],
            "column": source.amount_column,
            "rule": "contradicting_cost",
            "severity": "row",
            "allowed": None,
            "remedy": REMEDIES["contradicting_cost"].in_language(language),
            "value": against["amount"].map(cell_text),
        }
    )
    return once[~differs], costs[repeats], rejected.astype(object)


def _listed(services: ServiceStatistics) -> pd.DataFrame:
    """Give the costs that the contract lists itself."""
    rows = [cost.model_dump(include={*_SAME, "amount", "price_year"}) for cost in services.costs]
    return pd.DataFrame(rows).assign(source_file=IN_CONTRACT, source_row=float("nan"))


def _in_order(costs: pd.DataFrame, services: ServiceStatistics, level: Level) -> pd.DataFrame:
    units = {unit.id: place for place, unit in enumerate(level.units)}
    categories = {category.id: place for place, category in enumerate(services.cost_categories)}
    order = costs.assign(_unit=costs["unit"].map(units), _category=costs["category"].map(categories))
    order = order.sort_values(["_unit", "_category", "year", "currency"], kind="stable")
    texts, whole = ("unit", "category", "currency", "source_file"), ("year", "price_year", "source_row")
    types = {**dict.fromkeys(texts, "str"), **dict.fromkeys(whole, "Int64"), "amount": "Float64"}
    return order.reindex(columns=list(COST_COLUMNS)).astype(types).reset_index(drop=True)
