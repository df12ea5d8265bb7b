"""Tables with ways of their own to leave: printed figures, targets, overlaps, items, and gaps between counts.

What :func:`~increase_eval.reporting.disclosure.protect_tables` knows of an estimate table does not hold here: a target
is no number of people, a printed figure has no n, an item table is wide, and gaps are no groups of people.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import pandas as pd

from increase_eval.claims.ledger import INSIDE
from increase_eval.claims.published import read_published
from increase_eval.reporting.disclosure import SUPPRESSED, protect, protect_tables
from increase_eval.reporting.tables import records
from increase_eval.results import NUMBER_COLUMNS, estimate_table
from increase_eval.study.claims import Recipe
from increase_eval.study.study import Study

Safe: TypeAlias = Mapping[str, pd.DataFrame]

NO_PEOPLE = ("units", "pathway_steps", "arms", "target", "cost_total")
"""Kinds of published figures that count no people."""

PERCENT = 100.0
PUBLIC = "already_public"
TOTAL = "all"

GAP_COLUMNS = ("rule", "unit", "months", "first", "last", "largest_gap")


def targets_that_leave(study: Study, targets: pd.DataFrame, safe: Safe) -> pd.DataFrame:
    """Which targets may be told? Those whose steps are all shown, in total, where the pathway and outcomes are told.

    Parameters
    ----------
    study
        The contract, for the steps of each reading of a target and for the threshold.
    targets
        The table `targets`.
    safe
        The protected tables `pathway` and `service_outcomes`, where they leave as well.

    Returns
    -------
    DataFrame
        The same rows; suppressed ones have neither numbers nor a verdict. `n` is the target, and stays.
    """
    hidden = {step for name in ("pathway", "service_outcomes") for step in _hidden_totals(safe.get(name))}
    services = study.services
    readings = {
        (target.id, reading): steps
        for target in (services.targets if services is not None else ())
        for reading, steps in (("as stated", target.steps), *((r.id, r.steps) for r in target.readings))
    }
    small = targets["estimate"].between(1, study.head.privacy.threshold - 1)
    keys = zip(targets["outcome"], targets["term"], strict=True)
    unknown = pd.Series([bool(hidden & set(readings.get(key, ()))) for key in keys], index=targets.index)
    return _blanked(targets, small | unknown)


def published_that_leaves(study: Study, comparison: pd.DataFrame, _: Safe) -> pd.DataFrame:
    """Which recomputed figures may be told beside the printed ones?

    Parameters
    ----------
    study
        The contract, with ``published.yaml``; a column `already_public` of ``published.csv`` that is not ``true``
        keeps a printed figure from being repeated.
    comparison
        The table `published_comparison`.

    Returns
    -------
    DataFrame
        The same rows. A recomputed figure that stands on a small number of people, or gives one away together with
        the others, is suppressed; its printed row keeps what was printed, and says what came of the comparison.
    """
    if study.published is None:
        return comparison
    printed = read_published(study, study.published)
    public = printed[PUBLIC].astype("str").str.lower() if PUBLIC in printed else pd.Series("true", index=printed.index)
    secret = set(printed.loc[public != "true", "id"])
    is_recomputed = (comparison["term"] == "recomputed").fillna(False)
    people = comparison[is_recomputed & comparison["outcome"].map(lambda name: _counts_people(study, name))]
    rows = [_as_estimate(row, study.published.recomputed[row["outcome"]]) for row in records(people)]
    table = estimate_table(pd.DataFrame(rows, columns=["outcome", "contrast", "estimate", "n", "by_arm"]))
    # Two figures worked out in the same way are one row, or its count would seem to stand twice.
    once = table.drop_duplicates(["outcome", "contrast", "by_arm"])
    shown = protect(once, threshold=study.head.privacy.threshold)
    keys = list(zip(shown["outcome"], shown["contrast"], shown["by_arm"], strict=True))
    withheld = {
        key for key, status in zip(keys, shown["status"] == SUPPRESSED, strict=True) if pd.notna(status) and status
    }
    own = zip(table["outcome"], table["contrast"], table["by_arm"], strict=True)
    hidden = pd.Series([key in withheld for key in own], index=people.index).reindex(comparison.index, fill_value=False)
    is_secret = comparison["outcome"].isin(secret)
    safe = _blanked(comparison, hidden | is_secret)
    safe.loc[hidden | is_secret, "n"] = pd.NA
    return safe


def overlap_that_leaves(_: Study, overlap: pd.DataFrame, safe: Safe) -> pd.DataFrame:
    """Take away the people with either outcome where those with both are suppressed: one would give the other away."""
    shown = safe.get("outcome_overlap", overlap).copy()
    if "status" in shown:
        shown.loc[(shown["status"] == SUPPRESSED).fillna(False), "n"] = pd.NA
    return shown


def unresolved_that_leave(study: Study, table: pd.DataFrame, safe: Safe) -> pd.DataFrame:
    """Which readings of the rows under unknown keys may be told? Those of shares that the response flow shows.

    Parameters
    ----------
    study
        The contract, for the threshold.
    table
        The table `unresolved_links`.
    safe
        The protected table `response_flow`, where it leaves as well.

    Returns
    -------
    DataFrame
        The same rows. A wave and denominator that the flow withholds, or that stands on so few people, is suppressed in
        every reading. How many rows are unresolved follows from two readings that are shown: it is a number of answer
        sheets that nobody has been named for, and no number of people with anything in common.
    """
    threshold = study.head.privacy.threshold
    counts = (table["estimate"] * table["n"]).round()
    small = counts.between(1, threshold - 1) | (table["n"] - counts).between(1, threshold - 1)
    small |= table["n"].between(1, threshold - 1)
    shown = _shown_in_flow(safe["response_flow"]) if "response_flow" in safe else None
    about = list(zip(table["wave"], table["term"], strict=True))
    unsafe = {key for key, few in zip(about, small.fillna(False), strict=True) if few}
    hidden = pd.Series([key in unsafe or (shown is not None and key not in shown) for key in about], index=table.index)
    left = _blanked(table, hidden)
    left.loc[hidden, ["n", "n_dropped"]] = pd.NA
    left["n_dropped"] = left["n_dropped"].mask(left["n_dropped"].between(1, threshold - 1).fillna(False))
    return left


def _shown_in_flow(flow: pd.DataFrame) -> set[tuple[str, str]]:
    """Give the waves and denominators whose share of everybody the response flow shows."""
    is_shown = flow["estimate"].notna()
    for column in (name for name in flow.columns if name.startswith("by_")):
        is_shown &= (flow[column] == TOTAL).fillna(False)
    return set(zip(flow.loc[is_shown, "wave"], flow.loc[is_shown, "term"], strict=True))


SPECIAL_ESTIMATES: Mapping[str, Callable[[Study, pd.DataFrame, Safe], pd.DataFrame]] = {
    "targets": targets_that_leave,
    "published_comparison": published_that_leaves,
    "outcome_overlap": overlap_that_leaves,
    "unresolved_links": unresolved_that_leave,
}
"""Estimate table -> what makes it safe, after the others are."""


def items_that_leave(study: Study, items: pd.DataFrame) -> pd.DataFrame:
    """Which numbers of the item table may be told?

    Parameters
    ----------
    study
        The contract, for the threshold and the kinds of scales.
    items
        The table `item_table`.

    Returns
    -------
    DataFrame
        The same rows and columns, and `status`. Shares at floor and ceiling of so few people are missing (``[c]`` in
        reports); small numbers of missing answers are removed and the row stays; of an item on so few people
        everything is removed, and `status` says ``suppressed``. Scales of one item lose floor and ceiling: the
        distribution of their scores tells them, and is protected for itself.
    """
    threshold = study.head.privacy.threshold
    single = {scale.id for scale in study.scales if scale.rule == "single"}
    ends = {end: _end_rows(items, end, single) for end in ("floor", "ceiling")}
    shown = protect_tables(
        {end: table for end, table in ends.items() if len(table)},
        threshold=threshold,
        measures=dict.fromkeys(ends, "share"),
    )
    safe = items.copy()
    for end in ends:
        safe[end] = shown[end]["estimate"].reindex(items.index) if end in shown else float("nan")
    few_missing = items["n_missing"].between(1, threshold - 1)
    safe["n_missing"] = items["n_missing"].astype("Int64").mask(few_missing)
    safe["share_missing"] = items["share_missing"].mask(few_missing)
    thin = items["n"].between(1, threshold - 1)
    numbers = [column for column in items.columns if column not in ("scale", "wave", "item")]
    safe["n"] = safe["n"].astype("Int64")
    safe.loc[thin, numbers] = pd.NA
    safe["status"] = pd.Series(pd.NA, index=items.index, dtype="string").mask(thin, SUPPRESSED)
    return safe


def gaps_that_leave(study: Study, exceptions: pd.DataFrame) -> pd.DataFrame:
    """In which months of which units do counts not fit, and by how many people at most?

    Parameters
    ----------
    study
        The contract, for the threshold.
    exceptions
        The table `reconciliation_exceptions`.

    Returns
    -------
    DataFrame
        One row a rule and unit: :data:`GAP_COLUMNS`. A gap of fewer people than the threshold is missing.
    """
    if exceptions.empty:
        return pd.DataFrame(columns=list(GAP_COLUMNS))
    gap = (exceptions["smaller"] - exceptions["larger"]).abs()
    groups = exceptions.assign(gap=gap).groupby(["rule", "unit"], sort=False, observed=True)
    told = groups.agg(
        months=("month", "size"), first=("month", "min"), last=("month", "max"), largest_gap=("gap", "max")
    )
    told["months"] = told["months"].astype("int64")
    told["largest_gap"] = told["largest_gap"].astype("Int64").mask(told["largest_gap"] < study.head.privacy.threshold)
    return told.reset_index()


def ledger_that_leaves(_: Study, ledger: pd.DataFrame) -> pd.DataFrame:
    """Give what came of each published claim without numbers of people, which stand protected in other tables.

    Parameters
    ----------
    ledger
        The table `claims_ledger`.

    Returns
    -------
    DataFrame
        The same rows without :data:`~increase_eval.claims.ledger.INSIDE`.
    """
    return ledger.drop(columns=list(INSIDE))


SPECIAL_TABLES: Mapping[str, Callable[[Study, pd.DataFrame], pd.DataFrame]] = {
    "claims_ledger": ledger_that_leaves,
    "item_table": items_that_leave,
    "reconciliation_exceptions": gaps_that_leave,
}
"""Table that holds no estimates in the common shape -> what makes it safe."""


def _hidden_totals(table: pd.DataFrame | None) -> set[str]:
    """Give the terms whose number of people in all is suppressed."""
    if table is None or "status" not in table:
        return set()
    is_total = pd.Series(True, index=table.index)
    for column in (name for name in table.columns if name.startswith("by_")):
        is_total &= (table[column] == TOTAL).fillna(False)
    hidden = is_total & (table["contrast"] == "count").fillna(False) & (table["status"] == SUPPRESSED).fillna(False)
    return set(table.loc[hidden, "term"])


def _counts_people(study: Study, figure: str) -> bool:
    recipe = study.published.recomputed.get(figure) if study.published is not None else None
    return recipe is not None and recipe.kind not in NO_PEOPLE


def _as_estimate(row: Mapping[str, object], recipe: Recipe) -> dict[str, object]:
    """Give a recomputed figure as an estimate of its own: what it is of, in which arm, and a share in place of percent.

    Percent of a target are no share of people: there the count stands in for both.
    """
    about = recipe.model_dump_json(exclude={"arm"}, exclude_defaults=True)
    estimate, n = float(str(row["estimate"])), int(str(row["n"]))
    is_count = recipe.kind == "service_count"
    if recipe.kind == "target_share":
        n = estimate = round(estimate * n / PERCENT)
        is_count = True
    return {
        "outcome": about,
        "contrast": "count" if is_count else "share",
        "estimate": estimate if is_count else estimate / PERCENT,
        "n": n,
        "by_arm": recipe.arm or TOTAL,
    }


def _end_rows(items: pd.DataFrame, end: str, single: set[str]) -> pd.DataFrame:
    """Give the shares of answers at one end of the range as estimates, at the places of the item table."""
    own = items[items[end].notna() & ~items["scale"].isin(single)]
    table = estimate_table(
        pd.DataFrame(
            {
                "outcome": own["scale"] + "/" + own["item"],
                "term": end,
                "wave": own["wave"],
                "estimate": own[end],
                "n": own["n"],
            }
        )
    )
    table.index = own.index
    return table


def _blanked(table: pd.DataFrame, hidden: pd.Series) -> pd.DataFrame:
    safe = table.copy()
    if "status" not in safe.columns:
        safe["status"] = pd.Series(pd.NA, index=safe.index, dtype="string")
    safe.loc[hidden, [column for column in NUMBER_COLUMNS if column in safe.columns]] = float("nan")
    safe.loc[hidden, "status"] = SUPPRESSED
    if "verdict" in safe.columns:
        safe.loc[hidden, "verdict"] = pd.NA
    return safe
