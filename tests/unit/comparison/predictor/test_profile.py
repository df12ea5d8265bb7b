"""Profile limits of Firth's logit: against a grid, in the limit of many people, and where a cell is empty."""

import numpy as np
import pytest
from scipy import optimize, special, stats

from increase_eval.comparison.engines.generalised_linear import _penalised, firth_logit, fit_generalised
from increase_eval.comparison.predictor.profile import firth_profile_interval

ITERATED = 1e-6  # two optimisers that stop by themselves


def two_by_two(a, b, c, d):
    """Give the design and outcomes of a table: a of a + b events at 0, c of c + d at 1."""
    x = np.repeat([0.0, 1.0], [a + b, c + d])
    y = np.concatenate([np.repeat([1.0, 0.0], [a, b]), np.repeat([1.0, 0.0], [c, d])])
    return np.column_stack([np.ones(x.size), x]), y


def penalised(table, intercept, slope):
    """The penalised likelihood of a two-by-two table: half the log of both cells' information is added."""
    a, b, c, d = table
    value = 0.0
    for events, none, eta in ((a, b, intercept), (c, d, intercept + slope)):
        p = special.expit(eta)
        value += events * np.log(p) + none * np.log(1 - p) + 0.5 * np.log((events + none) * p * (1 - p))
    return value


@pytest.mark.parametrize("table", [(3, 7, 6, 4), (0, 10, 4, 6), (0, 8, 8, 0)])
def test_limits_are_where_the_profile_of_the_closed_form_has_fallen_by_the_quantile(table):
    low, high = firth_profile_interval(*two_by_two(*table), 1)

    def best(slope):
        found = optimize.minimize_scalar(lambda b: -penalised(table, b, slope), bounds=(-20, 20), method="bounded")
        return -found.fun

    # In a saturated table Firth's estimate adds half a person to every cell.
    a, b, c, d = (value + 0.5 for value in table)
    top = best(np.log(c / d) - np.log(a / b))
    quantile = stats.chi2.ppf(0.95, 1)
    for limit in (low, high):
        assert 2 * (top - best(limit)) == pytest.approx(quantile, abs=1e-4)  # the bounded search stops at 1e-5


def test_with_many_people_limits_are_those_of_the_estimate_and_its_error():
    rng = np.random.default_rng(2)
    x = rng.normal(size=20_000)
    y = (rng.random(x.size) < special.expit(0.3 + 0.5 * x)).astype(float)
    matrix = np.column_stack([np.ones(x.size), x])
    fit = fit_generalised(matrix, y, ["one", "x"])
    error = np.sqrt(fit.vcov[1, 1])
    low, high = firth_profile_interval(matrix, y, 1)
    assert low == pytest.approx(fit.coefficients[1] - 1.96 * error, abs=0.02 * error)
    assert high == pytest.approx(fit.coefficients[1] + 1.96 * error, abs=0.02 * error)


def test_the_sign_of_a_column_turns_the_limits_round():
    matrix, y = two_by_two(0, 10, 4, 6)
    low, high = firth_profile_interval(matrix, y, 1)
    turned = matrix * np.array([1.0, -1.0])
    assert firth_profile_interval(turned, y, 1) == pytest.approx((-high, -low), abs=ITERATED)


def test_a_wider_confidence_gives_a_wider_interval():
    matrix, y = two_by_two(2, 8, 5, 5)
    narrow, wide = (firth_profile_interval(matrix, y, 1, confidence=c) for c in (0.8, 0.99))
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_a_group_of_two_people_does_not_keep_the_penalised_likelihood_from_its_maximum():
    # Scoring alone creeps here for hundreds of steps: the leverage of the two is nearly 1.
    rng = np.random.default_rng(5)
    x = np.column_stack([np.ones(300), rng.normal(size=300), np.arange(300) < 2])
    y = (rng.random(300) < special.expit(-1.5 + 0.4 * x[:, 1])).astype(float)
    beta, converged = firth_logit(x, y, np.ones(300))
    witness = optimize.minimize(lambda b: -_penalised(x, y, np.ones(300), b), np.zeros(3), method="BFGS", tol=1e-9)
    assert converged
    assert beta == pytest.approx(witness.x, abs=1e-4)  # the witness differentiates numerically
