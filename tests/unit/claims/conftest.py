"""The stored tables of the study whose figures are published, made from its synthetic raw files."""

import pytest

from increase_eval.intake import response_table, run_intake, state_table
from increase_eval.intake.costs import read_costs
from increase_eval.intake.services import read_service_statistics
from increase_eval.study import find_studies, load_study
from increase_eval.synthetic.simulate import simulate_study

SECRET = b"a secret of the tests, 32 bytes long"


@pytest.fixture(scope="session")
def study():
    return next(load_study(folder) for folder in find_studies().values() if (folder / "published.yaml").is_file())


@pytest.fixture(scope="session")
def raw_folder(study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("raw")
    simulate_study(study, study.cohort, folder)
    return folder


def stored_tables(study, raw_folder):
    intake = run_intake(study, raw_folder, key_secret=SECRET)
    return {
        "participants": intake.participants,
        "responses": response_table(study, intake.participants, intake.waves),
        "states": state_table(study, intake.waves),
        "service_statistics": read_service_statistics(study, raw_folder, key_secret=SECRET).counts,
        "costs": read_costs(study, raw_folder, key_secret=SECRET).costs,
        "waves": intake.waves,
    }


@pytest.fixture(scope="session")
def take_in(study):
    """Take in a raw folder as the pipeline does, and give the tables that published figures rest on."""
    return lambda folder: stored_tables(study, folder)


@pytest.fixture(scope="session")
def tables(study, raw_folder):
    return stored_tables(study, raw_folder)
