"""Repeated-measures models against R mmrm 0.3.15 and emmeans 1.8.4.1 (see the JSON and the R script of each case).

The simulated case lies beside this file; the public ones are read from the reference folder.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from increase_eval.comparison import MmrmFit, fit_mmrm

HERE = Path(__file__).parent
REFERENCE = Path(os.environ.get("INCREASE_EVAL_REFERENCE", "/nowhere"))
needs_reference = [
    pytest.mark.reference,
    pytest.mark.skipif(not REFERENCE.exists(), reason="reference data are not here: set INCREASE_EVAL_REFERENCE"),
]

LIKELIHOOD = 1e-10  # relative; both are at the maximum, where errors are squared
COEFFICIENT = 1e-6  # relative, where R's recorded gradient is below 1e-7
LOOSE = 1e-4  # R stopped ar1 and adh, and the weighted and ML fits, at gradients of 1e-6 to 1e-4
P_VALUE = 1e-6

FEV = "FEV1 ~ RACE + SEX + ARMCD * AVISIT"
FEV_BASELINE = "FEV1 ~ ARMCD * AVISIT + FEV1_BL * AVISIT"
SIM = "y ~ base*visit + arm*visit"
DF = {
    "satterthwaite": {"df": "satterthwaite"},
    "kenward_roger": {"df": "kenward-roger"},
    "kenward_roger_linear": {},
    "empirical_CR0": {"standard_errors": "empirical"},
    "empirical_CR2": {"standard_errors": "empirical-bias-reduced"},
    "residual_df": {"df": "residual", "standard_errors": "empirical"},
    "between_within_df": {"df": "between-within"},
    "ml": {"reml": False},
}
STRUCTURES = ["cs", "csh", "ar1", "ar1h", "toep", "toeph", "ad", "adh"]


@cache
def numbers(case: str) -> dict[str, Any]:
    folder = HERE if (HERE / f"{case}.json").exists() else REFERENCE
    return json.loads((folder / f"{case}.json").read_text())["numbers"]


@cache
def fev() -> pd.DataFrame:
    frame = pd.read_csv(REFERENCE / "data_fev.csv").merge(pd.read_csv(REFERENCE / "data_fev_weights.csv"))
    return frame.assign(SEX=pd.Categorical(frame["SEX"], ["Male", "Female"]))


@cache
def fit_fev(formula: str = FEV, **options: Any) -> MmrmFit:
    return fit_mmrm(formula, fev(), subject="USUBJID", visit="AVISIT", **options)


@cache
def fit_sim(**options: Any) -> MmrmFit:
    return fit_mmrm(SIM, pd.read_csv(HERE / "data_sim_fourarm_long.csv"), subject="id", visit="visit", **options)


CASES = [
    pytest.param("mmrm_sim_fourarm", fit_sim, id="sim"),
    pytest.param("mmrm_fev_unstructured", fit_fev, id="fev", marks=needs_reference),
]


def assert_coefficients(fit: MmrmFit, table: dict[str, list[float]], rtol: float = COEFFICIENT) -> None:
    ours = fit.coefficients
    parts = [sorted(name.replace("[T.", "").replace("]", "").split(":")) for name in ours.index]
    theirs = [sorted(name.replace("(Intercept)", "Intercept").split(":")) for name in table["term"]]
    assert parts == theirs
    np.testing.assert_allclose(ours["estimate"], table["Estimate"], rtol=rtol)
    np.testing.assert_allclose(ours["std_error"], table["Std. Error"], rtol=rtol)
    np.testing.assert_allclose(ours["df"], table["df"], rtol=rtol)
    np.testing.assert_allclose(ours["statistic"], table["t value"], rtol=rtol)
    np.testing.assert_allclose(ours["p_value"], table["Pr(>|t|)"], atol=P_VALUE if rtol < LOOSE else LOOSE)


def assert_core(fit: MmrmFit, core: dict[str, Any], rtol: float = COEFFICIENT) -> None:
    assert (fit.n_obs, fit.n_subjects) == (core["n_obs"], core["n_subjects"])
    assert fit.log_likelihood == pytest.approx(core["loglik"], rel=LIKELIHOOD)
    assert fit.aic == pytest.approx(core["AIC"], rel=LIKELIHOOD)
    assert fit.bic == pytest.approx(core["BIC"], rel=LIKELIHOOD)
    theirs = core["residual_covariance"]
    if isinstance(fit.covariance, dict):
        for group, matrix in fit.covariance.items():
            np.testing.assert_allclose(matrix, theirs[group]["values"], rtol=10 * rtol)
    else:
        np.testing.assert_allclose(fit.covariance, theirs["values"], rtol=10 * rtol)


def assert_table(ours: pd.DataFrame, theirs: dict[str, Any]) -> None:
    for column, names in {
        "estimate": ("emmean", "estimate"),
        "std_error": ("SE",),
        "df": ("df",),
        "statistic": ("t.ratio",),
        "conf_low": ("lower.CL",),
        "conf_high": ("upper.CL",),
    }.items():
        found = next(theirs[name] for name in names if name in theirs)
        np.testing.assert_allclose(ours[column], np.atleast_1d(found), rtol=COEFFICIENT)
    np.testing.assert_allclose(ours["p_value"], np.atleast_1d(theirs["p.value"]), atol=P_VALUE)


@pytest.mark.parametrize(("case", "fit"), CASES)
@pytest.mark.parametrize("method", DF)
def test_coefficients_with_every_kind_of_df_and_error(case, fit, method):
    loose = case == "mmrm_fev_unstructured" and method == "ml"
    assert_coefficients(fit(**DF[method]), numbers(case)[method]["coefficients"], LOOSE if loose else COEFFICIENT)


@pytest.mark.parametrize(("case", "fit"), CASES)
@pytest.mark.parametrize("reml", [True, False])
def test_likelihood_and_covariance(case, fit, reml):
    found = numbers(case)["core"] if reml else numbers(case)["ml"]["core"]
    assert_core(fit(df="satterthwaite", reml=reml), found, LOOSE if not reml else COEFFICIENT)


@pytest.mark.parametrize(("case", "fit"), CASES)
@pytest.mark.parametrize(
    ("method", "matrix"),
    [
        ("satterthwaite", "vcov_beta"),
        ("kenward_roger", "vcov_beta_adjusted"),
        ("kenward_roger_linear", "vcov_beta_adjusted"),
        ("empirical_CR0", "vcov"),
        ("empirical_CR2", "vcov"),
    ],
)
def test_covariance_of_the_coefficients(case, fit, method, matrix):
    found = numbers(case)
    theirs = np.array((found if matrix == "vcov_beta" else found[method])[matrix]["values"])
    size = np.sqrt(np.outer(np.diag(theirs), np.diag(theirs)))
    assert np.abs((fit(**DF[method]).vcov.to_numpy() - theirs) / size).max() < COEFFICIENT


@pytest.mark.parametrize(("case", "fit"), CASES)
@pytest.mark.parametrize("method", ["satterthwaite", "kenward_roger", "kenward_roger_linear"])
def test_means_contrasts_and_f_tests(case, fit, method):
    found, model = numbers(case)[method], fit(**DF[method])
    factor, visit = ("arm", "visit") if case == "mmrm_sim_fourarm" else ("ARMCD", "AVISIT")
    assert_table(model.means(factor, by=visit), found["by_visit"]["means"])
    assert_table(model.contrasts(factor, by=visit, kind="reference"), found["by_visit"]["contrasts"])
    crossed = f"{factor}:{visit}"
    terms = {"arm_main_terms": factor, "interaction": crossed, "all_arm_terms": [factor, crossed]}
    for name, term in terms.items():
        theirs, ours = found["tests"][name], model.test(term)
        assert ours.numerator_df == theirs["num_df"]
        assert ours.statistic == pytest.approx(theirs["f_stat"], rel=COEFFICIENT)
        assert ours.df == pytest.approx(theirs["denom_df"], rel=COEFFICIENT)
        assert ours.p_value == pytest.approx(theirs["p_val"], abs=P_VALUE)


@pytest.mark.parametrize(("case", "fit"), CASES)
def test_means_over_visits_and_with_proportional_weights(case, fit):
    found, model = numbers(case)["satterthwaite"], fit(df="satterthwaite")
    factor, visit = ("arm", "visit") if case == "mmrm_sim_fourarm" else ("ARMCD", "AVISIT")
    assert_table(model.means(factor), found["overall_average_of_visits"]["means"])
    assert_table(model.contrasts(factor, kind="reference"), found["overall_average_of_visits"]["contrasts"])
    if "by_visit_proportional_weights" in found:
        assert_table(
            model.means(factor, by=visit, weights="proportional"), found["by_visit_proportional_weights"]["means"]
        )


@pytest.mark.parametrize("adjust", ["tukey", "holm"])
def test_all_pairs_adjusted(adjust):
    found = numbers("mmrm_sim_fourarm")[f"all_pairwise_{adjust}"]
    ours = fit_sim(df="satterthwaite").contrasts("arm", by="visit", adjust=adjust)
    # The recorded contrasts are first minus later level, ours later minus first.
    np.testing.assert_allclose(ours["estimate"], -np.array(found["estimate"]), rtol=COEFFICIENT)
    np.testing.assert_allclose(ours["p_value"], found["p.value"], atol=P_VALUE)
    np.testing.assert_allclose(ours["std_error"], found["SE"], rtol=COEFFICIENT)
    np.testing.assert_allclose(ours["df"], found["df"], rtol=COEFFICIENT)


class TestPublicCases:
    pytestmark = needs_reference

    @pytest.mark.parametrize("covariance", STRUCTURES)
    def test_structures(self, covariance):
        found = numbers("mmrm_fev_other_structures")[covariance]
        rtol = LOOSE if covariance in ("ar1", "adh") else COEFFICIENT
        fit = fit_fev(covariance=covariance, df="satterthwaite")
        assert_core(fit, found["core"], rtol)
        assert_coefficients(fit, found["satterthwaite_coefficients"], rtol)
        theirs = np.array(found["vcov_beta"]["values"])
        size = np.sqrt(np.outer(np.diag(theirs), np.diag(theirs)))
        assert np.abs((fit.vcov.to_numpy() - theirs) / size).max() < 10 * rtol
        if "kenward_roger_coefficients" in found:
            fit = fit_fev(covariance=covariance, df="kenward-roger")
            assert_coefficients(fit, found["kenward_roger_coefficients"], rtol)

    def test_one_covariance_an_arm(self):
        found = numbers("mmrm_fev_other_structures")["us_by_arm"]
        fit = fit_fev(covariance_by="ARMCD", df="satterthwaite")
        assert_core(fit, found["core"])
        assert_coefficients(fit, found["coefficients"])

    @pytest.mark.parametrize("weights", [None, "w"])
    def test_baseline_by_visit_with_and_without_weights(self, weights):
        found = numbers("mmrm_fev_baseline_weighted")["weighted" if weights else "unweighted"]
        fit = fit_fev(FEV_BASELINE, weights=weights, df="satterthwaite")
        rtol = LOOSE if weights else COEFFICIENT
        assert_core(fit, found["core"], rtol)
        assert_coefficients(fit, found["coefficients"], rtol)
        if weights is None:
            assert_table(fit.means("ARMCD", by="AVISIT"), found["by_visit"]["means"])
            assert_table(fit.contrasts("ARMCD", by="AVISIT"), found["by_visit"]["contrasts"])

    @pytest.mark.parametrize("method", ["satterthwaite", "kenward_roger", "kenward_roger_linear"])
    def test_compound_symmetry(self, method):
        found = numbers("mmrm_fev_cs_vs_lme4")
        fit = fit_fev(covariance="cs", **DF[method])
        assert fit.log_likelihood == pytest.approx(found["mmrm_cs"]["loglik"], rel=LIKELIHOOD)
        assert_coefficients(fit, found["mmrm_cs"][method])

    def test_a_random_intercept_gives_the_same_likelihood_and_satterthwaite_df(self):
        found = numbers("mmrm_fev_cs_vs_lme4")["lmer"]
        fit = fit_fev(covariance="cs", df="satterthwaite")
        assert fit.log_likelihood == pytest.approx(found["reml_loglik"], rel=LIKELIHOOD)
        covariance = fit.covariance.to_numpy()
        assert np.sqrt(covariance[0, 1]) == pytest.approx(found["sd_intercept"], rel=LOOSE)
        assert np.sqrt(covariance[0, 0] - covariance[0, 1]) == pytest.approx(found["sigma"], rel=LOOSE)
        assert_coefficients(fit, found["satterthwaite"])
