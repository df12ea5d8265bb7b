"""What can an outsider say about a withheld count? First by subtraction, then as an interval by linear programming.

The outsider knows what is published, which cells add up to which, that people come in whole numbers, and that 0 is
always shown, so that a withheld count is at least 1.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array, hstack
from scipy.sparse.csgraph import connected_components

from increase_eval.reporting.disclosure.system import CountSystem, Links

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

STRIDES = (0, 1, 2, 4, 8)
"""Doubtful cells of a group are pushed together before each is looked at alone: with 0 all up, with s every other s."""

WORTHWHILE = 3
"""How many cells two joint pushes must settle for two more to be tried: alone, a cell takes two."""

_SLACK = 1e-6
"""What linear programming may be off by when a bound is rounded to a whole number."""


def deduce(links: Links, hidden: Collection[int], single: Iterable[int]) -> dict[int, int]:
    """Work hidden cells out one by one, from equations in which everything else is known.

    Parameters
    ----------
    links
        Cells and equations.
    hidden
        The cells that are not published.
    single
        The equations in which only one cell is hidden, to begin with.

    Returns
    -------
    dict
        Cell -> the equation that gave it, in the order in which they follow from each other.
    """
    reasons: dict[int, int] = {}
    ready = deque(sorted(single))
    while ready:
        place = ready.popleft()
        for cell in [cell for cell in links.members[place] if cell in hidden and cell not in reasons]:
            reasons[cell] = place
            for other in links.around[cell]:
                if sum(c in hidden and c not in reasons for c in links.members[other]) == 1:
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
    Minimise and maximise :math:`x_c` over :math:`x \ge 1` (0 where the count is 0, or never
    could have been shown: an outsider knows less, never more)
    with :math:`A x = b`, where :math:`A` holds the equations and :math:`b` what is published of them. Bounds are
    rounded inwards to whole numbers.
    """
    result = {}
    links, asked = system.links(), set(wanted)
    for component in components(links, hidden, asked):
        programme = _Programme(system, links, component)
        for cell in sorted(asked & set(component)):
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
    system: CountSystem, links: Links, component: Sequence[int], *, small: set[int], width: int, seen: Witnesses
) -> int | None:
    """Give a small count of a component that is known to within less than `width`, or None where there is none."""
    return next(narrow_cells(system, links, component, small=small, width=width, seen=seen), None)


def narrow_cells(
    system: CountSystem, links: Links, component: Sequence[int], *, small: set[int], width: int, seen: Witnesses
) -> Iterator[int]:
    """Give the small counts of a component that are known to within less than `width`, one after the other."""
    open_cells = seen.doubtful([cell for cell in component if cell in small], width)
    if not open_cells:
        return
    programme = _Programme(system, links, component)
    place = {cell: i for i, cell in enumerate(component)}
    # Every solution is something the outsider must reckon with, for all cells at once: few need solving alone.
    before = len(open_cells)
    for stride, flip in product(STRIDES, (False, True)):
        is_up = np.array([flip != bool(stride and i // stride % 2) for i in range(len(open_cells))])
        at = np.array([place[cell] for cell in open_cells])
        seen.see(component, programme.pushed(at, is_up, seen.low[open_cells], seen.high[open_cells], width))
        open_cells = seen.doubtful(open_cells, width)
        if not open_cells:
            return
        if flip and before - len(open_cells) < WORTHWHILE:
            break
        before = len(open_cells) if flip else before
    while open_cells:
        alone = open_cells[0]
        for point in programme.ends(place[alone]):
            seen.see(component, point)
        if seen.doubtful([alone], width):
            yield alone
        open_cells = seen.doubtful([cell for cell in open_cells if cell != alone], width)


def components(links: Links, hidden: Collection[int], wanted: Collection[int]) -> list[tuple[int, ...]]:
    """Part the hidden cells into groups that no equation joins; give those that hold a wanted cell, cells in order."""
    equations, cells = links.pairs
    is_hidden = np.zeros(links.cell_count, dtype=bool)
    is_hidden[list(hidden)] = True
    joined = is_hidden[cells]
    size = links.cell_count + len(links.equations)
    ends = (cells[joined], links.cell_count + equations[joined])
    graph = coo_array((np.ones(int(joined.sum())), ends), shape=(size, size))
    label = connected_components(graph, directed=False)[1][: links.cell_count]
    members: dict[int, list[int]] = {int(label[cell]): [] for cell in sorted(set(wanted) & set(hidden))}
    for cell in np.flatnonzero(is_hidden & np.isin(label, list(members))).tolist():
        members[int(label[cell])].append(cell)
    return sorted(map(tuple, members.values()))


class _Programme:
    """The linear programme of one component."""

    def __init__(self, system: CountSystem, links: Links, component: Sequence[int]) -> None:
        place = {cell: i for i, cell in enumerate(component)}
        self._size = len(component)
        self._least = np.array([system.least(cell) for cell in component], dtype=float)
        self._ceiling = 10.0 * (max(system.values) + 1)
        rows: list[tuple[int, int, float]] = []
        right: list[float] = []
        for number in sorted({number for cell in component for number in links.around[cell]}):
            equation = links.equations[number]
            signed = [(equation.total, -1.0), *((part, 1.0) for part in equation.parts)]
            inside = [(place[cell], sign) for cell, sign in signed if cell in place]
            rows += [(len(right), at, sign) for at, sign in inside]
            right.append(-sum(sign * system.values[cell] for cell, sign in signed if cell not in place))
        self._right = np.array(right)
        index = np.array([(row, at) for row, at, _ in rows], dtype=np.int64).reshape(-1, 2).T
        self._matrix: csr_array = coo_array(
            (np.array([sign for _, _, sign in rows]), (index[0], index[1])), shape=(len(right), self._size)
        ).tocsr()

    def solve(self, objective: Floats) -> Floats:
        """Give counts that agree with what is published and make the objective least."""
        return self._solve(objective, self._matrix, self._least, np.full(self._size, self._ceiling))

    def ends(self, place: int) -> tuple[Floats, Floats]:
        """Give the counts with the lowest and the highest value at a place."""
        objective = np.zeros(self._size)
        objective[place] = 1.0
        return self.solve(objective), self.solve(-objective)

    def pushed(self, places: NDArray[np.intp], is_up: Bools, low: Floats, high: Floats, width: int) -> Floats:
        """Give counts with as many places as can be so high (or so low) that, with those seen, they are `width` apart.

        No place gains by going further than that, so that none is pushed at the cost of others.
        """
        bend = np.where(is_up, np.maximum(low + width, high), np.minimum(high - width, low))
        least = self._least[places]
        lower, upper = self._least.copy(), np.full(self._size, self._ceiling)
        lower[places] = 0.0
        objective = np.zeros(self._size + len(places))
        objective[places] = np.where(is_up, 0.0, 1.0)
        objective[self._size :] = np.where(is_up, -1.0, 0.0)
        # Each place is the sum of two: up to the bend, and past it. Priced so, the first fills before the second.
        solved = self._solve(
            objective,
            hstack([self._matrix, self._matrix[:, places]], format="csr"),
            np.concatenate([lower, least]),
            np.concatenate([upper, np.maximum(bend, least)]),
        )
        counts = solved[: self._size].copy()
        counts[places] += solved[self._size :]
        return counts

    def _solve(self, objective: Floats, matrix: csr_array, lower: Floats, upper: Floats) -> Floats:
        equal = {"A_eq": matrix, "b_eq": self._right} if len(self._right) else {}
        bounds = np.column_stack([lower, upper])
        solved = linprog(objective, bounds=bounds, method="highs", **equal)
        if solved.status != 0:  # the true counts solve it, so that this is a fault of ours
            raise RuntimeError(f"no counts agree with what is published: {solved.message}")
        return np.asarray(solved.x, dtype=float)
