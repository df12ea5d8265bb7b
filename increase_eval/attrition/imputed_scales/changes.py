"""What would changes be, had nobody left? Every scale under each assumption, with jackknife errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from increase_eval.attrition.imputed_scales.scale import RANDOM, ImputedScale
from increase_eval.results import estimate_table
from increase_eval.study import Scale, Study

CHANGE, DIFFERENCE = "change", "difference in change"
DELTA = "delta"
ESTIMATED, NOT_ESTIMABLE = "estimated", "not estimable"
SMALL_SD = 0.2
"""The delta, in standard deviations, of a scale without a smallest effect of interest."""
EVERYBODY = "all"


def imputed_change_table(study: Study, scales: list[ImputedScale]) -> pd.DataFrame:
    """Tabulate changes and their differences under every strategy: what would they be, had nobody left?

    Parameters
    ----------
    study
        Arms, contrasts, smallest effects and confidence.
    scales
        The scales, imputed.

    Returns
    -------
    DataFrame
        An estimate table: ``term`` ``change`` (``contrast`` ``first -> later``) by ``by_arm`` (``all``: arms by their
        numbers, where each of them could be imputed), and ``difference in change`` (``contrast`` the plan's id);
        ``by_strategy`` ``mar``, ``return-to-baseline``, ``delta`` (missing
        scores worse by the scale's smallest effect of interest, or a fifth of a standard deviation) and, with a control
        arm, ``jr``, ``cr``, ``cir``; ``n`` those with a score at the first wave, imputed or not.

    Notes
    -----
    Conditional-mean imputation with jackknife (repeated-sampling) errors and normal intervals: see :func:`impute`.
    """
    rows = [row for scale in scales for row in _rows(study, scale)]
    by = {"by_arm": "", "by_strategy": ""}
    if not rows:
        return estimate_table([], **by, status="")
    return estimate_table(pd.DataFrame(rows))


def worse_by(scale: Scale, sd: float) -> float:
    """Give the delta, in points, that makes missing scores worse by what matters."""
    small = scale.smallest_effect
    size = SMALL_SD * sd if small is None else small.value * (sd if small.unit == "sd" else 1.0)
    return size if scale.direction == "lower_is_better" else -size


def _rows(study: Study, scale: ImputedScale) -> Iterator[dict[str, Any]]:
    outcome = {"outcome": scale.data.scale}
    if not scale.filled:
        method = f"not imputed: {scale.reason}"
        for wave in scale.later:
            for label, _ in _rows_of(study, scale):
                yield {**outcome, **label, **_where(scale, wave, label), "by_strategy": RANDOM, "n": 0,
                       "method": method, "status": NOT_ESTIMABLE}  # fmt: skip
        return
    delta = worse_by(study.scale(scale.data.scale), scale.sd)
    for wave in scale.later:
        for label, weights in _rows_of(study, scale):
            n = sum(scale.n[arm] for arm, weight in zip(scale.arms, weights, strict=True) if weight)
            common = {**outcome, **label, **_where(scale, wave, label), "n": n}
            for strategy, filled in scale.filled.items():
                yield {**common, "by_strategy": strategy, **_numbers(study, scale, strategy, wave, weights, 0.0),
                       "method": filled.description}  # fmt: skip
            moved = _numbers(study, scale, RANDOM, wave, weights, delta)
            text = f"{scale.filled[RANDOM].description}, {delta:+.4g} points on every imputed score of the wave"
            yield {**common, "by_strategy": DELTA, **moved, "method": text}


def _rows_of(study: Study, scale: ImputedScale) -> Iterator[tuple[dict[str, str], np.ndarray]]:
    """Give each arm's change, that of all arms together, and the declared contrasts."""
    arms = scale.arms or scale.data.arms
    yield from combinations_of(study, arms)
    if len(arms) > 1 and set(arms) == set(scale.data.arms):
        counts = np.array([float(scale.n.get(arm, 0)) for arm in arms])
        yield {"term": CHANGE, "by_arm": EVERYBODY}, counts / max(counts.sum(), 1.0)


def _where(scale: ImputedScale, wave: str, label: dict[str, str]) -> dict[str, str]:
    own = {} if label["term"] == DIFFERENCE else {"contrast": f"{scale.data.first} -> {wave}"}
    return {"wave": wave, **own}


def combinations_of(study: Study, arms: tuple[str, ...]) -> Iterator[tuple[dict[str, str], np.ndarray]]:
    """Give each arm's own change, and the declared contrasts of two arms that are there."""
    unit = np.eye(len(arms))
    for at, arm in enumerate(arms):
        yield {"term": CHANGE, "by_arm": arm}, unit[at]
    for contrast in study.analysis.contrasts:
        if contrast.first in arms and contrast.second in arms:
            weights = unit[arms.index(contrast.second)] - unit[arms.index(contrast.first)]
            yield {"term": DIFFERENCE, "contrast": contrast.id, "by_arm": EVERYBODY}, weights


def _numbers(
    study: Study, scale: ImputedScale, strategy: str, wave: str, weights: np.ndarray, delta: float
) -> dict[str, Any]:
    response = scale.spread(strategy, wave).response(weights, np.ones((1, len(scale.arms))), study.analysis.confidence)
    found = response.at(np.array([delta]))
    if not np.isfinite(found["std_error"]):
        return {"status": NOT_ESTIMABLE}
    shown = {name: value for name, value in found.items() if name != "df"}
    return {**shown, "status": ESTIMATED}
