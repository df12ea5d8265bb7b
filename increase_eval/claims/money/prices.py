"""How much is an amount in another currency and year? Only by rates and price indices that are declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan

import numpy as np
import pandas as pd

from increase_eval.study.costs import ExchangeRate
from increase_eval.study.value import ValueForMoney

AS_SPENT = "as spent"
"""The price year of amounts that are added up over years without regard to prices."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Declared rates between currencies and levels of prices by year.

    Attributes
    ----------
    rates
        (one currency, another) -> units of the second for one of the first; both directions.
    levels
        Currency -> year -> level of prices.
    """

    rates: Mapping[tuple[str, str], float]
    levels: Mapping[str, Mapping[int, float]]

    @classmethod
    def of(cls, plan: ValueForMoney, rates: tuple[ExchangeRate, ...]) -> Prices:
        """Take the indices of the plan and rates between currencies.

        Parameters
        ----------
        plan
            Holds the price indices.
        rates
            Exchange rates for costs, or purchasing power for worth.
        """
        both = {(rate.per, rate.currency): rate.rate for rate in rates}
        both |= {(rate.currency, rate.per): 1 / rate.rate for rate in rates}
        return cls(both, {index.currency: dict(index.levels) for index in plan.price_indices})

    def convert(self, amount: float, currency: str, to: str) -> float:
        """Give an amount in another currency; NaN where no rate is declared."""
        return amount if currency == to else amount * self.rates.get((currency, to), nan)

    def in_year(self, amount: float, currency: str, year: int, to: int) -> float:
        """Give an amount in the prices of another year; NaN where the index lacks one of the two years.

        Examples
        --------
        >>> prices = Prices({}, {"GBP": {2019: 100.0, 2022: 110.0}})
        >>> round(prices.in_year(50.0, "GBP", 2019, 2022), 9)
        55.0
        >>> prices.in_year(50.0, "GBP", 2018, 2022)
        nan
        """
        levels = self.levels.get(currency, {})
        return amount if year == to else amount * levels.get(to, nan) / levels.get(year, nan)

    def total(self, costs: pd.DataFrame, *, currency: str, price_year: int | None) -> float:
        """Add costs up in one currency.

        Parameters
        ----------
        costs
            Columns amount, currency, price_year.
        currency
            Of the total.
        price_year
            The year whose prices the total is in; None adds amounts up as they were spent.

        Returns
        -------
        float
            NaN where there are no costs, or a rate or level for one of them is not declared.
        """
        if not len(costs):
            return nan
        rows = zip(costs["amount"], costs["currency"], costs["price_year"], strict=True)
        parts = [
            self.convert(
                float(amount) if price_year is None else self.in_year(float(amount), own, int(year), price_year),
                own,
                currency,
            )
            for amount, own, year in rows
        ]
        return float(np.sum(parts))
