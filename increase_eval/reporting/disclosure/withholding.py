"""Which rows must be withheld so that no small count can be worked out from what is published?

First the rows that show a small count themselves; then, the cheapest first, as many others as it takes. A small count
is safe when the interval that an outsider can work out for it is wide (see :func:`required_width`), and when no
equation leaves a small remainder for several withheld cells together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator
from dataclasses import dataclass

from increase_eval.errors import DisclosureError
from increase_eval.reporting.disclosure.intervals import (
    Witnesses,
    components,
    deduce,
    narrow_cells,
)
from increase_eval.reporting.disclosure.programme import Programme
from increase_eval.reporting.disclosure.system import CountSystem, Equation, Links


def required_width(threshold: int) -> int:
    """How wide the interval around a withheld small count must be: half the threshold, and never 0."""
    return max(1, threshold // 2)


@dataclass(frozen=True, slots=True)
class Given:
    """What can be worked out whatever is decided here: small counts, and equations that leave a small remainder."""

    cells: frozenset[int] = frozenset()
    equations: frozenset[int] = frozenset()


NOTHING_GIVEN = Given()


def given_away(system: CountSystem, withheld: set[Hashable], *, threshold: int) -> Given:
    """Which small counts can be worked out with all of these units withheld?

    Parameters
    ----------
    system
        The cells, equations and units.
    withheld
        Names of units: everything that there is to decide on, and what is withheld already.
    threshold
        The smallest count above 0 that may be shown.
    """
    state = _Publication(system, system.links(), withheld=withheld)
    state.watch(threshold)
    exposed = exposed_cells(system, withheld, threshold=threshold)
    return Given(frozenset(exposed), frozenset(state.leaking))


def withhold(
    system: CountSystem,
    *,
    threshold: int,
    first: Collection[Hashable] = (),
    already: Collection[Hashable] = (),
    given: Given = NOTHING_GIVEN,
) -> set[Hashable]:
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
    already
        Names of units that are withheld to begin with.
    given
        What can be worked out whatever is withheld here, and so is not asked of this choice: from
        :func:`given_away`. Not together with `first`.

    Returns
    -------
    set
        Names of the units to withhold.

    Raises
    ------
    DisclosureError
        If units that are public already give a small count away that is not public itself.
    """
    links = system.links()
    if not first:
        return _withhold(_Publication(system, links, withheld=already, given=given), threshold)
    others = set(system.units) - set(first)
    settled = _withhold(_Publication(system, links, withheld=others | set(already)), threshold) - others
    begun = settled | set(already)
    try:
        return _withhold(_Publication(system, links, withheld=begun, settled=set(first) - settled), threshold)
    except DisclosureError:
        return _withhold(_Publication(system, links, withheld=already), threshold)


def _withhold(state: _Publication, threshold: int) -> set[Hashable]:
    state.watch(threshold)
    for cell in sorted(state.small):
        state.hide(cell)
    while exposures := _exposures(state, threshold):
        for number, equations in enumerate(exposures):
            # What was hidden for one may have helped another: only the first is certain still to need it.
            if number == 0 or not state.leaking.isdisjoint(equations):
                state.hide(_cheapest(state, equations))
    return state.withheld


def exposed_cells(system: CountSystem, withheld: set[Hashable], *, threshold: int) -> set[int]:
    """Which small counts can be worked out too well from what is published? Empty when all are safe.

    Counts that were public already are left out: nobody can hide them any more.
    """
    hidden = system.hidden(withheld)
    small = system.small(threshold)
    links, seen, width = system.links(), Witnesses.of(system), required_width(threshold)
    programme = Programme(system, links)
    programme.hide(hidden)
    narrow = {
        cell
        for component in components(links, hidden, small & hidden)
        for cell in narrow_cells(programme, component, small=small, width=width, seen=seen)
    }
    return narrow | (small - hidden - system.public_cells())


class _Publication:
    """What is withheld so far, which cells nobody sees any more, and which equations give something small away."""

    def __init__(
        self,
        system: CountSystem,
        links: Links,
        *,
        withheld: Collection[Hashable] = (),
        settled: Collection[Hashable] = (),
        given: Given = NOTHING_GIVEN,
    ) -> None:
        self.system = system
        self.given = given
        self.links = links
        self.public_cells = system.public_cells()
        self.withheld = set(withheld)
        self.settled = set(settled)
        self.hidden = system.hidden(self.withheld)
        self.witnesses = Witnesses.of(system)
        self.programme = Programme(system, links)
        self._showing: dict[int, set[Hashable]] = defaultdict(set)
        self._needing: dict[Hashable, set[Hashable]] = defaultdict(set)
        for name, cells in system.units.items():
            for cell in cells if name not in self.withheld else ():
                self._showing[cell].add(name)
        for name, needed in system.needs.items():
            self._needing[needed].add(name)

    def watch(self, threshold: int) -> None:
        """From now on, keep account of the equations that give small counts away."""
        self._threshold = threshold
        self.small = self.system.small(threshold) - self.given.cells
        self.leaking: set[int] = set()
        self.single: set[int] = set()
        for number in range(len(self.links.equations)):
            self._look_at(number)

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
        changed: set[int] = set()
        for name in lost:
            for shown in self.system.units[name]:
                self._showing[shown].discard(name)
                if not self._showing[shown]:
                    self.hidden.add(shown)
                    changed.update(self.links.around[shown])
        for number in changed:
            self._look_at(number)

    def _look_at(self, number: int) -> None:
        hidden_count = sum(cell in self.hidden for cell in self.links.members[number])
        (self.single.add if hidden_count == 1 else self.single.discard)(number)
        leaks = hidden_count > 0 and self._leaves_little(self.links.equations[number])
        leaks = leaks and number not in self.given.equations
        (self.leaking.add if leaks else self.leaking.discard)(number)

    def _leaves_little(self, equation: Equation) -> bool:
        """Whether an equation gives away one small cell, or a small sum of several."""
        values, hidden = self.system.values, self.hidden
        parts = [cell for cell in equation.parts if cell in hidden]
        if equation.total in hidden:
            return not parts and 0 < values[equation.total] < self._threshold
        return 0 < sum(values[cell] for cell in parts) < self._threshold


def _exposures(state: _Publication, threshold: int) -> list[list[int]]:
    """Give sets of equations that each give a small count away; none when every small count is safe."""
    links = state.links
    if state.leaking:  # in the shortest, what is withheld serves best: it often lies within a longer one
        return [[number] for number in sorted(state.leaking, key=lambda n: (len(links.equations[n].parts), n))]
    small = state.small & state.hidden
    reasons = deduce(links, state.hidden, state.single)
    known = [cell for cell in reasons if cell in small]
    if known:
        return [_derivation(links, known[0], reasons)]
    width = required_width(threshold)
    doubtful = state.witnesses.doubtful(sorted(small - set(reasons)), width)
    for component in components(links, state.hidden - set(reasons), doubtful):
        state.programme.hide(state.hidden)
        for cell in narrow_cells(state.programme, component, small=small, width=width, seen=state.witnesses):
            return [_around(links, cell, state.hidden)]
    return []


def _around(links: Links, cell: int, hidden: set[int]) -> list[int]:
    """Give the equations of a cell, and those of the withheld cells beside it."""
    beside = {other for number in links.around[cell] for other in links.members[number]} & hidden
    return sorted({number for other in beside for number in links.around[other]})


def _derivation(links: Links, cell: int, reasons: dict[int, int]) -> list[int]:
    """Give all equations by which a cell was worked out."""
    used: list[int] = []
    waiting = [cell]
    while waiting:
        number = reasons[waiting.pop()]
        if number not in used:
            used.append(number)
            waiting += [other for other in links.members[number] if reasons.get(other, number) != number]
    return used


def _cheapest(state: _Publication, exposure: list[int]) -> int:
    """Choose the cell of the equations that costs fewest rows, then the smallest; else a neighbour."""
    links, reached = state.links, set(exposure)
    while not (choices := list(_choices(state, reached))):
        linked = {cell for number in reached for cell in links.members[number] if cell in state.hidden}
        wider = {number for cell in linked for number in links.around[cell]}
        if len(wider) <= len(reached):
            raise DisclosureError(
                "figures marked as already public give a count below the threshold away: mark that count as public "
                "too, or take the mark off"
            )
        reached = wider
    return min(choices)[-1]


def _choices(state: _Publication, equations: Iterable[int]) -> Iterator[tuple[int, int, int, int]]:
    values, hidden = state.system.values, state.hidden
    for number in equations:
        cells = state.links.equations[number].cells
        withheld_count = sum(cell in hidden for cell in cells)
        for cell in cells:
            if cell in hidden or values[cell] == 0 or cell in state.public_cells:
                continue
            lost = state.lost_with(cell)
            if lost and not lost & state.settled:
                yield len(lost), withheld_count, values[cell], cell
