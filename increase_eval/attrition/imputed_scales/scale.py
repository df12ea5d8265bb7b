"""Impute one scale of a study under every assumption that its contract allows, from one fit.

The people are those with a score at the first wave that asked the scale, an arm and every covariate; the model has arm
by wave and covariates by wave, so that every analysis below is contained in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from increase_eval.attrition.imputation import impute_strategies
from increase_eval.attrition.imputation.result import VisitImputations
from increase_eval.attrition.imputation.strategies import Strategy
from increase_eval.attrition.tipping.response import LinearResponse
from increase_eval.comparison.score_models.rows import ScaleRows
from increase_eval.comparison.score_models.tables import every_scale
from increase_eval.errors import ConvergenceError, InsufficientDataError
from increase_eval.moments.accumulate import FloatArray
from increase_eval.study import Study

FORMULA = "score ~ 0 + arm"
RANDOM: Literal["mar"] = "mar"
PLAIN: tuple[Strategy, ...] = (RANDOM, "return-to-baseline")
BASED: tuple[Strategy, ...] = ("jr", "cr", "cir")
"""Strategies that need a control arm which the contract names."""
LEAST = 2
"""People that an arm needs at every wave."""


@dataclass(frozen=True, slots=True, eq=False)
class ImputedScale:
    """One scale, imputed; ``filled`` is empty where it could not be, and ``reason`` says why.

    Attributes
    ----------
    data
        The rows it was made from.
    filled
        Strategy -> imputations.
    arms
        The arms that are in it, in the contract's order.
    n
        People by arm.
    reason
        Why there are none.
    spreads
        Kept results of :meth:`spread`.
    """

    data: ScaleRows
    filled: dict[str, VisitImputations]
    arms: tuple[str, ...]
    n: dict[str, int]
    reason: str = ""
    spreads: dict[tuple[str, str], Spread] = field(default_factory=dict, repr=False)

    @property
    def later(self) -> tuple[str, ...]:
        """The waves after the first."""
        return self.data.waves[1:]

    @property
    def sd(self) -> float:
        """Standard deviation of the scores at the first wave."""
        return float(np.nanstd(self.filled[RANDOM].cohort.y[:, 0], ddof=1))

    def moved(self, wave: str) -> dict[str, int]:
        """Count who is imputed at a wave, by arm."""
        cohort = self.filled[RANDOM].cohort
        gone = ~cohort.seen[:, cohort.visits.index(wave)]
        own = cohort.table["arm"].astype("str").to_numpy()[:: len(cohort.visits)]
        return {arm: int((gone & (own == arm)).sum()) for arm in self.arms}

    def spread(self, strategy: str, wave: str) -> Spread:
        """Give the changes since the first wave of all arms, and how they move with each arm's delta."""
        key = (strategy, wave)
        if key not in self.spreads:
            self.spreads[key] = _spread(self.filled[strategy], wave, self.arms)
        return self.spreads[key]


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Changes of A arms, and what adding 1 to the imputed outcomes of each arm does to them.

    Attributes
    ----------
    estimates
        (A + 1, A): the changes, then how they move with each arm's delta.
    covariance
        ((A + 1) A, (A + 1) A) jackknife covariance of these; missing where somebody cannot be left out.
    """

    estimates: FloatArray
    covariance: FloatArray

    def response(self, weights: FloatArray, dials: FloatArray, confidence: float) -> LinearResponse:
        """Give a combination of the changes as a function of the dials' deltas.

        Parameters
        ----------
        weights
            (A,) of the arms.
        dials
            (K, A) which arms each dial moves.
        confidence
            Of the intervals.
        """
        arms = len(self.estimates) - 1
        which = np.zeros((1 + len(dials), 1 + arms))
        which[0, 0], which[1:, 1:] = 1.0, dials
        total = np.kron(which, weights)
        slope = total @ self.estimates.reshape(-1)
        within = total @ self.covariance @ total.T
        return LinearResponse(slope, within, np.zeros_like(within), 0, np.inf, confidence)


def _spread(filled: VisitImputations, wave: str, arms: tuple[str, ...]) -> Spread:
    cohort = filled.cohort
    plans = filled.plans(FORMULA, cohort.visits[0])
    t = cohort.visits.index(wave)
    order = [plans[t].names.index(f"arm[{arm}]") for arm in arms]
    (at, values), (before, earlier) = filled.replicated(plans[t], t), filled.replicated(plans[0], 0)
    own = cohort.table["arm"].astype("str").to_numpy()[:: len(cohort.visits)]
    shifts = [filled.replicated(plans[t], t, (~cohort.seen[:, t] & (own == arm)).astype(np.float64)) for arm in arms]
    estimates = np.array([at - before, *(shift[0] for shift in shifts)])[:, order]
    together = np.stack([values - earlier, *(shift[1] for shift in shifts)], axis=1)[:, :, order]
    n = len(together)
    return Spread(estimates, np.cov(together.reshape(n, -1), rowvar=False, ddof=0) * (n - 1))


def impute_scales(study: Study, scores: pd.DataFrame, participants: pd.DataFrame) -> list[ImputedScale]:
    """Impute every outcome scale that two waves or more asked, in the contract's order.

    Parameters
    ----------
    study
        Scales, waves, arms, covariates.
    scores, participants
        The stored tables of those names.

    Returns
    -------
    list
        One :class:`ImputedScale` a scale.
    """
    every = every_scale(study, scores, participants, outcomes_only=True)
    return [impute_scale(study, data) for data in every if len(data.waves) > 1]


def impute_scale(study: Study, data: ScaleRows) -> ImputedScale:
    """Impute a scale; where some arm cannot be, the others.

    Parameters
    ----------
    study
        Says whether there is a control arm.
    data
        The rows of the scale.

    Returns
    -------
    ImputedScale
        Without imputations, and with a reason, where it could not be done.
    """
    arms = data.arms
    try:
        return _impute(study, data, arms)
    except (InsufficientDataError, ConvergenceError) as error:
        reason = str(error)
    enough = data.rows.value_counts(["arm", "wave"])
    some = tuple(arm for arm in arms if all(enough.get((arm, wave), 0) >= LEAST for wave in data.waves))
    if some and some != arms:
        try:
            return _impute(study, data, some)
        except (InsufficientDataError, ConvergenceError) as error:
            reason = str(error)
    return ImputedScale(data, {}, (), {}, reason)


def _impute(study: Study, data: ScaleRows, arms: tuple[str, ...]) -> ImputedScale:
    rows, covariates = cohort_rows(data, arms)
    if rows.empty:
        raise InsufficientDataError("nobody has a score at the first wave, an arm and every covariate")
    control = study.head.control_arm
    strategies = (*PLAIN, *(BASED if control in arms else ()))
    reference = control if control in arms else None
    filled = impute_strategies(
        rows,
        outcome="score",
        subject="participant",
        visit="wave",
        arm="arm",
        covariates=covariates,
        strategies=strategies,
        reference=reference,
    )
    counts = rows.drop_duplicates("participant")["arm"].astype("str").value_counts()
    return ImputedScale(data, filled, arms, {arm: int(counts[arm]) for arm in arms})


def cohort_rows(data: ScaleRows, arms: tuple[str, ...]) -> tuple[pd.DataFrame, list[str]]:
    """Give the rows of those with a score at the first wave, and the terms of the covariates by wave."""
    rows = data.rows[data.rows["arm"].isin(arms)]
    start = rows.loc[rows["wave"] == data.first, "participant"]
    columns = [column for own in data.covariates.values() for column in own]
    kept = rows.loc[rows["participant"].isin(start), ["participant", "arm", "wave", "score", *columns]]
    kept = kept.assign(
        wave=pd.Categorical(kept["wave"], categories=list(data.waves)),
        arm=pd.Categorical(kept["arm"], categories=list(arms)),
    )
    varied = [column for column in columns if np.ptp(kept[column].to_numpy(dtype=np.float64)) > 0] if len(kept) else []
    return kept.reset_index(drop=True), [f"{column}:wave" for column in varied]
