"""What do the headline outcomes say under each weighting? Mean levels, changes from the first wave, shares in work.

Errors count that the weights were estimated: by stacked estimating equations for response weights, by a delete-a-group
jackknife in which response models and margins are worked out anew for weights calibrated to the register.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from increase_eval.attrition.leaver_tables import score_columns
from increase_eval.attrition.population import AskedPeople
from increase_eval.attrition.replicated_weights import replicated_weights
from increase_eval.attrition.replicates import Replicates, delete_a_group, jackknife_groups
from increase_eval.attrition.weighted import weighted_model
from increase_eval.attrition.weighting import BOTH, IPW, NONE, OK, RAKED, WaveWeights
from increase_eval.errors import InsufficientDataError
from increase_eval.results import estimate_table
from increase_eval.study.study import Study

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

MEAN, CHANGE, SHARE = "mean", "change", "share"
GROUPS = 40
"""Of the jackknife: forty replicates give an error to within about a ninth of itself."""
TOTAL = "all"
METHODS = {
    NONE: "complete cases, unweighted",
    IPW: "inverse probability of answering; errors by stacked estimating equations",
    RAKED: "raked to the register; errors by delete-a-group jackknife",
    BOTH: "inverse probability of answering, raked to the register; errors by delete-a-group jackknife",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One outcome of the plan at one wave, on everybody asked: NaN where it is not known."""

    name: str
    term: str
    values: Floats


def outcomes_of(
    study: Study, people: AskedPeople, wave: str, scores: pd.DataFrame | None, states: pd.DataFrame | None
) -> tuple[Outcome, ...]:
    """Give the plan's outcomes at a wave: levels, and where the first wave has them too, changes from it.

    A state counts 1 where it counts as work and 0 else; variables none of whose states does are left out.
    """
    wanted = list(dict.fromkeys(estimand.outcome for estimand in study.analysis.estimands))
    first = people.waves[0]
    found: list[Outcome] = []
    for name in wanted:
        table, level = _wide(study, people, name, scores, states)
        if table is None or wave not in table:
            continue
        now = table[wave].to_numpy(dtype=float)
        found.append(Outcome(name, level, now))
        if wave != first and first in table:
            found.append(Outcome(name, CHANGE, now - table[first].to_numpy(dtype=float)))
    return tuple(found)


def _wide(
    study: Study, people: AskedPeople, name: str, scores: pd.DataFrame | None, states: pd.DataFrame | None
) -> tuple[pd.DataFrame | None, str]:
    if scores is not None and name in {scale.id for scale in study.scales}:
        return score_columns(people, scores, name), MEAN
    variable = next((one for one in study.head.states if one.id == name), None)
    working = {state.id for state in variable.states if state.in_work} if variable is not None else set()
    if states is None or not working:
        return None, SHARE
    own = states[(states["variable"] == name) & states["state"].notna()]
    coded = own.assign(score=own["state"].isin(working).astype(float), scale=name)
    return score_columns(people, coded, name), SHARE


def weighted_changes(
    study: Study,
    people: AskedPeople,
    weights: Sequence[WaveWeights],
    *,
    scores: pd.DataFrame | None,
    states: pd.DataFrame | None,
    rng: np.random.Generator,
    groups: int = GROUPS,
) -> pd.DataFrame:
    """Give the plan's outcomes under each weighting, by wave and arm.

    Parameters
    ----------
    study
        The contract.
    people, weights
        Everybody asked, and the weights of each wave.
    scores, states
        The stored tables, or None.
    rng
        Parts people into the groups of the jackknife.
    groups
        How many groups.

    Returns
    -------
    DataFrame
        Estimate table: outcome, term ``mean``, ``share`` (in work) or ``change`` (from the first wave), wave,
        ``by_arm`` (and ``all``), ``by_weights``, with intervals by t; n those who count; status ``ok`` or why there is
        no estimate. Every weighting of a wave stands on the same people but for those without a weight.

    Notes
    -----
    Weights stand for everybody asked. Without weights a row says what complete cases say: those who answered the first
    wave and this one. ``mean`` and ``change`` therefore stand on the same answers.
    """
    numbers = jackknife_groups(
        len(people.data), groups, rng, strata=pd.factorize(people.data["arm"])[0].astype(np.int64)
    )
    frames = []
    for own in weights:
        outcomes = outcomes_of(study, people, own.wave, scores, states)
        if outcomes:
            frames.append(_wave_rows(people, own, outcomes, numbers, study.analysis.confidence))
    empty = estimate_table([], by_arm="", by_weights="", status="")
    return estimate_table(pd.concat(frames, ignore_index=True)) if frames else empty


def arm_masks(people: AskedPeople) -> dict[str, Booleans]:
    """Give who is in each arm, and everybody where there are several."""
    arms = people.data["arm"].to_numpy(dtype=object)
    own = {str(arm): arms == arm for arm in dict.fromkeys(arms)}
    return {TOTAL: np.ones(len(arms), dtype=bool)} | (own if len(own) > 1 else {})


def _wave_rows(
    people: AskedPeople,
    own: WaveWeights,
    outcomes: Sequence[Outcome],
    numbers: npt.NDArray[np.int64],
    confidence: float,
) -> pd.DataFrame:
    masks = arm_masks(people)
    replicates = _replicates(people, own, outcomes, masks, numbers)
    rows = []
    for place, outcome in enumerate(outcomes):
        for column, (arm, mask) in enumerate(masks.items()):
            where = {"outcome": outcome.name, "term": outcome.term, "wave": own.wave, "by_arm": arm}
            at = place * len(masks) + column
            for name, method in METHODS.items():
                used = mask & own.answered & ~np.isnan(outcome.values) & (own.values[name] > 0)
                ends = {"by_weights": name, "method": method, "n": int(used.sum()), **where}
                if own.status[name] != OK:
                    rows.append({**ends, "status": own.status[name]})
                elif name in (NONE, IPW):
                    rows.append({**ends, **stacked_mean(own, outcome, mask, name, confidence)})
                else:
                    rows.append({**ends, **_jackknifed(replicates[name], at, confidence)})
    return estimate_table(rows)


def stacked_mean(own: WaveWeights, outcome: Outcome, mask: Booleans, name: str, confidence: float) -> dict[str, Any]:
    """Give the weighted mean of an arm by the library's weighted regression, with the response models behind it."""
    values = np.where(mask & own.answered, outcome.values, np.nan)
    model = own.model if name == IPW else None
    if model is not None:
        length = len(model.values)
        y = np.full(length, np.nan)
        y[-len(values) :] = values
        data = pd.DataFrame({"y": y, "w": model.values.to_numpy()})
    else:
        data = pd.DataFrame({"y": values, "w": own.values[name]})
    try:
        fit = weighted_model("y ~ 1", data, weights="w", estimated=model, confidence=confidence)
    except InsufficientDataError as error:
        return {"status": str(error)}
    columns = ["estimate", "std_error", "df", "conf_low", "conf_high"]
    values_ = fit.coefficients[columns].to_numpy(dtype=float)[0]
    return {**dict(zip(columns, values_.tolist(), strict=True)), "status": OK}


def _replicates(
    people: AskedPeople,
    own: WaveWeights,
    outcomes: Sequence[Outcome],
    masks: Mapping[str, Booleans],
    numbers: npt.NDArray[np.int64],
) -> dict[str, Replicates]:
    """Work out weights and means anew without each group of people, for weights that are calibrated."""
    everybody = np.ones(len(people.data), dtype=bool)
    groups = people.grouped(everybody, people.register) if people.register else None
    again = replicated_weights(people, own.wave, groups)

    def means(rows: Booleans) -> Floats:
        weights = own.values if rows.all() else again.without(rows)
        found = []
        for name in (RAKED, BOTH):
            w = weights[name]
            for outcome in outcomes:
                y = outcome.values[rows]
                for mask in masks.values():
                    used = mask[rows] & ~np.isnan(y) & (w > 0)
                    found.append(float(w[used] @ y[used] / w[used].sum()) if used.any() else np.nan)
        return np.array(found)

    if own.status[RAKED] != OK and own.status[BOTH] != OK:
        return {}
    whole = delete_a_group(means, numbers)
    half = len(outcomes) * len(masks)
    parts = {RAKED: slice(0, half), BOTH: slice(half, 2 * half)}
    return {
        name: Replicates(whole.estimate[at], whole.values[:, at], whole.std_error[at], whole.df[at])
        for name, at in parts.items()
    }


def _jackknifed(found: Replicates, at: int, confidence: float) -> dict[str, Any]:
    estimate, error, df = (float(values[at]) for values in (found.estimate, found.std_error, found.df))
    if not np.isfinite([estimate, error, df]).all() or error <= 0:
        return {"status": "no variance" if np.isfinite(estimate) else "nobody"} | (
            {"estimate": estimate} if np.isfinite(estimate) else {}
        )
    half = float(stats.t.ppf((1 + confidence) / 2, df)) * error
    limits = {"conf_low": estimate - half, "conf_high": estimate + half}
    return {"estimate": estimate, "std_error": error, "df": df, **limits, "status": OK}
