"""The tiny study, a home for its files, and a run of everything that tests may read and must not change."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from increase_eval.places import Places
from increase_eval.study import Study, load_study

TINY = Path(__file__).parents[1] / "data" / "tiny"
SECRET = "a secret that is long enough for tests"


@pytest.fixture(scope="session")
def study() -> Study:
    return load_study(TINY)


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INCREASE_EVAL_KEY", SECRET)
    for variable in ("DAGSTER_HOME", "INCREASE_EVAL_POSTGRES_URL", "INCREASE_EVAL_EXECUTOR"):
        monkeypatch.delenv(variable, raising=False)


def put_raw_files(home: Path) -> Places:
    """Make a home in which the raw files of the tiny study lie where people put them."""
    places = Places(home)
    shutil.copytree(TINY / "raw", places.raw("tiny"))
    return places


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return put_raw_files(tmp_path / "home")
