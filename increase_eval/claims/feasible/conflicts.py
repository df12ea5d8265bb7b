"""Which statements cannot all be true? The fewest that contradict each other, and what would mend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from increase_eval.claims.feasible.parts import Part, Reading
from increase_eval.claims.feasible.statements import Statement


@dataclass(frozen=True, slots=True)
class Conflict:
    """Statements that contradict each other: without any one of them the others could all be true.

    Attributes
    ----------
    statements
        Their ids.
    sources
        The documents that they come from, each once.
    options
        The reading under which they do.
    mended_by
        Those of them whose leaving out alone makes everything else under this reading fit.
    """

    statements: tuple[str, ...]
    sources: tuple[str, ...]
    options: dict[str, str]
    mended_by: tuple[str, ...]


def conflicts_in(reading: Reading, known: Sequence[Sequence[Statement]] = ()) -> tuple[Conflict, ...]:
    """Find contradictions under a reading that has no solution, one after the other, until the rest fits.

    Parameters
    ----------
    reading
        A reading without a solution.
    known
        Statements that contradict each other under other readings: where all of them hold here, they do so again.

    Returns
    -------
    tuple of Conflict
        No two share a statement. There can be others among the same statements.

    Notes
    -----
    A conflict is irreducible: statements are left out one by one, and whatever is not needed for the contradiction
    stays out. This is done from the first statement and from the last, and the smaller result is kept.
    """
    names = tuple(dict.fromkeys(statement.id for statement in reading.statements))
    away: frozenset[str] = frozenset()
    found: list[Conflict] = []
    for clash in known:
        here = {one.id for one in clash if any(one is own for own in reading.statements)}
        if len(here) == len(clash) and not here & away:
            found.append(_conflict(reading, tuple(name for name in names if name in here), away))
            away |= here
    while reading.solution(without=away) is None:
        left = tuple(name for name in names if name not in away)
        smallest = min((_irreducible(reading, order, away) for order in (left, left[::-1])), key=len)
        found.append(_conflict(reading, tuple(name for name in names if name in smallest), away))
        away |= smallest
        if not smallest:
            break
    return tuple(found)


def conflicts_of(part: Part) -> tuple[Conflict, ...]:
    """Find contradictions under every reading of a part that has no solution."""
    known: list[tuple[Statement, ...]] = []
    found: list[Conflict] = []
    for reading in part.readings:
        if reading.is_feasible:
            continue
        own = conflicts_in(reading, known)
        clashes = [tuple(one for one in reading.statements if one.id in conflict.statements) for conflict in own]
        known += [clash for clash in clashes if clash not in known]
        found += own
    return tuple(found)


def _irreducible(reading: Reading, order: tuple[str, ...], away: frozenset[str]) -> frozenset[str]:
    """Leave out every statement without which there is still no solution; the others are the conflict."""
    out = set(away)
    kept = []
    for name in order:
        if reading.solution(without=frozenset({*out, name})) is None:
            out.add(name)
        else:
            kept.append(name)
    return frozenset(kept)


def _conflict(reading: Reading, statements: tuple[str, ...], away: frozenset[str]) -> Conflict:
    sources = {one.id: one.source for one in reading.statements}
    mending = tuple(name for name in statements if reading.solution(without=away | {name}) is not None)
    named = tuple(dict.fromkeys(sources[name] for name in statements if sources[name]))
    return Conflict(statements, named, dict(reading.options), mending)
