"""Read the folder of a study into its models, with every problem of every file reported at once.

``study.yaml`` and at least one file in ``waves/`` are needed. ``instruments.yaml`` (no scales), ``analysis.yaml`` (the
defaults of a plan), ``plan_record.yaml``, ``service_statistics.yaml``, ``synthetic.yaml``, ``assumptions.yaml``,
``published.yaml``, ``published.csv``, ``respondent_counts.csv`` and ``example.yaml`` are optional. Any other YAML file
in the folder is an error: it would be a part of the contract that nobody reads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from increase_eval.errors import ContractError
from increase_eval.study.base import ContractModel
from increase_eval.study.claims import PublishedPlan
from increase_eval.study.cohort import Assumptions, CohortPlan
from increase_eval.study.documents import Document, read_document
from increase_eval.study.instruments import Instruments
from increase_eval.study.lookup import find_studies, locate_study
from increase_eval.study.messages import problems_of
from increase_eval.study.plan import AnalysisPlan
from increase_eval.study.plan_record import PlanRecords
from increase_eval.study.problems import Problem, did_you_mean
from increase_eval.study.references import reference_problems
from increase_eval.study.services import ServiceStatistics
from increase_eval.study.study import Study, StudyHead
from increase_eval.study.tables import Table

MODELS: Mapping[str, type[ContractModel]] = {
    "study.yaml": StudyHead,
    "instruments.yaml": Instruments,
    "analysis.yaml": AnalysisPlan,
    "plan_record.yaml": PlanRecords,
    "service_statistics.yaml": ServiceStatistics,
    "synthetic.yaml": CohortPlan,
    "assumptions.yaml": Assumptions,
    "published.yaml": PublishedPlan,
}
"""The files of a contract, and the model of each; those of ``waves/`` are :class:`Table`."""

MAY_BE_EMPTY = ("instruments.yaml", "analysis.yaml")
"""Files that may be absent or hold nothing but comments: every field of them has a default."""

OTHER_FILES = ("example.yaml", "published.csv", "respondent_counts.csv")
"""Files of a contract that others read: how raw files of an example are made, figures published by others, and the
counts that a synthetic cohort satisfies."""


def load_study(path_or_name: str | Path) -> Study:
    """Read one study, whole or not at all.

    Parameters
    ----------
    path_or_name
        The name of a study (see :func:`~increase_eval.study.lookup.find_studies`), or the path of its folder.

    Returns
    -------
    Study
        Every file read, every reference from one to another checked.

    Raises
    ------
    ContractError
        If there is no such study, or its contract is wrong. ``problems`` then has one line for each problem of each
        file: file, line, place in the file, value, what was allowed, and what was probably meant.
    """
    folder = locate_study(path_or_name)
    documents = _documents(folder)
    problems = [problem for document in documents.values() for problem in document.problems]
    problems += _file_problems(folder, documents)
    if isinstance(path_or_name, str) and _is_called_by_name(path_or_name, folder):
        problems += _name_problems(folder, documents["study.yaml"])
    models: dict[str, ContractModel] = {}
    for name, document in documents.items():
        try:
            models[name] = _model_of(name).model_validate({} if _is_empty_by_right(document) else document.value)
        except ValidationError as error:
            if document.is_readable:
                problems += problems_of(error, document)
    problems += reference_problems(documents)
    if problems:
        lines = _one_line_each(problems, list(documents))
        count = f"{len(lines)} problems" if len(lines) > 1 else "1 problem"
        raise ContractError(f"the contract in {folder} has {count}", lines)
    return _assemble(folder, models)


def _one_line_each(problems: list[Problem], files: list[str]) -> list[str]:
    """Write problems in the order of files and lines; what aliases repeat is wrong once, in the line of its anchor."""
    order = {name: index for index, name in enumerate(files)}
    problems = sorted(problems, key=lambda one: (order.get(one.file, len(files)), one.line or 0, len(one.path)))
    lines: dict[tuple[str, int | None, str], str] = {}
    for one in problems:
        lines.setdefault((one.file, one.line, one.message), str(one))
    return list(lines.values())


def _is_called_by_name(name: str, folder: Path) -> bool:
    """Say whether a folder was found by its name, and not by its path."""
    return Path(name).name == name and find_studies().get(name) == folder


def _documents(folder: Path) -> dict[str, Document]:
    names = [name for name in MODELS if (folder / name).exists() or name in MAY_BE_EMPTY]
    names += [f"waves/{path.name}" for path in sorted((folder / "waves").glob("*.yaml")) if path.name[0] != "."]
    return {name: read_document(folder / name, name) if (folder / name).exists() else Document(name) for name in names}


def _model_of(name: str) -> type[ContractModel]:
    return MODELS.get(name, Table)


def _is_empty_by_right(document: Document) -> bool:
    return document.value is None and not document.problems and document.name in MAY_BE_EMPTY


def _file_problems(folder: Path, documents: Mapping[str, Document]) -> Iterator[Problem]:
    """Look for files that hold nothing, that are missing, and that nobody would read."""
    for name, document in documents.items():
        if document.value is None and not document.problems and name not in MAY_BE_EMPTY:
            needed = [field for field, info in _model_of(name).model_fields.items() if info.is_required()]
            yield Problem(name, None, (), f"the file is empty; needed: {', '.join(needed)}")
    if not any(name.startswith("waves/") for name in documents):
        yield Problem("waves/", None, (), "there is no table in this folder; needed: at least one file waves/*.yaml")
    known = (*MODELS, *OTHER_FILES)
    for path in sorted(folder.iterdir()):
        if path.name not in known and path.name[0] != "." and path.suffix.lower() in (".yaml", ".yml"):
            message = (
                f"nobody reads this file; allowed: {', '.join(known)}, waves/*.yaml{did_you_mean(path.name, known)}"
            )
            yield Problem(path.name, None, (), message)
        elif path.is_dir() and path.name != "waves" and any(path.glob("*.yaml")):
            meant = did_you_mean(path.name, ["waves"])
            yield Problem(f"{path.name}/", None, (), f"nobody reads this folder; allowed: waves/{meant}")
    for path in sorted((folder / "waves").glob("*")):
        if path.name[0] != "." and path.suffix.lower() in (".yaml", ".yml") and path.suffix != ".yaml":
            yield Problem(f"waves/{path.name}", None, (), "nobody reads this file; its name must end in .yaml")


def _name_problems(folder: Path, head: Document) -> Iterator[Problem]:
    """Compare id and folder of a study called by its name: else two studies could store their tables in one place."""
    own = head.value.get("id") if isinstance(head.value, dict) else None
    if isinstance(own, str) and own.strip() != folder.name:
        message = f"{own!r} is not the name of the study's folder; allowed: {folder.name}"
        yield Problem(head.name, head.line_of(("id",)), ("id",), message)


def _assemble(folder: Path, models: Mapping[str, Any]) -> Study:
    return Study(
        head=models["study.yaml"],
        instruments=models["instruments.yaml"],
        analysis=models["analysis.yaml"],
        services=models.get("service_statistics.yaml"),
        cohort=models.get("synthetic.yaml"),
        assumptions=models.get("assumptions.yaml"),
        published=models.get("published.yaml"),
        plan_record=models.get("plan_record.yaml"),
        tables={Path(name).stem: model for name, model in models.items() if name.startswith("waves/")},
        folder=folder,
        contract_hash=contract_hash(folder),
    )


def contract_hash(folder: Path) -> str:
    """Give the SHA-256 over the names and bytes of a contract's files, so that any change to it is seen.

    Parameters
    ----------
    folder
        The folder of a study. Hidden files, and files that belong to no contract, do not count.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    names = [*MODELS, *OTHER_FILES, *(f"waves/{path.name}" for path in (folder / "waves").glob("*.yaml"))]
    digest = hashlib.sha256()
    for name in sorted(names):
        path = folder / name
        if path.is_file() and path.name[0] != ".":
            content = path.read_bytes()
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
