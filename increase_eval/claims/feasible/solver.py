"""Which counts fit everything that was printed? Whole numbers, all statements at once, every reading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import pandas as pd

from increase_eval.arguments import is_whole
from increase_eval.claims.feasible.conflicts import Conflict, conflicts_of
from increase_eval.claims.feasible.parts import Part, Reading, parts_of
from increase_eval.claims.feasible.printed import Printed
from increase_eval.claims.feasible.result import FeasibleCounts, count_table
from increase_eval.claims.feasible.statements import Count, Relation, Sign, Statement, counts_named

READING_COLUMNS = ("choice", "option", "status", "only_with", "statements")


def feasible_counts(
    counts: Sequence[Count], statements: Sequence[Statement], *, listed: int = 60, most_readings: int = 256
) -> FeasibleCounts:
    """Which whole numbers of people are consistent with everything that was printed, rounded, at once?

    Parameters
    ----------
    counts
        The counts that are not known, with the bounds that are beyond doubt.
    statements
        What was printed of them and what they have to do with each other: figures, shares, relations. A statement with
        `under` holds only under one option of a choice, such as one reading of a denominator.
    listed
        Values of a count are listed one by one where its range has at most so many.
    most_readings
        How many combinations of options are tried in one part.

    Returns
    -------
    FeasibleCounts
        Bounds and values of every count, readings that fail, the conflicts behind them, and the system to ask more of.

    Raises
    ------
    ValueError
        If a name is not unique or not known, a bound is no bound, an option stands alone, or there are too many
        readings.
    ConvergenceError
        If a system cannot be decided.

    Notes
    -----
    A share p printed as [a/q, b/q] of D people is the two whole inequalities q x >= a D and q x <= b D, stricter by one
    where an end is left out (see :func:`~increase_eval.claims.feasible.printed.printed` for who gets the halves).
    Statements that share no count and no choice are solved apart. Bounds are narrowed row by row in whole numbers, then
    the smallest and the largest value of each count come from branch and bound (HiGHS), each solution checked in whole
    numbers. The answer *no solution* of the solver is taken on trust in floating point; its tolerance of 1e-6 can only
    let through what the check then refuses. A range says less than its values: in 25 to 60 there may be five.
    Nothing is estimated, and no count is more likely than another.

    References
    ----------
    Chinneck JW, Dravnieks EW (1991). Locating minimal infeasible constraint sets in linear programs.
    doi:10.1287/ijoc.3.2.157. Brown NJL, Heathers JAJ (2017). The GRIM test. doi:10.1177/1948550616673876.
    Huangfu Q, Hall JAJ (2018). doi:10.1007/s12532-017-0130-5.

    Checked against enumeration of every combination in ``tests/properties/test_feasible_counts.py``.

    Examples
    --------
    >>> from increase_eval.claims.feasible import Count, Share, printed
    >>> n, x, y = Count("n", 20, 60), Count("x"), Count("y")
    >>> shares = [
    ...     Share("28 %", ("x",), ("n",), printed("28", percent=True)),
    ...     Share("20 %", ("y",), ("n",), printed("20", percent=True)),
    ... ]
    >>> feasible_counts([n, x, y], shares).values("n")
    (25, 40, 46, 50, 54, 60)
    """
    _require_sound(counts, statements)
    parts = parts_of(counts, statements, most_readings=most_readings)
    conflicts = tuple(conflict for part in parts for conflict in conflicts_of(part))
    table = count_table(counts, parts, listed=listed)
    return FeasibleCounts(table, _reading_rows(parts, conflicts), conflicts, parts)


def _reading_rows(parts: Sequence[Part], conflicts: Sequence[Conflict]) -> pd.DataFrame:
    rows = []
    for part in parts:
        for choice in part.readings[0].options:
            for option in dict.fromkeys(reading.options[choice] for reading in part.readings):
                own = [reading for reading in part.feasible if reading.options[choice] == option]
                against = [one for one in conflicts if one.options.get(choice) == option]
                named = min((one.statements for one in against), key=len, default=())
                clash = None if own else ", ".join(named)
                rows.append((choice, option, "possible" if own else "impossible", _only_with(own, part, choice), clash))
    return pd.DataFrame(rows, columns=list(READING_COLUMNS)).astype("string")


def _only_with(own: Sequence[Reading], part: Part, choice: str) -> str | None:
    """Name the options of other choices that a reading needs and that other feasible readings do without."""
    needed = [
        f"{other}={option}"
        for other, option in (own[0].options.items() if own else ())
        if other != choice
        and all(reading.options[other] == option for reading in own)
        and any(reading.options[other] != option for reading in part.feasible)
    ]
    return ", ".join(needed) or None


def _require_sound(counts: Sequence[Count], statements: Sequence[Statement]) -> None:
    names = [count.id for count in counts]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"counts {twice} are given twice")
    bad = [count.id for count in counts if not 0 <= count.low <= count.high]
    if bad:
        raise ValueError(f"counts {bad} have bounds that leave nothing; allowed: 0 <= low <= high")
    split = [count.id for count in counts if not (is_whole(count.low) and is_whole(count.high))]
    if split:
        raise ValueError(f"counts {split} have a bound that is no whole number")
    for statement in statements:
        _require_kind(statement)
        unknown = sorted(set(counts_named(statement)) - set(names))
        if unknown or not counts_named(statement):
            raise ValueError(f"{statement.id!r} names {unknown or 'no count'}; allowed: {', '.join(names)}")
    _require_unique(statements)


def _require_kind(statement: Statement) -> None:
    """Refuse text in place of a tuple of counts, whose letters would be counts, and a value or sign that is none."""
    is_relation = isinstance(statement, Relation)
    for name in ("left", "right") if is_relation else ("part", "among"):
        if isinstance(getattr(statement, name, ()), str):
            raise TypeError(f"{statement.id!r}: {name} is text; allowed: a tuple of counts, such as ('completed',)")
    if isinstance(statement, Relation):
        if statement.sign not in get_args(Sign) or not is_whole(statement.constant):
            told = f"the sign {statement.sign!r} and the constant {statement.constant!r}"
            raise ValueError(f"{statement.id!r} has {told}; allowed: {', '.join(get_args(Sign))} and a whole number")
    elif not isinstance(statement.value, Printed):
        raise TypeError(f"{statement.id!r} has the value {statement.value!r}; allowed: what printed() gives")


def _require_unique(statements: Sequence[Statement]) -> None:
    """Let an id stand again only under another option of one choice: it is the same figure read in another way."""
    for at, one in enumerate(statements):
        for other in statements[:at]:
            differ = any(other.under.get(choice, option) != option for choice, option in one.under.items())
            if one.id == other.id and not differ:
                raise ValueError(f"{one.id!r} stands twice under one reading; give each statement an id of its own")
