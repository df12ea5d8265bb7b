"""The tiny study, a home for its files, and one run of everything that tests copy before they change it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from increase_eval.places import Places
from increase_eval.storage import read_table
from increase_eval.study import Study, find_studies, load_study
from increase_eval.synthetic.simulate import simulate_study
from pipelines import figure_tables, run
from pipelines.assets import study_assets
from pipelines.run import materialise_study

TINY = Path(__file__).parents[1] / "data" / "tiny"
SECRET = "a secret that is long enough for tests"

MakeHome = Callable[[Path], Places]


@pytest.fixture(scope="session")
def study() -> Study:
    return load_study(TINY)


@pytest.fixture(autouse=True, scope="session")
def environment() -> Iterator[None]:
    """A secret for keys, and none of the variables that a developer may have set."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INCREASE_EVAL_KEY", SECRET)
        for variable in ("DAGSTER_HOME", "INCREASE_EVAL_POSTGRES_URL", "INCREASE_EVAL_EXECUTOR"):
            patch.delenv(variable, raising=False)
        yield


@pytest.fixture(scope="session")
def make_home() -> MakeHome:
    """Make a home in which the raw files of the tiny study lie where people put them."""

    def make(home: Path) -> Places:
        places = Places(home)
        shutil.copytree(TINY / "raw", places.raw("tiny"))
        return places

    return make


@pytest.fixture
def places(tmp_path: Path, make_home: MakeHome) -> Places:
    return make_home(tmp_path / "home")


@pytest.fixture
def in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep Dagster's own storage in memory, which spares most of the time of a small run."""
    monkeypatch.setattr(run, "open_instance", lambda _places: dg.DagsterInstance.ephemeral())


TWO_KINDS = ("svg", "png")


@pytest.fixture
def without_pdf(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the slowest of the formats; that it is written is a matter of the figures' own tests."""
    monkeypatch.setattr(figure_tables, "KINDS", TWO_KINDS)


@pytest.fixture(scope="session")
def _ran(study: Study, make_home: MakeHome, tmp_path_factory: pytest.TempPathFactory) -> Places:
    places = make_home(tmp_path_factory.mktemp("ran") / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "open_instance", lambda _places: dg.DagsterInstance.ephemeral())
        patch.setattr(figure_tables, "KINDS", TWO_KINDS)
        summary = materialise_study(study, places)
    assert summary.is_ok, summary.failures
    return places


@pytest.fixture
def ran(_ran: Places, tmp_path: Path) -> Places:
    """A home in which everything has been made, to be changed at will."""
    shutil.copytree(_ran.home, tmp_path / "ran")
    return Places(tmp_path / "ran")


@pytest.fixture(scope="session")
def published_study() -> Study:
    return next(load_study(folder) for folder in find_studies().values() if (folder / "published.yaml").is_file())


@pytest.fixture(scope="session")
def made(published_study: Study, tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    """Every table of the study but what leaves, by name."""
    places = Places(tmp_path_factory.mktemp("claims"))
    simulate_study(published_study, published_study.cohort, places.raw(published_study.id))
    names = [spec.key.path[-1] for asset in study_assets(published_study) for spec in asset.specs]
    only = [name for name in names if not name.startswith(("safe_", "drawn_", "figure_", "report_"))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "open_instance", lambda _places: dg.DagsterInstance.ephemeral())
        summary = materialise_study(published_study, places, only=only)
    assert summary.is_ok, summary.failures
    return {name: read_table(places.table(published_study.id, name)) for name in only}
