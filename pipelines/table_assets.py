"""How an asset that stores tables is made: one library function between what comes in and what is checked."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import dagster as dg
import pandas as pd

from increase_eval.storage import content_hash
from increase_eval.study import Study
from pipelines.catalogue import table_metadata
from pipelines.checks import Check, Frames, run_checks
from pipelines.metadata import describe
from pipelines.progress import step, working
from pipelines.provenance import code_version, static_metadata

TABLES = "tables"
"""The key of the I/O manager that stores tables."""

Results = Iterator[dg.AssetCheckResult | dg.MaterializeResult]
"""What the body of an asset hands to Dagster: first what its checks found, then its tables."""

DOCUMENTS = "documents"
"""The key of the I/O manager that writes files for readers."""

KINDS = frozenset({"pandas", "parquet"})


def asset_key(study: Study, table: str) -> dg.AssetKey:
    """Give the key of a table's asset: the study, then the table."""
    return dg.AssetKey([study.id, table])


def asset_ins(study: Study, tables: Iterable[str]) -> dict[str, dg.AssetIn]:
    """Give the tables that an asset rests on, each loaded under its own name."""
    return {table: dg.AssetIn(key=asset_key(study, table)) for table in tables}


def table_asset(
    study: Study,
    name: str,
    *,
    inputs: Iterable[str],
    checks: Sequence[Check] = (),
    metadata: Mapping[str, object] | None = None,
) -> Callable[[Callable[..., pd.DataFrame]], dg.AssetsDefinition]:
    """Make an asset that stores one table out of a function of the tables it rests on.

    Parameters
    ----------
    study
        The study it belongs to.
    name
        The table; with the study's id it makes the asset's key.
    inputs
        The tables it rests on; the function takes each by name.
    checks
        What must hold before the table is stored.
    metadata
        What the table carries besides its columns, such as where they come from.

    Returns
    -------
    callable
        A decorator; the function's docstring becomes the description, which says the grain in one sentence.
    """

    def decorate(compute: Callable[..., pd.DataFrame]) -> dg.AssetsDefinition:
        @dg.asset(
            key=asset_key(study, name),
            ins=asset_ins(study, inputs),
            description=inspect.getdoc(compute),
            metadata={**table_metadata(study, name), **(metadata or {})},
            tags={"study": study.id},
            kinds=set(KINDS),
            io_manager_key=TABLES,
            code_version=code_version(),
            check_specs=[check.spec(study.id) for check in checks],
        )
        def body(**tables: pd.DataFrame) -> Results:
            with step(name):
                with working(name):
                    frames = {name: compute(**tables)}
                yield from checked_tables(study, frames, checks, beside=tables, metadata=metadata)

        return body

    return decorate


def table_out(study: Study, name: str, description: str) -> dg.AssetOut:
    """Describe one of several tables that one asset stores."""
    return dg.AssetOut(
        key=asset_key(study, name),
        description=description,
        metadata=table_metadata(study, name),
        tags={"study": study.id},
        kinds=set(KINDS),
        io_manager_key=TABLES,
        code_version=code_version(),
    )


def document_out(study: Study, name: str, description: str, kind: str) -> dg.AssetOut:
    """Describe files that leave: one of several outputs that one asset has."""
    return dg.AssetOut(
        key=asset_key(study, name),
        description=description,
        metadata=static_metadata(study),
        tags={"study": study.id},
        kinds={kind},
        io_manager_key=DOCUMENTS,
        code_version=code_version(),
    )


def checked_tables(
    study: Study,
    frames: Frames,
    checks: Sequence[Check],
    *,
    beside: Frames | None = None,
    metadata: Mapping[str, object] | None = None,
) -> Results:
    """Check tables, all of them before any is stored, and hand each to its I/O manager with what the UI shows of it."""
    yield from run_checks(study.id, checks, {**(beside or {}), **frames})
    for name, frame in frames.items():
        with working(name):
            described = describe(study, name, frame)
            version = dg.DataVersion(content_hash(frame))
        yield dg.MaterializeResult(
            asset_key=asset_key(study, name),
            value=frame,
            metadata={**described, **(metadata or {})},
            data_version=version,
        )
