"""Which shares of states may leave side by side? Those whose count the table of states shows.

A weighted or imputed share of a cell whose count is withheld would tell about how many people are in it: so each of
them follows the counted cell of the same state, wave and arm, whose pattern withstands sums over states and arms. The
shares of those alone who can be weighted stay inside: with those of everybody whose state is known they would tell of
the few between.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from increase_eval.attrition.state_occupancy import ANSWERED, OBSERVED
from increase_eval.reporting.disclosure import SUPPRESSED
from increase_eval.results import NUMBER_COLUMNS

OCCUPANCY, SHARES = "state_occupancy", "state_shares"
CELL = ("outcome", "term", "wave", "by_arm")
TOTAL = "all"


def told_occupancy(table: pd.DataFrame, safe: Mapping[str, pd.DataFrame], threshold: int) -> pd.DataFrame:
    """Give the rows of `state_occupancy` that may leave, those that may not without their numbers.

    Parameters
    ----------
    table
        The table as stored.
    safe
        The tables of counts, protected.
    threshold
        The smallest count above 0 that may be shown.

    Returns
    -------
    DataFrame
        Without the rows of ``answered``, and without observed shares that differ from those of the table of states
        (people without an arm, or short of the last step, count there). Withheld rows have status ``suppressed``:
        where the counted cell is withheld or absent, where the share makes fewer people than the threshold or leaves
        fewer out, and of a group in which one share alone would be withheld the smallest other one.
    """
    own = table[table["by_method"] != ANSWERED].reset_index(drop=True)
    shown = _shown_cells(safe.get(SHARES))
    counted = [shown.get(key) for key in own[list(CELL)].itertuples(index=False, name=None)]
    is_other = [
        cell is not None and not (abs(cell[0] - share) < _ALIKE and cell[1] == n)
        for cell, share, n in zip(counted, own["estimate"], own["n"], strict=True)
    ]
    is_observed = (own["by_method"] == OBSERVED).to_numpy(dtype=bool)
    kept = ~(is_observed & np.array(is_other, dtype=bool))
    hidden = pd.Series([cell is None for cell in counted], index=own.index)
    # A share on nobody shows nothing.
    hidden = (hidden | _is_few(own, threshold)) & own["estimate"].notna()
    hidden = hidden | _beside_one(own, hidden)
    told: pd.DataFrame = _blanked(own, hidden)[kept]
    return told.reset_index(drop=True)


_ALIKE = 1e-12
"""Two shares of the same people differ by rounding at most."""


def _shown_cells(shares: pd.DataFrame | None) -> dict[tuple[str, ...], tuple[float, int]]:
    """Give the cells of the table of states that show their share, with it and its n."""
    if shares is None:
        return {}
    own = shares[shares["estimate"].notna()]
    for column in own.columns:
        if column.startswith("by_") and column != "by_arm":
            own = own[own[column] == TOTAL]
    if "by_arm" not in own:
        own = own.assign(by_arm=TOTAL)
    keys = own[list(CELL)].itertuples(index=False, name=None)
    return dict(zip(keys, zip(own["estimate"].astype(float), own["n"].astype(int), strict=True), strict=True))


def _is_few(table: pd.DataFrame, threshold: int) -> pd.Series:
    n = table["n"].astype("Float64").astype(float)
    people = (table["estimate"] * n).round()
    return people.between(1, threshold - 1) | (n - people).between(1, threshold - 1)


def _beside_one(table: pd.DataFrame, hidden: pd.Series) -> pd.Series:
    """Find the smallest shown share of each group that withholds one share alone: the shares add up to 1."""
    more: list[object] = []
    for _, rows in table.groupby(["outcome", "wave", "by_arm", "by_method"], sort=False):
        gone = hidden.loc[rows.index]
        rest = rows.loc[~gone & rows["estimate"].notna(), "estimate"]
        if gone.sum() == 1 and len(rest):
            positive = rest[rest > 0]
            more.append((positive if len(positive) else rest).idxmin())
    return pd.Series(table.index.isin(more), index=table.index)


def _blanked(table: pd.DataFrame, hidden: pd.Series) -> pd.DataFrame:
    safe = table.copy()
    safe.loc[hidden, [*NUMBER_COLUMNS]] = np.nan
    safe.loc[hidden, "status"] = SUPPRESSED
    safe.loc[hidden, "n_dropped"] = pd.NA
    return safe
