"""The counts that are about to be published, and how they hang together.

A *cell* is a number of people. *Equations* say that cells add up to another cell (arms to a total, those who answered
and those who did not to those enrolled). A *unit* is something that is published or withheld as a whole, such as one
row of a table, and shows one or several cells; the same cell may be shown by several units. Cells that no unit shows
(people lost, a remainder) still stand in equations: they can be worked out, and are protected like any other.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Equation:
    """The cells of `parts` add up to the cell `total`."""

    total: int
    parts: tuple[int, ...]

    @property
    def cells(self) -> tuple[int, ...]:
        """All cells of the equation."""
        return (self.total, *self.parts)


class Links:
    """Which cells stand in which equations.

    Attributes
    ----------
    cell_count
        How many cells there are.
    equations
        The equations, known by their place here.
    members
        Equation -> its cells, each once.
    around
        Cell -> the equations that it stands in, in order.
    """

    def __init__(self, cell_count: int, equations: tuple[Equation, ...]) -> None:
        self.cell_count = cell_count
        self.equations = equations
        self.members = tuple(tuple(dict.fromkeys(equation.cells)) for equation in equations)
        around: list[list[int]] = [[] for _ in range(cell_count)]
        for place, cells in enumerate(self.members):
            for cell in cells:
                around[cell].append(place)
        self.around = tuple(map(tuple, around))

    @cached_property
    def pairs(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Give all pairs of an equation and a cell in it, as two arrays."""
        sizes = [len(cells) for cells in self.members]
        cells = [cell for members in self.members for cell in members]
        return np.repeat(np.arange(len(sizes)), sizes), np.array(cells, dtype=np.intp)


@dataclass(slots=True)
class CountSystem:
    """Cells, equations and units; built up table by table, then handed to :func:`withhold`.

    Attributes
    ----------
    values
        Cell (its place here) -> its true count.
    equations
        What adds up to what. Only what holds for the true counts is ever added.
    units
        Name of a unit -> the cells it shows.
    needs
        Name of a unit -> the unit without which it cannot be published.
    public
        Names of units that others have published already; these stay.
    unheard
        Cells of tables that never leave: that 0 is always shown tells an outsider nothing of them.
    """

    values: list[int] = field(default_factory=list)
    equations: list[Equation] = field(default_factory=list)
    units: dict[Hashable, tuple[int, ...]] = field(default_factory=dict)
    needs: dict[Hashable, Hashable] = field(default_factory=dict)
    public: set[Hashable] = field(default_factory=set)
    unheard: set[int] = field(default_factory=set)
    _by_key: dict[Hashable, dict[int, int]] = field(default_factory=dict)

    def cell(self, key: Hashable, value: int) -> int:
        """Give the cell with this key, making it where it is new; another value under the same key is another cell."""
        if value < 0:
            raise ValueError("a count of people is below 0")
        same_key = self._by_key.setdefault(key, {})
        if value not in same_key:
            same_key[value] = len(self.values)
            self.values.append(value)
        return same_key[value]

    def find(self, key: Hashable) -> int | None:
        """Give the one cell that has this key; None where there is none, or several that differ."""
        cells = self._by_key.get(key, {})
        return next(iter(cells.values())) if len(cells) == 1 else None

    def unit(
        self, name: Hashable, cells: Iterable[int], *, needs: Hashable | None = None, public: bool = False
    ) -> None:
        """Add something that shows `cells` when it is published; withheld whenever the unit it `needs` is."""
        self.units[name] = tuple(cells)
        if needs is not None:
            self.needs[name] = needs
        if public:
            self.public.add(name)

    def add_up(self, total: int, parts: Iterable[int], *, remainder: Hashable | None = None) -> None:
        """Say that parts add up to a total, if they do; with `remainder`, what is left over is a cell of its own."""
        parts = tuple(parts)
        left = self.values[total] - sum(self.values[part] for part in parts)
        if left > 0 and remainder is not None:
            parts, left = (*parts, self.cell(remainder, left)), 0
        if left == 0 and parts and parts != (total,):
            self.equations.append(Equation(total, parts))

    def least(self, cell: int) -> int:
        """Give the lowest count that an outsider reckons with for a withheld cell: 0 would have been shown."""
        return 0 if cell in self.unheard else min(1, self.values[cell])

    def links(self) -> Links:
        """Give which cells stand in which equations, of what was added up to now."""
        return Links(len(self.values), tuple(self.equations))

    def hidden(self, withheld: set[Hashable]) -> set[int]:
        """Give the cells that no published unit shows."""
        shown = {cell for name, cells in self.units.items() if name not in withheld for cell in cells}
        return set(range(len(self.values))) - shown

    def public_cells(self) -> frozenset[int]:
        """Give the cells that others have published already."""
        return frozenset(cell for name in self.public for cell in self.units[name])

    def small(self, threshold: int) -> set[int]:
        """Give the cells from 1 to one less than the threshold."""
        return {cell for cell, value in enumerate(self.values) if 0 < value < threshold}
