"""The service's own records: the client register and the monthly counts by unit and pathway step."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.random import Generator

from increase_eval.study.cohort import CohortPlan
from increase_eval.study.study import Study
from increase_eval.synthetic.people import Places


def client_keys(clients: pd.DataFrame, study: Study, plan: CohortPlan, rng: Generator) -> pd.Series:
    """Give each client a key: the prefix of their country and a random number that no other has."""
    places = Places.of(study, plan)
    prefix = {platform.country: platform.key_prefix for platform in plan.platforms.values()}
    numbers = rng.choice(10**plan.key_digits - 1, size=len(clients), replace=False)
    country = places.attribute(clients[places.level.column], "country").map(prefix)
    return country + pd.Series(numbers, index=clients.index).astype(str).str.zfill(plan.key_digits)


def register_table(
    clients: pd.DataFrame, study: Study, plan: CohortPlan, keys: pd.Series, rng: Generator
) -> pd.DataFrame:
    """Give the register as it is exported: one row a client, in order of entry, dates as text, names and addresses."""
    source = next(source for source in study.head.sources if source.id == study.head.participants.source)
    entry = study.head.participants.entry_date or "entry_date"
    order = clients[entry].sort_values(kind="stable").index
    table = pd.DataFrame(index=order)
    if source.key is not None and source.key.column is not None:
        table[source.key.column] = keys.loc[order]
    table["full_name"] = [f"Given{row:05d} Family{row:05d}" for row in order]
    table["email"] = [f"client{row:05d}@example.org" for row in order]
    for column in study.participant_columns:
        values = clients.loc[order, column.name]
        if column.type == "date":
            values = values.dt.strftime(column.date_formats[0])
        not_asked = column.missing.get("not_asked", ())
        if not_asked:
            values = values.astype(object).where(values.notna(), not_asked[0])
        table[column.names_in_files(source.platform)[0]] = values
    if source.duplicates.order_by is not None:
        later = pd.Timestamp(plan.service_end) - pd.to_timedelta(rng.integers(0, 60, size=len(order)), unit="D")
        table[source.duplicates.order_by] = later.strftime("%Y-%m-%d")
    table["notes"] = np.where(rng.random(len(order)) < 0.03, "called back", "")
    return table


def monthly_counts(clients: pd.DataFrame, study: Study, plan: CohortPlan) -> dict[str, pd.DataFrame]:
    """Give, by unit, how many reached each step in each month: the columns that the contract names."""
    services = study.services
    if services is None:
        return {}
    places = Places.of(study, plan)
    dated = {step.step: step.column for step in plan.funnel} | {each.step: each.column for each in plan.outcomes}
    months = pd.period_range(plan.entry[0], plan.service_end, freq="M")
    sheets = {}
    for unit in places.units:
        own = clients[clients[places.level.column] == unit]
        counts = pd.DataFrame({services.source.month_column: months.strftime(services.source.month_format)})
        for step, column in services.source.step_columns.items():
            by_month = own[dated[step]].dropna().dt.to_period("M").value_counts()
            counts[column] = by_month.reindex(months).fillna(0).astype(int).to_numpy()
        sheets[unit] = counts
    return sheets
