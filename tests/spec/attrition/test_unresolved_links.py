"""What rows under a key that nobody has could do to retention: small tables in, expected rows out."""

from __future__ import annotations

import pandas as pd
import pytest

from increase_eval.attrition import unresolved_links
from increase_eval.attrition.unresolved import AS_COUNTED, EACH_FURTHER, LINKS_CONFIRMED, READINGS

WAVES = ["t1", "t2"]


def answers(*patterns: str) -> pd.DataFrame:
    rows = [
        {"participant": f"p{i}", "wave": wave, "responded": bit == "1"}
        for i, pattern in enumerate(patterns)
        for wave, bit in zip(WAVES, pattern, strict=True)
    ]
    return pd.DataFrame(rows)


def strange(*rows: tuple[int, str, str | None, bool, str | None, int | None]) -> pd.DataFrame:
    columns = ["row", "wave", "person", "answered", "candidate", "agreeing"]
    table = pd.DataFrame(list(rows), columns=columns).assign(file="a.csv")
    return table.astype({"person": "str", "candidate": "str", "wave": "str", "answered": "bool", "agreeing": "Int64"})


def counts(table: pd.DataFrame, reading: str) -> dict[tuple[str, str], tuple[int, int]]:
    """Give count and denominator by wave and denominator."""
    own = table[table["contrast"] == reading]
    return {
        (row.wave, row.term): (round(row.estimate * row.n), int(row.n)) for row in own.itertuples() if pd.notna(row.n)
    }


FOUR = answers("11", "10", "00", "00")


def test_without_unresolved_rows_the_three_readings_are_one() -> None:
    table = unresolved_links(FOUR, strange(), waves=WAVES)
    expected = {("t1", "enrolled"): (2, 4), ("t2", "enrolled"): (1, 4), ("t2", "first wave"): (1, 2)}
    for reading in READINGS:
        assert counts(table, reading) == expected
    assert (table["n_dropped"] == 0).all()


def test_each_row_could_be_a_further_respondent() -> None:
    table = unresolved_links(FOUR, strange((2, "t2", "x", True, None, None)), waves=WAVES)
    # One of the first wave's two answered the second; the stranger could be the other.
    assert counts(table, EACH_FURTHER) == {
        ("t1", "enrolled"): (2, 4), ("t2", "enrolled"): (2, 4), ("t2", "first wave"): (2, 2)
    }  # fmt: skip
    assert counts(table, LINKS_CONFIRMED) == counts(table, AS_COUNTED)
    assert table.loc[table["wave"] == "t2"].groupby("contrast")["n_dropped"].max().to_dict() == {
        AS_COUNTED: 1, EACH_FURTHER: 0, LINKS_CONFIRMED: 1
    }  # fmt: skip


def test_a_further_respondent_of_the_first_wave_is_in_the_denominator_of_those_after_it() -> None:
    table = unresolved_links(FOUR, strange((2, "t1", "x", True, None, None)), waves=WAVES)
    assert counts(table, EACH_FURTHER)["t2", "first wave"] == (1, 3)
    assert counts(table, EACH_FURTHER)["t1", "enrolled"] == (3, 4)


def test_two_rows_under_one_unknown_key_are_one_stranger_and_rows_without_a_key_are_each_their_own() -> None:
    rows = strange(*((row, "t2", person, True, None, None) for row, person in enumerate(["x", "x", None, None])))
    assert counts(unresolved_links(FOUR, rows, waves=WAVES), EACH_FURTHER)["t2", "enrolled"] == (1 + 3, 4)


def test_no_more_can_answer_than_there_are() -> None:
    rows = strange(*((row, wave, f"x{row}", True, None, None) for row in range(9) for wave in WAVES))
    found = counts(unresolved_links(FOUR, rows, waves=WAVES), EACH_FURTHER)
    assert found == {("t1", "enrolled"): (4, 4), ("t2", "enrolled"): (4, 4), ("t2", "first wave"): (4, 4)}


def test_a_link_to_somebody_who_had_not_answered_adds_them_and_to_somebody_who_had_adds_nobody() -> None:
    for candidate, expected in (("p1", 2), ("p0", 1)):
        table = unresolved_links(FOUR, strange((2, "t2", "x", True, candidate, 2)), waves=WAVES)
        assert counts(table, LINKS_CONFIRMED)["t2", "first wave"] == (expected, 2)
        assert (table.loc[table["contrast"] == LINKS_CONFIRMED, "n_dropped"] == 0).all()


def test_a_link_in_the_first_wave_adds_to_the_denominator() -> None:
    table = unresolved_links(answers("11", "01"), strange((2, "t1", "x", True, "p1", 1)), waves=WAVES)
    assert counts(table, AS_COUNTED)["t2", "first wave"] == (1, 1)
    assert counts(table, LINKS_CONFIRMED)["t2", "first wave"] == (2, 2)


@pytest.mark.parametrize(("agreeing", "expected", "dropped"), [((2, 1), 2, 0), ((1, 1), 1, 1), ((0, 2), 2, 0)])
def test_of_several_candidates_the_one_who_agrees_most_is_taken_and_a_tie_stays_open(
    agreeing: tuple[int, int], expected: int, dropped: int
) -> None:
    rows = strange((2, "t2", "x", True, "p1", agreeing[0]), (2, "t2", "x", True, "p2", agreeing[1]))
    table = unresolved_links(FOUR, rows, waves=WAVES)
    linked = table[(table["contrast"] == LINKS_CONFIRMED) & (table["wave"] == "t2") & (table["term"] == "enrolled")]
    assert counts(linked, LINKS_CONFIRMED) == {("t2", "enrolled"): (expected, 4)}
    assert linked["n_dropped"].tolist() == [dropped]


def test_a_base_holds_no_more_further_respondents_than_it_has_people() -> None:
    people = pd.DataFrame({"participant": [f"p{i}" for i in range(4)], "completed_on": ["d", None, "d", None]})
    rows = strange(*((row, "t2", f"x{row}", True, "p2", 1) for row in range(3)))
    table = unresolved_links(FOUR, rows, waves=WAVES, participants=people, bases={"completed": "completed_on"})
    key = ("t2", "completed")
    # p0 and p2 completed; p0 answered. Three strangers could fill one place, and the links all name p2.
    assert [counts(table, reading)[key] for reading in READINGS] == [(1, 2), (2, 2), (2, 2)]
    assert counts(table, AS_COUNTED)["t1", "completed"] == (1, 2)


def test_bases_need_participants() -> None:
    with pytest.raises(ValueError, match="need participants"):
        unresolved_links(FOUR, strange(), waves=WAVES, bases={"completed": "completed_on"})


def test_a_row_that_holds_no_answer_is_no_respondent_in_any_reading() -> None:
    table = unresolved_links(FOUR, strange((2, "t2", "x", False, "p1", 2)), waves=WAVES)
    for reading in READINGS:
        assert counts(table, reading)["t2", "enrolled"] == (1, 4)


def test_nobody_in_the_first_wave_leaves_no_share() -> None:
    table = unresolved_links(answers("00", "01"), strange(), waves=WAVES)
    empty = table[(table["term"] == "first wave") & (table["contrast"] == AS_COUNTED)].iloc[0]
    assert pd.isna(empty["estimate"])
    assert empty["status"] == "nobody"


def test_the_interval_is_that_of_wilson() -> None:
    row = unresolved_links(FOUR, strange(), waves=["t1"]).iloc[0]
    # 2 of 4 at z = 1.959964: (0.5 + z²/8 ± z sqrt(0.0625 + z²/64)) / (1 + z²/4)
    assert row["conf_low"] == pytest.approx(0.15003898915214947, abs=1e-12)
    assert row["conf_high"] == pytest.approx(0.8499610108478505, abs=1e-12)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"candidate": "nobody"}, "1 candidates are not in responses"),
        ({"wave": "t9"}, r"unresolved rows are of waves \['t9'\]; allowed: t1, t2"),
        ({"answered": None}, r"unresolved lacks \['answered'\]"),
    ],
)
def test_what_cannot_be_is_refused(change: dict[str, str | None], said: str) -> None:
    rows = strange((2, "t2", "x", True, "p1", 2))
    [(column, value)] = change.items()
    wrong = rows.drop(columns=column) if value is None else rows.assign(**{column: value})
    with pytest.raises(ValueError, match=said):
        unresolved_links(FOUR, wrong, waves=WAVES)


def test_inputs_are_left_alone() -> None:
    rows = strange((2, "t2", "x", True, "p1", 2))
    before = FOUR.copy(), rows.copy()
    unresolved_links(FOUR, rows, waves=WAVES)
    pd.testing.assert_frame_equal(FOUR, before[0])
    pd.testing.assert_frame_equal(rows, before[1])
