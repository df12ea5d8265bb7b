"""What may be said of every comparison of a plan? Families of estimates from models and states, decided one by one."""

from __future__ import annotations

from collections.abc import Mapping
from math import nan, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.claims.identification import Attribution
from increase_eval.claims.joint import JointEstimates, family_covariance
from increase_eval.claims.plan import Comparison, plan_comparisons
from increase_eval.claims.verdicts import decide
from increase_eval.results import estimate_table
from increase_eval.study.structure import StateVariable
from increase_eval.study.study import Study

MODELS = {True: "baseline_constrained", False: "baseline_free"}
"""Whether chance allocated -> the model whose contrasts are judged: one T1 mean for all arms, or changes from T1."""

IN_CHANGE, IN_MEANS, IN_SHARES = "difference in change", "difference in means", "difference in shares"
UNADJUSTED = "share of respondents of one wave, unadjusted, Wald standard error"
POWER, DRAWS = 0.8, 10_000
OVER_SITES, LEAST_DF = "clustered by site", 4.0
"""What the sensitivity table calls errors over sites, and the fewest degrees of freedom at which they are taken."""


def verdict_table(
    study: Study,
    plan: pd.DataFrame,
    *,
    contrasts: pd.DataFrame | None,
    states: pd.DataFrame | None,
    participants: pd.DataFrame,
    attributions: Mapping[str, Attribution],
    joint: Mapping[str, JointEstimates] | None = None,
    clustered: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Decide every comparison of every family of a plan.

    Parameters
    ----------
    study
        The plan.
    plan
        The table `analysis_plan`: which comparisons were declared before looking.
    contrasts
        The table `score_contrasts`, where the study has scales.
    states, participants
        As stored; for estimands that are shares of a state.
    attributions
        Contrast -> to what it can be put down.
    joint
        How the comparisons of each scale vary together, for Romano-Wolf p values; what is not in it varies by itself.
    clustered
        The table `score_sensitivity`, where the study has it: for errors over sites.

    Returns
    -------
    DataFrame
        An estimate table, eight rows a comparison at most, see :meth:`Verdicts.to_frame`: `outcome` the scale or
        variable, `contrast` the plan's id, `wave`, ``by_family``, ``by_estimand``, ``by_unit`` (``points``, ``sd``,
        ``share``), ``by_errors`` (``model``, ``clustered by site``, ``wald``), ``by_plan`` (``declared``, ``post hoc``,
        ``not recorded``). Under ``difference``, `verdict` is the
        statistical label and `status` the attribution; comparisons that nothing estimates are *not estimable*.

    Notes
    -----
    The estimates are those of one model: with one mean at T1 for all arms where chance allocated, else of changes, each
    arm from its own mean. A margin in standard deviations is held to the estimate in standard deviations. States have
    no declared margin: that they are equivalent is never shown. Where chance did not allocate and people belong to
    sites, standard errors and degrees of freedom are those over sites (CR2, Satterthwaite), conditional on the
    providers that there are, unless these have fewer than four degrees of freedom; in standard deviations they are
    scaled as the model's.
    """
    said = plan.set_index(["family", "estimand", "contrast"])["status"]
    parts = []
    for at, family in enumerate(study.analysis.families):
        own = [one for one in plan_comparisons(study) if one.family.id == family.id]
        plain = [_estimate(study, one, contrasts, states, participants) for one in own]
        rows = [_over_sites(study, one, row, clustered) for one, row in zip(own, plain, strict=True)]
        for row, one in zip(rows, own, strict=True):
            row["by_plan"] = said.get((family.id, one.estimand.id, one.contrast.id))
        made = decide(
            pd.DataFrame(rows),
            margin=[one.margin for one in own],
            alpha=family.error_rate,
            family_size=len(own),
            attribution=attributions,
            adjustment=family.adjustment,
            exploratory=family.exploratory,
            power=POWER,
            covariance=_covariance(own, rows, joint or {}),
            draws=study.analysis.draws.get("romano_wolf", DRAWS),
            rng=np.random.default_rng([study.analysis.seed, at]),
        )
        parts.append(made.to_frame())
    if not parts:
        return estimate_table([])
    table = pd.concat(parts, ignore_index=True)
    # A margin beside nothing would be an estimate on nobody.
    return estimate_table(table[table["n"].notna() | table["estimate"].isna()])


def _covariance(
    own: list[Comparison], rows: list[dict[str, Any]], joint: Mapping[str, JointEstimates]
) -> npt.NDArray[np.float64]:
    """Give how the members of a family vary together."""
    members = []
    for one in own:
        since = one.estimand.since if one.estimand.summary == "mean_change" else None
        members.append((one.estimand.outcome, (one.contrast.id, one.estimand.wave, since)))
    return family_covariance(members, joint, np.array([float(row["std_error"]) for row in rows]))


def _estimate(
    study: Study,
    one: Comparison,
    contrasts: pd.DataFrame | None,
    states: pd.DataFrame | None,
    participants: pd.DataFrame,
) -> dict[str, Any]:
    """Find or work out the estimate of one comparison; without one, its numbers are missing."""
    estimand = one.estimand
    is_state = estimand.summary in ("share", "risk_difference")
    unit = "share" if is_state else one.margin_unit or "points"
    head: dict[str, Any] = {"outcome": estimand.outcome, "contrast": one.contrast.id, "wave": estimand.wave}
    head |= {"by_family": one.family.id, "by_estimand": estimand.id, "by_unit": unit}
    head |= {"by_errors": "wald" if is_state else "model"}
    blank = {"estimate": nan, "std_error": nan, "df": nan, "n": None, "n_dropped": None}
    if is_state:
        found = _difference_in_shares(study, one, states, participants) if states is not None else {}
    else:
        found = _from_models(study, one, contrasts, unit) if contrasts is not None else {}
    return {**head, **blank, **found}


def _over_sites(study: Study, one: Comparison, row: dict[str, Any], clustered: pd.DataFrame | None) -> dict[str, Any]:
    """Put the error over sites in the place of the model's, where there is one that can be had."""
    is_change = one.estimand.summary == "mean_change"
    if clustered is None or "randomised" in study.capabilities or not is_change:
        return row
    own = clustered[
        (clustered["outcome"] == row["outcome"])
        & (clustered["contrast"] == row["contrast"])
        & (clustered["wave"] == row["wave"])
        & (clustered["term"] == IN_CHANGE)
        & clustered["by_since"].eq(one.estimand.since or "").fillna(False)
    ]
    found = {name: own[own["by_analysis"] == name] for name in ("model", OVER_SITES)}
    if any(len(rows) != 1 for rows in found.values()):
        return row
    model, sites = found["model"].iloc[0], found[OVER_SITES].iloc[0]
    known = pd.notna(sites["std_error"]) and pd.notna(sites["df"]) and pd.notna(model["std_error"])
    if not known or sites["df"] < LEAST_DF or model["std_error"] <= 0:
        return row
    error = float(sites["std_error"]) * float(row["std_error"]) / float(model["std_error"])
    return {**row, "std_error": error, "df": float(sites["df"]), "by_errors": OVER_SITES}


def _from_models(study: Study, one: Comparison, contrasts: pd.DataFrame, unit: str) -> dict[str, Any]:
    is_change = one.estimand.summary == "mean_change"
    since = one.estimand.since if is_change else None
    own = contrasts[
        (contrasts["outcome"] == one.estimand.outcome)
        & (contrasts["term"] == (IN_CHANGE if is_change else IN_MEANS))
        & (contrasts["contrast"] == one.contrast.id)
        & (contrasts["wave"] == one.estimand.wave)
        & (contrasts["by_unit"] == unit)
        & (contrasts["by_adjustment"] == "none")
        & (contrasts["by_since"].isna() if since is None else contrasts["by_since"].eq(since).fillna(False))
    ]
    for model in dict.fromkeys((MODELS["randomised" in study.capabilities], *MODELS.values())):
        rows = own[own["by_model"] == model]
        if len(rows):
            row = rows.iloc[0]
            return {name: row[name] for name in ("estimate", "std_error", "df", "n", "n_dropped")}
    return {}


def _difference_in_shares(
    study: Study, one: Comparison, states: pd.DataFrame, participants: pd.DataFrame
) -> dict[str, Any]:
    """Compare the shares of two arms in the states that count, among the respondents of a wave."""
    variable = next((each for each in study.head.states if each.id == one.estimand.outcome), None)
    if variable is None:
        return {}
    at_wave = states[(states["variable"] == variable.id) & (states["wave"] == one.estimand.wave)].dropna(subset="state")
    known = at_wave.merge(participants[["participant", "arm"]], on="participant", validate="one_to_one")
    counts = []
    for arm in (one.contrast.first, one.contrast.second):
        own = known[known["arm"] == arm]
        counts.append((int(own["state"].isin(counted_states(variable)).sum()), len(own)))
    if any(n == 0 for _, n in counts):
        return {}
    (x1, n1), (x2, n2) = counts
    variance = x1 * (n1 - x1) / n1**3 + x2 * (n2 - x2) / n2**3
    return {"estimate": x2 / n2 - x1 / n1, "std_error": sqrt(variance), "n": n1 + n2, "n_dropped": 0}


def counted_states(variable: StateVariable) -> tuple[str, ...]:
    """Give the states whose share is meant: see the variable's ``counted``."""
    return variable.counted
