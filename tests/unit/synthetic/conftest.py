"""The one study with a synthetic cohort, and cohorts drawn from it."""

import numpy as np
import pytest

from increase_eval.study import find_studies, load_study
from increase_eval.synthetic.process import simulate_process
from increase_eval.synthetic.simulate import simulate_study

SEEDS = (1, 2, 3)


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


@pytest.fixture(scope="session", params=SEEDS)
def seed(request):
    return request.param


@pytest.fixture(scope="session")
def raw_folder(seed, tmp_path_factory):
    return tmp_path_factory.mktemp(f"raw_{seed}")


@pytest.fixture(scope="session")
def simulation(seed, study, plan, raw_folder):
    """The calibrated cohort with its raw files, faults and all."""
    return simulate_study(study, plan, raw_folder, seed=seed)
