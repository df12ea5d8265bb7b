"""A complete contract that uses every part of the language, to be broken in one place at a time."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from increase_eval.errors import ContractError
from increase_eval.study import load_study


@dataclass
class Contract:
    """A copy of the contract, and what is wrong with it after edits."""

    folder: Path

    def edit(self, name: str, old: str, new: str) -> "Contract":
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        path.write_text(text.replace(old, new), encoding="utf-8")
        return self

    def problems(self) -> list[str]:
        try:
            load_study(self.folder)
        except ContractError as error:
            return list(error.problems)
        return []


@pytest.fixture
def contract(tmp_path: Path) -> Contract:
    shutil.copytree(Path(__file__).parent / "contract", tmp_path / "garden")
    return Contract(tmp_path / "garden")


@pytest.fixture
def line_of() -> Callable[[Path, str], int]:
    def find(path: Path, text: str) -> int:
        lines = path.read_text(encoding="utf-8").splitlines()
        return next(number for number, line in enumerate(lines, start=1) if text in line)

    return find
