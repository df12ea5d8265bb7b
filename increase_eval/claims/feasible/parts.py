"""Which statements have to do with each other? Parts that can be solved one by one, each under each of its readings."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import inf, prod

from increase_eval.claims.feasible.integer import can_grow, solve
from increase_eval.claims.feasible.rows import Row, rows_of, tighten
from increase_eval.claims.feasible.statements import LARGEST, Count, Figure, Statement, counts_named


@dataclass(frozen=True)
class Reading:
    """One part under one option of each of its choices.

    Attributes
    ----------
    options
        Choice -> the option taken.
    counts
        The counts of the part.
    statements
        The statements that hold under these options.
    """

    options: Mapping[str, str]
    counts: tuple[Count, ...]
    statements: tuple[Statement, ...]

    @cached_property
    def position(self) -> dict[str, int]:
        """Count -> where it stands."""
        return {count.id: at for at, count in enumerate(self.counts)}

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The rows of all statements."""
        return tuple(row for statement in self.statements for row in rows_of(statement, self.position))

    def solution(
        self,
        *,
        fixed: Mapping[str, tuple[int, int]] | None = None,
        without: frozenset[str] = frozenset(),
        count: str | None = None,
        sign: int = 1,
    ) -> dict[str, int] | None:
        """Give a solution with some counts held within bounds, and some statements left out; see :func:`solve`."""
        low, high = self._bounds(fixed)
        rows = [row for row in self.rows if row.statement not in without]
        at = None if count is None else self.position[count]
        found = solve(rows, low, high, count=at, sign=sign)
        if found is None:
            return None
        if not without:
            for own, value in zip(self.counts, found, strict=True):
                self._seen[own.id].add(value)
        return {own.id: value for own, value in zip(self.counts, found, strict=True)}

    @cached_property
    def is_feasible(self) -> bool:
        """Whether any whole numbers satisfy every statement."""
        return self.solution() is not None

    def range_of(self, count: str) -> tuple[int, int]:
        """Give the smallest and the largest value of a count; the reading has to be feasible."""
        if count not in self._ranges:
            ends = [self.solution(count=count, sign=sign) for sign in (1, -1)]
            self._ranges[count] = (ends[0][count], ends[1][count])  # type: ignore[index]
        return self._ranges[count]

    def values_of(self, count: str, low: int, high: int, *, known: Container[int] = ()) -> Iterator[int]:
        """Give every value of a count from low to high that a solution has; those already known are not tried again."""
        own = self.counts[self.position[count]]
        for value in range(max(low, own.low), min(high, own.high) + 1):
            is_known = value in known or value in self._seen[count]
            if is_known or self.solution(fixed={count: (value, value)}) is not None:
                yield value

    def is_unbounded(self, count: str) -> bool:
        """Whether a count can be as large as one likes; the reading has to be feasible.

        A system in whole numbers that has a solution is unbounded just where its relaxation is (Meyer 1974).
        """
        high = [own.high if own.high < LARGEST else inf for own in self.counts]
        return can_grow(self.rows, [own.low for own in self.counts], high, count=self.position[count])

    @cached_property
    def _ranges(self) -> dict[str, tuple[int, int]]:
        return {}

    @cached_property
    def _seen(self) -> dict[str, set[int]]:
        """The values that solutions found so far had, so that they need not be looked for again."""
        return {count.id: set() for count in self.counts}

    def narrowed(self, fixed: Mapping[str, tuple[int, int]]) -> dict[str, tuple[int, int]] | None:
        """Give the bounds that rows one by one leave each count; None where nothing is left."""
        bounds = tighten(self.rows, *self._bounds(fixed))
        return None if bounds is None else {own.id: ends for own, *ends in zip(self.counts, *bounds, strict=True)}  # type: ignore[misc]

    def _bounds(self, fixed: Mapping[str, tuple[int, int]] | None) -> tuple[list[int], list[int]]:
        given = fixed or {}
        low = [max(own.low, given.get(own.id, (own.low, own.high))[0]) for own in self.counts]
        high = [min(own.high, given.get(own.id, (own.low, own.high))[1]) for own in self.counts]
        return low, high


@dataclass(frozen=True)
class Part:
    """Counts that statements join together.

    Attributes
    ----------
    readings
        The part under every combination of options of its choices.
    """

    readings: tuple[Reading, ...]

    @property
    def counts(self) -> tuple[str, ...]:
        """The counts of the part."""
        return tuple(count.id for count in self.readings[0].counts)

    @cached_property
    def feasible(self) -> tuple[Reading, ...]:
        """The readings that have a solution."""
        return tuple(reading for reading in self.readings if reading.is_feasible)


def parts_of(counts: Sequence[Count], statements: Sequence[Statement], *, most_readings: int) -> tuple[Part, ...]:
    """Join counts that share a statement, and choices that share one, and give every reading of each part.

    A count that is printed exactly and always joins nothing: whatever else is said of it, it has that value in every
    part, and what says so is repeated in each.

    Raises
    ------
    ValueError
        If a part has more readings than `most_readings`.
    """
    pinned = _pinned(statements)
    parts = []
    for own in _joined(statements, pinned):
        names = {name for one in own for name in counts_named(one)}
        repeated = [one for one in statements if _is_about_one(one, pinned) and set(counts_named(one)) <= names]
        held = [one for one in statements if any(one is other for other in (*own, *repeated))]
        parts.append(_part([count for count in counts if count.id in names], held, most_readings))
    said = {name for part in parts for name in part.counts}
    return (*parts, *(_part([count], [], most_readings) for count in counts if count.id not in said))


def _part(counts: Sequence[Count], statements: Sequence[Statement], most_readings: int) -> Part:
    choices = dict.fromkeys(choice for one in statements for choice in one.under)
    options = {
        choice: list(dict.fromkeys(one.under[choice] for one in statements if choice in one.under))
        for choice in choices
    }
    combinations = prod(len(each) for each in options.values())
    if combinations > most_readings:
        named = ", ".join(options)
        raise ValueError(f"the choices {named} make {combinations} readings; allowed: {most_readings} (most_readings)")
    readings = []
    for taken in product(*options.values()):
        chosen = dict(zip(options, taken, strict=True))
        held = tuple(one for one in statements if all(chosen[name] == option for name, option in one.under.items()))
        readings.append(Reading(chosen, tuple(counts), held))
    return Part(tuple(readings))


def _joined(statements: Sequence[Statement], pinned: frozenset[str]) -> list[list[Statement]]:
    """Give the statements in groups that share no count and no choice, those on pinned counts alone by count."""
    groups: list[tuple[set[str], list[Statement]]] = []
    for one in statements:
        named = set(counts_named(one))
        links = {f"count {name}" for name in (named - pinned or named)} | {f"choice {name}" for name in one.under}
        touched = [group for group in groups if group[0] & links]
        rest = [group for group in groups if not group[0] & links]
        merged = links.union(*(group[0] for group in touched))
        groups = [*rest, (merged, [*(each for group in touched for each in group[1]), one])]
    return [own for _, own in groups]


def _pinned(statements: Sequence[Statement]) -> frozenset[str]:
    return frozenset(
        one.part[0]
        for one in statements
        if isinstance(one, Figure)
        and len(one.part) == 1
        and not one.under
        and one.value.low == one.value.high is not None
    )


def _is_about_one(statement: Statement, pinned: frozenset[str]) -> bool:
    """Whether a statement always holds and says something of one pinned count alone."""
    named = counts_named(statement)
    return not statement.under and len(named) == 1 and named[0] in pinned
