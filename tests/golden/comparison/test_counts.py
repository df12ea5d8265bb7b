"""Proportions, tables and E-values against R."""

from __future__ import annotations

import numpy as np
import pytest

from increase_eval.comparison import (
    cramers_v,
    e_value,
    marginal_homogeneity,
    proportion_interval,
    two_proportions,
)

CLOSED_FORM = 1e-8
"""The reference's own tolerance: arithmetic only, printed with 15 digits; R's uniroot stands behind none of these."""


def limits(result) -> list[float]:
    return [result.conf_low, result.conf_high]


@pytest.fixture(params=["newcombe", "rare"])
def numbers(request, case):
    return case("two_proportions")[request.param]


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("wilson", "wilson1"),
        ("clopper-pearson", "clopper_pearson1"),
        ("jeffreys", "jeffreys1"),
        ("agresti-coull", "agresti_coull1"),
    ],
)
def test_intervals_of_one_proportion(numbers, method, name) -> None:
    counts = numbers["counts"]
    found = proportion_interval(counts["x1"], counts["n1"], method=method)
    assert limits(found) == pytest.approx(numbers[name], rel=CLOSED_FORM)


def test_two_proportions(numbers) -> None:
    result = two_proportions(**numbers["counts"])
    assert result.difference.estimate == pytest.approx(numbers["risk_difference"], rel=CLOSED_FORM)
    assert limits(result.difference) == pytest.approx(numbers["rd_newcombe"], rel=CLOSED_FORM)
    assert result.ratio.estimate == pytest.approx(numbers["risk_ratio"], rel=CLOSED_FORM)
    assert limits(result.ratio) == pytest.approx(numbers["rr_ci_katz"], rel=CLOSED_FORM)
    assert result.odds_ratio.estimate == pytest.approx(numbers["odds_ratio"], rel=CLOSED_FORM)
    assert limits(result.odds_ratio) == pytest.approx(numbers["or_ci_woolf"], rel=CLOSED_FORM)
    assert result.cohen_h.estimate == pytest.approx(numbers["cohens_h"], rel=CLOSED_FORM)
    assert limits(result.cohen_h) == pytest.approx(numbers["h_ci"], rel=CLOSED_FORM)
    assert result.fisher.p_value == pytest.approx(numbers["fisher_p"], rel=CLOSED_FORM)
    assert result.chi2.statistic == pytest.approx(numbers["chisq"], rel=CLOSED_FORM)
    assert result.chi2.p_value == pytest.approx(numbers["chisq_p"], rel=CLOSED_FORM)


def test_the_wald_difference(numbers) -> None:
    result = two_proportions(**numbers["counts"], method="wald")
    assert limits(result.difference) == pytest.approx(numbers["rd_wald"], rel=CLOSED_FORM)


def test_e_values(numbers) -> None:
    ratio = e_value(numbers["risk_ratio"], *numbers["rr_ci_katz"])
    assert ratio.estimate == pytest.approx(numbers["evalue_rr"], rel=CLOSED_FORM)
    assert ratio.limit == pytest.approx(numbers["evalue_rr_ci_limit"], rel=CLOSED_FORM)
    odds = e_value(numbers["odds_ratio"], *numbers["or_ci_woolf"], measure="or")
    assert odds.estimate == pytest.approx(numbers["evalue_or_common_sqrt"], rel=CLOSED_FORM)


def test_cramers_v(case) -> None:
    numbers = case("cramer_jobs")
    table = numbers["table"]["values"]
    assert cramers_v(table) == pytest.approx(numbers["cramers_v_bias_corrected_bergsma"], rel=CLOSED_FORM)
    assert cramers_v(table, bias_correction=False) == pytest.approx(numbers["cramers_v"], rel=CLOSED_FORM)


def test_marginal_homogeneity(case) -> None:
    numbers = case("marginal_homogeneity_vision")
    result = marginal_homogeneity(numbers["square"]["table"]["values"])
    for name in ("stuart_maxwell", "bhapkar", "bowker"):
        found, expected = getattr(result, name), numbers["square"][name]
        assert found.statistic == pytest.approx(expected["chisq"], rel=CLOSED_FORM)
        assert found.df == expected["df"]
        assert found.p_value == pytest.approx(expected["p"], rel=CLOSED_FORM)
    assert result.kappa == pytest.approx(numbers["square"]["kappa"], rel=CLOSED_FORM)
    assert result.mcnemar is None


def test_mcnemar(case) -> None:
    numbers = case("marginal_homogeneity_vision")["mcnemar"]
    result = marginal_homogeneity(np.array([[40, numbers["b"]], [numbers["c"], 7]])).mcnemar
    assert result.chi2.statistic == pytest.approx(numbers["chisq"], rel=CLOSED_FORM)
    assert result.chi2.p_value == pytest.approx(numbers["p"], rel=CLOSED_FORM)
    assert result.corrected.statistic == pytest.approx(numbers["chisq_cc"], rel=CLOSED_FORM)
    assert result.corrected.p_value == pytest.approx(numbers["p_cc"], rel=CLOSED_FORM)
    assert result.exact.p_value == pytest.approx(numbers["exact_p"], rel=CLOSED_FORM)
    assert result.mid_p.p_value == pytest.approx(numbers["mid_p"], rel=CLOSED_FORM)
