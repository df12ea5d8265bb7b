"""What is left of counts after all that was printed: bounds, values, readings that fail, and what contradicts what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from increase_eval.claims.feasible.conflicts import Conflict
from increase_eval.claims.feasible.parts import Part, Reading
from increase_eval.claims.feasible.statements import LARGEST, Count

MOST_SOLUTIONS = 10_000

SUSPICIOUS = 1000
"""A largest value above this part of :data:`LARGEST` may come from that bound alone, and is looked into."""

COUNT_COLUMNS = ("count", "low", "high", "values", "status")


@dataclass(frozen=True)
class FeasibleCounts:
    """The feasible set of all counts, under every reading.

    Attributes
    ----------
    counts
        One row a count: count, low, high, values (every value, where there are few), status (``fixed``, ``listed``,
        ``range``, ``unbounded``: no statement limits it, or ``contradiction``: no reading of it is feasible).
    readings
        One row an option of a choice: choice, option, status (``possible``, or ``impossible`` with everything else),
        only_with (options of other choices that it needs, ``choice=option``), statements (what contradicts it, where
        it is impossible).
    conflicts
        What contradicts what, under each reading without a solution.
    parts
        The systems themselves, so that more can be asked.
    """

    counts: pd.DataFrame
    readings: pd.DataFrame
    conflicts: tuple[Conflict, ...]
    parts: tuple[Part, ...]

    @property
    def is_feasible(self) -> bool:
        """Whether everything that was printed can be true at once, under some reading."""
        return all(part.feasible for part in self.parts)

    def allows(self, **values: int) -> bool:
        """Say whether these values can all be true at once, under some reading.

        Raises
        ------
        ValueError
            If a count is not known.
        """
        for part in self._parts_of(tuple(values)):
            fixed = {name: (value, value) for name, value in values.items() if name in part.counts}
            if not any(reading.solution(fixed=fixed) is not None for reading in part.readings):
                return False
        return True

    def values(self, count: str, low: int = 0, high: int | None = None) -> tuple[int, ...]:
        """Give every value of a count from `low` to `high` that some reading allows.

        Raises
        ------
        ValueError
            If the count is not known, or has no upper end and `high` is not given.
        """
        parts = self._parts_of((count,))
        row = self.counts.set_index("count").loc[count]
        if high is None and row["status"] == "unbounded":
            raise ValueError(f"{count} has no upper bound; give `high`")
        top = high if high is not None else (-1 if pd.isna(row["high"]) else int(row["high"]))
        found = [set(values_of(part, count, low, top)) for part in parts]
        return tuple(sorted(set.intersection(*found)))

    def counts_under(self, options: Mapping[str, str], *, listed: int = 60) -> pd.DataFrame:
        """Give the table `counts` again, under these options of the choices named and any option of the others.

        Raises
        ------
        ValueError
            If a choice or an option is not known.
        """
        allowed = {(row.choice, row.option) for row in self.readings.itertuples()}
        unknown = [pair for pair in options.items() if pair not in allowed]
        if unknown:
            raise ValueError(f"options {unknown} are not known; allowed: {sorted(allowed)}")
        kept = [Part(tuple(one for one in part.readings if _agrees(one, options))) for part in self.parts]
        order = {name: at for at, name in enumerate(self.counts["count"])}
        counts = {count.id: count for part in kept for count in part.readings[0].counts}
        return count_table([counts[name] for name in order], kept, listed=listed)

    def solutions(self, *counts: str, most: int = MOST_SOLUTIONS) -> pd.DataFrame:
        """Give every combination of values that some counts can have at once, one row each.

        Raises
        ------
        ValueError
            If a count is not known, or there are more than `most` combinations.
        """
        found: pd.DataFrame | None = None
        said: set[str] = set()
        for part in self._parts_of(counts):
            own = [name for name in counts if name in part.counts and name not in said]
            said.update(own)
            rows: dict[tuple[int, ...], None] = {}
            for reading in part.feasible:
                for values in _combinations(reading, own, {}):
                    rows[values] = None
                    if len(rows) > most:
                        raise ValueError(f"{', '.join(own)} have more than {most} combinations; ask for fewer counts")
            table = pd.DataFrame(sorted(rows), columns=own)
            found = table if found is None else found.merge(table, how="cross")
        joined = pd.DataFrame() if found is None else found
        if len(joined) > most:
            raise ValueError(f"{', '.join(counts)} have more than {most} combinations; ask for fewer counts")
        return joined[list(counts)].sort_values(list(counts), ignore_index=True)

    def _parts_of(self, counts: tuple[str, ...]) -> list[Part]:
        known = [name for part in self.parts for name in part.counts]
        unknown = [name for name in counts if name not in known]
        if unknown:
            raise ValueError(f"counts {unknown} are not known; allowed: {', '.join(known)}")
        return [part for part in self.parts if set(part.counts) & set(counts)]


def count_table(counts: Sequence[Count], parts: Sequence[Part], *, listed: int) -> pd.DataFrame:
    """Give bounds and values of every count, under any reading of its part that has a solution."""
    part_of = {name: part for part in reversed(parts) for name in part.counts}
    rows = [_count_row(part_of[count.id], count.id, listed) for count in counts]
    table = pd.DataFrame(rows, columns=list(COUNT_COLUMNS))
    return table.astype({"count": "string", "low": "Int64", "high": "Int64", "values": "string", "status": "string"})


def _count_row(part: Part, count: str, listed: int) -> dict[str, Any]:
    if not part.feasible:
        return {"count": count, "low": None, "high": None, "values": None, "status": "contradiction"}
    ranges = [reading.range_of(count) for reading in part.feasible]
    low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
    row: dict[str, Any] = {"count": count, "low": low, "high": high, "values": None, "status": "range"}
    if low == high:
        return {**row, "values": str(low), "status": "fixed"}
    if high > LARGEST // SUSPICIOUS and any(reading.is_unbounded(count) for reading in part.feasible):
        return {**row, "high": None, "status": "unbounded"}
    if high - low < listed:
        return {**row, "values": spans(values_of(part, count, low, high)), "status": "listed"}
    return row


def spans(values: Sequence[int]) -> str:
    """Write whole numbers in order, neighbours as a range: ``25, 40-42, 46``."""
    runs: list[list[int]] = []
    for value in values:
        if runs and value == runs[-1][-1] + 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def _agrees(reading: Reading, options: Mapping[str, str]) -> bool:
    return all(options.get(choice, option) == option for choice, option in reading.options.items())


def values_of(part: Part, count: str, low: int, high: int) -> tuple[int, ...]:
    """Give every value of a count from low to high under any reading of a part that has a solution."""
    known: set[int] = set()
    for reading in part.feasible:
        known.update(reading.values_of(count, low, high, known=known))
    return tuple(sorted(value for value in known if low <= value <= high))


def _combinations(
    reading: Reading, counts: list[str], fixed: Mapping[str, tuple[int, int]]
) -> Iterator[tuple[int, ...]]:
    """Fix one count after the other at each of its values, wherever the rest still has a solution."""
    if not counts:
        yield ()
        return
    bounds = reading.narrowed(fixed)
    if bounds is None:
        return
    low, high = bounds[counts[0]]
    for value in range(low, high + 1):
        tried = {**fixed, counts[0]: (value, value)}
        if reading.solution(fixed=tried) is not None:
            for rest in _combinations(reading, counts[1:], tried):
                yield (value, *rest)
