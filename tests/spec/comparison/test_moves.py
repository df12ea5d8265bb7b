"""Moves into and out of work: counts of finer moves added up, both readings, by arm."""

from __future__ import annotations

import pandas as pd
import pytest

from increase_eval.comparison import collapse_transitions, proportion_interval, state_transitions

STATES = {"work": ["job", "own", "student", "other"]}
GROUPS = {"work": {"job": "in_work", "own": "in_work", "student": "out_of_work", "other": "out_of_work"}}

# participant, arm, state at t1, state at t2 (- is not known)
PEOPLE = """
p1 a job     own
p2 a job     other
p3 a student job
p4 a student student
p5 a other   own
p6 a other   -
p7 b other   other
p8 b own     own
p9 b -       job
"""


def transitions() -> pd.DataFrame:
    rows = [line.split() for line in PEOPLE.strip().splitlines()]
    people = pd.DataFrame({"participant": [row[0] for row in rows], "arm": [row[1] for row in rows]})
    states = pd.DataFrame(
        [
            {"participant": row[0], "wave": wave, "variable": "work", "state": None if row[at] == "-" else row[at]}
            for row in rows
            for wave, at in (("t1", 2), ("t2", 3))
        ]
    )
    return state_transitions(states, people, waves=["t1", "t2"], variables=STATES, levels={"arm": ["a", "b"]})


def found(table: pd.DataFrame, arm: str, left: str, reached: str) -> tuple[float, int, int]:
    [row] = table[(table["by_arm"] == arm) & (table["by_from"] == left) & (table["term"] == reached)].to_dict("records")
    return round(row["estimate"] * row["n"], 9), row["n"], row["n_dropped"]


@pytest.mark.parametrize(
    ("arm", "left", "reached", "expected"),
    [
        ("all", "out_of_work", "in_work", (2, 4, 1)),  # p3, p5 of p3 p4 p5 p7; p6 is not seen again
        ("all", "in_work", "out_of_work", (1, 3, 0)),  # p2 of p1 p2 p8
        ("all", "all", "in_work", (4, 7, 1)),  # p1 p3 p5 p8 of all but p6 and p9
        ("a", "out_of_work", "in_work", (2, 3, 1)),
        ("a", "in_work", "in_work", (1, 2, 0)),
        ("b", "out_of_work", "in_work", (0, 1, 0)),  # nobody is kept as 0
        ("b", "all", "out_of_work", (1, 2, 0)),
    ],
)
def test_moves_between_groups_are_the_sums_of_moves_between_states(arm, left, reached, expected) -> None:
    assert found(collapse_transitions(transitions(), groups=GROUPS), arm, left, reached) == expected


def test_every_row_has_its_interval_and_pair_of_waves() -> None:
    table = collapse_transitions(transitions(), groups=GROUPS, confidence=0.9)
    assert list(table.columns) == list(transitions().columns)
    assert len(table) == 3 * 3 * 2
    assert set(table["contrast"]) == {"t1 -> t2"} and set(table["wave"]) == {"t2"}
    row = table[(table["by_arm"] == "a") & (table["by_from"] == "out_of_work") & (table["term"] == "in_work")].iloc[0]
    wilson = proportion_interval(2, 3, confidence=0.9)
    assert (row["conf_low"], row["conf_high"]) == pytest.approx((wilson.conf_low, wilson.conf_high), rel=1e-12)


def test_a_group_that_nobody_left_has_no_share() -> None:
    moves = transitions()
    none = collapse_transitions(moves[moves["by_arm"] == "b"], groups={"work": {**GROUPS["work"], "job": "jobbed"}})
    row = none[none["by_from"] == "jobbed"].iloc[0]
    assert row["n"] == 0 and pd.isna(row["estimate"]) and pd.isna(row["conf_low"]) and row["status"] == "nobody"


def test_variables_without_groups_are_left_out_and_states_without_one_are_refused() -> None:
    assert collapse_transitions(transitions(), groups={"mood": {}}).empty
    with pytest.raises(ValueError, match="'other' of 'work' has no group"):
        collapse_transitions(transitions(), groups={"work": {"job": "x", "own": "x", "student": "x"}})
