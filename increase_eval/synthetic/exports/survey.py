"""The answers of one wave on one platform, as a table of what its export says, before any fault is planted."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.random import Generator

from increase_eval.study.base import Code
from increase_eval.study.cohort import CohortPlan, ExtraColumn, PlatformPlan
from increase_eval.study.sources import Source
from increase_eval.study.study import Study
from increase_eval.study.tables import Column
from increase_eval.synthetic.process import Cohort

REMARKS = ("Merci", "Thank you", "Rien à ajouter", "Nothing to add", "")
"""Written answers, of our own: enough to show that free text is never stored."""


def export_table(
    study: Study, plan: CohortPlan, cohort: Cohort, source: Source, keys: pd.Series, rng: Generator
) -> pd.DataFrame:
    """Give the rows that one source of one wave exports.

    Parameters
    ----------
    study, plan, cohort
        The study, how it was drawn, and the respondents.
    source
        A source of shape ``per_wave``.
    keys
        The key of each person of the cohort.
    rng
        The random numbers.

    Returns
    -------
    DataFrame
        One row a respondent, in order of the day of the answer; the columns that the platform exports, as text or
        codes. The index is the person's position in the cohort.
    """
    platform = plan.platforms[source.platform or ""]
    wave = source.wave or ""
    language = plan.language_by_country[platform.country]
    answers = cohort.answers[wave]
    here = cohort.answered[wave] & (answers[plan.language_column] == language)
    dates = next(column for column in study.wave_columns(wave) if column.role == "answer_date")
    rows = answers.index[here][np.argsort(answers.loc[here, dates.name].to_numpy(), kind="stable")]
    table = pd.DataFrame(index=rows)
    if source.key is not None and source.key.column is not None:
        table[source.key.column] = keys.loc[rows]
    times = answers.loc[rows, dates.name] + pd.to_timedelta(rng.integers(8 * 3600, 21 * 3600, size=len(rows)), unit="s")
    for column in study.wave_columns(wave):
        name = column.names_in_files(source.platform)[0]
        if column.role == "answer_date":
            table[name] = times.dt.strftime(platform.date_format)
        elif column.name in answers:
            table[name] = _written(study, plan, column, answers.loc[rows, column.name], wave, platform, language, rng)
        elif column.name in plan.stated:
            table[name] = cohort.people.loc[rows, plan.stated[column.name]]
    for name, extra in platform.extra.items():
        table[name] = _extra(extra, times, rows, rng)
    return table


def _written(
    study: Study,
    plan: CohortPlan,
    column: Column,
    codes: pd.Series,
    wave: str,
    platform: PlatformPlan,
    language: str,
    rng: Generator,
) -> pd.Series:
    """Write a column as labels or codes, with its missing answers as the codes of their reasons."""
    written = codes.astype(object)
    labels = {label.code: label.label.in_language(language) for label in study.table_of(column).values_of(column)}
    if labels and wave in platform.labels_in:
        written = codes.map(labels).astype(object)
    draw = rng.random(len(codes))
    below = 0.0
    if column.name in plan.always_answered:
        return written
    for reason, share in plan.item_missing.items():
        stand_ins = column.missing.get(reason, ())
        if stand_ins:
            written = written.mask((draw >= below) & (draw < below + share), stand_ins[0])
            below += share
    return written


def _extra(extra: ExtraColumn, times: pd.Series, rows: pd.Index, rng: Generator) -> pd.Series | list[Code] | Code:
    count = len(rows)
    match extra.kind:
        case "constant":
            return extra.value
        case "timestamp":
            return pd.Series(times.dt.strftime("%Y-%m-%d %H:%M:%S"))
        case "minutes":
            return pd.Series(np.round(rng.gamma(6, 2.5, size=count), 1), index=rows)
        case "response_id":
            return [f"R_{number:015d}" for number in rng.integers(10**14, 10**15, size=count)]
        case "free_text":
            return [REMARKS[draw] for draw in rng.integers(len(REMARKS), size=count)]
        case "first_name":
            return [f"Given{row:05d}" for row in rows]
        case "last_name":
            return [f"Family{row:05d}" for row in rows]
        case "email":
            return [f"client{row:05d}@example.org" for row in rows]
        case "phone":
            return [f"+33 1 99 00 {row // 100 % 100:02d} {row % 100:02d}" for row in rows]
        case "ip":
            return [f"192.0.2.{row % 254 + 1}" for row in rows]
