"""Counts of raw rows that may leave: they add up, and small ones stay hidden."""

from __future__ import annotations

import pandas as pd

from increase_eval.reporting.documents.records import record_counts

LEDGER = pd.DataFrame(
    [
        {"file": "a.csv", "rows_read": 100, "accepted": 60, "duplicate": 0, "quarantined": 40},
        {"file": "b.csv", "rows_read": 80, "accepted": 50, "duplicate": 15, "quarantined": 15},
    ]
)


def rows(rules: dict[tuple[str, str, str], int]) -> pd.DataFrame:
    found = [(file, rule, severity) for (file, rule, severity), count in rules.items() for _ in range(count)]
    frame = pd.DataFrame(found, columns=["file", "rule", "severity"])
    return frame.assign(row=frame.groupby("file").cumcount() + 2)


def count(table: pd.DataFrame, **where: str) -> object:
    for column, value in where.items():
        table = table[table[column] == value]
    return table["count"].item()


def test_files_outcomes_and_rules_add_up_to_their_totals() -> None:
    broken = rows({("a.csv", "test", "row"): 25, ("a.csv", "preview", "row"): 15, ("b.csv", "test", "row"): 15})
    table = record_counts(LEDGER, broken, threshold=10)
    assert table["status"].isna().all()
    assert count(table, file="all", outcome="all") == 180
    assert count(table, file="all", outcome="quarantined", rule="all") == 55
    assert count(table, file="all", outcome="quarantined", rule="test") == 40
    assert count(table, file="a.csv", outcome="duplicate") == 0


def test_a_row_that_breaks_two_rules_counts_for_the_first() -> None:
    twice = pd.DataFrame(
        [("b.csv", row, rule, "row") for row in range(2, 17) for rule in ("test", "preview")],
        columns=["file", "row", "rule", "severity"],
    )
    table = record_counts(LEDGER.iloc[1:], twice, threshold=10)
    assert count(table, file="b.csv", outcome="quarantined", rule="test") == 15
    assert "preview" not in set(table["rule"])


def test_a_small_count_is_hidden_with_one_that_would_tell_it() -> None:
    broken = rows({("a.csv", "test", "row"): 37, ("a.csv", "key", "row"): 3, ("b.csv", "test", "row"): 15})
    table = record_counts(LEDGER, broken, threshold=10)
    assert pd.isna(count(table, file="a.csv", outcome="quarantined", rule="key"))
    hidden = table[(table["file"] == "a.csv") & (table["status"] == "suppressed")]
    assert len(hidden) >= 2


def test_values_are_counted_apart_by_rule() -> None:
    broken = rows({("a.csv", "age.range", "value"): 12, ("b.csv", "sex.values", "value"): 2})
    table = record_counts(LEDGER, broken, threshold=10)
    values = table[table["outcome"] == "value"].set_index("rule")
    assert values.loc["age.range", "count"] == 12
    assert pd.isna(values.loc["sex.values", "count"])


def test_an_empty_quarantine_leaves_the_ledger() -> None:
    table = record_counts(LEDGER, pd.DataFrame(columns=["file", "row", "rule", "severity"]), threshold=10)
    assert set(table["outcome"]) == {"accepted", "duplicate", "quarantined", "all"}
