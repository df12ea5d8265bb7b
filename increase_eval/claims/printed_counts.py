"""Which counts of people are consistent with every figure that others published of a study?"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, cast

import pandas as pd

from increase_eval.claims.feasible import (
    Conflict,
    Count,
    FeasibleCounts,
    Figure,
    Printed,
    Relation,
    Share,
    Statement,
    feasible_counts,
    printed,
)
from increase_eval.claims.feasible.printed import PERCENT, Kind
from increase_eval.errors import ContractError
from increase_eval.study.counts import CountStatement, CountSystem
from increase_eval.study.study import Study

COUNT_TABLE = ("item", "id", "option", "reading", "low", "high", "values", "status", "statements", "mended_by")
ANY, TAKEN = "any", "taken"


def published_statements(study: Study, system: CountSystem) -> tuple[list[Count], list[Statement]]:
    """Put what was printed, and the relations that the contract declares, into the words of the solver.

    Parameters
    ----------
    study
        The study; its folder holds ``published.csv``.
    system
        The part `counts` of ``published.yaml``.

    Returns
    -------
    tuple
        Counts and statements; the id of a figure is its id in ``published.csv``.

    Raises
    ------
    ContractError
        Naming every figure that is not published, or whose printed value is no number.
    """
    table = pd.read_csv(study.folder / "published.csv", dtype=str).set_index("id")
    unknown = sorted({one.figure for one in system.statements if one.figure is not None} - set(table.index))
    if unknown:
        problems = [f"{name!r} is not in published.csv" for name in unknown]
        raise ContractError(f"published.yaml and published.csv of {study.id} do not fit", problems)
    counts = [Count(one.id) for one in system.unknowns]
    return counts, [_statement(one, table) for one in system.statements]


def published_counts(study: Study, system: CountSystem) -> pd.DataFrame:
    """Say which counts fit all published figures, under the readings taken and under any, and what contradicts what.

    Parameters
    ----------
    study, system
        As in :func:`published_statements`.

    Returns
    -------
    DataFrame
        :data:`COUNT_TABLE`. `item` is ``count`` (one row a count and `reading`: ``taken``, the first option of every
        choice, or ``any``), ``option`` (`id` the choice; status ``possible`` or ``impossible``) or ``conflict``
        (`statements` that contradict each other, under the readings in `option`, and which of them by itself mends it).

    Raises
    ------
    ContractError
        If the part and ``published.csv`` do not fit.
    """
    counts, statements = published_statements(study, system)
    first = {choice.id: choice.options[0].id for choice in system.choices}
    result = feasible_counts(counts, statements)
    taken = result.counts_under(first)
    rows = [
        *_count_rows(taken, TAKEN),
        *_count_rows(result.counts, ANY),
        *_option_rows(result),
        *_conflict_rows(result),
    ]
    table = pd.DataFrame(rows, columns=list(COUNT_TABLE))
    return table.astype({name: "Int64" if name in ("low", "high") else "string" for name in COUNT_TABLE})


def _count_rows(counts: pd.DataFrame, reading: str) -> Iterator[dict[str, Any]]:
    for row in counts.to_dict("records"):
        kept = {str(name): value for name, value in row.items() if name != "count"}
        yield {"item": "count", "id": row["count"], "reading": reading, **kept}


def _option_rows(result: FeasibleCounts) -> Iterator[dict[str, Any]]:
    for row in result.readings.to_dict("records"):
        kept = {"option": row["option"], "status": row["status"], "statements": row["statements"]}
        yield {"item": "option", "id": row["choice"], "reading": ANY, "values": row["only_with"], **kept}


def _conflict_rows(result: FeasibleCounts) -> Iterator[dict[str, Any]]:
    """Give each set of statements once, with the options that all readings in which they clash have in common."""
    found: dict[tuple[str, ...], list[Conflict]] = {}
    for conflict in result.conflicts:
        found.setdefault(conflict.statements, []).append(conflict)
    for at, (statements, same) in enumerate(found.items(), start=1):
        shared = [pair for pair in same[0].options.items() if all(pair in one.options.items() for one in same)]
        yield {
            "item": "conflict",
            "id": str(at),
            "option": ", ".join(f"{choice}={option}" for choice, option in shared),
            "reading": ANY,
            "status": "contradiction",
            "statements": ", ".join(statements),
            "mended_by": ", ".join(same[0].mended_by),
        }


def _statement(one: CountStatement, table: pd.DataFrame) -> Statement:
    if one.figure is None:
        return Relation(one.id or "", one.part, one.sign or "=", one.other, under=one.under)
    (row,) = (own for _, own in table.loc[[one.figure]].iterrows())
    value, source = _printed(one, row), str(row["source"])
    if not one.among:
        return Figure(one.figure, one.part, value, source, one.under)
    if one.complement:
        value = _complement(value)
    return Share(one.figure, one.part, one.among, value, source, one.under)


def _complement(value: Printed) -> Printed:
    low, high = (None if end is None else 1 - end for end in (value.high, value.low))
    return Printed(low, high, value.high_open, value.low_open)


def _printed(one: CountStatement, row: pd.Series) -> Printed:
    """Give the values that a printed figure can stand for: as the statement says, or as the list of figures does."""
    is_percent = row["unit"] == "percent"
    listed = {"exact": "exact", "target": "exact", "rounded": "rounded"}.get(str(row["value_type"]), "as_listed")
    kind = listed if one.printed == "as_listed" else one.printed
    try:
        if kind == "as_listed":
            return Printed(_end(row["low"], is_percent), _end(row["high"], is_percent))
        return printed(row["value"], kind=cast(Kind, kind), percent=is_percent, step=one.step)
    except ValueError as error:
        raise ContractError(f"published.csv, {one.figure}: {error}") from None


def _end(cell: Any, is_percent: bool) -> Fraction | None:
    if pd.isna(cell):
        return None
    return Fraction(str(cell)) / (PERCENT if is_percent else 1)
