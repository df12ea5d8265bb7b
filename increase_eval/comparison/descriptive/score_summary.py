"""How high are the scores? n, mean and standard deviation with intervals, for every scale, wave and group.

Everybody with a score counts, whatever they answered at other waves: these are the available cases, described. Models
that account for who left stand elsewhere and fill the same table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from increase_eval.comparison.categorical.proportions import normal_quantile
from increase_eval.comparison.descriptive.groups import (
    Levels,
    positions,
    require_columns,
    split_participants,
    unique_keys,
)
from increase_eval.results import estimate_table

Floats = npt.NDArray[np.float64]

OK = "ok"
NOBODY = "nobody"
ONE_PERSON = "one person"
NO_VARIANCE = "no variance"
NOT_ASKED = "not asked"


def summarise_scores(
    scores: pd.DataFrame,
    participants: pd.DataFrame,
    *,
    waves: Sequence[str],
    scales: Sequence[str] | None = None,
    by: Sequence[str] = ("arm",),
    levels: Levels | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """How high are the scores, in each wave and group?

    Parameters
    ----------
    scores
        One row per participant, wave and scale: ``participant``, ``wave``, ``scale``, ``score`` (missing where not
        scored) and, where there is one, ``status``; rows whose status is ``not asked`` are left out.
    participants
        One row per participant: ``participant`` and the columns of `by`.
    waves
        The waves in order.
    scales
        Ids of the scales in order; empty: all, in order of first appearance.
    by, levels
        As for :func:`increase_eval.comparison.descriptive.groups.split_participants`.
    confidence
        Coverage of the intervals.

    Returns
    -------
    DataFrame
        Estimate table: outcome the scale, term ``mean`` or ``sd``, wave, ``by_*``, estimate, std_error, df, conf_low,
        conf_high, n scored, n_dropped asked and not scored, status: ``ok``, ``nobody``, ``one person`` (a mean
        without error), ``no variance`` (all scores equal: no interval). A scale has no rows for a wave that did not
        ask it.

    Raises
    ------
    ValueError
        If a column is absent, a participant is unknown, or stands twice for one scale and wave, or a score is infinite.

    Notes
    -----
    With n scores of mean m and standard deviation s (divisor n - 1): mean ± t(n-1) s/√n. For s the standard error is
    s/√(2(n-1)) and the interval runs from s√((n-1)/χ²) at the upper quantile to the same at the lower, which supposes
    normal scores; it is a description, not a test.

    Checked against scipy in ``tests/unit/comparison/test_score_summary.py``.

    Examples
    --------
    >>> people = pd.DataFrame({"participant": ["p", "q", "r"], "arm": ["a", "a", "a"]})
    >>> scores = pd.DataFrame({"participant": ["p", "q", "r"], "wave": "t1", "scale": "s", "score": [1.0, 2.0, 6.0]})
    >>> table = summarise_scores(scores, people, waves=["t1"])
    >>> print(table.loc[table["by_arm"] == "all", ["term", "estimate", "n"]].to_string(index=False))
    term  estimate  n
    mean  3.000000  3
      sd  2.645751  3
    """
    normal_quantile(confidence)
    keys = unique_keys(participants)
    cells = list(score_cells(scores, keys, waves, scales))
    groups = split_participants(participants, by, levels)
    rows = [
        {"outcome": scale, "wave": wave, **group.labels, **row}
        for scale, wave, at, values in cells
        for group in groups
        for row in _summary_rows(values[group.members[at]], confidence)
    ]
    return estimate_table(rows)


def score_cells(
    scores: pd.DataFrame, keys: pd.Index, waves: Sequence[str], scales: Sequence[str] | None
) -> Iterator[tuple[str, str, npt.NDArray[np.intp], Floats]]:
    """List the scales and waves that were asked: scale, wave, rows of `participants`, scores (NaN: not scored)."""
    require_columns(scores, ("participant", "wave", "scale", "score"), "scores")
    asked = scores
    if "status" in scores.columns:
        asked = scores[scores["status"].ne(NOT_ASKED).fillna(True)]
    if asked.duplicated(["participant", "wave", "scale"]).any():
        raise ValueError("scores has a participant twice for one scale and wave")
    at = positions(keys, asked["participant"], "scores")
    values = asked["score"].to_numpy(dtype=float, na_value=np.nan)
    if np.isinf(values).any():
        raise ValueError("scores has an infinite score")
    cells = asked.groupby(["scale", "wave"], sort=False).indices
    for scale in list(dict.fromkeys(scores["scale"])) if scales is None else scales:
        for wave in waves:
            rows = cells.get((scale, wave), np.array([], dtype=np.intp))
            if len(rows):
                yield scale, wave, at[rows], values[rows]


def _summary_rows(values: Floats, confidence: float) -> Iterator[dict[str, Any]]:
    known = values[~np.isnan(values)]
    counts = {"n": len(known), "n_dropped": len(values) - len(known)}
    mean = {"term": "mean", "method": "t interval", **mean_row(known, confidence)}
    spread = {"term": "sd", "method": "chi-square interval", **sd_row(known, confidence)}
    yield {**mean, **counts}
    yield {**spread, **counts}


def mean_row(values: Floats, confidence: float) -> Mapping[str, Any]:
    """Give a mean with its t interval and status, as the cells of an estimate table."""
    if len(values) < 2 or not np.ptp(values):
        return {"estimate": float(values[0]) if len(values) else np.nan, "status": _status(values)}
    df = len(values) - 1
    mean, std_error = float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))
    half = float(stats.t.ppf((1 + confidence) / 2, df)) * std_error
    limits = {"conf_low": mean - half, "conf_high": mean + half}
    return {"estimate": mean, "std_error": std_error, "df": df, **limits, "status": OK}


def sd_row(values: Floats, confidence: float) -> Mapping[str, Any]:
    """Give a standard deviation with its chi-square interval and status, as the cells of an estimate table."""
    if len(values) < 2 or not np.ptp(values):
        return {"estimate": 0.0 if len(values) > 1 else np.nan, "status": _status(values)}
    df = len(values) - 1
    sd = float(values.std(ddof=1))
    low, high = sd * np.sqrt(df / stats.chi2.ppf([(1 + confidence) / 2, (1 - confidence) / 2], df))
    error = sd / np.sqrt(2 * df)
    return {"estimate": sd, "std_error": error, "df": df, "conf_low": low, "conf_high": high, "status": OK}


def _status(values: Floats) -> str:
    return {0: NOBODY, 1: ONE_PERSON}.get(len(values), NO_VARIANCE)
