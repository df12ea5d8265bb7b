"""What holds for every coefficient of reliability, whatever the answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from increase_eval.moments import PatternMoments
from increase_eval.scoring import cronbach_alpha, guttman_lambdas, intraclass_correlation, mcdonald_omega

# Two routes to the same sums of squares; differences beyond this are not rounding.
CLOSE = {"rtol": 1e-7, "atol": 1e-9}

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(3, 6)


def answers(seed: int, k: int, n: int = 40, missing: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, 1)) * rng.uniform(0.3, 2) + rng.normal(size=(n, k)) * rng.uniform(0.5, 2, size=k)
    values[rng.random(values.shape) < missing] = np.nan
    return pd.DataFrame(values, columns=[f"i{item}" for item in range(k)])


@given(seeds, sizes)
def test_lower_bounds_are_in_order_and_alpha_is_the_third(seed, k):
    items = answers(seed, k)
    lambdas = guttman_lambdas(items)
    assert np.isclose(lambdas["lambda3"], cronbach_alpha(items).estimate, **CLOSE)
    assert abs(lambdas["lambda1"]) <= abs(lambdas["lambda3"])
    assert lambdas["lambda3"] <= lambdas["lambda2"] + 1e-12
    # The mean over all splits is lambda1, and that of no split is nought.
    assert lambdas["lambda4"] >= max(lambdas["lambda1"], 0) - 1e-12
    assert lambdas["lambda6"] <= 1


@given(seeds, sizes, st.randoms(use_true_random=False))
def test_the_order_of_people_and_items_plays_no_part(seed, k, random):
    items = answers(seed, k, missing=0.05)
    columns = random.sample(list(items), k)
    mixed = items.sample(frac=1, random_state=seed)[columns]
    for missing in ("listwise", "pairwise"):
        one, two = cronbach_alpha(items, missing=missing), cronbach_alpha(mixed, missing=missing)
        assert np.isclose(one.estimate, two.estimate, **CLOSE)
        np.testing.assert_allclose(one.item_rest, two.item_rest[one.item_rest.index], **CLOSE)


@given(seeds, sizes, st.floats(0.01, 100), st.floats(-1e4, 1e4))
def test_a_change_of_unit_of_all_items_plays_no_part(seed, k, factor, shift):
    items = answers(seed, k)
    moved = items * factor + shift
    assert np.isclose(cronbach_alpha(items).estimate, cronbach_alpha(moved).estimate, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(guttman_lambdas(items), guttman_lambdas(moved), rtol=1e-6, atol=1e-8)


@given(seeds, sizes, st.integers(1, 39))
def test_moments_of_parts_give_the_same_as_rows(seed, k, cut):
    items = answers(seed, k, missing=0.05)
    parts = [PatternMoments.from_frame(rows, list(items)) for rows in (items.iloc[:cut], items.iloc[cut:])]
    for missing in ("listwise", "pairwise"):
        one, two = (cronbach_alpha(source, missing=missing) for source in (items, parts[0] + parts[1]))
        assert np.isclose(one.estimate, two.estimate, **CLOSE)
        assert (one.n, one.n_dropped) == (two.n, two.n_dropped)


@settings(max_examples=30)
@given(seeds, sizes)
def test_omega_in_standard_units_does_not_depend_on_units(seed, k):
    items = answers(seed, k, n=200)
    factors = np.random.default_rng(seed).uniform(0.1, 10, size=k)
    # Where an odd number of three correlations is negative, no factor gives them.
    assume((items.corr() > 0.05).all(axis=None))
    one, two = (mcdonald_omega(frame, metric="correlation") for frame in (items, items * factors))
    assume(one.status == "computed")
    assert np.isclose(one.total, two.total, rtol=1e-6)


@given(seeds, sizes)
def test_consistency_of_means_is_alpha(seed, k):
    items = answers(seed, k)
    icc = intraclass_correlation(items).set_index("type")["estimate"]
    assert np.isclose(icc["ICC3k"], cronbach_alpha(items).estimate, **CLOSE)


@given(seeds, sizes)
def test_raters_of_one_level_or_many_only_part_where_levels_differ(seed, k):
    items = answers(seed, k)
    shifted = items + np.arange(k) * 10
    before, after = (intraclass_correlation(frame).set_index("type")["estimate"] for frame in (items, shifted))
    assert np.isclose(before["ICC3"], after["ICC3"], **CLOSE)
    assert after["ICC1"] < before["ICC1"] + 1e-9
