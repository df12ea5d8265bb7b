"""Who responded in which wave, and in which state they were: tables that later chapters start from."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from increase_eval.intake.cells import cell_text
from increase_eval.study.study import Study


def response_table(study: Study, participants: pd.DataFrame, waves: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Say of every participant and every wave whether they responded.

    Parameters
    ----------
    study
        The contract.
    participants
        One row per participant.
    waves
        Wave id -> its stored table.

    Returns
    -------
    DataFrame
        participant, wave, responded: one row per participant and wave of the study, participants in their order.

    Notes
    -----
    *Responded* is any instrument item answered in the wave, and for a delivered scale its score. A wave that asks no
    instrument counts its states; one without states either, any contracted column.
    """
    keys = participants["participant"].reset_index(drop=True)
    rows = [
        pd.DataFrame({"participant": keys, "wave": wave, "responded": _responded(study, wave, keys, waves.get(wave))})
        for wave in study.wave_ids
    ]
    table = pd.concat(rows, keys=range(len(rows)), names=["_wave", "_place"])
    return table.sort_index(level=["_place", "_wave"]).reset_index(drop=True).astype({"wave": "str"})


def _responded(study: Study, wave: str, keys: pd.Series, frame: pd.DataFrame | None) -> np.ndarray:
    if frame is None or not len(frame):
        return np.zeros(len(keys), dtype=bool)
    columns = answer_columns(study, wave)
    answered = frame.loc[frame[columns].notna().any(axis=1), "participant"]
    return among(keys, answered)


def among(keys: pd.Series, others: pd.Series) -> np.ndarray:
    """Say which keys are among others; many times faster on plain objects than on Arrow text."""
    known: np.ndarray = keys.astype(object).isin(others.astype(object)).to_numpy(dtype=bool)
    return known


def answer_columns(study: Study, wave: str) -> list[str]:
    """Give the columns of a wave that count as an answer."""
    names = [column.name for column in study.wave_columns(wave)]
    items = {item for scale in study.scales for item in scale.items}
    states = {variable.column for variable in study.head.states}
    for wanted in (items, states, set(names)):
        chosen = [name for name in names if name in wanted]
        if chosen:
            return chosen
    return names


def state_table(study: Study, waves: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Give the state of each participant in each wave that measures it.

    Parameters
    ----------
    study
        The contract.
    waves
        Wave id -> its stored table.

    Returns
    -------
    DataFrame
        participant, wave, variable, state (the id of the state, or missing): one row for everybody in the table of a
        wave that measures the variable, by variable, wave and the order of the wave's table.

    Notes
    -----
    Whoever is in the wave and gave no state keeps a row, so that shares can say of how many the state is not known. A
    wave in which nobody has a state did not measure it, and has no rows.
    """
    parts = [
        _states_of(frame, wave, variable.id, variable.column, {cell_text(s.code): s.id for s in variable.states})
        for variable in study.head.states
        for wave in study.wave_ids
        if (frame := waves.get(wave)) is not None and variable.column in frame
    ]
    parts = [part for part in parts if len(part)]
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype="str") for name in ("participant", "wave", "variable", "state")})
    return pd.concat(parts, ignore_index=True)


def _states_of(frame: pd.DataFrame, wave: str, variable: str, column: str, states: Mapping[str, str]) -> pd.DataFrame:
    codes, unique = pd.factorize(frame[column])
    names = np.array([*(states.get(cell_text(code)) for code in unique), None], dtype=object)[codes]
    table = pd.DataFrame(
        {"participant": frame["participant"].array, "wave": wave, "variable": variable, "state": names}
    )
    return table.astype("str") if table["state"].notna().any() else table.iloc[:0].astype("str")
