"""Ranks: limits that are known, the normal model by integration, and coverage of the joint ranks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.comparison import rank_units
from increase_eval.errors import InsufficientDataError


def test_units_far_apart_have_one_rank_each() -> None:
    found = rank_units(pd.Series([0.0, 5.0, 10.0], index=list("abc")), [0.1] * 3, rng=np.random.default_rng(1)).table
    assert found["joint_low"].tolist() == found["joint_high"].tolist() == [3, 2, 1]
    assert found["rank_low"].tolist() == found["rank_high"].tolist() == [3, 2, 1]
    assert found["shrunken"].to_numpy() == pytest.approx([0, 5, 10], abs=0.05)


def test_units_that_cannot_be_told_apart_have_all_ranks() -> None:
    found = rank_units([0.0, 0.1, -0.1, 0.05], [1.0] * 4, rng=np.random.default_rng(1))
    assert (found.table["joint_low"] == 1).all()
    assert (found.table["joint_high"] == 4).all()
    assert (found.table["rank"] - 2.5).abs().max() < 0.3


def test_shrinkage_is_stronger_for_the_unit_that_is_less_sure() -> None:
    found = rank_units([1.0, 1.0, -1.0, -1.0], [0.1, 1.0, 0.1, 1.0], rng=np.random.default_rng(1)).table
    assert found["shrunken"][0] > found["shrunken"][1] > 0
    assert 0 < found.loc[0, "shrunken_high"] - found.loc[0, "shrunken_low"] < 0.5


def test_posterior_means_are_those_of_numerical_integration() -> None:
    y, s = np.array([0.3, -0.2, 0.6, 0.1]), np.array([0.2, 0.3, 0.25, 0.15])
    tau = (np.arange(4000) + 0.5) * (np.ptp(y) + 4 * s.max()) / 4000
    v = tau[:, None] ** 2 + s**2
    mu = (y / v).sum(axis=1) / (1 / v).sum(axis=1)
    log_density = -0.5 * (np.log(v) + (y - mu[:, None]) ** 2 / v).sum(axis=1) - 0.5 * np.log((1 / v).sum(axis=1))
    weight = np.exp(log_density - log_density.max())
    share = tau[:, None] ** 2 / v
    expected = weight @ (share * y + (1 - share) * mu[:, None]) / weight.sum()
    found = rank_units(y, s, rng=np.random.default_rng(4), draws=40_000).table["shrunken"].to_numpy()
    # four Monte Carlo errors: posterior standard deviations are near 0.2, over the root of 40,000
    assert found == pytest.approx(expected, abs=0.004)


def test_joint_ranks_hold_for_all_units_at_once_as_often_as_they_say() -> None:
    rng = np.random.default_rng(5)
    truth, s = np.array([0.0, 0.2, 0.4, 0.8]), np.full(4, 0.25)
    true_rank = np.array([4, 3, 2, 1])
    held = 0
    for _ in range(300):
        table = rank_units(rng.normal(truth, s), s, rng=rng, draws=500).table
        held += bool(((table["joint_low"] <= true_rank) & (true_rank <= table["joint_high"])).all())
    # at least 95 %; three Monte Carlo errors of 300 replicates are 3.8 points
    assert held / 300 > 0.91


def test_the_table_in_the_common_shape_and_refusals() -> None:
    table = rank_units([1.0, 2.0], [0.3, 0.3], units=["p", "q"], rng=np.random.default_rng(1)).to_frame()
    assert set(table["term"]) == {"estimate", "shrunken", "rank", "joint rank"}
    assert set(table["by_unit"]) == {"p", "q"}
    with pytest.raises(InsufficientDataError, match="two units"):
        rank_units([1.0], [0.1], rng=np.random.default_rng(1))
    with pytest.raises(ValueError, match="not above 0"):
        rank_units([1.0, 2.0], [0.1, 0.0], rng=np.random.default_rng(1))
    with pytest.raises(ValueError, match="one of each"):
        rank_units([1.0, 2.0], [0.1], rng=np.random.default_rng(1))
