"""What did the service record of each person? One category a person, rare ones joined until each can be an anchor."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.study.services import ServiceStatistics

NOTHING = "no outcome"
FEWEST = 5
"""People of a category who must have answered in an arm, for it to stand by itself there."""


def service_categories(participants: pd.DataFrame, services: ServiceStatistics) -> pd.Series[Any]:
    """Give each person's first outcome that the register dates, or that there is none.

    Parameters
    ----------
    participants
        One row a person, with the columns of dates.
    services
        The steps that the service counts, and their columns in the register.

    Returns
    -------
    Series
        Index as `participants`; the id of the outcome's step, or ``no outcome``. Of two outcomes on one day the one
        that the contract lists first counts.
    """
    columns = outcome_columns(participants, services)
    if not columns:
        return pd.Series(NOTHING, index=participants.index, dtype="string")
    days = [pd.to_datetime(participants[column]).to_numpy("datetime64[D]") for column in columns.values()]
    dates = np.column_stack(days)
    late = np.where(np.isnat(dates), np.datetime64("9999-12-31", "D"), dates)
    names = np.array([*columns], dtype=object)[late.argmin(axis=1)]
    names[np.isnat(dates).all(axis=1)] = NOTHING
    return pd.Series(names, index=participants.index, dtype="string")


def outcome_columns(participants: pd.DataFrame, services: ServiceStatistics) -> dict[str, str]:
    """Give the outcomes that the register dates: step -> its column."""
    return {
        step.id: step.register_column
        for step in services.steps
        if step.kind == "outcome" and step.register_column is not None and step.register_column in participants
    }


def join_rare(
    category: pd.Series[Any],
    arm: pd.Series[Any],
    observed: npt.NDArray[np.bool_],
    *,
    apart: str = NOTHING,
    fewest: int = FEWEST,
) -> pd.Series[Any]:
    """Join the two rarest outcomes of an arm until enough people of each have answered.

    Parameters
    ----------
    category, arm
        One value a person.
    observed
        Who answered.
    apart
        The category that is joined to others last.
    fewest
        How many must have answered.

    Returns
    -------
    Series
        Joined categories are named ``a or b``. An arm in which not enough people of all outcomes together have answered
        has one category, and so no anchor. The scores play no part in it.

    Examples
    --------
    >>> arm = pd.Series(["x"] * 6)
    >>> category = pd.Series(["job", "job", "course", "none", "none", "firm"])
    >>> join_rare(category, arm, np.ones(6, dtype=bool), apart="none", fewest=2).unique().tolist()
    ['job', 'course or firm', 'none']
    """
    joined = category.astype(object)
    for one in pd.unique(arm.dropna()):
        own = (arm == one).to_numpy(dtype=bool)
        joined[own] = _joined(joined[own], observed[own], apart, fewest)
    return joined.astype("string")


def _joined(category: pd.Series[Any], observed: npt.NDArray[np.bool_], apart: str, fewest: int) -> pd.Series[Any]:
    """Join within one arm."""
    while True:
        counts = category[observed].value_counts().reindex(pd.unique(category.dropna()), fill_value=0)
        # Of equally rare ones the first in the alphabet, so that the order of rows does not matter.
        counts = counts.sort_index().sort_values(kind="stable")
        outcomes = counts.drop(apart, errors="ignore")
        if len(counts) < 2 or (counts >= fewest).all():
            return category
        rare = list(outcomes.index[:2]) if len(outcomes) > 1 else list(counts.index[:2])
        category = category.where(~category.isin(rare), " or ".join(sorted(rare)))
