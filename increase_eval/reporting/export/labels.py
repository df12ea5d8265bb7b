"""What does a table carry besides its cells? Labels of variables and values, and the codes that stand for missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from increase_eval.reporting.codebook.dictionary import Codebook, ColumnEntry
from increase_eval.reporting.codebook.rows import REASON_KEYS
from increase_eval.reporting.codebook.stored import ESTIMATE_TABLE
from increase_eval.reporting.leaving import is_estimate_table
from increase_eval.reporting.translations import Translator
from increase_eval.study.base import Code

MOST_DISCRETE_MISSING = 3
"""How many single codes SPSS takes for missing in one variable."""


@dataclass(frozen=True, slots=True)
class LabelledTable:
    """One table ready to be written.

    Attributes
    ----------
    name
        The stored table.
    frame
        Its cells. Where a reason for a missing number is known, the number is that reason's code.
    labels
        Column -> what it is.
    value_labels
        Column -> code -> label; the codes of missing reasons included.
    missing_codes
        Column -> the codes in `frame` that stand for a missing answer.
    """

    name: str
    frame: pd.DataFrame
    labels: Mapping[str, str]
    value_labels: Mapping[str, Mapping[Code, str]]
    missing_codes: Mapping[str, tuple[float, ...]]


def label_table(codebook: Codebook, name: str, frame: pd.DataFrame, *, language: str) -> LabelledTable:
    """Put labels beside the cells of a stored table.

    Parameters
    ----------
    codebook
        Of the study, as :func:`~increase_eval.reporting.codebook.build_codebook` gives it.
    name, frame
        The stored table.
    language
        Of the labels.

    Returns
    -------
    LabelledTable
        With the cells as they are; :func:`with_missing_codes` puts reasons in.
    """
    text = Translator(language)
    table = ESTIMATE_TABLE if is_estimate_table(frame) else name
    entries = {entry.name: entry for entry in codebook.entries if entry.table == table}
    labels = {column: _label(column, entries.get(column), text) for column in frame.columns}
    values: dict[str, dict[Code, str]] = {}
    for column, entry in entries.items():
        if column in frame.columns and entry.values:
            values[column] = {code: words[language] for code, words in entry.values}
    ids = _ids_of_study(codebook, language)
    for column in frame.columns:
        if column not in values and (known := ids.get(column.removeprefix("by_"))):
            values[column] = dict(known)
    return LabelledTable(name, frame, labels, values, {})


def with_missing_codes(
    table: LabelledTable, reasons: pd.DataFrame, codebook: Codebook, *, language: str
) -> LabelledTable:
    """Write the code of its reason where a number of a wave is missing and the reason is known.

    Parameters
    ----------
    table
        A labelled table of one wave; any other table comes back as it is.
    reasons
        The stored table ``missing_reasons``: participant, wave, column, reason.
    codebook
        Whose contract says which code a reason has in the files; that code is used where it is a number that no
        answer has, else one below every answer.
    language
        Of the labels.

    Returns
    -------
    LabelledTable
        Columns with reasons as numbers, the codes labelled and named in `missing_codes`.
    """
    if not table.name.startswith("wave_"):
        return table
    text = Translator(language)
    of_wave = reasons[reasons["wave"] == table.name.removeprefix("wave_")]
    frame = table.frame.copy()
    values = {column: dict(labels) for column, labels in table.value_labels.items()}
    codes_used: dict[str, tuple[float, ...]] = {}
    entries = {entry.name: entry for entry in codebook.entries if entry.table == table.name}
    for column, given in of_wave.groupby("column", sort=False):
        if column not in frame or column not in entries or not pd.api.types.is_numeric_dtype(frame[column]):
            continue
        codes = _missing_codes(entries[str(column)], frame[column], sorted(given["reason"].unique()))
        reason_of = given.set_index("participant")["reason"]
        written = frame["participant"].map(reason_of).map(codes)
        frame[column] = frame[column].astype("Float64").fillna(written.astype("Float64"))
        values.setdefault(str(column), {}).update({code: text(REASON_KEYS[reason]) for reason, code in codes.items()})
        codes_used[str(column)] = tuple(codes.values())
    return LabelledTable(table.name, frame, table.labels, values, codes_used)


def _missing_codes(entry: ColumnEntry, answers: pd.Series, reasons: list[str]) -> dict[str, float]:
    """One code a reason: the contract's own where it can be told from every answer, else below all of them."""
    observed = answers.dropna().astype(float)
    answered = {*observed, *(float(code) for code, _ in entry.values if isinstance(code, int | float))}
    low, high = entry.range or (min(answered, default=0.0), max(answered, default=0.0))
    floor = min(low, *answered) if answered else low
    contracted = dict(entry.missing)
    codes: dict[str, float] = {}
    for reason in reasons:
        own = [float(c) for c in contracted.get(reason, ()) if isinstance(c, int | float) and not low <= c <= high]
        # More than three are declared as one range, which must hold no answer: then all lie below.
        own = own if len(reasons) <= MOST_DISCRETE_MISSING else []
        free = [code for code in own if code not in answered and code not in codes.values()]
        codes[reason] = free[0] if free else _below(floor, codes)
    return codes


def _below(floor: float, codes: Mapping[str, float]) -> float:
    return float(np.floor(min(0.0, floor, *codes.values())) - 1)


def _label(column: str, entry: ColumnEntry | None, text: Translator) -> str:
    if entry is not None:
        return entry.labels[text.language]
    return text("codebook.column_by", name=column.removeprefix("by_")) if column.startswith("by_") else column


def _ids_of_study(codebook: Codebook, language: str) -> dict[str, dict[Code, str]]:
    """Labels of the ids that stand in many tables: arms, waves, scales, units, states."""
    study = codebook.study
    states = [state for variable in study.head.states for state in variable.states]
    ids: dict[str, dict[Code, str]] = {
        "arm": {arm.id: arm.label.in_language(language) for arm in study.head.arms},
        "wave": {wave.id: wave.label.in_language(language) for wave in study.head.waves},
        "scale": {s.id: s.labels.in_language(language) for s in study.scales if s.labels},
        "state": {state.id: state.label.in_language(language) for state in states},
        "variable": {variable.id: variable.label.in_language(language) for variable in study.head.states},
    }
    ids |= {
        level.id: {unit.id: unit.label.in_language(language) for unit in level.units} for level in study.head.levels
    }
    return {name: labels for name, labels in ids.items() if labels}
