"""Did those who stayed start differently? Retention at each later wave by group of the baseline score.

People with a baseline score are put into groups of about equal size (fifths, or fewer where scores tie), by cut points
that are scores of the baseline. The share of each group that answered a later wave is given with its interval.
It describes; a dropout model (:mod:`increase_eval.attrition`) tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.attrition.flow import response_matrix, share_row
from increase_eval.comparison.categorical.proportions import normal_quantile
from increase_eval.comparison.descriptive.groups import require_columns
from increase_eval.results import estimate_table

Floats = npt.NDArray[np.float64]


def retention_by_baseline(
    scores: pd.DataFrame,
    responses: pd.DataFrame,
    *,
    waves: Sequence[str],
    scales: Sequence[str],
    groups: int = 5,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Which share of each baseline-score group answered each later wave?

    Parameters
    ----------
    scores
        One row per participant, wave and scale: ``participant``, ``wave``, ``scale``, ``score`` (missing where not
        scored).
    responses
        One row per participant and wave: ``participant``, ``wave``, ``responded``. Whoever has a row is enrolled.
    waves
        The waves in order; the first is the baseline.
    scales
        Ids of the scales.
    groups
        How many groups of about equal size, at least 2.
    confidence
        Coverage of the Wilson intervals.

    Returns
    -------
    DataFrame
        Estimate table: outcome the scale, term the group of baseline scores written ``a..b`` for a < score <= b, with
        an open end for the lowest (``..b``) and the highest (``a..``); wave; the share that answered; n the people of
        the group; n_dropped the enrolled without a baseline score; status ``ok``, or ``one group`` where everybody has
        the same baseline score. A scale without any baseline score has one row a wave, with the status ``nobody``.

    Raises
    ------
    ValueError
        If a column or wave is absent, or a participant has two baseline scores.

    Notes
    -----
    Cut points are the inverse of the empirical distribution function at k / groups: scores that tie stay together,
    and cut points that coincide are merged, so that fewer groups may remain.

    Checked against hand counts in ``tests/spec/attrition/test_retention_by_baseline.py``.

    Examples
    --------
    >>> scores = pd.DataFrame({"participant": list("abcd"), "wave": "t1", "scale": "s", "score": [1.0, 2.0, 3.0, 4.0]})
    >>> answers = pd.DataFrame({
    ...     "participant": list("abcd") * 2, "wave": ["t1"] * 4 + ["t2"] * 4, "responded": [True] * 6 + [False] * 2})
    >>> table = retention_by_baseline(scores, answers, waves=["t1", "t2"], scales=["s"], groups=2)
    >>> print(table[["term", "estimate", "n"]].to_string(index=False))
    term  estimate  n
     ..2       1.0  2
     2..       0.0  2
    """
    normal_quantile(confidence)
    if groups < 2:
        raise ValueError(f"groups is {groups}; allowed: 2 or more")
    require_columns(scores, ("participant", "wave", "scale", "score"), "scores")
    require_columns(responses, ("participant", "wave", "responded"), "responses")
    keys = pd.Index(responses["participant"].unique())
    answered = response_matrix(responses, keys, waves)
    rows = [
        {"outcome": scale, "wave": wave, **row}
        for scale in scales
        for index, wave in enumerate(waves)
        if index
        for row in _scale_rows(_baseline(scores, keys, scale, waves[0]), answered[:, index], groups, confidence)
    ]
    return estimate_table(rows, method="Wilson interval")


def _baseline(scores: pd.DataFrame, keys: pd.Index, scale: str, wave: str) -> Floats:
    rows = scores[(scores["scale"] == scale) & (scores["wave"] == wave)]
    if rows["participant"].duplicated().any():
        raise ValueError(f"scores has a participant twice for scale {scale!r} in wave {wave!r}")
    return rows.set_index("participant")["score"].reindex(keys).to_numpy(dtype=float, na_value=np.nan)


def _scale_rows(
    baseline: Floats, answered: npt.NDArray[np.bool_], groups: int, confidence: float
) -> Iterator[dict[str, Any]]:
    known = ~np.isnan(baseline)
    dropped = int((~known).sum())
    if not known.any():
        yield {"term": "..", **share_row(0, 0, confidence), "n_dropped": dropped}
        return
    cuts = cut_points(baseline[known], groups)
    at = np.searchsorted(cuts, baseline[known], side="left")
    for index, term in enumerate(_terms(cuts)):
        inside = answered[known][at == index]
        row = {"term": term, **share_row(int(inside.sum()), len(inside), confidence), "n_dropped": dropped}
        yield row if len(cuts) else {**row, "status": "one group"}


def cut_points(values: Floats, groups: int) -> Floats:
    """Give the inner cut points that split values into at most `groups` groups, ties kept together."""
    quantiles = np.quantile(values, np.arange(1, groups) / groups, method="inverted_cdf")
    return np.unique(quantiles[quantiles < values.max()])


def _terms(cuts: Floats) -> list[str]:
    marks = [f"{cut:.10g}" for cut in cuts]
    return [f"{low}..{high}" for low, high in zip(["", *marks], [*marks, ""], strict=True)]
