"""From rows of an estimate table to the points of a panel: one series an arm, one place a wave."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from increase_eval.reporting.disclosure import SUPPRESSED
from increase_eval.reporting.figures.panels import Point, Series
from increase_eval.reporting.figures.words import Words, all_arm_styles

NOT_ASKED = "\u2013"


def arm_series(rows: pd.DataFrame, arms: Sequence[str], waves: Sequence[str], words: Words) -> tuple[Series, ...]:
    """Give the points of each arm at each wave.

    Parameters
    ----------
    rows
        Rows of one outcome and term: at most one for each wave and arm.
    arms, waves
        In the order in which they are drawn.
    words
        The words of the study.
    """
    found = {(row["by_arm"], row["wave"]): row for row in rows.to_dict("records")}
    styles = all_arm_styles(arms)
    return tuple(
        Series(
            words.arm(arm),
            styles[arm],
            tuple(point_of(place, found.get((arm, wave)), words) for place, wave in enumerate(waves)),
        )
        for arm in arms
    )


def point_of(place: int, row: Mapping[Hashable, Any] | None, words: Words) -> Point:
    """Give the point of one row; a row that is not there was not asked."""
    if row is None:
        return Point(place, None, None, None, is_thin=False, n_text=NOT_ASKED)
    n = row["n"]
    return Point(
        place,
        _number(row["estimate"]),
        _number(row["conf_low"]),
        _number(row["conf_high"]),
        is_thin=not pd.isna(n) and 0 < int(n) < words.study.analysis.minimum_n,
        n_text=words.count(n),
        is_hidden=is_suppressed(row),
    )


def is_suppressed(row: Mapping[Hashable, Any]) -> bool:
    """Whether a row was suppressed."""
    status = row.get("status")
    return isinstance(status, str) and status == SUPPRESSED


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)
