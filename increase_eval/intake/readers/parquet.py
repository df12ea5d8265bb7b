"""Read a Parquet file with its types; whole numbers stay whole even where some are missing."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from increase_eval.intake.raw import RawFile, RawTable, UnreadableFileError, check_header
from increase_eval.intake.readers.spss import blank_text_to_missing
from increase_eval.study.sources import ReadOptions

_PROBLEMS = (pa.ArrowException, OSError, ValueError)


def open_file(path: Path, options: ReadOptions) -> RawFile:
    """Open a flat table; row 2 is the first row, as in an exported sheet."""
    try:
        schema = pq.read_schema(path)
    except _PROBLEMS as problem:
        raise _not_whole(problem) from None
    names = check_header(list(schema.names))
    nested = [name for name, field in zip(names, schema, strict=True) if pa.types.is_nested(field.type)]
    if nested:
        raise UnreadableFileError(f"columns {', '.join(nested)} hold lists or records, not single values")
    head = RawTable(
        frame=_frame(names, schema.empty_table().columns),
        rows=np.zeros(0, dtype="int64"),
        format="parquet",
        decimal=options.decimal,
    )

    def parts(rows: int) -> Iterator[RawTable]:
        first = 2
        for batch in _batches(path, rows):
            numbers = np.arange(first, first + batch.num_rows, dtype="int64")
            yield dataclasses.replace(head, frame=_frame(names, batch.columns), rows=numbers)
            first += batch.num_rows

    return RawFile(head, parts)


def _batches(path: Path, rows: int) -> Iterator[pa.RecordBatch]:
    """Give the rows in batches; only what cannot be read is an error of the file."""
    try:
        with pq.ParquetFile(path) as file:
            batches = file.iter_batches(batch_size=rows)
            while (batch := next(batches, None)) is not None:
                yield batch
    except _PROBLEMS as problem:
        raise _not_whole(problem) from None


def _not_whole(problem: Exception) -> UnreadableFileError:
    return UnreadableFileError(f"it is no whole Parquet file ({type(problem).__name__})")


def _frame(names: list[str], columns: list[pa.Array | pa.ChunkedArray]) -> pd.DataFrame:
    return blank_text_to_missing(pd.DataFrame({n: _column(column) for n, column in zip(names, columns, strict=True)}))


def _column(column: pa.Array | pa.ChunkedArray) -> pd.Series:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = column.type
    if pa.types.is_decimal(kind):
        column = column.cast(pa.float64())
    if pa.types.is_integer(kind):
        return pd.Series(column.to_pandas(types_mapper=_nullable))
    if pa.types.is_boolean(kind):
        return pd.Series(column.to_pandas(types_mapper=_nullable))
    return pd.Series(column.to_pandas())


def _nullable(kind: pa.DataType) -> pd.api.extensions.ExtensionDtype:
    return pd.BooleanDtype() if pa.types.is_boolean(kind) else pd.Int64Dtype()
