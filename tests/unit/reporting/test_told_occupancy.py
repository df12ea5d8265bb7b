"""Shares of states side by side leave only where the counted cell does, and never so that one can be worked out."""

from __future__ import annotations

import pandas as pd
import pytest

from increase_eval.reporting.disclosure import MODEL_TABLES
from increase_eval.reporting.told_occupancy import told_occupancy
from increase_eval.results import estimate_table

STATES = ("job", "none", "school")


def shares(counts: tuple[int, ...], method: str, *, arm: str = "a", n: int | None = None) -> list[dict]:
    n = sum(counts) if n is None else n
    same = {
        "outcome": "work",
        "wave": "t2",
        "by_arm": arm,
        "by_method": method,
        "n": n,
        "n_dropped": 100,
        "status": "ok",
    }
    return [{**same, "term": state, "estimate": x / sum(counts)} for state, x in zip(STATES, counts, strict=True)]


def counted(counts: tuple[int, ...], hidden: tuple[str, ...] = (), *, arm: str = "a") -> list[dict]:
    rows = []
    for row in shares(counts, "x", arm=arm):
        row.pop("by_method")
        gone = row["term"] in hidden
        rows.append({**row, "estimate": None if gone else row["estimate"], "status": "suppressed" if gone else None})
    return rows


def shown(rows: list[dict], counts: list[dict] | None) -> dict[tuple[str, str], bool]:
    safe = {} if counts is None else {"state_shares": estimate_table(counts)}
    told = told_occupancy(estimate_table(rows), safe, 10)
    return {(row["by_method"], row["term"]): pd.notna(row["estimate"]) for row in told.to_dict("records")}


def test_what_counts_show_is_shown_under_every_method() -> None:
    counts = (30, 40, 50)
    rows = [*shares(counts, "observed"), *shares((31, 42, 47), "weighted"), *shares((33, 41, 46), "imputed")]
    assert set(shown(rows, counted(counts)).values()) == {True}


def test_what_counts_withhold_is_withheld_under_every_method() -> None:
    counts = (4, 40, 50)
    rows = [*shares(counts, "observed"), *shares((14, 40, 40), "weighted")]
    told = shown(rows, counted(counts, hidden=("job", "none")))
    assert told == {
        ("weighted", "job"): False, ("weighted", "none"): False, ("weighted", "school"): True,
        ("observed", "job"): False, ("observed", "none"): False, ("observed", "school"): True,
    }  # fmt: skip


def test_without_the_table_of_states_nothing_is_shown() -> None:
    assert not any(shown(shares((30, 40, 50), "weighted"), None).values())


def test_a_weighted_share_of_few_takes_the_next_smallest_with_it() -> None:
    # 12 of 120 by count, 8 of 120 weighted: with the two others its share would be told.
    told = shown(shares((8, 42, 70), "weighted"), counted((12, 40, 68)))
    assert told == {("weighted", "job"): False, ("weighted", "none"): False, ("weighted", "school"): True}


def test_shares_of_those_who_can_be_weighted_alone_stay_inside() -> None:
    assert shown(shares((30, 40, 50), "answered"), counted((30, 40, 50))) == {}


@pytest.mark.parametrize(("n", "kept"), [(120, True), (119, False)])
def test_observed_shares_leave_where_they_are_those_of_the_table_of_states(n: int, kept: bool) -> None:
    told = shown(shares((30, 40, 50), "observed", n=n), counted((30, 40, 50)))
    assert bool(told) == kept


def test_withheld_rows_carry_no_number() -> None:
    rows = estimate_table(shares((14, 40, 40), "weighted"))
    safe = {"state_shares": estimate_table(counted((4, 40, 50), ("job", "none")))}
    table = told_occupancy(rows, safe, 10)
    gone = table[table["status"] == "suppressed"]
    assert len(gone) == 2
    assert gone[["estimate", "conf_low", "conf_high", "n_dropped"]].isna().all(axis=None)


def test_the_table_is_known_to_the_protection_of_models() -> None:
    assert MODEL_TABLES["state_occupancy"] == "share"
