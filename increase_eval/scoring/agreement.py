"""Do our scores agree with those that the files ship? A count of agreeing rows per scale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from increase_eval.results import estimate_table
from increase_eval.scoring.scale import SCORED
from increase_eval.study import Scale, Study

AGREEMENT_TOLERANCE = 1e-6
"""Points. Shipped scores are often written with eight digits, or stored in single precision."""


def compare_with_shipped(
    study: Study, waves: Mapping[str, pd.DataFrame], scores: pd.DataFrame, *, tolerance: float = AGREEMENT_TOLERANCE
) -> pd.DataFrame:
    """How many rows agree with the score that others computed from the same items?

    Parameters
    ----------
    study
        Scales with a `shipped_score` are compared, unless the score itself was delivered.
    waves
        Wave id -> its conformed table, with the shipped scores among its columns.
    scores
        The table that :func:`~increase_eval.scoring.score_waves` made of the same waves.
    tolerance
        Two scores agree if they differ by at most so many points.

    Returns
    -------
    DataFrame
        An estimate table, one row per scale compared: ``outcome`` the scale, ``term`` "agreeing rows", ``estimate``
        their count, ``n`` the rows in which both scores are present, ``n_dropped`` those in which only one is. A scale
        agrees throughout where ``estimate`` equals ``n``.

    Raises
    ------
    ValueError
        If `tolerance` is negative.
    """
    if not tolerance >= 0:
        raise ValueError(f"tolerance is {tolerance!r}; allowed: 0 or more points")
    rows = [
        {"outcome": scale.id, **_agreement(scale, waves, scores, tolerance)}
        for scale in study.scales
        if scale.shipped_score is not None and not scale.delivered
    ]
    table = pd.DataFrame(rows, columns=["outcome", "estimate", "n", "n_dropped"])
    return estimate_table(table, term="agreeing rows", method=f"count of scores that differ by at most {tolerance:g}")


def _agreement(
    scale: Scale, waves: Mapping[str, pd.DataFrame], scores: pd.DataFrame, tolerance: float
) -> dict[str, Any]:
    ours = scores.loc[(scores["scale"] == scale.id) & (scores["status"] == SCORED)]
    shipped = [
        frame[["participant", scale.shipped_score]].set_axis(["participant", "shipped"], axis=1).assign(wave=wave)
        for wave, frame in waves.items()
        if scale.shipped_score in frame.columns
    ]
    if not shipped:
        return {"estimate": 0, "n": 0, "n_dropped": len(ours)}
    theirs = pd.concat(shipped).dropna(subset=["shipped"])
    pairs = ours.merge(theirs, on=["participant", "wave"], how="outer", validate="one_to_one")
    both = pairs["score"].notna() & pairs["shipped"].notna()
    difference = (pairs["score"] - pairs["shipped"].astype("Float64").astype("float64"))[both].abs()
    return {"estimate": int((difference <= tolerance).sum()), "n": int(both.sum()), "n_dropped": int((~both).sum())}
