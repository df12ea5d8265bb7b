"""What must not matter to an imputation does not, and what must, does in proportion."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from increase_eval.attrition import impute

REFIT = 1e-6
"""Two fits of one model to data written differently end this close."""

STRATEGIES = st.sampled_from(["mar", "jr", "cr", "cir", "lmcf", "return-to-baseline"])
ROLES = {"outcome": "y", "subject": "id", "visit": "visit", "arm": "arm", "covariates": ["base:visit"]}


def people(seed: int) -> pd.DataFrame:
    """Two arms, three visits; everyone has the first, and one in four leaves after the first or the second."""
    rng = np.random.default_rng(seed)
    n = 40
    frame = pd.DataFrame({"id": np.arange(n), "arm": np.where(np.arange(n) % 2, "B", "A"), "base": rng.normal(size=n)})
    frame["last"] = np.where(np.arange(n) % 8 == 0, 1, np.where(np.arange(n) % 8 == 5, 2, 3))
    long = frame.merge(pd.DataFrame({"visit": [1, 2, 3]}), how="cross")
    long["y"] = long["base"] + np.repeat(rng.normal(size=n), 3) + 0.3 * long["visit"] + rng.normal(size=3 * n)
    long["y"] = long["y"].where(long["visit"] <= long["last"])
    return long.drop(columns="last")


def analysed(data, strategy, **options):
    return impute(data, **ROLES, strategy=strategy, reference="A", **options).analyse("y ~ arm + base")


@settings(max_examples=12)
@given(seed=st.integers(0, 10_000), strategy=STRATEGIES)
def test_order_of_rows_does_not_matter(seed, strategy) -> None:
    data = people(seed)
    first, second = analysed(data, strategy), analysed(data.sample(frac=1.0, random_state=seed), strategy)
    np.testing.assert_allclose(second["estimate"], first["estimate"], rtol=REFIT, atol=REFIT)
    np.testing.assert_allclose(second["std_error"], first["std_error"], rtol=REFIT)


@settings(max_examples=12)
@given(seed=st.integers(0, 10_000), strategy=STRATEGIES, shift=st.floats(-1e3, 1e3), scale=st.floats(0.01, 100.0))
def test_another_unit_of_the_outcome_moves_everything_with_it(seed, strategy, shift, scale) -> None:
    data = people(seed)
    first, second = analysed(data, strategy), analysed(data.assign(y=shift + scale * data["y"]), strategy)
    expected = scale * first["estimate"] + shift * (first["term"] == "Intercept")
    np.testing.assert_allclose(second["estimate"], expected, rtol=REFIT, atol=REFIT * scale)
    np.testing.assert_allclose(second["std_error"], scale * first["std_error"], rtol=REFIT)


@settings(max_examples=12)
@given(seed=st.integers(0, 10_000), strategy=STRATEGIES, amount=st.floats(-5.0, 5.0))
def test_delta_moves_imputed_values_alone_and_by_itself(seed, strategy, amount) -> None:
    data = people(seed)
    delta = pd.DataFrame({"visit": [3], "arm": ["B"], "delta": [amount]})
    still = impute(data, **ROLES, strategy=strategy, reference="A").completed()["y"]
    moved = impute(data, **ROLES, strategy=strategy, reference="A", delta=delta).completed()["y"]
    which = data["y"].isna() & (data["arm"] == "B") & (data["visit"] == 3)
    np.testing.assert_allclose(moved - still, amount * which, atol=1e-9)


@settings(max_examples=8)
@given(seed=st.integers(0, 10_000), strategy=st.sampled_from(["jr", "cr", "cir"]))
def test_reference_arm_is_missing_at_random(seed, strategy) -> None:
    data = people(seed)
    in_reference = data["arm"] == "A"
    based = impute(data, **ROLES, strategy=strategy, reference="A").completed()["y"]
    random = impute(data, **ROLES).completed()["y"]
    np.testing.assert_allclose(based[in_reference], random[in_reference], atol=1e-9)
    assert not np.allclose(based[~in_reference], random[~in_reference], atol=1e-9)


def test_rubin_errors_exceed_the_jackknife_under_jump_to_reference() -> None:
    # Information-anchored against repeated-sampling errors: the jump pulls the arms together in every sample.
    data = people(4)
    options = {"method": "approximate-bayes", "draws": 300, "rng": np.random.default_rng(6)}
    jackknife, rubin = analysed(data, "jr"), analysed(data, "jr", **options)
    last = (rubin["visit"] == 3) & (rubin["term"] == "arm[T.B]")
    assert rubin.loc[last, "std_error"].item() > jackknife.loc[last, "std_error"].item()
    assert rubin.loc[last, "estimate"].item() == pytest.approx(jackknife.loc[last, "estimate"].item(), abs=0.1)
