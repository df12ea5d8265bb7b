"""The files of the project and what their code says, for the tests of its habits."""

import ast
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@cache
def _project_files() -> tuple[Path, ...]:
    """Every file that is tracked, or would be if it were added."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is no checkout: the files of the project cannot be listed")
    return tuple(path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file())


@pytest.fixture(scope="session")
def project_files() -> tuple[Path, ...]:
    return _project_files()


@pytest.fixture(scope="session")
def modules() -> Callable[[str], Iterator[tuple[str, ast.Module]]]:
    """Package -> its modules: path below the root, and syntax tree."""

    def of(package: str) -> Iterator[tuple[str, ast.Module]]:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), _tree(path)

    return of


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))
