"""Plain tables of counts made safe to leave, such as people by provider and month with totals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence

import pandas as pd

from increase_eval.reporting.disclosure.estimates import SUPPRESSED
from increase_eval.reporting.disclosure.rows import TOTAL
from increase_eval.reporting.disclosure.system import CountSystem
from increase_eval.reporting.disclosure.withholding import exposed_cells, withhold


def protect_counts(
    table: pd.DataFrame,
    *,
    by: Sequence[str],
    threshold: int,
    count: str = "count",
    already_public: str | None = None,
) -> pd.DataFrame:
    """Which counts of a long table may leave, given the totals that stand beside them?

    Parameters
    ----------
    table
        One row per cell: the columns `by`, and `count`. A row with ``all`` in a column of `by` is the total over it.
    by
        The columns that the counts are split by.
    threshold
        The smallest count above 0 that may be shown.
    count
        The column with the counts; missing ones stay missing.
    already_public
        A column that is True for counts that others have published: they stay.

    Returns
    -------
    DataFrame
        The same rows in the same order; suppressed counts are missing, and `status` says ``suppressed``.

    Raises
    ------
    ValueError
        If a column is missing, a combination of `by` stands twice, or a count is negative or no whole number.
    DisclosureError
        If public counts give a small one away.

    Examples
    --------
    >>> table = pd.DataFrame({"arm": ["a", "b", "c", "all"], "count": [3, 25, 40, 68]})
    >>> print(protect_counts(table, by=["arm"], threshold=10).to_string(index=False))
    arm  count     status
      a   <NA> suppressed
      b   <NA> suppressed
      c     40       <NA>
    all     68       <NA>
    """
    if threshold < 1:
        raise ValueError(f"threshold is {threshold}; allowed: 1 or more")
    system = count_system(table, by=by, count=count, already_public=already_public)
    withheld = withhold(system, threshold=threshold)
    safe = table.copy()
    suppressed = [place in withheld for place in range(len(table))]
    safe[count] = table[count].astype("Int64")
    safe.loc[suppressed, count] = pd.NA
    if "status" not in safe.columns:
        safe["status"] = pd.Series(pd.NA, index=safe.index, dtype="string")
    safe.loc[suppressed, "status"] = SUPPRESSED
    return safe


def audit_counts(
    table: pd.DataFrame, protected: pd.DataFrame, *, by: Sequence[str], threshold: int, count: str = "count"
) -> list[int]:
    """Which places of a protected table still give a small count away? Empty when none does.

    Parameters
    ----------
    table
        The table with the true counts.
    protected
        What is to be published of it: the same rows, suppressed counts missing.
    by, threshold, count
        As in :func:`protect_counts`.

    Returns
    -------
    list
        Places (from 0) of small counts that are shown, or that can be worked out to within half the threshold.
    """
    system = count_system(table, by=by, count=count)
    withheld: set[Hashable] = {place for place, shown in enumerate(protected[count].notna()) if not shown}
    exposed = exposed_cells(system, withheld, threshold=threshold)
    return [place for place in range(len(table)) if exposed & set(system.units.get(place, ()))]


def count_system(
    table: pd.DataFrame, *, by: Sequence[str], count: str = "count", already_public: str | None = None
) -> CountSystem:
    """Put a long table of counts into a system: one unit per row, one equation per total and column it sums over."""
    missing = sorted({*by, count} - set(table.columns))
    if missing:
        raise ValueError(f"columns {missing} are not in the table; it has: {', '.join(map(str, table.columns))}")
    if table.duplicated(list(by)).any():
        raise ValueError(f"a combination of {', '.join(by)} stands twice")
    counts = table[count].astype("Int64")  # refuses what is no whole number
    keys = [tuple(map(str, key)) for key in table[list(by)].itertuples(index=False)]
    public = [False] * len(table) if already_public is None else table[already_public].fillna(False).tolist()
    system = CountSystem()
    for place, (key, value) in enumerate(zip(keys, counts, strict=True)):
        if not pd.isna(value):
            system.unit(place, [system.cell(key, int(value))], public=bool(public[place]))
    _tie_totals(system, keys)
    return system


def _tie_totals(system: CountSystem, keys: list[tuple[str, ...]]) -> None:
    parts: dict[tuple[tuple[str, ...], int], list[int]] = defaultdict(list)
    for place, key in enumerate(keys):
        for i, value in enumerate(key):
            if value != TOTAL and place in system.units:
                parts[((*key[:i], TOTAL, *key[i + 1 :]), i)].append(system.units[place][0])
    for place, key in enumerate(keys):
        for i, value in enumerate(key):
            if value == TOTAL and place in system.units:
                system.add_up(system.units[place][0], parts.get((key, i), []), remainder=("in no part", key, i))
