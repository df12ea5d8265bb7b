"""Scales of a study, imputed: the numbers of the functions for one data set, and what is said where there are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition import Conclusion, impute, tipping_point
from increase_eval.attrition.imputed_scales import (
    impute_scales,
    imputed_change_table,
    imputed_draws,
    tipping_tables,
)
from increase_eval.attrition.imputed_scales.scale import cohort_rows
from increase_eval.comparison.score_models.rows import scale_rows
from increase_eval.study.instruments import Instruments
from increase_eval.study.plan import AnalysisPlan
from increase_eval.study.study import Study, StudyHead

EXACT = 1e-8
ROLES = {"outcome": "score", "subject": "participant", "visit": "wave", "arm": "arm"}


def words(text: str) -> dict[str, str]:
    return {"en": text, "fr": text}


def study(control: str | None = "a", **scale) -> Study:
    arms, waves = ("a", "b"), ("t1", "t2", "t3")
    head = {
        "id": "made", "title": words("Made"), "description": words("For tests."), "provenance": "synthetic",
        "data_date": "2024", "data_source": words("Random."), "allocation": "randomised", "control_arm": control,
        "waves": [{"id": wave, "label": words(wave), "time": place} for place, wave in enumerate(waves)],
        "arms": [{"id": arm, "label": words(arm)} for arm in arms],
        "sources": [{"id": "s", "files": ["*.csv"], "shape": "long", "wave_column": "w", "wave_values": {"1": "t1"}}],
        "participants": {"source": "s", "arm": {"column": "arm"}},
    }  # fmt: skip
    mood = {"id": "mood", "items": ["m"], "rule": "single", "labels": words("Mood"), **scale}
    plan = {
        "contrasts": [{"id": "b_a", "first": "a", "second": "b"}],
        "covariates": ["age"],
        "draws": {"imputation": 4},
    }
    return Study(
        head=StudyHead.model_validate(head), instruments=Instruments.model_validate({"scales": [mood]}),
        analysis=AnalysisPlan.model_validate(plan), tables={}, folder=Path("nowhere"), contract_hash="0",
    )  # fmt: skip


def draw(people: int = 90, *, gone: bool = True) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores of three waves; everybody has the first, a third of the later ones are missing."""
    rng = np.random.default_rng(5)
    participants = pd.DataFrame({"participant": [f"p{i}" for i in range(people)], "arm": np.resize(["a", "b"], people)})
    participants["age"] = rng.normal(40, 10, people).round(1)
    trait = rng.normal(0, 2, people) + 0.05 * participants["age"]
    parts = []
    for place, wave in enumerate(("t1", "t2", "t3")):
        score = 10 + trait + place * (1 + 0.8 * (participants["arm"] == "b")) + rng.normal(0, 1.5, people)
        part = participants[["participant"]].assign(wave=wave, scale="mood", score=score, status="scored")
        parts.append(part[(rng.random(people) > 0.33) | (place == 0) | (not gone)])
    return pd.concat(parts, ignore_index=True), participants


@pytest.fixture(scope="module")
def scales():
    return impute_scales(study(), *draw())


def by_hand(strategy: str, **options):
    rows, covariates = cohort_rows(scale_rows(study(), *draw(), "mood"), ("a", "b"))
    return impute(rows, **ROLES, covariates=covariates, strategy=strategy, reference="a", **options)


def test_changes_are_those_of_impute(scales) -> None:
    table = imputed_change_table(study(), scales)
    assert set(table["by_strategy"]) == {"mar", "return-to-baseline", "delta", "jr", "cr", "cir"}
    for strategy in ("mar", "return-to-baseline", "jr", "cir"):
        filled = by_hand(strategy)
        own = filled.analyse("score ~ 0 + arm", change_from="t1").set_index(["wave", "term"])
        against = filled.analyse("score ~ arm", change_from="t1").set_index(["wave", "term"])
        for wave in ("t2", "t3"):
            some = table[(table["by_strategy"] == strategy) & (table["wave"] == wave)]
            for arm in ("a", "b"):
                row = some[(some["by_arm"] == arm) & (some["term"] == "change")].iloc[0]
                expected = own.loc[(wave, f"arm[{arm}]")]
                for name in ("estimate", "std_error", "conf_low", "conf_high", "p_value"):
                    assert row[name] == pytest.approx(expected[name], rel=EXACT)
                assert row["n"] == 45
            row = some[some["contrast"] == "b_a"].iloc[0]
            assert row["estimate"] == pytest.approx(against.loc[(wave, "arm[T.b]"), "estimate"], rel=EXACT)
            assert row["std_error"] == pytest.approx(against.loc[(wave, "arm[T.b]"), "std_error"], rel=EXACT)
    assert table["method"].str.contains("jackknife").all()


@pytest.mark.parametrize(
    ("options", "sign", "size"),
    [
        ({"direction": "lower_is_better"}, 1.0, None),
        ({"smallest_effect": {"value": 0.5, "unit": "points", "source": "made up"}}, -1.0, 0.5),
    ],
)
def test_delta_makes_missing_scores_worse_by_what_matters(options, sign, size) -> None:
    own, (scores, participants) = study(**options), draw()
    table = imputed_change_table(own, impute_scales(own, scores, participants))
    sd = scores.loc[scores["wave"] == "t1", "score"].std()
    delta = sign * (0.2 * sd if size is None else size)
    frame = pd.DataFrame({"wave": "t3", "arm": ["a", "b"], "delta": delta})
    expected = by_hand("mar", delta=frame).analyse("score ~ 0 + arm", change_from="t1")
    expected = expected[(expected["wave"] == "t3") & (expected["term"] == "arm[b]")].iloc[0]
    row = table[(table["by_strategy"] == "delta") & (table["wave"] == "t3") & (table["by_arm"] == "b")].iloc[0]
    assert row["estimate"] == pytest.approx(expected["estimate"], rel=EXACT)
    assert row["std_error"] == pytest.approx(expected["std_error"], rel=EXACT)


def test_reference_based_strategies_need_a_control_arm() -> None:
    own = study(control=None)
    table = imputed_change_table(own, impute_scales(own, *draw()))
    assert set(table["by_strategy"]) == {"mar", "return-to-baseline", "delta"}


def test_tipping_points_are_those_of_the_function(scales) -> None:
    tables = tipping_tables(study(), scales)
    filled = by_hand("mar")
    points = tables.points
    rows = points[(points["contrast"] == "t1 -> t3") & (points["by_arm"] == "b") & (points["by_unit"] == "points")]
    assert set(rows["verdict"]) == {"increase"}
    what = Conclusion("conf_low > 0", formula="score ~ 0 + arm", term="arm[b]", visit="t3", change_from="t1")
    limit = 4 * filled.cohort.table.loc[filled.cohort.table["wave"] == "t1", "score"].std()
    expected = tipping_point(filled, conclusion=what, deltas=[-limit, limit], by="b").table.set_index("direction")
    for _, row in rows.iterrows():
        wanted = expected.loc[row["by_direction"]]
        assert row["status"] == {"tips": "estimated"}.get(wanted["status"], wanted["status"])
        np.testing.assert_allclose(row["estimate"], wanted["delta"], rtol=EXACT)
    in_sd = points[(points["contrast"] == "t1 -> t3") & (points["by_arm"] == "b") & (points["by_unit"] == "sd")]
    np.testing.assert_allclose(
        in_sd["estimate"].astype(float), expected.loc[in_sd["by_direction"], "delta_sd"], rtol=EXACT
    )
    contour = tables.contours[tables.contours["wave"] == "t3"]
    assert set(contour["contrast"]) == {"b_a"}
    point = contour.iloc[len(contour) // 2]
    frame = pd.DataFrame(
        {"wave": "t3", "arm": ["a", "b"], "delta": [float(point["by_delta_first"]), point["estimate"]]}
    )
    moved = by_hand("mar", delta=frame).analyse("score ~ arm", change_from="t1")
    row = moved[(moved["wave"] == "t3") & (moved["term"] == "arm[T.b]")].iloc[0]
    side = "conf_low" if point["by_verdict"] == "increase" else "conf_high"
    assert row[side] == pytest.approx(0, abs=1e-4)  # the first delta is written with six digits


def test_nobody_gone_is_the_paired_change() -> None:
    own, (scores, participants) = study(), draw(gone=False)
    made = impute_scales(own, scores, participants)
    table = imputed_change_table(own, made)
    wide = scores.pivot_table(index="participant", columns="wave", values="score")
    change = (wide["t3"] - wide["t1"])[participants.set_index("participant")["arm"] == "b"].mean()
    rows = table[(table["wave"] == "t3") & (table["by_arm"] == "b")]
    np.testing.assert_allclose(rows["estimate"].astype(float), change, rtol=1e-10)
    assert (tipping_tables(own, made).points["status"] == "nothing is imputed").all()
    assert tipping_tables(own, made).contours.empty


def test_an_arm_of_one_and_nobody_are_said() -> None:
    own, (scores, participants) = study(), draw()
    alone = participants.assign(arm=np.where(participants["participant"] == "p1", "b", "a"))
    table = imputed_change_table(own, impute_scales(own, scores, alone))
    assert set(table.loc[table["by_arm"] == "a", "status"]) == {"estimated"}
    assert "b" not in set(table["by_arm"])
    empty = scores[(scores["wave"] != "t3") | (scores["participant"] == "p0")]
    rows = imputed_change_table(own, impute_scales(own, empty[empty["wave"] != "t2"], participants))
    assert set(rows["status"]) == {"not estimable"}
    assert rows["method"].str.startswith("not imputed: ").all()
    points = tipping_tables(own, impute_scales(own, empty[empty["wave"] != "t2"], participants)).points
    assert set(points["status"]) == {"not estimable"}


def test_draws_are_of_what_is_missing_only() -> None:
    own, (scores, participants) = study(), draw()
    table = imputed_draws(own, scores, participants, "mood", rng=np.random.default_rng(1))
    again = imputed_draws(own, scores, participants, "mood", rng=np.random.default_rng(1))
    pd.testing.assert_frame_equal(table, again)
    there = set(map(tuple, scores[["participant", "wave"]].to_numpy()))
    assert len(table) == 3 * 90 - len(there)
    assert not {tuple(pair) for pair in table[["participant", "wave"]].to_numpy()} & there
    assert list(table.columns[4:]) == ["draw_1", "draw_2", "draw_3", "draw_4"]
    assert set(table["status"]) == {"estimated"}
    nothing = imputed_draws(own, scores[scores["wave"] == "t1"], participants, "mood", rng=np.random.default_rng(1))
    assert nothing["status"].tolist() == ["not estimable"]
