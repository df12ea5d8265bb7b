"""What it cost, what was reached for it, and what would have to be true for it to have been worth that."""

from increase_eval.claims.money.costs import unit_costs
from increase_eval.claims.money.elapsed import elapsed_years
from increase_eval.claims.money.prices import Prices
from increase_eval.claims.money.scenarios import change_scenarios, people_reached
from increase_eval.claims.money.wellbeing_years import wellbeing_value, year_weights

__all__ = [
    "Prices",
    "change_scenarios",
    "elapsed_years",
    "people_reached",
    "unit_costs",
    "wellbeing_value",
    "year_weights",
]
