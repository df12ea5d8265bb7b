"""Which outcomes stand on the first screen? Those that the plan declares as headline, else the first outcome scales."""

from __future__ import annotations

from increase_eval.study.instruments import Scale
from increase_eval.study.structure import StateVariable
from increase_eval.study.study import Study

MOST_WITHOUT_A_PLAN = 3
"""How many outcome scales are taken where the plan names no headline."""


def headline_outcomes(study: Study) -> tuple[tuple[Scale, ...], tuple[StateVariable, ...]]:
    """Give the scales and state variables of the first screen, in the order of the plan."""
    planned = list(dict.fromkeys(estimand.outcome for estimand in study.analysis.estimands if estimand.headline))
    scales = {scale.id: scale for scale in study.scales}
    states = {variable.id: variable for variable in study.head.states}
    if planned:
        return (
            tuple(scales[name] for name in planned if name in scales),
            tuple(states[name] for name in planned if name in states),
        )
    outcomes = [scale for scale in study.scales if scale.role == "outcome"]
    return tuple(outcomes[:MOST_WITHOUT_A_PLAN]), study.head.states[:1]
