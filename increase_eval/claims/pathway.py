"""What the service's own counts say: the pathway, the outcomes under each denominator, and the targets."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise
from math import nan
from typing import Any

import pandas as pd

from increase_eval.results import estimate_table
from increase_eval.study.services import ServiceStatistics

ALL = "all"
COUNTED = "complete count of the service; no sampling interval"


def pathway_counts(counts: pd.DataFrame, services: ServiceStatistics, *, by: str = "unit") -> pd.DataFrame:
    """Say how many reached each step of the pathway, in all and by unit, and of how many in the step before.

    Parameters
    ----------
    counts
        ``service_statistics`` as stored: unit, month, step, count.
    services
        The steps, in order.
    by
        What the units are called in the result: the column ``by_<by>``.

    Returns
    -------
    DataFrame
        An estimate table: ``outcome="pathway"``, ``term`` the step, ``by_<by>`` (``all`` for the total), and
        ``contrast`` ``count`` (people) or ``of <step before>`` (a share, ``n`` its denominator). A complete count has
        no interval.
    """
    steps = [step.id for step in services.steps if step.kind == "funnel"]
    rows: list[dict[str, Any]] = []
    for unit, reached in _totals(counts, steps):
        rows += [_count("pathway", step, unit, reached[step]) for step in steps]
        rows += [
            _share("pathway", step, unit, reached[step], before, reached[before]) for before, step in pairwise(steps)
        ]
    return _split_by(rows, by)


def service_outcomes(
    counts: pd.DataFrame, services: ServiceStatistics, *, denominators: tuple[str, ...], by: str = "unit"
) -> pd.DataFrame:
    """Say how many reached each outcome, in all and by unit, as a share of each stated denominator.

    Parameters
    ----------
    counts, services, by
        As in :func:`pathway_counts`.
    denominators
        Steps whose people the outcomes are shares of, such as those who began and those who completed.

    Returns
    -------
    DataFrame
        An estimate table: ``outcome="service_outcome"``, ``term`` the outcome or ``any`` (their sum: people with two
        outcomes count twice, see :func:`outcome_overlap`), ``contrast`` ``count`` or ``of <step>``, ``by_<by>``.
    """
    outcomes = [step.id for step in services.steps if step.kind == "outcome"]
    rows: list[dict[str, Any]] = []
    for unit, reached in _totals(counts, [*outcomes, *denominators]):
        sums = {**{step: reached[step] for step in outcomes}, "any": sum(reached[step] for step in outcomes)}
        for step, value in sums.items():
            rows.append(_count("service_outcome", step, unit, value))
            rows += [_share("service_outcome", step, unit, value, among, reached[among]) for among in denominators]
    return _split_by(rows, by)


def outcome_overlap(participants: pd.DataFrame, services: ServiceStatistics) -> pd.DataFrame:
    """Say how many clients of the register have each pair of outcomes.

    Returns
    -------
    DataFrame
        An estimate table: ``outcome="outcome_overlap"``, ``term`` ``<one> and <other>``, the count of clients with
        both, ``n`` the clients with either; empty where the register has no dates of outcomes.
    """
    columns = {
        step.id: step.register_column
        for step in services.steps
        if step.kind == "outcome" and step.register_column in participants
    }
    rows = []
    for one, other in combinations(columns, 2):
        first, second = (participants[columns[step]].notna() for step in (one, other))
        both, either = int((first & second).sum()), int((first | second).sum())
        rows.append({"term": f"{one} and {other}", "estimate": float(both), "n": either})
    return estimate_table(rows, outcome="outcome_overlap", contrast="count", method="register of clients")


def target_achievement(counts: pd.DataFrame, services: ServiceStatistics) -> pd.DataFrame:
    """Say whether each target was met, under each way to read what it counts.

    Returns
    -------
    DataFrame
        An estimate table: ``outcome`` the target, ``term`` the reading (``as stated`` or its id), ``estimate`` the
        count reached, ``conf_low`` missing, ``statistic`` the share of the target, ``n`` the target, ``verdict``
        ``met`` or ``not met``.
    """
    steps = [step.id for step in services.steps]
    reached = next(totals for unit, totals in _totals(counts, steps) if unit == ALL)
    rows = []
    for target in services.targets:
        readings = {"as stated": target.steps, **{reading.id: reading.steps for reading in target.readings}}
        for name, parts in readings.items():
            value = sum(reached[step] for step in parts)
            rows.append(
                {
                    "outcome": target.id,
                    "term": name,
                    "contrast": "count",
                    "estimate": float(value),
                    "statistic": value / target.value if target.value else nan,
                    "n": target.value,
                    "verdict": "met" if value >= target.value else "not met",
                }
            )
    return estimate_table(rows, method=COUNTED)


def _totals(counts: pd.DataFrame, steps: list[str]) -> Iterator[tuple[str, dict[str, int]]]:
    """Give the counts by step, over all units first and then unit by unit in the order of the table."""
    for unit in (ALL, *counts["unit"].drop_duplicates()):
        own = counts if unit == ALL else counts[counts["unit"] == unit]
        sums = own.groupby("step")["count"].sum()
        yield str(unit), {step: int(sums.get(step, 0)) for step in steps}


def _split_by(rows: list[dict[str, Any]], by: str) -> pd.DataFrame:
    return estimate_table(pd.DataFrame(rows).rename(columns={"unit": f"by_{by}"}), method=COUNTED)


def _count(outcome: str, step: str, unit: str, value: int) -> dict[str, Any]:
    return {
        "outcome": outcome,
        "term": step,
        "contrast": "count",
        "unit": unit,
        "estimate": float(value),
        "n": value,
    }


def _share(outcome: str, step: str, unit: str, value: int, among: str, whole: int) -> dict[str, Any]:
    share = value / whole if whole else nan
    return {
        "outcome": outcome,
        "term": step,
        "contrast": f"of {among}",
        "unit": unit,
        "estimate": share,
        "n": whole,
        "status": None if whole else "nobody in the denominator",
    }
