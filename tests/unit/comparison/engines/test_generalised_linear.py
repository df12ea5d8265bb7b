"""Logits with steep boundaries: fitted where a maximum exists, by the penalty of Firth where none does, never lost."""

import numpy as np
import pytest
from scipy import optimize, special

from increase_eval.comparison.engines.generalised_linear import fit_generalised


def steep(seed, *, slope, scale=1.0):
    """Draw three groups and two numbers; outcomes follow the first number, the more sharply the larger the slope."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 3, 60)
    numbers = rng.normal(size=(60, 2))
    x = np.column_stack([np.ones(60), group == 1, group == 2, numbers * scale])
    eta = numbers[:, 0] * slope
    y = (eta > 0).astype(float) if np.isinf(slope) else (rng.random(60) < special.expit(eta)).astype(float)
    return x, y


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("slope", [1.0, 8.0, 50.0, np.inf])
@pytest.mark.parametrize("scale", [0.01, 1.0, 500.0])
def test_whatever_the_boundary_there_is_a_fit(seed, slope, scale):
    x, y = steep(seed, slope=slope, scale=scale)
    fit = fit_generalised(x, y, list("abcde"), firth_if_separated=True)
    assert np.isfinite(fit.coefficients).all()
    assert fit.is_separated or np.abs(x.T @ (y - fit.fitted)).max() < 1e-6 * scale * 60


def test_probabilities_that_round_to_one_do_not_keep_the_maximum_from_being_found():
    # One person on the wrong side: a maximum exists, and linear predictors reach past 37, where 1 - p rounds to 0.
    x = np.column_stack([np.ones(41), np.linspace(-20, 20, 41)])
    y = (x[:, 1] > 0).astype(float)
    y[19] = 1.0
    y[21] = 0.0
    fit = fit_generalised(x, y, ["one", "x"])
    loss = lambda b: -(y * (x @ b) - np.logaddexp(0, x @ b)).sum()  # noqa: E731
    witness = optimize.minimize(loss, np.zeros(2), method="BFGS", tol=1e-10)
    assert not fit.is_separated
    assert fit.coefficients == pytest.approx(witness.x, abs=1e-5)  # the witness differentiates numerically
