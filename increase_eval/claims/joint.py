"""How do the estimates of a plan vary together? The covariance of all comparisons that one scale's model gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.comparison.score_models.effects import comparisons, difference
from increase_eval.comparison.score_models.models import CONSTRAINED, FREE, fit_scale_model, models_of
from increase_eval.comparison.score_models.tables import every_scale
from increase_eval.study.study import Study

Floats = npt.NDArray[np.float64]
Key = tuple[str, str, str | None]
"""Contrast, wave, and the wave that a change starts from."""


@dataclass(frozen=True, slots=True)
class JointEstimates:
    """How the comparisons of one scale vary together.

    Attributes
    ----------
    keys
        The comparisons that the model has.
    covariance
        Shape (comparisons, comparisons), in squared points.
    """

    keys: tuple[Key, ...]
    covariance: Floats


def joint_estimates(study: Study, scores: pd.DataFrame, participants: pd.DataFrame) -> dict[str, JointEstimates]:
    """Give, for every scale that the plan names, the covariance of its comparisons under the model that is judged.

    Parameters
    ----------
    study
        The plan.
    scores, participants
        As stored.

    Returns
    -------
    dict
        Scale -> its comparisons; scales without a model are left out.
    """
    named = {estimand.outcome for estimand in study.analysis.estimands}
    found = {}
    for data in every_scale(study, scores, participants):
        if data.scale not in named:
            continue
        able = models_of(study, data)
        model = fit_scale_model(study, data, CONSTRAINED if CONSTRAINED in able else FREE)
        if model.fit is None:
            continue
        wanted = comparisons(study, model.data)
        known = {(one.contrast, one.wave, one.since): difference(model, one) for one in wanted}
        functions = {key: function for key, function in known.items() if function is not None}
        if not functions:
            continue
        rows = np.array(list(functions.values()))[:, model.fit.columns.kept]
        found[data.scale] = JointEstimates(tuple(functions), rows @ model.fit.inference.vcov @ rows.T)
    return found


def family_covariance(
    members: Sequence[tuple[str, Key]], joint: Mapping[str, JointEstimates], std_errors: Floats
) -> Floats:
    """Put the covariance of a family together from its scales.

    Parameters
    ----------
    members
        Outcome and comparison of each member.
    joint
        From :func:`joint_estimates`.
    std_errors
        Of each member; those that stand in no model vary by themselves.

    Returns
    -------
    array
        Shape (members, members). Members of different outcomes are taken as independent: for two-sided tests of jointly
        normal estimates that is never too small a p value (Sidak 1967, doi:10.1080/01621459.1967.10482935).
    """
    covariance = np.diag(np.nan_to_num(np.square(std_errors)))
    places = [joint[o].keys.index(key) if o in joint and key in joint[o].keys else None for o, key in members]
    for at, (outcome, _) in enumerate(members):
        for to, (other, _) in enumerate(members):
            one, two = places[at], places[to]
            if outcome == other and one is not None and two is not None:
                covariance[at, to] = joint[outcome].covariance[one, two]
    return covariance
