"""Which rows must be withheld so that no small count can be worked out from what is published?

First the rows that show a small count themselves; then, the smallest first, as many others as it takes. A small count
is safe when the interval that an outsider can work out for it is wide (see :func:`required_width`), and when no
equation leaves a small remainder for several withheld cells together.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from increase_eval.errors import DisclosureError
from increase_eval.reporting.disclosure.intervals import components, feasible_intervals, narrow_cell
from increase_eval.reporting.disclosure.system import CountSystem, Equation


def required_width(threshold: int) -> int:
    """How wide the interval around a withheld small count must be: half the threshold, and never 0."""
    return max(1, threshold // 2)


def withhold(system: CountSystem, *, threshold: int) -> set[Hashable]:
    """Which units must be withheld so that no count from 1 to one less than `threshold` can be worked out?

    Parameters
    ----------
    system
        The cells, equations and units.
    threshold
        The smallest count above 0 that may be shown.

    Returns
    -------
    set
        Names of the units to withhold.

    Raises
    ------
    DisclosureError
        If units that are public already give a small count away that is not public itself.
    """
    withheld: set[Hashable] = set()
    for cell in sorted(system.small(threshold)):
        _hide(system, cell, withheld)
    safe: set[tuple[int, ...]] = set()
    while exposure := _exposure(system, system.hidden(withheld), threshold, safe):
        _hide(system, _cheapest(system, withheld, exposure), withheld)
    return withheld


def exposed_cells(system: CountSystem, withheld: set[Hashable], *, threshold: int) -> set[int]:
    """Which small counts can be worked out too well from what is published? Empty when all are safe.

    Counts that were public already are left out: nobody can hide them any more.
    """
    hidden = system.hidden(withheld)
    small = system.small(threshold)
    shown = {cell for cell in small - hidden if not system.is_public(cell)}
    intervals = feasible_intervals(system, hidden, small & hidden)
    return shown | {cell for cell, (low, high) in intervals.items() if high - low < required_width(threshold)}


def _hide(system: CountSystem, cell: int, withheld: set[Hashable]) -> None:
    withheld |= _lost_with(system, cell, withheld)


def _lost_with(system: CountSystem, cell: int, withheld: set[Hashable]) -> set[Hashable]:
    """Give the units that go when a cell is hidden: those that show it, and those that need them; public ones stay."""
    lost: set[Hashable] = set()
    new = {name for name, cells in system.units.items() if cell in cells} - system.public - withheld
    while new:
        lost |= new
        new = {name for name, needed in system.needs.items() if needed in new} - system.public - withheld - lost
    return lost


def _exposure(system: CountSystem, hidden: set[int], threshold: int, safe: set[tuple[int, ...]]) -> list[Equation]:
    """Give equations that give a small count away; empty when every small count is safe.

    `safe` remembers groups of hidden cells already found safe: what an outsider can say about a group depends on
    which cells are hidden in it, and on nothing else.
    """
    small = system.small(threshold) & hidden
    leaking = [equation for equation in system.equations if _leaves_little(system, equation, hidden, threshold)]
    if leaking:  # in the shortest, what is withheld serves best: it often lies within a longer one
        return [min(leaking, key=lambda equation: len(equation.parts))]
    for component in components(system, hidden):
        if component in safe or not small & set(component):
            continue
        cell = narrow_cell(system, component, small=small, width=required_width(threshold))
        if cell is not None:
            return _tightest(system, hidden, component, cell)
        safe.add(component)
    return []


def _leaves_little(system: CountSystem, equation: Equation, hidden: set[int], threshold: int) -> bool:
    """Whether an equation gives away one small cell, or a small sum of several."""
    parts = [cell for cell in equation.parts if cell in hidden]
    if equation.total in hidden:
        return not parts and 0 < system.values[equation.total] < threshold
    return 0 < sum(system.values[cell] for cell in parts) < threshold


def _tightest(system: CountSystem, hidden: set[int], component: tuple[int, ...], cell: int) -> list[Equation]:
    """Give the equations that tell an outsider most: those with one withheld cell, else those with the cell itself."""
    touched = [equation for equation in system.equations if set(component) & set(equation.cells)]
    telling = [equation for equation in touched if len(hidden & set(equation.cells)) == 1]
    own = [equation for equation in touched if cell in equation.cells]
    return [equation for equation in telling if equation in own] or telling or own


def _cheapest(system: CountSystem, withheld: set[Hashable], exposure: list[Equation]) -> int:
    """Choose the cell of the equations that costs fewest rows, then the smallest; else one of their neighbours."""
    hidden = system.hidden(withheld)
    reached = exposure
    while not (choices := list(_choices(system, withheld, hidden, reached))):
        linked = {cell for equation in reached for cell in equation.cells if cell in hidden}
        wider = [equation for equation in system.equations if linked & set(equation.cells)]
        if len(wider) <= len(reached):
            raise DisclosureError(
                "figures marked as already public give a count below the threshold away: mark that count as public "
                "too, or take the mark off"
            )
        reached = wider
    return min(choices)[-1]


def _choices(
    system: CountSystem, withheld: set[Hashable], hidden: set[int], equations: list[Equation]
) -> Iterable[tuple[int, int, int, int]]:
    for equation in equations:
        withheld_count = sum(cell in hidden for cell in equation.cells)
        for cell in equation.cells:
            if cell not in hidden and system.values[cell] > 0 and not system.is_public(cell):
                yield len(_lost_with(system, cell, withheld)), withheld_count, system.values[cell], cell
