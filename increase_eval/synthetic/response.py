r"""Who answers: dropout that depends on what was observed and, by a dial, on what nobody saw.

.. math:: \operatorname{logit} \Pr(R_{iw}=1) = \alpha_{aw} + \beta z_i + \delta R_{i,w-1} + \gamma_a u_{iw}

:math:`z` is the standardised observed score at the first wave, :math:`u` what is unseen, by mechanism: ``unseen`` the
wellbeing at wave :math:`w` itself; ``latent_trait`` the person's lasting wellbeing; ``threshold`` whether wellbeing at
:math:`w` lies one SD or more below the mean; ``change`` the change since the first wave. The intercepts give each arm
its expected share of answers on the cohort drawn; the number who answer stays random.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.random import Generator
from scipy.optimize import brentq
from scipy.special import expit

from increase_eval.study.cohort import ResponsePlan

THRESHOLD_SD = -1.0
"""Where the ``threshold`` mechanism cuts, in SD of wellbeing at the wave."""


def draw_responses(
    plan: ResponsePlan,
    waves: tuple[str, ...],
    arm: pd.Series,
    observed: np.ndarray,
    wellbeing: np.ndarray,
    rng: Generator,
    *,
    possible: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw who answers each wave.

    Parameters
    ----------
    plan
        Rates, slopes, dial and mechanism.
    waves
        Wave ids in order. Whoever did not answer the first answers none.
    arm
        The arm of each person.
    observed
        Standardised observed score at the first wave, shape (people,).
    wellbeing
        Standardised latent wellbeing, shape (waves, people).
    rng
        The random numbers.
    possible
        Whether the wave lies within the time of the survey, bool, shape (waves, people); None: always.

    Returns
    -------
    tuple of ndarray
        Answered, bool, and the probability of answering given that the first wave was answered, both (waves, people).
        For the first wave the probability is that of answering it.
    """
    answered = np.zeros((len(waves), len(arm)), dtype=bool)
    probability = np.zeros((len(waves), len(arm)))
    for w, wave in enumerate(waves):
        score = plan.observed_slope * observed if w else np.zeros(len(arm))
        score = score + _dial(plan, arm) * _unseen(plan, wellbeing, w)
        if w > 1:
            score = score + plan.earlier_slope * answered[w - 1]
        could = np.ones(len(arm), dtype=bool) if possible is None else possible[w]
        among = could & answered[0] if w else could
        probability[w] = np.where(could, _probability(score, plan.rates[wave], arm, among), 0.0)
        answered[w] = rng.random(len(arm)) < probability[w]
        if w:
            answered[w] &= answered[0]
    return answered, probability


def _dial(plan: ResponsePlan, arm: pd.Series) -> np.ndarray:
    if isinstance(plan.dial, dict):
        return np.asarray(arm.map(plan.dial).fillna(0.0), dtype=float)
    return np.full(len(arm), plan.dial)


def _unseen(plan: ResponsePlan, wellbeing: np.ndarray, wave: int) -> np.ndarray:
    match plan.mechanism:
        case "unseen":
            return np.asarray(wellbeing[wave], dtype=float)
        case "latent_trait":
            return np.asarray(wellbeing.mean(axis=0), dtype=float)
        case "threshold":
            return np.asarray(wellbeing[wave] > THRESHOLD_SD, dtype=float)
        case "change":
            return np.asarray(wellbeing[wave] - wellbeing[0], dtype=float)


def _probability(score: np.ndarray, rates: dict[str, float], arm: pd.Series, among: np.ndarray) -> np.ndarray:
    """Add the intercept of each arm that gives it its expected share among those who could answer."""
    probability = np.zeros(len(score))
    for name, rate in rates.items():
        here = np.flatnonzero((arm == name).to_numpy())
        asked = here[among[here]]
        if not len(asked) or rate <= 0:
            continue
        if rate >= 1:
            probability[here] = 1.0
            continue
        intercept = brentq(lambda a, s=score[asked], r=rate: float(expit(a + s).mean() - r), -40, 40)
        probability[here] = expit(intercept + score[here])
    return probability
