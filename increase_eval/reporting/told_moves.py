"""Moves into and out of work by arm: which pairs of waves are told, and what does a reader know of them already?"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import pandas as pd

from increase_eval.comparison.descriptive import IN_WORK, OUT_OF_WORK
from increase_eval.reporting.disclosure import SUPPRESSED
from increase_eval.reporting.disclosure.moves import ARM, FROM, MATRIX, MOVES, SHARES, TOTAL, MovesBeside, protect_moves
from increase_eval.reporting.disclosure.ties import ARROW, Nesting
from increase_eval.study.study import Study

FLOW, ENROLLED, SINCE_FIRST, SINCE_LAST = "response_flow", "enrolled", "first wave", "previous wave"


def told_pairs(waves: tuple[str, ...]) -> list[tuple[str, str]]:
    """Give the pairs of waves whose moves are told: neighbours, and the first with the last.

    Examples
    --------
    >>> told_pairs(("t1", "t2", "t3"))
    [('t1', 't2'), ('t2', 't3'), ('t1', 't3')]
    >>> told_pairs(("t1", "t2"))
    [('t1', 't2')]
    """
    return list(dict.fromkeys([*pairwise(waves), *([(waves[0], waves[-1])] if len(waves) > 1 else [])]))


def work_groups(study: Study) -> dict[str, dict[str, str]]:
    """Give, for each state variable asked twice in which somebody can be in work, the group of each of its states."""
    asked = {wave: {column.name for column in study.wave_columns(wave)} for wave in study.wave_ids}
    return {
        variable.id: {state.id: IN_WORK if state.in_work else OUT_OF_WORK for state in variable.states}
        for variable in study.head.states
        if any(state.in_work for state in variable.states)
        and sum(variable.column in names for names in asked.values()) > 1
    }


def told_moves(
    study: Study, estimates: Mapping[str, pd.DataFrame], safe: Mapping[str, pd.DataFrame], nesting: Nesting
) -> pd.DataFrame:
    """Which moves into and out of work may be told, by arm?

    Parameters
    ----------
    study
        The contract, for waves, states and threshold.
    estimates
        The stored tables: `moves_by_arm`, and `state_transitions` and `state_shares`, which it hangs together with.
    safe
        The tables that were settled before: these two, and `response_flow` where it leaves.
    nesting
        Which groups are made of which smaller ones.

    Returns
    -------
    DataFrame
        The rows of `moves_by_arm` between neighbouring waves, and the first and the last, protected.

    Raises
    ------
    ValueError
        If the tables that it hangs together with are not there: nothing could be said of what they tell.
    """
    absent = [name for name in (MATRIX, SHARES) if name not in estimates or name not in safe]
    if absent:
        raise ValueError(f"{MOVES} leaves only beside {', '.join(absent)}, which is not there")
    contrasts = [f"{first}{ARROW}{last}" for first, last in told_pairs(study.wave_ids)]
    moves = _of(estimates[MOVES], contrasts)
    groups = work_groups(study)
    matrix = _of(estimates[MATRIX], contrasts)
    matrix = matrix[matrix["outcome"].isin(list(groups)) & (matrix[FROM] != TOTAL)].reset_index(drop=True)
    is_own = estimates[SHARES]["outcome"].isin(list(groups)).to_numpy(dtype=bool)
    beside = MovesBeside(
        matrix=matrix,
        shares=estimates[SHARES][is_own].reset_index(drop=True),
        safe_matrix=safe[MATRIX],
        safe_shares=safe[SHARES][is_own].reset_index(drop=True),
        answered=_answered(safe.get(FLOW), study),
    )
    return protect_moves(moves, beside, groups=groups, threshold=study.head.privacy.threshold, nesting=nesting)


def _of(table: pd.DataFrame, contrasts: list[str]) -> pd.DataFrame:
    return table[table["contrast"].isin(contrasts)].reset_index(drop=True)


def _answered(flow: pd.DataFrame | None, study: Study) -> dict[tuple[str, str], bool]:
    """Say of each pair of waves and arm (empty: everybody) whether the flow tells how many answered both."""
    if flow is None or ARM not in flow:
        return {}
    own = flow
    for column in flow.columns:
        if column.startswith("by_") and column != ARM:
            own = own[own[column] == TOTAL]
    hidden = own[(own["status"] == SUPPRESSED).fillna(False)] if "status" in own else own[:0]
    withheld = set(hidden[["wave", "term", ARM]].itertuples(index=False, name=None))
    first = study.wave_ids[0]
    return {
        (f"{since}{ARROW}{wave}", "" if arm == TOTAL else arm): withheld.isdisjoint(
            [(since, ENROLLED, arm), (wave, ENROLLED, arm), (wave, SINCE_FIRST if since == first else SINCE_LAST, arm)]
        )
        for since, wave in told_pairs(study.wave_ids)
        for arm in own[ARM].unique()
    }
