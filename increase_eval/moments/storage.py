"""Moments on disc: one Parquet row a cell, the columns and the centre in the footer, bit for bit what was written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from increase_eval.errors import DataError

if TYPE_CHECKING:
    from increase_eval.moments.pattern import PatternMoments

FOOTER = b"increase_eval.moments"
_CELL_COLUMNS = ("_pattern", "_people", "_weight", "_sums", "_cross")


def write(moments: PatternMoments, path: Path) -> None:
    """Write moments to ``path``."""
    table = pa.Table.from_pandas(moments.groups, preserve_index=False)
    cells = len(moments.people)
    content = {
        "_pattern": pa.array(["".join("1" if seen else "0" for seen in row) for row in moments.patterns], pa.string()),
        "_people": pa.array(moments.people),
        "_weight": pa.array(moments.weights),
        "_sums": pa.array(list(moments.sums), pa.list_(pa.float64())),
        "_cross": pa.array(list(moments.cross.reshape(cells, -1)), pa.list_(pa.float64())),
    }
    if moments.by:
        for name, column in content.items():
            table = table.append_column(name, column)
    else:
        table = pa.table(content)
    # Hexadecimal floats come back bit for bit.
    footer = {"columns": moments.columns, "by": moments.by, "centre": [float(x).hex() for x in moments.centre]}
    metadata = {**(table.schema.metadata or {}), FOOTER: json.dumps(footer).encode()}
    pq.write_table(table.replace_schema_metadata(metadata), path)


def read(path: Path) -> dict[str, Any]:
    """Read the parts of a :class:`PatternMoments` from ``path``."""
    table = pq.read_table(path)
    metadata = table.schema.metadata or {}
    if FOOTER not in metadata:
        raise DataError(f"{path.name} holds no moments: its footer has no {FOOTER.decode()!r}")
    footer = json.loads(metadata[FOOTER])
    columns, by = tuple(footer["columns"]), tuple(footer["by"])
    cells, q = table.num_rows, len(columns)
    bits = [[mark == "1" for mark in text] for text in table["_pattern"].to_pylist()]
    return {
        "columns": columns,
        "by": by,
        "groups": table.drop_columns(list(_CELL_COLUMNS)).to_pandas(),
        "patterns": np.array(bits, dtype=bool).reshape(cells, q),
        "people": table["_people"].to_numpy().astype(np.int64),
        "weights": table["_weight"].to_numpy().astype(np.float64),
        "sums": np.array(table["_sums"].to_pylist(), dtype=np.float64).reshape(cells, q),
        "cross": np.array(table["_cross"].to_pylist(), dtype=np.float64).reshape(cells, q, q),
        "centre": np.array([float.fromhex(x) for x in footer["centre"]]),
    }
