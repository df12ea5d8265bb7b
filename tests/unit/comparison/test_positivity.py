"""Columns that no weight can adjust for: left out and named, or the few people who have nobody to be compared with."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.comparison import doubly_robust, overlap_weights
from increase_eval.comparison.adjustment.positivity import keep_shared_columns
from increase_eval.errors import ConvergenceError


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    frame = pd.DataFrame({"arm": rng.choice(list("abcd"), 400), "x": rng.normal(size=400)})
    frame["country"] = frame["arm"].map(dict(zip("abcd", ["england", "england", "france", "france"], strict=True)))
    frame["language"] = (frame["country"] == "france").astype(int)
    frame["sex"] = rng.choice(["f", "m"], 400)
    return frame.assign(y=frame["x"] + rng.normal(size=400))


def test_country_and_language_are_left_out_and_named(data) -> None:
    weights = overlap_weights("arm ~ x + country + language + sex", data)
    assert weights.left_out == ("country", "language")
    assert [note.split()[0] for note in weights.notes] == ["country", "language"]
    assert weights.values.to_numpy() == pytest.approx(overlap_weights("arm ~ x + sex", data).values.to_numpy())
    assert set(weights.balance["term"]) == {"x", "sex[T.m]"}


def test_products_with_such_a_column_go_with_it(data) -> None:
    assert keep_shared_columns("arm ~ country * x + C(language)", data).formula == "`arm` ~ 1 + `x`"


def test_where_arms_share_a_country_it_stays(data) -> None:
    shared = data.assign(country=np.where(data.index % 3, "england", "france"))
    kept = keep_shared_columns("arm ~ country + x", shared)
    assert kept.left_out == ()
    assert kept.formula == "arm ~ country + x"
    assert kept.rows.all()


def test_a_few_people_with_a_level_that_an_arm_lacks_go_and_the_column_stays(data) -> None:
    rare = data.assign(sex=data["sex"].where(data.index % 80 != 0, "x"))
    assert 0 < (rare["sex"] == "x").sum() < 20
    weights = overlap_weights("arm ~ x + sex", rare)
    assert weights.left_out == ()
    assert (weights.values[rare["sex"] == "x"] == 0).all()
    assert weights.n_dropped == (rare["sex"] == "x").sum()
    assert "sex" in weights.notes[0]
    assert weights.adjusted("y").n == 400 - weights.n_dropped


def test_missing_values_are_no_level(data) -> None:
    gaps = data.assign(sex=data["sex"].where((data["arm"] != "a") | (data["sex"] == "f")))
    assert keep_shared_columns("arm ~ sex + x", gaps).left_out == ("sex",)
    half = data.assign(sex=data["sex"].mask(data.index % 5 == 0))
    assert keep_shared_columns("arm ~ sex + x", half).left_out == ()


def test_with_nothing_left_to_adjust_for_it_is_refused(data) -> None:
    with pytest.raises(ConvergenceError, match="country, language separate the arms"):
        overlap_weights("arm ~ country + language", data)


def test_doubly_robust_means_leave_the_same_out(data) -> None:
    assert doubly_robust("y ~ arm + x", "arm ~ x + country", data).left_out == ("country",)
