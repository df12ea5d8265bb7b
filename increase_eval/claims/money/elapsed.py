"""How long after the first wave did people answer? As observed where answers are dated, else as planned."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from increase_eval.study.study import Study

ALL = "all"
DAYS_A_YEAR = 365.25
UNITS_A_YEAR = {"days": DAYS_A_YEAR, "weeks": DAYS_A_YEAR / 7, "months": 12.0, "years": 1.0}


def elapsed_years(
    study: Study, waves: Mapping[str, pd.DataFrame], participants: pd.DataFrame
) -> dict[str, dict[str, float]]:
    """Give the years from the first wave to each later one.

    Parameters
    ----------
    study
        The contract: arms, waves and their planned times.
    waves
        Wave id -> its stored table.
    participants
        Columns participant and arm.

    Returns
    -------
    dict
        Arm (and ``all``) -> wave -> mean years between the answers of those who dated both; the planned time where
        nobody did.
    """
    first, *later = study.wave_ids
    start = _dates(waves, first)
    arms = participants.set_index("participant")["arm"]
    planned = {
        wave.id: (wave.time - study.head.waves[0].time) / UNITS_A_YEAR[study.head.time_unit]
        for wave in study.head.waves
    }
    elapsed: dict[str, dict[str, float]] = {arm: {} for arm in (ALL, *study.arm_ids)}
    for wave in later:
        days = (_dates(waves, wave) - start).dt.days.dropna()
        own = arms.reindex(days.index)
        for arm, years in elapsed.items():
            mean = days[own.notna() if arm == ALL else (own == arm).fillna(False)].mean()
            years[wave] = planned[wave] if pd.isna(mean) else float(mean) / DAYS_A_YEAR
    return elapsed


def _dates(waves: Mapping[str, pd.DataFrame], wave: str) -> pd.Series:
    """Give the day of each participant's answer; empty where answers are not dated."""
    table = waves.get(wave)
    if table is None or "answered_on" not in table:
        return pd.Series(dtype="datetime64[us]")
    days: pd.Series = table.set_index("participant")["answered_on"]
    return days
