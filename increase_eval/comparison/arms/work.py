"""How many moved into work in each arm, and how do the arms compare?

Two readings of "the share in work" are kept apart and named: of everybody whose state is known at both waves, and of
those who were out of work at the first. Shares are compared by difference, ratio and odds ratio, as they are and
adjusted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from increase_eval.comparison.adjustment import AdjustedMeans, standardise
from increase_eval.comparison.arms.people import (
    FAILURES,
    OUTCOME,
    ArmOutcome,
    ArmPlan,
    Compared,
    compared_people,
    missing_rows,
    not_estimable,
    rows_of,
    values_at,
)
from increase_eval.comparison.categorical import fit_cumulative, proportion_interval, two_proportions
from increase_eval.results import estimate_table

MEASURES = {"difference": "-", "ratio": "/", "odds_ratio": "/"}
MONTHS, DAYS_A_MONTH = "months_", 365.25 / 12
EVERYBODY, OUT_OF_WORK = "everybody", "out_of_work"
LEAST_SPREAD = 0.25
"""Months of standard deviation of the time since completion under which dates do not vary enough to tell anything."""


def work_contrasts(
    states: pd.DataFrame,
    participants: pd.DataFrame,
    *,
    variables: Mapping[str, Sequence[str]],
    waves: Sequence[str],
    plan: ArmPlan,
    since_completion: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """How many moved into work in each arm, and how do the arms compare?

    Parameters
    ----------
    states
        ``participant, wave, variable, state``.
    participants
        ``participant, arm`` and the columns of the plan.
    variables
        State variable -> its states that count as in work.
    waves
        The waves in order: neighbouring ones, and the first with the last, are taken together. Of a variable that is
        known at one wave only, that wave is taken by itself.
    plan
        How arms are compared.
    since_completion
        ``participant, wave, days``: how long after completing the programme each wave was answered, where known.

    Returns
    -------
    DataFrame
        Estimate table: outcome the variable, wave, ``by_since`` (a wave, or ``none``), ``by_among`` (``everybody``, or
        ``out_of_work`` at that wave), ``by_method`` (``unadjusted``, ``standardised``), term ``share`` (``by_arm``),
        ``difference``, ``ratio``, ``odds_ratio`` (contrast), and ``odds_ratio_per_month`` since completion (contrast
        ``one month later``), n, n_dropped, status.

    Raises
    ------
    ValueError
        If a column is absent.

    Notes
    -----
    Unadjusted: Wilson's and Newcombe's intervals, Katz' and Woolf's, Fisher's p value. Standardised: a logit of arm,
    covariates and (of everybody) of being in work before, averaged over everybody compared; errors stack the equations
    of both steps. Where dates vary, the odds ratio of a month more since completion is from the same logit.

    References
    ----------
    Newcombe RG (1998). doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I.

    Checked against the functions it is made of in ``tests/unit/comparison/test_arms.py``.

    Examples
    --------
    >>> people = pd.DataFrame({"participant": range(4), "arm": list("aabb")})
    >>> states = people.assign(wave="t1", variable="work", state=["job", "none", "job", "job"])
    >>> table = work_contrasts(
    ...     states, people, variables={"work": ["job"]}, waves=["t1"], plan=ArmPlan(arms=("a", "b"))
    ... )
    >>> table[(table["term"] == "difference") & (table["by_method"] == "unadjusted")]["estimate"].tolist()
    [0.5]
    """
    rows = [
        row
        for variable, in_work in variables.items()
        for outcome, among in _asked(states, variable, tuple(in_work), waves)
        for row in _one(states, participants, outcome, among, plan, since_completion)
    ]
    return estimate_table(rows)


def _asked(
    states: pd.DataFrame, variable: str, in_work: tuple[str, ...], waves: Sequence[str]
) -> Iterator[tuple[ArmOutcome, str]]:
    """Give what is compared: at every pair of waves both readings, or the one wave that asks."""
    known = set(states.loc[(states["variable"] == variable) & states["state"].notna(), "wave"])
    asked = [wave for wave in waves if wave in known]
    if len(asked) == 1:
        yield ArmOutcome(variable, asked[0], None, in_work), EVERYBODY
    pairs = list(pairwise(asked))
    for first, last in pairs if len(asked) < 3 else [*pairs, (asked[0], asked[-1])]:
        yield ArmOutcome(variable, last, first, in_work), EVERYBODY
        yield ArmOutcome(variable, last, first, in_work), OUT_OF_WORK


def _one(
    states: pd.DataFrame, participants: pd.DataFrame, outcome: ArmOutcome, among: str, plan: ArmPlan,
    since_completion: pd.DataFrame | None,
) -> Iterator[dict[str, Any]]:  # fmt: skip
    out = None
    if among == OUT_OF_WORK:
        start = values_at(states, outcome, str(outcome.since))
        out = start.index[start == 0]
    compared = compared_people(states, participants, outcome, plan, among=out)
    same = {"outcome": outcome.outcome, "wave": outcome.wave, "by_since": outcome.since or "none", "by_among": among}
    # As they are: everybody with the states, whether or not covariates are known.
    bare = compared_people(states, participants, outcome, ArmPlan(arms=plan.arms), among=out)
    for method, rows in (("unadjusted", _as_they_are(bare, plan)), ("standardised", _standardised(compared, plan))):
        for row in rows:
            yield {**same, "by_method": method, **row}
    if since_completion is not None:
        for row in _by_month(compared, plan, since_completion[since_completion["wave"] == outcome.wave]):
            yield {**same, "by_method": "standardised", **row}


def _as_they_are(compared: Compared, plan: ArmPlan) -> Iterator[dict[str, Any]]:
    by_arm = {arm: compared.people.loc[compared.people["arm"] == arm, OUTCOME] for arm in plan.arms}
    counts = {arm: (int(values.sum()), len(values)) for arm, values in by_arm.items()}
    whole = (sum(x for x, _ in counts.values()), sum(n for _, n in counts.values()))
    for arm, (x, n) in {**counts, "all": whole}.items():
        if n:
            share = proportion_interval(x, n, confidence=plan.confidence)
            limits = {"conf_low": share.conf_low, "conf_high": share.conf_high, "method": "Wilson interval"}
            yield {"term": "share", "by_arm": arm, "estimate": share.estimate, "n": n, "status": "ok", **limits}
    for a, b in plan.pairs:
        if not counts[a][1] or not counts[b][1]:
            asked = [(term, f"{b} {sign} {a}") for term, sign in MEASURES.items()]
            yield from missing_rows(asked, "not estimable: nobody in an arm", counts[a][1] + counts[b][1])
            continue
        table = two_proportions(*counts[b], *counts[a], confidence=plan.confidence).to_frame()
        for row in rows_of(table[table["term"] != "cohen_h"].drop(columns=["outcome", "wave"])):
            known = {**row, "contrast": f"{b} {MEASURES[row['term']]} {a}", "by_arm": "all"}
            yield {**known, "estimate": row["estimate"] if np.isfinite(row["estimate"]) else np.nan}


def _standardised(compared: Compared, plan: ArmPlan) -> Iterator[dict[str, Any]]:
    asked = [(term, f"{b} {sign} {a}") for term, sign in MEASURES.items() for a, b in plan.pairs]
    people, formula = compared.people, compared.formula(OUTCOME, "arm")
    try:
        found = standardise(formula, people, arm="arm", family="binomial", confidence=plan.confidence)
    except FAILURES as error:
        yield from missing_rows(asked, not_estimable(error), len(people))
        return
    done = set()
    for row in _measured(found):
        done.add((row["term"], row.get("contrast")))
        yield {**row, "n_dropped": compared.n_dropped, "method": found.method}
    yield from missing_rows([one for one in asked if one not in done], "not estimable: nobody in an arm", found.n)


def _measured(found: AdjustedMeans) -> Iterator[dict[str, Any]]:
    for row in rows_of(found.means()):
        yield {"term": "share", "by_arm": str(row.pop("arm")), "status": "ok", **row}
    for measure in MEASURES:
        for row in rows_of(found.contrasts(measure)):  # type: ignore[arg-type]
            yield {"term": measure, "by_arm": "all", **row}


def _by_month(compared: Compared, plan: ArmPlan, elapsed: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Give the odds ratio of a month more since completion, where dates vary."""
    months = elapsed.set_index("participant")["days"].astype(float) / DAYS_A_MONTH
    people = compared.people.assign(**{MONTHS: months.reindex(compared.people.index)}).dropna(subset=MONTHS)
    if len(people) < RATHER_FEW or people[MONTHS].std() < LEAST_SPREAD:
        return
    row: dict[str, Any] = {"term": "odds_ratio_per_month", "contrast": "one month later", "by_arm": "all"}
    row |= {"n": len(people), "n_dropped": compared.n_dropped + len(compared.people) - len(people)}
    try:
        fit = fit_cumulative(compared.formula(OUTCOME, "arm", MONTHS), people, confidence=plan.confidence)
    except FAILURES as error:
        yield {**row, "status": not_estimable(error)}
        return
    own = fit.coefficients.loc[MONTHS]
    values = dict(zip(own.index, own.to_numpy(dtype=float), strict=True))
    ratio = {name: float(np.exp(values[name])) for name in ("estimate", "conf_low", "conf_high")}
    test = {name: float(values[name]) for name in ("std_error", "statistic", "p_value")}
    yield {**row, **test, **ratio, "method": "logit with time since completion", "status": "ok"}


RATHER_FEW = 50
"""Fewer people than this tell nothing of time since completion."""
