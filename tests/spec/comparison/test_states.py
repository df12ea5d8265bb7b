"""Shares of states and transitions: small tables in, expected rows out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.comparison import state_shares, state_transitions

VARIABLES = {"work": ["job", "study", "none"]}
PEOPLE = pd.DataFrame({"participant": list("pqrs"), "arm": ["a", "a", "b", "b"]})


def states(first: list[str | None], second: list[str | None]) -> pd.DataFrame:
    frame = pd.DataFrame({"participant": list("pqrs") * 2, "wave": ["t1"] * 4 + ["t2"] * 4, "variable": "work"})
    return frame.assign(state=pd.array([*first, *second], dtype="string"))


MOVES = states(["none", "none", "none", "job"], ["job", "none", None, "job"])


def cell(table: pd.DataFrame, **cells: str) -> pd.Series:
    chosen = table
    for column, value in cells.items():
        chosen = chosen[chosen[column] == value]
    assert len(chosen) == 1
    return chosen.iloc[0]


def test_shares_are_of_those_whose_state_is_known() -> None:
    table = state_shares(MOVES, PEOPLE, waves=["t1", "t2"], variables=VARIABLES)
    row = cell(table, term="job", wave="t2", by_arm="all")
    assert row["estimate"] == pytest.approx(2 / 3)
    assert row[["n", "n_dropped"]].tolist() == [3, 1]
    assert cell(table, term="study", wave="t2", by_arm="all")["estimate"] == 0


def test_shares_of_a_wave_add_up_to_one() -> None:
    table = state_shares(MOVES, PEOPLE, waves=["t1", "t2"], variables=VARIABLES)
    assert np.allclose(table.groupby(["wave", "by_arm"])["estimate"].sum(), 1, atol=1e-12)


def test_transitions_need_both_states_and_count_the_others() -> None:
    table = state_transitions(MOVES, PEOPLE, waves=["t1", "t2"], variables=VARIABLES)
    row = cell(table, by_from="none", term="job", by_arm="all")
    assert row["contrast"] == "t1 -> t2"
    assert row["estimate"] == 0.5
    assert row[["n", "n_dropped"]].tolist() == [2, 1]
    everybody = cell(table, by_from="all", term="job", by_arm="all")
    assert everybody[["n", "n_dropped"]].tolist() == [3, 1]


def test_a_state_nobody_left_keeps_its_cells_with_a_status() -> None:
    table = state_transitions(MOVES, PEOPLE, waves=["t1", "t2"], variables=VARIABLES)
    rows = table[(table["by_from"] == "study") & (table["by_arm"] == "all")]
    assert rows["term"].tolist() == ["job", "study", "none"]
    assert set(rows["status"]) == {"nobody"}


def test_a_wave_that_did_not_ask_has_no_rows() -> None:
    first = MOVES[MOVES["wave"] == "t1"]
    assert set(state_shares(first, PEOPLE, waves=["t1", "t2"], variables=VARIABLES)["wave"]) == {"t1"}
    assert state_transitions(first, PEOPLE, waves=["t1", "t2"], variables=VARIABLES).empty


def test_all_pairs_of_waves_are_the_default() -> None:
    third = MOVES[MOVES["wave"] == "t2"].assign(wave="t3")
    table = state_transitions(pd.concat([MOVES, third]), PEOPLE, waves=["t1", "t2", "t3"], variables=VARIABLES)
    assert list(dict.fromkeys(table["contrast"])) == ["t1 -> t2", "t1 -> t3", "t2 -> t3"]
    identity = table[(table["contrast"] == "t2 -> t3") & (table["by_from"] == "job") & (table["term"] == "job")]
    assert set(identity["estimate"].dropna()) == {1.0}


def test_categorical_states_read_like_text() -> None:
    table = state_shares(MOVES.astype({"state": "category"}), PEOPLE, waves=["t1", "t2"], variables=VARIABLES)
    expected = state_shares(MOVES, PEOPLE, waves=["t1", "t2"], variables=VARIABLES)
    pd.testing.assert_frame_equal(table, expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"variables": {"work": ["job", "none"]}}, ""),
        ({"variables": {"work": ["job"]}}, "not among"),
        ({"pairs": [("t2", "t1")]}, "earlier"),
        ({"pairs": [("t1", "t9")]}, "allowed"),
        ({"variables": {"work": ["job", "none", "all"]}}, "none of them 'all'"),
    ],
)
def test_bad_input_is_refused(options, message) -> None:
    arguments = {"waves": ["t1", "t2"], "variables": VARIABLES, **options}
    if not message:
        assert not state_transitions(MOVES, PEOPLE, **arguments).empty
        return
    with pytest.raises(ValueError, match=message):
        state_transitions(MOVES, PEOPLE, **arguments)
