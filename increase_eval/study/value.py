"""What a gain is worth and in which prices money is told: declared beforehand, with the source of every number."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from increase_eval.study.base import ContractModel, SharedText
from increase_eval.study.costs import Currency, ExchangeRate

Year = Annotated[int, Field(ge=1900, le=2200)]


class PriceIndex(ContractModel):
    """How the prices of one currency moved: the level of prices by year, on any base."""

    currency: Currency
    levels: Annotated[dict[Year, Annotated[float, Field(gt=0)]], Field(description="Year -> level of prices.")]
    source: Annotated[SharedText, Field(description="Where the levels come from.")]
    is_approximate: Annotated[
        bool, Field(description="True: the levels are rounded or from memory; the report says so beside every amount.")
    ] = False


class PointYear(ContractModel):
    """What one point of a scale, held by one person for one year, is worth."""

    scale: Annotated[str, Field(description="The scale whose points are meant.")]
    amount: Annotated[float, Field(gt=0, description="The central value.")]
    low: Annotated[float, Field(gt=0, description="The lowest value that is argued for.")]
    high: Annotated[float, Field(gt=0, description="The highest.")]
    currency: Currency
    price_year: Annotated[Year, Field(description="The year whose prices the values are given in.")]
    source: Annotated[SharedText, Field(description="Where the values come from.")]

    @model_validator(mode="after")
    def _is_in_order(self) -> PointYear:
        if not self.low <= self.amount <= self.high:
            raise ValueError(f"`low`, `amount`, `high` are {self.low}, {self.amount}, {self.high}: not in order")
        return self


class ValueForMoney(ContractModel):
    """How costs are set against what was reached."""

    currency: Annotated[Currency, Field(description="The currency of totals over units that pay in several.")]
    price_year: Annotated[Year, Field(description="The year whose prices all money is told in.")]
    price_indices: Annotated[tuple[PriceIndex, ...], Field(description="How prices moved, by currency.")] = ()
    purchasing_power: Annotated[
        tuple[ExchangeRate, ...],
        Field(description="What buys as much in one currency as one unit of another does: for worth, not for costs."),
    ] = ()
    point_year: Annotated[
        PointYear | None, Field(description="What a point of wellbeing is worth; empty: wellbeing is not valued.")
    ] = None
    discount_rate: Annotated[float, Field(ge=0, lt=1, description="By year, beyond the first one.")] = 0.0
    persistence_years: Annotated[
        float, Field(ge=0, description="For how long after the last wave a gain is taken to last.")
    ] = 0.0
    sustained: Annotated[
        str | None, Field(description="The state variable whose states in work, held at the last two waves, count.")
    ] = None
