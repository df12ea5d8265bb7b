"""Do the register, the service's counts and the survey tell one story? Month by month, unit by unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from increase_eval.study.services import ServiceStatistics

RECONCILIATION_COLUMNS = ("rule", "unit", "month", "smaller", "larger")

NO_UNIT = "missing"
"""Stands for the unit of clients whose register row has none."""


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What was compared and what did not fit.

    Attributes
    ----------
    rules
        One row a rule: rule, compared (unit-months), exceptions.
    exceptions
        One row a unit and month in which a rule does not hold: rule, unit, month, smaller, larger (the two cumulative
        counts; the first should not exceed the second, or should equal it for rules that say ``=``).
    """

    rules: pd.DataFrame
    exceptions: pd.DataFrame


def reconcile(
    counts: pd.DataFrame,
    services: ServiceStatistics,
    participants: pd.DataFrame,
    answered: Mapping[str, pd.DataFrame],
    *,
    unit_column: str,
    waves_within: Mapping[str, str],
) -> Reconciliation:
    """Compare counts, register and survey cumulatively, by unit, to the end of each month.

    Parameters
    ----------
    counts, services
        ``service_statistics`` as stored, and the steps.
    participants
        The register: participant, the unit column, and the dates of steps that the contract names.
    answered
        Wave id -> the stored wave, with ``answered_on``.
    unit_column
        The column of `participants` with the unit.
    waves_within
        Wave id -> the step whose people its respondents are among.

    Returns
    -------
    Reconciliation
        Rules: each step of the pathway holds no more than the one before; the register's dates give the counts; the
        respondents of a wave are no more than the people of its step. Units that only the register has are compared
        with counts of 0, people without a unit under :data:`NO_UNIT`.

    Raises
    ------
    ValueError
        If a wave is to be within a step that the service does not count.

    Notes
    -----
    Months are those of the counts: what the register or the survey date before the first counts with it, what they
    date after the last is not compared. A cell of the counts that is missing adds nothing.
    """
    unknown = sorted(set(waves_within.values()) - {step.id for step in services.steps})
    if unknown:
        raise ValueError(f"waves_within names {unknown}; allowed: {', '.join(step.id for step in services.steps)}")
    units = _units(counts, services, participants, unit_column)
    months = pd.DatetimeIndex(sorted(counts["month"].unique()))
    by_step = {
        step.id: _cumulative(counts[counts["step"] == step.id], "count", units, months) for step in services.steps
    }
    rules: dict[str, tuple[pd.DataFrame, pd.DataFrame, bool]] = {}
    funnel = [step.id for step in services.steps if step.kind == "funnel"]
    for before, after in pairwise(funnel):
        rules[f"{after} <= {before}"] = (by_step[after], by_step[before], False)
    for step in services.steps:
        if step.register_column in participants:
            dated = _dated(participants, str(step.register_column), unit_column)
            rules[f"register {step.id} = counts"] = (_cumulative(dated, "count", units, months), by_step[step.id], True)
    for wave, step_id in waves_within.items():
        if wave in answered and "answered_on" in answered[wave]:
            people = answered[wave].merge(participants[["participant", unit_column]], on="participant")
            dated = _dated(people, "answered_on", unit_column)
            rules[f"respondents {wave} <= {step_id}"] = (
                _cumulative(dated, "count", units, months),
                by_step[step_id],
                False,
            )
    return _judge(rules)


def _units(
    counts: pd.DataFrame, services: ServiceStatistics, participants: pd.DataFrame, unit_column: str
) -> list[str]:
    """Give the units of the counts, then those that only dated clients of the register have."""
    columns = [step.register_column for step in services.steps if step.register_column in participants]
    dated = participants[participants[columns].notna().any(axis=1)] if columns else participants.iloc[:0]
    return list(dict.fromkeys([*counts["unit"], *_unit_or_none(dated[unit_column])]))


def _unit_or_none(units: pd.Series) -> pd.Series:
    return units.astype(object).where(units.notna(), NO_UNIT).astype(str)


def _dated(people: pd.DataFrame, date: str, unit: str) -> pd.DataFrame:
    """Give one row a person with a date: unit, month, a count of one."""
    known = people[people[date].notna()]
    months = known[date].dt.to_period("M").dt.to_timestamp()
    return pd.DataFrame({"unit": _unit_or_none(known[unit]), "month": months, "count": 1})


def _cumulative(table: pd.DataFrame, value: str, units: list[str], months: pd.DatetimeIndex) -> pd.DataFrame:
    """Give the count up to the end of each month: rows months, columns units."""
    wide = table.pivot_table(index="month", columns="unit", values=value, aggfunc="sum", observed=True)
    every = months.union(pd.DatetimeIndex(wide.index)).sort_values()
    return wide.reindex(index=every, columns=units).astype("float64").fillna(0.0).cumsum().reindex(months)


def _judge(rules: Mapping[str, tuple[pd.DataFrame, pd.DataFrame, bool]]) -> Reconciliation:
    summary, exceptions = [], []
    for rule, (smaller, larger, equal) in rules.items():
        left, right = smaller.to_numpy(dtype=int), larger.to_numpy(dtype=int)
        wrong = (left != right) if equal else (left > right)
        found = [(rule, smaller.columns[u], smaller.index[m], left[m, u], right[m, u]) for m, u in np.argwhere(wrong)]
        exceptions += found
        summary.append({"rule": rule, "compared": int(wrong.size), "exceptions": len(found)})
    return Reconciliation(
        pd.DataFrame(summary, columns=["rule", "compared", "exceptions"]),
        pd.DataFrame(exceptions, columns=list(RECONCILIATION_COLUMNS)),
    )
