"""Reliability throughout a study: which rows there are, groups and totals, and rows that say why they are empty."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from increase_eval.scoring import (
    cronbach_alpha,
    item_tables,
    reliability_table,
    reliable_change,
    reliable_change_table,
    retest_reliability,
    retest_table,
    score_waves,
)
from increase_eval.study import load_study

TINY = load_study(Path(__file__).parents[3] / "data" / "tiny")
ITEMS = ["w1", "w2", "w3", "w4"]
ARMS = ["letter", "course", "coach"]


@pytest.fixture(scope="module")
def participants() -> pd.DataFrame:
    return pd.DataFrame({"participant": [f"p{row}" for row in range(60)], "arm": [ARMS[row % 3] for row in range(60)]})


@pytest.fixture(scope="module")
def waves(participants) -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(8)
    trait = rng.normal(size=60)

    def wave(people: int) -> pd.DataFrame:
        frame = participants[["participant"]].iloc[:people].assign(language=["en", "fr"] * (people // 2))
        for item in ITEMS:
            sign = -1 if item == "w4" else 1
            frame[item] = np.clip(np.round(3 + sign * trait[:people] + rng.normal(size=people)), 1, 5)
        for item in ("c1", "c2", "c3"):
            frame[item] = np.clip(np.round(5 + 2 * trait[:people] + 2 * rng.normal(size=people)), 0, 10)
        return frame

    first = wave(60)
    first.loc[0, "w1"] = np.nan
    return {"t1": first, "t2": wave(40), "t3": wave(4)}


@pytest.fixture(scope="module")
def scores(waves) -> pd.DataFrame:
    return score_waves(TINY, waves)


@pytest.fixture(scope="module")
def reliability(waves, scores, participants) -> pd.DataFrame:
    return reliability_table(TINY, waves, scores, participants)


def pick(table: pd.DataFrame, **wanted) -> pd.DataFrame:
    for column, value in wanted.items():
        table = table[table[column] == value]
    return table


def test_alpha_of_everybody_and_of_a_group_is_that_of_their_rows(waves, participants, reliability):
    items = waves["t1"][ITEMS].assign(w4=6 - waves["t1"]["w4"])
    total = pick(reliability, outcome="wellbeing", wave="t1", term="alpha", by_arm="all", by_language="all")
    assert total["estimate"].tolist() == pytest.approx([cronbach_alpha(items).estimate], rel=1e-12)
    assert total[["n", "n_dropped"]].to_numpy().tolist() == [[59, 1]]
    here = (participants["arm"] == "course") & (waves["t1"]["language"] == "fr")
    group = pick(reliability, outcome="wellbeing", wave="t1", term="alpha", by_arm="course", by_language="fr")
    assert group["estimate"].tolist() == pytest.approx([cronbach_alpha(items[here]).estimate], rel=1e-12)


def test_every_wave_arm_and_language_has_its_rows(reliability):
    one = pick(reliability, outcome="wellbeing", wave="t1", term="alpha")
    assert one["by_arm"].tolist() == [arm for arm in ["all", *ARMS] for _ in range(3)]
    assert one["by_language"].tolist() == ["all", "en", "fr"] * 4
    assert set(reliability["outcome"]) == {"wellbeing", "wellbeing_mood", "confidence"}
    assert set(pick(reliability, outcome="wellbeing_mood")["term"]) == {"alpha", "standard error of measurement"}


def test_nothing_is_computed_for_fewer_people_than_the_plan_says(reliability):
    few = pick(reliability, wave="t3")
    assert set(few["status"]) == {"too few people"}
    assert few["estimate"].isna().all()
    assert few["n"].notna().all()


def test_the_standard_error_of_measurement_is_in_points_of_the_score(scores, reliability):
    cell = {"outcome": "wellbeing", "wave": "t1", "by_arm": "all", "by_language": "all"}
    alpha = pick(reliability, **cell, term="alpha")["estimate"].iloc[0]
    spread = scores.query("scale == 'wellbeing' and wave == 't1'")["score"].std()
    error = pick(reliability, **cell, term="standard error of measurement")["estimate"].iloc[0]
    assert error == pytest.approx(spread * np.sqrt(1 - alpha))


def test_retests_are_from_each_wave_to_the_next_and_from_the_first(scores, participants):
    table = retest_table(TINY, scores, participants)
    one = pick(table, outcome="confidence", term="retest correlation", by_arm="all")
    assert one["contrast"].tolist() == ["t1 -> t2", "t2 -> t3", "t1 -> t3"]
    assert one["status"].tolist() == ["computed", "too few people", "too few people"]
    wide = scores.query("scale == 'confidence'").pivot(index="participant", columns="wave", values="score")
    assert one["estimate"].iloc[0] == pytest.approx(retest_reliability(wide["t1"], wide["t2"]).correlation)
    assert "satisfaction" not in set(table["outcome"])


def test_reliable_change_has_one_threshold_for_all_arms(scores, participants, reliability):
    table = reliable_change_table(TINY, scores, participants, reliability)
    one = pick(table, outcome="wellbeing", wave="t2")
    assert one["method"].nunique() == 1
    assert one.groupby("by_arm")["estimate"].sum().tolist() == pytest.approx([1] * 4)
    wide = scores.query("scale == 'wellbeing'").pivot(index="participant", columns="wave", values="score")
    alpha = pick(reliability, outcome="wellbeing", wave="t1", term="alpha", by_arm="all", by_language="all")["estimate"]
    expected = reliable_change(wide["t1"], wide["t2"], reliability=alpha.iloc[0])
    np.testing.assert_allclose(pick(one, by_arm="all")["estimate"], expected.shares["share"])
    assert pick(table, outcome="overall")["status"].tolist() == ["no reliability known"]


def test_items_are_described_wave_by_wave(waves):
    table = item_tables(TINY, waves)
    assert len(pick(table, scale="wellbeing", wave="t1")) == 4
    assert pick(table, scale="wellbeing", wave="t1")["n"].tolist() == [59, 60, 60, 60]


def test_a_person_without_an_arm_counts_in_the_total_only(waves, scores, participants):
    unknown = participants.assign(arm=participants["arm"].where(participants["arm"] != "coach"))
    table = pick(reliability_table(TINY, waves, scores, unknown), outcome="wellbeing", wave="t1", term="alpha")
    assert table["by_arm"].unique().tolist() == ["all", "letter", "course"]
    assert pick(table, by_arm="all", by_language="all")["n"].tolist() == [59]


def test_without_waves_there_are_empty_tables_with_their_columns(participants):
    nothing = score_waves(TINY, {})
    reliability = reliability_table(TINY, {}, nothing, participants)
    for table in (
        reliability,
        retest_table(TINY, nothing, participants),
        reliable_change_table(TINY, nothing, participants, reliability),
    ):
        assert len(table) == 0
        assert {"outcome", "estimate", "by_arm", "status"} <= set(table.columns)
