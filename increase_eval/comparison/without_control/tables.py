"""Every scale of a study beside the calendar: earlier entrants' later answers and later entrants' first ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from increase_eval.comparison.without_control.calendar import DAYS_A_YEAR, compare_in_calendar, secular_trend
from increase_eval.errors import InsufficientDataError
from increase_eval.results import estimate_table
from increase_eval.study.study import Study

FREE, POINTS, ALL = "baseline_free", "points", "all"
NOT_ESTIMABLE = "not estimable"
TREND = "secular trend a year that would make the gain"
COLUMNS = (
    *("outcome", "term", "contrast", "wave", "estimate", "std_error", "conf_low", "conf_high"),
    *("n", "method", "n_dropped", "status"),
)


def calendar_table(
    study: Study,
    scores: pd.DataFrame,
    participants: pd.DataFrame,
    waves: Mapping[str, pd.DataFrame],
    changes: pd.DataFrame,
) -> pd.DataFrame:
    """Compare every scale's later answers with first answers of the same months, arm by arm.

    Parameters
    ----------
    study
        The contract.
    scores, participants
        The tables of these names.
    waves
        Wave id -> its stored table; those with ``answered_on`` can be compared.
    changes
        ``score_changes``, for the secular trend that would make the gain of everybody.

    Returns
    -------
    DataFrame
        An estimate table: ``outcome`` the scale, ``wave`` the later one, ``contrast`` the pair of waves, ``term`` as
        :class:`.CalendarComparison` names it, and the secular trend that would make the gain. A scale whose answers
        do not overlap in time has a row with a status; empty where answers are not dated.
    """
    first, *later = study.wave_ids
    dates = {
        wave: table.set_index("participant")["answered_on"] for wave, table in waves.items() if "answered_on" in table
    }
    arms = participants.set_index("participant")["arm"]
    rows: list[dict[str, Any]] = []
    for scale in study.scales:
        asked = study.scale_waves(scale)
        for wave in (one for one in later if first in asked and one in asked and {first, one} <= set(dates)):
            answers = pd.concat([_answers(scores, scale.id, one, dates[one], arms) for one in (first, wave)])
            about = {"outcome": scale.id, "wave": wave, "contrast": f"{first} -> {wave}"}
            rows += [about | row for row in _compared(study, answers.assign(later=answers["wave"] == wave))]
            years = (dates[wave] - dates[first]).dt.days.mean() / DAYS_A_YEAR
            rows += [about | row for row in _trend(changes, about, years)]
    return estimate_table(pd.DataFrame(rows, columns=list(COLUMNS)))


def _answers(scores: pd.DataFrame, scale: str, wave: str, dates: pd.Series, arms: pd.Series) -> pd.DataFrame:
    own = scores[(scores["scale"] == scale) & (scores["wave"] == wave)]
    people = own["participant"]
    days = dates.reindex(people.to_numpy()).array  # a wave that nobody answered has dates too: none, and of that type
    return own[["participant", "wave", "score"]].assign(day=days, arm=people.map(arms))


def _compared(study: Study, answers: pd.DataFrame) -> list[dict[str, Any]]:
    try:
        found = compare_in_calendar(
            answers,
            score="score",
            date="day",
            is_later="later",
            participant="participant",
            strata=("arm",),
            confidence=study.analysis.confidence,
        )
    except InsufficientDataError as problem:
        return [{"term": NOT_ESTIMABLE, "n": len(answers), "status": NOT_ESTIMABLE, "method": str(problem)}]
    return found.rows()


def _trend(changes: pd.DataFrame, about: Mapping[str, str], years: float) -> list[dict[str, Any]]:
    own = changes[
        (changes["outcome"] == about["outcome"])
        & (changes["contrast"] == about["contrast"])
        & (changes["by_arm"] == ALL)
        & (changes["by_model"] == FREE)
        & (changes["by_unit"] == POINTS)
    ]
    if len(own) != 1 or pd.isna(own["estimate"].iloc[0]) or not years > 0:
        return []
    row = own.iloc[0]
    limits = {name: secular_trend(float(row[name]), years) for name in ("estimate", "conf_low", "conf_high")}
    return [{"term": TREND, **limits, "n": row["n"], "method": "gain of everybody over the mean time it took"}]
