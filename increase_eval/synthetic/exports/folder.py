"""Write every raw file of a synthetic study into its folder, faults included."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from numpy.random import Generator

from increase_eval.study.cohort import CohortPlan
from increase_eval.study.services import ServiceStatistics
from increase_eval.study.sources import Source
from increase_eval.study.study import Study
from increase_eval.synthetic.exports.costs import cost_sheet, plant_in_costs
from increase_eval.synthetic.exports.faults import (
    HEADER_ROWS,
    MANIFEST_COLUMNS,
    Faulty,
    SurveyFile,
    plant_in_answers,
)
from increase_eval.synthetic.exports.file_faults import (
    add_a_column,
    cut_last_line,
    exchange_labels,
    plant_in_register,
    rename_a_column,
    repeat_last_row,
)
from increase_eval.synthetic.exports.files import csv_bytes, write_source, write_workbook
from increase_eval.synthetic.exports.records import client_keys, monthly_counts, register_table
from increase_eval.synthetic.exports.survey import export_table
from increase_eval.synthetic.process import Cohort


def write_raw_files(
    study: Study,
    plan: CohortPlan,
    cohort: Cohort,
    clients: pd.DataFrame,
    folder: Path,
    rng: Generator,
    slips: Generator | None,
) -> tuple[tuple[Path, ...], pd.DataFrame]:
    """Write register, answers, monthly counts and costs.

    Parameters
    ----------
    study, plan, cohort, clients
        The study, how it was drawn, its respondents and its register.
    folder
        Where the files go.
    rng
        The random numbers of the exports.
    slips
        The random numbers of the faults; None: no faults.

    Returns
    -------
    tuple
        The files, and the manifest of the faults.
    """
    keys = client_keys(clients, study, plan, rng)
    files: list[Path] = []
    manifests: list[pd.DataFrame] = []
    for source in study.head.sources:
        path = folder / source.files[0].replace("*", "")
        path.parent.mkdir(parents=True, exist_ok=True)
        if source.shape == "participants":
            faulty = _write_register(study, plan, source, register_table(clients, study, plan, keys, rng), path, slips)
        else:
            table = export_table(study, plan, cohort, source, keys, rng)
            file = _survey_file(study, plan, cohort, clients, source, keys)
            faulty = _write_answers(file, table, path, slips)
        manifests.append(faulty.manifest(path.relative_to(folder).as_posix(), HEADER_ROWS.get(source.format, 1)))
        files.append(path)
    if study.services is not None:
        path = folder / study.services.source.files[0].replace("*", "")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_workbook(monthly_counts(clients, study, plan), path)
        files.append(path)
        files += _write_costs(study, study.services, plan, folder, slips, manifests)
    manifest = pd.concat(manifests, ignore_index=True)[list(MANIFEST_COLUMNS)]
    return tuple(files), manifest


def _write_costs(
    study: Study,
    services: ServiceStatistics,
    plan: CohortPlan,
    folder: Path,
    slips: Generator | None,
    manifests: list[pd.DataFrame],
) -> list[Path]:
    """Write the sheet of costs, where the study has one, and note its faults."""
    source = services.cost_source
    if source is None:
        return []
    path = folder / source.files[0].replace("*", "")
    path.parent.mkdir(parents=True, exist_ok=True)
    table = cost_sheet(study, services, source, plan)
    faulty = Faulty(table) if slips is None else plant_in_costs(table, source, slips)
    write_workbook({source.options.sheet or "costs": faulty.table}, path)
    manifests.append(faulty.manifest(path.relative_to(folder).as_posix()))
    return [path]


def _write_register(
    study: Study, plan: CohortPlan, source: Source, table: pd.DataFrame, path: Path, slips: Generator | None
) -> Faulty:
    faulty = Faulty(table) if slips is None else plant_in_register(table, study, plan, source, slips)
    path.write_bytes(csv_bytes(faulty.table))
    return faulty


def _survey_file(
    study: Study, plan: CohortPlan, cohort: Cohort, clients: pd.DataFrame, source: Source, keys: pd.Series
) -> SurveyFile:
    platform = plan.platforms[source.platform or ""]
    first, wave = study.wave_ids[0], source.wave or ""
    dates = next(column for column in study.wave_columns(wave) if column.role == "answer_date")
    first_dates = next(column for column in study.wave_columns(first) if column.role == "answer_date")
    silent = clients.index[~clients["is_respondent"]]
    spare = [key for key in keys.loc[silent] if key.startswith(platform.key_prefix)]
    return SurveyFile(
        study=study,
        plan=plan,
        platform=platform,
        source=source,
        key=str(source.key.column if source.key is not None else None),
        date=dates.names_in_files(source.platform)[0],
        keys=frozenset(keys),
        spare_keys=tuple(spare),
        first_days=dict(enumerate(cohort.answers[first][first_dates.name])),
        has_first=wave == first,
    )


def _write_answers(file: SurveyFile, table: pd.DataFrame, path: Path, slips: Generator | None) -> Faulty:
    """Plant faults in the rows, then those of the whole file, by its format and wave, and write it."""
    study, source = file.study, file.source
    if slips is None:
        write_source(study, source, table, path)
        return Faulty(table)
    faulty = plant_in_answers(table, file, slips)
    labels = exchange_labels(study, source, faulty) if source.format == "spss" else {}
    is_last = source.wave == study.wave_ids[-1]
    if source.format == "qualtrics" and is_last:
        rename_a_column(faulty, file)
    elif not file.has_first:
        add_a_column(faulty, file)
    if source.format == "csv":
        repeat_last_row(faulty)
    write_source(study, source, faulty.table, path, labels=labels)
    if source.format == "csv":
        cut_last_line(path, source.options.delimiter or ",")
    return faulty
