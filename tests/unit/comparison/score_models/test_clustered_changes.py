"""Changes of each arm: errors by the model and over sites, against the table of changes and a second computation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from increase_eval.comparison import cluster_robust
from increase_eval.comparison.score_models import score_model_tables
from increase_eval.comparison.score_models.clustered_changes import arm_changes


@pytest.fixture(scope="module")
def case(study_of, drawn):
    study = study_of(plan={"covariates": ["age"]})
    scores, people = drawn(study, people=360)
    return study, scores, people, arm_changes(study, scores, people)["mood"]


def test_errors_of_the_model_are_those_of_the_table_of_changes(case, rows_with):
    study, scores, people, found = case
    changes = score_model_tables(study, scores, people).changes
    own = rows_with(found.errors, by_analysis="model")
    assert len(own) == 6  # three arms, two later waves
    for at, row in enumerate(own.to_dict("records")):
        same = rows_with(
            changes, by_model="baseline_free", by_unit="points", by_arm=row["by_arm"], wave=row["wave"], term="change"
        ).iloc[0]
        assert (row["std_error"], row["df"]) == (pytest.approx(same["std_error"]), pytest.approx(same["df"]))
        place = found.keys.index((row["by_arm"], row["by_since"], row["wave"]))
        # The model's own covariance, before Kenward and Roger inflate it a little.
        assert found.covariance[place, place] == pytest.approx(same["std_error"] ** 2, rel=0.05), at


def test_with_everybody_there_errors_over_sites_are_those_of_means_of_differences(study_of, drawn, rows_with):
    study = study_of()
    scores, people = drawn(study, people=240, gaps=0.0)
    errors = rows_with(arm_changes(study, scores, people)["mood"].errors, by_analysis="clustered by site", wave="t3")
    wide = scores.pivot_table(index="participant", columns="wave", values="score").reset_index().merge(people)
    wide["change"] = wide["t3"] - wide["t1"]
    fit = smf.ols("change ~ 0 + arm", wide).fit()
    theirs = cluster_robust(fit, wide["site"], kind="CR2").coefficients
    for row in errors.to_dict("records"):
        same = theirs.loc[f"arm[{row['by_arm']}]"]
        assert row["std_error"] == pytest.approx(same["std_error"], rel=1e-6)
        assert row["df"] == pytest.approx(same["df"], rel=1e-4)


def test_an_arm_with_one_site_has_the_model_s_error_alone(study_of, drawn):
    study = study_of()
    scores, people = drawn(study)
    people.loc[people["arm"] == "b", "site"] = "only"
    errors = arm_changes(study, scores, people)["mood"].errors
    by_analysis = errors.groupby("by_analysis")["by_arm"].unique().map(set).to_dict()
    assert by_analysis == {"model": {"a", "b", "c"}, "clustered by site": {"a", "c"}}


def test_a_study_of_one_wave_has_no_changes(study_of, drawn):
    study = study_of(waves=("t1",))
    scores, people = drawn(study)
    assert arm_changes(study, scores, people) == {}


def test_covariances_are_those_of_one_matrix(case):
    covariance = case[-1].covariance
    assert isinstance(case[-1].errors, pd.DataFrame)
    np.testing.assert_allclose(covariance, covariance.T, atol=1e-14)
    assert np.linalg.eigvalsh(covariance).min() > 0
