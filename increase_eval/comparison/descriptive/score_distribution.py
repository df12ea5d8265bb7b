"""How are the scores spread? Counts of each scale in bins that are the same in every wave.

Only counts over bins leave this module. Bin edges are round numbers, or the ends of the declared range: neither the
lowest nor the highest score of anybody can be read from them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.comparison.descriptive.groups import Levels, split_participants, unique_keys
from increase_eval.comparison.descriptive.score_summary import NOBODY, OK, score_cells
from increase_eval.results import estimate_table

Floats = npt.NDArray[np.float64]

MAX_CODES = 11
"""A scale with at most so many different whole scores (0 to 10, say) is counted score by score."""

_ROUND_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def score_distribution(
    scores: pd.DataFrame,
    participants: pd.DataFrame,
    *,
    waves: Sequence[str],
    scales: Sequence[str] | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    bins: int = 10,
    by: Sequence[str] = (),
    levels: Levels | None = None,
) -> pd.DataFrame:
    """How many scores fall into each bin, in each wave?

    Parameters
    ----------
    scores, participants, waves, scales, levels
        As for :func:`increase_eval.comparison.descriptive.score_summary.summarise_scores`.
    ranges
        Scale -> lowest and highest possible score; where absent, round numbers around the scores of all waves.
    bins
        About how many bins, at least 2. A step that is a round number is preferred to the exact count.
    by
        Columns of `participants` to split by; by default everybody together.

    Returns
    -------
    DataFrame
        Estimate table: outcome the scale, term ``lo..hi`` (lo <= score < hi, the last bin with its upper end) or the
        score itself where a scale has few whole scores, wave, by_arm, estimate the count, n the scored, n_dropped
        asked and not scored, status ``ok`` or ``nobody``. Empty bins are kept. Bins are in ascending order.

    Raises
    ------
    ValueError
        If a score lies outside the declared range (the count is given, never the score), or a column is absent.

    Notes
    -----
    Scores are counted one by one where all of them are whole numbers and the range spans at most :data:`MAX_CODES` of
    them. Otherwise the step is the round number (1, 2, 2.5 or 5 times a power of ten) nearest above range / bins.

    Checked against hand counts in ``tests/spec/comparison/test_score_distribution.py``.

    Examples
    --------
    >>> people = pd.DataFrame({"participant": ["p", "q", "r"]})
    >>> scores = pd.DataFrame({"participant": ["p", "q", "r"], "wave": "t1", "scale": "s", "score": [0.0, 11.5, 30.0]})
    >>> table = score_distribution(scores, people, waves=["t1"], ranges={"s": (0, 30)}, bins=3)
    >>> print(table[["term", "estimate", "n"]].to_string(index=False))
      term  estimate  n
     0..10       1.0  3
    10..20       1.0  3
    20..30       1.0  3
    """
    if bins < 2:
        raise ValueError(f"bins is {bins}; allowed: 2 or more")
    keys = unique_keys(participants)
    groups = split_participants(participants, by, levels)
    cells = list(score_cells(scores, keys, waves, scales))
    pooled: dict[str, list[Floats]] = {}
    for scale, _, _, values in cells:
        pooled.setdefault(scale, []).append(values[~np.isnan(values)])
    edges = {
        scale: _edges(scale, np.concatenate(parts), (ranges or {}).get(scale), bins) for scale, parts in pooled.items()
    }
    rows = [
        {"outcome": scale, "wave": wave, "by_arm": "all", **group.labels, **row}
        for scale, wave, at, values in cells
        for group in groups
        for row in _bin_rows(values[group.members[at]], *edges[scale])
    ]
    return estimate_table(rows, method="count")


def _edges(scale: str, values: Floats, limits: tuple[float, float] | None, bins: int) -> tuple[Floats, bool]:
    """Give the edges of the bins, and whether each bin is one whole score."""
    if limits is not None:
        outside = int(((values < limits[0]) | (values > limits[1])).sum())
        if outside:
            raise ValueError(f"{outside} scores of {scale!r} lie outside the range {limits[0]:g} to {limits[1]:g}")
    low, high = limits or ((float(values.min()), float(values.max())) if len(values) else (0.0, 1.0))
    whole = bool((values == np.floor(values)).all()) and low == np.floor(low) and high == np.floor(high)
    if whole and high - low < MAX_CODES and len(values):
        return np.arange(low, high + 2), True
    step = _round_step((high - low) / bins)
    first, last = np.floor(low / step), max(np.ceil(high / step), np.floor(low / step) + 1)
    edges = np.arange(first, last + 1) * step
    if limits is not None:
        edges = np.concatenate([[low], edges[(edges > low) & (edges < high)], [high]])
    return edges, False


def _round_step(width: float) -> float:
    if width <= 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(width))
    return float(next(step for step in _ROUND_STEPS if step * power >= width * (1 - 1e-12)) * power)


def _bin_rows(values: Floats, edges: Floats, codes: bool) -> Iterator[dict[str, Any]]:
    known = values[~np.isnan(values)]
    counts, _ = np.histogram(known, bins=edges)
    ends = {"n": len(known), "n_dropped": len(values) - len(known), "status": OK if len(known) else NOBODY}
    for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True):
        yield {"term": f"{low:.10g}" if codes else f"{low:.10g}..{high:.10g}", "estimate": int(count), **ends}
