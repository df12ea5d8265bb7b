"""What the programme cost, by unit, category and year: as a sheet that a finance office sends, or as a list."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from increase_eval.study.base import ColumnName, ContractModel, Identifier, SharedText, Text, Word
from increase_eval.study.sources import Format, ReadOptions

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="Three letters, as in ISO 4217.")]


class CostCategory(ContractModel):
    """One kind of cost, such as staff."""

    id: Annotated[Identifier, Field(description="What tables call the category.")]
    label: Annotated[Text, Field(description="The name that readers see.")]
    aliases: Annotated[tuple[Word, ...], Field(description="Other names that files use.")] = ()


class CostSource(ContractModel):
    """Files with one row a unit, category and year."""

    files: Annotated[tuple[str, ...], Field(min_length=1, description="Patterns below the study's raw folder.")]
    format: Annotated[Format, Field(description="`auto` goes by the name of the file.")] = "auto"
    options: Annotated[ReadOptions, Field(description="How to read the files, where that should not be found out.")] = (
        ReadOptions()
    )
    unit_column: Annotated[ColumnName, Field(description="The column that names the unit.")]
    category_column: Annotated[ColumnName, Field(description="The column that names the category.")]
    year_column: Annotated[ColumnName, Field(description="The column with the year in which it was spent.")]
    amount_column: Annotated[ColumnName, Field(description="The column with the amount, 0 or more.")]
    currency_column: Annotated[ColumnName, Field(description="The column with the currency, as in ISO 4217.")]
    price_year_column: Annotated[
        ColumnName, Field(description="The column with the year whose prices the amount is given in.")
    ]


class Cost(ContractModel):
    """What one unit cost in one period, with currency and price year: for studies that have no file of costs."""

    unit: Annotated[str, Field(description="A unit of the level.")]
    category: Annotated[str | None, Field(description="A cost category; empty: all together.")] = None
    year: Annotated[int | None, Field(ge=1900, le=2200, description="The year it was spent in; empty: all.")] = None
    amount: Annotated[float, Field(ge=0, description="The cost.")]
    currency: Currency
    price_year: Annotated[int, Field(ge=1900, le=2200, description="The year whose prices it is given in.")]
    source: Annotated[str, Field(description="Where the value comes from.")]


class ExchangeRate(ContractModel):
    """What one currency is worth in another."""

    currency: Currency
    per: Annotated[Currency, Field(description="The currency that one unit is taken of.")]
    rate: Annotated[float, Field(gt=0, description="Units of `currency` for one of `per`.")]
    source: Annotated[SharedText, Field(description="Where the rate comes from.")]
    is_approximate: Annotated[
        bool, Field(description="True: the rate is rounded or from memory; the report says so beside every amount.")
    ] = False
