"""What do a study's predictors go with? Moves into work, outcomes within and between persons, and ways between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from increase_eval.comparison.adjustment.mediation import Effect, mediation
from increase_eval.comparison.predictor.calibration import calibrated_prediction
from increase_eval.comparison.predictor.cross_lagged import FEWEST_WAVES, fit_cross_lagged
from increase_eval.comparison.predictor.indirect import indirect_sensitivity
from increase_eval.errors import ConvergenceError, InsufficientDataError
from increase_eval.results import estimate_table
from increase_eval.study.instruments import Scale
from increase_eval.study.structure import StateVariable
from increase_eval.study.study import Study

OK = "ok"
NOT_ESTIMABLE = "not estimable"
NO_RELIABILITY = "no reliability known"
ALL = "all"
DRAWS = 100
"""Bootstrap draws where the plan does not say (``draws: {calibration: N}``)."""

METHOD_LAGGED = "random-intercept cross-lagged panel model, full-information maximum likelihood"

Rows = list[dict[str, Any]]


def predictors_of(study: Study) -> tuple[Scale, ...]:
    """Give the scales whose role is to predict and that the first wave asks."""
    return tuple(s for s in study.scales if s.role == "predictor" and study.wave_ids[0] in study.scale_waves(s))


def predicted_scales(study: Study) -> tuple[Scale, ...]:
    """Give the scales that headline estimands are about, in the order of the contract."""
    headline = {estimand.outcome for estimand in study.analysis.estimands if estimand.headline}
    return tuple(scale for scale in study.scales if scale.id in headline)


def prediction_table(
    study: Study, scores: pd.DataFrame, states: pd.DataFrame, participants: pd.DataFrame, reliability: pd.DataFrame
) -> pd.DataFrame:
    """Do people with higher scores at the first wave move into work more often, among those who were out of it?

    Parameters
    ----------
    study
        Predictors, state variables, covariates of the plan, seed and draws.
    scores, states, participants, reliability
        The tables of these names.

    Returns
    -------
    DataFrame
        An estimate table: ``outcome`` the state variable, ``wave``, ``by_predictor``, ``term`` ``as measured`` or
        ``without error``: log odds ratios per standard deviation of the score at the first wave, given the covariates.
    """
    rows: Rows = []
    for variable in study.head.states:
        moves = _moves(study, variable, states)
        for scale in predictors_of(study):
            known = _omega(reliability, scale.id, study.wave_ids[0])
            for wave, moved in moves.items():
                about = {"outcome": variable.id, "wave": wave, "by_predictor": scale.id}
                table = _standardised(study, scores, scale, participants).join(moved.rename("moved"), how="inner")
                rows += [about | row for row in _predicted(study, table, known)]
    return estimate_table(pd.DataFrame(rows, columns=_columns("by_predictor")))


def _predicted(study: Study, table: pd.DataFrame, reliability: float | None) -> Rows:
    if reliability is None:
        return [{"term": "without error", "n": len(table), "status": NO_RELIABILITY}]
    covariates = _varying(table, study.analysis.covariates)
    return _attempt(
        lambda: calibrated_prediction(
            table,
            outcome="moved",
            score="score",
            covariates=covariates,
            reliability=reliability,
            draws=study.analysis.draws.get("calibration", DRAWS),
            rng=np.random.default_rng(study.analysis.seed),
            confidence=study.analysis.confidence,
        ).rows(),
        len(table),
    )


def cross_lagged_table(study: Study, scores: pd.DataFrame) -> pd.DataFrame:
    """Fit each predictor with each headline outcome: which goes before the other, and do they differ between people?

    Parameters
    ----------
    study
        Predictors, headline outcomes, waves.
    scores
        The table of this name.

    Returns
    -------
    DataFrame
        An estimate table: ``outcome`` the scale, ``by_predictor``, ``term`` as :class:`.CrossLagged` names it, with
        ``predictor`` and ``outcome`` for the measures, in standard deviations at the first wave. A pair that is
        refused has one row with a status.
    """
    rows: Rows = []
    for predictor in predictors_of(study):
        for scale in predicted_scales(study):
            asked = [w for w in study.scale_waves(predictor) if w in study.scale_waves(scale)]
            if len(asked) >= FEWEST_WAVES:
                first, second = (
                    _wide(scores, one.id, asked, prefix) for one, prefix in ((predictor, "x"), (scale, "y"))
                )
                found = _attempt(partial(_lagged, study, first, second, asked), len(first))
                rows += [{"outcome": scale.id, "by_predictor": predictor.id} | row for row in found]
    return estimate_table(pd.DataFrame(rows, columns=_columns("by_predictor")))


def _lagged(study: Study, first: pd.DataFrame, second: pd.DataFrame, waves: Sequence[str]) -> Rows:
    units = [frame / frame.iloc[:, 0].std() for frame in (first, second)]
    fit = fit_cross_lagged(
        pd.concat(units, axis=1),
        list(first.columns),
        list(second.columns),
        waves=waves,
        names=("predictor", "outcome"),
        confidence=study.analysis.confidence,
    )
    shared = {"n": fit.n, "status": OK, "method": METHOD_LAGGED}
    return [{str(k): v for k, v in row.items()} | shared for row in fit.coefficients.reset_index().to_dict("records")]


def indirect_table(
    study: Study, scores: pd.DataFrame, states: pd.DataFrame, participants: pd.DataFrame
) -> pd.DataFrame:
    """Say how the way from predictor by work to outcome multiplies, and what could make it vanish.

    Parameters
    ----------
    study
        Predictors, headline outcomes, state variables, covariates.
    scores, states, participants
        The tables of these names.

    Returns
    -------
    DataFrame
        An estimate table: ``outcome`` the scale at the last wave, ``wave``, ``by_predictor``, ``by_mediator`` the state
        variable (in work at the second wave), ``term`` ``indirect``, ``direct``, ``total`` (points per standard
        deviation of the predictor, given the outcome at the first wave and the covariates) and ``residual correlation
        at nought``.
    """
    if len(study.wave_ids) < FEWEST_WAVES:
        return estimate_table(pd.DataFrame(columns=_columns("by_predictor", "by_mediator")))
    first, second, last = study.wave_ids[0], study.wave_ids[1], study.wave_ids[-1]
    rows: Rows = []
    for variable in study.head.states:
        works = _in_work(variable, states, second)
        for predictor in predictors_of(study):
            for scale in predicted_scales(study):
                about = {"outcome": scale.id, "wave": last, "by_predictor": predictor.id, "by_mediator": variable.id}
                before, after = (_scores(scores, scale.id, wave) for wave in (first, last))
                table = _standardised(study, scores, predictor, participants)
                table = table.join(works.rename("work").astype("float64"), how="inner")
                table = (
                    table.join(before.rename("before"), how="inner").join(after.rename("after"), how="inner").dropna()
                )
                terms = " + ".join(["score", "before", *(f"`{c}`" for c in _varying(table, study.analysis.covariates))])
                found = _attempt(partial(_indirect, study, table, terms), len(table))
                rows += [about | row for row in found]
    return estimate_table(pd.DataFrame(rows, columns=_columns("by_predictor", "by_mediator")))


def _indirect(study: Study, table: pd.DataFrame, terms: str) -> Rows:
    if len(table) < study.analysis.minimum_n:
        raise InsufficientDataError("fewer people than the plan's minimum")
    formulas = f"after ~ {terms} + work", f"work ~ {terms}"
    confidence = study.analysis.confidence
    found = mediation(*formulas, table, treatment="score", mediator="work", method="delta", confidence=confidence)
    sensitivity = indirect_sensitivity(*formulas, table, treatment="score", mediator="work")
    shared = {"n": found.n, "status": OK}
    effects: dict[str, Effect] = {"indirect": found.indirect, "direct": found.direct, "total": found.total}
    rows = [
        {
            "term": name,
            **{f: getattr(effect, f) for f in Effect.__slots__},
            **shared,
            "method": "product of coefficients",
        }
        for name, effect in effects.items()
    ]
    at_nought = {"term": "residual correlation at nought", "estimate": sensitivity.rho_at_nought}
    return [*rows, {**at_nought, **shared, "method": "linear models with correlated residuals"}]


# -- parts -------------------------------------------------------------------------------------------------------------


def _attempt(compute: Callable[[], Rows], n: int) -> Rows:
    """Give the rows, or one that says why there are none."""
    try:
        return compute()
    except (InsufficientDataError, ConvergenceError) as problem:
        return [{"term": NOT_ESTIMABLE, "n": n, "status": NOT_ESTIMABLE, "method": str(problem)}]


def _columns(*by: str) -> list[str]:
    numbers = ["estimate", "std_error", "statistic", "df", "p_value", "conf_low", "conf_high"]
    return ["outcome", "term", "contrast", "wave", *numbers, "n", "method", *by, "n_dropped", "status"]


def _scores(scores: pd.DataFrame, scale: str, wave: str) -> pd.Series[float]:
    own = scores[(scores["scale"] == scale) & (scores["wave"] == wave)]
    values: pd.Series[float] = own.set_index("participant")["score"].astype("float64")
    return values


def _wide(scores: pd.DataFrame, scale: str, waves: Sequence[str], prefix: str) -> pd.DataFrame:
    return pd.DataFrame({f"{prefix}_{wave}": _scores(scores, scale, wave) for wave in waves})


def _standardised(study: Study, scores: pd.DataFrame, scale: Scale, participants: pd.DataFrame) -> pd.DataFrame:
    """Give, by participant, the score at the first wave in standard deviations, and the covariates, codes as levels."""
    score = _scores(scores, scale.id, study.wave_ids[0])
    covariates = participants.set_index("participant")[[c for c in study.analysis.covariates if c in participants]]
    codes = [column.name for column in study.participant_columns if column.values and column.name in covariates]
    as_levels = {name: covariates[name].astype("string").astype(object) for name in codes}
    covariates = covariates.assign(**{name: own.where(own.notna()) for name, own in as_levels.items()})
    return covariates.join((score / score.std()).rename("score"), how="inner")


def _varying(table: pd.DataFrame, covariates: Sequence[str]) -> list[str]:
    """Give the covariates that can enter: those with more than one value among those that are complete."""
    known = [c for c in covariates if c in table]
    complete = table.dropna()
    return [c for c in known if (complete[c] != complete[c].iloc[0]).any()] if len(complete) else []


def _in_work(variable: StateVariable, states: pd.DataFrame, wave: str) -> pd.Series[bool]:
    """Say who is in work at a wave, of those whose state is known."""
    own = states[(states["variable"] == variable.id) & (states["wave"] == wave)].dropna(subset="state")
    working = {state.id for state in variable.states if state.in_work}
    found: pd.Series[bool] = own.set_index("participant")["state"].isin(working)
    return found


def _moves(study: Study, variable: StateVariable, states: pd.DataFrame) -> dict[str, pd.Series[int]]:
    """Say by later wave who of those out of work at the first wave is in work: 1, or 0."""
    start = _in_work(variable, states, study.wave_ids[0])
    out = start.index[~start.to_numpy(dtype=bool)]
    later = {wave: _in_work(variable, states, wave) for wave in study.wave_ids[1:]}
    return {wave: own[own.index.isin(out)].astype(int) for wave, own in later.items() if len(own)}


def _omega(reliability: pd.DataFrame, scale: str, wave: str) -> float | None:
    """Give omega of everybody at a wave, or alpha where a scale has too few items for omega."""
    own = reliability[(reliability["outcome"] == scale) & (reliability["wave"] == wave)]
    for column in (name for name in own.columns if name.startswith("by_")):
        own = own[own[column] == ALL]
    for term in ("omega", "alpha"):
        value = own.loc[own["term"] == term, "estimate"].dropna()
        if len(value) and 0 < value.iloc[0] <= 1:
            return float(value.iloc[0])
    return None
