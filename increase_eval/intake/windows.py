"""When people answered: the date, the days since what the wave counts from, and whether that is in its window.

Answers outside a window are flagged and kept. An answer dated before one of an earlier wave cannot be: its date is set
missing and listed.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from increase_eval.intake.assembly import Assembly, reject_rows
from increase_eval.intake.rules import cost_of
from increase_eval.study.base import Text
from increase_eval.study.study import Study
from increase_eval.study.tables import Column

_IN_ORDER = Text(en="not before the answer of an earlier wave", fr="pas avant la réponse d'une vague antérieure")


def add_answer_dates(study: Study, waves: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Add `answered_on` (the day, without the time) to each wave that has a column with the role ``answer_date``."""
    dated = {}
    for wave, frame in waves.items():
        column = answer_date(study, wave)
        dated[wave] = frame if column is None else frame.assign(answered_on=frame[column.name].dt.normalize())
    return dated


def answer_date(study: Study, wave: str) -> Column | None:
    """Give the column of a wave that holds the date of the answer, if there is one."""
    return next((c for c in study.wave_columns(wave) if c.role == "answer_date" and c.type == "date"), None)


def reject_dates_out_of_order(work: Assembly, waves: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Set missing the answer dates that lie before one of an earlier wave, and list them."""
    study = work.contract.study
    latest = pd.Series(dtype="datetime64[us]")
    checked = dict(waves)
    for wave in study.wave_ids:
        frame = checked.get(wave)
        column = answer_date(study, wave)
        if frame is None or column is None:
            continue
        before = latest.reindex(frame["participant"]).set_axis(frame.index).astype("datetime64[us]")
        early = frame["answered_on"] < before
        if early.any():
            cost = cost_of(column)
            reject_rows(work, frame.loc[early], wave, column.name, "waves_out_of_order", cost, allowed=_IN_ORDER)
            blanked = {name: frame[name].mask(early) for name in (column.name, "answered_on")}
            frame = checked[wave] = work.staying(frame.assign(**blanked))
        own = frame.set_index("participant")["answered_on"].dropna()
        latest = pd.concat([latest, own]).groupby(level=0).max() if len(latest) else own
    return checked


def add_windows(study: Study, participants: pd.DataFrame, waves: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Add `elapsed_days` and `in_window` to the waves that have a window and dates to count from."""
    placed = {}
    for wave, frame in waves.items():
        window = study.wave(wave).window
        start = _start(study, window.since, participants, waves) if window is not None else None
        if window is None or start is None or "answered_on" not in frame:
            placed[wave] = frame
            continue
        since = start.reindex(frame["participant"]).set_axis(frame.index).astype("datetime64[us]")
        elapsed = (frame["answered_on"] - since).dt.days.astype("Int64")
        inside = ((elapsed >= window.from_days) & (elapsed <= window.to_days)).astype("boolean")
        placed[wave] = frame.assign(elapsed_days=elapsed, in_window=inside)
    return placed


def _start(study: Study, since: str, participants: pd.DataFrame, waves: Mapping[str, pd.DataFrame]) -> pd.Series | None:
    """Give the day that a wave counts from, by participant."""
    if since in waves:
        frame = waves[since]
        return frame.set_index("participant")["answered_on"] if "answered_on" in frame else None
    columns = {"entry": study.head.participants.entry_date, "completion": study.head.participants.completion_date}
    column = columns.get(since)
    if column is None or column not in participants:
        return None
    days: pd.Series = participants.set_index("participant")[column].dt.normalize()
    return days
