"""An indirect effect under an unmeasured common cause of mediator and outcome."""

import numpy as np
import pandas as pd
import pytest

from increase_eval.comparison import mediation
from increase_eval.comparison.predictor.indirect import indirect_sensitivity

LINEAR = 1e-8


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(20)
    t, z = rng.normal(size=(2, 500))
    m = 0.5 * t + 0.3 * z + rng.normal(size=500)
    return pd.DataFrame({"t": t, "z": z, "m": m, "y": 0.4 * m + 0.2 * t - 0.1 * z + rng.normal(size=500)})


def test_without_a_common_cause_it_is_the_product_of_coefficients(data):
    found = indirect_sensitivity("y ~ t + m + z", "m ~ t + z", data, treatment="t", mediator="m", rhos=np.array([0.0]))
    product = mediation("y ~ t + m + z", "m ~ t + z", data, treatment="t", mediator="m").indirect.estimate
    assert found.indirect == pytest.approx(product, abs=LINEAR)
    assert found.effects[0] == pytest.approx(product, abs=LINEAR)


def test_it_vanishes_at_the_correlation_that_is_named(data):
    options = {"treatment": "t", "mediator": "m"}
    rho = indirect_sensitivity("y ~ t + m + z", "m ~ t + z", data, **options).rho_at_nought
    at = indirect_sensitivity("y ~ t + m + z", "m ~ t + z", data, rhos=np.array([rho]), **options)
    assert at.effects[0] == pytest.approx(0.0, abs=1e-12)


def test_a_known_common_cause_is_taken_out():
    rng = np.random.default_rng(21)
    n, rho = 200_000, 0.5
    t = rng.normal(size=n)
    e2, e3 = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], n).T
    m = 0.5 * t + e2
    table = pd.DataFrame({"t": t, "m": m, "y": 0.3 * m + e3})
    found = indirect_sensitivity("y ~ t + m", "m ~ t", table, treatment="t", mediator="m", rhos=np.array([rho]))
    assert found.indirect > 0.3  # biased upwards: 0.5 x (0.3 + 0.5)
    assert found.effects[0] == pytest.approx(0.15, abs=0.01)  # five errors at this size


@pytest.mark.parametrize(
    ("outcome", "of_mediator", "options", "message"),
    [
        ("y ~ t + m", "m ~ t + z", {}, "the same terms"),
        ("y ~ t + m", "z ~ t", {}, "the mediator is 'm'"),
        ("y ~ z + m", "m ~ z", {}, "'t' is no term"),
        ("y ~ t + m", "m ~ t", {"rhos": np.array([1.0])}, "inside"),
    ],
)
def test_models_that_do_not_go_together_are_refused(data, outcome, of_mediator, options, message):
    with pytest.raises(ValueError, match=message):
        indirect_sensitivity(outcome, of_mediator, data, treatment="t", mediator="m", **options)
