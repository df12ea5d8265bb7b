"""How do the arms compare on each outcome, unadjusted and adjusted in several ways?

The ways differ in what they suppose (a model of the outcome, of the arm, or either) and in whom the comparison is about
(everybody, or those who could have been in any arm). Agreement between them is no proof that the difference is the
arms': none adjusts for what was not measured, nor for the country where arms are nested in countries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pandas as pd

from increase_eval.comparison.adjustment import AdjustedMeans, doubly_robust, overlap_weights, standardise
from increase_eval.comparison.arms.people import (
    FAILURES,
    OUTCOME,
    SITE,
    WEIGHT,
    ArmOutcome,
    ArmPlan,
    Compared,
    compared_people,
    missing_rows,
    not_estimable,
    rows_of,
    table_of,
)
from increase_eval.comparison.engines.generalised_linear import Family
from increase_eval.results import estimate_table

JOINED = "joined levels"
"""The term of a row that names a covariate's rare levels and the level that they were joined to."""

Way = Callable[[Compared, ArmPlan], AdjustedMeans]


def _family(compared: Compared) -> Family:
    return "binomial" if compared.is_share else "gaussian"


def unadjusted(compared: Compared, plan: ArmPlan) -> AdjustedMeans:
    """Give the arms' own means."""
    confidence = plan.confidence
    return standardise(f"{OUTCOME} ~ arm", compared.people, arm="arm", confidence=confidence)


def standardised(compared: Compared, plan: ArmPlan) -> AdjustedMeans:
    """Give the arms' means in the population of everybody compared, by a model of the outcome."""
    formula = compared.formula(OUTCOME, "arm")
    return standardise(formula, compared.people, arm="arm", family=_family(compared), confidence=plan.confidence)


def standardised_by_site(compared: Compared, plan: ArmPlan) -> AdjustedMeans:
    """Give the same means with errors by site: conditional on the units that the sites lie in."""
    return standardised(compared, plan).by_cluster(compared.people[SITE])


def inverse_probability(compared: Compared, plan: ArmPlan) -> AdjustedMeans:
    """Give the arms' means in the population of everybody compared, by weights."""
    weights = overlap_weights(compared.formula("arm"), compared.people, kind="ipw")
    return weights.adjusted(OUTCOME, confidence=plan.confidence)


def overlap(compared: Compared, plan: ArmPlan) -> AdjustedMeans:
    """Give the arms' means among those who could have been in any arm, by weights."""
    weights = overlap_weights(compared.formula("arm"), compared.people)
    return weights.adjusted(OUTCOME, confidence=plan.confidence)


def either_model(compared: Compared, plan: ArmPlan) -> AdjustedMeans:
    """Give the arms' means in the population of everybody compared, by both models."""
    first, second = compared.formula(OUTCOME, "arm"), compared.formula("arm")
    return doubly_robust(first, second, compared.people, family=_family(compared), confidence=plan.confidence)


def standardised_weighted(compared: Compared, plan: ArmPlan) -> AdjustedMeans:
    """Give the means in the population that those who answered are weighted to, by a model fitted with the weights."""
    formula, family = compared.formula(OUTCOME, "arm"), _family(compared)
    return standardise(formula, compared.people, arm="arm", family=family, weights=WEIGHT, confidence=plan.confidence)


def either_model_weighted(compared: Compared, plan: ArmPlan) -> AdjustedMeans:
    """Give the means by both models, fitted with response weights."""
    first, second = compared.formula(OUTCOME, "arm"), compared.formula("arm")
    return doubly_robust(
        first, second, compared.people, family=_family(compared), weights=WEIGHT, confidence=plan.confidence
    )


WAYS: dict[str, Way] = {
    "unadjusted": unadjusted,
    "standardised": standardised,
    "standardised_by_site": standardised_by_site,
    "inverse_probability": inverse_probability,
    "overlap": overlap,
    "doubly_robust": either_model,
    "standardised_weighted": standardised_weighted,
    "doubly_robust_weighted": either_model_weighted,
}
"""``by_method`` -> how means are made, in the order in which they are shown."""


def adjusted_contrasts(
    scores: pd.DataFrame | None,
    states: pd.DataFrame | None,
    participants: pd.DataFrame,
    *,
    outcomes: Sequence[ArmOutcome],
    plan: ArmPlan,
    response_weights: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """How do the arms compare on each outcome, unadjusted and adjusted?

    Parameters
    ----------
    scores
        ``participant, wave, scale, score``; None where no outcome is a score.
    states
        ``participant, wave, variable, state``; None where no outcome is a state.
    participants
        ``participant, arm`` and the columns of the plan.
    outcomes, plan
        What is compared, and how.
    response_weights
        ``participant, wave, weighting, weight``: with them the ways that end in ``weighted`` are told too.

    Returns
    -------
    DataFrame
        Estimate table: outcome, wave, ``by_since`` (a wave, or ``none``), ``by_method`` (see :data:`WAYS`), term
        ``mean`` (``by_arm``; a mean change where there is a wave before) or ``difference`` (contrast "b - a"),
        n, n_dropped, status; one row ``sd`` of those compared, where they started (or of the outcome); and one
        row ``joined levels`` a covariate (its name as contrast) of which rare levels were joined, named in `status`.

    Raises
    ------
    ValueError
        If a column is absent.

    Notes
    -----
    Compared are those whose outcome, start and covariates are known, the same people in every way. Changes are adjusted
    for where they started. Numbers are standardised, and levels of fewer than ten people joined to the most common one.
    Errors by site count sites within arms and are conditional on the larger units: no error here is by the units that
    arms were allocated to, and none could be where an arm has one. Weighted ways fit their models with the inverse
    probabilities of answering the outcome's wave, and stand for everybody asked; errors take these weights as fixed.

    References
    ----------
    Li F, Li F (2019). doi:10.1214/19-AOAS1282. Robins JM, Rotnitzky A, Zhao LP (1994).
    doi:10.1080/01621459.1994.10476818.

    Checked against the functions it is made of in ``tests/unit/comparison/test_arms.py``.

    Examples
    --------
    >>> people = pd.DataFrame({"participant": range(6), "arm": list("aaabbb")})
    >>> scores = people.assign(wave="t1", scale="mood", score=[1.0, 2, 3, 3, 4, 6])
    >>> table = adjusted_contrasts(
    ...     scores, None, people, outcomes=[ArmOutcome("mood", "t1")], plan=ArmPlan(arms=("a", "b"))
    ... )
    >>> print(table[table["term"] == "difference"]["estimate"].round(4).unique().tolist())
    [2.3333]
    """
    rows = [
        {**row, "outcome": one.outcome, "wave": one.wave, "by_since": one.since or "none"}
        for one in outcomes
        for row in _one_outcome(table_of(one, scores, states), participants, one, plan, response_weights)
    ]
    return estimate_table(rows)


def _one_outcome(
    table: pd.DataFrame,
    participants: pd.DataFrame,
    outcome: ArmOutcome,
    plan: ArmPlan,
    response_weights: pd.DataFrame | None,
) -> Iterator[dict[str, Any]]:
    compared = compared_people(table, participants, outcome, plan, response_weights=response_weights)
    spread = {"term": "sd", "by_arm": "all", "by_method": "none", "estimate": compared.spread, "status": "ok"}
    yield {**spread, "n": len(compared.people), "method": "standard deviation"}
    for name, (levels, to) in compared.joined.items():
        said = {"term": JOINED, "contrast": name, "by_arm": "all", "by_method": "none", "n": len(compared.people)}
        yield {**said, "status": f"{', '.join(levels)} joined to {to}", "method": "levels of few people"}
    for name, way in WAYS.items():
        if name == "standardised_by_site" and plan.site is None:
            continue
        if name.endswith("weighted") and WEIGHT not in compared.people:
            continue
        for row in _rows(compared, plan, way):
            row.pop("arm", None)
            yield {**row, "by_method": name}


def _rows(compared: Compared, plan: ArmPlan, way: Way) -> Iterator[dict[str, Any]]:
    """Give the rows of one way: means, then differences of all pairs, or why there are none."""
    asked = [("difference", f"{b} - {a}") for a, b in plan.pairs]
    try:
        found = way(compared, plan)
    except FAILURES as error:
        yield from missing_rows(asked, not_estimable(error), len(compared.people))
        return
    same = {"n_dropped": compared.n_dropped + found.n_dropped, "method": found.method}
    for row in rows_of(found.means()):
        yield {"status": "ok", **row, **same, "term": "mean", "by_arm": str(row["arm"])}
    done = set()
    for row in rows_of(found.contrasts()):
        done.add(row["contrast"])
        yield {**row, **same, "term": "difference", "by_arm": "all"}
    yield from missing_rows([pair for pair in asked if pair[1] not in done], "not estimable: nobody in an arm", found.n)
