"""Draft the contract of a study from its data files, ready to be edited."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from increase_eval.errors import ContractError, DataError
from increase_eval.intake.drafting.arranging import arrange
from increase_eval.intake.drafting.layout import sort_file
from increase_eval.intake.drafting.writing import contract_files
from increase_eval.intake.drafting.yaml_text import CHECK
from increase_eval.intake.readers import read_file
from increase_eval.study import load_study
from increase_eval.study.base import is_identifier

__all__ = ["Draft", "draft_study", "open_questions"]


@dataclass(frozen=True, slots=True)
class Draft:
    """A contract that was drafted.

    Attributes
    ----------
    name
        The id of the study.
    folder
        Where its contract lies.
    files
        The files written.
    questions
        One line for each guess and question: file, line, and what a person has to check.
    """

    name: str
    folder: Path
    files: tuple[Path, ...]
    questions: tuple[str, ...]


def draft_study(name: str, files: Iterable[str | Path], *, contracts_folder: str | Path) -> Draft:
    """Draft the contract of a study from its data files.

    Columns, types, ranges and value labels are taken from the files. The key, the waves (a column, marks in names, or
    one file each), the arm, the items of scales and the columns that would say who somebody is are guessed; each guess
    carries a comment that starts with ``CHECK``. The draft always loads.

    Parameters
    ----------
    name
        The id of the study: lower-case letters, digits and underscores, starting with a letter.
    files
        Data files of any format that can be read; those of several waves in any order.
    contracts_folder
        Where the folder of the study is made.

    Returns
    -------
    Draft
        The files written, and what is left to be checked.

    Raises
    ------
    ValueError
        If the name cannot be an id, or no file is given.
    ContractError
        If the folder of the study is there already.
    DataError
        If a file cannot be read.

    Notes
    -----
    No value of a column that looks personal, or written by hand, gets into the draft. The files themselves are not
    moved: they belong into the raw folder of the study.
    """
    if not is_identifier(name):
        raise ValueError(
            f"name is {name!r}; allowed: lower-case letters, digits and underscores, starting with a letter"
        )
    paths = [Path(path) for path in files]
    if not paths:
        raise ValueError("no file was given to draft from")
    same = sorted({path.name for path in paths if [other.name for other in paths].count(path.name) > 1})
    if same:
        raise DataError(
            f"two files have the same name ({', '.join(same)}); in the raw folder they need names of their own"
        )
    folder = Path(contracts_folder) / name
    if folder.exists():
        raise ContractError(f"{folder} is there already; choose another name, or move it away")
    layout = arrange([sort_file(path, read_file(path)) for path in paths])
    written = _write(folder, contract_files(name, layout))
    return Draft(name, folder, written, open_questions(folder, written))


def open_questions(folder: str | Path, files: Iterable[Path] | None = None) -> tuple[str, ...]:
    """Give the guesses of a drafted contract that nobody has looked at yet: the lines that still say ``CHECK``.

    Parameters
    ----------
    folder
        The folder of a contract, drafted or not.
    files
        Its files, in order; by default all of them.

    Returns
    -------
    tuple of str
        One line each: file, line, and what a person has to check. Whoever has checked a guess deletes its comment.
    """
    folder = Path(folder)
    written = files or [*sorted(folder.glob("*.yaml")), *sorted((folder / "waves").glob("*.yaml"))]
    return tuple(_guesses(folder, written))


def _write(folder: Path, texts: dict[str, str]) -> tuple[Path, ...]:
    """Write the files beside their place, read them back as a study, and only then put them there."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".draft-") as temporary:
        draft = Path(temporary) / folder.name
        for name, text in texts.items():
            (draft / name).parent.mkdir(parents=True, exist_ok=True)
            (draft / name).write_text(text, encoding="utf-8")
        load_study(draft)
        shutil.move(draft, folder)
    return tuple(folder / name for name in texts)


def _guesses(folder: Path, paths: Iterable[Path]) -> Iterable[str]:
    mark = f"# {CHECK}: "
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if mark in line:
                yield f"{path.relative_to(folder).as_posix()}, line {number}: {line.split(mark, 1)[1]}"
