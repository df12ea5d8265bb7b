"""What can be said of counts of people? Figures, shares and relations, each under the reading that it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from increase_eval.claims.feasible.printed import Printed

LARGEST = 1_000_000
"""The largest count that is looked for where no bound is given: more people than any programme reports."""


Sign = Literal["<=", "=", ">="]


@dataclass(frozen=True, slots=True)
class Count:
    """A whole number of people that is not known, or known within bounds.

    Attributes
    ----------
    id
        What statements call it.
    low, high
        What it is at least and at most, beyond doubt; what a document says of it is a :class:`Figure`.
    """

    id: str
    low: int = 0
    high: int = LARGEST


@dataclass(frozen=True, slots=True)
class Figure:
    """A printed count: the sum of `part` lies in `value`.

    Attributes
    ----------
    id
        What results call the statement.
    part
        Counts whose sum it is; one may be named more than once.
    value
        What was printed, see :func:`~increase_eval.claims.feasible.printed.printed`.
    source
        The document.
    under
        Choice -> the option under which the statement holds; empty: it always does.
    """

    id: str
    part: tuple[str, ...]
    value: Printed
    source: str = ""
    under: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Share:
    """A printed share: the sum of `part` over the sum of `among` lies in `value`; somebody is among them.

    Attributes
    ----------
    id, part, value, source, under
        As in :class:`Figure`; `value` holds proportions.
    among
        Counts whose sum is the denominator.
    """

    id: str
    part: tuple[str, ...]
    among: tuple[str, ...]
    value: Printed
    source: str = ""
    under: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Relation:
    """What counts have to do with each other: the sum of `left` is `sign` the sum of `right` plus `constant`.

    Attributes
    ----------
    id, source, under
        As in :class:`Figure`.
    left, right
        Counts; one may be named more than once.
    sign
        ``<=``, ``=`` or ``>=``.
    constant
        A whole number.
    """

    id: str
    left: tuple[str, ...]
    sign: Sign
    right: tuple[str, ...] = ()
    constant: int = 0
    source: str = ""
    under: Mapping[str, str] = field(default_factory=dict)


Statement: TypeAlias = Figure | Share | Relation


def counts_named(statement: Statement) -> tuple[str, ...]:
    """Give the counts that a statement is about, each once."""
    if isinstance(statement, Relation):
        named = (*statement.left, *statement.right)
    else:
        named = (*statement.part, *(statement.among if isinstance(statement, Share) else ()))
    return tuple(dict.fromkeys(named))
