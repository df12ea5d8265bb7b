"""Estimate tables made safe to leave: which rows are suppressed, and what is removed from them.

Every row stands on `n` people. A row whose estimate is a count or a share also tells how many of them there are, and
how many there are not; a mean, a difference or a model's estimate tells `n` alone. Rows that are totals of others
(`by_*` is ``all``), shares that add up to the whole, and tables whose denominators lie within each other are tied
together before it is decided what to withhold.

Left out: how many people have no score although they answered (`n_dropped`). A small `n_dropped` is removed, and the
row stays: that an answer sheet was incomplete says nothing of the person, and most means could not be shown otherwise.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from increase_eval.reporting.disclosure.rows import EstimateRow, read_rows
from increase_eval.reporting.disclosure.system import CountSystem
from increase_eval.reporting.disclosure.ties import Nesting, tie_rows
from increase_eval.reporting.disclosure.withholding import withhold
from increase_eval.results import NUMBER_COLUMNS

Measure: TypeAlias = Literal["count", "share", "amount", "process"]
"""What an estimate tells: a number of people, a share of them, anything else, or nothing about people at all."""

SUPPRESSED = "suppressed"
"""The status of a suppressed row."""

TABLE_MEASURES: Mapping[str, Measure] = {
    "response_flow": "share",
    "response_patterns": "count",
    "score_summary": "amount",
    "score_distribution": "count",
    "retention_by_baseline": "share",
    "state_shares": "share",
    "state_transitions": "share",
    "moves_by_arm": "share",
    # Rows of a file whose recomputed score agrees with the one delivered: a check of arithmetic, not of people.
    "scoring_agreement": "process",
    "pathway_by_place": "count",
    "outcome_overlap": "count",
    "reliability": "amount",
    "retest": "amount",
    "reliable_change": "share",
    # Figures that others printed, and targets: they have ways of their own, see increase_eval.reporting.leaving.
    "published_comparison": "process",
    "targets": "process",
    # How far rows that nobody owns could move a share: settled after the flow, with it.
    "unresolved_links": "process",
}


DETAIL_TABLES = frozenset({"response_patterns", "state_transitions", "score_distribution"})
"""Tables that give way: no row of another table is withheld for their sake, if that can be done."""

TOTALS_FIRST = frozenset({"pathway", "service_outcomes", "pathway_by_place"})
"""Tables whose totals are what most readers want: parts give way to them, if that can be done."""


def protect(
    table: pd.DataFrame,
    *,
    threshold: int,
    measure: Measure | None = None,
    already_public: pd.Series | None = None,
) -> pd.DataFrame:
    """Which rows of one estimate table may leave? Those that may not lose their numbers.

    Parameters
    ----------
    table
        An estimate table.
    threshold
        The smallest count above 0 that may be shown; 10 by default of every contract.
    measure
        What the estimates tell; by default found from each row: a whole number up to `n` without a standard error is
        a count, a share of `n` that makes a whole number is a share, all else is an amount.
    already_public
        True for rows that others have published: they stay. Aligned with `table` by index.

    Returns
    -------
    DataFrame
        The same rows in the same order, with a column `status`. Suppressed rows have status ``suppressed`` and no
        number but `n`, and that only where it is not small and gives nothing away.

    Raises
    ------
    ValueError
        If `threshold` is below 1.
    DisclosureError
        If a row has an estimate and no `n`, or public rows give a small count away.

    Notes
    -----
    Suppressed are counts from 1 to `threshold` - 1, shares of so few people or all but so few, estimates on so few
    people, and as many further rows as it takes for none of these to be worked out from totals (see
    :mod:`increase_eval.reporting.disclosure.withholding`). 0 is shown. A small `n_dropped` is always removed.

    Examples
    --------
    >>> from increase_eval.results import estimate_table
    >>> rows = [("a", 0.1, 50), ("b", 0.5, 60), ("c", 0.5, 80), ("all", 75 / 190, 190)]
    >>> table = estimate_table([{"by_arm": arm, "estimate": share, "n": n} for arm, share, n in rows], term="in work")
    >>> print(protect(table, threshold=10)[["by_arm", "estimate", "n", "status"]].to_string(index=False))
    by_arm  estimate   n     status
         a       NaN  50 suppressed
         b       NaN  60 suppressed
         c  0.500000  80       <NA>
       all  0.394737 190       <NA>
    """
    public = {} if already_public is None else {"table": already_public}
    return protect_tables(
        {"table": table}, threshold=threshold, measures={"table": measure} if measure else {}, already_public=public
    )["table"]


def protect_tables(
    tables: Mapping[str, pd.DataFrame],
    *,
    threshold: int,
    measures: Mapping[str, Measure] | None = None,
    already_public: Mapping[str, pd.Series] | None = None,
    nesting: Nesting | None = None,
    begun: Mapping[str, pd.DataFrame] | None = None,
) -> dict[str, pd.DataFrame]:
    """Which rows of several estimate tables may leave together?

    Parameters
    ----------
    tables
        Name -> estimate table. Everything that one reader will see belongs into one call: what a table withholds,
        another could tell.
    threshold
        The smallest count above 0 that may be shown.
    measures
        Name -> what the estimates tell, for tables that :data:`TABLE_MEASURES` does not know.
    already_public
        Name -> True for rows that others have published.
    nesting
        What lies in what, where rows of one `by_*` column add up to rows of another: see :func:`nesting_of`.
    begun
        Name -> the same table as it was protected before, with fewer others beside it: what it withholds stays so.

    Returns
    -------
    dict
        Name -> protected table, as :func:`protect` describes.

    Raises
    ------
    ValueError
        If `threshold` is below 1.
    DisclosureError
        If a row has an estimate and no `n`, or public rows give a small count away.
    """
    if threshold < 1:
        raise ValueError(f"threshold is {threshold}; allowed: 1 or more")
    known = {**TABLE_MEASURES, **(measures or {})}
    checked = {name: table for name, table in tables.items() if known.get(name) != "process"}
    rows = [
        row
        for name, table in checked.items()
        for row in read_rows(name, table, known.get(name), (already_public or {}).get(name))
    ]
    system = CountSystem()
    tie_rows(system, rows, nesting or {})
    main = [row for row in rows if row.table not in DETAIL_TABLES and not (row.table in TOTALS_FIRST and row.split)]
    first = {unit for row in main for unit in (row.people_unit, row.estimate_unit)} if len(main) < len(rows) else ()
    already = {unit for name, table in (begun or {}).items() for unit in withheld_units(name, table)}
    withheld = withhold(system, threshold=threshold, first=first, already=already)
    return {
        name: blank_withheld(table, [row for row in rows if row.table == name], withheld, threshold)
        if name in checked
        else table.copy()
        for name, table in tables.items()
    }


def withheld_units(name: str, safe: pd.DataFrame) -> Iterator[Hashable]:
    """Give what a protected table withholds: the n of a row, or its estimate alone."""
    gone = (safe["status"] == SUPPRESSED).fillna(False).to_numpy(dtype=bool)
    no_n = safe["n"].isna().to_numpy()
    yield from ((name, place, "estimate") for place in np.flatnonzero(gone).tolist())
    yield from ((name, place, "n") for place in np.flatnonzero(gone & no_n).tolist())


def blank_withheld(
    table: pd.DataFrame, rows: list[EstimateRow], withheld: set[Hashable], threshold: int
) -> pd.DataFrame:
    """Remove the numbers of withheld rows."""
    safe = table.copy()
    if "status" not in safe.columns:
        safe["status"] = pd.Series(pd.NA, index=safe.index, dtype="string")
    no_n = np.zeros(len(safe), dtype=bool)
    suppressed = np.zeros(len(safe), dtype=bool)
    for row in rows:
        no_n[row.place] = row.people_unit in withheld
        suppressed[row.place] = no_n[row.place] or row.estimate_unit in withheld
    safe.loc[suppressed, [column for column in NUMBER_COLUMNS if column in safe.columns]] = np.nan
    safe.loc[suppressed, "status"] = SUPPRESSED
    safe.loc[no_n, "n"] = pd.NA
    if "verdict" in safe.columns:
        safe.loc[suppressed, "verdict"] = pd.NA
    if "n_dropped" in safe.columns:
        few = safe["n_dropped"].between(1, threshold - 1).fillna(False).to_numpy(dtype=bool)
        safe.loc[suppressed | few, "n_dropped"] = pd.NA
    return safe
