"""How do the rows of estimate tables hang together? Totals, wholes, and denominators that lie within each other.

A tie is only made where the true counts bear it out, so that a table with other habits cannot lead to a wrong one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import pairwise

from increase_eval.reporting.disclosure.rows import EstimateRow, Split
from increase_eval.reporting.disclosure.system import CountSystem

ARROW = " -> "
"""Between two waves in the `contrast` of a transition."""

OF = "of "
"""Before the denominator in the `contrast` of a share whose count stands beside it."""

SUM = "any"
"""The `term` of a count that is the sum of the others beside it."""


Pair = tuple[str, str]
Nesting = Mapping[Pair, Sequence[Pair]]
"""A group -> the groups it is made of, each as ``(by_ column, value)``: an arm and the sites that lie in it."""


def tie_rows(system: CountSystem, rows: Sequence[EstimateRow], nesting: Nesting) -> None:
    """Put the counts of all rows into a system, and tie them together."""
    for row in rows:
        people = system.cell(_people(row), row.n)
        system.unit(row.people_unit, [people], public=row.is_public)
        if row.count is not None:
            counted = system.cell(_counted(row), row.count)
            others = system.cell(("others", *_counted(row)), row.n - row.count)
            system.unit(row.estimate_unit, [counted, others], needs=row.people_unit, public=row.is_public)
            system.add_up(people, [counted, others])
        else:
            system.unit(row.estimate_unit, [people], needs=row.people_unit, public=row.is_public)
    _tie_totals(system, rows)
    _tie_nested(system, rows, nesting)
    _tie_wholes(system, rows)
    _tie_flow(system, [row for row in rows if row.outcome == "responded" and not row.contrast])
    _tie_patterns(system, [row for row in rows if row.outcome == "pattern"], rows)
    _tie_transitions(system, [row for row in rows if ARROW in row.contrast and row.count is not None])
    _tie_counts_to_shares(system, rows)


def _people(row: EstimateRow) -> Hashable:
    """Rows on the same people share one cell, whatever the term or the table, as long as their n agree."""
    if row.outcome == "pattern" or (row.outcome == "responded" and row.term == "enrolled"):
        return "enrolled", row.split
    return "people", row.outcome, row.contrast, row.wave, row.split


def _counted(row: EstimateRow) -> tuple[Hashable, ...]:
    return "counted", row.outcome, row.term, row.contrast, row.wave, row.split


def _tie_totals(system: CountSystem, rows: Sequence[EstimateRow]) -> None:
    """Tie each row that is a total to the rows that split it by one more column."""
    children: dict[tuple[Hashable, ...], list[EstimateRow]] = defaultdict(list)
    for row in rows:
        for pair in row.split:
            children[(row.table, row.outcome, row.term, row.contrast, row.wave, row.split - {pair}, pair[0])].append(
                row
            )
    for row in rows:
        own = (row.table, row.outcome, row.term, row.contrast, row.wave, row.split)
        for column in sorted({key[-1] for key in children if key[:-1] == own}, key=str):
            parts = children[(*own, column)]
            people = dict.fromkeys(system.units[part.people_unit][0] for part in parts)
            if len(people) == len(parts):
                system.add_up(
                    system.units[row.people_unit][0], people, remainder=("in no part", *own, column, "people")
                )
            if row.count is not None:
                _tie_counted_total(system, row, parts, ("in no part", *own, column, "counted"))


def _tie_nested(system: CountSystem, rows: Sequence[EstimateRow], nesting: Nesting) -> None:
    """Tie a group to the smaller groups it is made of, which stand in rows of another `by_*` column."""
    found = {(row.table, row.outcome, row.term, row.contrast, row.wave, row.split): row for row in rows}
    for row in rows:
        for pair in row.split:
            about = (row.table, row.outcome, row.term, row.contrast, row.wave)
            inside = [found.get((*about, row.split - {pair} | {part})) for part in nesting.get(pair, ())]
            parts = [part for part in inside if part is not None]
            if not parts:
                continue
            remainder = ("in no smaller group", *about, row.split)
            people = [system.units[part.people_unit][0] for part in parts]
            system.add_up(system.units[row.people_unit][0], people, remainder=(*remainder, "people"))
            if row.count is not None:
                _tie_counted_total(system, row, parts, (*remainder, "counted"))


def _tie_counted_total(system: CountSystem, row: EstimateRow, parts: list[EstimateRow], remainder: Hashable) -> None:
    if any(part.count is None and part.n > 0 for part in parts):
        return
    counted = [system.units[part.estimate_unit][0] for part in parts if part.count is not None]
    system.add_up(system.units[row.estimate_unit][0], counted, remainder=remainder)


def _tie_wholes(system: CountSystem, rows: Sequence[EstimateRow]) -> None:
    """Tie terms that share the same people out among themselves (states, bins, patterns) to the people."""
    groups: dict[tuple[Hashable, ...], list[EstimateRow]] = defaultdict(list)
    for row in rows:
        if row.count is not None:
            groups[(row.table, row.outcome, row.contrast, row.wave, row.split)].append(row)
    for members in groups.values():
        if len(members) > 1 and len({row.n for row in members}) == 1:
            counted = [system.units[row.estimate_unit][0] for row in members]
            system.add_up(system.units[members[0].people_unit][0], counted)


def _tie_flow(system: CountSystem, rows: Sequence[EstimateRow]) -> None:
    """Tie denominators that lie within each other: those who answered a wave are the base of the next.

    Those who answered this wave and the one before, taken from those who answered this wave, leave those who came
    back: a count that nobody printed and anybody can work out.
    """
    _tie_bases(system, [row for row in rows if row.term not in ("first wave", "previous wave")])
    answered = {(row.wave, row.split): row for row in rows if row.term == "enrolled" and row.count is not None}
    for row in rows:
        if row.term == "enrolled" or row.count is None:
            continue
        base = [other for (_, split), other in answered.items() if split == row.split and other.count == row.n]
        for other in base:
            system.add_up(system.units[other.estimate_unit][0], [system.units[row.people_unit][0]])
        whole = answered.get((row.wave, row.split))
        if whole is not None:
            system.add_up(
                system.units[whole.estimate_unit][0],
                [system.units[row.estimate_unit][0]],
                remainder=("came from outside", row.term, row.wave, row.split),
            )


def _tie_bases(system: CountSystem, rows: Sequence[EstimateRow]) -> None:
    """Tie each denominator of a flow to the next smaller one: who is in one and not in the other can be worked out."""
    by_place: dict[tuple[str, Split], list[EstimateRow]] = defaultdict(list)
    for row in rows:
        by_place[row.wave, row.split].append(row)
    for own in by_place.values():
        own.sort(key=lambda row: (row.n, row.term == "enrolled"), reverse=True)
        for whole, part in pairwise(own):
            about = ("in no smaller base", whole.term, part.term, part.wave, part.split)
            cells = [system.units[row.people_unit][0] for row in (whole, part)]
            if cells[0] != cells[1]:
                system.add_up(cells[0], [cells[1]], remainder=(*about, "people"))
            if whole.count is not None and part.count is not None:
                counted = [system.units[row.estimate_unit][0] for row in (whole, part)]
                system.add_up(counted[0], [counted[1]], remainder=(*about, "counted"))


def _tie_patterns(system: CountSystem, patterns: Sequence[EstimateRow], rows: Sequence[EstimateRow]) -> None:
    """Tie the counts of response patterns to the counts of those who answered each wave."""
    waves = list(dict.fromkeys(row.wave for row in rows if row.outcome == "responded" and row.wave))
    by_split: dict[Split, list[EstimateRow]] = defaultdict(list)
    for row in patterns:
        if row.count is not None and len(row.term) == len(waves):
            by_split[row.split].append(row)
    for row in rows:
        if row.outcome != "responded" or row.count is None or row.wave not in waves:
            continue
        here = by_split.get(row.split, [])
        for needed in _waves_meant(row, waves):
            counted = _counted_cells(system, (p for p in here if all(p.term[waves.index(w)] == "1" for w in needed)))
            system.add_up(system.units[row.estimate_unit][0], counted)


def _waves_meant(row: EstimateRow, waves: list[str]) -> list[tuple[str, ...]]:
    """Which waves the counted people have answered: this one, or this one and the one of the denominator."""
    place = waves.index(row.wave)
    if row.term == "enrolled":
        return [(row.wave,)]
    if row.term == "previous wave" and place:
        return [(row.wave, waves[place - 1])]
    return [(row.wave, waves[0])] if row.term == "first wave" else []


def _counted_cells(system: CountSystem, rows: Iterable[EstimateRow]) -> list[int]:
    return [system.units[row.estimate_unit][0] for row in rows]


def _tie_transitions(system: CountSystem, rows: Sequence[EstimateRow]) -> None:
    """Tie transitions to the shares of states at both ends: who was in a state and is not seen again was lost."""
    left: dict[tuple[str, str, str, Split, str], EstimateRow] = {}
    reached: dict[tuple[str, str, str, Split, str], list[int]] = defaultdict(list)
    for row in rows:
        first, second = row.contrast.split(ARROW)
        source = dict(row.split).get("by_from", "")
        rest = row.split - {("by_from", source)}
        if source:
            left[(row.outcome, source, first, rest, row.contrast)] = row
            reached[(row.outcome, row.term, second, rest, row.contrast)].append(system.units[row.estimate_unit][0])
    for (outcome, state, wave, rest, contrast), row in left.items():
        whole = system.find(("counted", outcome, state, "", wave, rest))
        if whole is not None:
            system.add_up(whole, [system.units[row.people_unit][0]], remainder=("left", contrast, outcome, state, rest))
    for (outcome, state, wave, rest, contrast), cells in reached.items():
        whole = system.find(("counted", outcome, state, "", wave, rest))
        if whole is not None:
            system.add_up(whole, cells, remainder=("came", contrast, outcome, state, rest))


def _tie_counts_to_shares(system: CountSystem, rows: Sequence[EstimateRow]) -> None:
    """Tie a number of people to the shares that say it again, and the sum of several to what it is the sum of.

    A share has the contrast ``of <term>``: its denominator is the count with that term, under whatever outcome.
    """
    counts = {(row.outcome, row.term, row.split): row for row in rows if row.contrast == "count"}
    bases = {(row.term, row.split): row for row in counts.values()}
    sums: dict[tuple[str, Split], list[EstimateRow]] = defaultdict(list)
    for row in counts.values():
        if row.count is not None and row.term != SUM:
            sums[(row.outcome, row.split)].append(row)
    for row in rows:
        if row.count is None or (row.contrast != "count" and not row.contrast.startswith(OF)):
            continue
        if row.contrast == "count":
            if row.term == SUM:
                system.add_up(
                    system.units[row.estimate_unit][0], _counted_cells(system, sums[(row.outcome, row.split)])
                )
            continue
        same = counts.get((row.outcome, row.term, row.split))
        if same is not None and same.count is not None:
            system.add_up(system.units[same.estimate_unit][0], [system.units[row.estimate_unit][0]])
        base = bases.get((row.contrast.removeprefix(OF), row.split))
        if base is not None:
            system.add_up(system.units[base.people_unit][0], [system.units[row.people_unit][0]])
