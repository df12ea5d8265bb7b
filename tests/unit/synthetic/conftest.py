"""The one study with a synthetic cohort, and cohorts drawn from it."""

import numpy as np
import pytest

from increase_eval.study import find_studies, load_study
from increase_eval.synthetic.process import simulate_process


@pytest.fixture(scope="session")
def study():
    drawn = [load_study(folder) for folder in find_studies().values() if (folder / "synthetic.yaml").is_file()]
    return drawn[0]


@pytest.fixture(scope="session")
def plan(study):
    return study.cohort


@pytest.fixture(scope="session")
def cohort(study, plan):
    return simulate_process(study, plan, 20_000, np.random.default_rng(11))
