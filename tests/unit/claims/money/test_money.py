"""Costs a person and the worth of gains: the arithmetic by hand, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from increase_eval.claims.money import (
    Prices,
    change_scenarios,
    elapsed_years,
    people_reached,
    unit_costs,
    wellbeing_value,
    year_weights,
)
from increase_eval.claims.money.prices import AS_SPENT
from increase_eval.comparison.categorical.proportions import proportion_interval
from increase_eval.results import estimate_table

EXACT = 1e-12  # closed forms
Z = 1.959963984540054


@pytest.fixture
def plan(study):
    return study.analysis.value_for_money


@pytest.fixture
def units(study):
    level = next(level for level in study.head.levels if level.id == study.services.level)
    return {unit.id: unit.arm for unit in level.units}


def with_plan(study, **changes):
    value = study.analysis.value_for_money.model_copy(update=changes)
    return study.model_copy(update={"analysis": study.analysis.model_copy(update={"value_for_money": value})})


def costs_table(units, amount=100.0, currency="GBP", price_year=2022):
    return pd.DataFrame({"unit": list(units), "amount": amount, "currency": currency, "price_year": price_year})


def counts_table(study, units, count=10):
    steps = [step.id for step in study.services.steps]
    rows = [{"unit": unit, "month": "2020-01", "step": step, "count": count} for unit in units for step in steps]
    return pd.DataFrame(rows)


def total_of(table, **where):
    own = table
    for column, value in where.items():
        own = own[own[column] == value]
    assert len(own) == 1
    return own.iloc[0]


# -- prices ------------------------------------------------------------------------------------------------------------


def test_money_is_converted_by_declared_rates_in_both_directions(study, plan):
    prices = Prices.of(plan, study.services.exchange_rates)
    assert prices.convert(100.0, "GBP", "EUR") == pytest.approx(120.0, abs=EXACT)
    assert prices.convert(120.0, "EUR", "GBP") == pytest.approx(100.0, abs=EXACT)
    assert np.isnan(prices.convert(1.0, "GBP", "USD"))


def test_costs_of_several_years_are_brought_to_one_year_before_they_are_added():
    prices = Prices({}, {"GBP": {2018: 80.0, 2022: 100.0}})
    costs = pd.DataFrame({"amount": [80.0, 100.0], "currency": "GBP", "price_year": [2018, 2022]})
    # 80 of 2018 are 100 of 2022.
    assert prices.total(costs, currency="GBP", price_year=2022) == pytest.approx(200.0, abs=EXACT)
    assert prices.total(costs, currency="GBP", price_year=None) == pytest.approx(180.0, abs=EXACT)
    assert np.isnan(prices.total(costs, currency="GBP", price_year=2020))
    assert np.isnan(prices.total(costs.iloc[:0], currency="GBP", price_year=None))


# -- costs a person ----------------------------------------------------------------------------------------------------


def test_a_cost_each_is_the_cost_of_the_units_over_the_people_of_the_units(study, units):
    table = unit_costs(study, costs_table(units), counts_table(study, units))
    arm = study.arm_ids[0]
    own = [unit for unit, of in units.items() if of == arm]
    row = total_of(table, by_arm=arm, by_provider="all", term=study.services.steps[0].id, by_price_year="2022")
    # Each unit spent 100 on 10 people.
    assert row["estimate"] == pytest.approx(10.0, abs=EXACT)
    assert row["n"] == 10 * len(own)
    assert row["by_currency"] == "GBP"
    assert table["conf_low"].isna().all()


def test_units_that_pay_in_two_currencies_are_told_in_the_currency_of_the_plan(study, units, plan):
    costs = costs_table(units).assign(currency=["GBP", *["EUR"] * (len(units) - 1)])
    table = unit_costs(study, costs, counts_table(study, units))
    row = total_of(table, term="total", by_arm="all", by_provider="all", by_price_year=AS_SPENT)
    assert row["by_currency"] == plan.currency
    assert row["estimate"] == pytest.approx(100.0 + 100.0 / 1.2 * (len(units) - 1), abs=1e-9)


def test_a_group_with_a_unit_whose_costs_are_not_known_has_no_number(study, units):
    costs = costs_table(units).iloc[1:]
    table = unit_costs(study, costs, counts_table(study, units))
    row = total_of(table, term="total", by_arm="all", by_provider="all", by_price_year=AS_SPENT)
    assert np.isnan(row["estimate"])
    assert row["status"] == "costs of some units are not known"


def test_a_step_that_nobody_reached_and_a_year_without_prices_say_so(study, units):
    nobody = unit_costs(study, costs_table(units), counts_table(study, units, count=0))
    row = total_of(nobody, term="job", by_arm="all", by_provider="all", by_price_year=AS_SPENT)
    assert (row["status"], row["n"]) == ("nobody reached it", 0)
    unpriced = unit_costs(study, costs_table(units, price_year=1990), counts_table(study, units))
    row = total_of(unpriced, term="job", by_arm="all", by_provider="all", by_price_year="2022")
    assert row["status"] == "no price index or exchange rate"
    assert total_of(unpriced, term="job", by_arm="all", by_provider="all", by_price_year=AS_SPENT)["estimate"] > 0


def test_who_sustained_work_was_out_of_it_first_and_in_it_at_the_last_two_waves(study, units):
    histories = ["USS", "UES", "USU", "EES", "UUS", "DSE", "US-"]  # the first two and the sixth sustained it
    codes = {"U": "unemployed", "S": "self_employed", "E": "employee", "D": "education", "-": None}
    arm = study.arm_ids[0]
    rows = [
        {"participant": f"p{person}", "wave": wave, "variable": "employment", "state": codes[letter]}
        for person, history in enumerate(histories)
        for wave, letter in zip(study.wave_ids, history, strict=True)
    ]
    people = pd.DataFrame({"participant": [f"p{person}" for person in range(7)], "arm": arm})
    table = unit_costs(study, costs_table(units), counts_table(study, units), pd.DataFrame(rows), people)
    row = total_of(table, term="sustained", by_arm=arm, by_price_year="2022")
    own = [unit for unit, of in units.items() if of == arm]
    interval = proportion_interval(3, 6)
    assert row["n"] == 6
    assert row["estimate"] == pytest.approx(100.0 * len(own) / (10 * len(own) * 0.5), abs=EXACT)
    assert row["conf_low"] == pytest.approx(10.0 / interval.conf_high, abs=EXACT)
    assert row["conf_high"] == pytest.approx(10.0 / interval.conf_low, abs=EXACT)
    others = table[(table["term"] == "sustained") & (table["by_arm"] == study.arm_ids[1])]
    assert (others["status"] == "nobody reached it").all()


def test_the_published_total_comes_out_of_the_costs_as_they_are_sent(study, tables):
    table = unit_costs(study, tables["costs"], tables["service_statistics"], tables["states"], tables["participants"])
    row = total_of(table, term="total", by_arm="all", by_provider="all", by_price_year=AS_SPENT)
    assert 10_750_000 <= row["estimate"] <= 10_850_000
    completed = total_of(table, term="completed", by_arm="all", by_provider="all", by_price_year=AS_SPENT)
    assert completed["estimate"] == pytest.approx(row["estimate"] / completed["n"], rel=EXACT)


# -- point-years -------------------------------------------------------------------------------------------------------


def test_weights_are_the_trapezoids_between_waves():
    # Waves at 0.2 and 0.8 years: half of 0.2 plus half of 0.6, and half of 0.6.
    assert year_weights([0.2, 0.8]) == pytest.approx([0.4, 0.3], abs=EXACT)
    assert year_weights([0.5], persistence_years=2.0) == pytest.approx([0.25 + 2.0], abs=EXACT)


def test_years_beyond_the_first_are_discounted_and_the_first_is_not():
    rate = 0.015
    assert year_weights([0.2, 0.8], discount_rate=rate) == pytest.approx([0.4, 0.3], abs=EXACT)
    # A constant change from one year on, for one year: the integral of (1 + r)^-(t - 1) from 1 to 2.
    lasting = year_weights([1.0], discount_rate=rate, persistence_years=1.0)[0] - 0.5
    assert lasting == pytest.approx((1 - 1 / (1 + rate)) / np.log(1 + rate), abs=EXACT)


def test_a_gain_that_lasts_is_worth_its_length_whatever_the_waves_in_between():
    coarse = year_weights([3.0], discount_rate=0.03) @ [1.0]
    # The straight line to 1 at three years, seen at more waves, is the same line.
    fine = year_weights([0.5, 1.0, 2.5, 3.0], discount_rate=0.03) @ (np.array([0.5, 1.0, 2.5, 3.0]) / 3.0)
    assert fine == pytest.approx(coarse, abs=EXACT)


@pytest.mark.parametrize("times", [[], [0.0], [-1.0], [0.5, 0.5], [1.0, 0.5]])
def test_times_that_do_not_increase_are_refused(times):
    with pytest.raises(ValueError, match="increasing from above 0"):
        year_weights(times)


@pytest.fixture
def changes(study):
    arm = study.arm_ids[0]
    waves = study.wave_ids[1:]
    return pd.DataFrame(
        {"wave": waves, "by_arm": arm, "by_scenario": "one", "estimate": [0.5, 0.4], "std_error": [0.05, 0.04], "n": 90}
    )


@pytest.fixture
def valued(study, changes, units):
    arm = study.arm_ids[0]
    times = {arm: dict(zip(study.wave_ids[1:], [0.2, 0.8], strict=True))}
    costs = unit_costs(study, costs_table(units, amount=1e6), counts_table(study, units))
    return arm, times, costs


def test_point_years_worth_and_break_even_share_follow_from_each_other(study, changes, valued, units, plan):
    arm, times, costs = valued
    table = wellbeing_value(study, changes, times, {arm: 1000}, costs)
    gain = total_of(table, term="point_years")
    # 1,000 x (0.4 x 0.5 + 0.3 x 0.4) = 320; the errors go together: 1,000 x (0.4 x 0.05 + 0.3 x 0.04) = 32.
    assert gain["estimate"] == pytest.approx(320.0, abs=1e-9)
    assert gain["std_error"] == pytest.approx(32.0, abs=1e-9)
    assert gain["conf_low"] == pytest.approx(320.0 - Z * 32.0, abs=1e-9)
    levels = next(index.levels for index in plan.price_indices if index.currency == "GBP")
    worth = total_of(table, term="worth", by_worth="central")
    assert worth["estimate"] == pytest.approx(320.0 * 13_000 * levels[2022] / levels[2019], rel=EXACT)
    spent = 1e6 * sum(of == arm for of in units.values())
    share = total_of(table, term="break_even_share", by_worth="central")
    assert share["estimate"] == pytest.approx(spent / worth["estimate"], rel=EXACT)
    assert share["conf_low"] == pytest.approx(spent / worth["conf_high"], rel=EXACT)
    assert share["conf_high"] == pytest.approx(spent / worth["conf_low"], rel=EXACT)


def test_an_arm_that_pays_in_another_currency_is_valued_by_purchasing_power(study, changes, valued, units, plan):
    arm, times, _ = valued
    costs = unit_costs(study, costs_table(units, currency="EUR"), counts_table(study, units))
    worth = total_of(wellbeing_value(study, changes, times, {arm: 1000}, costs), term="worth", by_worth="central")
    levels = next(index.levels for index in plan.price_indices if index.currency == "GBP")
    assert worth["by_currency"] == "EUR"
    assert worth["estimate"] == pytest.approx(320.0 * 13_000 * levels[2022] / levels[2019] * 1.07, rel=EXACT)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"estimate": [-0.5, -0.4]}, "no gain to set against the cost"),
        ({"std_error": [1.0, 1.0]}, "no upper limit: the gain may be nought"),
        ({"estimate": [0.5, np.nan]}, "change not estimated at every wave"),
    ],
)
def test_a_gain_that_cannot_carry_a_share_says_so(study, changes, valued, change, status):
    arm, times, costs = valued
    table = wellbeing_value(study, changes.assign(**change), times, {arm: 1000}, costs)
    assert status in set(table["status"].dropna())
    assert table.loc[table["status"] == status, "conf_high"].isna().all()


def test_missing_times_people_and_prices_give_rows_without_numbers(study, changes, valued, units):
    arm, times, costs = valued
    assert wellbeing_value(study, changes, {}, {arm: 10}, costs)["status"].tolist() == ["times of the waves not known"]
    assert len(wellbeing_value(study, changes, times, {}, costs)) == 1
    unpriced = with_plan(study, price_indices=())
    table = wellbeing_value(unpriced, changes, times, {arm: 10}, costs)
    assert set(table["status"].dropna()) == {"no price index or exchange rate"}


# -- whose gain, over which time ---------------------------------------------------------------------------------------


def test_people_are_those_of_the_step_that_the_last_wave_asks(study, tables):
    people = people_reached(study, tables["service_statistics"])
    # Units outside the comparison cost money as well, and reached people.
    assert people["all"] > sum(people[arm] for arm in study.arm_ids)
    assert all(people[arm] > 0 for arm in study.arm_ids)


def test_elapsed_years_are_those_between_dated_answers_and_else_as_planned(study, tables):
    years = elapsed_years(study, tables["waves"], tables["participants"])
    second, third = study.wave_ids[1:]
    assert all(0 < years[arm][second] < years[arm][third] < 2 for arm in ("all", *study.arm_ids))
    undated = {wave: table.drop(columns="answered_on") for wave, table in tables["waves"].items()}
    planned = elapsed_years(study, undated, tables["participants"])
    unit = {"months": 12.0, "weeks": 365.25 / 7}[study.head.time_unit]
    assert planned["all"][third] == pytest.approx(
        (study.head.waves[2].time - study.head.waves[0].time) / unit, abs=EXACT
    )


def test_scenarios_are_changes_in_points_of_the_valued_scale_since_the_first_wave(study):
    first, second, third = study.wave_ids
    rows = pd.DataFrame(
        [
            {"outcome": outcome, "contrast": contrast, "wave": third, "by_arm": "a", "by_model": "m", "by_unit": unit}
            for outcome in (study.analysis.value_for_money.point_year.scale, "another")
            for contrast in (f"{first} -> {third}", f"{second} -> {third}")
            for unit in ("points", "sd")
        ]
    ).assign(estimate=1.0, std_error=0.1, n=50)
    found = change_scenarios(study, rows)
    assert found.to_dict("records") == [
        {"wave": third, "by_arm": "a", "by_scenario": "m", "estimate": 1.0, "std_error": 0.1, "n": 50}
    ]


def test_every_way_to_treat_leavers_of_the_robustness_table_is_a_scenario(study):
    """As stored: changes since the first wave, with no contrast of their own, and the model not taken twice."""
    second, third = study.wave_ids[1:]
    scale = study.analysis.value_for_money.point_year.scale
    models = pd.DataFrame(columns=["outcome", "contrast", "wave", "by_arm", "by_model", "by_unit", "estimate"])
    robust = estimate_table(
        [
            {"outcome": outcome, "term": term, "wave": wave, "by_method": method, "estimate": 1.0, "n": 50}
            for outcome, term in ((scale, "change"), ("another", "change"), (scale, "share"))
            for wave in (second, third)
            for method in ("mmrm", "complete_cases", "delta", "bounds_lower")
        ],
        by_arm="a",
    )
    found = change_scenarios(study, models, robust)
    assert found.groupby("by_scenario")["wave"].apply(list).to_dict() == {
        name: [second, third] for name in ("bounds_lower", "complete_cases", "delta")
    }


def test_a_change_without_an_error_gives_a_share_without_limits(study):
    waves = study.wave_ids[1:]
    changes = pd.DataFrame({"wave": waves, "by_arm": "all", "by_scenario": "bounds_upper", "estimate": [0.5, 0.4]})
    times = {"all": dict(zip(waves, (0.25, 0.75), strict=True))}
    costs = estimate_table([{"term": "total", "estimate": 1e6}], by_arm="all")
    year = str(study.analysis.value_for_money.price_year)
    costs = costs.assign(by_price_year=year, by_currency=study.analysis.value_for_money.currency)
    found = wellbeing_value(study, changes.assign(std_error=np.nan, n=90), times, {"all": 1000}, costs)
    share = found[(found["term"] == "break_even_share") & (found["by_worth"] == "central")].iloc[0]
    assert share["estimate"] > 0
    assert share[["conf_low", "conf_high", "status"]].isna().all()


def test_arms_together_leave_out_units_without_an_arm(study, units):
    table = unit_costs(study, costs_table(units), counts_table(study, units))
    first = study.services.steps[0].id
    rows = {
        arm: total_of(table, by_arm=arm, by_provider="all", term=first, by_price_year="2022")
        for arm in ("all", "arms", *study.arm_ids)
    }
    # Each unit counts 10 people.
    without = sum(of is None for of in units.values())
    assert without > 0
    assert rows["arms"]["n"] == sum(rows[arm]["n"] for arm in study.arm_ids)
    assert rows["all"]["n"] - rows["arms"]["n"] == 10 * without
