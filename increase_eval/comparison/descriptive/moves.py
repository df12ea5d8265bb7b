"""Who moved into work, and who out of it? Moves between many states, gathered into moves between a few groups of them.

Counts of the finer table are added up, so that both tables are of the same people; nobody is counted anew.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from increase_eval.comparison.categorical.proportions import interval_bounds
from increase_eval.comparison.descriptive.groups import TOTAL
from increase_eval.comparison.descriptive.score_summary import NOBODY, OK
from increase_eval.results import estimate_table

IN_WORK, OUT_OF_WORK = "in_work", "out_of_work"


def collapse_transitions(
    transitions: pd.DataFrame, *, groups: Mapping[str, Mapping[str, str]], confidence: float = 0.95
) -> pd.DataFrame:
    """Of those in a group of states at one wave, which share is in each group at a later one?

    Parameters
    ----------
    transitions
        The table of :func:`increase_eval.comparison.state_transitions`.
    groups
        State variable -> its states, each with the group that it counts to. Other variables are left out.
    confidence
        Coverage of the Wilson intervals.

    Returns
    -------
    DataFrame
        Estimate table with the columns of `transitions`: term the group reached, ``by_from`` the group left (``all``:
        whatever it was), estimate the share, Wilson interval, n those who left that group with both states known,
        n_dropped those in it whose later state is not known, status ``ok`` or ``nobody``. Zeros are kept.

    Raises
    ------
    ValueError
        If a state of a variable in `groups` has no group there.

    Notes
    -----
    Two readings of "the share in work" stand side by side: of everybody known at both waves (``by_from`` is ``all``),
    and of those who were out of work at the first. Counts are the shares of `transitions` times their n, whole numbers
    again. Wilson's interval; see :func:`increase_eval.comparison.proportion_interval`.

    References
    ----------
    Wilson EB (1927). doi:10.1080/01621459.1927.10502953.

    Checked against hand counts in ``tests/spec/comparison/test_moves.py``.

    Examples
    --------
    >>> from increase_eval.comparison import state_transitions
    >>> people = pd.DataFrame({"participant": ["p", "q"]})
    >>> states = pd.DataFrame({"participant": ["p", "q"] * 2, "wave": ["t1", "t1", "t2", "t2"], "variable": "work",
    ...                        "state": ["student", "other", "job", "other"]})
    >>> names = {"work": ["job", "student", "other"]}
    >>> moves = state_transitions(states, people, waves=["t1", "t2"], variables=names, by=())
    >>> table = collapse_transitions(moves, groups={"work": {"job": "in", "student": "out", "other": "out"}})
    >>> print(table.loc[table["by_from"] == "out", ["term", "estimate", "n"]].to_string(index=False))
    term  estimate  n
      in       0.5  2
     out       0.5  2
    """
    own = transitions[transitions["outcome"].isin(list(groups))]
    if own.empty:  # states of one wave alone have no transitions
        by = [name for name in transitions.columns if name.startswith("by_") and name != "by_from"]
        return estimate_table(pd.DataFrame(columns=["outcome", *by, "by_from", "n_dropped", "status"]))
    counted = own[own["by_from"] != TOTAL].copy()
    for column in ("term", "by_from"):
        counted[column] = [_group(groups, *pair) for pair in zip(counted["outcome"], counted[column], strict=True)]
    counted["count"] = (counted["estimate"].fillna(0.0) * counted["n"].astype(float)).round()
    # The n of a state stands in every row of it: each is taken once.
    counted["state"] = own.loc[counted.index, "by_from"]
    split = [name for name in counted.columns if name.startswith("by_") and name != "by_from"]
    everybody = counted.assign(by_from=TOTAL)
    rows = [_rows(part, split) for part in (everybody, counted)]
    table = pd.concat(rows, ignore_index=True)
    low, high = interval_bounds(table["count"], table["n"], confidence=confidence)
    has = (table["n"] > 0).to_numpy(dtype=bool)
    table["estimate"] = table["count"] / table["n"].astype(float).where(has)
    table = table.assign(conf_low=low, conf_high=high, status=np.where(has, OK, NOBODY))
    order = ["outcome", "contrast", *split]
    places = {column: {key: i for i, key in enumerate(own[column].unique())} for column in order}
    table = table.sort_values(order, key=lambda column: column.map(places[str(column.name)]), kind="stable")
    return estimate_table(table.drop(columns="count"), method="Wilson interval")


def _group(groups: Mapping[str, Mapping[str, str]], variable: str, state: str) -> str:
    found = groups[variable].get(state)
    if found is None:
        raise ValueError(f"state {state!r} of {variable!r} has no group; allowed: one for each state")
    return found


def _rows(counted: pd.DataFrame, split: list[str]) -> pd.DataFrame:
    """Add up counts by group left and reached, and people by group left."""
    about = ["outcome", "contrast", "wave", *split, "by_from"]
    moved = counted.groupby([*about, "term"], sort=False, dropna=False)["count"].sum().reset_index()
    once = counted.drop_duplicates([*about, "state"])
    people = once.groupby(about, sort=False, dropna=False)[["n", "n_dropped"]].sum().reset_index()
    return moved.merge(people, on=about, how="left", validate="many_to_one")
