"""What may be said of every comparison of a plan? Families of estimates from models and states, decided one by one."""

from __future__ import annotations

from collections.abc import Mapping
from math import nan
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.claims.clustering import MODEL, OVER_SITES, design_effect, over_sites
from increase_eval.claims.identification import Attribution
from increase_eval.claims.joint import JointEstimates, family_covariance
from increase_eval.claims.plan import Comparison, plan_comparisons
from increase_eval.claims.state_differences import state_difference
from increase_eval.claims.verdicts import decide
from increase_eval.results import estimate_table
from increase_eval.study.study import Study

MODELS = {True: "baseline_constrained", False: "baseline_free"}
"""Whether chance allocated -> the model whose contrasts are judged: one T1 mean for all arms, or changes from T1."""

IN_CHANGE, IN_MEANS = "difference in change", "difference in means"
POWER, DRAWS = 0.8, 10_000
SHARES = ("share", "risk_difference")
"""Summaries of estimands that are about states."""


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
    adjusted: pd.DataFrame | None = None,
    components: pd.DataFrame | None = None,
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
    adjusted
        The table `adjusted_contrasts`, where the study has it: for standardised differences of shares.
    components
        The table `variance_components`, where the study has it: for what clustering costs where errors do not hold it.

    Returns
    -------
    DataFrame
        An estimate table, nine rows a comparison at most, see :meth:`Verdicts.to_frame`: `outcome` the scale or
        variable, `contrast` the plan's id, `wave`, ``by_family``, ``by_estimand``, ``by_unit`` (``points``, ``sd``,
        ``share``), ``by_errors`` (``model``, ``clustered by site``, ``stacked equations``, ``wald``), ``by_plan``
        (``declared``, ``post hoc``, ``not recorded``). Under ``difference``, `verdict` is the
        statistical label and `status` the attribution; comparisons that nothing estimates are *not estimable*.

    Notes
    -----
    The estimates are those of one model: with one mean at T1 for all arms where chance allocated, else of changes, each
    arm from its own mean. A margin in standard deviations is held to the estimate in standard deviations. Shares of
    states are standardised to everybody compared, by a logit of arm, the declared covariates and the state before;
    where that cannot be had they are as they were counted, with Wald's error (``wald``). They are equivalent only where
    the plan declares a margin for them. Where chance did not allocate and people belong to
    sites, standard errors and degrees of freedom are those over sites (CR2, Satterthwaite; for shares stacked
    equations summed by site), conditional on the
    providers that there are, unless these have fewer than four degrees of freedom; in standard deviations they are
    scaled as the model's. The design effect is the ratio of the variance over sites to that without; where errors are
    not over sites, that of the intraclass correlation of the sites, by which what could be seen is widened.
    """
    said = plan.set_index(["family", "estimand", "contrast"])["status"]
    parts = []
    for at, family in enumerate(study.analysis.families):
        own = [one for one in plan_comparisons(study) if one.family.id == family.id]
        plain = [_estimate(study, one, contrasts, states, participants, adjusted) for one in own]
        rows = [_clustered(study, one, row, clustered, components) for one, row in zip(own, plain, strict=True)]
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
            design_effect=[row["design_effect"] for row in rows],
            held_effect=[row["held_effect"] for row in rows],
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
    adjusted: pd.DataFrame | None,
) -> dict[str, Any]:
    """Find or work out the estimate of one comparison; without one, its numbers are missing."""
    estimand = one.estimand
    is_state = estimand.summary in SHARES
    unit = "share" if is_state else one.margin_unit or "points"
    head: dict[str, Any] = {"outcome": estimand.outcome, "contrast": one.contrast.id, "wave": estimand.wave}
    head |= {"by_family": one.family.id, "by_estimand": estimand.id, "by_unit": unit, "by_errors": MODEL}
    blank = {"estimate": nan, "std_error": nan, "df": nan, "n": None, "n_dropped": None}
    blank |= {"design_effect": 1.0, "held_effect": 1.0}
    if is_state:
        found = state_difference(study, one, states, participants, adjusted) if states is not None else {}
    else:
        found = _from_models(study, one, contrasts, unit) if contrasts is not None else {}
    return {**head, **blank, **found}


def _clustered(
    study: Study,
    one: Comparison,
    row: dict[str, Any],
    clustered: pd.DataFrame | None,
    components: pd.DataFrame | None,
) -> dict[str, Any]:
    """Count sites as clusters: in the error of a change where that can be had, else in what could be seen."""
    estimand = one.estimand
    if "randomised" in study.capabilities or estimand.summary in SHARES:
        return row
    since = estimand.since if estimand.summary == "mean_change" else None
    if clustered is not None and since is not None:
        own = clustered[
            (clustered["outcome"] == row["outcome"])
            & (clustered["contrast"] == row["contrast"])
            & (clustered["wave"] == row["wave"])
            & (clustered["term"] == IN_CHANGE)
            & clustered["by_since"].eq(since).fillna(False)
        ]
        row = over_sites(row, *(own[own["by_analysis"] == name] for name in (MODEL, OVER_SITES)))
    if row["by_errors"] == OVER_SITES:
        return row
    return {**row, "design_effect": design_effect(study, components, estimand.outcome, since, estimand.wave)}


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
