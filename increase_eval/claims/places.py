"""Where did people of the register reach each step of the pathway? A count a step, by every level of place."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from increase_eval.claims.pathway import ALL, pathway_counts
from increase_eval.results import estimate_table
from increase_eval.study.services import ServiceStatistics

UNKNOWN = "missing"
"""The place of a person whose place is not known."""


def pathway_by_place(
    participants: pd.DataFrame, services: ServiceStatistics, *, columns: Sequence[str]
) -> pd.DataFrame:
    """How many people of the register reached each step of the pathway, by place?

    Parameters
    ----------
    participants
        The register: the columns of places, and the dates of the steps that the contract names.
    services
        The steps, in order.
    columns
        The columns of places, such as neighbourhood and provider; each splits everybody by itself.

    Returns
    -------
    DataFrame
        An estimate table with one ``by_<column>`` a column of places: ``outcome="pathway"``, ``term`` the step,
        ``contrast="count"``. The total comes once; people of no known place have ``missing``.
        Steps without dates in the register have no row.

    Raises
    ------
    ValueError
        If a column of places is not in the register.

    Notes
    -----
    A step is reached by everybody whose date of it is known. Outcomes are left out: by the finest place nearly all are
    too few to be told. The register can differ from the service's monthly
    counts: :func:`~increase_eval.claims.reconciliation.reconcile` says where.
    """
    absent = [column for column in columns if column not in participants]
    if absent:
        raise ValueError(f"columns {absent} are not in the register; it has: {', '.join(participants.columns)}")
    dated = services.model_copy(
        update={"steps": tuple(step for step in services.steps if step.register_column in participants)}
    )
    parts: list[pd.DataFrame] = []
    for place in columns:
        counts = _register_counts(participants, dated, place)
        table = pathway_counts(counts, dated, by=place)
        table = table[table["contrast"] == "count"]
        parts.append(table if not parts else table[table[f"by_{place}"] != ALL])
    names = [f"by_{place}" for place in columns]
    whole = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=names)
    return estimate_table(
        whole.assign(**{name: whole[name].fillna(ALL) for name in names}, method="register of clients")
    )


def _register_counts(participants: pd.DataFrame, services: ServiceStatistics, place: str) -> pd.DataFrame:
    """Count the dates of each step by place, in the order of the places' names."""
    units = participants[place].astype("str").fillna(UNKNOWN)
    reached = {step.id: participants[str(step.register_column)].notna() for step in services.steps}
    wide = pd.DataFrame(reached).groupby(units.to_numpy(), sort=True).sum()
    long = wide.rename_axis("unit").reset_index().melt("unit", var_name="step", value_name="count")
    return long.sort_values("unit", kind="stable", ignore_index=True)
