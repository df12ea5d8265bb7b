"""Draws of the scores that are missing, at random given arm, waves and covariates: what others analyse with."""

from __future__ import annotations

import numpy as np
import pandas as pd

from increase_eval.attrition.imputation import impute
from increase_eval.attrition.imputation.base import Progress
from increase_eval.attrition.imputed_scales.scale import cohort_rows
from increase_eval.comparison.score_models.rows import scale_rows
from increase_eval.errors import ConvergenceError, InsufficientDataError
from increase_eval.study import Study

DRAWS = "imputation"
"""The entry of the plan's ``draws`` that says how many."""
DRAW = "draw_"
KEYS = ("participant", "wave", "arm", "status")
ESTIMATED, WITHOUT, NOT_ESTIMABLE = "estimated", "estimated without covariates", "not estimable"
LEAST_WAVES = 2


def imputed_draws(
    study: Study,
    scores: pd.DataFrame,
    participants: pd.DataFrame,
    scale: str,
    *,
    rng: np.random.Generator,
    draws: int | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Draw what is missing of one scale, by approximate Bayes at random.

    Parameters
    ----------
    study
        Waves, arms, covariates, and the number of draws.
    scores, participants
        The stored tables of those names.
    scale
        The scale's id.
    rng
        Source of randomness.
    draws
        How many; None: as many as the plan says.
    progress
        Told how many draws are done.

    Returns
    -------
    DataFrame
        One row a participant and wave without a score, of those who have a first one: participant, wave, arm, status,
        ``draw_1`` and on. One row with a status and nothing else where nothing could be drawn.

    Notes
    -----
    People drawn again can lack a level of a covariate at a wave. Where more than a fifth of the draws cannot be fitted,
    covariates are left out, and the status says so.
    """
    data = scale_rows(study, scores, participants, scale)
    if len(data.waves) < LEAST_WAVES:
        return _nothing()
    rows, covariates = cohort_rows(data, data.arms)
    for terms, status in ((covariates, ESTIMATED), ([], WITHOUT)):
        try:
            filled = impute(
                rows,
                outcome="score",
                subject="participant",
                visit="wave",
                arm="arm",
                covariates=terms,
                method="approximate-bayes",
                draws=study.analysis.draws[DRAWS] if draws is None else draws,
                rng=rng,
                progress=progress,
            )
        except (InsufficientDataError, ConvergenceError):
            continue
        names = {draw: f"{DRAW}{draw + 1}" for draw in range(filled.n_draws)}
        return _typed(filled.values.rename(columns=names).assign(status=status))
    return _nothing()


def _nothing() -> pd.DataFrame:
    return _typed(pd.DataFrame({**{name: [None] for name in KEYS}, "status": [NOT_ESTIMABLE]}))


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    return table[[*KEYS, *table.columns.difference(list(KEYS), sort=False)]].astype(dict.fromkeys(KEYS, "string"))
