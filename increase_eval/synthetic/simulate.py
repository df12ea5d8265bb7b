"""Write a whole synthetic study: raw files where the true ones would lie, and the truth apart from them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from increase_eval.study.cohort import CohortPlan
from increase_eval.study.study import Study
from increase_eval.synthetic.calibrated import simulate_calibrated
from increase_eval.synthetic.counts import read_counts
from increase_eval.synthetic.exports.folder import write_raw_files
from increase_eval.synthetic.process import Cohort
from increase_eval.synthetic.register import build_register
from increase_eval.synthetic.truth import truth_table


@dataclass(frozen=True, slots=True)
class Simulation:
    """What was drawn and written.

    Attributes
    ----------
    files
        The raw files.
    manifest
        The faults that were planted: kind, file, row, column, what intake should make of it.
    cohort
        The respondents, with everything that happened.
    clients
        The register as it truly is.
    truth
        The finite-population values.
    """

    files: tuple[Path, ...]
    manifest: pd.DataFrame
    cohort: Cohort
    clients: pd.DataFrame
    truth: pd.DataFrame


def simulate_study(
    study: Study, plan: CohortPlan, raw_folder: Path, *, seed: int | None = None, faults: bool = True
) -> Simulation:
    """Draw the calibrated cohort of a study and write its raw files.

    Parameters
    ----------
    study, plan
        The study, and the file ``synthetic.yaml`` of its contract.
    raw_folder
        Where the raw files go; files of the same names are replaced.
    seed
        Another seed than the plan's.
    faults
        Whether the files have the faults that partners' files have.

    Returns
    -------
    Simulation
        What was drawn and written.
    """
    streams = np.random.SeedSequence(plan.seed if seed is None else seed).spawn(3)
    draws, exports, slips = (np.random.default_rng(stream) for stream in streams)
    cohort = simulate_calibrated(study, plan, read_counts(study), draws)
    clients = build_register(study, plan, cohort, draws)
    files, manifest = write_raw_files(study, plan, cohort, clients, raw_folder, exports, slips if faults else None)
    return Simulation(files, manifest, cohort, clients, truth_table(study, cohort))
