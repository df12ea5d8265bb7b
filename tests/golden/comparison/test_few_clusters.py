"""Cluster-robust errors against R (clubSandwich): seven occupations as clusters."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.formula.api as smf

from increase_eval.comparison import ancova, cluster_robust

FORMULA = "depress2 ~ treat + econ_hard + depress1"
VARIANCE = 1e-6
DEGREES_OF_FREEDOM = 1e-4
"""Both are the reference's own tolerances."""


@pytest.fixture(params=["ours", "statsmodels"])
def fit(request, jobs):
    return ancova(FORMULA, jobs) if request.param == "ours" else smf.ols(FORMULA, jobs).fit()


@pytest.mark.parametrize("kind", ["CR0", "CR1", "CR1S", "CR2", "CR3"])
def test_variance_and_degrees_of_freedom(case, jobs, fit, kind) -> None:
    expected = case("cluster_robust_jobs")[kind]
    result = cluster_robust(fit, jobs["occp"], kind=kind)
    assert result.vcov == pytest.approx(np.array(expected["vcov"]["values"]), rel=VARIANCE)
    table, satterthwaite = result.coefficients, expected["satterthwaite"]
    assert table["estimate"].to_numpy() == pytest.approx(np.array(satterthwaite["beta"]), rel=VARIANCE)
    assert table["std_error"].to_numpy() == pytest.approx(np.array(satterthwaite["SE"]), rel=VARIANCE)
    assert table["df"].to_numpy() == pytest.approx(np.array(satterthwaite["df_Satt"]), rel=DEGREES_OF_FREEDOM)
    assert table["p_value"].to_numpy() == pytest.approx(np.array(satterthwaite["p_Satt"]), rel=1e-3, abs=1e-9)
    assert set(table["status"]) == {"ok"}


def test_joint_test(case, jobs, fit) -> None:
    expected = case("cluster_robust_jobs")["CR2"]["wald_HTZ_all_slopes"]
    test = cluster_robust(fit, jobs["occp"], kind="CR2").test(["treat", "econ_hard", "depress1"])
    # clubSandwich gives the numbers on 3.01 denominator degrees of freedom: so do we, and say what they are worth.
    assert test.status.startswith("not to be relied on")
    assert test.statistic == pytest.approx(expected["Fstat"], rel=VARIANCE)
    assert test.df_num == expected["df_num"]
    assert test.df_denom == pytest.approx(expected["df_denom"], rel=DEGREES_OF_FREEDOM)
    assert test.p_value == pytest.approx(expected["p_val"], rel=1e-4)
