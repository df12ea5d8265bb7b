"""Mediation and overlap weights against R (by hand, and PSweight)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.comparison import mediation, overlap_weights

CLOSED_FORM = 1e-8
BY_HAND = 1e-7
"""Iterated on both sides; R's multinom stops at its reltol of 1e-15 on the deviance."""
PSWEIGHT = 1e-5
"""The reference's own tolerance: PSweight fits its propensities with nnet's defaults."""

OUTCOME = "depress2 ~ treat + job_seek + econ_hard + depress1 + sex + age"
MEDIATOR = "job_seek ~ treat + econ_hard + depress1 + sex + age"


def test_mediation_by_delta(case, jobs) -> None:
    numbers = case("mediation_jobs")
    result = mediation(OUTCOME, MEDIATOR, jobs, treatment="treat", mediator="job_seek")
    assert result.mediator_path == pytest.approx(numbers["a"], rel=CLOSED_FORM)
    assert result.outcome_path == pytest.approx(numbers["b"], rel=CLOSED_FORM)
    assert result.indirect.estimate == pytest.approx(numbers["indirect"], rel=CLOSED_FORM)
    assert result.indirect.std_error == pytest.approx(numbers["se_sobel_first_order"], rel=CLOSED_FORM)
    assert result.indirect.p_value == pytest.approx(numbers["p"], rel=CLOSED_FORM)
    assert result.direct.estimate == pytest.approx(numbers["direct"], rel=CLOSED_FORM)
    assert result.direct.std_error == pytest.approx(numbers["se_direct"], rel=CLOSED_FORM)
    assert result.total.estimate == pytest.approx(numbers["total"], rel=CLOSED_FORM)
    assert result.proportion_mediated == pytest.approx(numbers["prop_mediated"], rel=CLOSED_FORM)


def test_mediation_by_bootstrap(case, jobs) -> None:
    numbers = case("mediation_jobs")["bootstrap"]
    result = mediation(
        OUTCOME, MEDIATOR, jobs, treatment="treat", mediator="job_seek",
        method="bootstrap", draws=3000, rng=np.random.default_rng(20),
    )  # fmt: skip
    low, high = numbers["percentile"]
    # 5 % of the width: the reference's own tolerance for its 3,000 draws and ours
    assert [result.indirect.conf_low, result.indirect.conf_high] == pytest.approx([low, high], abs=0.05 * (high - low))
    assert result.indirect.std_error == pytest.approx(numbers["se"], rel=0.05)


@pytest.fixture(scope="module")
def three(jobs) -> pd.DataFrame:
    groups = {"lt15k": "low", "15t24k": "mid", "25t39k": "mid", "40t49k": "high", "50k+": "high"}
    levels = pd.CategoricalDtype(["low", "mid", "high"])
    return jobs.assign(g3=jobs["inc"].astype(str).map(groups).astype(levels))


FORMULA = "g3 ~ age + econ_hard + depress1 + sex"


@pytest.mark.parametrize(("kind", "name", "package"), [("overlap", "overlap", "overlap"), ("ipw", "ipw", "IPW")])
def test_weighted_means(case, three, kind, name, package) -> None:
    numbers = case("overlap_weights_three_groups")
    weights = overlap_weights(FORMULA, three, kind=kind)
    means = weights.means("depress2").set_index("g3")
    for arm, expected in numbers["by_hand"][f"{name}_means"].items():
        assert means.loc[arm, "estimate"] == pytest.approx(expected, rel=BY_HAND)
    for arm, expected in numbers["by_hand"][f"ess_{name}"].items():
        assert weights.overlap.loc[arm, "effective_sample_size"] == pytest.approx(expected, rel=BY_HAND)
    psweight = numbers["PSweight"][package]
    errors = np.sqrt(np.diag(psweight["covmu"]["values"]))
    for arm, error in zip(psweight["group"], errors, strict=True):
        assert means.loc[arm, "std_error"] == pytest.approx(error, rel=PSWEIGHT)


def test_weighted_contrasts(case, three) -> None:
    expected = case("overlap_weights_three_groups")["PSweight"]["overlap"]["contrasts"]
    found = overlap_weights(FORMULA, three).contrasts("depress2").set_index("contrast")
    # PSweight: low - high, mid - high, mid - low
    for contrast, sign, at in (("high - low", -1, 0), ("high - mid", -1, 1), ("mid - low", 1, 2)):
        # 1e-4: a difference of means that agree to 1e-6 of their size
        assert sign * found.loc[contrast, "estimate"] == pytest.approx(expected["Estimate"][at], rel=1e-4)
        assert found.loc[contrast, "std_error"] == pytest.approx(expected["Std.Error"][at], rel=PSWEIGHT)


def test_overlap_weights_themselves(case, three) -> None:
    numbers = case("overlap_weights_three_groups")["by_hand"]
    weights = overlap_weights(FORMULA, three)
    assert weights.values.to_numpy()[:10] == pytest.approx(np.array(numbers["overlap_weight_first10"]), rel=BY_HAND)
    found = weights.propensity.fit.probabilities[:5]
    assert found == pytest.approx(np.array(numbers["ps_first5"]["values"]), rel=BY_HAND)
