"""Moves by arm leave only as far as nobody can work a small count out of everything that is released."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.comparison import collapse_transitions, state_shares, state_transitions
from increase_eval.errors import DisclosureError
from increase_eval.reporting.disclosure import moves as disclosed
from increase_eval.reporting.disclosure.moves import MovesBeside, hidden_beside, moves_system, protect_moves
from increase_eval.reporting.disclosure.withholding import exposed_cells
from increase_eval.reporting.leaving import tables_that_leave
from increase_eval.reporting.told_moves import told_moves, work_groups
from increase_eval.results import estimate_table

THRESHOLD = 10
STATES = [
    {"id": "job", "label": {"en": "Job", "fr": "Emploi"}, "code": 1, "in_work": True},
    {"id": "own", "label": {"en": "Own", "fr": "Compte"}, "code": 2, "in_work": True},
    {"id": "student", "label": {"en": "Student", "fr": "Études"}, "code": 3},
    {"id": "neither", "label": {"en": "Neither", "fr": "Aucun"}, "code": 4},
]
IDS = [state["id"] for state in STATES]


@pytest.fixture
def cohort(make_study):
    variable = {"id": "work", "label": {"en": "Work", "fr": "Travail"}, "column": "work", "states": STATES}
    return make_study(states=[variable])


def stored(study, seed: int, people_count: int = 160, seen: float = 0.7, waves=None) -> dict[str, pd.DataFrame]:
    """Make a small cohort in which one arm is much smaller, and its stored tables."""
    rng = np.random.default_rng(seed)
    arms = rng.choice(study.arm_ids, people_count, p=[0.75, 0.25])
    people = pd.DataFrame({"participant": [f"p{i}" for i in range(people_count)], "arm": arms})
    state = rng.choice(IDS, people_count, p=[0.1, 0.1, 0.2, 0.6])
    parts = []
    for wave in waves or study.wave_ids:
        here = rng.random(people_count) < (1.0 if wave == study.wave_ids[0] else seen)
        parts.append(people[["participant"]].assign(wave=wave, variable="work", state=state)[here])
        moved = rng.random(people_count) < 0.35
        state = np.where(moved, rng.choice(IDS, people_count), state)
    same = {"waves": waves or study.wave_ids, "variables": {"work": IDS}, "levels": {"arm": study.arm_ids}}
    states = pd.concat(parts, ignore_index=True)
    tables = {
        "state_shares": state_shares(states, people, **same),
        "state_transitions": state_transitions(states, people, **same),
    }
    moves = collapse_transitions(tables["state_transitions"], groups=work_groups(study))
    return {**tables, "moves_by_arm": moves}


def attacked(study, tables, safe, monkeypatch) -> tuple[set[int], set[int], pd.DataFrame]:
    """Give the small counts that an outsider can narrow down who sees all that is released: by exact bounds.

    First those that follow from the other tables alone, then with the moves.
    """
    seen = {}

    def spy(moves: pd.DataFrame, beside: MovesBeside, **options):
        seen.update(moves=moves, beside=beside, options=options)
        return protect_moves(moves, beside, **options)

    monkeypatch.setattr("increase_eval.reporting.told_moves.protect_moves", spy)
    told = told_moves(study, tables, safe, {})
    system, rows = moves_system(seen["moves"], seen["beside"], groups=seen["options"]["groups"])
    withheld = hidden_beside(system, rows, seen["beside"])
    every = {name for name in system.units if name[0] == "moves_by_arm"}
    before = exposed_cells(system, withheld | every, threshold=THRESHOLD)
    for row in rows:
        if row.table == "moves_by_arm":
            if pd.isna(told["estimate"].iloc[row.place]):
                withheld.add(row.estimate_unit)
            if pd.isna(told["n"].iloc[row.place]):
                withheld.add(row.people_unit)
    return before, exposed_cells(system, withheld, threshold=THRESHOLD), told


@pytest.mark.parametrize("seed", [0, 3])
def test_no_withheld_count_is_narrowed_by_all_that_is_released(cohort, seed, monkeypatch) -> None:
    tables = stored(cohort, seed, waves=cohort.wave_ids[:2])
    safe = tables_that_leave(cohort, tables)
    before, exposed, told = attacked(cohort, tables, safe, monkeypatch)
    assert exposed <= before
    pd.testing.assert_frame_equal(told, safe["moves_by_arm"])
    counts = (told["estimate"] * told["n"].astype(float)).round()
    assert not counts.between(1, THRESHOLD - 1).any()
    assert not (told["n"].astype(float) - counts).between(1, THRESHOLD - 1).any()
    assert (told["status"] == "suppressed").any()


@pytest.mark.parametrize("seed", [8, 9])
def test_what_is_told_without_any_move_keeps_no_other_move_back(cohort, seed, monkeypatch) -> None:
    # The other tables alone narrow small counts down: moves leave all the same, and narrow nothing further.
    tables = stored(cohort, seed, people_count=120, waves=cohort.wave_ids[:2])
    safe = tables_that_leave(cohort, tables)
    before, exposed, told = attacked(cohort, tables, safe, monkeypatch)
    assert before
    assert exposed <= before
    assert told["estimate"].notna().any()


def test_the_attack_finds_what_was_not_withheld(cohort, monkeypatch) -> None:
    # The same attack on moves of which only the small ones themselves are blank must succeed somewhere.
    tables = stored(cohort, 0, waves=cohort.wave_ids[:2])
    safe = tables_that_leave(cohort, tables)

    def only_small(system, *, threshold, already, given):
        small = system.small(threshold)
        mine = {name for name, cells in system.units.items() if name[0] == "moves_by_arm" and small & set(cells)}
        return mine | set(already)

    monkeypatch.setattr(disclosed, "withhold", only_small)
    monkeypatch.setattr(disclosed, "_tells_no_more", lambda *_: True)
    before, exposed, _ = attacked(cohort, tables, safe, monkeypatch)
    assert exposed - before


def test_large_arms_keep_their_moves(cohort) -> None:
    tables = stored(cohort, 1, people_count=4000, seen=0.9)
    told = tables_that_leave(cohort, tables)["moves_by_arm"]
    into = told[(told["term"] == "in_work") & (told["by_from"] == "out_of_work") & (told["by_arm"] != "missing")]
    assert into["estimate"].notna().all()
    assert into["contrast"].nunique() == 3 and into["by_arm"].nunique() == 3


def test_tables_settled_before_lose_nothing_to_moves(cohort) -> None:
    tables = stored(cohort, 2)
    without = tables_that_leave(cohort, {name: table for name, table in tables.items() if name != "moves_by_arm"})
    beside = tables_that_leave(cohort, tables)
    for name, table in without.items():
        pd.testing.assert_frame_equal(table, beside[name])


def test_nothing_is_shown_where_no_choice_is_safe(cohort, monkeypatch) -> None:
    def refuse(*_, **__):
        raise DisclosureError("no way")

    tables = stored(cohort, 3)
    safe = tables_that_leave(cohort, tables)
    monkeypatch.setattr(disclosed, "withhold", refuse)
    told = told_moves(cohort, tables, safe, {})
    assert told["estimate"].isna().all() and told["n"].isna().all()


def test_an_arm_whose_answers_the_flow_withholds_shows_neither_moves_nor_n(cohort) -> None:
    tables = stored(cohort, 1, people_count=4000, seen=0.9)
    safe = tables_that_leave(cohort, tables)
    arm = cohort.arm_ids[1]
    flow = estimate_table(
        [
            {"wave": "t2", "term": "first wave", "by_arm": one, "estimate": np.nan if one == arm else 0.9, "n": 900}
            for one in (*cohort.arm_ids, "all")
        ],
        outcome="responded",
    )
    flow["status"] = ["suppressed" if one == arm else None for one in (*cohort.arm_ids, "all")]
    told = told_moves(cohort, tables, {**safe, "response_flow": flow}, {})
    closed = told[(told["by_arm"] == arm) & (told["contrast"] == "t1 -> t2")]
    assert closed["n"].isna().all() and closed["estimate"].isna().all()
    assert told[(told["by_arm"] == arm) & (told["contrast"] == "t2 -> t3")]["estimate"].notna().any()


def test_moves_do_not_leave_without_the_tables_that_bound_them(cohort) -> None:
    tables = stored(cohort, 1)
    with pytest.raises(ValueError, match="state_shares"):
        told_moves(cohort, tables, {"state_transitions": tables["state_transitions"]}, {})
