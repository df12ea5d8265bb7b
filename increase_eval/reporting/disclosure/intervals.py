"""What can an outsider say about a withheld count? First by subtraction, then as an interval by linear programming.

The outsider knows what is published, which cells add up to which, that people come in whole numbers, and that 0 is
always shown, so that a withheld count is at least 1.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import coo_array

from increase_eval.reporting.disclosure.system import CountSystem, Equation

Floats = NDArray[np.float64]

JOINT_ROUNDS = 1
"""How often all doubtful cells of a group are pushed together before each is looked at alone."""

_SLACK = 1e-6
"""What linear programming may be off by when a bound is rounded to a whole number."""


def deduce(system: CountSystem, hidden: set[int]) -> dict[int, Equation]:
    """Work hidden cells out one by one, from equations in which everything else is known.

    Returns
    -------
    dict
        Cell -> the equation that gave it, in the order in which they follow from each other.
    """
    unknown = [{cell for cell in equation.cells if cell in hidden} for equation in system.equations]
    where: dict[int, list[int]] = defaultdict(list)
    for place, cells in enumerate(unknown):
        for cell in cells:
            where[cell].append(place)
    reasons: dict[int, Equation] = {}
    ready = [place for place, cells in enumerate(unknown) if len(cells) == 1]
    while ready:
        place = ready.pop(0)
        for cell in tuple(unknown[place]):
            reasons[cell] = system.equations[place]
            for other in where[cell]:
                unknown[other].discard(cell)
                if len(unknown[other]) == 1:
                    ready.append(other)
    return reasons


def feasible_intervals(system: CountSystem, hidden: set[int], wanted: Iterable[int]) -> dict[int, tuple[int, int]]:
    r"""Give the interval that an outsider can work out for each withheld cell.

    Parameters
    ----------
    system
        The cells and equations.
    hidden
        The cells that are not published.
    wanted
        The cells asked about, all of them hidden.

    Returns
    -------
    dict
        Cell -> lowest and highest value that agrees with everything published. A cell without an upper bound gets one
        far above every count of the system.

    Notes
    -----
    Minimise and maximise :math:`x_c` over :math:`x \ge 1` (0 where the count is 0: an outsider knows less, never more)
    with :math:`A x = b`, where :math:`A` holds the equations and :math:`b` what is published of them. Bounds are
    rounded inwards to whole numbers.
    """
    result = {}
    for component in components(system, hidden):
        programme = _Programme(system, component)
        for cell in sorted(set(wanted) & set(component)):
            place = component.index(cell)
            low, high = (point[place] for point in programme.ends(place))
            result[cell] = (math.ceil(low - _SLACK), math.floor(high + _SLACK))
    return result


@dataclass(slots=True)
class Witnesses:
    """Between which values every cell was seen in counts that agree with what is published.

    Hiding more only lets more counts agree, so that what was once seen holds from then on.
    """

    low: Floats
    high: Floats

    @classmethod
    def of(cls, system: CountSystem) -> Witnesses:
        """Begin with the true counts."""
        values = np.array(system.values, dtype=float)
        return cls(values, values.copy())

    def see(self, component: Sequence[int], point: Floats) -> None:
        """Take note of counts that agree."""
        at = list(component)
        self.low[at] = np.minimum(self.low[at], point)
        self.high[at] = np.maximum(self.high[at], point)

    def doubtful(self, cells: Iterable[int], width: int) -> list[int]:
        """Give the cells that were not yet seen to be uncertain enough."""
        return [c for c in cells if math.floor(self.high[c] + _SLACK) - math.ceil(self.low[c] - _SLACK) < width]


def narrow_cell(
    system: CountSystem, component: Sequence[int], *, small: set[int], width: int, seen: Witnesses
) -> int | None:
    """Give a small count of a component that is known to within less than `width`, or None where there is none."""
    open_cells = seen.doubtful([cell for cell in component if cell in small], width)
    if not open_cells:
        return None
    programme = _Programme(system, component)
    place = {cell: i for i, cell in enumerate(component)}
    # Every solution is something the outsider must reckon with, for all cells at once: few need solving alone.
    for sign in (1.0, -1.0) * JOINT_ROUNDS:
        objective = np.zeros(len(component))
        objective[[place[cell] for cell in open_cells]] = sign
        seen.see(component, programme.solve(objective))
        open_cells = seen.doubtful(open_cells, width)
        if not open_cells:
            return None
    while open_cells:
        for point in programme.ends(place[open_cells[0]]):
            seen.see(component, point)
        if seen.doubtful(open_cells[:1], width):
            return open_cells[0]
        open_cells = seen.doubtful(open_cells, width)
    return None


def components(system: CountSystem, hidden: set[int]) -> list[tuple[int, ...]]:
    """Part the hidden cells into groups that no equation joins."""
    group = {cell: {cell} for cell in hidden}
    for equation in system.equations:
        joined = [cell for cell in equation.cells if cell in hidden]
        for cell in joined[1:]:
            larger, smaller = sorted((group[joined[0]], group[cell]), key=len, reverse=True)
            if larger is not smaller:
                larger |= smaller
                group |= dict.fromkeys(smaller, larger)
    return sorted({id(members): tuple(sorted(members)) for members in group.values()}.values())


class _Programme:
    """The linear programme of one component."""

    def __init__(self, system: CountSystem, component: Sequence[int]) -> None:
        place = {cell: i for i, cell in enumerate(component)}
        self._size = len(component)
        ceiling = 10.0 * (max(system.values) + 1)
        self._bounds = [(min(1, system.values[cell]), ceiling) for cell in component]
        rows: list[tuple[int, int, float]] = []
        right: list[float] = []
        for equation in system.equations:
            signed = [(equation.total, -1.0), *((part, 1.0) for part in equation.parts)]
            inside = [(place[cell], sign) for cell, sign in signed if cell in place]
            if inside:
                rows += [(len(right), at, sign) for at, sign in inside]
                right.append(-sum(sign * system.values[cell] for cell, sign in signed if cell not in place))
        self._right = np.array(right)
        index = np.array([(row, at) for row, at, _ in rows], dtype=np.int64).reshape(-1, 2).T
        self._matrix = coo_array(
            (np.array([sign for _, _, sign in rows]), (index[0], index[1])), shape=(len(right), self._size)
        ).tocsr()

    def solve(self, objective: Floats) -> Floats:
        """Give counts that agree with what is published and make the objective least."""
        equal = {"A_eq": self._matrix, "b_eq": self._right} if len(self._right) else {}
        solved = linprog(objective, bounds=self._bounds, method="highs", **equal)
        if solved.status != 0:  # the true counts solve it, so that this is a fault of ours
            raise RuntimeError(f"no counts agree with what is published: {solved.message}")
        return np.asarray(solved.x, dtype=float)

    def ends(self, place: int) -> tuple[Floats, Floats]:
        """Give the counts with the lowest and the highest value at a place."""
        objective = np.zeros(self._size)
        objective[place] = 1.0
        return self.solve(objective), self.solve(-objective)
