"""How tables come to rest and are read again: one Parquet file each, so that an asset never sees a path."""

import hashlib
import json
from pathlib import Path

import dagster as dg
import pandas as pd

from increase_eval.errors import DataError
from increase_eval.files import replacing
from increase_eval.places import Places
from increase_eval.results import estimate_table
from increase_eval.storage import CONTENT_HASH, read_stored, read_table, write_table
from pipelines.catalogue import OPEN_SHAPE, OPTIONAL
from pipelines.documents import Documents
from pipelines.names import stored_path
from pipelines.progress import Progress, guarded, tell, working
from pipelines.provenance import Provenance

INPUTS = "inputs"
"""Metadata in which an asset says what went into it that no I/O manager loaded, such as raw files."""

FILES = "files"
"""The kind of a stored table that lists files for readers."""

LOADED: dict[tuple[str, str], dict[str, str]] = {}
"""Run and step -> table -> the content it had when the step loaded it; of steps that this process runs."""

TYPES = {
    "text": ("string", "str"),
    "category": ("string", "str", "Int64", "int64", "Float64", "float64", "boolean", "bool"),
    "integer": ("Int64", "int64"),
    "number": ("Float64", "float64", "Int64", "int64"),
    "boolean": ("boolean", "bool"),
    "date": ("datetime64",),
    "bytes": ("object",),
}
"""Type in the codebook -> pandas types that a stored column of it may have."""


class _Store(dg.ConfigurableIOManager):
    """What both stores share: where things lie, and what each step has loaded."""

    home: str

    @property
    def _places(self) -> Places:
        return Places(Path(self.home))

    def load_input(self, context: dg.InputContext) -> pd.DataFrame:
        """Read a stored table, and remember which content it had."""
        study_id, table = context.asset_key.path
        with guarded(f"loading {table}"), working(table):
            frame, footer = read_stored(stored_path(self._places, study_id, table))
        LOADED.setdefault(_step_of(context), {})[table] = footer.get(CONTENT_HASH, "")
        return frame

    def _footer(self, context: dg.OutputContext, **entries: str) -> dict[str, str]:
        facts = context.definition_metadata
        stated = (context.output_metadata or {}).get(INPUTS)
        inputs = {**LOADED.get(_step_of(context), {}), **(stated.value if stated else {})}
        made_from = Provenance(facts["contract_hash"], facts["code_version"], inputs)
        fixed = {"study": facts["study"], "table": context.asset_key.path[-1], "provenance": facts["provenance"]}
        return {**fixed, **entries, **made_from.to_footer()}


class TableStore(_Store):
    """Stores each table as one Parquet file below ``data/stored/<study>``, whole or not at all.

    The footer says what the table was made from: contract, code, and the content of every table that the same step
    loaded, as it was when it was loaded.
    """

    def handle_output(self, context: dg.OutputContext, obj: pd.DataFrame) -> None:
        """Hold the table to its schema, and store it."""
        study_id, table = context.asset_key.path
        facts = context.definition_metadata
        path = stored_path(self._places, study_id, table)
        with guarded(f"storing {table}"), working(table):
            frame = enforce_schema(obj, table, facts["dagster/column_schema"])
            labels = json.dumps(facts["labels"].value, ensure_ascii=False)
            write_table(frame, path, self._footer(context, labels=labels))
        context.add_output_metadata({"path": dg.MetadataValue.path(str(path)), "size_in_bytes": path.stat().st_size})
        tell(Progress("stored", table, rows=len(frame)))


class DocumentStore(_Store):
    """Writes files for readers below ``reports/build/<study>``, and then the table of what was written.

    That table is stored like any other, with a footer: so whether a report is fresh is read where it is read for
    everything else, and a file that somebody has changed or taken away is noticed.
    """

    def handle_output(self, context: dg.OutputContext, obj: Documents) -> None:
        """Write every file, each whole or not at all, then the table that lists them, then take away old ones."""
        study_id, name = context.asset_key.path
        folder, index = self._places.reports(study_id), stored_path(self._places, study_id, name)
        with guarded(f"writing {name}"), working(name):
            before = files_listed(index)
            for file_name, content in obj.files.items():
                with replacing(folder / file_name) as file:
                    file.write(content)
            listed = pd.DataFrame(
                [(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in sorted(obj.files.items())],
                columns=["file", "bytes", "sha256"],
            ).astype({"file": "str", "bytes": "Int64", "sha256": "str"})
            write_table(listed, index, self._footer(context, kind=FILES))
            for file_name in set(before) - set(obj.files):
                (folder / file_name).unlink(missing_ok=True)
        links = {Path(file_name).name: dg.MetadataValue.path(str(folder / file_name)) for file_name in obj.files}
        context.add_output_metadata({"files": len(obj.files), **links})
        tell(Progress("stored", name, rows=len(listed)))


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


def files_listed(index: Path) -> dict[str, str]:
    """Give the files that a table of files lists, as name -> hash; none where there is no such table."""
    try:
        frame = read_table(index)
    except DataError:
        return {}
    return dict(zip(frame["file"], frame["sha256"], strict=True))


def _step_of(context: dg.InputContext | dg.OutputContext) -> tuple[str, str]:
    return (
        context.run_id if isinstance(context, dg.OutputContext) else context.step_context.run_id,
        context.op_def.name,
    )
