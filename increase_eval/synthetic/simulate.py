"""Write a whole synthetic study: raw files where the true ones would lie, and the truth apart from them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from increase_eval.errors import ContractError
from increase_eval.study.cohort import CohortPlan
from increase_eval.study.study import Study
from increase_eval.synthetic.calibrated import ArmCounts, simulate_calibrated
from increase_eval.synthetic.exports.files import csv_bytes, write_source, write_workbook
from increase_eval.synthetic.exports.records import client_keys, monthly_counts, register_table
from increase_eval.synthetic.exports.survey import export_table
from increase_eval.synthetic.process import Cohort
from increase_eval.synthetic.register import build_register
from increase_eval.synthetic.truth import truth_table

COUNTS_FILE = "respondent_counts.csv"


@dataclass(frozen=True, slots=True)
class Simulation:
    """What was drawn and written.

    Attributes
    ----------
    files
        The raw files.
    cohort
        The respondents, with everything that happened.
    clients
        The register as it truly is.
    truth
        The finite-population values.
    """

    files: tuple[Path, ...]
    cohort: Cohort
    clients: pd.DataFrame
    truth: pd.DataFrame


def read_counts(study: Study) -> dict[str, ArmCounts]:
    """Read the counts that the calibrated cohort satisfies, from ``respondent_counts.csv`` of the contract.

    The file has one row a wave and arm, and rows with arm ``all``: respondents, people moved into either state of work
    by the second wave, into each of the two by the third, and other changes (given for ``all`` only).
    """
    path = study.folder / COUNTS_FILE
    if not path.is_file():
        raise ContractError(f"{path} is missing: a calibrated cohort needs the counts it is to satisfy")
    table = pd.read_csv(path).fillna(0).set_index(["wave", "approach"])
    first, second, third = (wave.upper() for wave in study.wave_ids[:3])
    respondents = {key: int(count) for key, count in table["respondents"].items()}
    moved, employed, own, other = (
        {key: int(count) for key, count in table[column].items()}
        for column in ("into_either", "into_employment", "into_self_employment", "other_change")
    )
    # Other changes are published for all arms together: the largest arm carries them.
    largest = max(study.arm_ids, key=lambda arm: respondents[first, arm])
    counts = {}
    for arm in study.arm_ids:
        sizes = [respondents[wave, arm] for wave in (first, second, third)]
        others = other[second, "all"] if arm == largest else 0
        at_second, at_third = moved[second, arm], employed[third, arm] + own[third, arm]
        counts[arm] = ArmCounts(
            sizes[0],
            (sizes[0] - sizes[1], sizes[1] - at_second - others, at_second, others),
            (sizes[0] - sizes[2], sizes[2] - at_third, employed[third, arm], own[third, arm]),
        )
    return counts


def simulate_study(study: Study, plan: CohortPlan, raw_folder: Path, *, seed: int | None = None) -> Simulation:
    """Draw the calibrated cohort of a study and write its raw files.

    Parameters
    ----------
    study, plan
        The study, and the file ``synthetic.yaml`` of its contract.
    raw_folder
        Where the raw files go; files of the same names are replaced.
    seed
        Another seed than the plan's.

    Returns
    -------
    Simulation
        What was drawn and written.
    """
    draws, exports = (np.random.default_rng(child) for child in np.random.SeedSequence(seed or plan.seed).spawn(2))
    cohort = simulate_calibrated(study, plan, read_counts(study), draws)
    clients = build_register(study, plan, cohort, draws)
    keys = client_keys(clients, study, plan, exports)
    files = []
    for source in study.head.sources:
        path = raw_folder / source.files[0].replace("*", "")
        if source.shape == "participants":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(csv_bytes(register_table(clients, study, plan, keys, exports)))
        else:
            write_source(study, source, export_table(study, plan, cohort, source, keys, exports), path)
        files.append(path)
    if study.services is not None:
        path = raw_folder / study.services.source.files[0].replace("*", "")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_workbook(monthly_counts(clients, study, plan), path)
        files.append(path)
    return Simulation(tuple(files), cohort, clients, truth_table(study, cohort))
