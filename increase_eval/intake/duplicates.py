"""Which row stays where one participant has several in one wave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from increase_eval.errors import ContractError
from increase_eval.intake.cells import cell_text
from increase_eval.intake.raw import RawTable, UnreadableFileError
from increase_eval.study.sources import Duplicates


@dataclass(frozen=True, slots=True)
class Candidates:
    """Rows that could be the one row of their participant in a wave.

    Attributes
    ----------
    frame
        One row a candidate: file (its place in the order of files), position, participant, order, filled.
    keep
        The rule: ``first``, ``last`` or ``most_complete``.
    """

    frame: pd.DataFrame
    keep: str


@dataclass(frozen=True, slots=True)
class OrderValues:
    """The cells that order duplicates, read in both ways that they can be meant.

    Attributes
    ----------
    numbers, days
        Shape (rows,): the cell as a number, and as microseconds; NaN where it is none.
    is_filled
        Shape (rows,): the cell holds something.
    """

    numbers: np.ndarray
    days: np.ndarray
    is_filled: np.ndarray


def order_values(raw: RawTable, name: str, formats: Sequence[str]) -> OrderValues:
    """Read the cells that order duplicates as numbers and as dates."""
    codes, unique = pd.factorize(raw.frame[name])
    texts = pd.Series([cell_text(cell) for cell in unique], dtype="str")
    numbers = pd.to_numeric(texts, errors="coerce").to_numpy(dtype="float64")
    days = _as_dates(texts, formats).to_numpy(dtype="float64")
    filled = (texts != "").to_numpy(dtype=bool)
    return OrderValues(
        np.append(numbers, np.nan)[codes], np.append(days, np.nan)[codes], np.append(filled, False)[codes]
    )


def settle_order(parts: Sequence[OrderValues], name: str) -> tuple[np.ndarray, int]:
    """Take a column for numbers where no cell of it can be a date, and else for dates.

    Parameters
    ----------
    parts
        The column of a whole file, part by part.
    name
        Of the column.

    Returns
    -------
    tuple
        The values, NaN where the cell is blank or unreadable; and how many are unreadable.

    Raises
    ------
    UnreadableFileError
        If none can be read.
    """
    numbers = np.concatenate([part.numbers for part in parts])
    days = np.concatenate([part.days for part in parts])
    values = numbers if np.isnan(days).all() and not np.isnan(numbers).all() else days
    is_unread = np.concatenate([part.is_filled for part in parts]) & np.isnan(values)
    unread = int(is_unread.sum())
    if unread and np.isnan(values).all():
        raise UnreadableFileError(f"column {name!r} orders the duplicates, and no cell of it is a number or a date")
    return values, unread


def _as_dates(texts: pd.Series, formats: Sequence[str]) -> pd.Series:
    days = pd.Series(pd.NaT, index=texts.index, dtype="datetime64[us]")
    for pattern in formats:
        found = pd.to_datetime(texts, format=pattern, errors="coerce", utc=True).dt.tz_localize(None)
        days = days.fillna(found.astype("datetime64[us]"))
    is_dated = texts.str.match(r"^\d{4}-\d{2}-\d{2}")
    iso = pd.to_datetime(texts.where(is_dated), format="ISO8601", errors="coerce", utc=True).dt.tz_localize(None)
    days = days.fillna(iso.astype("datetime64[us]"))
    return days.astype("int64").astype("float64").mask(days.isna())


def rule_of(duplicates: Mapping[str, Duplicates]) -> str:
    """Give the one rule that the sources of a wave share.

    Raises
    ------
    ContractError
        If they declare different ones: which row stays would depend on which file is read first.
    """
    rules = {source: rule.keep for source, rule in duplicates.items()}
    if len(set(rules.values())) > 1:
        listed = ", ".join(f"{source}: {keep}" for source, keep in rules.items())
        raise ContractError(f"the sources of one wave keep different duplicates ({listed}); declare the same `keep`")
    return next(iter(rules.values()))


def kept_rows(candidates: Candidates) -> np.ndarray:
    """Give, for each candidate, the place of the candidate that is kept for its participant (itself, where it is kept).

    Rows are ordered by what the contract declares, rows without it first, then by file and row.
    """
    frame = candidates.frame.reset_index(drop=True)
    by = ["order", "file", "position"]
    ascending = candidates.keep == "first"
    if candidates.keep == "most_complete":
        by = ["filled", *by]
    ranked = frame.sort_values(by, ascending=ascending, na_position="first" if ascending else "last", kind="stable")
    first = ranked.drop_duplicates("participant").set_index("participant")
    place = pd.Series(first_places(ranked), index=first.index)
    return frame["participant"].map(place).to_numpy(dtype="int64")


def first_places(ranked: pd.DataFrame) -> np.ndarray:
    """Give the places of the best row of each participant, in the order in which participants come."""
    return ranked.index.to_numpy()[~ranked["participant"].duplicated().to_numpy()]
