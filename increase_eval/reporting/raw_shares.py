"""Shares as they were counted, in tables of models: which of them may leave beside the tables of counts?

A table of models may hold the shares that its models start from. Their sums over arms and states are told by tables of
counts, in which small cells are withheld: one more sum could give such a cell away. So they leave only where the tables
of counts withhold nothing that they could be added to, and where no arm's own share is small; else all arms' do not.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from increase_eval.reporting.disclosure import SUPPRESSED
from increase_eval.reporting.told_occupancy import OCCUPANCY, told_occupancy
from increase_eval.study.study import Study

TOTAL = "all"
UNADJUSTED = "unadjusted"
FIRST, COMPLETE, UNCHANGED = "first_wave", "complete_cases", "return_to_baseline"
COUNTED = (FIRST, COMPLETE, UNCHANGED, "bounds_lower", "bounds_upper")
"""Methods of the robustness table that only count: each share times its people is a whole number of people."""

ROBUST_TERMS = ("share", "difference in share")
"""Terms of the robustness table that are shares of people, and differences of two of them."""

Tables = Mapping[str, pd.DataFrame]


def told_raw_shares(study: Study, estimates: Tables, safe: Tables) -> dict[str, pd.DataFrame]:
    """Take the shares as they were counted out of tables of models, where they would tell what counts withhold.

    Parameters
    ----------
    study
        The contract, for the threshold and the state variables.
    estimates
        The stored tables by name.
    safe
        The tables of counts, protected.

    Returns
    -------
    dict
        Those of `work_contrasts`, `satisfaction_contrasts`, `adjusted_contrasts`, `robustness` and `state_occupancy`
        that there are, with fewer rows.
    """
    threshold = study.head.privacy.threshold
    told = {}
    if "work_contrasts" in estimates:
        told["work_contrasts"] = _told_work(estimates["work_contrasts"], safe, threshold)
    if "satisfaction_contrasts" in estimates:
        told["satisfaction_contrasts"] = _told_ceilings(estimates["satisfaction_contrasts"], safe, threshold)
    if "adjusted_contrasts" in estimates:
        # The same shares stand in `work_contrasts`, where it is seen to whether they may leave.
        table, variables = estimates["adjusted_contrasts"], [variable.id for variable in study.head.states]
        is_raw = (table["by_method"] == UNADJUSTED) & table["outcome"].isin(variables)
        told["adjusted_contrasts"] = table[~is_raw].reset_index(drop=True)
    if "robustness" in estimates:
        told["robustness"] = _told_robust(estimates["robustness"], safe, study.wave_ids[0], threshold)
    if OCCUPANCY in estimates:
        told[OCCUPANCY] = told_occupancy(estimates[OCCUPANCY], safe, threshold)
    return told


def _told_work(table: pd.DataFrame, safe: Tables, threshold: int) -> pd.DataFrame:
    is_raw = (table["by_method"] == UNADJUSTED).to_numpy(dtype=bool)
    keep = ~is_raw
    groups = ["outcome", "wave", "by_since", "by_among"]
    for (outcome, wave, since, _), rows in table[is_raw].groupby(groups, sort=False, dropna=False):
        shares = rows[rows["term"] == "share"]
        waves = [wave, *([] if since == "none" else [since])]
        pair = f"{since} -> {wave}"
        withheld = _withholds(safe, "state_shares", outcome=outcome, wave=waves)
        withheld |= _withholds(safe, "state_transitions", outcome=outcome, contrast=[pair])
        withheld |= _withholds(safe, "moves_by_arm", outcome=outcome, contrast=[pair])
        if not withheld and not _any_small(shares, threshold):
            keep[table.index.get_indexer(rows.index)] = True
    return table[keep].reset_index(drop=True)


def _told_ceilings(table: pd.DataFrame, safe: Tables, threshold: int) -> pd.DataFrame:
    is_raw = (table["term"] == "ceiling").to_numpy(dtype=bool)
    keep = ~is_raw
    for (outcome, wave), rows in table[is_raw].groupby(["outcome", "wave"], sort=False):
        if _withholds(safe, "score_distribution", outcome=outcome, wave=[wave]):
            continue
        total = rows[rows["by_arm"] == TOTAL]
        shown = rows if not _any_small(rows, threshold) else total if not _any_small(total, threshold) else rows[:0]
        keep[table.index.get_indexer(shown.index)] = True
    return table[keep].reset_index(drop=True)


def _told_robust(table: pd.DataFrame, safe: Tables, first: str, threshold: int) -> pd.DataFrame:
    is_raw = (table["term"].isin(ROBUST_TERMS) & table["by_method"].isin(COUNTED)).to_numpy(dtype=bool)
    keep = ~is_raw
    for (outcome, wave), rows in table[is_raw].groupby(["outcome", "wave"], sort=False):
        withheld = _withholds(safe, "state_shares", outcome=outcome, wave=[first, wave])
        withheld |= _withholds(safe, "state_transitions", outcome=outcome, contrast=[f"{first} -> {wave}"])
        # A difference of two shares tells no more than they do, and goes with them.
        if not withheld and not _any_small(_told_together(rows[rows["term"] == ROBUST_TERMS[0]]), threshold):
            keep[table.index.get_indexer(rows.index)] = True
    return table[keep].reset_index(drop=True)


def _told_together(rows: pd.DataFrame) -> pd.DataFrame:
    """Give the shares that the counted rows of an arm tell: of all, of who stayed and who left, then and before."""
    shares = {method: own.set_index("by_arm")["estimate"].astype(float) for method, own in rows.groupby("by_method")}
    people = {method: own.set_index("by_arm")["n"].astype(float) for method, own in rows.groupby("by_method")}
    everybody, stayed = people[FIRST], people[COMPLETE]
    before, now = shares[FIRST] * everybody, shares[COMPLETE].where(stayed > 0, 0.0) * stayed
    left_before = shares[UNCHANGED] * everybody - now
    counts = (
        (before, everybody),
        (now, stayed),
        (left_before, everybody - stayed),
        (before - left_before, stayed),
    )
    return pd.concat([pd.DataFrame({"estimate": (people / of).where(of > 0, 0.0), "n": of}) for people, of in counts])


def _any_small(shares: pd.DataFrame, threshold: int) -> bool:
    """Whether a share, or the rest, is of at least one and fewer people than the threshold."""
    people = (shares["estimate"] * shares["n"].astype(float)).round()
    rest = shares["n"].astype(float) - people
    return bool((people.between(1, threshold - 1) | rest.between(1, threshold - 1)).any())


def _withholds(safe: Tables, name: str, *, outcome: object, **columns: list[object]) -> bool:
    """Whether a protected table withholds a row of an outcome at one of some waves or pairs of waves."""
    table = safe.get(name)
    if table is None or "status" not in table:
        return False
    chosen = table["outcome"] == outcome
    for column, values in columns.items():
        chosen &= table[column].isin(values)
    return bool((table.loc[chosen.fillna(False), "status"] == SUPPRESSED).fillna(False).any())
