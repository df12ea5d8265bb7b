"""How much wellbeing was gained over time, and which share of the gain must be the programme's to cover its cost?

A change of a score, held for a time, is an amount of point-years. Without a comparison group nobody knows how much of
a gain the programme brought about. So nothing here is a ratio of benefit to cost: the share of the gain that would
have to be the programme's is told instead, and no benefit of employment is put on top, since work is one way to
wellbeing and would count twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import log, nan
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.claims.money.prices import Prices
from increase_eval.comparison.categorical.proportions import normal_quantile
from increase_eval.results import estimate_table
from increase_eval.study.study import Study
from increase_eval.study.value import PointYear, ValueForMoney

ALL = "all"
UNDISCOUNTED_YEARS = 1.0
"""The first year after the start counts in full."""
NO_GAIN = "no gain to set against the cost"
NO_PRICES = "no price index or exchange rate"
NO_COSTS = "costs not known"
NO_CHANGE = "change not estimated at every wave"
NO_TIMES = "times of the waves not known"
METHOD = (
    "trapezoids between waves; the interval takes the errors of all waves to go together, which is the widest it can be"
)

Floats = npt.NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)


def year_weights(times: Sequence[float], *, discount_rate: float = 0.0, persistence_years: float = 0.0) -> Floats:
    """How many years does the change at each wave count for?

    Parameters
    ----------
    times
        Years from the first wave to each later one, increasing and positive.
    discount_rate
        By year, beyond the first year.
    persistence_years
        For how long the last change is taken to last after the last wave.

    Returns
    -------
    ndarray
        Shape (len(times),): the weights c, so that a person's point-years are the sum of c_k delta_k.

    Raises
    ------
    ValueError
        If times do not increase from above nought, or a rate or duration is negative.

    Notes
    -----
    The change is nought at the first wave and linear between waves. With d(t) = 1 up to one year and
    (1 + r)^-(t - 1) beyond, c_k is the integral of d(t) times the hat function of wave k. Without discounting this is
    W = sum of half (delta_k + delta_k+1) (t_k+1 - t_k).

    References
    ----------
    HM Treasury (2021), Wellbeing Guidance for Appraisal: Supplementary Green Book Guidance.

    Examples
    --------
    >>> year_weights([0.25, 0.75]).round(9).tolist()
    [0.375, 0.25]
    """
    knots = np.array([0.0, *times], dtype="float64")
    if len(knots) == 1 or not np.all(np.diff(knots) > 0):
        raise ValueError(f"times are {list(times)}; allowed: years from the first wave, increasing from above 0")
    if discount_rate < 0 or persistence_years < 0:
        raise ValueError(f"discount rate {discount_rate} and persistence {persistence_years}; allowed: 0 or more")
    weights = np.zeros(len(knots))
    for k, (start, end) in enumerate(pairwise(knots)):
        for low, high in _pieces(start, end):
            at, mass = _quadrature(low, high, discount_rate)
            rising = (at - start) / (end - start)
            weights[k] += mass @ (1 - rising)
            weights[k + 1] += mass @ rising
    for low, high in _pieces(knots[-1], knots[-1] + persistence_years):
        weights[-1] += _quadrature(low, high, discount_rate)[1].sum()
    return weights[1:]


def _pieces(start: float, end: float) -> Iterator[tuple[float, float]]:
    """Cut an interval where discounting begins, so that each piece is smooth."""
    cuts = [start, *([UNDISCOUNTED_YEARS] if start < UNDISCOUNTED_YEARS < end else []), end]
    return ((low, high) for low, high in pairwise(cuts) if high > low)


def _quadrature(low: float, high: float, rate: float) -> tuple[Floats, Floats]:
    at = (low + high) / 2 + (high - low) / 2 * _NODES
    discount = np.exp(-log(1 + rate) * np.maximum(at - UNDISCOUNTED_YEARS, 0.0))
    return at, (high - low) / 2 * _WEIGHTS * discount


def wellbeing_value(
    study: Study,
    changes: pd.DataFrame,
    times: Mapping[str, Mapping[str, float]],
    people: Mapping[str, int],
    unit_costs: pd.DataFrame,
) -> pd.DataFrame:
    """How many point-years were gained, what are they worth, and which share of them must be the programme's?

    Parameters
    ----------
    study
        The contract, with ``value_for_money`` in its plan.
    changes
        An estimate table of changes in points since the first wave: ``wave``, ``by_arm``, ``estimate``,
        ``std_error``, ``n``, and ``by_scenario``, what is assumed of those who left.
    times
        Arm -> wave -> years since the first wave, as observed; ``all`` for everybody together.
    people
        Arm -> how many the gain is counted for.
    unit_costs
        As :func:`~increase_eval.claims.money.costs.unit_costs` gives them.

    Returns
    -------
    DataFrame
        An estimate table: ``outcome`` the scale, ``by_arm``, ``by_scenario``, ``by_worth`` (``low``, ``central``,
        ``high``; ``all`` for point-years), ``by_currency``, ``by_price_year``, and ``term`` ``point_years`` (W),
        ``worth`` (W v) or ``break_even_share`` (cost / (W v)). ``n`` is how many people the changes rest on at the
        wave with the fewest. A gain that is nought or less has no share: its row has a ``status``.

    Raises
    ------
    ValueError
        If the plan does not say what a point-year is worth.

    Notes
    -----
    W = N c'delta with the weights of :func:`year_weights`, N people. Changes at several waves are of the same people,
    and tables hold no covariance between them: the standard error N sum of |c_k| se_k is the largest that any
    correlation gives. The share q* = cost / (W v) falls as W rises, so that its limits are those of W, turned round;
    where the interval of W reaches nought the share has no upper limit, and `status` says so. Changes without a
    standard error (bounds) give numbers without an interval.
    """
    plan = study.analysis.value_for_money
    if plan is None or plan.point_year is None:
        raise ValueError(f"study {study.id!r} needs `value_for_money` with `point_year` in analysis.yaml")
    rows: list[dict[str, Any]] = []
    for scenario in changes["by_scenario"].drop_duplicates():
        for arm in (ALL, *study.arm_ids):
            own = changes[(changes["by_scenario"] == scenario) & (changes["by_arm"] == arm)]
            if len(own):
                about = {"by_arm": arm, "by_scenario": scenario}
                gain = _point_years(study, plan, own, times.get(arm, {}), people.get(arm, 0))
                rows += [about | row for row in _valued(plan, plan.point_year, gain, unit_costs, arm)]
    return estimate_table(rows, outcome=plan.point_year.scale, method=METHOD)


def _point_years(
    study: Study, plan: ValueForMoney, changes: pd.DataFrame, times: Mapping[str, float], people: int
) -> dict[str, Any]:
    """Give the row of point-years of one arm: the estimate with its interval, or why there is none."""
    own = changes.set_index("wave").reindex(study.wave_ids[1:])
    row: dict[str, Any] = {"term": "point_years", "n": own["n"].min()}
    if own["estimate"].isna().any() or not people:
        return row | {"status": NO_CHANGE}
    if any(wave not in times for wave in own.index):
        return row | {"status": NO_TIMES}
    weights = year_weights(
        [times[wave] for wave in own.index],
        discount_rate=plan.discount_rate,
        persistence_years=plan.persistence_years,
    )
    estimate = people * float(weights @ own["estimate"].to_numpy(dtype="float64"))
    error = people * float(np.abs(weights) @ own["std_error"].to_numpy(dtype="float64"))
    reach = normal_quantile(study.analysis.confidence) * error
    limits = {"conf_low": estimate - reach, "conf_high": estimate + reach}
    return row | {"estimate": estimate, "std_error": error} | limits


def _valued(
    plan: ValueForMoney, worth: PointYear, gain: dict[str, Any], unit_costs: pd.DataFrame, arm: str
) -> Iterator[dict[str, Any]]:
    """Give the row of point-years, and what they are worth at each value of a point-year."""
    cost, currency = _cost(unit_costs, arm, plan)
    money = {"by_currency": currency, "by_price_year": str(plan.price_year)}
    yield {**gain, "by_worth": ALL, "by_currency": ALL, "by_price_year": ALL}
    if "status" in gain:
        return
    for name, amount in (("low", worth.low), ("central", worth.amount), ("high", worth.high)):
        value = _point_value(plan, worth, amount, currency)
        about = {**money, "by_worth": name, "n": gain["n"]}
        numbers = {name: gain[name] * value for name in ("estimate", "std_error", "conf_low", "conf_high")}
        known = {"status": None if np.isfinite(value) else NO_PRICES}
        yield {**about, **numbers, **known, "term": "worth"}
        yield {**about, **_share(cost, numbers, known["status"]), "term": "break_even_share"}


def _point_value(plan: ValueForMoney, worth: PointYear, amount: float, currency: str) -> float:
    """Give what a point-year is worth in a currency by what buys as much, in the prices of the plan's year."""
    prices = Prices.of(plan, plan.purchasing_power)
    own_year = prices.in_year(amount, worth.currency, worth.price_year, plan.price_year)
    return prices.convert(own_year, worth.currency, currency)


def _cost(unit_costs: pd.DataFrame, arm: str, plan: ValueForMoney) -> tuple[float, str]:
    units = [name for name in unit_costs.columns if name.startswith("by_")]
    groups = [name for name in units if name not in ("by_arm", "by_currency", "by_price_year")]
    own = unit_costs[
        (unit_costs["term"] == "total")
        & (unit_costs["by_arm"] == arm)
        & (unit_costs["by_price_year"] == str(plan.price_year))
        & (unit_costs[groups] == ALL).all(axis=1)
    ]
    return (float(own["estimate"].iloc[0]), str(own["by_currency"].iloc[0])) if len(own) else (nan, plan.currency)


def _share(cost: float, worth: Mapping[str, float], problem: str | None) -> dict[str, Any]:
    """Give the share of the gain that would have to be the programme's, with the limits of the gain turned round."""
    if problem is not None or np.isnan(cost):
        return {"status": problem or NO_COSTS}
    if worth["estimate"] <= 0:
        return {"status": NO_GAIN}
    high = cost / worth["conf_low"] if worth["conf_low"] > 0 else nan
    status = "no upper limit: the gain may be nought" if worth["conf_low"] <= 0 else None
    return {"estimate": cost / worth["estimate"], "conf_low": cost / worth["conf_high"], "conf_high": high} | {
        "status": status
    }
