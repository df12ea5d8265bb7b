"""What does one row of an estimate table tell about numbers of people?"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from increase_eval.errors import DisclosureError

TOTAL = "all"
"""What a `by_*` column says in the row that is the total of the others."""

WITHOUT = "by_without"
"""The column that names who is left out of a model. Such a row has no n: less the whole it is the n of those."""

_WHOLE = 1e-6
"""How far a share times n may lie from a whole number: shares are stored to double precision, n stays below 1e9."""

Split = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class EstimateRow:
    """One row: where it stands, what it is about, and the numbers of people that it tells.

    Attributes
    ----------
    table, place
        The table's name, and the row's place in it from 0.
    outcome, term, contrast, wave
        As in the table, missing ones empty.
    split
        The `by_*` columns that are not the total, with their values.
    n
        The people that the row stands on.
    count
        How many of them it counts, for counts and shares; None for anything else.
    is_public
        Whether others have published it.
    """

    table: str
    place: int
    outcome: str
    term: str
    contrast: str
    wave: str
    split: Split
    n: int
    count: int | None
    is_public: bool

    @property
    def people_unit(self) -> Hashable:
        """The name of the unit that shows n."""
        return self.table, self.place, "n"

    @property
    def estimate_unit(self) -> Hashable:
        """The name of the unit that shows the estimate and its interval."""
        return self.table, self.place, "estimate"


def read_rows(name: str, table: pd.DataFrame, measure: str | None, public: pd.Series | None) -> Iterator[EstimateRow]:
    """Read the rows of one estimate table that tell numbers of people."""
    by_columns = [column for column in table.columns if column.startswith("by_")]
    is_public = (
        [False] * len(table) if public is None else public.reindex(table.index).fillna(False).astype(bool).tolist()
    )
    without = is_left_out(table).tolist()
    for place, row in enumerate(table.to_dict("records")):
        texts = {column: _text(row.get(column)) for column in ("outcome", "term", "contrast", "wave")}
        if pd.isna(row["n"]):
            if pd.notna(row["estimate"]) and not without[place]:
                raise DisclosureError(f"table {name}, row {place + 1}: an estimate without n cannot be protected")
            continue
        split = frozenset((column, _text(row[column])) for column in by_columns) - {(c, TOTAL) for c in by_columns}
        n = int(row["n"])
        yield EstimateRow(
            table=name,
            place=place,
            split=frozenset(pair for pair in split if pair[1]),
            n=n,
            count=_count(row, n, measure),
            is_public=is_public[place],
            **texts,
        )


def is_left_out(table: pd.DataFrame) -> pd.Series:
    """Say which rows of a table are of all but a named unit."""
    if WITHOUT not in table.columns:
        return pd.Series(False, index=table.index)
    named = table[WITHOUT].astype("string").fillna("")
    return ~named.isin(["", TOTAL])


def is_share_of_few(estimate: float, n: int, threshold: int, *, exactly: bool) -> bool:
    """Whether an estimate is the share of fewer than `threshold` of n people, or of all but so few; none is not few.

    With `exactly`, only where it makes a whole number of people, as a mean hardly ever does by chance.
    """
    if not 0 <= estimate <= 1:
        return False
    few = min(estimate, 1 - estimate) * n
    return _WHOLE < few < threshold - _WHOLE and (not exactly or abs(few - round(few)) <= _WHOLE)


def _count(row: dict[Hashable, Any], n: int, measure: str | None) -> int | None:
    """How many of the n people the estimate counts, or None where it counts none."""
    estimate = row["estimate"]
    if measure == "amount" or pd.isna(estimate) or n == 0:
        return None
    value = float(estimate)
    if measure is None:
        measure = _guess(row, value, n)
    if measure == "amount":
        return None
    people = value * n if measure == "share" else value
    if abs(people - round(people)) > _WHOLE * max(1.0, n * 1e-6) or not 0 <= round(people) <= n:
        raise DisclosureError(
            f"a {measure} of {row['term']} does not make a whole number of its people; allowed: 0 to n. "
            "Is it a share of a weighted or modelled population? Then say measure='amount'"
        )
    return round(people)


def _guess(row: dict[Hashable, Any], value: float, n: int) -> str:
    """Tell what an estimate is; where in doubt, what protects more."""
    if _text(row["term"]) in ("mean", "sd"):
        return "amount"
    if 0 <= value <= 1 and abs(value * n - round(value * n)) <= _WHOLE:
        return "share"
    if value == round(value) and 0 <= value <= n and pd.isna(row["std_error"]):
        return "count"
    return "amount"


def _text(value: Any) -> str:
    return "" if pd.isna(value) else str(value)
