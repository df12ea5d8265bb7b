"""Regression to the mean: the arithmetic, a selected normal population, and what a table of it holds."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from increase_eval.comparison.without_control import regression_to_mean, regression_to_mean_table
from increase_eval.study import load_study

EXACT = 1e-12  # closed form


def test_the_expected_gain_is_kappa_times_the_deficit():
    found = regression_to_mean(6.5, 0.4, reference_mean=7.3, retest_correlation=0.65)
    # 0.35 x (7.3 - 6.5) = 0.28; to explain 0.4 the share would have to be 0.5.
    assert found.expected_low == 0.0
    assert found.expected_high == pytest.approx(0.28, abs=EXACT)
    assert found.kappa_explaining == pytest.approx(0.5, abs=EXACT)
    assert not found.could_explain_all


def test_a_scale_on_which_less_is_better_works_the_same_way():
    found = regression_to_mean(33.1, -10.5, reference_mean=9.25, retest_correlation=0.4)
    assert found.expected_high == pytest.approx(0.6 * (9.25 - 33.1), abs=1e-9)
    assert found.kappa_explaining == pytest.approx(-10.5 / (9.25 - 33.1), abs=EXACT)
    assert found.could_explain_all


def test_a_population_selected_by_its_score_regresses_by_one_less_the_retest_correlation():
    # X, Y standard normal with correlation r; those with X < c: E[X] = -phi(c)/Phi(c), E[Y] = r E[X].
    cut, r = -0.3, 0.6
    mean = -stats.norm.pdf(cut) / stats.norm.cdf(cut)
    found = regression_to_mean(mean, r * mean - mean, reference_mean=0.0, retest_correlation=r)
    assert found.expected_high == pytest.approx(found.gain, abs=EXACT)
    assert found.kappa_explaining == pytest.approx(1 - r, abs=EXACT)
    rng = np.random.default_rng(7)
    x = rng.standard_normal(400_000)
    y = r * x + np.sqrt(1 - r**2) * rng.standard_normal(x.size)
    gain = (y - x)[x < cut]
    error = gain.std() / np.sqrt(gain.size)
    assert abs(gain.mean() - found.expected_high) < 4 * error


def test_a_population_selected_by_its_trait_does_not_regress():
    rng = np.random.default_rng(8)
    trait = rng.standard_normal(200_000)
    first, second = (trait + rng.standard_normal(trait.size) for _ in range(2))
    gain = (second - first)[trait < 0]
    assert abs(gain.mean()) < 4 * gain.std() / np.sqrt(gain.size)


@pytest.mark.parametrize("correlation", [-0.1, 1.1])
def test_a_retest_correlation_outside_its_range_is_refused(correlation):
    with pytest.raises(ValueError, match="allowed: 0 to 1"):
        regression_to_mean(1.0, 1.0, reference_mean=2.0, retest_correlation=correlation)


def test_a_missing_number_is_refused_by_name():
    with pytest.raises(ValueError, match="gain must be finite"):
        regression_to_mean(1.0, np.nan, reference_mean=2.0, retest_correlation=0.5)


def test_without_a_deficit_nothing_is_explained():
    found = regression_to_mean(7.0, 0.2, reference_mean=7.0, retest_correlation=0.5)
    assert np.isnan(found.kappa_explaining)
    assert not found.could_explain_all
    assert found.to_frame()["status"].tolist()[-1] == "the mean at the first wave is the reference mean"


@pytest.fixture(scope="module")
def study():
    return load_study("help")


def tables(study, *, arm=None):
    first, later, *_ = study.wave_ids
    scale = study.analysis.reference_means[0].scale
    arm = arm or study.arm_ids[0]
    pair = f"{first} -> {later}"
    means = [
        {"outcome": scale, "wave": first, "term": "mean", "by_arm": arm, "by_model": "baseline_free", "estimate": 33.0}
    ]
    changes = [
        {
            "outcome": scale,
            "contrast": pair,
            "by_arm": arm,
            "by_model": model,
            "by_unit": unit,
            "estimate": value,
            "n": 90,
        }
        for model, unit, value in (
            ("baseline_free", "points", -10.0),
            ("baseline_free", "sd", -0.8),
            ("baseline_covariate", "points", -9.0),
        )
    ]
    retests = [{"outcome": scale, "contrast": pair, "term": "retest correlation", "by_arm": "all", "estimate": 0.4}]
    return [pd.DataFrame(rows) for rows in (means, changes, retests)]


def test_the_table_has_both_ends_and_the_share_that_explains_all_for_each_reference(study):
    table = regression_to_mean_table(study, *tables(study))
    assert len(table) == 3 * len(study.analysis.reference_means)
    for reference in study.analysis.reference_means:
        own = table[table["by_reference"] == reference.id].set_index("term")
        assert own.loc["entry by the score", "estimate"] == pytest.approx(0.6 * (reference.value - 33.0), abs=1e-9)
        assert own.loc["explains all of the gain", "estimate"] == pytest.approx(
            -10.0 / (reference.value - 33.0), abs=EXACT
        )
    assert (table["statistic"] == -10.0).all()
    assert (table["n"] == 90).all()
    assert table[["conf_low", "p_value"]].isna().all(axis=None)


def test_arms_and_waves_without_a_mean_or_a_change_have_no_row(study):
    means, changes, retests = tables(study)
    assert regression_to_mean_table(study, means.iloc[:0], changes, retests).empty
    assert regression_to_mean_table(study, means, changes.assign(estimate=np.nan), retests).empty
