"""Effect sizes, equivalence and comparisons of groups against R."""

from __future__ import annotations

import numpy as np
import pytest

from increase_eval.comparison import compare_groups, effect_size, equivalence_test

CLOSED_FORM = 1e-8
NONCENTRAL = 1e-7
"""R's limits come from uniroot at 1e-13 through its pt(ncp), which is good to about 1e-8 of the limit."""
TUKEY_P = 1e-5
"""Absolute: R's ptukey and TukeyHSD are no better."""


@pytest.fixture
def arms(jobs):
    return jobs.loc[jobs["treat"] == 1, "depress2"], jobs.loc[jobs["treat"] == 0, "depress2"]


def test_effect_sizes(case, arms) -> None:
    numbers = case("effect_sizes_jobs")["smd"]
    cohen, hedges = effect_size(*arms, kind="cohen"), effect_size(*arms, kind="hedges")
    assert cohen.estimate == pytest.approx(numbers["cohens_d"], rel=CLOSED_FORM)
    assert [cohen.conf_low, cohen.conf_high] == pytest.approx(numbers["d_ci_noncentral_t"], rel=NONCENTRAL)
    assert hedges.estimate == pytest.approx(numbers["hedges_g_exactJ"], rel=CLOSED_FORM)
    assert [hedges.conf_low, hedges.conf_high] == pytest.approx(numbers["g_ci_noncentral_t_exactJ"], rel=NONCENTRAL)
    assert effect_size(*arms, kind="glass").estimate == pytest.approx(numbers["glass_delta_sd2"], rel=CLOSED_FORM)
    assert effect_size(*arms, kind="cliff").estimate == pytest.approx(numbers["cliffs_delta"], rel=CLOSED_FORM)


@pytest.mark.parametrize(("name", "equal_variance"), [("welch", False), ("pooled", True)])
def test_equivalence(case, arms, name, equal_variance) -> None:
    numbers = case("effect_sizes_jobs")["tost"]
    result = equivalence_test(*arms, low=-0.2, high=0.2, equal_variance=equal_variance)
    expected = numbers[name]
    assert result.estimate == pytest.approx(numbers["diff"], rel=CLOSED_FORM)
    assert result.std_error == pytest.approx(expected["se"], rel=CLOSED_FORM)
    assert result.df == pytest.approx(expected["df"], rel=CLOSED_FORM)
    assert result.p_low == pytest.approx(expected["p_lower"], rel=CLOSED_FORM)
    assert result.p_high == pytest.approx(expected["p_upper"], rel=CLOSED_FORM)
    assert result.p_value == pytest.approx(max(expected["p_lower"], expected["p_upper"]), rel=CLOSED_FORM)
    assert [result.conf_low, result.conf_high] == pytest.approx(expected["ci90"], rel=CLOSED_FORM)


def test_omnibus(case, jobs) -> None:
    numbers = case("posthoc_jobs")
    omnibus = compare_groups(jobs["depress2"], jobs["inc"]).omnibus
    for row, name in (("anova", "anova"), ("welch", "welch"), ("levene", "brown_forsythe_levene")):
        expected = [numbers[name][key] for key in ("F", "df1", "df2", "p")]
        assert omnibus.loc[row, ["statistic", "df", "df_denom", "p_value"]].tolist() == pytest.approx(
            expected, rel=CLOSED_FORM
        )
    found = omnibus.loc["kruskal", ["statistic", "df", "p_value"]].tolist()
    assert found == pytest.approx([numbers["kruskal"][key] for key in ("H", "df", "p")], rel=CLOSED_FORM)
    found = omnibus.loc["bartlett", ["statistic", "p_value"]].tolist()
    assert found == pytest.approx([numbers["bartlett"][key] for key in ("K2", "p")], rel=CLOSED_FORM)


def test_games_howell(case, jobs) -> None:
    expected = case("posthoc_jobs")["games_howell"]
    pairs = compare_groups(jobs["depress2"], jobs["inc"], method="games-howell").pairs
    assert pairs["contrast"].tolist() == expected["pair"]
    for column, name in (("estimate", "diff"), ("std_error", "se"), ("df", "df"), ("statistic", "t")):
        assert pairs[column].to_numpy() == pytest.approx(np.array(expected[name]), rel=CLOSED_FORM)
    assert pairs["p_value"].to_numpy() == pytest.approx(np.array(expected["p_games_howell"]), abs=TUKEY_P)
    assert pairs["conf_low"].to_numpy() == pytest.approx(np.array(expected["lower"]), abs=TUKEY_P)
    assert pairs["conf_high"].to_numpy() == pytest.approx(np.array(expected["upper"]), abs=TUKEY_P)


def test_tukey(case, jobs) -> None:
    expected = case("posthoc_jobs")["tukey_hsd"]
    pairs = compare_groups(jobs["depress2"], jobs["inc"], method="tukey").pairs
    assert [contrast.replace(" ", "") for contrast in pairs["contrast"]] == expected["pair"]
    assert pairs["estimate"].to_numpy() == pytest.approx(np.array(expected["diff"]), rel=CLOSED_FORM)
    for column, name in (("p_value", "p adj"), ("conf_low", "lwr"), ("conf_high", "upr")):
        assert pairs[column].to_numpy() == pytest.approx(np.array(expected[name]), abs=TUKEY_P)


@pytest.mark.parametrize(("adjust", "name"), [("none", "p"), ("holm", "p_holm")])
def test_dunn(case, jobs, adjust, name) -> None:
    expected = case("posthoc_jobs")["dunn"]
    pairs = compare_groups(jobs["depress2"], jobs["inc"], method="dunn", adjust=adjust).pairs
    assert pairs["contrast"].tolist() == expected["pair"]
    assert pairs["statistic"].to_numpy() == pytest.approx(np.array(expected["z"]), rel=CLOSED_FORM)
    assert pairs["p_value"].to_numpy() == pytest.approx(np.array(expected[name]), rel=CLOSED_FORM)


@pytest.mark.parametrize(
    ("adjust", "name"),
    [("none", "p_welch"), ("holm", "p_welch_holm"), ("hommel", "p_welch_hommel"), ("fdr_bh", "p_welch_BH")],
)
def test_welch_pairs(case, jobs, adjust, name) -> None:
    expected = case("posthoc_jobs")["games_howell"]
    pairs = compare_groups(jobs["depress2"], jobs["inc"], method="welch", adjust=adjust).pairs
    assert pairs["p_value"].to_numpy() == pytest.approx(np.array(expected[name]), rel=CLOSED_FORM)
