"""Moves into and out of work by arm: which may leave, beside the moves of everybody and the states of each arm?

The whole matrix of moves between states by arm does not leave, and is not protected with everything else: it is
hundreds of cells that nearly all are small. But an outsider knows that it exists: its sums over arms are the matrix
of everybody, its sums over states are the moves that leave, and the states of an arm at both waves bound it. So it
stands in the system of counts as cells that are never shown, and each of its small ones must stay as vague as any
other withheld count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from increase_eval.errors import DisclosureError
from increase_eval.reporting.disclosure.estimates import SUPPRESSED, blank_withheld, withheld_units
from increase_eval.reporting.disclosure.intervals import feasible_intervals
from increase_eval.reporting.disclosure.rows import EstimateRow, read_rows
from increase_eval.reporting.disclosure.system import CountSystem
from increase_eval.reporting.disclosure.ties import Nesting, tie_rows
from increase_eval.reporting.disclosure.withholding import exposed_cells, given_away, withhold

MOVES, MATRIX, SHARES = "moves_by_arm", "state_transitions", "state_shares"
ARM, FROM, TOTAL = "by_arm", "by_from", "all"
KEY = ("outcome", "contrast", ARM, FROM, "term")


@dataclass(frozen=True, slots=True)
class MovesBeside:
    """What a reader sees or knows beside the moves by arm.

    Attributes
    ----------
    matrix
        ``state_transitions`` as stored, by arm, pairs of waves that leave; no rows of ``by_from`` ``all``.
    shares
        ``state_shares`` as stored.
    safe_matrix, safe_shares
        The same as they leave: of the matrix the rows of everybody; of the shares the same rows.
    answered
        (contrast, arm; empty: everybody) -> whether the response flow tells how many answered at both waves. Empty
        without a flow.
    """

    matrix: pd.DataFrame
    shares: pd.DataFrame
    safe_matrix: pd.DataFrame
    safe_shares: pd.DataFrame
    answered: Mapping[tuple[str, str], bool]


def protect_moves(
    moves: pd.DataFrame,
    beside: MovesBeside,
    *,
    groups: Mapping[str, Mapping[str, str]],
    threshold: int,
    nesting: Nesting | None = None,
) -> pd.DataFrame:
    """Which moves between groups of states may leave, by arm?

    Parameters
    ----------
    moves
        The table of :func:`increase_eval.comparison.collapse_transitions`, pairs of waves that leave.
    beside
        What a reader sees beside it. What it shows stays shown.
    groups
        State variable -> its states, each with the group that it counts to.
    threshold
        The smallest count above 0 that may be shown.
    nesting
        As for :func:`protect_tables`.

    Returns
    -------
    DataFrame
        The same rows, protected as :func:`protect_tables` does. Where no choice of rows is safe, none is shown; how
        many answered both waves stays where the response flow tells it.

    Notes
    -----
    What the tables beside tell of a small count with no move shown, no choice of moves can hide. The moves that leave
    must keep every other small count safe, and tell nothing more of those that were told already; else none is shown.
    """
    system, rows = moves_system(moves, beside, groups=groups, nesting=nesting)
    own = [row for row in rows if row.table == MOVES]
    already = hidden_beside(system, rows, beside)
    none_shown = already | ({unit for row in own for unit in (row.people_unit, row.estimate_unit)} - system.public)
    given = given_away(system, none_shown, threshold=threshold)
    try:
        withheld = withhold(system, threshold=threshold, already=already, given=given)
    except DisclosureError:
        withheld = none_shown
    if not _tells_no_more(system, withheld, none_shown, given.cells, threshold):
        withheld = none_shown
    return blank_withheld(moves, own, withheld, threshold)


def _tells_no_more(
    system: CountSystem, withheld: set[Hashable], before: set[Hashable], told: Collection[int], threshold: int
) -> bool:
    """Whether nothing is exposed but what was told before, and that within the same bounds as before."""
    if withheld == before:
        return True
    if not exposed_cells(system, withheld, threshold=threshold) <= set(told):
        return False
    hidden, ever = system.hidden(withheld), set(told) & system.hidden(before)
    if not ever <= hidden:
        return False
    return feasible_intervals(system, hidden, ever) == feasible_intervals(system, system.hidden(before), ever)


def moves_system(
    moves: pd.DataFrame, beside: MovesBeside, *, groups: Mapping[str, Mapping[str, str]], nesting: Nesting | None = None
) -> tuple[CountSystem, list[EstimateRow]]:
    """Put the moves, the whole matrix by arm and the states of each arm into one system of counts.

    Parameters
    ----------
    moves, beside, groups, nesting
        As for :func:`protect_moves`.

    Returns
    -------
    tuple
        The system, and the rows that its units are of.
    """
    told = _told(beside)
    rows = [
        *read_rows(SHARES, beside.shares, "share", _is_shown(beside.safe_shares).set_axis(beside.shares.index)),
        *read_rows(MATRIX, beside.matrix, "share", told == "shown"),
        *read_rows(MOVES, moves, "share", None),
    ]
    system = CountSystem()
    tie_rows(system, rows, nesting or {})
    _tie_groups(system, rows, groups)
    for row in rows:
        if row.table == MATRIX and _arm(row):
            system.unheard.update(cell for unit in (row.people_unit, row.estimate_unit) for cell in system.units[unit])
    for row in rows:
        # How many answered at both waves stands in the response flow: it cannot be hidden here.
        if row.table == MOVES and not _from(row) and beside.answered.get((row.contrast, _arm(row))):
            system.public.add(row.people_unit)
            system.unheard.difference_update(system.units[row.people_unit])
    return system, rows


def hidden_beside(system: CountSystem, rows: Sequence[EstimateRow], beside: MovesBeside) -> set[Hashable]:
    """Give the units that are withheld before any move is: earlier tables' own, the matrix by arm, arms of the flow."""
    hidden = set(withheld_units(SHARES, beside.safe_shares))
    told = _told(beside).to_numpy()
    for row in rows:
        units = {row.people_unit, row.estimate_unit}
        says = told[row.place] if row.table == MATRIX else ""
        is_closed = row.table == MOVES and beside.answered.get((row.contrast, _arm(row))) is False
        if says == "n":
            hidden.add(row.estimate_unit)
        elif says == "nothing" or is_closed:
            hidden |= units
    return hidden & set(system.units)


def _told(beside: MovesBeside) -> pd.Series:
    """Say of each row of the matrix whether it is ``shown``, its ``n`` alone, or ``nothing`` of it."""
    safe = beside.safe_matrix
    shown = np.where(_is_shown(safe), "shown", np.where(safe["n"].notna(), "n", "nothing"))
    by_key = dict(zip(_keys(safe), shown, strict=True))
    return pd.Series([by_key.get(key, "nothing") for key in _keys(beside.matrix)], index=beside.matrix.index)


def _keys(table: pd.DataFrame) -> list[tuple[str, ...]]:
    return list(table[list(KEY)].astype("string").fillna("").itertuples(index=False, name=None))


def _is_shown(table: pd.DataFrame) -> pd.Series:
    if "status" not in table.columns:
        return pd.Series(True, index=table.index)
    return ~(table["status"] == SUPPRESSED).fillna(False).astype(bool)


def _tie_groups(system: CountSystem, rows: Collection[EstimateRow], groups: Mapping[str, Mapping[str, str]]) -> None:
    """Tie moves between groups to the moves between the states that these are made of."""
    counted: dict[tuple[str, ...], list[int]] = defaultdict(list)
    people: dict[tuple[str, ...], dict[int, None]] = defaultdict(dict)
    for row in rows:
        if row.table == MATRIX and row.outcome in groups:
            own = groups[row.outcome]
            for left in (own[_from(row)], ""):
                people[row.outcome, row.contrast, _arm(row), left][system.units[row.people_unit][0]] = None
                if row.count is not None:
                    reached = (row.outcome, row.contrast, _arm(row), left, own[row.term])
                    counted[reached].append(system.units[row.estimate_unit][0])
    for row in rows:
        if row.table == MOVES:
            key = (row.outcome, row.contrast, _arm(row), _from(row))
            system.add_up(system.units[row.people_unit][0], people[key])
            if row.count is not None:
                system.add_up(system.units[row.estimate_unit][0], counted[*key, row.term])


def _arm(row: EstimateRow) -> str:
    """Give the arm of a row; empty where it is of everybody."""
    return dict(row.split).get(ARM, "")


def _from(row: EstimateRow) -> str:
    """Give what a row says was left; empty where it is everything."""
    return dict(row.split).get(FROM, "")
