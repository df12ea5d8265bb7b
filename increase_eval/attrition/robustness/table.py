"""Every headline of a study under each assumption, in one table."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from increase_eval.attrition.robustness.headlines import Headline, headlines_of
from increase_eval.attrition.robustness.scale_methods import (
    as_table,
    bounds,
    complete_cases,
    imputed,
    imputed_and_weighted,
    weighted,
)
from increase_eval.attrition.robustness.state_methods import complete_shares, imputed_shares, unchanged
from increase_eval.attrition.robustness.stored import anchored, modelled
from increase_eval.attrition.robustness.survival import conclusions
from increase_eval.results import estimate_table
from increase_eval.study import Study

METHODS = (
    "first_wave", "complete_cases", "mmrm", "weights", "imputation", "imputation_weights", "delta",
    "return_to_baseline", "jump_to_reference", "copy_reference", "copy_increments",
    "anchored_low", "anchored", "anchored_high", "bounds_lower", "bounds_upper",
)  # fmt: skip
"""In the order of the table."""


def robustness_table(
    study: Study,
    participants: pd.DataFrame,
    *,
    scores: pd.DataFrame | None = None,
    states: pd.DataFrame | None = None,
    score_changes: pd.DataFrame | None = None,
    anchored_changes: pd.DataFrame | None = None,
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
    score_changes, anchored_changes
        Stored tables of models for repeated measures and of anchored non-response, read and not computed again.
    ranges
        Scale -> lowest and highest possible score. A scale without a declared range has no bounds.
    rng
        Source of randomness of imputations that are drawn.

    Returns
    -------
    DataFrame
        An estimate table: ``outcome``, ``term`` ``change`` (since the first wave) or ``share`` (in work), ``wave``,
        ``by_arm``, ``by_method`` (:data:`METHODS`), ``by_population`` (``first wave``: those who answered it;
        ``everybody asked``), ``status``, and ``verdict``: what the estimate alone says (see :func:`.conclusions`).
        ``n`` are those who answered the wave; no test is made.
    """
    tables = []
    for headline in headlines_of(study, participants, scores, states):
        rows = [
            *modelled(headline, score_changes),
            *anchored(headline, anchored_changes),
            *weighted(headline),
            *bounds(headline, (0.0, 1.0) if headline.is_state else ranges.get(headline.id)),
            *_own(headline, rng),
        ]
        table = as_table(headline, rows)
        tables.append(conclusions(_ordered(table, headline), headline))
    empty = estimate_table([], by_arm="", by_method="", by_population="", status="", verdict="")
    return estimate_table(pd.concat(tables, ignore_index=True)) if tables else empty


def _own(headline: Headline, rng: np.random.Generator) -> list[dict[str, object]]:
    """Give the rows of what scales and states have each in their own way."""
    if headline.is_state:
        return [*complete_shares(headline), *unchanged(headline), *imputed_shares(headline, rng)]
    return [*complete_cases(headline), *imputed(headline), *imputed_and_weighted(headline, rng)]


def _ordered(table: pd.DataFrame, headline: Headline) -> pd.DataFrame:
    places = {
        "wave": {wave: place for place, wave in enumerate(headline.study.wave_ids)},
        "by_arm": {arm: place for place, arm in enumerate(headline.study.arm_ids)},
        "by_method": {method: place for place, method in enumerate(METHODS)},
    }
    keys = pd.DataFrame({name: table[name].map(order) for name, order in places.items()}).astype(int)
    return table.loc[keys.sort_values(list(places), kind="stable").index].reset_index(drop=True)
