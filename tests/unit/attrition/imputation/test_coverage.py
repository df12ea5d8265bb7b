"""Do the errors of an imputed effect hold what they promise where dropout is at random?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition import impute

RUNS = 400
EFFECT = 0.5
ROLES = {"outcome": "y", "subject": "id", "visit": "visit", "arm": "arm", "covariates": ["base:visit"]}


def trial(rng: np.random.Generator, n: int = 120) -> pd.DataFrame:
    """Two arms; the chance to leave after the first visit rises with a low score then, more so in the new arm."""
    new, base, own = np.arange(n) % 2, rng.normal(size=n), rng.normal(size=n)
    y = base[:, None] + own[:, None] + EFFECT * new[:, None] * [0.5, 1.0] + rng.normal(size=(n, 2))
    leaves = rng.random(n) < 1 / (1 + np.exp(0.5 + (0.5 + 0.5 * new) * y[:, 0]))
    y[leaves, 1] = np.nan
    columns = {"id": np.repeat(np.arange(n), 2), "visit": np.tile([1, 2], n), "arm": np.repeat(new, 2)}
    return pd.DataFrame({**columns, "base": np.repeat(base, 2), "y": y.reshape(-1)})


@pytest.mark.slow
@pytest.mark.parametrize("method", ["conditional-mean", "approximate-bayes", "bayes"])
def test_intervals_cover_the_effect_where_dropout_is_at_random(method) -> None:
    rng = np.random.default_rng(11)
    found = []
    for _ in range(RUNS):
        imputations = impute(trial(rng), **ROLES, method=method, draws=30, rng=rng)
        table = imputations.analyse("y ~ arm + base").set_index(["visit", "term"])
        found.append(table.loc[(2, "arm"), ["estimate", "std_error", "conf_low", "conf_high"]].astype(float))
    runs = pd.DataFrame(found)
    spread = runs["estimate"].std()
    covered = ((runs["conf_low"] < EFFECT) & (runs["conf_high"] > EFFECT)).mean()
    # Three Monte Carlo errors each; the error of a standard deviation is 1/root(2 runs) of it.
    assert abs(runs["estimate"].mean() - EFFECT) < 3 * spread / np.sqrt(RUNS)
    assert abs(covered - 0.95) < 3 * np.sqrt(0.95 * 0.05 / RUNS)
    assert runs["std_error"].mean() == pytest.approx(spread, rel=3 / np.sqrt(2 * RUNS))
