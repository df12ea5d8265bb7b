"""Means and covariances with values missing at random, against EM in R run to 1e-13 (see the JSON of each case)."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from increase_eval.moments import PatternMoments

HERE = Path(__file__).parent
REFERENCE = Path(os.environ.get("INCREASE_EVAL_REFERENCE", "/nowhere"))
needs_reference = [
    pytest.mark.reference,
    pytest.mark.skipif(not REFERENCE.exists(), reason="reference data are not here: set INCREASE_EVAL_REFERENCE"),
]

# In standard deviations: both iterations end within 1e-12 of the maximum.
TOLERANCE = 1e-10


@pytest.mark.parametrize(
    ("case", "folder"),
    [
        ("little_mcar_fourarm", HERE),
        pytest.param("little_mcar_airquality", REFERENCE, marks=needs_reference),
        pytest.param("little_mcar_bfi", REFERENCE, marks=needs_reference),
    ],
)
def test_em_agrees_with_r(case, folder):
    content = json.loads((folder / f"{case}.json").read_text())
    numbers = content["numbers"]
    frame = pd.read_csv(folder / content["dataset"]["file"])
    columns = list(numbers["em_mean"])
    fit = PatternMoments.from_frame(frame, columns).fit_normal()
    mean = np.array(list(numbers["em_mean"].values()))
    covariance = np.array(numbers["em_cov_ml"]["values"])
    spread = np.sqrt(np.diag(covariance))
    assert fit.converged
    assert fit.n == numbers["n_rows_used"]
    assert np.abs((fit.mean.to_numpy() - mean) / spread).max() < TOLERANCE
    assert np.abs((fit.covariance.to_numpy() - covariance) / np.outer(spread, spread)).max() < TOLERANCE
    assert fit.log_likelihood == pytest.approx(numbers["loglik"], rel=1e-12)
