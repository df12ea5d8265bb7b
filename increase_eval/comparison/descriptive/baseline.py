"""Who are they? Baseline characteristics by arm, of everybody enrolled and of those who answered each wave (Table 1).

Numbers are given as mean and standard deviation, categories as shares. No p values: in a randomised study they test the
lottery, and elsewhere imbalance is a size, not a significance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from increase_eval.comparison.categorical.proportions import interval_bounds, normal_quantile
from increase_eval.comparison.descriptive.groups import (
    TOTAL,
    Levels,
    positions,
    require_columns,
    split_participants,
    to_booleans,
    unique_keys,
)
from increase_eval.comparison.descriptive.score_summary import NOBODY, OK, mean_row, sd_row
from increase_eval.results import estimate_table

NOT_ASKED = "not asked"
NOT_ASKED_REASON = "not_asked"


def baseline_characteristics(
    participants: pd.DataFrame,
    *,
    columns: Sequence[str],
    categorical: Sequence[str] = (),
    responses: pd.DataFrame | None = None,
    waves: Sequence[str] = (),
    by: Sequence[str] = ("arm",),
    levels: Levels | None = None,
    missing_reasons: pd.DataFrame | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Who are the enrolled, and who are those who answered each wave?

    Parameters
    ----------
    participants
        One row per participant: ``participant``, `columns`, and the columns of `by`.
    columns
        The characteristics, in order.
    categorical
        Those of `columns` whose numbers are codes of categories. Text, booleans and categoricals always are.
    responses, waves
        ``participant``, ``wave``, ``responded``, and the waves whose respondents are described besides everybody.
    by, levels
        As for :func:`increase_eval.comparison.descriptive.groups.split_participants`.
    missing_reasons
        ``participant``, ``column``, ``reason``: who was not asked a characteristic (reason ``not_asked``, as where one
        country asks it) is left out of its rows and counted nowhere as missing.
    confidence
        Coverage of the intervals.

    Returns
    -------
    DataFrame
        Estimate table: outcome the characteristic; term ``mean``, ``sd``, or the category; ``by_answered`` the wave
        they answered, or ``all``; ``by_*``; the estimate with its interval; n those known, n_dropped those missing,
        status as in :func:`increase_eval.comparison.descriptive.score_summary.summarise_scores`, or ``not asked`` where
        nobody of a group was.

    Raises
    ------
    ValueError
        If a column is absent or holds dates, `waves` come without `responses`, or `responded` is
        neither true nor false.

    Notes
    -----
    Shares and means are of those known; the missing are counted, never spread. Means have t intervals, standard
    deviations chi-square intervals, shares Wilson intervals. Categories are those of a categorical column, else those
    present among the enrolled, in sorted order, so that every group has the same rows.

    Examples
    --------
    >>> people = pd.DataFrame({"participant": ["p", "q"], "sex": ["f", "m"], "age": [30.0, 40.0]})
    >>> table = baseline_characteristics(people, columns=["sex", "age"], by=())
    >>> print(table[["outcome", "term", "estimate", "n"]].to_string(index=False))
    outcome term  estimate  n
        sex    f  0.500000  2
        sex    m  0.500000  2
        age mean 35.000000  2
        age   sd  7.071068  2
    """
    normal_quantile(confidence)
    require_columns(participants, columns, "participants")
    answered = {TOTAL: np.ones(len(participants), dtype=bool), **_respondents(participants, responses, waves)}
    rows: list[dict[str, Any]] = []
    for column in columns:
        values = participants[column]
        is_number = column not in categorical and _is_number(values)
        asked = _asked(participants, column, missing_reasons)
        for name, inside in answered.items():
            for group in split_participants(participants, by, levels):
                members = group.members & inside
                own = values[members & asked]
                is_asked = bool(asked[members].any()) or not members.any()
                cells = _number_rows(own, confidence) if is_number else _category_rows(own, values, confidence)
                marks = {} if is_asked else {"status": NOT_ASKED}
                rows.extend({"outcome": column, "by_answered": name, **group.labels, **row, **marks} for row in cells)
    return estimate_table(rows)


def _asked(
    participants: pd.DataFrame, column: str, missing_reasons: pd.DataFrame | None
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Say of every participant whether they were asked a characteristic."""
    if missing_reasons is None:
        return np.ones(len(participants), dtype=bool)
    require_columns(missing_reasons, ("participant", "column", "reason"), "missing_reasons")
    rows = missing_reasons[(missing_reasons["column"] == column) & (missing_reasons["reason"] == NOT_ASKED_REASON)]
    unasked = participants["participant"].isin(rows["participant"]) & participants[column].isna()
    return ~unasked.to_numpy(dtype=bool)


def _respondents(
    participants: pd.DataFrame, responses: pd.DataFrame | None, waves: Sequence[str]
) -> dict[str, np.ndarray[Any, np.dtype[np.bool_]]]:
    if not waves:
        return {}
    if responses is None:
        raise ValueError("`waves` needs `responses`: who answered them")
    require_columns(responses, ("participant", "wave", "responded"), "responses")
    keys = unique_keys(participants)
    masks = {}
    for wave in waves:
        rows = responses[responses["wave"] == wave].dropna(subset="responded")
        rows = rows[to_booleans(rows["responded"], "responded")]
        masks[wave] = np.zeros(len(keys), dtype=bool)
        masks[wave][positions(keys, rows["participant"], "responses")] = True
    return masks


def _is_number(values: pd.Series) -> bool:
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        raise ValueError(f"column {values.name!r} holds dates; turn them into years or days since something first")
    return pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)


def _number_rows(values: pd.Series, confidence: float) -> Iterator[dict[str, Any]]:
    known = values.dropna().to_numpy(dtype=float)
    counts = {"n": len(known), "n_dropped": len(values) - len(known)}
    yield {"term": "mean", "method": "t interval", **mean_row(known, confidence), **counts}
    yield {"term": "sd", "method": "chi-square interval", **sd_row(known, confidence), **counts}


def _category_rows(own: pd.Series, values: pd.Series, confidence: float) -> Iterator[dict[str, Any]]:
    is_ordered_by_data = isinstance(values.dtype, pd.CategoricalDtype)
    categories = values.cat.categories if is_ordered_by_data else sorted(values.dropna().unique().tolist())
    known = own.dropna()
    ends = {"n": len(known), "n_dropped": len(own) - len(known), "status": OK if len(known) else NOBODY}
    for category in categories:
        count = int((known == category).sum())
        low, high = interval_bounds(np.array([count]), np.array([len(known)]), confidence=confidence)
        share = count / len(known) if len(known) else np.nan
        cells = {"estimate": share, "conf_low": low[0], "conf_high": high[0], **ends}
        yield {"term": str(category), "method": "Wilson interval", **cells}
