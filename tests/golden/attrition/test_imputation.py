"""Imputation under reference-based strategies, deltas and approximate Bayes against R (rbmi)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition import Conclusion, impute, tipping_point

FOLDER = Path(__file__).parent
RBMI = 1e-9
"""Ten thousand times closer than the reference's own tolerance: both sides' fits end at a gradient of nearly nought."""
P_VALUE = 1e-8
"""A p value magnifies the relative error of its statistic."""


@pytest.fixture(scope="module")
def trial() -> pd.DataFrame:
    """Arms A (the reference) and C of the simulated trial, one person without any outcome included."""
    return pd.read_csv(FOLDER / "data_rbmi_AC_long.csv")


def fill(trial, **options):
    return impute(trial, outcome="y", subject="id", visit="visit", arm="arm", covariates=["base:visit"], **options)


def effects(imputations) -> pd.DataFrame:
    table = imputations.analyse("y ~ arm + base")
    return table[table["term"] == "arm[T.C]"].set_index("visit")


def reference(pooled) -> pd.DataFrame:
    table = pd.DataFrame(pooled)
    table = table[table["parameter"].str.startswith("trt_")]
    return table.set_index(table["parameter"].str.removeprefix("trt_"))


def compare(found, pooled) -> None:
    expected = reference(pooled)
    assert list(found.index) == list(expected.index)
    for ours, theirs in (("estimate", "est"), ("std_error", "se"), ("conf_low", "lci"), ("conf_high", "uci")):
        np.testing.assert_allclose(found[ours], expected[theirs], rtol=RBMI)
    np.testing.assert_allclose(found["p_value"], expected["pval"], rtol=P_VALUE)
    assert (found["variance"] == "jackknife").all()


@pytest.mark.parametrize("strategy", ["JR", "CR", "CIR"])
def test_reference_based_conditional_means_with_jackknife(case, trial, strategy) -> None:
    imputations = fill(trial, strategy=strategy.lower(), reference="A")
    expected = pd.read_csv(FOLDER / f"data_rbmi_AC_imputed_{strategy}.csv")
    np.testing.assert_allclose(imputations.completed()["y"], expected["y"], rtol=RBMI)
    compare(effects(imputations), case("mi_rbmi_condmean_AC_reference")[strategy]["pooled"])


def test_missing_at_random(case, trial) -> None:
    imputations = fill(trial)
    expected = pd.read_csv(FOLDER / "data_rbmi_AC_imputed_MAR.csv")
    np.testing.assert_allclose(imputations.completed()["y"], expected["y"], rtol=RBMI)
    compare(effects(imputations), case("mi_rbmi_condmean_AC_mar_delta")["MAR"]["pooled"])


def test_means_of_each_arm_at_the_mean_baseline(case, trial) -> None:
    table = fill(trial, strategy="cir", reference="A").analyse("y ~ arm + base").pivot(index="visit", columns="term")
    mean = table["estimate"]["Intercept"] + table["estimate"]["base"] * trial["base"].mean()
    pooled = pd.DataFrame(case("mi_rbmi_condmean_AC_reference")["CIR"]["pooled"]).set_index("parameter")["est"]
    for visit in table.index:
        assert mean[visit] == pytest.approx(pooled[f"lsm_ref_{visit}"], rel=RBMI)


def test_delta_by_person_after_leaving(case, trial) -> None:
    delta = pd.read_csv(FOLDER / "data_rbmi_AC_delta_template.csv")
    compare(effects(fill(trial, delta=delta)), case("mi_rbmi_condmean_AC_mar_delta")["MAR_delta_both_arms"])


def test_delta_by_arm_on_every_missing_value(case, trial) -> None:
    delta = pd.DataFrame({"visit": ["T1", "T2", "T3", "T4"], "arm": "C", "delta": -1.5})
    numbers = case("mi_rbmi_condmean_AC_mar_delta")
    compare(effects(fill(trial, delta=delta)), numbers["MAR_delta_minus1.5_active_all_missing"])


@pytest.mark.parametrize("strategy", ["MAR", "JR"])
def test_approximate_bayes(case, trial, strategy) -> None:
    # The tolerances of the reference, which has 100 draws: 0.15 standard errors, and 8 % of the standard error.
    loose = json.loads((FOLDER / "mi_rbmi_approxbayes_AC.json").read_text(encoding="utf-8"))["tolerance"]
    assert loose == {"estimate": "0.15*se", "se": "8% relative"}
    rng = np.random.default_rng(20)
    found = effects(
        fill(trial, strategy=strategy.lower(), reference="A", method="approximate-bayes", draws=400, rng=rng)
    )
    expected = reference(case("mi_rbmi_approxbayes_AC")[strategy])
    assert (np.abs(found["estimate"] - expected["est"]) < 0.15 * expected["se"]).all()
    np.testing.assert_allclose(found["std_error"], expected["se"], rtol=0.08)
    assert (found["variance"] == "rubin").all()


def test_the_response_to_a_delta_is_that_of_imputing_with_it(case, trial) -> None:
    what = Conclusion("estimate > 0", formula="y ~ arm + base", term="arm[T.C]")
    curve = tipping_point(fill(trial), conclusion=what, deltas=[-1.5, 1.5], by="C").curve
    found = curve[curve["delta"] == -1.5].set_index("visit")
    expected = reference(case("mi_rbmi_condmean_AC_mar_delta")["MAR_delta_minus1.5_active_all_missing"])
    for ours, theirs in (("estimate", "est"), ("std_error", "se"), ("conf_low", "lci"), ("conf_high", "uci")):
        np.testing.assert_allclose(found[ours], expected[theirs], rtol=RBMI)
