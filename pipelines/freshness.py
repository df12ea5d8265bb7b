"""Which tables need to be made again? Those whose footer does not say what would go into them today.

A table is fresh when its file is whole, and its footer has the contract's hash, the code's version, and the content
hash of every input as it is now. Whatever rests on a table that is not fresh is not fresh either. Nothing else is
remembered between runs: so it does not matter how the last one ended, nor what Dagster's own storage knows of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import dagster as dg

from increase_eval.errors import DataError
from increase_eval.places import Places
from increase_eval.storage import CONTENT_HASH, read_footer
from increase_eval.study import Study
from pipelines.io_managers import FILES, files_listed
from pipelines.names import RAW_FILES, stored_path
from pipelines.provenance import Provenance, code_version, file_hash

RAW_RESOURCE = "raw_files"


@dataclass(frozen=True, slots=True)
class Staleness:
    """Why one asset has to be made again; no reasons where it is fresh.

    Attributes
    ----------
    step
        The name of the asset's step.
    tables
        The tables it stores.
    reasons
        In words for a person, the most telling first.
    """

    step: str
    tables: tuple[str, ...]
    reasons: tuple[str, ...]

    @property
    def is_fresh(self) -> bool:
        """Whether it can be left as it is."""
        return not self.reasons


def judge_assets(
    study: Study, places: Places, assets: Sequence[dg.AssetsDefinition], raw_inputs: Mapping[str, str]
) -> tuple[Staleness, ...]:
    """Say of each asset whether it is fresh, upstream ones first.

    Parameters
    ----------
    study, places
        The study as its contract is now, and where its tables lie.
    assets
        Its assets.
    raw_inputs
        What would go into the assets that rest on raw files today: name -> hash.

    Returns
    -------
    tuple of Staleness
        One an asset.
    """
    judged: dict[str, Staleness] = {}
    hashes: dict[str, str] = {}
    for asset in upstream_first(assets):
        tables = tables_of(asset)
        inputs = inputs_of(asset)
        upstream = sorted({judged[table].step for table in inputs if table in judged and not judged[table].is_fresh})
        reasons = [f"{step} is made again" for step in upstream]
        if not reasons:
            made_from = (
                {table: hashes[table] for table in inputs} if inputs or not is_of_raw_files(asset) else raw_inputs
            )
            wanted = Provenance(study.contract_hash, code_version(), made_from)
            reasons = [*dict.fromkeys(why for table in tables for why in _reasons(study, places, table, wanted))]
        if not reasons:
            hashes |= {table: read_footer(stored_path(places, study.id, table))[CONTENT_HASH] for table in tables}
        staleness = Staleness(asset.op.name, tables, tuple(reasons))
        judged |= dict.fromkeys(tables, staleness)
    return tuple(dict.fromkeys(judged.values()))


def tables_of(asset: dg.AssetsDefinition) -> tuple[str, ...]:
    """Give the tables that an asset stores, in order."""
    return tuple(spec.key.path[-1] for spec in asset.specs)


def inputs_of(asset: dg.AssetsDefinition) -> tuple[str, ...]:
    """Give the stored tables that an asset loads; raw files are none."""
    return tuple(sorted({key.path[-1] for key in asset.keys_by_input_name.values()} - {RAW_FILES}))


def is_of_raw_files(asset: dg.AssetsDefinition) -> bool:
    """Whether an asset reads raw files; one without any input rests on the contract alone."""
    return RAW_RESOURCE in asset.required_resource_keys


def upstream_first(assets: Sequence[dg.AssetsDefinition]) -> Iterator[dg.AssetsDefinition]:
    """Put assets into an order in which each comes after everything it loads; else in the order given."""
    waiting = list(assets)
    own = {table for asset in assets for table in tables_of(asset)}
    done: set[str] = set()
    while waiting:
        ready = next(asset for asset in waiting if set(inputs_of(asset)) & own <= done)
        waiting.remove(ready)
        done |= set(tables_of(ready))
        yield ready


def _reasons(study: Study, places: Places, table: str, wanted: Provenance) -> Iterator[str]:
    path = stored_path(places, study.id, table)
    if not path.is_file():
        yield f"{table} is not stored"
        return
    try:
        footer = read_footer(path)
    except DataError:
        yield f"{table} is not a whole file"
        return
    yield from Provenance.from_footer(footer).differences(wanted)
    if footer.get("kind") == FILES:
        for name, digest in files_listed(path).items():
            written = places.reports(study.id) / name
            if not written.is_file() or file_hash(written) != digest:
                yield f"{name} is not as it was written"
