"""Analysis of covariance against R (car, emmeans, sandwich)."""

from __future__ import annotations

import numpy as np
import pytest

from increase_eval.comparison import ancova

CLOSED_FORM = 1e-8
TUKEY_P = 1e-5
"""Absolute: R's ptukey is no better."""

FORMULA = "job_seek ~ inc + depress1 + econ_hard + treat"


@pytest.fixture
def numbers(case):
    return case("ancova_jobs")


@pytest.mark.parametrize("ss_type", [2, 3])
def test_tables(numbers, jobs, ss_type) -> None:
    table = ancova(FORMULA, jobs, ss_type=ss_type).table
    expected = numbers[f"type{ss_type}"]
    assert table.index.tolist() == [name.replace("(Intercept)", "Intercept") for name in expected["term"]]
    for column, name in (("sum_sq", "Sum Sq"), ("df", "Df"), ("statistic", "F value"), ("p_value", "Pr(>F)")):
        wanted = np.array([np.nan if value is None else value for value in expected[name]], dtype=float)
        assert table[column].to_numpy(dtype=float) == pytest.approx(wanted, rel=CLOSED_FORM, nan_ok=True)


def test_coefficients(numbers, jobs) -> None:
    fit = ancova(FORMULA, jobs)
    expected = numbers["coefficients_treatment"]
    for column, name in (
        ("estimate", "Estimate"), ("std_error", "Std. Error"), ("statistic", "t value"), ("p_value", "Pr(>|t|)"),
    ):  # fmt: skip
        assert fit.coefficients[column].to_numpy() == pytest.approx(np.array(expected[name]), rel=CLOSED_FORM)
    assert fit.sigma == pytest.approx(numbers["sigma"], rel=CLOSED_FORM)
    assert fit.r_squared == pytest.approx(numbers["r2"], rel=CLOSED_FORM)


def test_adjusted_means(numbers, jobs) -> None:
    means = ancova(FORMULA, jobs).means("inc")
    expected = numbers["emmeans"]
    assert means["inc"].tolist() == expected["inc"]
    for column, name in (
        ("estimate", "emmean"), ("std_error", "SE"), ("df", "df"), ("conf_low", "lower.CL"), ("conf_high", "upper.CL"),
    ):  # fmt: skip
        assert means[column].to_numpy() == pytest.approx(np.array(expected[name]), rel=CLOSED_FORM)


@pytest.mark.parametrize("adjust", ["none", "tukey", "holm"])
def test_contrasts(numbers, jobs, adjust) -> None:
    pairs = ancova(FORMULA, jobs).contrasts("inc", adjust=adjust)
    expected = numbers[f"pairs_{adjust}"]
    assert pairs["contrast"].tolist() == [name.replace("(", "").replace(")", "") for name in expected["contrast"]]
    for column, name in (("estimate", "estimate"), ("std_error", "SE"), ("statistic", "t.ratio")):
        assert pairs[column].to_numpy() == pytest.approx(np.array(expected[name]), rel=CLOSED_FORM)
    tolerance = {"abs": TUKEY_P} if adjust == "tukey" else {"rel": CLOSED_FORM}
    assert pairs["p_value"].to_numpy() == pytest.approx(np.array(expected["p.value"]), **tolerance)
    if adjust != "holm":
        assert pairs["conf_low"].to_numpy() == pytest.approx(np.array(expected["lower.CL"]), **tolerance)
        assert pairs["conf_high"].to_numpy() == pytest.approx(np.array(expected["upper.CL"]), **tolerance)


@pytest.mark.parametrize("kind", ["HC1", "HC2", "HC3"])
def test_robust_errors(numbers, jobs, kind) -> None:
    found = ancova(FORMULA, jobs).robust(kind)["std_error"].to_numpy()
    assert found == pytest.approx(np.array(list(numbers[f"{kind.lower()}_se"].values())), rel=CLOSED_FORM)
