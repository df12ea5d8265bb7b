"""The truth of a cohort: what the process was, and what everybody would have answered.

Tests and simulations read it; no analysis asset can reach it. Scores are made here in three lines of their own, so that
a fault in the scoring of the library cannot hide in its own yardstick.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from increase_eval.study.instruments import Scale
from increase_eval.study.study import Study
from increase_eval.synthetic.process import Cohort


def full_scores(cohort: Cohort, scale: Scale, wave: str) -> pd.Series:
    """Give the score that each person would have had, answered or not."""
    answers = cohort.answers[wave]
    total = pd.Series(0.0, index=answers.index)
    for item in scale.items:
        bounds = scale.range_of(item)
        turned = item in scale.reversed and bounds is not None
        total += (sum(bounds) - answers[item]) if turned and bounds else answers[item]
    if scale.rule in ("mean", "single"):
        return total / len(scale.items)
    if scale.rule in ("sum", "prorated"):
        return total
    raise ValueError(f"scale {scale.id!r} has rule {scale.rule!r}; a synthetic cohort has sums, means and single items")


def truth_table(study: Study, cohort: Cohort) -> pd.DataFrame:
    """Give the finite-population values of a cohort.

    Returns
    -------
    DataFrame
        ``quantity`` (mean, change since the first wave, share in a state, share answered), ``outcome``, ``wave``,
        ``arm`` (an id, or ``all``), ``value``, ``n`` (everybody in the arm), one row each.
    """
    return pd.DataFrame(_rows(study, cohort), columns=["quantity", "outcome", "wave", "arm", "value", "n"])


def _rows(study: Study, cohort: Cohort) -> Iterator[tuple[str, str, str, str, float, int]]:
    arm = cohort.people["arm"]
    groups = {"all": arm.notna()} | {name: arm == name for name in study.arm_ids}
    for scale_id in cohort.plan.traits:
        scale = study.scale(scale_id)
        waves = [wave for wave in study.wave_ids if set(scale.items) <= set(cohort.answers[wave].columns)]
        scores = {wave: full_scores(cohort, scale, wave) for wave in waves}
        for wave in waves:
            for name, here in groups.items():
                size = int(here.sum())
                yield "mean", scale_id, wave, name, float(scores[wave][here].mean()), size
                if wave != waves[0]:
                    change = (scores[wave] - scores[waves[0]])[here]
                    yield "change", scale_id, wave, name, float(change.mean()), size
    for variable in study.head.states:
        for wave in study.wave_ids:
            codes = cohort.answers[wave][variable.column]
            for state in variable.states:
                for name, here in groups.items():
                    share = float((codes[here] == state.code).mean())
                    yield "share", f"{variable.id}.{state.id}", wave, name, share, int(here.sum())
    for wave in study.wave_ids:
        for name, here in groups.items():
            yield "answered", "responded", wave, name, float(cohort.answered.loc[here, wave].mean()), int(here.sum())
