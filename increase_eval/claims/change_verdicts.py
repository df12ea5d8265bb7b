"""What may be said of each arm's own change? A verdict against no change, and against the smallest change that matters.

An estimand that is a mean change is about each arm "with itself before" as much as about differences between arms. What
changed in an arm may have changed without it: no control tells, so that no such change is put down to the arm.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import nan
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.claims.clustering import MODEL, OVER_SITES, design_effect, over_sites
from increase_eval.claims.identification import Attribution
from increase_eval.claims.identification.attribution import NOT_SEPARABLE
from increase_eval.claims.plan import Comparison, plan_comparisons
from increase_eval.claims.study_verdicts import DRAWS, POWER
from increase_eval.claims.verdicts import decide
from increase_eval.comparison.score_models.clustered_changes import ArmChanges
from increase_eval.results import estimate_table
from increase_eval.study.plan import Family
from increase_eval.study.study import Study

CHANGE, FREE = "change", "baseline_free"
TIME = "time"
"""The factor that a change cannot be told from: whatever else changed meanwhile."""
STREAM = 1_000
"""Added to a family's place: its changes draw from a stream of their own."""


def change_verdict_table(
    study: Study,
    plan: pd.DataFrame,
    *,
    changes: pd.DataFrame,
    arm_changes: Mapping[str, ArmChanges] | None = None,
    components: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Decide each arm's change of every mean change that a family of the plan is about.

    Parameters
    ----------
    study
        The plan.
    plan
        The table `analysis_plan`: an estimand was declared when its comparisons were.
    changes
        The table `score_changes`.
    arm_changes
        Scale -> errors over sites, and how changes vary together.
    components
        The table `variance_components`, where the study has it.

    Returns
    -------
    DataFrame
        An estimate table as that of :func:`~increase_eval.claims.study_verdicts.verdict_table`: `contrast`
        ``t1 -> t2``, ``by_arm``, ``by_family``, ``by_estimand``, ``by_unit``, ``by_errors``, ``by_plan``. Under
        ``difference`` `verdict` says whether the change differs from nought, and `status` is ``not separable``.

    Notes
    -----
    A family of changes has the error rate, margins and rule of the plan's family; K is the number of its mean changes
    times the number of arms, since every arm's change at every wave is told. The two kinds of families
    do not share an error rate: each answers a question of its own. Estimates come from the model of changes, each arm
    from its own mean, also where chance allocated; errors are over sites where chance did not allocate and four
    degrees of freedom are there, else the model's.

    References
    ----------
    As for :func:`~increase_eval.claims.verdicts.decide.decide`.

    Checked against hand computation in ``tests/unit/claims/test_change_verdicts.py``.
    """
    parts = []
    for at, family in enumerate(study.analysis.families):
        members = _members(study, family)
        if not members:
            continue
        rows = [_row(study, one, arm, plan, changes, arm_changes or {}, components) for one, arm in members]
        keys = [(arm, one.estimand.since or "", one.estimand.wave) for one, arm in members]
        names = pd.DataFrame(rows)
        made = decide(
            names.assign(contrast=[_attributed(arm) for _, arm in members]),
            margin=[one.margin for one, _ in members],
            alpha=family.error_rate,
            family_size=len(members),
            attribution={_attributed(arm): Attribution(NOT_SEPARABLE, factors=(TIME,)) for arm in study.arm_ids},
            adjustment=family.adjustment,
            exploratory=family.exploratory,
            power=POWER,
            design_effect=[row["design_effect"] for row in rows],
            held_effect=[row["held_effect"] for row in rows],
            covariance=_covariance([row["outcome"] for row in rows], keys, names["std_error"], arm_changes or {}),
            draws=study.analysis.draws.get("romano_wolf", DRAWS),
            rng=np.random.default_rng([study.analysis.seed, STREAM + at]),
        )
        told = made.to_frame()
        since = {(one.estimand.id): f"{one.estimand.since} -> {one.estimand.wave}" for one, _ in members}
        parts.append(told.assign(contrast=told["by_estimand"].map(since)))
    if not parts:
        return estimate_table([], **dict.fromkeys(("by_arm", "by_family", "by_estimand", "by_unit"), ""))
    table = pd.concat(parts, ignore_index=True)
    return estimate_table(table[table["n"].notna() | table["estimate"].isna()])


def _attributed(arm: str) -> str:
    """Name a change for the table of what it can be put down to."""
    return f"change of {arm}"


def _members(study: Study, family: Family) -> list[tuple[Comparison, str]]:
    """Give each mean change of a family with each arm: one comparison stands for the estimand and its margin."""
    own = [one for one in plan_comparisons(study) if one.family.id == family.id]
    first = {one.estimand.id: one for one in reversed(own) if one.estimand.summary == "mean_change"}
    ordered = [one for one in dict.fromkeys(each.estimand.id for each in own) if one in first]
    return [(first[name], arm) for name in ordered for arm in study.arm_ids]


def _row(
    study: Study,
    one: Comparison,
    arm: str,
    plan: pd.DataFrame,
    changes: pd.DataFrame,
    arm_changes: Mapping[str, ArmChanges],
    components: pd.DataFrame | None,
) -> dict[str, Any]:
    estimand, unit = one.estimand, one.margin_unit or "points"
    recorded = plan[(plan["family"] == one.family.id) & (plan["estimand"] == estimand.id)]["status"].dropna().unique()
    row: dict[str, Any] = {"outcome": estimand.outcome, "wave": estimand.wave, "by_arm": arm}
    row |= {"by_family": one.family.id, "by_estimand": estimand.id, "by_unit": unit, "by_errors": MODEL}
    row |= {"by_plan": recorded[0] if len(recorded) == 1 else None, "design_effect": 1.0, "held_effect": 1.0}
    row |= {"estimate": nan, "std_error": nan, "df": nan, "n": None, "n_dropped": None}
    own = changes[
        (changes["outcome"] == estimand.outcome)
        & (changes["term"] == CHANGE)
        & (changes["contrast"] == f"{estimand.since} -> {estimand.wave}")
        & (changes["by_arm"] == arm)
        & (changes["by_model"] == FREE)
        & (changes["by_unit"] == unit)
    ]
    if len(own) != 1:
        return row
    row |= {name: own.iloc[0][name] for name in ("estimate", "std_error", "df", "n", "n_dropped")}
    if "randomised" in study.capabilities:
        return row
    known = arm_changes.get(estimand.outcome)
    if known is not None:
        errors = known.errors
        here = errors[(errors["wave"] == estimand.wave) & (errors["by_arm"] == arm)]
        here = here[here["by_since"] == estimand.since]
        row = over_sites(row, *(here[here["by_analysis"] == name] for name in (MODEL, OVER_SITES)))
    if row["by_errors"] == OVER_SITES:
        return row
    return {**row, "design_effect": design_effect(study, components, estimand.outcome, estimand.since, estimand.wave)}


def _covariance(
    outcomes: list[str],
    keys: list[tuple[str, str, str]],
    std_errors: pd.Series,
    arm_changes: Mapping[str, ArmChanges],
) -> npt.NDArray[np.float64]:
    """Put together how a family's changes vary together; different outcomes are taken as independent."""
    covariance = np.diag(np.nan_to_num(np.square(std_errors.to_numpy(dtype=float, na_value=np.nan))))
    places = [
        arm_changes[outcome].keys.index(key) if outcome in arm_changes and key in arm_changes[outcome].keys else None
        for outcome, key in zip(outcomes, keys, strict=True)
    ]
    for at, one in enumerate(places):
        for to, two in enumerate(places):
            if outcomes[at] == outcomes[to] and one is not None and two is not None:
                covariance[at, to] = arm_changes[outcomes[at]].covariance[one, two]
    return covariance
