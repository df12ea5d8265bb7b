"""How do the shares of two arms in the states that count differ? Standardised where it can be, else as they are.

Standardised differences come from the table `adjusted_contrasts`: a logit of arm, the declared covariates and, for a
later wave, the state before, averaged over everybody compared. Errors are those over sites where these can be had.
"""

from __future__ import annotations

from math import nan, sqrt
from typing import Any

import pandas as pd

from increase_eval.claims.plan import Comparison
from increase_eval.comparison.score_models.variance_components import cluster_correlation
from increase_eval.errors import InsufficientDataError
from increase_eval.study.structure import Level, StateVariable
from increase_eval.study.study import Study

STANDARDISED, BY_SITE = "standardised", "standardised_by_site"
OVER_SITES, STACKED, WALD = "clustered by site", "stacked equations", "wald"
"""``by_errors`` of a difference of shares: the first two are standardised, the last is not."""
OK = "ok"
NUMBERS = ("estimate", "std_error", "df", "n", "n_dropped")

Row = dict[str, Any]


def state_difference(
    study: Study,
    one: Comparison,
    states: pd.DataFrame,
    participants: pd.DataFrame,
    adjusted: pd.DataFrame | None,
) -> Row:
    """Give the difference of an estimand's shares between two arms, the second less the first.

    Parameters
    ----------
    study, one
        The study, and a comparison of shares of its plan.
    states, participants
        As stored.
    adjusted
        The table `adjusted_contrasts`, where the study has it.

    Returns
    -------
    dict
        Numbers as in an estimate table, ``by_errors`` and ``held_effect`` (the variance over sites over that of the
        equations alone, where errors are over sites) or ``design_effect`` (what clustering by site would multiply the
        variance by, where they are not and chance did not allocate); empty where nobody is known in an arm.
    """
    variable = next((each for each in study.head.states if each.id == one.estimand.outcome), None)
    if variable is None:
        return {}
    is_chance = "randomised" in study.capabilities
    found = {} if adjusted is None else _standardised(one, adjusted, is_chance=is_chance)
    if not found:
        found = _as_they_are(variable, one, states, participants)
    if found and found["by_errors"] != OVER_SITES and not is_chance:
        found["design_effect"] = _clustering(study, variable, one, states, participants)
    return found


def _standardised(one: Comparison, adjusted: pd.DataFrame, *, is_chance: bool) -> Row:
    """Find the standardised difference, over sites where chance did not allocate and that is not refused."""
    own = adjusted[
        (adjusted["outcome"] == one.estimand.outcome)
        & (adjusted["wave"] == one.estimand.wave)
        & (adjusted["term"] == "difference")
        & (adjusted["by_since"] == (one.estimand.since or "none"))
    ]
    plain, sites = (_pair(own[own["by_method"] == name], one) for name in (STANDARDISED, BY_SITE))
    if plain is None:
        return {}
    if sites is None or is_chance:
        return {**plain, "by_errors": STACKED}
    held = (sites["std_error"] / plain["std_error"]) ** 2
    return {**sites, "by_errors": OVER_SITES, "held_effect": held}


def _pair(rows: pd.DataFrame, one: Comparison) -> Row | None:
    """Find a pair of arms, whichever of them the table subtracts; None where its difference has no error."""
    for sign, name in ((1.0, f"{one.contrast.second} - {one.contrast.first}"),
                       (-1.0, f"{one.contrast.first} - {one.contrast.second}")):  # fmt: skip
        own = rows[(rows["contrast"] == name) & (rows["status"] == OK)]
        if len(own) == 1 and own["std_error"].iloc[0] > 0:
            row = own.iloc[0]
            return {**{number: row[number] for number in NUMBERS}, "estimate": sign * float(row["estimate"])}
    return None


def _as_they_are(variable: StateVariable, one: Comparison, states: pd.DataFrame, participants: pd.DataFrame) -> Row:
    """Compare the shares among the respondents of a wave, unadjusted."""
    known = _known(variable, one, states, participants)
    counts = [known.loc[known["arm"] == arm, "counted"] for arm in (one.contrast.first, one.contrast.second)]
    if any(values.empty for values in counts):
        return {}
    (x1, n1), (x2, n2) = ((int(values.sum()), len(values)) for values in counts)
    variance = x1 * (n1 - x1) / n1**3 + x2 * (n2 - x2) / n2**3
    numbers = {"estimate": x2 / n2 - x1 / n1, "std_error": sqrt(variance), "df": nan, "n": n1 + n2, "n_dropped": 0}
    return {**numbers, "by_errors": WALD}


def _known(variable: StateVariable, one: Comparison, states: pd.DataFrame, participants: pd.DataFrame) -> pd.DataFrame:
    """Give the people whose state is known at the wave, with whether it counts."""
    at_wave = states[(states["variable"] == variable.id) & (states["wave"] == one.estimand.wave)].dropna(subset="state")
    known = at_wave.merge(participants, on="participant", validate="one_to_one")
    return known.assign(counted=known["state"].isin(variable.counted).astype(float))


def _clustering(
    study: Study, variable: StateVariable, one: Comparison, states: pd.DataFrame, participants: pd.DataFrame
) -> float:
    """Give what sites multiply the variance of a share by, at least 1; 1 where there are none, or it is not known."""
    site = study.site_level
    if site is None or site.column not in participants:
        return 1.0
    known = _known(variable, one, states, participants).dropna(subset=[site.column, "arm"])
    known = known[known["arm"].isin((one.contrast.first, one.contrast.second))]
    within = _above(study, site, known)
    try:
        found = cluster_correlation(known["counted"], known[site.column], known[within])
    except InsufficientDataError:
        return 1.0
    return max(1.0, found.design_effect)


def _above(study: Study, site: Level, people: pd.DataFrame) -> str:
    """Give the column of the units that sites lie in, or else of arms: what differs between them is no clustering."""
    level = next((other for other in study.head.levels if other.id == site.nested_in), None)
    return (
        level.column if level is not None and level.column in people and people[level.column].notna().all() else "arm"
    )
