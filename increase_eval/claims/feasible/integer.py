"""Is there a solution in whole numbers, and how small or large can one number be in it? Branch and bound, checked.

HiGHS solves in floating point; a solution that it gives is rounded and checked in whole numbers. Where the check fails,
an exact search takes over, which splits the range of one number after the other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from increase_eval.claims.feasible.rows import Row, tighten
from increase_eval.errors import ConvergenceError

MOST_NODES = 20_000
"""Splits that the exact search tries before it gives up."""

INFEASIBLE, UNBOUNDED, EITHER = 2, 3, 4
"""What the solver calls a system without a solution, one without an end, and one that it cannot tell of."""


def solve(
    rows: Sequence[Row], lows: Sequence[int], highs: Sequence[int], *, count: int | None = None, sign: int = 1
) -> tuple[int, ...] | None:
    """Give a solution in whole numbers, the one with the smallest value of a count where one is named.

    Parameters
    ----------
    rows
        The rows that it satisfies.
    lows, highs
        The bounds of each count.
    count
        The position of a count to make as small as it can be; None: any solution.
    sign
        -1 makes it as large as it can be instead.

    Returns
    -------
    tuple of int, or None
        One value for each count; None where there is no solution.

    Raises
    ------
    ConvergenceError
        If neither the solver nor the exact search comes to an end.
    """
    bounds = tighten(rows, lows, highs)
    if bounds is None:
        return None
    low, high = bounds
    if low == high:
        return tuple(low) if all(row.holds(low) for row in rows) else None
    goal = np.zeros(len(low))
    if count is not None:
        goal[count] = sign
    found = milp(goal, constraints=_matrix(rows, len(low)), integrality=1, bounds=Bounds(low, high), options=_EXACT)
    if found.status == INFEASIBLE:
        return None
    if found.x is not None and found.status == 0:
        values = tuple(int(value) for value in np.rint(found.x))
        is_within = all(a <= value <= b for a, value, b in zip(low, values, high, strict=True))
        if is_within and all(row.holds(values) for row in rows):
            return values
    return search(rows, low, high, count=count, sign=sign)


_EXACT = {"mip_rel_gap": 0.0}


def can_grow(rows: Sequence[Row], lows: Sequence[float], highs: Sequence[float], *, count: int) -> bool:
    """Say whether a number can grow without end, where the system has a solution and numbers need not be whole."""
    goal = np.zeros(len(lows))
    goal[count] = -1
    found = milp(goal, constraints=_matrix(rows, len(lows)), bounds=Bounds(lows, highs), options=_EXACT)
    return bool(found.status in (UNBOUNDED, EITHER))


def _matrix(rows: Sequence[Row], size: int) -> LinearConstraint:
    matrix = np.zeros((max(len(rows), 1), size))
    limits = np.full(max(len(rows), 1), np.inf)
    for at, row in enumerate(rows):
        for position, coefficient in row.terms:
            matrix[at, position] = coefficient
        limits[at] = row.bound
    return LinearConstraint(matrix, -np.inf, limits)


def search(
    rows: Sequence[Row], lows: Sequence[int], highs: Sequence[int], *, count: int | None = None, sign: int = 1
) -> tuple[int, ...] | None:
    """Do what :func:`solve` does in whole numbers alone: split a range in two, narrow, and go on with each half.

    Raises
    ------
    ConvergenceError
        After :data:`MOST_NODES` splits.
    """
    best: tuple[int, ...] | None = None
    open_nodes = [(list(lows), list(highs))]
    for _ in range(MOST_NODES):
        if not open_nodes:
            return best
        low, high = open_nodes.pop()
        if best is not None and count is not None:
            limit = best[count] - sign
            low, high = (
                (low, _with(high, count, min(high[count], limit)))
                if sign > 0
                else (_with(low, count, max(low[count], limit)), high)
            )
        narrowed = tighten(rows, low, high)
        if narrowed is None:
            continue
        low, high = narrowed
        widths = [b - a for a, b in zip(low, high, strict=True)]
        if not any(widths):
            best = tuple(low)
            if count is None:
                return best
            continue
        at = count if count is not None and widths[count] else _narrowest(widths)
        middle = (low[at] + high[at]) // 2
        halves = [(low, _with(high, at, middle)), (_with(low, at, middle + 1), high)]
        # The last is tried first: the half with the smaller values, unless large ones are wanted.
        open_nodes += halves if sign < 0 and at == count else halves[::-1]
    raise ConvergenceError(f"no answer after {MOST_NODES:,} splits; give narrower bounds for the counts")


def _narrowest(widths: Sequence[int]) -> int:
    return min((width, at) for at, width in enumerate(widths) if width)[1]


def _with(values: Sequence[int], at: int, value: int) -> list[int]:
    changed = list(values)
    changed[at] = value
    return changed
