"""Into which groups are results split? The total and, one split at a time, every level of each splitting column.

A split is by one column of `participants` after the other (by arm, by site), never crossed: the total has the value
``all`` in every ``by_*`` column, a row for a site has ``all`` for the arm. Levels come from `levels` where they are
given, from the categories of a categorical column, or else from the values present in order of first appearance, so
that an empty group keeps its row. Participants whose value is missing form the group ``missing``, where there are any:
groups then always add up to the total.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

TOTAL = "all"
MISSING = "missing"

Levels = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Group:
    """One group of participants.

    Attributes
    ----------
    labels
        The values of the ``by_*`` columns, such as ``{"by_arm": "a", "by_site": "all"}``.
    members
        Booleans of shape (participants,), in the order of the frame that was split.
    """

    labels: dict[str, str]
    members: npt.NDArray[np.bool_]


def split_participants(
    participants: pd.DataFrame, by: Sequence[str], levels: Levels | None = None
) -> tuple[Group, ...]:
    """List the groups that results are split into, the total first.

    Parameters
    ----------
    participants
        One row per participant, with the columns of `by`.
    by
        Columns to split by, one after the other.
    levels
        Column -> its levels in order; a level without participants is an empty group.

    Returns
    -------
    tuple of Group
        The total, then the levels of each column of `by` in turn.

    Raises
    ------
    ValueError
        If a column is absent, or a value is not among the levels given.
    """
    absent = [column for column in by if column not in participants.columns]
    if absent:
        raise ValueError(f"columns {absent} are not in participants; it has: {', '.join(participants.columns)}")
    if len(set(by)) != len(by):
        raise ValueError(f"`by` names a column twice: {list(by)}")
    total = {f"by_{column}": TOTAL for column in by}
    groups = [Group(total, np.ones(len(participants), dtype=bool))]
    for column in by:
        values = participants[column]
        wanted = _levels(values, column, levels)
        codes = pd.Index(wanted, dtype=object).get_indexer(pd.Index(values.astype("string").to_numpy(dtype=object)))
        groups.extend(Group({**total, f"by_{column}": level}, codes == code) for code, level in enumerate(wanted))
        unknown = values.isna().to_numpy(dtype=bool)
        if unknown.any():
            groups.append(Group({**total, f"by_{column}": MISSING}, unknown))
    return tuple(groups)


def _levels(values: pd.Series, column: str, levels: Levels | None) -> list[str]:
    present = [str(value) for value in values.dropna().astype("string").unique()]
    if levels is not None and column in levels:
        wanted = [str(level) for level in levels[column]]
        stray = sorted(set(present) - set(wanted))
        if stray:
            raise ValueError(f"column {column!r} has values {stray}; levels given: {', '.join(wanted)}")
    elif isinstance(values.dtype, pd.CategoricalDtype):
        wanted = [str(level) for level in values.cat.categories]
    else:
        wanted = present
    reserved = sorted({TOTAL, MISSING} & set(wanted))
    if reserved:
        raise ValueError(f"column {column!r} has a level named {reserved}, which stands for something else here")
    return wanted


def positions(keys: pd.Index, people: pd.Series, name: str) -> npt.NDArray[np.intp]:
    """Find the row of `participants` of every row of another table, refusing strangers."""
    found = np.asarray(keys.get_indexer(pd.Index(people)), dtype=np.intp)
    strangers = int((found < 0).sum())
    if strangers:
        raise ValueError(f"{name} has {strangers} rows whose participant is not in the table of participants")
    return found


def unique_keys(participants: pd.DataFrame) -> pd.Index:
    """Give the participants' keys, and refuse a frame in which one stands twice or is missing."""
    if "participant" not in participants.columns:
        raise ValueError(f"no column 'participant'; there are: {', '.join(map(str, participants.columns))}")
    keys: pd.Index[Any] = pd.Index(participants["participant"])
    if keys.hasnans or not keys.is_unique:
        raise ValueError("the table of participants has a missing or repeated participant; one row each is needed")
    return keys


def require_columns(frame: pd.DataFrame, columns: Sequence[str], name: str) -> None:
    """Refuse a frame that lacks a column."""
    absent = [column for column in columns if column not in frame.columns]
    if absent:
        raise ValueError(f"{name} lacks {absent}; it has: {', '.join(map(str, frame.columns))}")


def to_booleans(column: pd.Series, name: str) -> npt.NDArray[np.bool_]:
    """Read a column of true and false, also written as 1 and 0, and refuse all else: any other text would be true."""
    if not column.isin([True, False]).all():
        raise ValueError(f"`{name}` holds something that is neither true nor false; allowed: true, false, 1 and 0")
    return column.to_numpy(dtype=bool)
