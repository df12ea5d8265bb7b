"""How do statements look as inequalities between whole numbers? Exact rows, and what they leave each number.

A row says that the sum of whole coefficients times counts is at most a whole bound. A share part / among between p/q
and r/s is q part >= p among and s part <= r among; where an end is left out, the row is stricter by one, which is
exact since everything in it is whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import gcd

from increase_eval.claims.feasible.statements import Figure, Relation, Share, Statement

MOST_ROUNDS = 200
"""Rounds of tightening. Fewer would leave bounds wider, never wrong."""


@dataclass(frozen=True, slots=True)
class Row:
    """The sum of coefficients times counts is at most a bound.

    Attributes
    ----------
    statement
        The id of the statement that it comes from.
    terms
        Position of the count and its coefficient, never 0.
    bound
        What the sum is at most.
    """

    statement: str
    terms: tuple[tuple[int, int], ...]
    bound: int

    def holds(self, values: Sequence[int]) -> bool:
        """Whether whole numbers satisfy the row."""
        return sum(coefficient * values[position] for position, coefficient in self.terms) <= self.bound


def rows_of(statement: Statement, position: Mapping[str, int]) -> tuple[Row, ...]:
    """Give the rows of one statement; `position` says where each count stands."""
    if isinstance(statement, Relation):
        terms = Counter(statement.left)
        terms.subtract(Counter(statement.right))
        less = _row(statement.id, terms, position, statement.constant)
        more = _row(statement.id, {name: -times for name, times in terms.items()}, position, -statement.constant)
        return {"<=": (less,), ">=": (more,), "=": (less, more)}[statement.sign]
    if isinstance(statement, Share):
        somebody = _row(statement.id, {name: -times for name, times in Counter(statement.among).items()}, position, -1)
        return (*_within(statement, Counter(statement.among), position), somebody)
    return _within(statement, None, position)


def _within(statement: Figure | Share, among: Mapping[str, int] | None, position: Mapping[str, int]) -> tuple[Row, ...]:
    """Hold part to [low, high] times among, or to [low, high] itself where there is no denominator."""
    part, value = Counter(statement.part), statement.value
    ends = ((value.low, value.low_open, -1), (value.high, value.high_open, 1))
    rows = []
    for end, is_open, sign in ends:
        if end is None:
            continue
        terms: Counter[str] = Counter({name: sign * times * end.denominator for name, times in part.items()})
        bound = 0
        if among is None:
            bound = sign * end.numerator
        else:
            terms.update({name: -sign * times * end.numerator for name, times in among.items()})
        rows.append(_row(statement.id, terms, position, bound - is_open))
    return tuple(rows)


def _row(statement: str, terms: Mapping[str, int], position: Mapping[str, int], bound: int) -> Row:
    kept = [(position[name], coefficient) for name, coefficient in terms.items() if coefficient]
    divisor = gcd(*(coefficient for _, coefficient in kept)) or 1
    return Row(statement, tuple((at, coefficient // divisor) for at, coefficient in kept), bound // divisor)


def tighten(rows: Sequence[Row], lows: Sequence[int], highs: Sequence[int]) -> tuple[list[int], list[int]] | None:
    """Narrow the bounds of every count as far as single rows tell; None where nothing is left.

    Parameters
    ----------
    rows
        The rows.
    lows, highs
        Bounds of each count.

    Returns
    -------
    tuple or None
        Narrower bounds, which hold every solution that the wide ones held.
    """
    low, high = list(lows), list(highs)
    if any(a > b for a, b in zip(low, high, strict=True)):
        return None
    for _ in range(MOST_ROUNDS):
        before = (tuple(low), tuple(high))
        for row in rows:
            if not _tighten_row(row, low, high):
                return None
        if before == (tuple(low), tuple(high)):
            break
    return low, high


def _tighten_row(row: Row, low: list[int], high: list[int]) -> bool:
    """Narrow the bounds by one row, in place; False where it cannot hold."""
    least = sum(c * (low[at] if c > 0 else high[at]) for at, c in row.terms)
    room = row.bound - least
    if room < 0:
        return False
    for at, c in row.terms:
        if c > 0:
            high[at] = min(high[at], low[at] + room // c)
        else:
            low[at] = max(low[at], high[at] - room // -c)
    return True
