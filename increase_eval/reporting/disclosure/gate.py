"""The gate: nothing leaves that did not pass disclosure control.

Writers of figures, reports and exports call :func:`require_protected` on what they are about to write. It looks at the
table as an outsider will see it and knows nothing of how it was made, so that a step left out, a number put back or a
table of people is found here.
"""

from __future__ import annotations

from collections import defaultdict

import pandas as pd

from increase_eval.errors import DisclosureError
from increase_eval.reporting.disclosure.estimates import SUPPRESSED, TABLE_MEASURES, Measure
from increase_eval.reporting.disclosure.model_tables import MODEL_TABLES
from increase_eval.reporting.disclosure.rows import TOTAL, EstimateRow, read_rows, texts_of
from increase_eval.results import NUMBER_COLUMNS, TEXT_COLUMNS

PERSON_COLUMNS = ("participant", "participant_key", "key_hash", "value_hash")
"""Columns that only tables of people, or of single answers, have."""


def require_protected(
    table: pd.DataFrame,
    *,
    threshold: int,
    name: str = "table",
    measure: Measure | None = None,
    already_public: pd.Series | None = None,
) -> None:
    """May this estimate table leave? Says nothing if so, and raises if not.

    Parameters
    ----------
    table
        What is about to be written.
    threshold
        The smallest count above 0 that may be shown.
    name
        The table's name, for the message and for :data:`~increase_eval.reporting.disclosure.TABLE_MEASURES`.
    measure
        What the estimates tell, for tables of other names.
    already_public
        True for rows that others have published.

    Raises
    ------
    DisclosureError
        If the table has rows of people, shows a small count, a share or an estimate of so few people, leaves a number
        in a suppressed row, or shows a total with all its parts but one.

    Examples
    --------
    >>> from increase_eval.results import estimate_table
    >>> require_protected(estimate_table([{"term": "mean", "estimate": 3.2, "n": 4}]), threshold=10)
    Traceback (most recent call last):
    ...
    increase_eval.errors.DisclosureError: table: 1 of 1 rows stand on fewer than 10 people and are not suppressed
    """
    persons = [column for column in PERSON_COLUMNS if column in table.columns]
    if persons:
        raise DisclosureError(f"{name}: has the columns {persons} of single people; those leave only as microdata")
    measure = measure or TABLE_MEASURES.get(name) or ("amount" if name in MODEL_TABLES else None)
    if measure == "process":
        return
    suppressed = _is_suppressed(table)
    left_over = table.loc[suppressed, [c for c in (*NUMBER_COLUMNS, "n_dropped") if c in table.columns]]
    if left_over.notna().any(axis=None):
        raise DisclosureError(f"{name}: suppressed rows still carry numbers; protect() removes them")
    public = pd.Series(False, index=table.index) if already_public is None else already_public
    rows = list(read_rows(name, table, measure, public))
    own = [row for row in rows if not row.is_public]
    few = [row for row in own if 0 < row.n < threshold]
    parts = [row for row in own if row.count is not None and _is_small({row.count, row.n - row.count}, threshold)]
    if few or parts:
        places = {row.place for row in (*few, *parts)}
        raise DisclosureError(
            f"{name}: {len(places)} of {len(table)} rows stand on fewer than {threshold} people and are not suppressed"
        )
    dropped = table.get("n_dropped")
    if dropped is not None and dropped.between(1, threshold - 1).fillna(False).any():
        raise DisclosureError(f"{name}: n_dropped is shown where it is below {threshold}; protect() removes it")
    _require_no_single_gap(table, rows, threshold, name)


def _is_suppressed(table: pd.DataFrame) -> pd.Series:
    if "status" not in table.columns:
        return pd.Series(False, index=table.index)
    return (table["status"] == SUPPRESSED).fillna(False).astype(bool)


def _is_small(counts: set[int], threshold: int) -> bool:
    return any(0 < count < threshold for count in counts)


def _require_no_single_gap(table: pd.DataFrame, rows: list[EstimateRow], threshold: int, name: str) -> None:
    """Refuse a shown total with one suppressed part, where the difference is a small number of people."""
    by_columns = [column for column in table.columns if column.startswith("by_")]
    counts_people = {row.count is not None for row in rows}
    if len(rows) == len(table) and len(counts_people) < 2:
        return  # nothing is withheld
    texts = list(zip(*(texts_of(table, column) for column in (*TEXT_COLUMNS, *by_columns)), strict=True))
    shown = {row.place: row for row in rows}
    for at, column in enumerate(by_columns, start=len(TEXT_COLUMNS)):
        totals: dict[tuple[str, ...], list[EstimateRow]] = defaultdict(list)
        parts: dict[tuple[str, ...], list[EstimateRow | None]] = defaultdict(list)
        for place, text in enumerate(texts):
            rest = (*text[:at], *text[at + 1 :])
            if text[at] != TOTAL:
                parts[rest].append(shown.get(place))
            elif place in shown:
                totals[rest].append(shown[place])
        for rest, found in totals.items():
            if len(found) == 1 and _leaves_a_small_gap(found[0], parts[rest], threshold):
                raise DisclosureError(
                    f"{name}: a suppressed row can be worked out from its total over {column}, which is shown"
                )


def _leaves_a_small_gap(total: EstimateRow, parts: list[EstimateRow | None], threshold: int) -> bool:
    for kind in ("n", "count"):
        known = [getattr(part, kind) if part is not None else None for part in parts]
        whole = getattr(total, kind)
        if known.count(None) == 1 and whole is not None:
            left = whole - sum(value for value in known if value is not None)
            if 0 < left < threshold:
                return True
    return False
