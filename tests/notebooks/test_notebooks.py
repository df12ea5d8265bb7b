"""Each notebook runs from top to bottom on the stored tables of a study, and is committed without outputs."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from increase_eval.cli.bringing import bring
from increase_eval.places import Places
from increase_eval.study import load_study
from pipelines.run import materialise_study

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))
STUDY = "jobs2"


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    places = Places(tmp_path_factory.mktemp("home"))
    study = load_study(STUDY)
    bring(study, places.raw(study.id), places)
    summary = materialise_study(study, places, only=["scoring", "attrition", "comparison"])
    assert summary.is_ok, summary.failures
    return places.home


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_runs(path, home, monkeypatch):
    monkeypatch.setenv("INCREASE_EVAL_HOME", str(home))
    monkeypatch.setenv("STUDY", STUDY)
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    shown = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.outputs]
    assert len(shown) >= 5


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_is_committed_without_outputs(path):
    for cell in nbformat.read(path, as_version=4).cells:
        assert cell.cell_type != "code" or (not cell.outputs and cell.execution_count is None)


def test_there_are_notebooks():
    assert NOTEBOOKS
