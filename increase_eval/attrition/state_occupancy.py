"""Who is in which state, wave by wave? Shares as observed, weighted for who answered, and imputed, side by side.

Observed shares are those of the people asked whose state is known. Weighted ones stand for everybody asked, by inverse
probabilities of answering; imputed ones are taken from the table of imputed states and stand beside them. Nothing
corrects for what no response or imputation model holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special, stats

from increase_eval.attrition.headlines import COUNTED
from increase_eval.attrition.imputed_states.table import RANDOM, SHARE
from increase_eval.attrition.population import AskedPeople
from increase_eval.attrition.weighted_changes import Outcome, arm_masks, stacked_mean
from increase_eval.attrition.weighting import IPW, OK, WaveWeights
from increase_eval.comparison import proportion_interval
from increase_eval.results import estimate_table
from increase_eval.study.structure import StateVariable
from increase_eval.study.study import Study

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

OBSERVED, ANSWERED, WEIGHTED, IMPUTED = "observed", "answered", "weighted", "imputed"
NOBODY, ONE_STATE = "nobody", "nobody, or everybody, is in the state"
METHODS = {
    OBSERVED: "Wilson interval",
    ANSWERED: "people whom the weights can be given to, unweighted; Wilson interval",
    WEIGHTED: "inverse probability of answering; errors by stacked estimating equations; interval on the logit scale",
}


def state_occupancy(
    study: Study,
    people: AskedPeople,
    weights: Sequence[WaveWeights],
    states: pd.DataFrame,
    *,
    imputed: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Which share of each arm is in each state at each wave, as observed, weighted and imputed?

    Parameters
    ----------
    study
        The contract: state variables, waves, confidence.
    people, weights
        Everybody asked, and the weights of each wave.
    states
        ``participant, wave, variable, state`` (a state is an id, or missing).
    imputed
        The table `imputed_states`, or None.

    Returns
    -------
    DataFrame
        Estimate table: outcome the variable, term the state, wave, ``by_arm`` (``all`` where there are several arms),
        ``by_method``: ``observed`` (everybody asked whose state is known at the wave), ``answered`` (of these, who
        answered every wave that the weights rest on, unweighted), ``weighted`` (the same people, weighted to everybody
        asked), ``imputed`` (at random, of those whose first state is known). Shares of one group and method add up to
        1. n those whose state counts; n_dropped those
        asked whose state does not; status ``ok``, or why there is no estimate.

    Notes
    -----
    A weighted share is Σ w_i y_i / Σ w_i over those who answered, w_i = Π n_k / p̂_ik over the waves k so far; its error
    stacks the equations of the response models on that of the share. The interval is that of the logit of the share,
    logit p ± t se / (p (1 - p)), on the degrees of freedom of the linearised error, and so stays within 0 and 1 (Korn
    and Graubard 1998). ``answered`` and ``weighted`` stand on the same people: between them stands the weighting alone.

    References
    ----------
    Robins JM, Rotnitzky A, Zhao LP (1995). doi:10.1080/01621459.1995.10476493.
    Korn EL, Graubard BI (1998). Confidence intervals for proportions. Survey Methodology 24, 193-201.

    Checked against hand-weighted counts, and against R's survey (``svyciprop(method = "logit")``) where everybody
    answered, in ``tests/unit/attrition/test_state_occupancy.py``.
    """
    rows: list[dict[str, Any]] = []
    for variable in study.head.states:
        codes = _codes(people, states, variable)
        for own in weights:
            known = codes.get(own.wave)
            if known is not None:
                rows.extend(_wave_rows(people, own, known, variable, study.analysis.confidence))
    table = estimate_table(rows) if rows else estimate_table([], by_arm="", by_method="", status="")
    more = pd.DataFrame() if imputed is None else _imputed(imputed, study.analysis.confidence)
    return table if more.empty else estimate_table(pd.concat([table, more], ignore_index=True))


def _codes(people: AskedPeople, states: pd.DataFrame, variable: StateVariable) -> dict[str, npt.NDArray[np.object_]]:
    """Give each person's state (None where unknown) at each wave in which anybody's is known."""
    own = states[(states["variable"] == variable.id) & states["state"].notna()]
    found = {}
    for wave, rows in own.groupby("wave", sort=False, observed=True):
        at = rows.set_index("participant")["state"].reindex(people.data["participant"])
        values = at.astype(object).where(at.notna(), None).to_numpy(dtype=object)
        if any(value is not None for value in values):
            found[str(wave)] = values
    return found


def _wave_rows(
    people: AskedPeople,
    own: WaveWeights,
    states: npt.NDArray[np.object_],
    variable: StateVariable,
    confidence: float,
) -> Iterator[dict[str, Any]]:
    is_known = np.array([value is not None for value in states])
    weighted = own.answered & is_known & (own.values[IPW] > 0)
    sides = {OBSERVED: is_known, ANSWERED: weighted if own.status[IPW] == OK else own.answered & is_known}
    for arm, mask in arm_masks(people).items():
        for state in variable.states:
            here = (states == state.id).astype(float)
            where: dict[str, Any] = {"outcome": variable.id, "term": state.id, "wave": own.wave, "by_arm": arm}
            asked = int(mask.sum())
            for method, side in sides.items():
                ends = {**where, "by_method": method, "method": METHODS[method]}
                yield {**ends, **_counted(here[mask & side], asked, confidence)}
            counts = {"n": int((mask & weighted).sum()), "n_dropped": asked - int((mask & weighted).sum())}
            ends = {**where, "by_method": WEIGHTED, "method": METHODS[WEIGHTED], **counts}
            if own.status[IPW] != OK:
                yield {**ends, "status": own.status[IPW]}
                continue
            outcome = Outcome(variable.id, state.id, np.where(is_known, here, np.nan))
            yield {**ends, **_weighted(own, outcome, mask, confidence)}


def _counted(here: Floats, asked: int, confidence: float) -> dict[str, Any]:
    n, count = len(here), int(here.sum())
    if not n:
        return {"n": 0, "n_dropped": asked, "status": NOBODY}
    found = proportion_interval(count, n, confidence=confidence)
    error = float(np.sqrt(count * (n - count) / n**3))
    limits = {"conf_low": found.conf_low, "conf_high": found.conf_high}
    return {"estimate": count / n, "std_error": error, **limits, "n": n, "n_dropped": asked - n, "status": OK}


def _weighted(own: WaveWeights, outcome: Outcome, mask: Booleans, confidence: float) -> dict[str, Any]:
    """Give a weighted share with an interval that stays within 0 and 1."""
    used = mask & own.answered & ~np.isnan(outcome.values) & (own.values[IPW] > 0)
    if not used.any():
        return {"status": NOBODY}
    values = outcome.values[used]
    if values.min() == values.max():
        # Where all are alike, how far another sample would lie off cannot be told from their spread.
        return {"estimate": float(values[0]), "status": ONE_STATE}
    found = stacked_mean(own, outcome, mask, IPW, confidence)
    if found["status"] != OK:
        return found
    numbers = {name: float(found[name]) for name in ("estimate", "std_error", "df")}
    return {**found, **_limits(**numbers, confidence=confidence)}


def _imputed(imputed: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Give the imputed share of each single state, at random, in the columns of this table."""
    own = imputed[(imputed["term"] == SHARE) & (imputed["by_strategy"] == RANDOM) & (imputed["by_state"] != COUNTED)]
    rows = []
    for row in own.to_dict("records"):
        kept = {name: row[name] for name in ("outcome", "wave", "by_arm", "n", "n_dropped", "method")}
        kept |= {"term": row["by_state"], "by_method": IMPUTED}
        if pd.isna(row["estimate"]):
            rows.append({**kept, "status": row["status"]})
            continue
        numbers = {name: float(row[name]) for name in ("estimate", "std_error", "df")}
        within = 0 < numbers["estimate"] < 1
        rows.append({**kept, **numbers, **(_limits(**numbers, confidence=confidence) if within else {}), "status": OK})
    return pd.DataFrame(rows)


def _limits(*, estimate: float, std_error: float, df: float, confidence: float) -> dict[str, float]:
    """Give the interval of a share by that of its logit."""
    centre = float(special.logit(estimate))
    half = float(stats.t.ppf((1 + confidence) / 2, df)) * std_error / (estimate * (1 - estimate))
    return {"conf_low": float(special.expit(centre - half)), "conf_high": float(special.expit(centre + half))}
