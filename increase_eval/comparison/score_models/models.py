"""How does T1 enter? One scale fitted with T1 as an outcome, as a covariate, or with one T1 mean for all arms.

``baseline_free`` compares changes (and supposes that arms would have changed in parallel), ``baseline_covariate``
compares people with the same T1 (and supposes that nothing else that matters differs between the arms),
``baseline_constrained`` gives all arms one mean at T1, as only chance allocation makes true. Where allocation was not
left to chance the first two can disagree (Lord's paradox), so both are given, and the third is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from increase_eval.comparison.repeated import MmrmFit, fit_mmrm
from increase_eval.comparison.repeated.margins import Grid, mean_grid
from increase_eval.comparison.score_models.rows import ScaleRows
from increase_eval.errors import ContractError, ConvergenceError, InsufficientDataError
from increase_eval.moments.accumulate import FloatArray
from increase_eval.study import Study

FREE, COVARIATE, CONSTRAINED = "baseline_free", "baseline_covariate", "baseline_constrained"
MODELS = (FREE, COVARIATE, CONSTRAINED)
BASELINE = {FREE: "free", COVARIATE: "covariate", CONSTRAINED: "constrained"}

STRUCTURES = ("us", "csh", "cs")
"""Tried in this order where the data cannot carry the one before, such as two waves that nobody has both of."""

ESTIMATED, NOT_ESTIMABLE = "estimated", "not estimable"
REFUSED = "refused: "
SCORE, AT_FIRST = "score", "score_baseline"

Cell = tuple[str, str]
"""An arm and a wave."""


@dataclass(frozen=True, slots=True, eq=False)
class ScaleModel:
    """One scale, fitted in one way.

    Attributes
    ----------
    name
        One of :data:`MODELS`.
    data
        The rows that were asked to be fitted; covariates that could not be kept are in ``left_out``.
    fit
        The fitted model, or None where it could not be fitted.
    used
        Index (wave, arm), everybody's arm being ``all``: people whose score at the wave the model used.
    cells
        Arm and wave -> linear function of all coefficients that is its mean at the participants of the first wave.
    reference
        The first wave's mean score, at which a model with T1 as a covariate holds it; NaN otherwise.
    method
        What was done, or why nothing could be.
    """

    name: str
    data: ScaleRows
    fit: MmrmFit | None
    used: pd.Series[int]
    cells: Mapping[Cell, FloatArray]
    reference: float
    method: str

    @property
    def shares(self) -> dict[str, float]:
        """The arms' shares among those who answered the first wave, which stand for everybody at every wave."""
        first = self.data.rows[self.data.rows["wave"] == self.data.first]["arm"]
        return {arm: float((first == arm).mean()) for arm in self.data.arms}

    def mean(self, arm: str, wave: str) -> FloatArray | None:
        """Give the linear function behind the mean of an arm, or of ``all``, at a wave; None where there is none."""
        if arm != "all":
            return self.cells.get((arm, wave))
        parts = [(share, self.cells.get((own, wave))) for own, share in self.shares.items() if share > 0]
        if not parts or any(function is None for _, function in parts):
            return None
        total: FloatArray = sum(share * function for share, function in parts if function is not None)  # type: ignore[assignment]
        return total

    def count(self, wave: str, *arms: str) -> int:
        """Count the people of some arms whose score at a wave was used."""
        return int(sum(self.used.get((wave, arm), 0) for arm in arms))

    def dropped(self, wave: str, *arms: str) -> int:
        """Count the people of some arms who have a score at a wave that was not used."""
        return int(sum(self.data.scored.get((wave, arm), 0) for arm in arms)) - self.count(wave, *arms)

    def estimates(self, functions: list[FloatArray | None], confidence: float) -> list[dict[str, Any]]:
        """Give estimate, errors, interval and status of linear functions; a missing function is not estimable."""
        known = [function for function in functions if function is not None]
        nothing: dict[str, Any] = {"status": NOT_ESTIMABLE}
        if self.fit is None or not known:
            return [dict(nothing) for _ in functions]
        table = self.fit.estimates(Grid(pd.DataFrame(index=range(len(known))), np.array(known)))
        half = stats.t.ppf(0.5 + confidence / 2.0, table["df"]) * table["std_error"]
        table = table.assign(conf_low=table["estimate"] - half, conf_high=table["estimate"] + half)
        found = iter(table.to_dict("records"))
        return [dict(nothing) if function is None else _plain(next(found)) for function in functions]


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    if str(row["status"]).startswith(REFUSED):
        return {"status": NOT_ESTIMABLE, "method": str(row["status"]).removeprefix(REFUSED)}
    if row["status"] != ESTIMATED or not np.isfinite(row["std_error"]):
        return {"status": NOT_ESTIMABLE}
    return {str(name): value for name, value in row.items()}


def models_of(study: Study, data: ScaleRows) -> tuple[str, ...]:
    """Give the models that a scale can be told by: the constrained one only where chance decided who got which arm.

    A scale that one wave asked has no T1 that could enter in different ways.
    """
    if len(data.asked) < 2:
        return (FREE,)
    is_chance = "randomised" in study.capabilities and len(study.arm_ids) > 1
    return MODELS if is_chance else (FREE, COVARIATE)


def fit_scale_model(study: Study, data: ScaleRows, name: str = FREE, *, cluster: str | None = None) -> ScaleModel:
    """Fit one scale in one way.

    Parameters
    ----------
    study
        Says whether allocation was randomised.
    data
        The rows of the scale.
    name
        One of :data:`MODELS`. A scale with one wave, or with one arm, has the means that are there to be had.
    cluster
        A column of the rows: CR2 errors over its clusters, with Satterthwaite's degrees of freedom.

    Returns
    -------
    ScaleModel
        With ``fit`` None where the data cannot carry the model; ``method`` then says why.

    Raises
    ------
    ContractError
        If the constrained baseline is asked for and the contract does not say ``allocation: randomised``.
    ValueError
        If the name is unknown.

    Notes
    -----
    With arms a, waves t and centred covariates z: y = mu[a, t] + z' gamma[t] + e, e unstructured over waves
    (``baseline_free``); the same with mu[a, first] = mu[first] (``baseline_constrained``); or, for later waves only,
    y = mu[a, t] + beta[t] y[first] + z' gamma[t] + e (``baseline_covariate``). Covariates that follow from arms and
    waves are left out, and named in the method text.
    """
    if name not in MODELS:
        raise ValueError(f"model {name!r} is not known; allowed: {', '.join(MODELS)}")
    if name == CONSTRAINED and "randomised" not in study.capabilities:
        raise ContractError(
            "one mean at the first wave for all arms is true where chance decided who came into which arm; "
            "study.yaml says `allocation: not_randomised`, allowed for this model: randomised"
        )
    outcomes = data.waves[1:] if name == COVARIATE else data.waves
    if not outcomes or (name == CONSTRAINED and min(len(data.waves), len(data.arms)) < 2):
        return _unfitted(name, data, "too few waves or arms for this model")
    reasons = []
    for structure in STRUCTURES:
        try:
            return _fitted(data, name, structure, cluster)
        except (InsufficientDataError, ConvergenceError) as error:
            reasons.append(str(error))
            if len(outcomes) == 1 or cluster is not None:
                break
    return _unfitted(name, data, reasons[0])


def _fitted(data: ScaleRows, name: str, structure: str, cluster: str | None) -> ScaleModel:
    while True:
        rows = data.rows
        fit = fit_mmrm(
            formula_of(data),
            rows.assign(
                wave=pd.Categorical(rows["wave"], categories=list(data.waves), ordered=True),
                arm=pd.Categorical(rows["arm"], categories=list(data.arms)),
            ),
            subject="participant",
            visit="wave",
            covariance=structure,
            baseline=BASELINE[name] if len(data.waves) > 1 and (len(data.arms) > 1 or name == COVARIATE) else None,
            standard_errors="model" if cluster is None else "empirical-bias-reduced",
            cluster=cluster,
        )
        spoilt = _aliased_covariate(fit, data)
        if spoilt is None:
            return _known(data, name, fit)
        data = data.without_covariate(spoilt)


def _known(data: ScaleRows, name: str, fit: MmrmFit) -> ScaleModel:
    first = data.rows.loc[data.rows["wave"] == data.first, "score"]
    reference = float(first.mean()) if name == COVARIATE else float("nan")
    words = [fit.method]
    if data.covariates:
        words.append(f"covariates by wave: {', '.join(data.covariates)}, held at the means of the first wave")
    if data.left_out:
        words.append(f"covariates left out, having no variation of their own: {', '.join(data.left_out)}")
    cells = _cells(fit, data, name, reference)
    return ScaleModel(name, data, fit, _used(fit), cells, reference, ", ".join(words))


def _unfitted(name: str, data: ScaleRows, reason: str) -> ScaleModel:
    nobody = data.scored.iloc[:0]
    return ScaleModel(name, data, None, nobody, {}, float("nan"), f"not fitted: {reason}")


def formula_of(data: ScaleRows) -> str:
    """Write the formula of a model: arms and covariates, each by wave where there is more than one."""
    columns = [column for own in data.covariates.values() for column in own]
    terms = [*(["arm"] if len(data.arms) > 1 else []), *columns]
    if len(data.waves) == 1:
        return f"{SCORE} ~ {' + '.join(terms) or '1'}"
    crossed = [f"{term} * wave" for term in terms]
    return f"{SCORE} ~ {' + '.join(crossed) or 'wave'}"


def _aliased_covariate(fit: MmrmFit, data: ScaleRows) -> str | None:
    """Find a covariate that the data cannot tell from arms, waves and the covariates before it."""
    lost = {part for name in fit.aliased for part in name.split(":")}
    return next((name for name, columns in data.covariates.items() if lost & set(columns)), None)


def _cells(fit: MmrmFit, data: ScaleRows, name: str, reference: float) -> dict[Cell, FloatArray]:
    at = {column: 0.0 for own in data.covariates.values() for column in own}
    if name == COVARIATE:
        at[AT_FIRST] = reference
    factors = [own for own in ("arm", "wave") if own in fit.layout.design.variables]
    grid = mean_grid(fit.layout, factors, at=at)
    alone = {"arm": data.arms[0], "wave": str(fit.layout.visits[0])}
    labels = grid.labels.assign(**{own: alone[own] for own in alone if own not in factors}).astype("str")
    keys = zip(labels["arm"], labels["wave"], strict=True)
    return dict(zip(keys, grid.functions, strict=True))


def _used(fit: MmrmFit) -> pd.Series[int]:
    rows = fit.layout.frame.iloc[fit.layout.used][["wave", "arm"]].astype("str")
    by_arm = rows.groupby(["wave", "arm"]).size()
    total = rows.groupby("wave").size()
    total.index = pd.MultiIndex.from_product([total.index, ["all"]], names=["wave", "arm"])
    return pd.concat([total, by_arm])
