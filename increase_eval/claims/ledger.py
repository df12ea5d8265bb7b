"""What came of every published claim? Regenerated, differs, infeasible, not identified, or not computable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise, product
from math import isnan, nan, sqrt
from typing import Any

import pandas as pd
from scipy import stats

from increase_eval.attrition.robustness.survival import BOUNDS, NOT_COMPARED
from increase_eval.claims.identification.attribution import NOT_SEPARABLE
from increase_eval.claims.published import read_published
from increase_eval.claims.study_design import attributions_of
from increase_eval.claims.verdicts import intersection_union
from increase_eval.errors import ContractError
from increase_eval.study.base import Text
from increase_eval.study.claims import PublishedPlan
from increase_eval.study.judged import Judged
from increase_eval.study.study import Study

REGENERATED, DIFFERS, INFEASIBLE = "regenerated", "differs", "infeasible"
NOT_IDENTIFIED, NOT_COMPUTABLE = "not identified", "not computable"
STATUSES = (REGENERATED, DIFFERS, INFEASIBLE, NOT_IDENTIFIED, NOT_COMPUTABLE)
LEDGER_COLUMNS = (
    "claim",
    "kind",
    "source",
    "status",
    "verdict",
    "estimate",
    "n",
    "conf_low",
    "conf_high",
    "p_value",
    "parts_failing",
    "robustness",
    "asset",
    "figure",
    "reason",
)
INSIDE = ("estimate", "n", "conf_low", "conf_high")
"""Columns that stay inside: what may be told of them stands in the tables that `asset` names."""

NUMBERS = (*INSIDE, "p_value")

SHOWN, NOT_SHOWN = "shown", "not shown"
ALPHA = 0.05
PERCENT = 100.0
PUBLISHED = "published_comparison"

Tables = Mapping[str, pd.DataFrame]


@dataclass(frozen=True, slots=True)
class _Finding:
    """What came of one claim, before it is a row."""

    status: str
    verdict: str | None = None
    p_value: float = nan
    failing: tuple[str, ...] = ()
    asset: str | None = None
    figure: str | None = None


def claims_ledger(study: Study, plan: PublishedPlan, tables: Tables) -> pd.DataFrame:
    """Say what came of every claim that others published.

    Parameters
    ----------
    study, plan
        The study, and how its published claims are judged.
    tables
        `published_comparison`, and where the study has them `feasible_counts`, `score_changes`, `score_means`,
        `verdicts`, `identification` and `robustness`.

    Returns
    -------
    DataFrame
        :data:`LEDGER_COLUMNS`, one row a row of ``published.csv``. `status` is one of :data:`STATUSES`; `verdict` is
        ``shown`` or ``not shown`` for claims that a test decides; `parts_failing` names what of a compound claim is not
        shown; `robustness` says of how many estimates, each arm under each way to treat those who left, are rises;
        `asset` and `figure` are where the numbers stand; `reason` says, in English, why nothing came of a claim.

    Raises
    ------
    ContractError
        If a claim is judged in two ways, or one is that is not published.

    Notes
    -----
    A figure is *regenerated* where it comes out again within its rounding, *infeasible* where it is part of a
    contradiction under the readings taken. A rise that is claimed to be significant and uniform needs every rise at
    alpha, one-sided, and equivalence at alpha of every contrast: an intersection-union test; where a part fails, what
    comes out *differs* from what was claimed. An order is regenerated where the estimates come in it; whether it is
    *shown* is another such test, over all pairs of neighbouring places. A claim of a cause is *not identified* without
    random allocation.
    """
    published = read_published(study, plan)
    rules = _rules(plan, set(published["id"]))
    compared = tables[PUBLISHED]
    status = compared[compared["term"] == "published"].set_index("outcome")["status"].to_dict()
    again = compared[compared["term"] == "recomputed"].set_index("outcome")
    clashing = _clashing(plan, tables.get("feasible_counts"))
    robust = _robustness(tables.get("robustness"))
    rows = []
    for claim, kind, source in zip(published["id"], published["value_type"], published["source"], strict=True):
        rule = rules.get(claim)
        found = (
            _judge(rule, study, tables, again)
            if rule is not None
            else _of_figure(str(status[claim]), is_clashing=claim in clashing)
        )
        numbers = again.loc[claim].to_dict() if claim in again.index else {}
        row = _row(claim, kind, source, found, numbers, _robust(rule, robust))
        reason = claim_reason(plan, claim) if found.status in (NOT_COMPUTABLE, NOT_IDENTIFIED) else None
        told = reason.in_language("en") if reason is not None else None
        rows.append({**row, "reason": told or (NO_RULE if found.status == NOT_COMPUTABLE else None)})
    frame = pd.DataFrame(rows, columns=list(LEDGER_COLUMNS))
    types = {name: "Int64" if name == "n" else "float64" for name in NUMBERS}
    return frame.astype({name: types.get(name, "string") for name in LEDGER_COLUMNS})


def _row(
    claim: str, kind: str, source: str, found: _Finding, numbers: Mapping[Any, Any], robustness: str | None
) -> dict[str, Any]:
    return {
        "claim": claim,
        "kind": kind,
        "source": source,
        "status": found.status,
        "verdict": found.verdict,
        **{name: numbers.get(name) for name in ("estimate", "n", "conf_low", "conf_high")},
        "p_value": found.p_value,
        "parts_failing": ", ".join(found.failing) or None,
        "robustness": robustness,
        "asset": found.asset,
        "figure": found.figure,
    }


NO_RULE = "no rule of the plan judges it"


def claim_reason(plan: PublishedPlan, claim: str) -> Text | None:
    """Give the contract's reason why a claim cannot be worked out or judged; None where it says nothing of it."""
    for group in plan.not_computable:
        if claim in group.ids:
            return group.reason
    return next((rule.reason for rule in plan.judged if claim in rule.ids), None)


def _rules(plan: PublishedPlan, published: set[str]) -> dict[str, Judged]:
    named = [(claim, rule) for rule in plan.judged for claim in rule.ids]
    names = [claim for claim, _ in named]
    covered = {*plan.recomputed, *(figure for group in plan.not_computable for figure in group.ids)}
    problems = [f"{claim!r} is judged twice" for claim in sorted({n for n in names if names.count(n) > 1})]
    problems += [f"{claim!r} is not in published.csv" for claim in sorted(set(names) - published)]
    problems += [f"{claim!r} is judged, and a figure as well" for claim in sorted(set(names) & covered)]
    if problems:
        raise ContractError("`judged` of published.yaml does not fit published.csv", problems)
    return dict(named)


def _of_figure(status: str, *, is_clashing: bool) -> _Finding:
    if is_clashing:
        return _Finding(INFEASIBLE, asset="feasible_counts")
    if status.startswith("reproduced"):
        return _Finding(REGENERATED, asset=PUBLISHED, figure="published")
    if status == DIFFERS:
        return _Finding(DIFFERS, asset=PUBLISHED, figure="published")
    return _Finding(NOT_COMPUTABLE)


def _clashing(plan: PublishedPlan, feasible: pd.DataFrame | None) -> set[str]:
    """Give the figures in contradictions under the readings taken."""
    if feasible is None or plan.counts is None:
        return set()
    taken = {f"{choice.id}={choice.options[0].id}" for choice in plan.counts.choices}
    found = set()
    for row in feasible[feasible["item"] == "conflict"].to_dict("records"):
        options = set() if pd.isna(row["option"]) or not row["option"] else set(str(row["option"]).split(", "))
        if options <= taken:
            found.update(str(row["statements"]).split(", "))
    return found


def _judge(rule: Judged, study: Study, tables: Tables, again: pd.DataFrame) -> _Finding:
    if rule.kind == "rise":
        return _rise(rule, study, tables)
    if rule.kind == "order_of_figures":
        recomputed = again.to_dict("index")
        values = {one: _of_share(recomputed[one]) for tie in rule.figures for one in tie if one in recomputed}
        return _order(rule.figures, values, PUBLISHED, "published")
    if rule.kind == "order_of_means":
        return _order(rule.arms, _means(rule, tables), "score_means", "trajectories")
    if rule.kind == "unit":
        return _Finding(REGENERATED if _unit_fits(rule, study) else DIFFERS, asset="contract: study.yaml")
    if rule.kind == "no_control":
        is_so = study.head.control_arm is None and "randomised" not in study.capabilities
        return _Finding(REGENERATED if is_so else DIFFERS, asset="contract: study.yaml")
    if rule.kind == "not_separable":
        return _not_separable(rule, tables)
    return _Finding(NOT_IDENTIFIED if rule.kind == "not_identified" else NOT_COMPUTABLE)


def _rise(rule: Judged, study: Study, tables: Tables) -> _Finding:
    """Test every rise one-sided, and where it is claimed to be uniform equivalence in every contrast."""
    parts: dict[str, float] = {}
    changes = tables.get("score_changes")
    for outcome in rule.outcomes:
        parts[f"{outcome} rises"] = nan if changes is None else _one_sided(changes, outcome, rule)
    verdicts = tables.get("verdicts")
    if rule.uniform:
        for outcome, contrast in product(rule.outcomes, [one.id for one in study.analysis.contrasts]):
            name = f"{outcome} alike in {contrast}"
            parts[name] = nan if verdicts is None else _equivalence(verdicts, outcome, contrast, rule)
    if all(isnan(p) for name, p in parts.items() if name.endswith(" rises")):
        return _Finding(NOT_COMPUTABLE)
    claim = intersection_union(parts, alpha=ALPHA)
    status, verdict = (REGENERATED, SHOWN) if claim.is_shown else (DIFFERS, NOT_SHOWN)
    return _Finding(status, verdict, claim.p_value, claim.failing, "score_changes", "trajectories")


def _one_sided(changes: pd.DataFrame, outcome: str, rule: Judged) -> float:
    """Give the p value of no rise, of everybody, under the model of changes."""
    own = changes[
        (changes["outcome"] == outcome)
        & (changes["contrast"] == f"{rule.since} -> {rule.wave}")
        & (changes["by_arm"] == "all")
        & (changes["by_model"] == "baseline_free")
        & (changes["by_unit"] == "points")
    ]
    if own.empty or own["p_value"].isna().all():
        return nan
    row = own.iloc[0]
    half = float(row["p_value"]) / 2
    return half if row["estimate"] > 0 else 1 - half


def _equivalence(verdicts: pd.DataFrame, outcome: str, contrast: str, rule: Judged) -> float:
    own = verdicts[
        (verdicts["outcome"] == outcome)
        & (verdicts["contrast"] == contrast)
        & (verdicts["wave"] == rule.wave)
        & (verdicts["term"] == "equivalence")
    ]
    return nan if own.empty or pd.isna(own["p_value"].iloc[0]) else float(own["p_value"].iloc[0])


def _order(
    places: tuple[tuple[str, ...], ...], values: Mapping[str, tuple[float, float]], asset: str, figure: str
) -> _Finding:
    """Compare every pair of neighbouring places: are the estimates in this order, and is each step shown?"""
    names = [name for tie in places for name in tie]
    if any(name not in values or isnan(values[name][0]) for name in names):
        return _Finding(NOT_COMPUTABLE)
    steps = {}
    for higher, lower in pairwise(places):
        for one, other in product(higher, lower):
            (a, error), (b, other_error) = values[one], values[other]
            spread = sqrt(error**2 + other_error**2)
            steps[f"{one} above {other}"] = (a - b, float(stats.norm.sf((a - b) / spread)) if spread else nan)
    claim = intersection_union({name: p for name, (_, p) in steps.items()}, alpha=ALPHA)
    in_order = all(gap > 0 for gap, _ in steps.values())
    status, verdict = REGENERATED if in_order else DIFFERS, SHOWN if claim.is_shown else NOT_SHOWN
    return _Finding(status, verdict, claim.p_value, claim.failing, asset, figure)


def _of_share(row: Mapping[Any, Any]) -> tuple[float, float]:
    """Give a recomputed share and its standard error."""
    n = 0 if pd.isna(row["n"]) else int(row["n"])
    if n == 0 or pd.isna(row["estimate"]):
        return nan, nan
    share = float(row["estimate"]) / PERCENT
    return share, sqrt(share * (1 - share) / n)


def _means(rule: Judged, tables: Tables) -> dict[str, tuple[float, float]]:
    means = tables.get("score_means")
    if means is None:
        return {}
    own = means[
        (means["outcome"] == rule.outcomes[0])
        & (means["wave"] == rule.wave)
        & (means["term"] == "mean")
        & (means["by_model"] == "baseline_free")
    ].dropna(subset=["estimate", "std_error"])
    rows = zip(own["by_arm"], own["estimate"], own["std_error"], strict=True)
    return {str(arm): (float(value), float(error)) for arm, value, error in rows}


def _unit_fits(rule: Judged, study: Study) -> bool:
    units = next((level.units for level in study.head.levels if level.id == rule.level), ())
    unit = next((one for one in units if one.id == rule.unit), None)
    return (
        unit is not None
        and unit.arm == rule.arm
        and all(unit.attributes.get(name) == value for name, value in rule.where.items())
    )


def _not_separable(rule: Judged, tables: Tables) -> _Finding:
    table = tables.get("identification")
    if table is None:
        return _Finding(NOT_COMPUTABLE)
    known = attributions_of(table).values()
    is_so = bool(known) and all(one.label == NOT_SEPARABLE and set(one.factors) & set(rule.factors) for one in known)
    return _Finding(REGENERATED if is_so else DIFFERS, asset="identification")


EVERYBODY = "all"
"""What ``by_arm`` says of all arms together, who are no arm of their own."""


def _robustness(table: pd.DataFrame | None) -> dict[tuple[str, str], str]:
    """Say by outcome and wave how many estimates of a change, arm by arm and method by method, are rises.

    Bounds are one way to treat those who left, and a rise where both ends are one.
    """
    if table is None:
        return {}
    rows = table[(table["term"] == "change") & table["estimate"].notna() & ~table["by_method"].isin(NOT_COMPARED)]
    rows = rows[rows["by_arm"] != EVERYBODY]
    ways = rows["by_method"].where(~rows["by_method"].isin(BOUNDS), "bounds").rename("way")
    least = rows.groupby(["outcome", "wave", "by_arm", ways], observed=True)["estimate"].min()
    by_claim = (least > 0).groupby(level=["outcome", "wave"]).agg(["sum", "size"])
    return {
        (str(outcome), str(wave)): f"{held}/{size}"
        for (outcome, wave), held, size in zip(by_claim.index, by_claim["sum"], by_claim["size"], strict=True)
    }


def _robust(rule: Judged | None, robust: Mapping[tuple[str, str], str]) -> str | None:
    """Give it for each outcome of a rise."""
    if rule is None or rule.kind != "rise":
        return None
    found = [f"{one} {robust[one, str(rule.wave)]}" for one in rule.outcomes if (one, str(rule.wave)) in robust]
    return ", ".join(found) or None
