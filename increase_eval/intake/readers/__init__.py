"""Read one file of any supported format into a :class:`~increase_eval.intake.raw.RawTable`."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path

from increase_eval.errors import DataError
from increase_eval.intake.raw import RawTable, UnreadableFileError
from increase_eval.intake.readers import delimited, parquet, qualtrics, spss, stata, xlsx
from increase_eval.study.sources import Format, ReadOptions

Reader = Callable[[Path, ReadOptions], RawTable]

READERS: dict[str, Reader] = {
    "csv": delimited.read,
    "qualtrics": qualtrics.read,
    "xlsx": xlsx.read,
    "spss": spss.read,
    "stata": stata.read,
    "parquet": parquet.read,
}
FORMAT_OF_SUFFIX: dict[str, str] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".sav": "spss",
    ".zsav": "spss",
    ".dta": "stata",
    ".parquet": "parquet",
}
_BLOCK = 1 << 20


def read_file(
    path: str | Path, options: ReadOptions | None = None, format: Format = "auto", *, name: str | None = None
) -> RawTable:
    """Read one file as it is.

    Parameters
    ----------
    path
        The file.
    options
        Delimiter, encoding, decimal mark and sheet, where they should not be found out from the file.
    format
        One of ``csv, qualtrics, xlsx, spss, stata, parquet``; ``auto`` goes by the ending of the name, and tells a
        Qualtrics export from another CSV by its third row.
    name
        What messages call the file; the default is its name without folders.

    Returns
    -------
    RawTable
        The cells, the row numbers that a spreadsheet shows, and what the file says about its columns.

    Raises
    ------
    DataError
        If the file cannot be read; the message says why, and never shows a cell.
    """
    path = Path(path)
    called = name or path.name
    try:
        return _read(path, options or ReadOptions(), format)
    except UnreadableFileError as problem:
        raise DataError(f"{called}: {problem}") from None


def _read(path: Path, options: ReadOptions, format: str) -> RawTable:
    digest, size = _fingerprint(path)
    if size == 0:
        raise UnreadableFileError("the file is empty")
    table = READERS[_find_format(path, options, format)](path, options)
    if not table.rows_read:
        raise UnreadableFileError("the file has column names and no rows below them")
    return dataclasses.replace(table, sha256=digest, size=size)


def _find_format(path: Path, options: ReadOptions, format: str) -> str:
    if format != "auto":
        if format not in READERS:
            raise ValueError(f"format is {format!r}; allowed: auto, {', '.join(READERS)}")
        return format
    found = FORMAT_OF_SUFFIX.get(path.suffix.lower())
    if found is None:
        raise UnreadableFileError(
            f"the ending {path.suffix!r} is of no known format; known: {', '.join(FORMAT_OF_SUFFIX)}; "
            "or declare `format`"
        )
    return "qualtrics" if found == "csv" and qualtrics.looks_like_one(path, options) else found


def _fingerprint(path: Path) -> tuple[str, int]:
    if not path.exists():
        raise UnreadableFileError("there is no such file")
    if not path.is_file():
        raise UnreadableFileError("this is not a file")
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
                size += len(block)
    except OSError as problem:
        raise UnreadableFileError(f"it cannot be opened ({problem.strerror})") from None
    return digest.hexdigest(), size
