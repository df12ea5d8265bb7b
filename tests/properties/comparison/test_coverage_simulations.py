"""How often intervals hold the truth: simulations, by hand, with their Monte Carlo error."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition import inverse_probability_weights, weighted_model
from increase_eval.comparison import cluster_robust, overlap_weights, wild_cluster_bootstrap
from increase_eval.comparison.adjustment.few_clusters import OK
from increase_eval.comparison.continuous.ancova import ancova

pytestmark = pytest.mark.slow

RUNS = 1000
MONTE_CARLO = 3 * np.sqrt(0.05 * 0.95 / RUNS)
"""Three standard errors of a share near 0.95 over the runs: 0.021."""


def clustered(rng: np.random.Generator) -> pd.DataFrame:
    sites = np.repeat(np.arange(10), rng.integers(15, 45, 10))
    effect = rng.normal(0, 0.5, 10)
    frame = pd.DataFrame({"site": sites, "arm": np.where(sites % 2 == 0, "a", "b"), "x": rng.normal(size=len(sites))})
    return frame.assign(y=0.5 * frame["x"] + effect[sites] + rng.normal(size=len(sites)))


def test_cr2_intervals_cover_with_ten_unequal_clusters() -> None:
    rng = np.random.default_rng(1)
    held = []
    for _ in range(RUNS):
        data = clustered(rng)
        row = cluster_robust(ancova("y ~ arm + x", data), data["site"]).coefficients.loc["arm[T.b]"]
        assert row["status"] == OK
        held.append(row["conf_low"] <= 0 <= row["conf_high"])
    assert np.mean(held) == pytest.approx(0.95, abs=MONTE_CARLO)


def test_the_wild_bootstrap_keeps_its_size_with_ten_clusters() -> None:
    rng = np.random.default_rng(2)
    rejected = []
    for _ in range(RUNS):
        data = clustered(rng)
        fit = ancova("y ~ arm + x", data)
        rejected.append(wild_cluster_bootstrap(fit, data["site"], term="arm[T.b]", draws=399, rng=rng).p_value <= 0.05)
    assert np.mean(rejected) <= 0.05 + MONTE_CARLO


def test_response_weights_remove_the_bias_and_their_intervals_cover() -> None:
    rng = np.random.default_rng(3)
    held, errors = [], []
    for _ in range(RUNS):
        x = rng.normal(size=400)
        answered = (rng.uniform(size=400) < 1 / (1 + np.exp(-x))).astype(int)
        data = pd.DataFrame({"id": range(400), "x": x, "answered": answered, "y": x + rng.normal(size=400)})
        weights = inverse_probability_weights("answered ~ x", data, subject="id")
        row = weighted_model("y ~ 1", data.assign(w=weights.values), weights="w", estimated=weights).coefficients.iloc[
            0
        ]
        errors.append(row["estimate"])
        held.append(row["conf_low"] <= 0 <= row["conf_high"])
    assert np.mean(errors) == pytest.approx(0, abs=3 * np.std(errors) / np.sqrt(RUNS) + 0.01)
    # weights with a long tail leave a normal interval somewhat short
    assert 0.90 <= np.mean(held) <= 0.95 + MONTE_CARLO


def test_overlap_weighted_contrasts_cover() -> None:
    rng = np.random.default_rng(4)
    held = []
    for _ in range(RUNS):
        x = rng.normal(size=400)
        arm = np.where(rng.uniform(size=400) < 1 / (1 + np.exp(-0.8 * x)), "b", "a")
        data = pd.DataFrame({"x": x, "arm": arm, "y": x + 0.3 * (arm == "b") + rng.normal(size=400)})
        row = overlap_weights("arm ~ x", data).contrasts("y").iloc[0]
        held.append(row["conf_low"] <= 0.3 <= row["conf_high"])
    assert np.mean(held) == pytest.approx(0.95, abs=MONTE_CARLO)
