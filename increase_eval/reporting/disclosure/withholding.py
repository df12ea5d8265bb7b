"""Which rows must be withheld so that no small count can be worked out from what is published?

First the rows that show a small count themselves; then, the cheapest first, as many others as it takes. A small count
is safe when the interval that an outsider can work out for it is wide (see :func:`required_width`), and when no
equation leaves a small remainder for several withheld cells together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable

from increase_eval.errors import DisclosureError
from increase_eval.reporting.disclosure.intervals import (
    Witnesses,
    components,
    deduce,
    feasible_intervals,
    narrow_cell,
)
from increase_eval.reporting.disclosure.system import CountSystem, Equation


def required_width(threshold: int) -> int:
    """How wide the interval around a withheld small count must be: half the threshold, and never 0."""
    return max(1, threshold // 2)


def withhold(system: CountSystem, *, threshold: int, first: Collection[Hashable] = ()) -> set[Hashable]:
    """Which units must be withheld so that no count from 1 to one less than `threshold` can be worked out?

    Parameters
    ----------
    system
        The cells, equations and units.
    threshold
        The smallest count above 0 that may be shown.
    first
        Names of units that are decided on without regard to the others, which then have to fit: what matters most
        is not withheld for the sake of a detail, if that can be done.

    Returns
    -------
    set
        Names of the units to withhold.

    Raises
    ------
    DisclosureError
        If units that are public already give a small count away that is not public itself.
    """
    if not first:
        return _withhold(_Publication(system), threshold)
    others = set(system.units) - set(first)
    settled = _withhold(_Publication(system, withheld=others), threshold) - others
    try:
        return _withhold(_Publication(system, withheld=settled, settled=set(first) - settled), threshold)
    except DisclosureError:
        return _withhold(_Publication(system), threshold)


def _withhold(state: _Publication, threshold: int) -> set[Hashable]:
    system = state.system
    for cell in sorted(system.small(threshold)):
        state.hide(cell)
    while exposures := _exposures(state, threshold):
        for number, equations in enumerate(exposures):
            # What was hidden for one may have helped another: only the first is certain still to need it.
            if number == 0 or any(_leaves_little(state, equation, threshold) for equation in equations):
                state.hide(_cheapest(state, equations))
    return state.withheld


def exposed_cells(system: CountSystem, withheld: set[Hashable], *, threshold: int) -> set[int]:
    """Which small counts can be worked out too well from what is published? Empty when all are safe.

    Counts that were public already are left out: nobody can hide them any more.
    """
    hidden = system.hidden(withheld)
    small = system.small(threshold)
    shown = {cell for cell in small - hidden if not system.is_public(cell)}
    intervals = feasible_intervals(system, hidden, small & hidden)
    return shown | {cell for cell, (low, high) in intervals.items() if high - low < required_width(threshold)}


class _Publication:
    """What is withheld so far, and which cells nobody sees any more."""

    def __init__(
        self, system: CountSystem, *, withheld: Collection[Hashable] = (), settled: Collection[Hashable] = ()
    ) -> None:
        self.system = system
        self.withheld = set(withheld)
        self.settled = set(settled)
        self.hidden = system.hidden(self.withheld)
        self.witnesses = Witnesses.of(system)
        self._showing: dict[int, set[Hashable]] = defaultdict(set)
        self._needing: dict[Hashable, set[Hashable]] = defaultdict(set)
        for name, cells in system.units.items():
            for cell in cells if name not in self.withheld else ():
                self._showing[cell].add(name)
        for name, needed in system.needs.items():
            self._needing[needed].add(name)

    def lost_with(self, cell: int) -> set[Hashable]:
        """Give the units that go when a cell is hidden: those that show it, those that need them; public ones stay."""
        lost: set[Hashable] = set()
        new = self._showing[cell] - self.system.public
        while new:
            lost |= new
            new = {other for name in new for other in self._needing[name]} - self.withheld - self.system.public - lost
        return lost

    def hide(self, cell: int) -> None:
        """Withhold all units that show a cell."""
        lost = self.lost_with(cell)
        self.withheld |= lost
        for name in lost:
            for shown in self.system.units[name]:
                self._showing[shown].discard(name)
                if not self._showing[shown]:
                    self.hidden.add(shown)


def _exposures(state: _Publication, threshold: int) -> list[list[Equation]]:
    """Give sets of equations that each give a small count away; none when every small count is safe."""
    system = state.system
    leaking = [equation for equation in system.equations if _leaves_little(state, equation, threshold)]
    if leaking:  # in the shortest, what is withheld serves best: it often lies within a longer one
        return [[equation] for equation in sorted(leaking, key=lambda equation: len(equation.parts))]
    small = system.small(threshold) & state.hidden
    reasons = deduce(system, state.hidden)
    known = [cell for cell in reasons if cell in small]
    if known:
        return [_derivation(known[0], reasons)]
    for component in components(system, state.hidden - set(reasons)):
        width = required_width(threshold)
        cell = narrow_cell(system, component, small=small, width=width, seen=state.witnesses)
        if cell is not None:
            return [_around(system, cell, state.hidden)]
    return []


def _around(system: CountSystem, cell: int, hidden: set[int]) -> list[Equation]:
    """Give the equations of a cell, and those of the withheld cells beside it."""
    own = [equation for equation in system.equations if cell in equation.cells]
    beside = {other for equation in own for other in equation.cells} & hidden
    return [equation for equation in system.equations if beside & set(equation.cells)]


def _leaves_little(state: _Publication, equation: Equation, threshold: int) -> bool:
    """Whether an equation gives away one small cell, or a small sum of several."""
    values, hidden = state.system.values, state.hidden
    parts = [cell for cell in equation.parts if cell in hidden]
    if equation.total in hidden:
        return not parts and 0 < values[equation.total] < threshold
    return 0 < sum(values[cell] for cell in parts) < threshold


def _derivation(cell: int, reasons: dict[int, Equation]) -> list[Equation]:
    """Give all equations by which a cell was worked out."""
    used: list[Equation] = []
    waiting = [cell]
    while waiting:
        equation = reasons[waiting.pop()]
        if equation not in used:
            used.append(equation)
            waiting += [other for other in equation.cells if reasons.get(other, equation) is not equation]
    return used


def _cheapest(state: _Publication, exposure: list[Equation]) -> int:
    """Choose the cell of the equations that costs fewest rows, then the smallest; else a neighbour."""
    reached = exposure
    while not (choices := list(_choices(state, reached))):
        linked = {cell for equation in reached for cell in equation.cells if cell in state.hidden}
        wider = [equation for equation in state.system.equations if linked & set(equation.cells)]
        if len(wider) <= len(reached):
            raise DisclosureError(
                "figures marked as already public give a count below the threshold away: mark that count as public "
                "too, or take the mark off"
            )
        reached = wider
    return min(choices)[-1]


def _choices(state: _Publication, equations: list[Equation]) -> Iterable[tuple[int, int, int, int]]:
    system, hidden = state.system, state.hidden
    for equation in equations:
        withheld_count = sum(cell in hidden for cell in equation.cells)
        for cell in equation.cells:
            if cell in hidden or system.values[cell] == 0 or system.is_public(cell):
                continue
            lost = state.lost_with(cell)
            if lost and not lost & state.settled:
                yield len(lost), withheld_count, system.values[cell], cell
