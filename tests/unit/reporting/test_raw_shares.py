"""Shares as they were counted leave tables of models only where they give away nothing that counts withhold."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from increase_eval.reporting.raw_shares import told_raw_shares
from increase_eval.results import estimate_table

STUDY = SimpleNamespace(head=SimpleNamespace(privacy=SimpleNamespace(threshold=10), states=[SimpleNamespace(id="job")]))


def work(shares: dict[str, tuple[int, int]]) -> pd.DataFrame:
    same = {"outcome": "job", "wave": "t2", "by_since": "t1", "by_among": "everybody"}
    rows = [
        {**same, "term": "share", "by_arm": arm, "estimate": x / n, "n": n, "by_method": "unadjusted"}
        for arm, (x, n) in shares.items()
    ]
    contrast = {**same, "term": "difference", "contrast": "b - a", "by_arm": "all", "estimate": 0.1, "n": 100}
    return estimate_table([*rows, {**contrast, "by_method": "unadjusted"}, {**contrast, "by_method": "standardised"}])


def counts(status: str | None) -> dict[str, pd.DataFrame]:
    row = {"outcome": "job", "wave": "t2", "term": "employed", "estimate": 0.5, "n": 50, "status": status}
    return {"state_shares": estimate_table([row])}


@pytest.mark.parametrize(
    ("shares", "status", "kept"),
    [
        ({"a": (20, 50), "b": (25, 50), "all": (45, 100)}, None, 5),
        ({"a": (20, 50), "b": (25, 50), "all": (45, 100)}, "suppressed", 1),  # a cell of counts is withheld
        ({"a": (4, 50), "b": (25, 50), "all": (29, 100)}, None, 1),  # an arm's own share is small
        ({"a": (45, 50), "b": (25, 50), "all": (70, 100)}, None, 1),  # or all but a few have it
        ({"a": (0, 50), "b": (25, 50), "all": (25, 100)}, None, 5),  # nobody is no small number
    ],
)
def test_shares_in_work_leave_all_together_or_not_at_all(shares, status, kept) -> None:
    told = told_raw_shares(STUDY, {"work_contrasts": work(shares)}, counts(status))["work_contrasts"]
    assert len(told) == kept
    assert (told["by_method"] == "standardised").sum() == 1


def test_moves_that_are_withheld_keep_their_sum_back() -> None:
    row = {"outcome": "job", "contrast": "t1 -> t2", "term": "own", "status": "suppressed"}
    safe = {"state_transitions": estimate_table([row])}
    shares = {"a": (20, 50), "b": (25, 50), "all": (45, 100)}
    assert len(told_raw_shares(STUDY, {"work_contrasts": work(shares)}, safe)["work_contrasts"]) == 1
    other = {"state_transitions": estimate_table([{**row, "contrast": "t2 -> t3"}])}
    assert len(told_raw_shares(STUDY, {"work_contrasts": work(shares)}, other)["work_contrasts"]) == 5


def ceilings(**shares: tuple[int, int]) -> pd.DataFrame:
    rows = [
        {"outcome": "joy", "wave": "t2", "term": "ceiling", "by_arm": arm, "estimate": x / n, "n": n}
        for arm, (x, n) in shares.items()
    ]
    other = {"outcome": "joy", "wave": "t2", "term": "superiority", "contrast": "b > a", "by_arm": "all", "n": 100}
    return estimate_table([*rows, {**other, "estimate": 0.6}])


def test_ceilings_of_all_arms_leave_or_that_of_everybody_or_none() -> None:
    def kept(table: pd.DataFrame, safe: dict[str, pd.DataFrame]) -> list[str]:
        told = told_raw_shares(STUDY, {"satisfaction_contrasts": table}, safe)["satisfaction_contrasts"]
        assert (told["term"] == "superiority").sum() == 1
        return told.loc[told["term"] == "ceiling", "by_arm"].tolist()

    fine, small = ceilings(a=(20, 50), b=(25, 50), all=(45, 100)), ceilings(a=(3, 50), b=(25, 50), all=(28, 100))
    assert kept(fine, {}) == ["a", "b", "all"]
    assert kept(small, {}) == ["all"]
    hidden = estimate_table([{"outcome": "joy", "wave": "t2", "term": "bin", "status": "suppressed"}])
    assert kept(fine, {"score_distribution": hidden}) == []


def test_raw_shares_of_states_do_not_leave_with_the_adjusted_ones() -> None:
    rows = [
        {"outcome": outcome, "wave": "t2", "term": "mean", "by_arm": "a", "by_method": method, "estimate": 0.5, "n": 50}
        for outcome in ("job", "mood")
        for method in ("unadjusted", "standardised")
    ]
    told = told_raw_shares(STUDY, {"adjusted_contrasts": estimate_table(rows)}, {})["adjusted_contrasts"]
    assert list(zip(told["outcome"], told["by_method"], strict=True)) == [
        ("job", "standardised"),
        ("mood", "unadjusted"),
        ("mood", "standardised"),
    ]
