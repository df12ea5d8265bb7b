"""Are people more satisfied in one arm? Ordered answers, often at the ceiling, and asked once.

Satisfaction and usefulness are asked after the programme only: there is no change. Means of such answers hide that most
people give the best one; shown are the share at the ceiling, how often somebody of one arm is above somebody of
another, and the odds of a higher answer, with a check that these odds are the same wherever the scale is cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from increase_eval.comparison.arms.people import (
    FAILURES,
    OUTCOME,
    WEIGHT,
    ArmOutcome,
    ArmPlan,
    Compared,
    compared_people,
    missing_rows,
    not_estimable,
    rows_of,
)
from increase_eval.comparison.categorical import Cumulative, fit_cumulative, proportion_interval
from increase_eval.comparison.continuous import probability_of_superiority
from increase_eval.results import estimate_table

MOST_CUTS = 3
"""Cuts at which proportional odds are checked: with many levels the test is too liberal."""


def satisfaction_contrasts(
    scores: pd.DataFrame,
    participants: pd.DataFrame,
    *,
    outcomes: Sequence[ArmOutcome],
    highest: Mapping[str, float],
    plan: ArmPlan,
    response_weights: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """How satisfied are people in each arm, and how do the arms compare?

    Parameters
    ----------
    scores
        ``participant, wave, scale, score``.
    participants
        ``participant, arm`` and the columns of the plan.
    outcomes
        The scales and the waves at which they are asked; nothing is taken as a change.
    highest
        Scale -> its highest possible score: the ceiling.
    plan
        How arms are compared.
    response_weights
        ``participant, wave, weighting, weight``: with them the odds ratios are told weighted for who answered, too.

    Returns
    -------
    DataFrame
        Estimate table: outcome, wave, term ``ceiling`` (``by_arm``, and everybody as ``all``), ``superiority``
        (contrast "b > a"), ``odds_ratio`` (contrast "b / a", ``by_method`` ``unadjusted``, ``adjusted`` or
        ``weighted``) and ``proportional_odds`` (Brant's test of all coefficients), n, n_dropped, status.

    Raises
    ------
    ValueError
        If a column is absent.

    Notes
    -----
    Ceilings have Wilson's interval, superiority Brunner and Munzel's; the cumulative logit takes every score that was
    given as a level of its own, and Brant's test three even cuts.

    References
    ----------
    McCullagh P (1980). doi:10.1111/j.2517-6161.1980.tb01109.x. Brant R (1990). doi:10.2307/2532457.
    Brunner E, Munzel U (2000). doi:10.1002/(SICI)1521-4036(200001)42:1<17::AID-BIMJ17>3.0.CO;2-U.

    Checked against the functions it is made of in ``tests/unit/comparison/test_arms.py``.

    Examples
    --------
    >>> people = pd.DataFrame({"participant": range(6), "arm": list("aaabbb")})
    >>> scores = people.assign(wave="t2", scale="joy", score=[3.0, 4, 5, 4, 5, 5])
    >>> table = satisfaction_contrasts(
    ...     scores, people, outcomes=[ArmOutcome("joy", "t2")], highest={"joy": 5.0}, plan=ArmPlan(arms=("a", "b"))
    ... )
    >>> table[table["term"] == "superiority"]["estimate"].round(4).tolist()
    [0.7222]
    """
    rows = []
    for one in outcomes:
        bare = compared_people(scores, participants, one, ArmPlan(arms=plan.arms))
        compared = compared_people(scores, participants, one, plan, response_weights=response_weights)
        found = [*_ceilings(bare, plan, highest.get(one.outcome)), *_superiority(bare, plan)]
        found += [*_odds(bare, plan, "unadjusted"), *(_odds(compared, plan, "adjusted") if compared.terms else ())]
        found += _odds(compared, plan, WEIGHTED, weights=WEIGHT) if WEIGHT in compared.people else ()
        rows += [{"outcome": one.outcome, "wave": one.wave, **row} for row in found]
    table = estimate_table(rows)
    return table.assign(by_method=table["by_method"].fillna("unadjusted")) if "by_method" in table else table


def _ceilings(compared: Compared, plan: ArmPlan, highest: float | None) -> Iterator[dict[str, Any]]:
    if highest is None:
        return
    at_top = np.isclose(compared.people[OUTCOME], highest)
    for arm in (*plan.arms, "all"):
        own = at_top if arm == "all" else at_top[(compared.people["arm"] == arm).to_numpy()]
        if len(own):
            share = proportion_interval(int(own.sum()), len(own), confidence=plan.confidence)
            limits = {"estimate": share.estimate, "conf_low": share.conf_low, "conf_high": share.conf_high}
            yield {
                "term": "ceiling",
                "by_arm": arm,
                "n": len(own),
                "method": "Wilson interval",
                "status": "ok",
                **limits,
            }


def _superiority(compared: Compared, plan: ArmPlan) -> Iterator[dict[str, Any]]:
    by_arm = {arm: compared.people.loc[compared.people["arm"] == arm, OUTCOME] for arm in plan.arms}
    for a, b in plan.pairs:
        try:
            found = probability_of_superiority(by_arm[b], by_arm[a], confidence=plan.confidence).to_frame()
        except FAILURES as error:
            n = len(by_arm[a]) + len(by_arm[b])
            yield from missing_rows([("superiority", f"{b} > {a}")], not_estimable(error), n)
            continue
        own = rows_of(found.drop(columns=["outcome", "wave"]))[0]
        yield {**own, "term": "superiority", "contrast": f"{b} > {a}", "by_arm": "all", "status": "ok"}


WEIGHTED = "weighted"
"""``by_method`` of odds ratios that are adjusted, and weighted by inverse probabilities of answering."""


def _odds(compared: Compared, plan: ArmPlan, method: str, *, weights: str | None = None) -> Iterator[dict[str, Any]]:
    """Give the odds ratios of all pairs of arms, and without weights the check that they are alike at every cut."""
    pairs = [(a, b) for a, b in plan.pairs]
    try:
        fit = fit_cumulative(
            compared.formula(OUTCOME, "arm"), compared.people, weights=weights, confidence=plan.confidence
        )
    except FAILURES as error:
        asked = [("odds_ratio", f"{b} / {a}") for a, b in pairs]
        for row in missing_rows(asked, not_estimable(error), len(compared.people)):
            yield {**row, "by_method": method}
        return
    sizes = fit.frame.data["arm"].value_counts()
    words = "cumulative logit" if weights is None else "cumulative logit, weights taken as fixed"
    dropped = compared.n_dropped + len(compared.people) - fit.n
    same = {"by_method": method, "by_arm": "all", "n_dropped": dropped, "method": words}
    for a, b in pairs:
        yield {**same, **_ratio(fit, a, b), "contrast": f"{b} / {a}", "n": int(sizes.get(a, 0) + sizes.get(b, 0))}
    if weights is not None:
        return
    check = fit.proportional_odds(most_cuts=MOST_CUTS)
    test = {"statistic": check.statistic, "df": check.df, "p_value": check.p_value, "status": check.status}
    yield {**same, **test, "term": "proportional_odds", "n": fit.n, "method": "Brant's test"}


def _ratio(fit: Cumulative, a: str, b: str) -> dict[str, Any]:
    """Give the odds ratio of two arms from the coefficients of a fit."""
    names = list(fit.coefficients.index)
    function = np.zeros(len(names))
    levels = fit.frame.design.variables["arm"].levels or ()
    if a not in levels or b not in levels:
        return {"term": "odds_ratio", "status": "not estimable: nobody in an arm"}
    for arm, sign in ((a, -1.0), (b, 1.0)):
        if f"arm[T.{arm}]" in names:
            function[names.index(f"arm[T.{arm}]")] = sign
    value = float(function @ fit.coefficients["estimate"].to_numpy())
    vcov = fit.vcov[: len(names), : len(names)]
    error = float(np.sqrt(function @ vcov @ function))
    half = float(stats.norm.ppf((1 + fit.confidence) / 2)) * error
    test = {"std_error": error, "statistic": value / error, "p_value": float(2 * stats.norm.sf(abs(value) / error))}
    limits = {"estimate": np.exp(value), "conf_low": np.exp(value - half), "conf_high": np.exp(value + half)}
    return {"term": "odds_ratio", "status": "ok", **test, **limits}
