"""Our scores beside those that the files ship: what counts as agreeing, compared and left out."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from increase_eval.scoring import compare_with_shipped, score_waves
from increase_eval.study import Study, load_study

TINY = load_study(Path(__file__).parents[2] / "data" / "tiny")


def study_with_shipped() -> Study:
    scales = tuple(
        scale.model_copy(update={"shipped_score": "theirs"}) if scale.id == "confidence" else scale
        for scale in TINY.instruments.scales
    )
    return TINY.model_copy(update={"instruments": TINY.instruments.model_copy(update={"scales": scales})})


def waves(*theirs) -> dict[str, pd.DataFrame]:
    count = len(theirs[0])
    base = {"participant": [f"p{row}" for row in range(count)], "c1": [1] * count, "c2": [2] * count, "c3": [3] * count}
    return {f"t{place + 1}": pd.DataFrame({**base, "theirs": column}) for place, column in enumerate(theirs)}


def agreement(frames, **options) -> pd.Series:
    study = study_with_shipped()
    table = compare_with_shipped(study, frames, score_waves(study, frames), **options)
    assert table["outcome"].tolist() == ["confidence"]
    return table.iloc[0]


def test_rows_agree_within_the_tolerance_and_are_compared_where_both_scores_are_there():
    row = agreement(waves([6, 6.0000005, 6.1, None], [6, 7, None, None]))
    assert (row["estimate"], row["n"], row["n_dropped"]) == (3, 5, 3)
    assert row["term"] == "agreeing rows"
    assert "1e-06" in row["method"]


def test_the_tolerance_is_an_option():
    assert agreement(waves([6, 6.1]), tolerance=0.2)["estimate"] == 2
    assert agreement(waves([6, 6.0000005]), tolerance=0)["estimate"] == 1
    with pytest.raises(ValueError, match="tolerance is -1"):
        agreement(waves([6]), tolerance=-1)


def test_a_score_that_only_they_have_is_dropped_and_counted():
    frames = waves([6, 6])
    frames["t1"].loc[0, "c1"] = None
    row = agreement(frames)
    assert (row["estimate"], row["n"], row["n_dropped"]) == (1, 1, 1)


def test_without_their_column_nothing_is_compared():
    row = agreement({wave: frame.drop(columns="theirs") for wave, frame in waves([6, 6]).items()})
    assert (row["estimate"], row["n"], row["n_dropped"]) == (0, 0, 2)


def test_a_study_that_ships_no_scores_has_an_empty_table_with_its_columns():
    table = compare_with_shipped(TINY, {}, score_waves(TINY, {}))
    assert len(table) == 0
    assert {"outcome", "estimate", "n", "n_dropped"} <= set(table.columns)
