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
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from increase_eval.reporting.disclosure.programme import Floats, Programme
from increase_eval.reporting.disclosure.system import CountSystem, Links

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
    programme = Programme(system, system.links())
    programme.hide(hidden)
    result = {}
    for cell in sorted(set(wanted) & hidden):
        low, high = (point[cell] for point in programme.ends(cell))
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

    def see(self, point: Floats) -> None:
        """Take note of counts that agree, one a cell."""
        np.minimum(self.low, point, out=self.low)
        np.maximum(self.high, point, out=self.high)

    def doubtful(self, cells: Iterable[int], width: int) -> list[int]:
        """Give the cells that were not yet seen to be uncertain enough."""
        return [c for c in cells if math.floor(self.high[c] + _SLACK) - math.ceil(self.low[c] - _SLACK) < width]


def narrow_cells(
    programme: Programme, component: Sequence[int], *, small: set[int], width: int, seen: Witnesses
) -> Iterator[int]:
    """Give the small counts of a component that are known to within less than `width`, one after the other."""
    open_cells = seen.doubtful([cell for cell in component if cell in small], width)
    # Every solution is something the outsider must reckon with, for all cells at once: few need solving alone.
    before = len(open_cells)
    for stride, flip in product(STRIDES, (False, True)):
        if before < WORTHWHILE:
            break
        is_up = np.array([flip != bool(stride and i // stride % 2) for i in range(len(open_cells))])
        low, high = seen.low[open_cells], seen.high[open_cells]
        seen.see(programme.pushed(open_cells, is_up, np.minimum(high - width, low), np.maximum(low + width, high)))
        open_cells = seen.doubtful(open_cells, width)
        if flip and before - len(open_cells) < WORTHWHILE:
            break
        before = len(open_cells) if flip else before
    for alone in open_cells:
        for point in programme.ends(alone) if seen.doubtful([alone], width) else ():
            seen.see(point)
        if seen.doubtful([alone], width):
            yield alone


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
