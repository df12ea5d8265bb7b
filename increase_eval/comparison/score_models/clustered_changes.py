"""How sure are the changes of each arm, counted over people and over sites? Errors of both kinds, and covariances."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.comparison.score_models.effects import change_pairs
from increase_eval.comparison.score_models.models import ESTIMATED, FREE, ScaleModel, fit_scale_model
from increase_eval.comparison.score_models.rows import ScaleRows
from increase_eval.comparison.score_models.sensitivity import LEAST_CLUSTERS, MODEL, SITES
from increase_eval.comparison.score_models.tables import every_scale
from increase_eval.moments.accumulate import FloatArray
from increase_eval.study import Study

ChangeKey = tuple[str, str, str]
"""Arm, the wave that the change starts from, and the later wave."""
COLUMNS = ("outcome", "wave", "by_arm", "by_since", "by_analysis", "std_error", "df")


@dataclass(frozen=True, slots=True, eq=False)
class ArmChanges:
    """The changes of each arm of one scale.

    Attributes
    ----------
    scale
        The scale.
    keys
        The changes that the model has.
    covariance
        Shape (changes, changes), by the model, in squared points.
    errors
        One row per change and ``by_analysis`` (``model``; ``clustered by site`` where the arm has two sites):
        :data:`COLUMNS`, in points.
    """

    scale: str
    keys: tuple[ChangeKey, ...]
    covariance: npt.NDArray[np.float64]
    errors: pd.DataFrame


def arm_changes(study: Study, scores: pd.DataFrame, participants: pd.DataFrame) -> dict[str, ArmChanges]:
    """Give, for every outcome scale, the errors of each arm's changes, by the model and over sites.

    Parameters
    ----------
    study, scores, participants
        As for :func:`.score_model_tables`. Scales whose role is ``outcome``; all, where none is.

    Returns
    -------
    dict
        Scale -> its changes; scales of one wave, and scales without a model, are left out.

    Notes
    -----
    The model is that of changes, each arm from its own mean at the first wave. Errors over sites are CR2 with
    Satterthwaite's degrees of freedom, conditional on the units above the sites; sites are those of all arms, since
    covariates are shared.

    References
    ----------
    Bell RM, McCaffrey DF (2002). Survey Methodology 28, 169-181.

    Checked against ``score_changes``, and against a mean of differences with ``cluster_robust`` errors, in
    ``tests/unit/comparison/score_models/test_clustered_changes.py``.
    """
    found = {}
    for data in every_scale(study, scores, participants, outcomes_only=True):
        if len(data.asked) < 2:
            continue
        model = fit_scale_model(study, data, FREE)
        if model.fit is None:
            continue
        functions = {key: function for key, function in _functions(study, model) if function is not None}
        if functions:
            rows = np.array(list(functions.values()))[:, model.fit.columns.kept]
            covariance = rows @ model.fit.inference.vcov @ rows.T
            errors = pd.DataFrame(_errors(study, data, model), columns=list(COLUMNS))
            found[data.scale] = ArmChanges(data.scale, tuple(functions), covariance, errors)
    return found


def _functions(study: Study, model: ScaleModel) -> Iterator[tuple[ChangeKey, FloatArray | None]]:
    for since, wave in change_pairs(study, model.data):
        for arm in study.arm_ids:
            before, after = model.mean(arm, since), model.mean(arm, wave)
            yield (arm, since, wave), None if before is None or after is None else after - before


def _errors(study: Study, data: ScaleRows, model: ScaleModel) -> Iterator[tuple[object, ...]]:
    yield from _told(study, model, MODEL, set(study.arm_ids))
    site = study.site_level
    if site is None or site.column not in data.rows:
        return
    known = data.only(data.rows[site.column].notna())
    clusters = known.rows.groupby("arm", observed=True)[site.column].nunique()
    enough = set(clusters[clusters >= LEAST_CLUSTERS].index)
    if enough:
        yield from _told(study, fit_scale_model(study, known, cluster=site.column), SITES, enough)


def _told(study: Study, model: ScaleModel, analysis: str, arms: set[str]) -> Iterator[tuple[object, ...]]:
    asked = [(key, function) for key, function in _functions(study, model) if key[0] in arms]
    rows = model.estimates([function for _, function in asked], study.analysis.confidence)
    for ((arm, since, wave), _), row in zip(asked, rows, strict=True):
        if row["status"] == ESTIMATED:
            yield model.data.scale, wave, arm, since, analysis, row["std_error"], row["df"]
