"""What do models say of every scale? Means, changes and comparisons of all scales of a study, in the common shape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from increase_eval.comparison.score_models.effects import (
    Row,
    as_frame,
    change_rows,
    contrast_rows,
    mean_rows,
    pooled_spread,
    spread_row,
)
from increase_eval.comparison.score_models.families import NONE, family_rows
from increase_eval.comparison.score_models.models import FREE, fit_scale_model, models_of
from increase_eval.comparison.score_models.rows import ScaleRows, scale_rows
from increase_eval.results import estimate_table
from increase_eval.study import Study

MEANS_BY = ("by_arm", "by_model")
CHANGES_BY = ("by_arm", "by_model", "by_unit")
CONTRASTS_BY = ("by_model", "by_unit", "by_adjustment", "by_family", "by_since")


@dataclass(frozen=True, slots=True, eq=False)
class ScoreTables:
    """Estimate tables of every scale.

    Attributes
    ----------
    means
        ``term`` ``mean`` by scale, wave, ``by_arm`` (``all``: arms weighted by their shares at the first wave) and
        ``by_model``; and ``pooled sd``, the standard deviation at the first wave within arms.
    changes
        ``term`` ``change``, ``contrast`` ``t1 -> t2``, ``wave`` the later one, ``by_arm``, ``by_model``, ``by_unit``
        (``points`` or ``sd``).
    contrasts
        ``term`` ``difference in change`` or ``difference in means``, ``contrast`` the plan's id, ``wave``,
        ``by_since`` the wave that changes start from, ``by_model``, ``by_unit``, ``by_adjustment`` ``none`` or the rule
        of the family named in ``by_family``; adjusted rows have a p value and no interval.
    """

    means: pd.DataFrame
    changes: pd.DataFrame
    contrasts: pd.DataFrame


def score_model_tables(study: Study, scores: pd.DataFrame, participants: pd.DataFrame) -> ScoreTables:
    """Fit every scale: what are its means by arm and wave, its changes, and the differences between changes?

    Parameters
    ----------
    study
        Scales, waves, arms, whether allocation was randomised, and the plan: covariates, contrasts, families and
        confidence.
    scores
        One row per participant, wave and scale: ``participant, wave, scale, score`` and, where there is one,
        ``status``.
    participants
        One row per participant: ``participant, arm``, the covariates, and the columns of the study's levels.

    Returns
    -------
    ScoreTables
        In every row ``n`` are the people whose score at ``wave`` the model used (of both arms, for a comparison) and
        ``n_dropped`` those who have one and lack an arm, a covariate or, with T1 as a covariate, T1. ``status`` is
        ``estimated`` or ``not estimable``; ``method`` says what was used in the end, or why nothing could be.

    Raises
    ------
    ValueError
        If a column is absent, an arm is unknown, or somebody stands twice for one scale and wave.

    Notes
    -----
    Models for repeated measures (:func:`increase_eval.comparison.fit_mmrm`), unstructured covariance, REML, errors from
    the model with Kenward-Roger's degrees of freedom. Covariates enter by wave: additive ones leave every comparison of
    changes where it is. Means are those at the covariates' means among the first wave's participants. See
    :func:`.fit_scale_model` for how T1 enters, :func:`.in_both_units` for standardised effects,
    :func:`.adjust_families` for families.

    References
    ----------
    Mallinckrodt CH and others (2008). doi:10.1177/009286150804200402. Lord FM (1967). doi:10.1037/h0025105.
    Liang KY, Zeger SL (2000). Sankhya B 62, 134-148.

    Checked against ``fit_mmrm``, least squares and hand computation in
    ``tests/unit/comparison/score_models/test_tables.py``.
    """
    means: list[Row] = []
    changes: list[Row] = []
    contrasts: list[Row] = []
    for data in every_scale(study, scores, participants):
        spread = pooled_spread(data)
        outcome = {"outcome": data.scale}
        means.append({**outcome, "by_model": FREE, **spread_row(spread)})
        for name in models_of(study, data):
            model = fit_scale_model(study, data, name)
            labels = {**outcome, "by_model": name}
            means += [{**labels, **row} for row in mean_rows(study, model)]
            changes += [{**labels, **row} for row in change_rows(study, model, spread)]
            contrasts += [{**labels, **row} for row in contrast_rows(study, model, spread)]
    return ScoreTables(
        _table(means, MEANS_BY),
        _table(changes, CHANGES_BY),
        _with_families(study, _table(contrasts, CONTRASTS_BY)),
    )


def every_scale(
    study: Study,
    scores: pd.DataFrame,
    participants: pd.DataFrame,
    *,
    outcomes_only: bool = False,
    covariates: Sequence[str] | None = None,
) -> Iterator[ScaleRows]:
    """Give the rows of every scale that some wave asked, in the contract's order.

    With `outcomes_only` those whose role is outcome, where there are any; `covariates` as for :func:`.scale_rows`.
    """
    outcomes = [scale for scale in study.scales if scale.role == "outcome"]
    for scale in (outcomes or study.scales) if outcomes_only else study.scales:
        data = scale_rows(study, scores, participants, scale.id, covariates)
        if data.asked:
            yield data


def _table(rows: list[Row], by: tuple[str, ...]) -> pd.DataFrame:
    table = estimate_table(as_frame(rows, [*by, "n_dropped", "status"]))
    ordered = [column for column in table.columns if not column.startswith("by_")]
    place = ordered.index("n_dropped")
    return table.reindex(columns=[*ordered[:place], *by, *ordered[place:]]).astype(dict.fromkeys(by, "string"))


def _with_families(study: Study, contrasts: pd.DataFrame) -> pd.DataFrame:
    plain = contrasts.assign(by_adjustment=NONE)
    if not study.analysis.families or plain.empty:
        return _typed(plain)
    return _typed(pd.concat([plain, family_rows(study, plain)], ignore_index=True))


def _typed(contrasts: pd.DataFrame) -> pd.DataFrame:
    table = estimate_table(contrasts)
    return table.astype(dict.fromkeys(CONTRASTS_BY, "string"))
