"""Bring the raw files of a study that is an example or a simulation; of any other, say where to put them."""

from __future__ import annotations

from pathlib import Path

from increase_eval.errors import ContractError, DataError
from increase_eval.places import Places
from increase_eval.study import Study


def bring(study: Study, folder: Path, places: Places) -> list[Path]:
    """Write the raw files of a study whose contract says how.

    Raises
    ------
    DataError
        If the contract has neither an example nor a synthetic cohort: the files are to be put there by hand.
    """
    if (study.folder / "example.yaml").is_file():
        from increase_eval.intake import write_example

        return list(write_example(study, folder))
    if study.cohort is not None:
        return simulate(study, folder, places)
    patterns = [pattern for source in study.head.sources for pattern in source.files]
    raise DataError(
        f"there are no raw files of {study.id} in {folder}",
        [f"the contract expects {pattern}" for pattern in patterns],
    )


def bringing_command(study: Study) -> str | None:
    """Give the command that writes the raw files of an example or a simulation; None where they are collected."""
    if (study.folder / "example.yaml").is_file():
        return f"increase-eval example {study.id}"
    return f"increase-eval simulate {study.id}" if study.cohort is not None else None


def simulate(study: Study, folder: Path, places: Places, *, seed: int | None = None) -> list[Path]:
    """Write the raw files of a synthetic cohort; its truth and the list of planted faults apart from them.

    Raises
    ------
    ContractError
        If the contract has no ``synthetic.yaml``.
    """
    if study.cohort is None:
        known = bringing_command(study)
        told = f"its raw files are written by: {known}" if known else "its data are not made, they are collected"
        raise ContractError(f"study {study.id!r} has no synthetic.yaml: {told}")
    from increase_eval.storage import write_table
    from increase_eval.synthetic.simulate import simulate_study

    made = simulate_study(study, study.cohort, folder, seed=seed)
    footer = {"study": study.id, "contract_hash": study.contract_hash, "synthetic": "true"}
    write_table(made.truth, places.truth(study.id) / "truth.parquet", footer)
    write_table(made.manifest, places.truth(study.id) / "planted_faults.parquet", footer)
    return list(made.files)
