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
    people, has_people = values_of(table["n"]), table["n"].notna().tolist()
    estimates, has_estimate = values_of(table["estimate"]), table["estimate"].notna().tolist()
    has_error = table["std_error"].notna().tolist() if "std_error" in table.columns else [False] * len(table)
    about = zip(*(texts_of(table, column) for column in ("outcome", "term", "contrast", "wave")), strict=True)
    groups = list(zip(*(texts_of(table, column) for column in by_columns), strict=True)) or [()] * len(table)
    for place, (outcome, term, contrast, wave) in enumerate(about):
        if not has_people[place]:
            if has_estimate[place] and not without[place]:
                raise DisclosureError(f"table {name}, row {place + 1}: an estimate without n cannot be protected")
            continue
        n = int(people[place])
        estimate = float(estimates[place]) if has_estimate[place] else None
        yield EstimateRow(
            table=name,
            place=place,
            outcome=outcome,
            term=term,
            contrast=contrast,
            wave=wave,
            split=frozenset(pair for pair in zip(by_columns, groups[place], strict=True) if pair[1] not in ("", TOTAL)),
            n=n,
            count=_count(term, estimate, n, measure, has_error=has_error[place]),
            is_public=is_public[place],
        )


def texts_of(table: pd.DataFrame, column: str) -> list[str]:
    """Give a column as texts, missing ones empty, and all of them where there is no such column."""
    if column not in table.columns:
        return [""] * len(table)
    missing = table[column].isna().tolist()
    return ["" if gone else str(value) for value, gone in zip(values_of(table[column]), missing, strict=True)]


def values_of(column: pd.Series) -> list[Any]:
    """Give the values of a column one by one; walking over a column of texts itself takes ten times as long."""
    return column.to_numpy(dtype=object).tolist()


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


def _count(term: str, estimate: float | None, n: int, measure: str | None, *, has_error: bool) -> int | None:
    """How many of the n people the estimate counts, or None where it counts none."""
    if measure == "amount" or estimate is None or n == 0:
        return None
    if measure is None:
        measure = _guess(term, estimate, n, has_error=has_error)
    if measure == "amount":
        return None
    people = estimate * n if measure == "share" else estimate
    if abs(people - round(people)) > _WHOLE * max(1.0, n * 1e-6) or not 0 <= round(people) <= n:
        raise DisclosureError(
            f"a {measure} of {term} does not make a whole number of its people; allowed: 0 to n. "
            "Is it a share of a weighted or modelled population? Then say measure='amount'"
        )
    return round(people)


def _guess(term: str, estimate: float, n: int, *, has_error: bool) -> str:
    """Tell what an estimate is; where in doubt, what protects more."""
    if term in ("mean", "sd"):
        return "amount"
    if 0 <= estimate <= 1 and abs(estimate * n - round(estimate * n)) <= _WHOLE:
        return "share"
    if estimate == round(estimate) and 0 <= estimate <= n and not has_error:
        return "count"
    return "amount"
