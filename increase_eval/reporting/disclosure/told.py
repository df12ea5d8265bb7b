"""What tables tell of each other beyond sums: moments tell bins, and the n of a score tells who answered.

Both steps only withhold more, after :func:`~increase_eval.reporting.disclosure.protect_tables` has settled the sums.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp

from increase_eval.reporting.disclosure.estimates import SUPPRESSED
from increase_eval.reporting.disclosure.withholding import required_width
from increase_eval.results import NUMBER_COLUMNS

ENROLLED = "enrolled"
"""The denominator in `response_flow` whose count is everybody who answered the wave."""


def withhold_told_bins(
    bins: pd.DataFrame, safe: pd.DataFrame, summary: pd.DataFrame, *, threshold: int
) -> pd.DataFrame:
    """Withhold further bins where mean and standard deviation would tell those that are withheld.

    Parameters
    ----------
    bins
        ``score_distribution`` as stored: the counts of the bins of each outcome and wave, in order.
    safe
        The same rows, protected.
    summary
        ``score_summary``, protected: where its mean of everybody is shown, n, sum and sum of squares are known.
    threshold
        The smallest count above 0 that may be shown.

    Returns
    -------
    DataFrame
        `safe`, with further bins withheld: the smallest shown ones first, until every small count could be at least
        as many values as :func:`required_width` asks for.

    Notes
    -----
    An outsider knows of the withheld counts c_j, at places j = 0, 1, ... of equal width, the three sums of c_j, j c_j
    and j^2 c_j. The smallest and largest c_j that these and c >= 1 allow are found by integer programming.
    """
    safe = safe.copy()
    told = summary[(summary["term"] == "mean") & (summary["by_arm"] == "all") & summary["estimate"].notna()]
    for column in [name for name in told.columns if name.startswith("by_") and name != "by_arm"]:
        told = told[told[column] == "all"]
    known = set(zip(told["outcome"], told["wave"], strict=True))
    for key, rows in bins.groupby(["outcome", "wave"], sort=False):
        if key not in known:
            continue
        counts = rows["estimate"].to_numpy(dtype=float).astype(int)
        hidden = _is_withheld(safe.loc[rows.index]).to_numpy(copy=True)
        further = _hide_until_vague(counts, hidden, threshold)
        safe = _withhold(safe, rows.index[further & ~hidden], with_n=False)
    return safe


def withhold_told_responses(tables: Mapping[str, pd.DataFrame], flow: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Withhold, in tables of those who answered, the groups and waves whose number of respondents is withheld.

    Parameters
    ----------
    tables
        Protected tables whose `n` and `n_dropped` add up to those who answered, by the same groups as `flow`.
    flow
        ``response_flow``, protected.

    Returns
    -------
    dict
        The tables, with the same groups and waves withheld as in `flow`; whatever the flow's own withholding keeps
        from being worked out by sums, these then keep as well.
    """
    # Of the shares of several denominators, that of the enrolled has all who answered as its count.
    hidden = flow[_is_withheld(flow) & (flow["term"] == ENROLLED)]
    groups = [column for column in flow.columns if column.startswith("by_")]
    cells = set(hidden[["wave", *groups]].itertuples(index=False, name=None))
    done = {}
    for name, table in tables.items():
        here = table.reindex(columns=["wave", *groups]).fillna(dict.fromkeys(groups, "all"))
        told = np.array([cell in cells for cell in here.itertuples(index=False, name=None)], dtype=bool)
        done[name] = _withhold(table.copy(), table.index[told], with_n=True)
    return done


def _hide_until_vague(counts: np.ndarray, hidden: np.ndarray, threshold: int) -> np.ndarray:
    """Add to the hidden bins until no small count among them is known to within less than the required width."""
    hidden = hidden.copy()
    while hidden.any() and not hidden.all() and _is_told(counts, hidden, threshold):
        shown = np.flatnonzero(~hidden)
        # A bin with people hides more than an empty one, and a small one costs the reader least.
        order = np.lexsort((counts[shown], counts[shown] == 0))
        hidden[shown[order[0]]] = True
    return hidden


def _is_told(counts: np.ndarray, hidden: np.ndarray, threshold: int) -> bool:
    places = np.flatnonzero(hidden)
    own = counts[places]
    powers = np.vstack([np.ones(len(places)), places, places.astype(float) ** 2])
    sums = powers @ own
    constraint = LinearConstraint(powers, sums, sums)
    # Empty bins are shown unless they have to hide others, so that a withheld one is known to hold somebody.
    least = Bounds((own > 0).astype(float), np.inf)
    for position in np.flatnonzero((own > 0) & (own < threshold)):
        goal = np.zeros(len(places))
        goal[position] = 1.0
        low, high = (
            milp(sign * goal, constraints=constraint, bounds=least, integrality=np.ones(len(places)))
            for sign in (1.0, -1.0)
        )
        if low.x is None or high.x is None or high.x[position] - low.x[position] < required_width(threshold) - 0.5:
            return True
    return False


def _is_withheld(table: pd.DataFrame) -> pd.Series:
    if "status" not in table.columns:
        return pd.Series(False, index=table.index)
    return (table["status"] == SUPPRESSED).fillna(False).astype(bool)


def _withhold(table: pd.DataFrame, labels: pd.Index, *, with_n: bool) -> pd.DataFrame:
    if not len(labels):
        return table
    if "status" not in table.columns:
        table["status"] = pd.Series(pd.NA, index=table.index, dtype="string")
    numbers = [column for column in NUMBER_COLUMNS if column in table.columns]
    table.loc[labels, numbers] = np.nan
    table.loc[labels, "status"] = SUPPRESSED
    gone = [name for name in ("n_dropped", "verdict", *(["n"] if with_n else [])) if name in table.columns]
    for column in gone:
        table.loc[labels, column] = pd.NA
    return table
