"""How far from random must the states of those who left have been for each conclusion to change? In log odds.

The share in the states that count (in work) is looked at: its change since the first wave in each arm, where the first
wave asks it, and its difference between the arms of each declared comparison.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from increase_eval.attrition.headlines import Group
from increase_eval.attrition.imputed_scales.tipping import (
    BY,
    ESTIMATED,
    NEVER,
    NOTHING,
    TIPPING,
    VERDICTS,
    verdict_of,
)
from increase_eval.attrition.imputed_states.state import ImputedState
from increase_eval.attrition.imputed_states.table import NOT_ESTIMABLE, groups_of
from increase_eval.attrition.tipping.conclusion import Clause, Conclusion, Numbers
from increase_eval.attrition.tipping.response import numbers_of
from increase_eval.attrition.tipping.search import tips
from increase_eval.moments.accumulate import BoolArray, FloatArray
from increase_eval.results import estimate_table
from increase_eval.study import Study

LOG_ODDS, SHARE_OF_MISSING = "log_odds", "share"
RANGE_LOG_ODDS = 6.0
"""Log odds are moved so far to both sides at most: from even odds to one in four hundred."""
STEPS = 121


@dataclass(frozen=True, slots=True, eq=False)
class ShareResponse:
    """A mean of 0 and 1, less what is known, as the log odds of those imputed move.

    Attributes
    ----------
    fixed
        (people,) value of those who answered, nought of the others, less what it is compared with.
    sign
        (people,) of the mean that somebody belongs to: 1, or -1 for those of a first arm.
    thresholds
        (draws, moved) from which delta on each imputed value is 1, of the people whom the dial moves.
    base
        (draws, people) imputed values at random, nought elsewhere.
    moved
        (people,) whom the dial moves.
    confidence
        Of the interval.
    """

    fixed: FloatArray
    sign: FloatArray
    thresholds: FloatArray
    base: FloatArray
    moved: BoolArray
    confidence: float

    def at(self, deltas: FloatArray) -> Numbers:
        """Count who is in the states that count at this delta, and pool by Rubin's rules."""
        values = self.base.copy()
        values[:, self.moved] = self.thresholds < float(np.atleast_1d(deltas)[0])
        values += self.fixed
        estimates, within, free = np.zeros(len(values)), np.zeros(len(values)), 0
        for side in (1.0, -1.0):
            own = values[:, self.sign == side]
            n = own.shape[1]
            if n:
                estimates, within = estimates + side * own.mean(axis=1), within + own.var(axis=1, ddof=1) / n
                free += n - 1
        spread = float(estimates.var(ddof=1))
        return numbers_of(
            float(estimates.mean()), float(within.mean()), spread, len(values), float(free), self.confidence
        )

    def roots(self, clause: Clause) -> None:
        """Give no formula: people are counted."""


def state_tipping_table(study: Study, imputed: list[ImputedState]) -> pd.DataFrame:
    """Tabulate tipping points of states: which departure from random would change what is concluded of a share?

    Parameters
    ----------
    study
        Arms, contrasts, confidence.
    imputed
        The state variables, imputed.

    Returns
    -------
    DataFrame
        An estimate table as `tipping_points`: ``term`` ``tipping delta``; ``contrast`` ``first -> later`` (the change
        of the share in the states that count) or the plan's id (the difference of the shares), ``by_arm`` the arm whose
        imputed states move, ``by_direction`` ``below`` or ``above``, ``by_unit`` ``log_odds``, and ``share``: by how
        much the share among those of the arm who were not seen is then another than at random; ``verdict`` what is
        concluded at random; ``n`` those of the arm, or of both, who told the state at the wave; ``status`` as there.

    Notes
    -----
    The log odds of the states that count move by delta for those imputed. In a draw somebody imputed with probability p
    is counted where v < p e^d / (1 - p + p e^d), v uniform and in line with the state drawn at random: from d = logit v
    - logit p on. So the estimate is known at every delta, up to one person in one draw, which is where it tips.
    """
    rows = [row for one in imputed for row in _rows(study, one)]
    return estimate_table(pd.DataFrame(rows)) if rows else estimate_table([], **BY, status="", verdict="")


def _rows(study: Study, one: ImputedState) -> Iterator[dict[str, Any]]:
    headline, first = one.headline, study.wave_ids[0]
    for wave in headline.waves:
        drawn = None if one.filled is None or one.seen(wave).all() else _draw(one, wave)
        for group in groups_of(study, headline):
            is_change = group.contrast is None
            if is_change and (group.by_arm == "all" or not headline.has_first):
                continue
            names = [group.by_arm] if is_change else _arms_of(study, str(group.contrast))
            for arm in names:
                common = {
                    "outcome": headline.id, "term": TIPPING, "wave": wave, "by_arm": arm,
                    "contrast": f"{first} -> {wave}" if is_change else group.contrast,
                    "n": group.counts(one.seen(wave))["n"],
                }  # fmt: skip
                yield from ({**common, **row} for row in _tips(one, wave, group, arm, drawn))


def _arms_of(study: Study, contrast: str) -> list[str]:
    own = next(one for one in study.analysis.contrasts if one.id == contrast)
    return [own.second, own.first]


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """Probabilities of being counted (draws, missing), and from which delta on somebody is (draws, missing)."""

    probability: FloatArray
    threshold: FloatArray


def _draw(one: ImputedState, wave: str) -> _Drawn:
    assert one.filled is not None
    p, v = one.chances(wave), 1 - one.filled.uniforms[one.columns[wave]]
    tiny = np.finfo(float).tiny
    low, high = np.clip(v, tiny, 1 - 1e-16), np.clip(p, tiny, 1 - 1e-16)
    return _Drawn(p, special.logit(low) - special.logit(high))


def _tips(one: ImputedState, wave: str, group: Group, arm: str, drawn: _Drawn | None) -> Iterator[dict[str, Any]]:
    headline = one.headline
    mine = headline.arm == arm
    gone = ~one.seen(wave)
    if one.filled is None:
        words = f"not imputed: {one.reason}"
        yield {"by_direction": "below", "by_unit": LOG_ODDS, "status": NOT_ESTIMABLE, "method": words}
        return
    response = _response(one, wave, group, mine, drawn)
    numbers = response.at(np.zeros(1))
    method = (
        f"{one.filled.n_draws} imputations by chained equations, log odds of {arm} where the verdict changes; Rubin"
    )
    if not np.isfinite(numbers["std_error"]) or not numbers["std_error"]:
        yield {"by_direction": "below", "by_unit": LOG_ODDS, "status": NOT_ESTIMABLE, "method": method}
        return
    verdict = verdict_of(numbers)
    moved = int((mine & gone).sum())
    grid = np.linspace(-RANGE_LOG_ODDS, RANGE_LOG_ODDS, STEPS)
    places = tips(response, Conclusion(VERDICTS[verdict]), grid) if moved else np.zeros(0)
    for direction, some in (("below", -np.sort(-places[places < 0])), ("above", np.sort(places[places >= 0]))):
        status = ESTIMATED if some.size else NEVER if moved else NOTHING
        row = {"by_direction": direction, "verdict": verdict, "status": status, "method": method}
        delta = float(some[0]) if some.size else np.nan
        yield {**row, "by_unit": LOG_ODDS, "estimate": delta}
        yield {**row, "by_unit": SHARE_OF_MISSING, "estimate": _moved_share(drawn, mine[gone], delta)}


def _moved_share(drawn: _Drawn | None, whose: BoolArray, delta: float) -> float:
    """Give by how much the expected share of those imputed moves with their log odds."""
    if drawn is None or not np.isfinite(delta):
        return np.nan
    p = drawn.probability[:, whose]
    tilted = p * np.exp(delta)
    return float((tilted / (1 - p + tilted) - p).mean())


def _response(one: ImputedState, wave: str, group: Group, mine: BoolArray, drawn: _Drawn | None) -> ShareResponse:
    headline, who = one.headline, group.who
    gone = ~one.seen(wave)
    start = headline.first if group.contrast is None else np.zeros(len(who))
    fixed = np.where(gone, 0.0, headline.values[wave]) - start
    count = one.filled.n_draws if one.filled is not None else 2
    base = np.zeros((count, len(who)))
    thresholds = np.zeros((count, 0))
    if drawn is not None:
        base[:, gone] = drawn.threshold < 0
        thresholds = drawn.threshold[:, (mine & who)[gone]]
    sign = np.ones(len(who)) if group.less is None else np.where(group.less, -1.0, 1.0)
    return ShareResponse(
        fixed[who], sign[who], thresholds, base[:, who], (mine & gone)[who], headline.study.analysis.confidence
    )
