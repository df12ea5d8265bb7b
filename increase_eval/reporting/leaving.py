"""Which estimate tables leave, and what do they withhold when a reader sees all of them?

Everything that leaves (report, figures, exports) takes its estimates from here, so that no two of them tell together
what each withholds. Tables are settled in order of importance: what the first may show stays shown, and later, finer
tables give way to it. Of the moves between states only those between neighbouring waves, and from the first to the
last, leave, of everybody together: all pairs of waves by arm are thousands of small cells that nearly all would be
withheld. By arm, moves into and out of work leave in a table of their own, which gives way to all others.

A table of model estimates (adjusted means, changes, contrasts, slopes, sensitivity analyses, money) leaves by one line
in :data:`~increase_eval.reporting.disclosure.model_tables.MODEL_TABLES`: it is settled last, without integer
programming, and its rows follow what the tables of counts show.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import pandas as pd

from increase_eval.errors import DisclosureError
from increase_eval.reporting.calibration_bands import banded_calibration
from increase_eval.reporting.disclosure import (
    MODEL_TABLES,
    SUPPRESSED,
    nesting_of,
    protect_models,
    protect_tables,
    require_protected,
    withhold_told_bins,
    withhold_told_responses,
)
from increase_eval.reporting.raw_shares import told_raw_shares
from increase_eval.reporting.special_tables import SPECIAL_ESTIMATES
from increase_eval.reporting.told_moves import told_moves, told_pairs
from increase_eval.results import NUMBER_COLUMNS
from increase_eval.study.study import Study

STAGES: tuple[tuple[str, ...], ...] = (
    ("response_flow", "score_summary"),
    ("state_shares", "retention_by_baseline", "score_distribution"),
)
"""Tables in order of importance; those that are not named come last."""

APART: tuple[tuple[str, ...], ...] = (
    ("pathway", "service_outcomes", "pathway_by_place"),
    ("outcome_overlap",),
    ("reliability", "retest"),
    ("reliable_change",),
)
"""Tables that are settled by themselves, since they count other people than the survey's tables, or in other ways."""

TRANSITIONS, MOVES = "state_transitions", "moves_by_arm"
CALIBRATION = "dropout_calibration"
FLOW, SUMMARY, BINS = "response_flow", "score_summary", "score_distribution"
ANSWERED = ("score_summary", "state_shares")
"""Tables whose n and n_dropped add up to those who answered a wave."""

Pair: TypeAlias = tuple[str, str]
"""A column of groups, and one of its groups."""
TOTAL = "all"


def tables_that_leave(study: Study, tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Which estimate tables leave, and what do they show?

    Parameters
    ----------
    study
        The contract, for the threshold and for which groups lie in which.
    tables
        The stored tables by name, unprotected; those that hold no estimates are passed over.

    Returns
    -------
    dict
        Name -> protected estimate table, in the order given.

    Raises
    ------
    DisclosureError
        If a table cannot be protected, or would not pass the gate.
    """
    threshold, nesting = study.head.privacy.threshold, stored_nesting(study)
    estimates = {name: table for name, table in tables.items() if is_estimate_table(table)}
    if TRANSITIONS in estimates:
        estimates[TRANSITIONS] = told_transitions(study, estimates[TRANSITIONS])
    safe = _settle(estimates, threshold, nesting)
    safe = _withhold_told(estimates, safe, threshold)
    if MOVES in estimates:
        safe[MOVES] = told_moves(study, {**estimates, TRANSITIONS: tables[TRANSITIONS]}, safe, nesting)
    for group in APART:
        own = {name: estimates[name] for name in group if name in estimates}
        safe |= protect_tables(own, threshold=threshold, nesting=nesting)
    for name in (name for name in SPECIAL_ESTIMATES if name in safe):
        safe[name] = SPECIAL_ESTIMATES[name](study, estimates[name], safe)
    estimates |= told_raw_shares(study, estimates, safe)
    if CALIBRATION in estimates:
        level = study.analysis.confidence
        estimates[CALIBRATION] = banded_calibration(estimates[CALIBRATION], threshold=threshold, confidence=level)
    models = {name: table for name, table in estimates.items() if name in MODEL_TABLES}
    compared = {contrast.id: (contrast.first, contrast.second) for contrast in study.analysis.contrasts}
    safe |= protect_models(
        models, safe, threshold=threshold, arms=study.arm_ids, waves=study.wave_ids, compared=compared
    )
    for name, table in safe.items():
        require_protected(table, threshold=threshold, name=name)
    return {name: safe[name] for name in estimates}


def _settle(
    estimates: Mapping[str, pd.DataFrame], threshold: int, nesting: dict[Pair, tuple[Pair, ...]]
) -> dict[str, pd.DataFrame]:
    """Settle the tables stage by stage; all at once where a later one cannot give way far enough to an earlier one."""
    safe: dict[str, pd.DataFrame] = {}
    try:
        for stage in _stages(estimates):
            shown = {name: _is_shown(table) for name, table in safe.items()}
            together = {name: estimates[name] for name in (*safe, *stage)}
            safe = protect_tables(together, threshold=threshold, nesting=nesting, already_public=shown, begun=safe)
    except DisclosureError:
        every = {name: estimates[name] for stage in _stages(estimates) for name in stage}
        safe = protect_tables(every, threshold=threshold, nesting=nesting)
    return safe


def _withhold_told(
    estimates: Mapping[str, pd.DataFrame], safe: dict[str, pd.DataFrame], threshold: int
) -> dict[str, pd.DataFrame]:
    """Withhold what one table tells of another beyond sums: who answered by the n of a score, bins by moments."""
    if FLOW in safe:
        answered = {name: safe[name] for name in ANSWERED if name in safe}
        safe = safe | withhold_told_responses(answered, safe[FLOW])
    if BINS in safe and SUMMARY in safe:
        bins = withhold_told_bins(estimates[BINS], safe[BINS], safe[SUMMARY], threshold=threshold)
        safe = safe | {BINS: bins}
    return safe


def stored_nesting(study: Study) -> dict[Pair, tuple[Pair, ...]]:
    """Say which groups are made of which smaller ones, in the names of the stored tables.

    Stored tables call the column of the finest place ``by_site``, whatever the contract calls that level.
    """
    site = study.site_level
    own = None if site is None else f"by_{site.column}"

    def stored(pair: Pair) -> Pair:
        return ("by_site", pair[1]) if pair[0] == own else pair

    return {stored(whole): tuple(map(stored, parts)) for whole, parts in nesting_of(study).items()}


def told_transitions(study: Study, transitions: pd.DataFrame) -> pd.DataFrame:
    """Keep the moves of everybody between neighbouring waves, and from the first wave to the last."""
    pairs = {f"{first} -> {last}" for first, last in told_pairs(study.wave_ids)}
    kept = transitions[transitions["contrast"].isin(pairs)]
    for column in kept.columns:
        if column == "by_from":
            kept = kept[kept[column] != TOTAL]
        elif column.startswith("by_"):
            kept = kept[kept[column] == TOTAL]
    return kept.reset_index(drop=True)


def is_estimate_table(table: pd.DataFrame) -> bool:
    """Whether a table has the shape of an estimate table.

    Examples
    --------
    >>> is_estimate_table(pd.DataFrame(columns=["participant", "score"]))
    False
    """
    return set(NUMBER_COLUMNS) <= set(table.columns)


def _stages(tables: Mapping[str, pd.DataFrame]) -> list[tuple[str, ...]]:
    named = [tuple(name for name in stage if name in tables) for stage in STAGES]
    others = tuple(
        name for name in tables if not any(name in stage for stage in (*STAGES, *APART, tuple(MODEL_TABLES), (MOVES,)))
    )
    return [stage for stage in (*named, others) if stage]


def _is_shown(table: pd.DataFrame) -> pd.Series:
    """Say which rows an earlier stage settled to show."""
    if "status" not in table.columns:
        return pd.Series(True, index=table.index)
    return ~(table["status"] == SUPPRESSED).fillna(False).astype(bool)
