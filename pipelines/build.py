"""Put the definitions of studies together: assets, checks, a job and a sensor each, and what they share."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import dagster as dg

from increase_eval.errors import ContractError
from increase_eval.places import Places
from increase_eval.study import Study, find_studies, load_study
from pipelines.assets import study_assets
from pipelines.assets.sources import broken_contract_asset, source_assets
from pipelines.forked import forked_executor
from pipelines.io_managers import DocumentStore, TableStore
from pipelines.jobs import study_job
from pipelines.resources import ParticipantKey, RawFiles
from pipelines.sensors import raw_file_sensor

EXECUTOR_VARIABLE = "INCREASE_EVAL_EXECUTOR"
"""``in_process`` (the default on Dagster's page), ``forked`` (steps at once, see :mod:`pipelines.forked`; the default
on the command line) or ``multiprocess``, which starts a process a step: seconds each, worth it for hours."""

EXECUTORS = {
    "in_process": dg.in_process_executor,
    "forked": forked_executor,
    "multiprocess": dg.multiprocess_executor,
}


def build_definitions(
    study: Study,
    places: Places,
    *,
    assets: Sequence[dg.AssetsDefinition] | None = None,
    executor: dg.ExecutorDefinition | None = None,
) -> dg.Definitions:
    """Build everything that Dagster is to know of one study.

    Parameters
    ----------
    study
        The study; its contract decides which assets exist.
    places
        Where its files lie.
    assets
        Its assets, where they have been built already.
    executor
        What runs the steps; by default what the environment asks for.

    Returns
    -------
    Definitions
        Complete: assets with their checks, the job, the sensor, resources and executor.
    """
    return _with_what_is_shared([_study_parts(study, assets)], places, executor)


def build_all_definitions(places: Places, folders: Mapping[str, Path] | None = None) -> dg.Definitions:
    """Build the definitions of every study that a contract is found for.

    A broken contract takes nobody else down: its study has one asset, ``contract``, that says what is wrong.

    Parameters
    ----------
    places
        Where the files lie.
    folders
        Study -> the folder of its contract; by default those that are found.

    Returns
    -------
    Definitions
        Those of all studies, complete.
    """
    parts = []
    for name, folder in sorted((find_studies() if folders is None else folders).items()):
        try:
            study = load_study(folder)
        except ContractError as error:
            dg.get_dagster_logger().warning("the contract of %s is broken and its assets are left out: %s", name, error)
            parts.append(dg.Definitions(assets=[broken_contract_asset(name, folder, error)]))
            continue
        parts.append(_study_parts(study))
    return _with_what_is_shared(parts, places)


def study_resources(places: Places) -> dict[str, object]:
    """Give every resource that assets ask for, by the name they ask it by."""
    home = str(places.home)
    return {
        "raw_files": RawFiles(home=home),
        "participant_key": ParticipantKey(home=home),
        "tables": TableStore(home=home),
        "documents": DocumentStore(home=home),
    }


def executor() -> dg.ExecutorDefinition:
    """Give the executor that the environment asks for.

    Raises
    ------
    ValueError
        If it asks for one that is not known.
    """
    name = os.environ.get(EXECUTOR_VARIABLE) or "in_process"
    if name not in EXECUTORS:
        raise ValueError(f"{EXECUTOR_VARIABLE} is {name!r}; allowed: {', '.join(EXECUTORS)}")
    return EXECUTORS[name]


def _study_parts(study: Study, assets: Sequence[dg.AssetsDefinition] | None = None) -> dg.Definitions:
    return dg.Definitions(
        assets=[*source_assets(study), *(study_assets(study) if assets is None else assets)],
        jobs=[study_job(study)],
        sensors=[raw_file_sensor(study)],
    )


def _with_what_is_shared(
    parts: Iterable[dg.Definitions], places: Places, runs: dg.ExecutorDefinition | None = None
) -> dg.Definitions:
    return dg.Definitions.merge(*parts, dg.Definitions(resources=study_resources(places), executor=runs or executor()))
