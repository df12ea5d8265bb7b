"""The delete-a-group jackknife, against closed forms and against stacked estimating equations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition import inverse_probability_weights, weighted_model
from increase_eval.attrition.replicates import delete_a_group, jackknife_groups
from increase_eval.errors import InsufficientDataError

SAME_ORDER = 0.06
"""Jackknife and linearisation differ by a term of order 1/n: about 2 % at 300 people, and its own noise."""


def test_one_person_a_group_gives_the_error_of_a_mean() -> None:
    values = np.random.default_rng(1).normal(size=40)
    found = delete_a_group(lambda rows: np.array([values[rows].mean()]), np.arange(40))
    assert found.std_error[0] == pytest.approx(values.std(ddof=1) / np.sqrt(40), rel=1e-12)
    assert found.df[0] == 39


def test_groups_spread_over_strata() -> None:
    strata = np.repeat([0, 1], [30, 50])
    groups = jackknife_groups(80, 10, np.random.default_rng(2), strata=strata)
    counts = pd.crosstab(strata, groups)
    assert (counts.loc[0] == 3).all() and (counts.loc[1] == 5).all()


def test_replicates_that_fail_are_left_out_and_counted() -> None:
    values = np.arange(12.0)

    def estimate(rows):
        return np.array([values[rows].mean(), np.nan if not rows[0] else values[rows].max()])

    found = delete_a_group(estimate, np.arange(12))
    assert found.df.tolist() == [11, 10]
    assert found.n_failed == 1


def test_too_few_people_are_refused() -> None:
    with pytest.raises(InsufficientDataError):
        jackknife_groups(1, 5, np.random.default_rng(1))
    with pytest.raises(InsufficientDataError):
        delete_a_group(lambda rows: np.array([1.0]), np.zeros(5, dtype=np.int64))


def asked(n: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(8)
    x, g = rng.normal(size=n), rng.integers(0, 2, n)
    answered = rng.random(n) < 1 / (1 + np.exp(-0.3 - 0.9 * x + 0.5 * g))
    y = 1 + 0.8 * x + 0.3 * g + rng.normal(size=n)
    return pd.DataFrame(
        {"id": range(n), "x": x, "g": g, "answered": answered.astype(int), "y": np.where(answered, y, np.nan)}
    )


def test_stacked_equations_and_replicate_weights_agree() -> None:
    """Two roads to the error that counts the weights' estimation; taking weights as fixed leads elsewhere."""
    data = asked()

    def weigh(rows):
        return inverse_probability_weights("answered ~ x + g", data[rows], subject="id")

    def mean(rows):
        w, y = weigh(rows).values.to_numpy(), data.loc[rows, "y"].to_numpy()
        return np.array([np.average(y[w > 0], weights=w[w > 0])])

    everybody = weigh(np.ones(len(data), dtype=bool))
    own = data.assign(w=everybody.values)
    stacked = weighted_model("y ~ 1", own, weights="w", estimated=everybody).coefficients["std_error"].iloc[0]
    fixed = weighted_model("y ~ 1", own, weights="w").coefficients["std_error"].iloc[0]
    replicated = delete_a_group(mean, np.arange(len(data)))
    assert replicated.std_error[0] == pytest.approx(stacked, rel=SAME_ORDER)
    assert fixed > stacked * (1 + 2 * SAME_ORDER)
