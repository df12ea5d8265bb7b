"""What do the providers that arms were allocated to look like one by one? Ranks, exchangeability, leaving each out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from increase_eval.comparison.adjustment import (
    AdjustedMeans,
    exchangeability_check,
    leave_one_out,
    rank_units,
    standardise,
)
from increase_eval.comparison.arms.adjusted_contrasts import standardised
from increase_eval.comparison.arms.people import (
    FAILURES,
    OUTCOME,
    UNIT,
    ArmOutcome,
    ArmPlan,
    Compared,
    compared_people,
    not_estimable,
    rows_of,
    table_of,
)
from increase_eval.results import estimate_table

LEAST_PEOPLE = 10
"""A provider with fewer people has no estimate of its own."""


def provider_ranks(
    scores: pd.DataFrame | None,
    states: pd.DataFrame | None,
    participants: pd.DataFrame,
    *,
    outcomes: Sequence[ArmOutcome],
    plan: ArmPlan,
) -> pd.DataFrame:
    """Which rank could each provider have on each outcome, its people's differences taken out?

    Parameters
    ----------
    scores, states, participants, outcomes, plan
        As for :func:`~increase_eval.comparison.arms.adjusted_contrasts`; the plan names the unit.

    Returns
    -------
    DataFrame
        Estimate table: outcome, wave, ``by_since``, ``by_unit``, term ``estimate`` (standardised mean), ``shrunken``,
        ``rank`` (with the interval of this unit's rank) and ``joint rank`` (ranks that hold for all units at once),
        n the unit's people, status.

    Raises
    ------
    ValueError
        If the plan names no unit, or a column is absent.

    Notes
    -----
    The best estimate has rank 1: the highest, or the lowest of an outcome of which less is better; `method` says which.
    Units with fewer than ten people are not ranked. See
    :func:`~increase_eval.comparison.rank_units`.

    References
    ----------
    Goldstein H, Spiegelhalter DJ (1996). doi:10.2307/2983325. Mogstad M et al. (2024). doi:10.1093/restud/rdad006.

    Checked against ``rank_units`` in ``tests/unit/comparison/test_arms.py``.

    Examples
    --------
    >>> people = pd.DataFrame({"participant": range(40), "arm": ["a", "b"] * 20, "house": ["p", "q"] * 20})
    >>> scores = people.assign(wave="t1", scale="mood", score=[float(k % 7) for k in range(40)])
    >>> plan = ArmPlan(arms=("a", "b"), unit="house")
    >>> table = provider_ranks(scores, None, people, outcomes=[ArmOutcome("mood", "t1")], plan=plan)
    >>> table["by_unit"].unique().tolist()
    ['p', 'q']
    """
    rng = np.random.default_rng([plan.seed, 1])
    rows = []
    for one, compared in _each(scores, states, participants, outcomes, plan):
        same = {"outcome": one.outcome, "wave": one.wave, "by_since": one.since or "none"}
        try:
            found = _unit_means(compared, plan)
            means, errors = pd.Series(found.estimates, index=list(found.arms)), pd.Series(np.sqrt(np.diag(found.vcov)))
            sign = -1.0 if one.lower_is_better else 1.0
            table = rank_units(sign * means, errors, rng=rng, confidence=plan.confidence).to_frame()
            table = _turned_back(table) if one.lower_is_better else table
        except FAILURES as error:
            rows.append(
                {**same, "term": "rank", "by_unit": "all", "n": len(compared.people), "status": not_estimable(error)}
            )
            continue
        sizes = dict(zip(map(str, found.arms), found.sizes, strict=True))
        for row in rows_of(table.drop(columns=["outcome", "wave", "n"])):
            method = f"{row['method']}; rank 1 is the {'lowest' if one.lower_is_better else 'highest'}"
            rows.append({**row, **same, "n": int(sizes[row["by_unit"]]), "method": method, "status": "ok"})
    return estimate_table(rows)


def _turned_back(table: pd.DataFrame) -> pd.DataFrame:
    """Give means their sign back that were ranked with the other one; ranks stay."""
    is_mean = table["term"].isin(["estimate", "shrunken"])
    turned = -table.loc[is_mean, ["estimate", "conf_high", "conf_low", "statistic"]]
    table.loc[is_mean, ["estimate", "conf_low", "conf_high", "statistic"]] = turned.to_numpy()
    return table


def exchangeability(
    scores: pd.DataFrame | None,
    states: pd.DataFrame | None,
    participants: pd.DataFrame,
    *,
    outcomes: Sequence[ArmOutcome],
    plan: ArmPlan,
) -> pd.DataFrame:
    """Would the arms look as different if their providers had been dealt to them by chance?

    Parameters
    ----------
    scores, states, participants, outcomes, plan
        As for :func:`~increase_eval.comparison.arms.adjusted_contrasts`; the plan names the unit.

    Returns
    -------
    DataFrame
        Estimate table: outcome, wave, ``by_since``, contrast ``all arms`` or "b - a", term ``statistic`` (with its
        p value) and ``smallest p value`` (the least that this layout could give), n the people, method with the number
        of arrangements, status.

    Raises
    ------
    ValueError
        If the plan names no unit, or a column is absent.

    Notes
    -----
    What is exchanged are the units' standardised means, one number a unit. See
    :func:`~increase_eval.comparison.exchangeability_check`.

    References
    ----------
    Rosenbaum PR (2002). Observational Studies, 2nd edition. doi:10.1007/978-1-4757-3692-2.

    Checked against ``exchangeability_check`` in ``tests/unit/comparison/test_arms.py``.

    Examples
    --------
    >>> people = pd.DataFrame({"participant": range(60), "house": ["p", "q", "r"] * 20}).assign(
    ...     arm=["a", "b", "b"] * 20
    ... )
    >>> scores = people.assign(wave="t1", scale="mood", score=[float(k % 7) for k in range(60)])
    >>> plan = ArmPlan(arms=("a", "b"), unit="house")
    >>> table = exchangeability(scores, None, people, outcomes=[ArmOutcome("mood", "t1")], plan=plan)
    >>> table.loc[table["term"] == "smallest p value", "estimate"].round(4).unique().tolist()
    [0.3333]
    """
    rows = []
    for one, compared in _each(scores, states, participants, outcomes, plan):
        same = {"outcome": one.outcome, "wave": one.wave, "by_since": one.since or "none", "n": len(compared.people)}
        rows += [{**row, **same} for row in _checks(compared, plan)]
    return estimate_table(rows)


def without_each_provider(
    scores: pd.DataFrame | None,
    states: pd.DataFrame | None,
    participants: pd.DataFrame,
    *,
    outcomes: Sequence[ArmOutcome],
    plan: ArmPlan,
) -> pd.DataFrame:
    """How far does each comparison of arms rest on one provider?

    Parameters
    ----------
    scores, states, participants, outcomes, plan
        As for :func:`~increase_eval.comparison.arms.adjusted_contrasts`; the plan names the unit.

    Returns
    -------
    DataFrame
        Estimate table: outcome, wave, ``by_since``, term ``difference`` (standardised), contrast, ``by_left_out``
        (``all`` for everybody, then each unit), n, status; without the only unit of an arm its contrasts are
        ``not estimable``.

    Raises
    ------
    ValueError
        If the plan names no unit, or a column is absent.

    Notes
    -----
    Errors are of people and not of units: they say how sure a difference is between these providers' people. See
    :func:`~increase_eval.comparison.leave_one_out`.

    References
    ----------
    Tukey JW (1958). doi:10.1214/aoms/1177706647.

    Checked against ``leave_one_out`` in ``tests/unit/comparison/test_arms.py``.

    Examples
    --------
    >>> people = pd.DataFrame({"participant": range(60), "house": ["p", "q", "r"] * 20}).assign(
    ...     arm=["a", "b", "b"] * 20
    ... )
    >>> scores = people.assign(wave="t1", scale="mood", score=[float(k % 7) for k in range(60)])
    >>> plan = ArmPlan(arms=("a", "b"), unit="house")
    >>> table = without_each_provider(scores, None, people, outcomes=[ArmOutcome("mood", "t1")], plan=plan)
    >>> table["status"].tolist()
    ['ok', 'not estimable', 'ok', 'ok']
    """
    rows = []
    for one, compared in _each(scores, states, participants, outcomes, plan):
        n = compared.people[UNIT].value_counts()

        def estimate(people: pd.DataFrame, compared: Compared = compared, one: ArmOutcome = one) -> pd.DataFrame:
            terms = tuple(term for term in compared.terms if len(people[term.strip("C()`")].unique()) > 1)
            part = replace(compared, people=people, terms=terms)
            found = standardised(part, plan)
            same = {"outcome": one.outcome, "wave": one.wave, "term": "difference", "method": found.method}
            return found.contrasts().assign(**same)

        try:
            table = leave_one_out(compared.people, unit=UNIT, estimate=estimate)
        except FAILURES as error:
            known = {
                "term": ["difference"],
                "by_left_out": ["all"],
                "n": [int(n.sum())],
                "status": [not_estimable(error)],
            }
            table = estimate_table(pd.DataFrame(known))
        rows.append(table.assign(outcome=one.outcome, wave=one.wave, by_since=one.since or "none"))
    return estimate_table(pd.concat(rows, ignore_index=True)) if rows else estimate_table([])


def _each(
    scores: pd.DataFrame | None, states: pd.DataFrame | None, participants: pd.DataFrame,
    outcomes: Sequence[ArmOutcome], plan: ArmPlan,
) -> Iterator[tuple[ArmOutcome, Compared]]:  # fmt: skip
    """Give each outcome with the people compared on it, whose unit is known."""
    if plan.unit is None:
        raise ValueError("the plan names no unit that arms were allocated to")
    for one in outcomes:
        compared = compared_people(table_of(one, scores, states), participants, one, plan)
        people = compared.people.dropna(subset=UNIT)
        yield one, replace(compared, people=people)


def _unit_means(compared: Compared, plan: ArmPlan) -> AdjustedMeans:
    """Give the units' means in the population of everybody compared."""
    sizes = compared.people[UNIT].value_counts()
    people = compared.people[compared.people[UNIT].isin(sizes.index[sizes >= LEAST_PEOPLE])]
    family = "binomial" if compared.is_share else "gaussian"
    formula = compared.formula(OUTCOME, UNIT)
    return standardise(formula, people, arm=UNIT, family=family, confidence=plan.confidence)  # type: ignore[arg-type]


def _checks(compared: Compared, plan: ArmPlan) -> Iterator[dict[str, Any]]:
    try:
        found = _unit_means(compared, plan)
    except FAILURES as error:
        yield {"term": "statistic", "contrast": "all arms", "status": not_estimable(error)}
        return
    arm_of = compared.people.groupby(UNIT, observed=True)["arm"].first()
    arms = pd.Series(pd.Categorical([arm_of[unit] for unit in found.arms], list(plan.arms)))
    values = pd.Series(found.estimates)
    asked = [list(plan.arms), *(list(pair) for pair in plan.pairs)] if len(plan.arms) > 2 else [list(plan.arms)]
    for names in asked:
        own = arms.isin(names)
        label = "all arms" if len(names) > 2 else f"{names[1]} - {names[0]}"
        if arms[own].nunique() < len(names):
            yield {"term": "statistic", "contrast": label, "status": "not estimable: nobody in an arm"}
            continue
        rng = np.random.default_rng([plan.seed, 2])
        table = exchangeability_check(values[own], arms[own], rng=rng).to_frame()
        for row in rows_of(table.drop(columns=["outcome", "wave", "n"])):
            yield {**row, "contrast": label}
