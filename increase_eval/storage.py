"""Where tables rest between steps: one Parquet file each, written whole or not at all.

A table is written to a temporary file in its own folder, flushed to the disc, and renamed over the last one; the rename
is the one moment at which anything changes for a reader. So a run that is killed leaves the last complete tables, and
two runs at once cannot mix their bytes: each has temporary files of its own, and the last rename wins whole. (The
command line also holds :func:`~increase_eval.files.study_lock`, so that two of its runs do not do the same work twice.)

The footer of each file says what the table was made from. Nothing in it is a clock, so the same inputs give the same
bytes. Left out on purpose: partitions, appending, and any format but Parquet (see :mod:`increase_eval.reporting`).
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from increase_eval.errors import DataError
from increase_eval.files import replacing
from increase_eval.places import Places

PREFIX = "increase_eval."
"""Footer keys in the file carry this prefix, so that they cannot meet those of other tools."""

CONTENT_HASH = "content_hash"
"""The footer key that :func:`write_table` adds: the hash of the rows and columns, whatever else the footer says."""

SUFFIX = ".parquet"
ROWS_IN_GROUP = 131_072
_ARROW_REFUSES = (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError)


def write_table(frame: pd.DataFrame, path: Path, footer: Mapping[str, str]) -> str:
    """Store a table, whole or not at all.

    Parameters
    ----------
    frame
        The table; column names are distinct strings. The index is not stored and must be unnamed.
    path
        The Parquet file to write or replace; its folder is made where it is missing.
    footer
        What the table was made from: text by key. ``content_hash`` is added.

    Returns
    -------
    str
        SHA-256 of the content: equal for equal tables, whatever the footer says.

    Raises
    ------
    ValueError
        If the frame cannot be stored. The message names the column, never a value.
    OSError
        If the disc is full or the folder cannot be written. The last complete table stays.
    """
    if CONTENT_HASH in footer:
        raise ValueError(f"the footer key {CONTENT_HASH!r} is worked out from the table and cannot be given")
    table = _to_arrow(frame)
    with replacing(path) as file:
        return _write_parquet(table, file, footer)


def content_hash(frame: pd.DataFrame) -> str:
    """Give the hash that :func:`write_table` would put in the footer, without writing anything."""
    return _write_parquet(_to_arrow(frame), _Nowhere(), {})


def table_as_bytes(frame: pd.DataFrame) -> bytes:
    """Give a table as the bytes of a Parquet file, for a table that has to travel inside another.

    Examples
    --------
    >>> frame = pd.DataFrame({"estimate": [0.1, None]})
    >>> table_from_bytes(table_as_bytes(frame)).equals(frame)
    True
    """
    file = io.BytesIO()
    _write_parquet(_to_arrow(frame), file, {})
    return file.getvalue()


def table_from_bytes(content: bytes) -> pd.DataFrame:
    """Give the table that :func:`table_as_bytes` was given."""
    table: pa.Table = pq.read_table(pa.BufferReader(content))
    frame: pd.DataFrame = table.to_pandas()
    return frame


def read_table(path: Path) -> pd.DataFrame:
    """Read a stored table, with the types it was stored with.

    Raises
    ------
    DataError
        If there is no such table, or it is not a Parquet file.
    """
    return read_stored(path)[0]


def read_footer(path: Path) -> dict[str, str]:
    """Read what a stored table was made from, without reading the table.

    Raises
    ------
    DataError
        If there is no such table, or it is not a Parquet file.
    """
    with _readable(path) as file:
        return _footer(file)


def read_stored(path: Path) -> tuple[pd.DataFrame, dict[str, str]]:
    """Read a stored table and its footer from one and the same file, whatever other runs replace meanwhile.

    Raises
    ------
    DataError
        If there is no such table, or it is not a Parquet file.
    """
    with _readable(path) as file:
        return file.read().to_pandas(), _footer(file)


class StudyTables(Mapping[str, pd.DataFrame]):
    """The stored tables of one study by name, each read when it is asked for.

    Examples
    --------
    >>> from pathlib import Path
    >>> tables = StudyTables(Path("no such folder"), "example")
    >>> len(tables), "scores" in tables
    (0, False)
    """

    def __init__(self, folder: Path, study_id: str) -> None:
        self.folder = folder
        self.study_id = study_id

    def __getitem__(self, name: str) -> pd.DataFrame:
        return read_table(self._path(name))

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(path.stem for path in self.folder.glob(f"[!.]*{SUFFIX}")))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return name in list(self)

    def footer(self, name: str) -> dict[str, str]:
        """Read what one table was made from."""
        return read_footer(self._path(name))

    def labels(self, name: str, language: str) -> dict[str, str]:
        """Read the labels of a table's columns in ``"en"`` or ``"fr"``; columns without one are left out."""
        labels: dict[str, dict[str, str]] = json.loads(self.footer(name).get("labels", "{}"))
        return {column: texts[language] for column, texts in labels.items() if language in texts}

    def _path(self, name: str) -> Path:
        if name not in self:
            held = ", ".join(self) or "none yet; `increase-eval run` stores them"
            raise KeyError(f"study {self.study_id!r} has no stored table {name!r}; stored: {held}")
        return self.folder / f"{name}{SUFFIX}"


def open_study_tables(places: Places, study_id: str) -> StudyTables:
    """Give the stored tables of a study by name, each read when it is asked for."""
    return StudyTables(places.stored(study_id), study_id)


class _Nowhere:
    """A file that keeps nothing."""

    def write(self, data: bytes) -> int:
        return len(data)


class _Hashing:
    """A file that passes everything on and keeps the hash of it, with the few methods that Arrow asks of a file."""

    closed = False

    def __init__(self, file: BinaryIO | _Nowhere) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._position = 0

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        self._position += len(data)
        self._file.write(data)
        return len(data)

    def tell(self) -> int:
        return self._position

    def flush(self) -> None:
        """Leave it to the owner of the file."""

    def close(self) -> None:
        """Leave it to the owner of the file."""

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


def _write_parquet(table: pa.Table, file: BinaryIO | _Nowhere, footer: Mapping[str, str]) -> str:
    sink = _Hashing(file)
    with pq.ParquetWriter(pa.PythonFile(sink, mode="w"), table.schema, compression="zstd") as writer:
        writer.write_table(table, row_group_size=ROWS_IN_GROUP)
        # Up to here the bytes hold columns and rows alone; types and names come from the schema.
        pages = sink.hexdigest()
        schema = table.schema.remove_metadata().to_string()
        digest = hashlib.sha256(f"{schema}\0{table.num_rows}\0{pages}".encode()).hexdigest()
        entries = {**footer, CONTENT_HASH: digest}
        writer.add_key_value_metadata({PREFIX + key: entries[key] for key in sorted(entries)})
    return digest


def _to_arrow(frame: pd.DataFrame) -> pa.Table:
    strange = [column for column in frame.columns if not isinstance(column, str)]
    if strange:
        raise ValueError(f"column names must be text; these are not: {strange}")
    if not frame.columns.is_unique:
        raise ValueError(f"columns {sorted(frame.columns[frame.columns.duplicated()])} stand twice")
    if any(name is not None for name in frame.index.names):
        raise ValueError(f"the index is named {list(frame.index.names)} and would be lost; make it a column")
    categorical = [column for column in frame.columns if isinstance(frame[column].dtype, pd.CategoricalDtype)]
    if categorical:
        # An empty Parquet file forgets its categories; stored tables hold codes, and labels are the contract's.
        raise ValueError(f"columns {categorical} are categorical; store their codes")
    try:
        table = pa.Table.from_pandas(frame.reset_index(drop=True), preserve_index=False)
    except _ARROW_REFUSES:
        refused = [column for column in frame.columns if not _is_storable(frame[column])]
        types = ", ".join(f"{column!r} (pandas type {frame[column].dtype})" for column in refused)
        # Arrow's own message quotes the value, which may be somebody's answer.
        raise ValueError(f"columns that mix types cannot be stored: {types}") from None
    # How pandas put the pieces together must not show in the bytes.
    return table.combine_chunks()


def _is_storable(column: pd.Series[Any]) -> bool:
    try:
        pa.array(column, from_pandas=True)
    except _ARROW_REFUSES:
        return False
    return True


def _footer(file: pq.ParquetFile) -> dict[str, str]:
    entries = file.metadata.metadata or {}
    pairs = {key.decode(): value.decode() for key, value in sorted(entries.items())}
    return {key.removeprefix(PREFIX): value for key, value in pairs.items() if key.startswith(PREFIX)}


@contextmanager
def _readable(path: Path) -> Iterator[pq.ParquetFile]:
    try:
        file = pq.ParquetFile(path)
    except FileNotFoundError:
        raise DataError(f"{path} is not there; `increase-eval run` stores it") from None
    except pa.ArrowInvalid:
        raise DataError(f"{path} is not a whole Parquet file; `increase-eval run` makes it again") from None
    with file:
        yield file
