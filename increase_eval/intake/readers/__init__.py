"""Open one file of any supported format: what it says of itself, and its rows in parts."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from increase_eval.errors import DataError
from increase_eval.intake.raw import RawFile, RawTable, UnreadableFileError
from increase_eval.intake.readers import delimited, parquet, qualtrics, spss, stata, xlsx
from increase_eval.study.sources import Format, ReadOptions

Reader = Callable[[Path, ReadOptions], RawFile]

READERS: dict[str, Reader] = {
    "csv": delimited.open_file,
    "qualtrics": qualtrics.open_file,
    "xlsx": xlsx.open_file,
    "spss": spss.open_file,
    "stata": stata.open_file,
    "parquet": parquet.open_file,
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
BATCH_ROWS = 100_000
"""How many rows are read and conformed together. More are no faster, and fewer cost more for each."""

_BLOCK = 1 << 20
_CHANGED = "it was written to while it was read; try again once it is whole"


def open_file(
    path: str | Path, options: ReadOptions | None = None, format: Format = "auto", *, name: str | None = None
) -> RawFile:
    """Open one file, to be read in parts.

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
    RawFile
        What the file says about itself and its columns, and its rows in parts. Delimited text and Parquet are read
        part by part; workbooks, SPSS and Stata files are read whole here, since their readers give whole files.

    Raises
    ------
    DataError
        If the file cannot be read; the message says why, and never shows a cell. The parts raise it as well.
    """
    path = Path(path)
    called = name or path.name
    try:
        digest, size, written = _fingerprint(path)
        file = READERS[_find_format(path, options or ReadOptions(), format)](path, options or ReadOptions())
    except UnreadableFileError as problem:
        raise DataError(f"{called}: {problem}") from None
    head = dataclasses.replace(file.head, sha256=digest, size=size)

    def parts(rows: int) -> Iterator[RawTable]:
        try:
            yield from _parts(file, head, rows)
            _refuse_changed(path, written)
        except UnreadableFileError as problem:
            raise DataError(f"{called}: {problem}") from None

    return RawFile(head, parts)


def _parts(file: RawFile, head: RawTable, rows: int) -> Iterator[RawTable]:
    """Give the parts that hold anything."""
    count = 0
    try:
        for part in file.parts(rows):
            if part.rows_read:
                count += part.rows_read
                yield dataclasses.replace(part, sha256=head.sha256, size=head.size)
    except UnicodeError:
        raise UnreadableFileError(_CHANGED) from None
    if not count:
        raise UnreadableFileError("the file has column names and no rows below them")


def read_file(
    path: str | Path, options: ReadOptions | None = None, format: Format = "auto", *, name: str | None = None
) -> RawTable:
    """Read one file as it is, with all its rows at once: for files that are small, or that are looked at as a whole.

    Parameters
    ----------
    path, options, format, name
        As for :func:`open_file`.

    Returns
    -------
    RawTable
        The cells, the row numbers that a spreadsheet shows, and what the file says about its columns.

    Raises
    ------
    DataError
        If the file cannot be read to its end; the message says why, and never shows a cell.
    """
    parts = list(open_file(path, options, format, name=name).parts(BATCH_ROWS))
    return dataclasses.replace(
        parts[0],
        frame=pd.concat([part.frame for part in parts], ignore_index=True) if len(parts) > 1 else parts[0].frame,
        rows=np.concatenate([part.rows for part in parts]),
        broken=tuple(row for part in parts for row in part.broken),
    )


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


def _fingerprint(path: Path) -> tuple[str, int, int]:
    """Give the hash and size of a file, and when it was last written."""
    if not path.exists():
        raise UnreadableFileError("there is no such file")
    if not path.is_file():
        raise UnreadableFileError("this is not a file")
    digest, size, written = hashlib.sha256(), 0, path.stat().st_mtime_ns
    try:
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
                size += len(block)
    except OSError as problem:
        raise UnreadableFileError(f"it cannot be opened ({problem.strerror})") from None
    if not size:
        raise UnreadableFileError("the file is empty")
    return digest.hexdigest(), size, written


def _refuse_changed(path: Path, written: int) -> None:
    """Refuse a file that is another than when it was opened: its hash would not be that of its rows."""
    if path.stat().st_mtime_ns != written:
        raise UnreadableFileError(_CHANGED)
