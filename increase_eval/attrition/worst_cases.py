"""How far could the plan's outcomes lie from what is seen? Bounds, selection models and dials, in a study's tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.attrition.bounds import manski_bounds, mean_bounds
from increase_eval.attrition.dials import turn_dial
from increase_eval.attrition.heckman import heckman
from increase_eval.attrition.leaver_tables import right_side
from increase_eval.attrition.lee import lee_bounds
from increase_eval.attrition.population import SCORE, AskedPeople
from increase_eval.attrition.replicates import jackknife_groups
from increase_eval.attrition.weighted_changes import CHANGE, MEAN, TOTAL, Outcome, arm_masks, outcomes_of
from increase_eval.errors import ConvergenceError, InsufficientDataError
from increase_eval.results import estimate_table
from increase_eval.study.study import Study

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]
Ranges = Mapping[str, tuple[float, float]]

LEE = "Lee, monotone selection assumed"
ASKED, FIRST_WAVE = "everybody asked", "first wave"
SETTINGS = {"pattern-mixture": (-0.5, -0.2, 0.0, 0.2, 0.5), "selection": (-0.5, -0.2, 0.0, 0.2, 0.5)}
"""Settings of the dials that are tabulated: standard deviations at the first wave, and log odds per one of them."""
GROUPS = 40


@dataclass(frozen=True, slots=True)
class _Target:
    """An outcome of some people at a wave: its values, whose they are, and between which ends each can lie."""

    outcome: Outcome
    wave: str
    population: str
    rows: Booleans
    low: Floats
    high: Floats


def _targets(
    study: Study, people: AskedPeople, scores: pd.DataFrame | None, states: pd.DataFrame | None, ranges: Ranges
) -> Iterator[_Target]:
    """Give levels of everybody asked, and changes of those whose first score is known."""
    first = people.waves[0]
    starts = {one.name: one.values for one in outcomes_of(study, people, first, scores, states)}
    for wave in people.waves:
        for one in outcomes_of(study, people, wave, scores, states):
            limits = (0.0, 1.0) if one.name not in {scale.id for scale in study.scales} else ranges.get(one.name)
            if limits is None:
                continue
            if one.term == CHANGE:
                start = starts[one.name]
                known = ~np.isnan(start)
                yield _Target(one, wave, FIRST_WAVE, known, limits[0] - start[known], limits[1] - start[known])
            else:
                everybody = np.ones(len(one.values), dtype=bool)
                ends = (np.full(len(one.values), end) for end in limits)
                yield _Target(one, wave, ASKED, everybody, *ends)


def bounds_table(
    study: Study,
    people: AskedPeople,
    *,
    scores: pd.DataFrame | None,
    states: pd.DataFrame | None,
    ranges: Ranges,
) -> pd.DataFrame:
    """Between which ends must the plan's outcomes lie, whatever those who did not answer would have said?

    Parameters
    ----------
    study
        The contract: contrasts, allocation, confidence.
    people
        Everybody asked.
    scores, states
        The stored tables, or None.
    ranges
        Scale -> lowest and highest possible score. A scale without a declared range has no bounds.

    Returns
    -------
    DataFrame
        Estimate table: outcome, term ``lower`` or ``upper``, wave, ``by_measure`` (``mean`` or ``share`` of everybody
        asked, ``change`` of those with a first score), ``by_among``, ``by_arm`` with an empty contrast, or a contrast
        of the plan (``second - first``) with ``by_arm`` ``all``; the interval is Imbens and Manski's. Method
        ``Manski``, and for contrasts of a randomised study also ``Lee`` (levels and changes, monotone selection
        assumed, no interval). n everybody the row is about, n_dropped those of them not observed.
    """
    rows: list[dict[str, Any]] = []
    for target in _targets(study, people, scores, states, ranges):
        rows += [*_mean_rows(study, people, target), *_contrast_rows(study, people, target)]
    empty = estimate_table([], by_measure="", by_among="", by_arm="", status="")
    return estimate_table(rows) if rows else empty


def _about(target: _Target) -> dict[str, Any]:
    return {
        "outcome": target.outcome.name,
        "wave": target.wave,
        "by_measure": target.outcome.term,
        "by_among": target.population,
    }


def _mean_rows(study: Study, people: AskedPeople, target: _Target) -> Iterator[dict[str, Any]]:
    values = target.outcome.values[target.rows]
    seen = ~np.isnan(values)
    for arm, mask in arm_masks(people).items():
        own = mask[target.rows]
        where = {**_about(target), "by_arm": arm, "method": "Manski", "n": int(own.sum())}
        try:
            found = mean_bounds(
                values[own], seen[own], low=target.low[own], high=target.high[own], confidence=study.analysis.confidence
            )
        except InsufficientDataError as error:
            yield {**where, "term": "lower", "status": str(error)}
            continue
        ends = {"conf_low": found.conf_low, "conf_high": found.conf_high, "n_dropped": found.n - found.n_observed}
        for term in ("lower", "upper"):
            yield {**where, "term": term, "estimate": getattr(found, term), **ends, "status": "ok"}


def _contrast_rows(study: Study, people: AskedPeople, target: _Target) -> Iterator[dict[str, Any]]:
    values = target.outcome.values[target.rows]
    arms = people.data["arm"].to_numpy(dtype=object)[target.rows]
    for contrast in study.analysis.contrasts:
        own = np.isin(arms, (contrast.first, contrast.second))
        if not {contrast.first, contrast.second} <= set(arms):
            continue
        arm = pd.Series(pd.Categorical(arms[own], categories=[contrast.first, contrast.second]))
        seen = ~np.isnan(values[own])
        where = {**_about(target), "contrast": f"{contrast.second} - {contrast.first}", "by_arm": TOTAL}
        counts = {"n": int(own.sum()), "n_dropped": int((~seen).sum())}
        limits = {"low": target.low[own], "high": target.high[own]}
        methods = ("Manski", *((LEE,) if study.head.allocation == "randomised" else ()))
        for method in methods:
            try:
                found = (
                    lee_bounds(values[own], arm, seen)
                    if method == LEE
                    else manski_bounds(values[own], arm, seen, **limits, confidence=study.analysis.confidence)
                )
            except InsufficientDataError as error:
                yield {**where, **counts, "term": "lower", "method": method, "status": str(error)}
                continue
            ends = {"conf_low": found.conf_low, "conf_high": found.conf_high}
            for term in ("lower", "upper"):
                yield {
                    **where, **counts, **ends, "term": term, "method": method,
                    "estimate": getattr(found, term), "status": "ok",
                }  # fmt: skip


def selection_models(
    study: Study,
    people: AskedPeople,
    *,
    scores: pd.DataFrame | None,
    states: pd.DataFrame | None,
) -> pd.DataFrame:
    """Give Heckman's selection model of each score at each later wave, and what identifies it.

    Returns
    -------
    DataFrame
        Estimate table, two-step: outcome the scale, term of the outcome's model (``inverse_mills`` last, and
        ``rho``), wave; status ``ok`` where the plan declares a selection variable, else ``identified by normality
        alone``, or why there is no model. Those who answered the first wave; covariates of the plan and the first
        score on both sides.
    """
    rows: list[pd.DataFrame] = []
    first = people.waves[0]
    for wave in people.waves[1:]:
        for one in outcomes_of(study, people, wave, scores, states):
            if one.term == MEAN:
                rows.append(_selection_rows(study, people, one, wave, people.at(first)))
    return estimate_table(pd.concat(rows, ignore_index=True)) if rows else estimate_table([], status="")


def _selection_rows(study: Study, people: AskedPeople, one: Outcome, wave: str, base: Booleans) -> pd.DataFrame:
    own_score = f"{SCORE}{one.name}"
    columns = [*people.register, *((own_score,) if own_score in people.data else ())]
    movers = [name for name in study.analysis.selection_variables if name not in columns]
    filled, names = people.filled(base, columns)
    extra, extra_names = people.filled(base, [name for name in movers if name in people.data])
    data = filled.assign(**extra, arm=people.data.loc[base, "arm"], y=one.values[base])
    data["seen"] = data["y"].notna().astype(int)
    right = right_side(data, names)
    also = "".join(f" + `{name}`" for name in extra_names)
    where = {"outcome": one.name, "wave": wave}
    try:
        found = heckman(f"y ~ {right}", f"seen ~ {right}{also}", data, confidence=study.analysis.confidence)
    except (InsufficientDataError, ConvergenceError) as error:
        row = {**where, "term": "rho", "n": len(data), "status": str(error)}
        return estimate_table([row], method="Heckman, two-step")
    rho = {"term": "rho", "estimate": found.rho, "n": found.n, "n_dropped": found.n_dropped, "status": found.status}
    table = pd.concat([found.to_frame(), estimate_table([rho], method="Heckman, two-step")], ignore_index=True)
    return table.assign(**where)


def dials_table(
    study: Study,
    people: AskedPeople,
    *,
    scores: pd.DataFrame | None,
    states: pd.DataFrame | None,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """How unlike those who answered would the others have to be, for a change since the first wave to vanish?

    Parameters
    ----------
    study, people, scores, states
        As for :func:`bounds_table`.
    rng
        Parts people into the groups of the jackknife.

    Returns
    -------
    DataFrame
        Estimate table: outcome, wave, ``by_arm``, ``by_dial`` (``pattern-mixture``: standard deviations at the first
        wave by which those who did not answer lie off what the covariates predict; ``selection``: log odds of not
        answering per such standard deviation of change), term a setting, with the mean change of everybody who
        answered the first wave; terms ``needed`` and ``needed_for_doubt`` the settings at which that mean, or the
        nearer end of its interval, is nought. Changes of the plan's scores; status why there is none.
    """
    rows: list[pd.DataFrame] = []
    first = people.waves[0]
    starts = {one.name: one.values for one in outcomes_of(study, people, first, scores, states)}
    numbers = jackknife_groups(
        len(people.data), GROUPS, rng, strata=pd.factorize(people.data["arm"])[0].astype(np.int64)
    )
    for wave in people.waves[1:]:
        for one in outcomes_of(study, people, wave, scores, states):
            if one.term == CHANGE and one.name in {scale.id for scale in study.scales}:
                rows += _dial_rows(study, people, one, wave, starts[one.name], numbers)
    empty = estimate_table([], by_arm="", by_dial="", status="")
    return estimate_table(pd.concat(rows, ignore_index=True)) if rows else empty


def _dial_rows(
    study: Study, people: AskedPeople, one: Outcome, wave: str, start: Floats, numbers: npt.NDArray[np.int64]
) -> list[pd.DataFrame]:
    known = ~np.isnan(start)
    spread = float(start[known].std(ddof=1)) if known.sum() > 1 else np.nan
    made = []
    for arm, mask in arm_masks(people).items():
        rows = known & mask
        filled, names = people.filled(rows, [*people.register, *people.baseline])
        data = filled.assign(arm=people.data.loc[rows, "arm"], y=one.values[rows])
        right = right_side(data, names)
        for model, settings in SETTINGS.items():
            unit = spread if model == "pattern-mixture" else 1.0
            where = {"outcome": one.name, "wave": wave, "by_arm": arm, "by_dial": model}
            made.append(
                _dial(study, f"y ~ {right}", data, model, settings, unit, spread, numbers[rows]).assign(**where)
            )
    return made


def _dial(
    study: Study,
    formula: str,
    data: pd.DataFrame,
    model: Any,
    settings: Sequence[float],
    unit: float,
    spread: float,
    groups: npt.NDArray[np.int64],
) -> pd.DataFrame:
    reason = "" if np.isfinite(spread) and spread > 0 else "scores at the first wave do not vary"
    reason = reason or ("everybody answered: there is nothing to turn" if data["y"].notna().all() else "")
    try:
        if reason:
            row = {"term": "needed", "n": len(data), "status": reason}
            return estimate_table([row], contrast="to 0", method=f"{model} dial")
        found = turn_dial(
            formula, data, model=model, settings=[at * unit for at in settings], groups=groups, scale=spread,
            confidence=study.analysis.confidence,
        )  # fmt: skip
    except (InsufficientDataError, ConvergenceError) as error:
        row = {"term": "needed", "n": len(data), "status": str(error)}
        return estimate_table([row], contrast="to 0", method=f"{model} dial")
    table = found.to_frame()
    table["term"] = [*(f"{at:g}" for at in settings), "needed", "needed_for_doubt"]
    is_needed = table["term"].isin(["needed", "needed_for_doubt"])
    table.loc[is_needed, "estimate"] /= unit
    return table
