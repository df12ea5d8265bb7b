"""How satisfied people are, arm by arm: ceilings, order, odds, and whether the odds are the same everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from increase_eval.comparison.arms.satisfaction import WEIGHTED
from increase_eval.reporting.documents.chapter import Chapter
from increase_eval.reporting.documents.context import TOTAL, ReportContext
from increase_eval.reporting.numbers import MISSING, beside, format_p
from increase_eval.reporting.tables import Cell, CellWriter, DisplayTable, RowGroup, TableColumn, records


def satisfaction_content(context: ReportContext) -> dict[str, Any]:
    """Give what the chapter on satisfaction says, scale by scale."""
    table = context.table("satisfaction_contrasts")
    parts: list[dict[str, Any]] = []
    if table is None:
        return {"parts": parts}
    for outcome in dict.fromkeys(table["outcome"].dropna()):
        own = table[table["outcome"] == outcome]
        name = context.scale(context.study.scale(outcome))
        parts.append(
            {
                "title": name,
                "ceilings": _ceilings(context, own, outcome),
                "pairs": _pairs(context, own, outcome),
                "checks": list(_checks(context, own)),
            }
        )
    return {"parts": parts}


def _ceilings(context: ReportContext, table: pd.DataFrame, outcome: str) -> DisplayTable | None:
    own, text, cells = table[table["term"] == "ceiling"], context.text, context.cells
    groups = []
    for wave in context.study.wave_ids:
        rows = []
        for arm in (*context.study.arm_ids, TOTAL):
            for row in records(own[(own["wave"] == wave) & (own["by_arm"] == arm)]):
                rows.append((Cell(context.arm(arm)), cells.n(row), cells.percent(row), cells.percent_interval(row)))
        if rows:
            groups.append(RowGroup(context.wave(wave), tuple(rows)))
    if not groups:
        return None
    return DisplayTable(
        id=f"ceiling-{outcome}",
        title=text("arms.ceiling_title", outcome=context.scale(context.study.scale(outcome))),
        subtitle=text("arms.ceiling_subtitle"),
        columns=(
            TableColumn(text("common.wave"), "head"),
            TableColumn(text("common.arm"), "head"),
            TableColumn(text("common.n"), unit=text("common.unit_people")),
            TableColumn(text("arms.ceiling_head"), unit=text("common.unit_share")),
            TableColumn(text("common.interval", confidence=context.confidence), unit=text("common.unit_share")),
        ),
        groups=tuple(groups),
        notes=(text("common.wilson_note"),),
        asset="satisfaction_contrasts",
        data=own,
    )


def _pairs(context: ReportContext, table: pd.DataFrame, outcome: str) -> DisplayTable:
    text, interval = context.text, context.text("common.interval", confidence=context.confidence)
    own = table[table["term"].isin(["superiority", "odds_ratio"])]
    is_weighted = bool(own.loc[own["by_method"] == WEIGHTED, "estimate"].notna().any())
    groups = []
    for wave in context.study.wave_ids:
        rows = tuple(_pair_rows(context, own[own["wave"] == wave], is_weighted=is_weighted))
        if rows:
            groups.append(RowGroup(context.wave(wave), rows))
    return DisplayTable(
        id=f"satisfaction-{outcome}",
        title=text("arms.order_title", outcome=context.scale(context.study.scale(outcome))),
        subtitle=text("arms.order_subtitle"),
        columns=(
            TableColumn(text("common.wave"), "head"),
            TableColumn(text("arms.pair_head"), "head"),
            TableColumn(text("common.n"), unit=text("common.unit_people")),
            TableColumn(text("arms.superiority_head"), unit=text("common.unit_share")),
            TableColumn(interval, unit=text("common.unit_share")),
            TableColumn(text("arms.odds_head")),
            TableColumn(interval),
            TableColumn(text("arms.adjusted_odds_head")),
            TableColumn(interval),
            *([TableColumn(text("arms.weighted_odds_head"))] if is_weighted else []),
        ),
        groups=tuple(groups),
        notes=(
            text("arms.order_note"),
            *([text("arms.weighted_note")] if is_weighted else []),
            text("arms.people_errors"),
        ),
        asset="satisfaction_contrasts",
        data=own,
    )


def _pair_rows(context: ReportContext, table: pd.DataFrame, *, is_weighted: bool) -> Iterator[tuple[Cell, ...]]:
    cells, absent = context.cells, Cell(MISSING, "absent")
    for row in records(table[table["term"] == "superiority"]):
        later, _, earlier = row["contrast"].partition(" > ")
        odds = table[(table["term"] == "odds_ratio") & (table["contrast"] == f"{later} / {earlier}")]
        found = {one["by_method"]: one for one in records(odds)}
        name = context.text("arms.above", later=context.arm(later), earlier=context.arm(earlier))
        ratios: list[Cell] = []
        for method in ("unadjusted", "adjusted"):
            one = found.get(method)
            ratios += [cells.estimate(one, 2), cells.interval(one, 2)] if one else [absent, absent]
        if is_weighted:
            ratios.append(_in_one(cells, found.get(WEIGHTED)))
        yield Cell(name), cells.n(row), cells.percent(row), cells.percent_interval(row), *ratios


def _in_one(cells: CellWriter, row: dict[str, Any] | None) -> Cell:
    """Write an odds ratio and its interval in one cell."""
    if row is None:
        return Cell(MISSING, "absent")
    value = cells.estimate(row, 2)
    return value if pd.isna(row["estimate"]) else Cell(beside(value.text, cells.interval(row, 2).text))


def _checks(context: ReportContext, table: pd.DataFrame) -> Iterator[str]:
    """Say of each wave whether the odds are the same at every cut, by Brant's test of the arms alone."""
    own = table[(table["term"] == "proportional_odds") & (table["by_method"] == "unadjusted")]
    for row in records(own):
        if pd.notna(row["p_value"]):
            p = format_p(row["p_value"], context.language)
            yield context.text("arms.check", wave=context.wave(row["wave"]), p=p)
        else:
            yield context.text("arms.no_check", wave=context.wave(row["wave"]))


SATISFACTION = Chapter(
    id="satisfaction",
    title="arms.satisfaction_heading",
    template="satisfaction.html.j2",
    content=satisfaction_content,
    needs=frozenset({"arms", "satisfaction"}),
    optional_tables=("satisfaction_contrasts",),
    figures=("satisfaction",),
)
