"""Calibration of the response model as it may leave: neighbouring tenths joined until none of them is small.

A band tells how many people of a predicted chance left. Where fewer than the threshold did, or fewer stayed, it is
joined with its neighbour: so every band that leaves stands on enough of both, and so does what is left of their total.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from increase_eval.comparison.categorical.proportions import proportion_interval
from increase_eval.results import estimate_table

OBSERVED, PREDICTED = "observed", "predicted"
LEAST_BANDS = 2
"""With fewer there is no curve, and the share of all who left stands elsewhere."""


def banded_calibration(table: pd.DataFrame, *, threshold: int, confidence: float) -> pd.DataFrame:
    """Join tenths of predicted probability until each band has enough who left and enough who stayed.

    Parameters
    ----------
    table
        The stored ``dropout_calibration``: ``term`` the tenth, ``contrast`` ``observed`` or ``predicted``.
    threshold
        The smallest number of people that may be shown.
    confidence
        Of Wilson's intervals.

    Returns
    -------
    DataFrame
        The same columns, ``term`` counting the bands; without the rows of a wave that has no two such bands.

    Notes
    -----
    Tenths are joined from the lowest predicted chance on; a last one that is too small joins the band before it.
    Predicted chances are averaged by numbers of people.

    Examples
    --------
    >>> rows = [("1", "observed", 0.2, 20), ("1", "predicted", 0.3, 20), ("2", "observed", 0.6, 20),
    ...         ("2", "predicted", 0.5, 20), ("3", "observed", 0.5, 40), ("3", "predicted", 0.5, 40)]
    >>> made = pd.DataFrame(rows, columns=["term", "contrast", "estimate", "n"]).assign(outcome="left", wave="t2")
    >>> banded = banded_calibration(estimate_table(made), threshold=10, confidence=0.95)
    >>> print(banded[["term", "contrast", "estimate", "n"]].to_string(index=False))
    term  contrast  estimate  n
       1  observed       0.4 40
       1 predicted       0.4 40
       2  observed       0.5 40
       2 predicted       0.5 40
    """
    by = [column for column in table.columns if column.startswith("by_")]
    kept = table[table["estimate"].notna()]
    rows = []
    for _, own in kept.groupby(["outcome", "wave", *by], sort=False, dropna=False, observed=True):
        bands = _joined(own, threshold)
        if len(bands) >= LEAST_BANDS:
            rows += list(_rows(own, bands, confidence))
    return estimate_table(pd.DataFrame(rows, columns=table.columns))


def _joined(own: pd.DataFrame, threshold: int) -> np.ndarray:
    """Give (bands, 3): people, those of them who left, and the sum of their predicted chances."""
    wide = own.pivot_table(index="term", columns="contrast", values="estimate")
    order = sorted(wide.index, key=lambda term: int(str(term)))
    n = own.drop_duplicates("term").set_index("term")["n"].astype(float).reindex(order).to_numpy()
    left = np.round(wide[OBSERVED].reindex(order).to_numpy() * n)
    tenths = np.column_stack([n, left, wide[PREDICTED].reindex(order).to_numpy() * n])
    bands: list[np.ndarray] = []
    open_band = np.zeros(3)
    for tenth in tenths:
        open_band = open_band + tenth
        if min(open_band[1], open_band[0] - open_band[1]) >= threshold:
            bands.append(open_band)
            open_band = np.zeros(3)
    if open_band[0] and bands:
        bands[-1] = bands[-1] + open_band
    return np.array(bands).reshape(-1, 3)


def _rows(own: pd.DataFrame, bands: np.ndarray, confidence: float) -> Iterator[dict[str, Any]]:
    same: dict[str, Any] = {str(name): value for name, value in own.iloc[0].items()}
    methods = own.drop_duplicates("contrast").set_index("contrast")["method"]
    for number, (n, left, predicted) in enumerate(bands, start=1):
        base = {**same, "term": str(number), "n": int(n), "conf_low": np.nan, "conf_high": np.nan}
        ends = proportion_interval(int(left), int(n), confidence=confidence)
        limits = {"conf_low": ends.conf_low, "conf_high": ends.conf_high}
        yield {**base, "contrast": OBSERVED, "estimate": left / n, **limits, "method": methods[OBSERVED]}
        yield {**base, "contrast": PREDICTED, "estimate": predicted / n, "method": methods[PREDICTED]}
