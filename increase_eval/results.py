"""The one shape that every estimate table has.

An estimate table has one row per estimate and the columns of :data:`ESTIMATE_COLUMNS`, in that order; besides these
only columns that start with ``by_`` (what the estimate is split by) and those of :data:`EXTRA_COLUMNS`. Nothing in it
is ever rounded or suppressed: that happens once, at the edge, in :mod:`increase_eval.reporting`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

TEXT_COLUMNS = ("outcome", "term", "contrast", "wave")
NUMBER_COLUMNS = ("estimate", "std_error", "statistic", "df", "p_value", "conf_low", "conf_high")
ESTIMATE_COLUMNS = (*TEXT_COLUMNS, *NUMBER_COLUMNS, "n", "method")
EXTRA_COLUMNS = ("n_dropped", "status", "verdict")


def estimate_table(rows: Iterable[Mapping[str, Any]] | pd.DataFrame, **constants: Any) -> pd.DataFrame:
    """Put rows of estimates into the shape that every estimate table has.

    Parameters
    ----------
    rows
        One mapping (or one row of a frame) per estimate. Columns of the shape that are absent become missing.
    **constants
        Values that all rows share, such as ``outcome="cesd"`` or ``method="Wilson interval"``.

    Returns
    -------
    DataFrame
        Columns of :data:`ESTIMATE_COLUMNS` in order, then ``by_*`` in the order given, then those of
        :data:`EXTRA_COLUMNS` that are present. Text columns are ``string``, numbers ``float64``, counts ``Int64``.

    Raises
    ------
    ValueError
        If a column is neither of the shape, nor ``by_*``, nor an allowed extra.

    Examples
    --------
    >>> table = estimate_table([{"term": "share", "estimate": 0.5, "n": 10}], outcome="retained")
    >>> print(table[["outcome", "term", "estimate", "n"]].to_string(index=False))
     outcome  term  estimate   n
    retained share       0.5  10
    """
    frame = pd.DataFrame(rows if isinstance(rows, pd.DataFrame) else list(rows)).assign(**constants)
    by_columns = [column for column in frame.columns if column.startswith("by_")]
    extras = [column for column in EXTRA_COLUMNS if column in frame.columns]
    wanted = [*ESTIMATE_COLUMNS, *by_columns, *extras]
    unknown = sorted(set(frame.columns) - set(wanted))
    if unknown:
        allowed = ", ".join([*ESTIMATE_COLUMNS, "by_*", *EXTRA_COLUMNS])
        raise ValueError(f"columns {unknown} have no place in an estimate table; allowed: {allowed}")
    frame = frame.reindex(columns=wanted).reset_index(drop=True)
    return frame.astype({column: _dtype(column) for column in wanted if _dtype(column)})


def _dtype(column: str) -> str:
    if column in NUMBER_COLUMNS:
        return "float64"
    if column in ("n", "n_dropped"):
        return "Int64"
    return "string"
