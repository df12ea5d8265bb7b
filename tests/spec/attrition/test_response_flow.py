"""Who answered which wave: small tables in, expected rows out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition import response_flow

WAVES = ["t1", "t2", "t3"]


def people(arms: str, sites: str | None = None) -> pd.DataFrame:
    frame = pd.DataFrame({"participant": [f"p{i}" for i in range(len(arms))], "arm": list(arms)})
    return frame if sites is None else frame.assign(site=list(sites))


def answers(patterns: list[str]) -> pd.DataFrame:
    rows = [
        {"participant": f"p{i}", "wave": wave, "responded": bit == "1"}
        for i, pattern in enumerate(patterns)
        for wave, bit in zip(WAVES, pattern, strict=True)
    ]
    return pd.DataFrame(rows, columns=["participant", "wave", "responded"])


def row(table: pd.DataFrame, **cells: str) -> pd.Series:
    chosen = table
    for column, value in cells.items():
        chosen = chosen[chosen[column] == value]
    assert len(chosen) == 1
    return chosen.iloc[0]


def test_each_share_states_its_denominator() -> None:
    flow = response_flow(answers(["111", "110", "101", "000"]), people("aabb"), waves=WAVES)
    shares = flow.to_frame()
    third = {"wave": "t3", "by_arm": "all"}
    assert row(shares, term="enrolled", **third)[["estimate", "n"]].tolist() == [0.5, 4]
    assert row(shares, term="first wave", **third)["estimate"] == pytest.approx(2 / 3)
    assert row(shares, term="previous wave", **third)[["estimate", "n"]].tolist() == [0.5, 2]
    assert not ((shares["term"] == "previous wave") & (shares["wave"] == "t1")).any()


def test_a_base_is_a_denominator_of_its_own_in_every_wave_and_group() -> None:
    # Three of four completed, by the date they have; two of these answered the first wave and one the last.
    who = people("aabb").assign(completed_on=pd.to_datetime(["2020-01-01", None, "2020-02-01", "2020-03-01"]))
    flow = response_flow(answers(["111", "110", "100", "000"]), who, waves=WAVES, bases={"completed": "completed_on"})
    shares = flow.to_frame()
    base = {"term": "completed", "by_arm": "all"}
    assert row(shares, wave="t1", **base)[["estimate", "n"]].tolist() == [pytest.approx(2 / 3), 3]
    assert row(shares, wave="t3", **base)[["estimate", "n"]].tolist() == [pytest.approx(1 / 3), 3]
    assert row(shares, wave="t1", term="completed", by_arm="a")[["estimate", "n"]].tolist() == [1, 1]
    # Whoever answered without being in the base counts among the enrolled alone.
    assert row(shares, wave="t2", term="enrolled", by_arm="all")["estimate"] == 0.5
    assert row(shares, wave="t2", **base)["estimate"] == pytest.approx(1 / 3)


def test_a_base_can_be_given_as_true_and_false() -> None:
    who = people("aa").assign(there=[True, False])
    shares = response_flow(answers(["111", "000"]), who, waves=WAVES, bases={"there": "there"}).to_frame()
    assert row(shares, term="there", wave="t1", by_arm="all")[["estimate", "n"]].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("bases", "said"),
    [({"enrolled": "arm"}, "denominators already"), ({"done": "gone"}, r"participants lacks \['gone'\]")],
)
def test_a_base_without_a_column_or_under_a_taken_name_is_refused(bases: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        response_flow(answers(["111"]), people("a"), waves=WAVES, bases=bases)


def test_intervals_are_wilson() -> None:
    flow = response_flow(answers(["111"] * 7 + ["000"] * 3), people("a" * 10), waves=WAVES)
    cells = row(flow.shares, term="enrolled", wave="t1", by_arm="all")
    assert cells["conf_low"] == pytest.approx(0.39677815, abs=1e-8)
    assert cells["conf_high"] == pytest.approx(0.89220873, abs=1e-8)


def test_lost_are_told_apart_by_whether_they_come_back() -> None:
    flow = response_flow(answers(["111", "110", "101", "000"]), people("aabb"), waves=WAVES)
    counts = row(flow.counts, by_arm="all", wave="t2")
    assert counts[["enrolled", "retained", "lost"]].tolist() == [4, 2, 2]
    assert counts[["lost_returning", "lost_for_good", "never_answered"]].tolist() == [1, 0, 1]


def test_retained_and_lost_make_the_enrolled_in_every_group() -> None:
    rng = np.random.default_rng(1)
    patterns = ["".join(rng.choice(["0", "1"], 3)) for _ in range(60)]
    sites = "".join(rng.choice(list("xyz"), 60))
    flow = response_flow(answers(patterns), people("ab" * 30, sites), waves=WAVES, by=("arm", "site"))
    counts = flow.counts
    assert (counts["retained"] + counts["lost"] == counts["enrolled"]).all()
    assert (counts["lost"] == counts[["lost_returning", "lost_for_good", "never_answered"]].sum(axis=1)).all()
    for column in ("by_arm", "by_site"):
        split = counts[(counts[column] != "all") & (counts["wave"] == "t2")]
        assert split["enrolled"].sum() == 60


def test_patterns_with_nobody_are_kept() -> None:
    flow = response_flow(answers(["111", "100"]), people("ab"), waves=WAVES)
    total = flow.patterns[flow.patterns["by_arm"] == "all"]
    assert total["term"].tolist() == ["111", "110", "101", "100", "011", "010", "001", "000"]
    assert total["estimate"].tolist() == [1, 0, 0, 1, 0, 0, 0, 0]
    assert set(total["n"]) == {2}


def test_an_empty_arm_keeps_its_rows_with_a_status() -> None:
    flow = response_flow(answers(["111"]), people("a"), waves=WAVES, levels={"arm": ["a", "b"]})
    empty = row(flow.shares, term="enrolled", wave="t1", by_arm="b")
    assert empty["status"] == "nobody"
    assert empty["n"] == 0
    assert np.isnan(empty["estimate"])


def test_a_gap_makes_the_flow_not_monotone() -> None:
    monotone = response_flow(answers(["111", "110", "000"]), people("aab"), waves=WAVES)
    gap = response_flow(answers(["111", "101", "000"]), people("aab"), waves=WAVES)
    assert monotone.is_monotone
    assert not gap.is_monotone
    assert row(gap.monotone, by_arm="a")[["enrolled", "monotone_count"]].tolist() == [2, 1]
    assert bool(row(gap.monotone, by_arm="b")["is_monotone"])


def test_a_missing_arm_is_a_group_of_its_own() -> None:
    participants = people("ab").assign(arm=["a", None])
    flow = response_flow(answers(["111", "100"]), participants, waves=WAVES)
    assert list(dict.fromkeys(flow.counts["by_arm"])) == ["all", "a", "missing"]


def test_a_pair_without_a_row_counts_as_not_answered() -> None:
    rows = answers(["111", "111"]).iloc[:-1]
    flow = response_flow(rows, people("ab"), waves=WAVES)
    assert row(flow.counts, by_arm="all", wave="t3")["lost"] == 1


def test_nobody_enrolled_gives_statuses_and_no_error() -> None:
    flow = response_flow(answers([]), people(""), waves=WAVES, levels={"arm": ["a"]})
    assert set(flow.shares["status"]) == {"nobody"}


def test_one_wave_is_enough() -> None:
    flow = response_flow(answers(["100", "000"]), people("ab"), waves=["t1"])
    assert set(flow.shares["term"]) == {"enrolled"}
    assert flow.is_monotone


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r, p: (r.assign(responded=pd.NA), p), "responded"),
        (lambda r, p: (pd.concat([r, r]), p), "twice"),
        (lambda r, p: (r, p.iloc[:1]), "not in the table of participants"),
        (lambda r, p: (r, pd.concat([p, p])), "repeated"),
        (lambda r, p: (r[r["wave"] != "t2"], p), r"\['t2'\]"),
        (lambda r, p: (r.drop(columns="responded"), p), "lacks"),
        (lambda r, p: (r, p.drop(columns="arm")), "not in participants"),
        (lambda r, p: (r, p.assign(arm="all")), "stands for something else"),
    ],
)
def test_bad_input_is_refused_with_a_reason(change, message) -> None:
    responses, participants = change(answers(["111", "100"]), people("ab"))
    with pytest.raises(ValueError, match=message):
        response_flow(responses, participants, waves=WAVES)


def test_input_is_not_changed() -> None:
    responses, participants = answers(["111", "100"]), people("ab")
    before = responses.copy(), participants.copy()
    response_flow(responses, participants, waves=WAVES)
    pd.testing.assert_frame_equal(responses, before[0])
    pd.testing.assert_frame_equal(participants, before[1])


@pytest.mark.parametrize("codes", [("yes", "no"), ("True", "False"), (2, 8), (1.0, 0.5)])
def test_codes_that_are_neither_true_nor_false_are_refused_and_not_taken_for_true(codes: tuple[object, object]) -> None:
    coded = answers(["110"])
    coded["responded"] = coded["responded"].map(dict(zip((True, False), codes, strict=True)))
    with pytest.raises(ValueError, match="neither true nor false"):
        response_flow(coded, people("a"), waves=WAVES)


@pytest.mark.parametrize("dtype", ["boolean", "int64", "Int64", "float64", "object", "category"])
def test_true_and_false_are_read_from_every_type(dtype: str) -> None:
    patterns = ["110", "011"]
    expected = response_flow(answers(patterns), people("ab"), waves=WAVES).counts
    typed = answers(patterns).astype({"responded": dtype})
    pd.testing.assert_frame_equal(response_flow(typed, people("ab"), waves=WAVES).counts, expected)
