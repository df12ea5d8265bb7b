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


def order_values(raw: RawTable, name: str, formats: Sequence[str]) -> tuple[np.ndarray, int]:
    """Read the cells that order duplicates as numbers: numbers as they are, dates as microseconds.

    Returns
    -------
    tuple
        The values, NaN where the cell is blank or unreadable; and how many are unreadable.

    Raises
    ------
    UnreadableFileError
        If none can be read.
    """
    codes, unique = pd.factorize(raw.frame[name])
    texts = pd.Series([cell_text(cell) for cell in unique], dtype="str")
    numbers = pd.to_numeric(texts, errors="coerce").astype("float64")
    values = numbers if numbers.notna().any() and _as_dates(texts, formats).isna().all() else _as_dates(texts, formats)
    spread = np.append(values.to_numpy(dtype="float64"), np.nan)[codes]
    unread = int(np.isin(codes, np.flatnonzero(values.isna() & (texts != ""))).sum())
    if unread and np.isnan(spread).all():
        raise UnreadableFileError(f"column {name!r} orders the duplicates, and no cell of it is a number or a date")
    return spread, unread


def _as_dates(texts: pd.Series, formats: Sequence[str]) -> pd.Series:
    days = pd.Series(pd.NaT, index=texts.index, dtype="datetime64[us]")
    for pattern in formats:
        days = days.fillna(pd.to_datetime(texts, format=pattern, errors="coerce").astype("datetime64[us]"))
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
