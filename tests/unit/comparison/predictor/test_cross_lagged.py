"""The cross-lagged model's limits and properties; its numbers are held against lavaan in the golden tests."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from increase_eval.comparison.predictor.cross_lagged import fit_cross_lagged
from increase_eval.errors import ConvergenceError, InsufficientDataError

FIRST, SECOND = ["x1", "x2", "x3"], ["y1", "y2", "y3"]
CONVERGED = 1e-5  # iterated twice from different scales
GOLDEN = Path(__file__).parents[3] / "golden" / "comparison" / "data_cross_lagged.csv"


@pytest.fixture(scope="module")
def wide():
    return pd.read_csv(GOLDEN)


@pytest.fixture(scope="module")
def fit(wide):
    return fit_cross_lagged(wide, FIRST, SECOND)


def test_paths_follow_the_units_of_the_measures(wide, fit):
    other = fit_cross_lagged(wide.assign(**{name: 10 * wide[name] + 5 for name in FIRST}), FIRST, SECOND)
    across, own = "x -> y, 1 to 2", "x -> x, 2 to 3"
    for column in ("estimate", "std_error"):
        scaled = 10 * other.coefficients.loc[across, column]
        assert scaled == pytest.approx(fit.coefficients.loc[across, column], abs=CONVERGED)
        assert other.coefficients.loc[own, column] == pytest.approx(fit.coefficients.loc[own, column], abs=CONVERGED)
    assert other.chi_square == pytest.approx(fit.chi_square, abs=CONVERGED)


def test_exchanging_the_measures_exchanges_the_paths(wide, fit):
    other = fit_cross_lagged(wide, SECOND, FIRST)
    assert other.coefficients.loc["y -> x, 2 to 3", "estimate"] == pytest.approx(
        fit.coefficients.loc["x -> y, 2 to 3", "estimate"], abs=CONVERGED
    )
    assert other.log_likelihood == pytest.approx(fit.log_likelihood, abs=CONVERGED)


def test_the_order_of_people_does_not_matter(wide, fit):
    other = fit_cross_lagged(wide.sample(frac=1, random_state=1), FIRST, SECOND)
    assert other.coefficients["estimate"].to_numpy() == pytest.approx(
        fit.coefficients["estimate"].to_numpy(), abs=CONVERGED
    )


def test_terms_have_the_names_that_are_given(wide):
    fit = fit_cross_lagged(wide, FIRST, SECOND, waves=["t1", "t2", "t3"], names=("efficacy", "wellbeing"))
    assert "efficacy -> wellbeing, t1 to t2" in fit.coefficients.index
    assert set(fit.to_frame()["n"]) == {700}


def test_few_people_are_refused(wide):
    with pytest.raises(InsufficientDataError, match="refused under 200"):
        fit_cross_lagged(wide.head(150), FIRST, SECOND)


def test_two_waves_are_refused(wide):
    with pytest.raises(ValueError, match="three or more"):
        fit_cross_lagged(wide, FIRST[:2], SECOND[:2])


def test_a_heywood_case_is_refused():
    # Without anything stable and with waves that alternate, the stable parts come out below nought.
    rng = np.random.default_rng(4)
    w = rng.normal(size=(600, 2))
    columns = []
    for _ in range(3):
        columns.append(w)
        w = -0.6 * w + rng.normal(size=(600, 2)) * 0.5
    wide = pd.DataFrame(np.hstack(columns), columns=["x1", "y1", "x2", "y2", "x3", "y3"])
    wide = wide.assign(x3=wide["x3"] - 0.8 * wide["x1"], y3=wide["y3"] - 0.8 * wide["y1"])
    with pytest.raises(ConvergenceError):
        fit_cross_lagged(wide, FIRST, SECOND)


@pytest.mark.slow
def test_intervals_hold_the_paths_as_often_as_they_say():
    rng = np.random.default_rng(30)
    true, hits = 0.2, []
    for _ in range(200):
        stable = rng.multivariate_normal([0, 0], [[0.5, 0.2], [0.2, 0.5]], 800)
        w = rng.multivariate_normal([0, 0], [[0.6, 0.1], [0.1, 0.6]], 800)
        waves = [stable + w]
        for _ in range(2):
            w = w @ np.array([[0.3, true], [0.1, 0.3]]) + rng.normal(size=(800, 2)) * 0.6
            waves.append(stable + w)
        wide = pd.DataFrame(np.hstack(waves), columns=["x1", "y1", "x2", "y2", "x3", "y3"])
        wide.loc[rng.random(800) < 0.3, ["x3", "y3"]] = np.nan
        row = fit_cross_lagged(wide, FIRST, SECOND).coefficients.loc["x -> y, 1 to 2"]
        hits.append(row["conf_low"] <= true <= row["conf_high"])
    assert 0.90 < np.mean(hits) < 0.99  # three Monte Carlo errors of 0.95 are 0.046
