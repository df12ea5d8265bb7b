"""Shares as they were counted leave tables of models only where they give away nothing that counts withhold."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from increase_eval.reporting.raw_shares import told_raw_shares
from increase_eval.results import estimate_table

STUDY = SimpleNamespace(
    head=SimpleNamespace(privacy=SimpleNamespace(threshold=10), states=[SimpleNamespace(id="job")]),
    wave_ids=("t1", "t2"),
)


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


def robust(arms: dict[str, tuple[int, int, int, int, int]]) -> pd.DataFrame:
    """By arm: who answered first, of them in work; who stayed, of them in work later; who left and was in work."""
    rows = []
    for arm, (everybody, before, stayed, now, left_before) in arms.items():
        counted = {
            "first_wave": (before / everybody, everybody),
            "complete_cases": (now / stayed, stayed),
            "return_to_baseline": ((now + left_before) / everybody, stayed),
            "bounds_lower": (now / everybody, stayed),
            "bounds_upper": ((now + everybody - stayed) / everybody, stayed),
            "imputation": (0.4321, stayed),
        }
        same = {"outcome": "job", "term": "share", "wave": "t2", "by_arm": arm}
        rows += [{**same, "by_method": method, "estimate": p, "n": n} for method, (p, n) in counted.items()]
    change = {"outcome": "joy", "term": "change", "wave": "t2", "by_arm": "a", "estimate": 0.02, "n": 50}
    return estimate_table([*rows, {**change, "by_method": "complete_cases"}])


FINE = (100, 40, 60, 35, 15)


@pytest.mark.parametrize(
    ("other", "status", "kept"),
    [
        (FINE, None, 13),
        (FINE, "suppressed", 3),  # a cell of counts is withheld
        ((100, 5, 60, 35, 0), None, 3),  # 5 in work at first
        ((100, 40, 60, 4, 15), None, 3),  # 4 of those who stayed in work later
        ((100, 40, 60, 35, 3), None, 3),  # 3 of those who left were in work: unchanged less complete cases
        ((100, 40, 60, 35, 33), None, 3),  # 40 - 33 = 7 of those who stayed were in work at first
        ((100, 40, 60, 60, 15), None, 13),  # all but nobody is no small number
    ],
)
def test_counted_shares_of_the_robustness_table_leave_only_where_nothing_small_follows(other, status, kept) -> None:
    table = robust({"a": FINE, "b": other})
    told = told_raw_shares(STUDY, {"robustness": table}, counts(status))["robustness"]
    assert len(told) == kept
    assert (told["by_method"] == "imputation").sum() == 2
    assert (told["term"] == "change").sum() == 1
