"""A wheel built from the repository works outside of it: contracts and templates travel as package data."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STUDY = "jobs2"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(ROOT)], check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def run_installed(wheel, tmp_path_factory):
    """Run the command line of the unpacked wheel in an empty folder; its dependencies are those of the tests."""
    site, home = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("empty")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    variables = {key: value for key, value in os.environ.items() if not key.startswith("INCREASE_EVAL")}

    def run(*arguments):
        start = "import increase_eval, sys; from increase_eval.cli import main; main()"
        return subprocess.run(
            [sys.executable, "-c", start, *arguments],
            cwd=home,
            env={**variables, "PYTHONPATH": str(site)},
            capture_output=True,
            text=True,
            check=False,
        )

    return run, home


def test_the_wheel_holds_code_contracts_and_templates_and_no_tests(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in (
        "increase_eval/cli/app.py",
        "pipelines/definitions.py",
        f"increase_eval/_bundled/data_contracts/{STUDY}/study.yaml",
        "increase_eval/_bundled/templates/report.html.j2",
        "increase_eval/reporting/strings/common.fr.yaml",
        "increase_eval/py.typed",
    ):
        assert wanted in names
    assert not [name for name in names if name.startswith(("tests/", "data/", "benchmarks/"))]


def test_the_command_line_finds_the_studies_of_the_package(run_installed):
    run, _ = run_installed
    done = run("studies")
    assert done.returncode == 0, done.stderr
    assert STUDY in done.stdout


def test_a_study_goes_from_raw_files_to_a_report_in_an_empty_folder(run_installed):
    run, home = run_installed
    done = run("run", STUDY)
    assert done.returncode == 0, done.stdout + done.stderr
    reports = sorted(path.name for path in (home / "reports" / "build" / STUDY).glob("report*.html"))
    assert len(reports) == 2
