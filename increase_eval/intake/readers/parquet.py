"""Read a Parquet file with its types; whole numbers stay whole even where some are missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from increase_eval.intake.raw import RawTable, UnreadableFileError, check_header
from increase_eval.intake.readers.spss import blank_text_to_missing
from increase_eval.study.sources import ReadOptions


def read(path: Path, options: ReadOptions) -> RawTable:
    """Read all columns of a flat table; row 2 is the first row, as in an exported sheet."""
    try:
        with pq.ParquetFile(path) as file:
            table = file.read()
    except (pa.ArrowException, OSError, ValueError) as problem:
        raise UnreadableFileError(f"it is no whole Parquet file ({type(problem).__name__})") from None
    names = check_header(list(table.column_names))
    nested = [name for name, field in zip(names, table.schema, strict=True) if pa.types.is_nested(field.type)]
    if nested:
        raise UnreadableFileError(f"columns {', '.join(nested)} hold lists or records, not single values")
    columns = {name: _column(table.column(place)) for place, name in enumerate(names)}
    return RawTable(
        frame=blank_text_to_missing(pd.DataFrame(columns)),
        rows=np.arange(2, table.num_rows + 2, dtype="int64"),
        format="parquet",
        decimal=options.decimal,
    )


def _column(column: pa.ChunkedArray) -> pd.Series:
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
