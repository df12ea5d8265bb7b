"""Who would be in which state, had nobody left? Shares by wave, arm and assumption, pooled by Rubin's rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from increase_eval.attrition.headlines import ALL, ASKED, COUNTED, Group, Headline, first_wave_weights
from increase_eval.attrition.imputed_states.state import ImputedState
from increase_eval.attrition.pooling import pool_means
from increase_eval.errors import InsufficientDataError
from increase_eval.moments.accumulate import FloatArray
from increase_eval.results import estimate_table
from increase_eval.study import Study

SHARE, DIFFERENCE = "share", "difference in share"
RANDOM, DELTA = "mar", "delta"
SMALL_SD = 0.2
LOG_ODDS = SMALL_SD * float(np.pi / np.sqrt(3))
"""The delta of a share: a fifth of a standard deviation, in log odds (the logistic distribution's is pi / sqrt 3)."""
ESTIMATED, NOT_ESTIMABLE, NOT_SEEN = "estimated", "not estimable", "nobody was seen in it"
NO_SPREAD = "everybody is in it, or nobody is"
NO_DIRECTION = "no state is declared as work: which of them is worse is not known"
LEAST = 2


def imputed_state_table(study: Study, imputed: list[ImputedState]) -> pd.DataFrame:
    """Tabulate the share of every state under imputation: who would be in it, had nobody left?

    Parameters
    ----------
    study
        Arms, contrasts, confidence.
    imputed
        The state variables, imputed.

    Returns
    -------
    DataFrame
        An estimate table: ``outcome`` the variable, ``term`` ``share`` by ``by_arm`` (``all``: everybody) and, of
        the states that count, ``difference in share`` (``contrast`` the plan's id: its second arm less its first);
        ``by_state`` the state, or ``counted`` (those in work; where none is, the second of two, else the first);
        ``by_strategy`` ``mar`` or ``delta`` (log odds of being in work :data:`LOG_ODDS` lower than at random, for those
        imputed); ``by_population`` ``first wave`` (those whose first state is known) or ``everybody asked`` (the same
        weighted by their chance of a known first state; or, where the first wave does not ask, these people
        themselves); ``n`` those who told the state at the wave, ``n_dropped`` the others of these people, imputed.

    Notes
    -----
    Rubin's rules with Barnard and Rubin's degrees of freedom for n - 1 of a completed table. A state that nobody was
    seen in at a wave is never imputed: its row has a status and no share.

    References
    ----------
    Hasselblad V, Hedges LV (1995), a log odds ratio as a standardised difference. doi:10.1037/0033-2909.117.1.167
    van Buuren S (2018). Flexible Imputation of Missing Data, second edition. doi:10.1201/9780429492259
    """
    rows = [row for one in imputed for row in _rows(study, one)]
    by = ("by_arm", "by_state", "by_strategy", "by_population")
    return estimate_table(pd.DataFrame(rows)) if rows else estimate_table([], **dict.fromkeys(by, ""), status="")


def _rows(study: Study, one: ImputedState) -> Iterator[dict[str, Any]]:
    headline, confidence = one.headline, study.analysis.confidence
    groups = groups_of(study, headline)
    plain = np.ones(len(headline.people))
    populations = {headline.population: plain}
    if headline.has_first:
        populations[ASKED] = first_wave_weights(headline)
    for wave in headline.waves:
        for population, weights in populations.items():
            where = {"outcome": headline.id, "wave": wave, "by_population": population}
            for state, strategy, delta in _asked_for(one, population == headline.population):
                labels = {**where, "by_state": state or COUNTED, "by_strategy": strategy}
                chosen = [own for own in groups if state is None or own.contrast is None]
                yield from _pooled_rows(one, wave, chosen, weights, (state, strategy, delta), labels, confidence)


def groups_of(study: Study, headline: Headline) -> tuple[Group, ...]:
    """Give arms, everybody and every declared comparison, whether or not arms were drawn by lot."""
    plain = [group for group in headline.groups if group.contrast is None]
    by_arm = {group.by_arm: group.mask for group in plain}
    pairs = [one for one in study.analysis.contrasts if {one.first, one.second} <= set(headline.arms)]
    return (*plain, *(Group(ALL, one.id, by_arm[one.second], by_arm[one.first]) for one in pairs))


def _asked_for(one: ImputedState, is_main: bool) -> Iterator[tuple[str | None, str, float]]:
    """Give the states, strategies and deltas: single states at random and among the main people only."""
    if is_main:
        for state in one.variable.states:
            yield state.id, RANDOM, 0.0
    yield None, RANDOM, 0.0
    if is_main:
        yield None, DELTA, -LOG_ODDS


def _pooled_rows(
    one: ImputedState,
    wave: str,
    groups: Iterable[Group],
    weights: FloatArray,
    asked: tuple[str | None, str, float],
    labels: dict[str, Any],
    confidence: float,
) -> Iterator[dict[str, Any]]:
    state, strategy, delta = asked
    reason = one.reason and f"not imputed: {one.reason}"
    status = NOT_ESTIMABLE if reason else ESTIMATED
    if not reason and strategy == DELTA and not any(own.in_work for own in one.variable.states):
        status = NO_DIRECTION
    if not reason and state is not None and not one.is_seen(wave, state):
        status = NOT_SEEN
    completed = one.completed(wave, state, delta) if status == ESTIMATED else np.zeros((0, 0))
    words = reason or _words(one, delta, weights)
    for group in groups:
        used = one.seen(wave) & (weights > 0)
        row = {
            **labels, "term": SHARE if group.contrast is None else DIFFERENCE, "contrast": group.contrast,
            "by_arm": group.by_arm, **group.counts(used), "method": words, "status": status,
        }  # fmt: skip
        masks = [mask & (weights > 0) for mask in (group.mask, group.less) if mask is not None]
        if status != ESTIMATED or min(int(mask.sum()) for mask in masks) < LEAST:
            yield {**row, "status": NOT_ESTIMABLE if status == ESTIMATED else status}
            continue
        try:
            found = pool_means(completed, weights, masks)
        except InsufficientDataError:
            yield {**row, "status": NO_SPREAD}
            continue
        half = float(stats.t.ppf((1 + confidence) / 2, found.df)) * found.std_error
        ends = {"conf_low": found.estimate - half, "conf_high": found.estimate + half}
        yield {**row, "estimate": found.estimate, "std_error": found.std_error, "df": found.df, **ends}


def _words(one: ImputedState, delta: float, weights: FloatArray) -> str:
    assert one.filled is not None
    moved = f", log odds {delta:+.3f} for those imputed" if delta else ""
    weighed = ", first wave weighted to everybody asked" if np.ptp(weights) > 0 else ""
    return f"{one.filled.n_draws} imputations at random by chained equations{moved}{weighed}; Rubin"
