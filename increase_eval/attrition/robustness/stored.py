"""What other stored tables say of a headline: models for repeated measures, and non-response anchored on counts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from increase_eval.attrition.robustness.headlines import Headline
from increase_eval.attrition.robustness.scale_methods import FIRST_WAVE, Row, row

NUMBERS = ("estimate", "std_error", "df", "conf_low", "conf_high", "n")


def modelled(headline: Headline, score_changes: pd.DataFrame | None) -> Iterator[Row]:
    """Read the change of each arm off the model with the first wave as an outcome."""
    if score_changes is None or headline.is_state:
        return
    own = score_changes[
        (score_changes["outcome"] == headline.id)
        & (score_changes["by_model"] == "baseline_free")
        & (score_changes["by_unit"] == "points")
    ]
    first = headline.study.wave_ids[0]
    for wave in headline.waves:
        for arm in headline.arms:
            rows = own[(own["contrast"] == f"{first} -> {wave}") & (own["by_arm"] == arm)]
            yield from _read(rows, "mmrm", arm, wave, FIRST_WAVE)


def anchored(headline: Headline, anchored_changes: pd.DataFrame | None) -> Iterator[Row]:
    """Read the ends and the middle of the dial off the anchored estimates, in those with a first wave."""
    if anchored_changes is None:
        return
    own = anchored_changes[
        (anchored_changes["outcome"] == headline.id)
        & (anchored_changes["term"] == headline.term)
        & anchored_changes["by_gamma_entry"].fillna("").eq("")
        & anchored_changes["by_gamma"].fillna("").ne("")
    ]
    for wave in headline.waves:
        for arm in headline.arms:
            rows = own[(own["wave"] == wave) & (own["by_arm"] == arm)]
            dials = rows["by_gamma"].astype(float)
            if dials.empty:
                continue
            places = {"anchored_low": dials.idxmin(), "anchored": dials.abs().idxmin(), "anchored_high": dials.idxmax()}
            for name, place in places.items():
                yield from _read(rows.loc[[place]], name, arm, wave, FIRST_WAVE)


def _read(rows: pd.DataFrame, method: str, arm: str, wave: str, population: str) -> Iterator[Row]:
    for found in rows.to_dict("records"):
        values = {name: found[name] for name in NUMBERS}
        kept = {"n_dropped": found.get("n_dropped"), "status": found["status"], "method": found["method"]}
        if pd.isna(found["estimate"]):
            values = dict.fromkeys(NUMBERS, np.nan) | {"n": found["n"]}
        yield row(method, arm, wave, **values, **kept, by_population=population)
