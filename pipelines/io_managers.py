"""How tables come to rest and are read again: one Parquet file each, so that an asset never sees a path."""

import json
from pathlib import Path

import dagster as dg
import pandas as pd
from pydantic import PrivateAttr

from increase_eval.errors import DataError
from increase_eval.places import Places
from increase_eval.results import estimate_table
from increase_eval.storage import CONTENT_HASH, read_stored, write_table
from pipelines.catalogue import OPEN_SHAPE, OPTIONAL
from pipelines.progress import Progress, guarded, tell, working
from pipelines.provenance import Provenance

INPUTS = "inputs"
"""Metadata in which an asset says what went into it that no I/O manager loaded, such as raw files."""

TYPES = {
    "text": ("string", "str"),
    "category": ("string", "str", "Int64", "int64", "Float64", "float64", "boolean", "bool"),
    "integer": ("Int64", "int64"),
    "number": ("Float64", "float64", "Int64", "int64"),
    "boolean": ("boolean", "bool"),
    "date": ("datetime64",),
}
"""Type in the codebook -> pandas types that a stored column of it may have."""


class TableStore(dg.ConfigurableIOManager):
    """Stores each table as one Parquet file below ``data/stored/<study>``, whole or not at all.

    The footer says what the table was made from: contract, code, and the content of every table that the same step
    loaded here, as it was when it was loaded.
    """

    home: str
    _loaded: dict[tuple[str, str], dict[str, str]] = PrivateAttr(default_factory=dict)

    def handle_output(self, context: dg.OutputContext, obj: pd.DataFrame) -> None:
        """Hold the table to its schema, and store it."""
        study_id, table = context.asset_key.path
        facts = context.definition_metadata
        path = Places(Path(self.home)).table(study_id, table)
        with guarded(f"storing {table}"), working(table):
            frame = enforce_schema(obj, table, facts["dagster/column_schema"])
            write_table(frame, path, self._footer(context, table))
        context.add_output_metadata(
            {"path": dg.MetadataValue.path(str(path)), "size_in_bytes": path.stat().st_size},
        )
        tell(Progress("stored", table, rows=len(frame)))

    def load_input(self, context: dg.InputContext) -> pd.DataFrame:
        """Read a stored table, and remember which content it had."""
        study_id, table = context.asset_key.path
        with guarded(f"loading {table}"), working(table):
            frame, footer = read_stored(Places(Path(self.home)).table(study_id, table))
        self._loaded.setdefault(_step_of(context), {})[table] = footer.get(CONTENT_HASH, "")
        return frame

    def _footer(self, context: dg.OutputContext, table: str) -> dict[str, str]:
        facts = context.definition_metadata
        stated = (context.output_metadata or {}).get(INPUTS)
        inputs = {**self._loaded.get(_step_of(context), {}), **(stated.value if stated else {})}
        made_from = Provenance(facts["contract_hash"], facts["code_version"], inputs)
        labels = json.dumps(facts["labels"].value, ensure_ascii=False)
        fixed = {"study": facts["study"], "table": table, "provenance": facts["provenance"], "labels": labels}
        return {**fixed, **made_from.to_footer()}


def enforce_schema(frame: pd.DataFrame, table: str, schema: dg.TableSchema) -> pd.DataFrame:
    """Hold a table to the columns and types that its contract or its shape gives it.

    Raises
    ------
    DataError
        With every column that is missing, not known, or of another type. No value is quoted.
    """
    if OPEN_SHAPE in schema.constraints.other:
        try:
            return estimate_table(frame)
        except ValueError as error:
            raise DataError(f"table {table!r} is no table of estimates: {error}") from None
    wanted = {column.name: column.type for column in schema.columns}
    optional = {column.name for column in schema.columns if OPTIONAL in column.tags}
    problems = [f"column {name!r} is missing" for name in wanted if name not in {*frame.columns, *optional}]
    problems += [f"column {name!r} is in no contract" for name in frame.columns if name not in wanted]
    problems += [
        f"column {name!r} is {frame[name].dtype}, and {kind} is stored as {' or '.join(TYPES[kind])}"
        for name, kind in wanted.items()
        if name in frame.columns and not str(frame[name].dtype).startswith(TYPES[kind])
    ]
    if problems:
        raise DataError(f"table {table!r} is not what its contract says, and was not stored", problems)
    return frame[[name for name in wanted if name in frame.columns]]


def _step_of(context: dg.InputContext | dg.OutputContext) -> tuple[str, str]:
    return (
        context.run_id if isinstance(context, dg.OutputContext) else context.step_context.run_id,
        context.op_def.name,
    )
