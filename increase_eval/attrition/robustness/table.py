"""Every headline of a study under each assumption, in one table."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from increase_eval.attrition.headlines import ALL, Headline, headlines_of
from increase_eval.attrition.imputed_scales.draws import imputed_draws
from increase_eval.attrition.robustness.scale_methods import (
    as_table,
    bounds,
    complete_cases,
    imputed_and_weighted,
    weighted,
)
from increase_eval.attrition.robustness.state_methods import complete_shares, unchanged
from increase_eval.attrition.robustness.stored import anchored, imputed, imputed_shares, modelled
from increase_eval.attrition.robustness.survival import conclusions
from increase_eval.results import estimate_table
from increase_eval.study import Study

METHODS = (
    "first_wave", "complete_cases", "mmrm", "weights", "imputation", "imputation_weights", "delta",
    "return_to_baseline", "jump_to_reference", "copy_reference", "copy_increments",
    "anchored_low", "anchored", "anchored_high", "bounds_lower", "bounds_upper",
)  # fmt: skip
"""In the order of the table."""
DRAWS = 50
"""Completed tables of imputation with weights, where no stored draws are given."""


def robustness_table(
    study: Study,
    participants: pd.DataFrame,
    *,
    scores: pd.DataFrame | None = None,
    states: pd.DataFrame | None = None,
    score_changes: pd.DataFrame | None = None,
    score_contrasts: pd.DataFrame | None = None,
    anchored_changes: pd.DataFrame | None = None,
    imputed_changes: pd.DataFrame | None = None,
    imputed_states: pd.DataFrame | None = None,
    draws: Mapping[str, pd.DataFrame] | None = None,
    ranges: Mapping[str, tuple[float, float]],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """State every headline under each assumption: which conclusion survives which?

    Parameters
    ----------
    study
        The plan's headline estimands, arms, waves, smallest effects of interest, confidence.
    participants, scores, states
        The stored tables; without scores or states their headlines are left out.
    score_changes, score_contrasts, anchored_changes, imputed_changes, imputed_states
        Stored tables of models for repeated measures, of anchored non-response and of imputations, read and not
        computed again: one definition for all pages. What is not given has rows without a number.
    draws
        Scale -> its stored draws (see :func:`.imputed_draws`). Of a scale without, :data:`DRAWS` are drawn.
    ranges
        Scale -> lowest and highest possible score. A scale without a declared range has no bounds.
    rng
        Source of randomness of what is drawn here.

    Returns
    -------
    DataFrame
        An estimate table: ``outcome``, ``term`` ``change`` (since the first wave) or ``share`` (in the states that
        count), ``wave``, ``by_arm`` (``all``: everybody), and where arms were drawn by lot ``difference in change`` and
        ``difference in share`` with the plan's id in ``contrast``; ``by_method`` (:data:`METHODS`), ``by_population``
        (``first wave``: those who answered it; ``everybody asked``), ``status``, and ``verdict``: what the estimate
        alone says (see :func:`.conclusions`). ``n`` are those whose own answer of the wave is used, ``n_dropped`` the
        others of these people: left out, stood for by weights, imputed, or put at an end, as the method says. No test
        is made.
    """
    tables = []
    for headline in headlines_of(study, participants, scores, states):
        rows = [
            *modelled(headline, score_changes, score_contrasts),
            *anchored(headline, anchored_changes),
            *weighted(headline),
            *bounds(headline, (0.0, 1.0) if headline.is_state else ranges.get(headline.id)),
            *(
                (*complete_shares(headline), *unchanged(headline), *imputed_shares(headline, imputed_states))
                if headline.is_state
                else (*complete_cases(headline), *imputed(headline, imputed_changes))
            ),
        ]
        if not headline.is_state:
            own = (draws or {}).get(headline.id)
            if own is None and scores is not None:
                own = imputed_draws(study, scores, participants, headline.id, rng=rng, draws=DRAWS)
            rows += imputed_and_weighted(headline, own)
        table = as_table(headline, rows)
        tables.append(conclusions(_ordered(table, headline), headline))
    empty = estimate_table([], by_arm="", by_method="", by_population="", status="", verdict="")
    return estimate_table(pd.concat(tables, ignore_index=True)) if tables else empty


def _ordered(table: pd.DataFrame, headline: Headline) -> pd.DataFrame:
    places = {
        "wave": {wave: place for place, wave in enumerate(headline.study.wave_ids)},
        "by_arm": {arm: place for place, arm in enumerate((*headline.study.arm_ids, ALL))},
        "by_method": {method: place for place, method in enumerate(METHODS)},
    }
    contrasts = {one.id: place for place, one in enumerate(headline.study.analysis.contrasts)}
    keys = pd.DataFrame({name: table[name].map(order) for name, order in places.items()}).astype(int)
    keys.insert(2, "contrast", table["contrast"].map(contrasts).fillna(-1).astype(int))
    return table.loc[keys.sort_values([*keys.columns], kind="stable").index].reset_index(drop=True)
