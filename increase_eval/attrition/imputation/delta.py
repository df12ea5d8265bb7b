"""Departures from an assumption: amounts added to imputed values, by visit and arm, or by visit and person."""

from __future__ import annotations

import numpy as np
import pandas as pd

from increase_eval.attrition.imputation.cohort import Cohort
from increase_eval.comparison.continuous.samples import to_floats
from increase_eval.moments.accumulate import FloatArray
from increase_eval.moments.tables import check_table


def read_delta(delta: pd.DataFrame | None, cohort: Cohort) -> FloatArray:
    """Lay out deltas by person and visit, zero where the outcome was observed or no delta is given.

    Parameters
    ----------
    delta
        The visit column, the subject or the arm column (the subject decides where both are there), and ``delta``.
        Columns may be named by their part instead: ``visit``, ``subject`` and ``arm``.
    cohort
        The people.

    Returns
    -------
    ndarray
        (n, m).

    Raises
    ------
    TypeError
        If it is no DataFrame.
    ValueError
        If a column is absent, a delta is missing or infinite, a visit, arm or subject is not in the data, or one has
        two deltas for a visit.
    """
    if delta is None:
        return np.zeros(cohort.y.shape)
    check_table(delta, "delta")
    delta = _by_column(delta, cohort)
    unit = cohort.subject if cohort.subject in delta.columns else cohort.arm
    absent = [name for name in (cohort.visit, unit, "delta") if name not in delta.columns]
    if absent:
        raise ValueError(
            f"delta has the columns {list(delta.columns)}; it needs {cohort.visit!r}, {cohort.subject!r} or "
            f"{cohort.arm!r}, and 'delta'"
        )
    amounts = to_floats(delta["delta"], "delta")
    if np.isnan(amounts).any():
        raise ValueError("delta must be finite in every row")
    m = len(cohort.visits)
    visits = pd.Index(list(cohort.visits), dtype=object).get_indexer(pd.Index(delta[cohort.visit].astype(object)))
    people = pd.Index(cohort.table[unit].iloc[::m].astype(object))
    names = pd.Index(pd.unique(people), dtype=object)
    units = names.get_indexer(pd.Index(delta[unit].astype(object)))
    for column, codes in ((cohort.visit, visits), (unit, units)):
        if (codes < 0).any():
            raise ValueError(f"delta has {int((codes < 0).sum())} rows whose {column!r} is not in the data")
    place = units * m + visits
    if len(np.unique(place)) < len(place):
        raise ValueError(f"delta has two rows for the same {unit!r} and {cohort.visit!r}; allowed: one")
    table = np.zeros(len(names) * m)
    table[place] = amounts
    return np.asarray(np.where(cohort.seen, 0.0, table.reshape(-1, m)[names.get_indexer(people)]))


def _by_column(delta: pd.DataFrame, cohort: Cohort) -> pd.DataFrame:
    """Name columns that are named by their part as the data name them."""
    parts = {"visit": cohort.visit, "subject": cohort.subject, "arm": cohort.arm}
    own = set(parts.values())
    return delta.rename(
        columns={part: name for part, name in parts.items() if part not in own and name not in delta.columns}
    )
