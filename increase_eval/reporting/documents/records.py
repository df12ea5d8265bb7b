"""What became of the raw rows, in counts that may leave?

A row of a file is a person in a wave, so that its counts are protected like any other number of people: rows read,
accepted, duplicate and quarantined of each file, the quarantined by rule, and their totals, all tied together.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from increase_eval.reporting.disclosure import protect_counts

TOTAL = "all"
OUTCOMES = ("accepted", "duplicate", "quarantined")


def record_counts(ledger: pd.DataFrame, quarantine: pd.DataFrame, *, threshold: int) -> pd.DataFrame:
    """Which counts of raw rows may leave?

    Parameters
    ----------
    ledger
        The stored ledger: file, rows_read, accepted, duplicate, quarantined.
    quarantine
        The stored quarantine: file, rule, severity, one row a rejected row or value. A row that breaks several rules
        counts for the first of them, so that rules add up to the quarantined rows.
    threshold
        The smallest count above 0 that may be shown.

    Returns
    -------
    DataFrame
        ``file, outcome, rule, count, status``: outcome ``accepted``, ``duplicate``, ``quarantined`` or ``all``; rule
        the rule's id for quarantined rows, else ``all``; file ``all`` for all files together. Single values that were
        set missing have the outcome ``value`` and no total: one row can have several.
    """
    rows = [*_ledger_rows(ledger), *_rule_rows(quarantine)]
    keys = ["file", "outcome", "rule"]
    counted = pd.DataFrame(rows, columns=[*keys, "count"])
    whole = counted.groupby(keys, sort=False)["count"].sum().reset_index()
    values = pd.DataFrame(_value_rows(quarantine), columns=[*keys, "count"])
    parts = [protect_counts(part, by=keys, threshold=threshold) for part in (whole, values) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else whole.assign(status=pd.Series(dtype="string"))


def _ledger_rows(ledger: pd.DataFrame) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for line in ledger.to_dict("records"):
        for outcome, column in [*((name, name) for name in OUTCOMES), (TOTAL, "rows_read")]:
            rows += [(file, outcome, TOTAL, int(line[column])) for file in (line["file"], TOTAL)]
    return rows


def _rule_rows(quarantine: pd.DataFrame) -> list[tuple[Any, ...]]:
    broken = quarantine[quarantine["severity"] == "row"]
    if "row" in broken:
        broken = broken.drop_duplicates(["file", "row"])
    counted = broken.groupby(["file", "rule"], sort=True).size().reset_index(name="count")
    return [
        (file, "quarantined", line["rule"], int(line["count"]))
        for line in counted.to_dict("records")
        for file in (line["file"], TOTAL)
    ]


def _value_rows(quarantine: pd.DataFrame) -> list[tuple[Any, ...]]:
    values = quarantine[quarantine["severity"] == "value"]
    counted = values.groupby("rule", sort=True).size()
    return [(TOTAL, "value", rule, int(count)) for rule, count in counted.items()]
