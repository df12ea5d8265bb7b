"""The long table of scores: which waves, which scales, in which order; components before what is made from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from increase_eval.errors import DataError
from increase_eval.scoring import score_waves
from increase_eval.study import load_study

TINY = load_study(Path(__file__).parents[2] / "data" / "tiny")


def wave(**columns) -> pd.DataFrame:
    base = {"participant": ["p1", "p2"], "w1": [1, 2], "w2": [1, 3], "w3": [1, 4], "w4": [5, None]}
    return pd.DataFrame({**base, "c1": [0, 5], "c2": [5, 5], "c3": [10, None], **columns})


def test_a_wave_is_scored_on_the_scales_it_asks_in_the_order_of_the_contract():
    scores = score_waves(TINY, {"t2": wave(satisfied=[7, 8]), "t1": wave()})
    assert list(dict.fromkeys(scores["wave"])) == ["t1", "t2"]
    at = {one: list(dict.fromkeys(part["scale"])) for one, part in scores.groupby("wave")}
    assert at["t1"] == ["wellbeing", "wellbeing_mood", "confidence", "overall"]
    assert at["t2"] == ["wellbeing", "wellbeing_mood", "confidence", "satisfaction", "overall"]
    assert scores["participant"].tolist()[:4] == ["p1", "p2", "p1", "p2"]


def test_the_scores_of_both_participants_by_hand():
    scores = score_waves(TINY, {"t1": wave()}).set_index(["scale", "participant"])
    # wellbeing: w4 reversed, 6 - 5 = 1; p2 (2 + 3 + 4) / 3
    # overall: 50 + 10 (0.6 (1 - 3) / 1 + 0.4 (15 - 15) / 6) = 38
    assert scores["score"].to_dict() == {
        ("wellbeing", "p1"): 1.0,
        ("wellbeing", "p2"): 3.0,
        ("wellbeing_mood", "p1"): 1.0,
        ("wellbeing_mood", "p2"): 2.0,
        ("confidence", "p1"): 15.0,
        ("confidence", "p2"): pytest.approx(np.nan, nan_ok=True),
        ("overall", "p1"): pytest.approx(38.0),
        ("overall", "p2"): pytest.approx(np.nan, nan_ok=True),
    }
    assert scores.loc[("overall", "p2"), ["items_answered", "items_expected", "status"]].tolist() == [
        1,
        2,
        "too few answered",
    ]


def test_a_scale_is_made_from_the_score_of_a_scale_and_not_from_a_column_of_that_name():
    # The stray column `wellbeing` is contracted nowhere, and would be 99 throughout.
    scores = score_waves(TINY, {"t1": wave(wellbeing=[99, 99])})
    assert scores.set_index(["scale", "participant"]).loc[("overall", "p1"), "score"] == pytest.approx(38.0)


def test_a_contracted_column_that_the_table_lacks_was_not_asked():
    scores = score_waves(TINY, {"t1": wave().drop(columns="c3")})
    part = scores[scores["scale"] == "confidence"]
    assert part["items_expected"].tolist() == [2, 2]
    assert part["status"].tolist() == ["too few answered"] * 2
    none = score_waves(TINY, {"t1": wave().drop(columns=["c1", "c2", "c3"])})
    assert set(none[none["scale"] == "confidence"]["status"]) == {"not asked"}


def test_problems_name_the_wave_and_the_scale():
    with pytest.raises(DataError, match=r"wave 't1': scale 'wellbeing' cannot be scored\n  - item 'w1': out of range"):
        score_waves(TINY, {"t1": wave(w1=[77, 1])})


def test_a_participant_may_stand_only_once_in_a_wave():
    with pytest.raises(DataError, match="row 2 is the first of 1 to repeat one") as caught:
        score_waves(TINY, {"t1": wave(participant=["p1", "p1"])})
    assert "p1" not in str(caught.value)


def test_a_wave_that_the_study_does_not_have_is_refused():
    with pytest.raises(ValueError, match=r"\['t9'\] are no waves of study 'tiny'; it has: t1, t2, t3"):
        score_waves(TINY, {"t9": wave()})


@pytest.mark.parametrize("waves", [{}, {"t1": wave().iloc[:0]}])
def test_no_rows_give_an_empty_table_of_the_same_types(waves):
    scores = score_waves(TINY, waves)
    full = score_waves(TINY, {"t1": wave()})
    assert len(scores) == 0
    assert scores.dtypes.astype(str).to_dict() == full.dtypes.astype(str).to_dict()
