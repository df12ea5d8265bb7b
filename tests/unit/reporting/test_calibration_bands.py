"""Bands of the response model's calibration: joined until none is small, counted by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from increase_eval.comparison import proportion_interval
from increase_eval.reporting.calibration_bands import banded_calibration
from increase_eval.results import estimate_table


def stored(left, n=20, wave="t2"):
    rows = []
    for number, count in enumerate(left, start=1):
        base = {"term": str(number), "n": n, "wave": wave, "by_model": "wave by wave", "status": "ok"}
        rows.append({**base, "contrast": "observed", "estimate": count / n, "method": "Wilson interval"})
        rows.append({**base, "contrast": "predicted", "estimate": number / 20, "method": "mean probability"})
    return estimate_table(rows, outcome="left")


def band(left, threshold=10, **options):
    return banded_calibration(stored(left, **options), threshold=threshold, confidence=0.95)


def observed(table):
    return table[table["contrast"] == "observed"]


def test_neighbours_are_joined_until_enough_left_and_enough_stayed():
    # 4 + 6 left of 40: 10 and 30; then 10 of 20; then 19 of 20 stays open, and 15 of 20 joins it: 34 left, 6 stayed.
    table = band([4, 6, 10, 19, 15])
    own = observed(table)
    assert own["n"].tolist() == [40, 60]
    assert (own["estimate"] * own["n"].astype(float)).round(9).tolist() == [10, 44]
    predicted = table[table["contrast"] == "predicted"]["estimate"].tolist()
    # Tenths of 0.05 and 0.10; of 0.15, 0.20 and 0.25.
    assert predicted == pytest.approx([0.075, 0.20])
    ends = proportion_interval(10, 40)
    assert own[["conf_low", "conf_high"]].iloc[0].tolist() == [ends.conf_low, ends.conf_high]


def test_no_band_and_no_rest_is_small():
    for left in ([1, 2, 3, 12, 17, 20], [10, 10, 1], [0, 0, 20, 20, 11, 9]):
        own = observed(band(left))
        gone = (own["estimate"] * own["n"].astype(float)).round()
        assert (gone >= 10).all()
        assert (own["n"] - gone >= 10).all()
        assert own.empty or own["n"].sum() == 20 * len(left)


def test_a_wave_with_one_band_is_left_out_and_the_others_stay():
    both = pd.concat([stored([1, 2, 3]), stored([10, 10], wave="t3")], ignore_index=True)
    table = banded_calibration(both, threshold=10, confidence=0.95)
    assert set(table["wave"]) == {"t3"}
    assert list(table.columns) == list(both.columns)


def test_a_table_without_anything_keeps_its_columns():
    empty = stored([1])
    table = banded_calibration(empty, threshold=10, confidence=0.95)
    assert table.empty
    assert list(table.columns) == list(empty.columns)
