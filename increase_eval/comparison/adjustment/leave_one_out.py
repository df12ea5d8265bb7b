"""Does a comparison rest on one provider? The same comparison again, without each provider in turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from increase_eval.errors import ConvergenceError, InsufficientDataError
from increase_eval.results import estimate_table

NOBODY_LEFT_OUT = "all"
NOT_ESTIMABLE = "not estimable"
OK = "ok"

Estimate = Callable[[pd.DataFrame], pd.DataFrame]


def leave_one_out(data: pd.DataFrame, *, unit: str, estimate: Estimate) -> pd.DataFrame:
    """How far does a comparison rest on one unit?

    Parameters
    ----------
    data
        One row per person.
    unit
        The column with the unit that is left out: a provider, a neighbourhood.
    estimate
        What makes an estimate table out of such data; its rows are matched by outcome, term, contrast and wave.

    Returns
    -------
    DataFrame
        Estimate table with ``by_left_out``: ``all`` for everybody, then each unit; a row that exists with everybody and
        not without a unit (an arm that has no other one) has the status ``not estimable``.

    Raises
    ------
    ValueError
        If the column is absent.

    Notes
    -----
    Nothing is tested: the estimates without each unit are there to be looked at. An estimate that fails for want of
    people or of a maximum is not estimable, and no reason to stop.

    References
    ----------
    Tukey JW (1958). Bias and confidence in not quite large samples. doi:10.1214/aoms/1177706647.

    Checked by hand in ``tests/spec/comparison/test_exchangeability.py``.

    Examples
    --------
    >>> data = pd.DataFrame({"y": [1.0, 2.0, 6.0], "site": ["a", "a", "b"]})
    >>> mean = lambda part: estimate_table([{"term": "mean", "estimate": part["y"].mean(), "n": len(part)}])
    >>> print(leave_one_out(data, unit="site", estimate=mean)[["by_left_out", "estimate", "n"]].to_string(index=False))
    by_left_out  estimate  n
            all       3.0  3
              a       6.0  1
              b       1.5  2
    """
    if unit not in data.columns:
        raise ValueError(f"{unit!r} is not in the table; it has: {', '.join(map(str, data.columns))}")
    keys = ["outcome", "term", "contrast", "wave"]
    whole = estimate(data)
    whole = whole.assign(status=whole["status"].fillna(OK) if "status" in whole else OK)
    parts = [whole.assign(by_left_out=NOBODY_LEFT_OUT)]
    asked = whole[[*keys, *[name for name in whole if str(name).startswith("by_")], "method"]]
    for name in sorted(data[unit].dropna().unique(), key=str):
        parts.append(_without(data[data[unit] != name], estimate, asked).assign(by_left_out=str(name)))
    return estimate_table(pd.concat(parts, ignore_index=True))


def _without(data: pd.DataFrame, estimate: Estimate, asked: pd.DataFrame) -> pd.DataFrame:
    """Estimate without one unit, with a row for everything that was asked."""
    try:
        found: Any = estimate(data)
    except (InsufficientDataError, ConvergenceError):
        found = None
    if found is None:
        return asked.assign(status=NOT_ESTIMABLE)
    found = found.assign(status=found["status"].fillna(OK) if "status" in found else OK)
    keys = [name for name in asked.columns if name != "method"]
    known = set(found[keys].astype(object).where(found[keys].notna(), None).itertuples(index=False, name=None))
    rows = asked[keys].astype(object).where(asked[keys].notna(), None).itertuples(index=False, name=None)
    absent = asked[[row not in known for row in rows]]
    every: pd.DataFrame = pd.concat([found, absent.assign(status=NOT_ESTIMABLE)], ignore_index=True)
    return every
