"""What answers under a key that nobody has could do to the shares that answered: three readings, side by side."""

from __future__ import annotations

from typing import Any

import pandas as pd

from increase_eval.attrition.unresolved import AS_COUNTED, READINGS
from increase_eval.reporting import numbers
from increase_eval.reporting.documents.attrition.section import Section
from increase_eval.reporting.documents.context import ReportContext
from increase_eval.reporting.documents.denominators import base_named
from increase_eval.reporting.numbers import MISSING
from increase_eval.reporting.tables import Cell, DisplayTable, RowGroup, TableColumn, single

POINTS = 100.0


def unresolved_content(context: ReportContext) -> dict[str, Any]:
    """Give what the section says."""
    table = context.tables["unresolved_links"]
    return {"sentence": _sentence(context, table), "table": _display(context, table)}


def _sentence(context: ReportContext, table: pd.DataFrame) -> str:
    """Say by how many percentage points the readings differ at most."""
    shares = table.groupby(["wave", "term"], sort=False)["estimate"]
    spread = (shares.max() - shares.min()).dropna()
    if spread.empty:
        return context.text("unresolved.hidden")
    largest = float(spread.max())
    if largest == 0:
        return context.text("unresolved.nothing")
    points = numbers.format_number(POINTS * largest, 1, context.language)
    return context.text("unresolved.at_most", points=points)


def _display(context: ReportContext, table: pd.DataFrame) -> DisplayTable:
    text, cells = context.text, context.cells
    groups = []
    for wave in context.study.wave_ids:
        own = table[table["wave"] == wave]
        rows = []
        for term in dict.fromkeys(own["term"]):
            found = [single(own, term=term, contrast=reading) for reading in READINGS]
            counted = found[READINGS.index(AS_COUNTED)]
            n = cells.n(counted) if counted else Cell(MISSING, "absent")
            shares = [cells.percent(row, digits=1) if row else Cell(MISSING, "absent") for row in found]
            rows.append((Cell(base_named(context, term)), *shares, n))
        groups.append(RowGroup(context.wave(wave), tuple(rows)))
    share = text("common.unit_share")
    return DisplayTable(
        id="unresolved_links",
        title=text("unresolved.table_title"),
        subtitle=text("unresolved.table_subtitle"),
        columns=(
            TableColumn(text("common.wave"), "head"),
            TableColumn(text("unresolved.base_head"), "text"),
            TableColumn(text("unresolved.as_counted"), unit=share),
            TableColumn(text("unresolved.each_further"), unit=share),
            TableColumn(text("unresolved.links_confirmed"), unit=share),
            TableColumn(text("common.n"), unit=text("common.unit_people")),
        ),
        groups=tuple(groups),
        notes=(text("unresolved.note"),),
        asset="unresolved_links",
        data=table,
    )


UNRESOLVED = Section(
    id="unresolved",
    title="unresolved.title",
    template="attrition_unresolved.html.j2",
    content=unresolved_content,
    needs=frozenset({"complete_list"}),
    tables=("unresolved_links",),
)
