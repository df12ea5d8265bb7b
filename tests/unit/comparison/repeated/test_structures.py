from __future__ import annotations

import numpy as np
import pytest

from increase_eval.comparison.repeated.structures import STRUCTURES, make_structure

PARAMETERS = {"us": 10, "toep": 4, "toeph": 7, "ar1": 2, "ar1h": 5, "cs": 2, "csh": 5, "ad": 4, "adh": 7}


@pytest.mark.parametrize("code", STRUCTURES)
@pytest.mark.parametrize("m", [1, 2, 3, 5])
def test_derivatives_are_those_of_the_entries(code, m):
    structure = make_structure(code, m)
    k, h = structure.n_parameters, 1e-5
    theta = 0.4 * np.random.default_rng(m).normal(size=(2, k))
    theta[0, -1] = 0.0  # where a correlation vanishes, so does its power, but not its slope
    found = structure.derivatives(theta)
    np.testing.assert_allclose(structure.square(found.entries), structure.covariance(theta))
    for i in range(k):
        up, down = (structure.derivatives(theta + sign * h * np.eye(k)[i]) for sign in (1, -1))
        np.testing.assert_allclose(found.jacobian[..., i], (up.entries - down.entries) / (2 * h), atol=1e-7)
        np.testing.assert_allclose(found.second[..., i], (up.jacobian - down.jacobian) / (2 * h), atol=1e-7)


@pytest.mark.parametrize("code", STRUCTURES)
def test_number_of_parameters_for_four_visits(code):
    assert make_structure(code, 4).n_parameters == PARAMETERS[code]


def test_unstructured_is_d_l_l_d():
    # D = diag(e^0.1, e^0.2), L = [[1, 0], [0.5, 1]]: (D L)(D L)'
    sigma = make_structure("us", 2).covariance(np.array([[0.1, 0.2, 0.5]]))[0]
    D, L = np.diag(np.exp([0.1, 0.2])), np.array([[1.0, 0.0], [0.5, 1.0]])
    np.testing.assert_allclose(sigma, D @ L @ (D @ L).T)


def test_patterns_of_correlation():
    rho = 0.6 / np.sqrt(1 + 0.36)
    other = -0.2 / np.sqrt(1 + 0.04)
    ar1 = make_structure("ar1", 3).covariance(np.array([[0.0, 0.6]]))[0]
    np.testing.assert_allclose(ar1, [[1, rho, rho**2], [rho, 1, rho], [rho**2, rho, 1]])
    toep = make_structure("toep", 3).covariance(np.array([[0.0, 0.6, -0.2]]))[0]
    np.testing.assert_allclose(toep, [[1, rho, other], [rho, 1, rho], [other, rho, 1]])
    ad = make_structure("ad", 3).covariance(np.array([[0.0, 0.6, -0.2]]))[0]
    np.testing.assert_allclose(ad, [[1, rho, rho * other], [rho, 1, other], [rho * other, other, 1]])
    csh = make_structure("csh", 2).covariance(np.array([[0.3, 0.1, 0.6]]))[0]
    np.testing.assert_allclose(csh, [[np.exp(0.6), rho * np.exp(0.4)], [rho * np.exp(0.4), np.exp(0.2)]])


@pytest.mark.parametrize("code", STRUCTURES)
def test_a_start_is_positive_definite_whatever_the_residuals_say(code):
    correlations = np.array([[1.0, 0.99, -0.99], [0.99, 1.0, 0.99], [-0.99, 0.99, 1.0]])
    structure = make_structure(code, 3)
    start = structure.start(np.array([1e-4, 1.0, 1e4]), correlations)
    deviations = np.sqrt(np.diag(structure.covariance(start[None])[0]))
    assert np.linalg.eigvalsh(structure.covariance(start[None])[0] / np.outer(deviations, deviations))[0] > 0.01


def test_unknown_codes_are_refused():
    with pytest.raises(ValueError, match="allowed: us, toep"):
        make_structure("arma", 3)
