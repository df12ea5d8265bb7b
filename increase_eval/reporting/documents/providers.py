"""The providers one by one: how unusual the allocation looks, which ranks they could have, and each left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from increase_eval.reporting.documents.context import TOTAL, ReportContext
from increase_eval.reporting.numbers import MISSING, format_number, format_p
from increase_eval.reporting.tables import Cell, DisplayTable, RowGroup, TableColumn, is_suppressed, records

EVERY = "all arms"


def exchangeability_table(context: ReportContext) -> DisplayTable | None:
    """Show the check of exchangeability of all arms and of each pair, with the smallest attainable p value."""
    table, text = context.table("exchangeability"), context.text
    if table is None:
        return None
    groups = []
    for outcome in dict.fromkeys(table["outcome"].dropna()):
        own = table[table["outcome"] == outcome]
        rows = tuple(_check_rows(context, own))
        if rows:
            groups.append(RowGroup(_outcome(context, outcome), rows))
    return DisplayTable(
        id="exchangeability",
        title=text("arms.exchangeable_title"),
        subtitle=text("arms.exchangeable_subtitle"),
        columns=(
            TableColumn(text("arms.outcome_head"), "head"),
            TableColumn(text("common.wave"), "head"),
            TableColumn(text("arms.compared_head"), "text"),
            TableColumn(text("common.n"), unit=text("common.unit_people")),
            TableColumn(text("arms.p_head")),
            TableColumn(text("arms.smallest_p_head")),
        ),
        groups=tuple(groups),
        notes=(text("arms.exchangeable_note"),),
        asset="exchangeability",
        data=table,
    )


def _check_rows(context: ReportContext, table: pd.DataFrame) -> Iterator[tuple[Cell, ...]]:
    for wave in context.study.wave_ids:
        own = table[(table["wave"] == wave) & (table["contrast"] == EVERY)]
        if own.empty and len(context.study.arm_ids) == 2:
            own = table[table["wave"] == wave]
        found = {row["term"]: row for row in records(own)}
        if "statistic" not in found:
            continue
        smallest = found.get("smallest p value", {})
        p = [_p(context, found["statistic"].get("p_value")), _p(context, smallest.get("estimate"))]
        n = context.cells.n(found["statistic"])
        yield Cell(context.wave(wave)), Cell(context.text("arms.all_arms")), n, *p


def _p(context: ReportContext, value: Any) -> Cell:
    return Cell(MISSING, "absent") if value is None or pd.isna(value) else Cell(format_p(value, context.language))


def ranks_table(context: ReportContext) -> DisplayTable | None:
    """Show the units' shrunken means at the last wave, and the ranks that they could have."""
    table, text = context.table("provider_ranks"), context.text
    if table is None:
        return None
    last = _last_wave(context, table)
    own = table[(table["wave"] == last) & (table["by_unit"] != TOTAL)]
    groups = []
    for outcome in dict.fromkeys(own["outcome"].dropna()):
        rows = tuple(_rank_rows(context, own[own["outcome"] == outcome], outcome))
        if rows:
            groups.append(RowGroup(f"{_outcome(context, outcome)} ({_best(context, outcome)})", rows))
    if not groups:
        return None
    interval = text("common.interval", confidence=context.confidence)
    return DisplayTable(
        id="provider-ranks",
        title=text("arms.ranks_title", wave=context.wave(last)),
        subtitle=text("arms.ranks_subtitle"),
        columns=(
            TableColumn(text("arms.outcome_head"), "head"),
            TableColumn(text("arms.unit_head"), "head"),
            TableColumn(text("common.n"), unit=text("common.unit_people")),
            TableColumn(text("arms.shrunken_head")),
            TableColumn(interval),
            TableColumn(text("arms.rank_head"), unit=interval),
            TableColumn(text("arms.joint_head"), unit=interval),
        ),
        groups=tuple(groups),
        notes=(text("arms.ranks_note"),),
        asset="provider_ranks",
        data=own,
    )


def _best(context: ReportContext, outcome: str) -> str:
    """Say which end of an outcome has rank 1."""
    scale = next((one for one in context.study.scales if one.id == outcome), None)
    is_lower = scale is not None and scale.direction == "lower_is_better"
    return context.text("arms.rank_lowest" if is_lower else "arms.rank_highest")


def _rank_rows(context: ReportContext, table: pd.DataFrame, outcome: str) -> Iterator[tuple[Cell, ...]]:
    cells, is_share = context.cells, any(v.id == outcome for v in context.study.head.states)
    for unit in dict.fromkeys(table["by_unit"].dropna()):
        found = {row["term"]: row for row in records(table[table["by_unit"] == unit])}
        shrunken = found.get("shrunken")
        if shrunken is None:
            continue
        value = cells.percent(shrunken) if is_share else cells.estimate(shrunken, 2)
        spread = cells.percent_interval(shrunken) if is_share else cells.interval(shrunken, 2)
        ranks = [_range(context, found.get(term)) for term in ("rank", "joint rank")]
        yield Cell(_unit(context, unit)), cells.n(shrunken), value, spread, *ranks


def _range(context: ReportContext, row: Mapping[str, Any] | None) -> Cell:
    """Write a range of ranks, or one rank."""
    if row is None or pd.isna(row["conf_low"]):
        return context.cells.interval(row, 0) if row is not None else Cell(MISSING, "absent")
    if row["conf_low"] == row["conf_high"]:
        return Cell(format_number(row["conf_low"], 0, context.language))
    return context.cells.interval(row, 0)


def without_table(context: ReportContext) -> DisplayTable | None:
    """Show each comparison at the last wave with everybody, and how far leaving out one unit moves it."""
    table, text = context.table("leave_one_provider_out"), context.text
    if table is None:
        return None
    last = _last_wave(context, table)
    own = table[(table["wave"] == last) & (table["term"] == "difference")]
    groups = []
    for outcome in dict.fromkeys(own["outcome"].dropna()):
        rows = tuple(_without_rows(context, own[own["outcome"] == outcome], outcome))
        if rows:
            groups.append(RowGroup(_outcome(context, outcome), rows))
    if not groups:
        return None
    return DisplayTable(
        id="without-one",
        title=text("arms.without_title", wave=context.wave(last)),
        subtitle=text("arms.without_subtitle"),
        columns=(
            TableColumn(text("arms.outcome_head"), "head"),
            TableColumn(text("arms.pair_head"), "head"),
            TableColumn(text("arms.with_everybody")),
            TableColumn(text("arms.lowest_head")),
            TableColumn(text("arms.lowest_unit_head"), "text"),
            TableColumn(text("arms.highest_head")),
            TableColumn(text("arms.highest_unit_head"), "text"),
            TableColumn(text("arms.lost_head"), "text"),
        ),
        groups=tuple(groups),
        asset="leave_one_provider_out",
        data=own,
    )


def _without_rows(context: ReportContext, table: pd.DataFrame, outcome: str) -> Iterator[tuple[Cell, ...]]:
    is_share = any(v.id == outcome for v in context.study.head.states)

    def value(row: Mapping[str, Any] | None) -> Cell:
        if row is None:
            return Cell(MISSING, "absent")
        return context.cells.percent(row) if is_share else context.cells.estimate(row, 2)

    for contrast in dict.fromkeys(table["contrast"].dropna()):
        own = records(table[table["contrast"] == contrast])
        whole = next((row for row in own if row["by_left_out"] == TOTAL), None)
        others = [row for row in own if row["by_left_out"] != TOTAL]
        known = sorted((row for row in others if pd.notna(row["estimate"])), key=lambda row: row["estimate"])
        lost = [row["by_left_out"] for row in others if pd.isna(row["estimate"]) and not is_suppressed(row)]
        low, high = (known[0], known[-1]) if known else (None, None)
        later, _, earlier = contrast.partition(" - ")
        name = context.text("arms.less", later=context.arm(later), earlier=context.arm(earlier))
        units = [Cell(_unit(context, row["by_left_out"])) if row else Cell(MISSING, "absent") for row in (low, high)]
        gone = Cell(context.listed([_unit(context, unit) for unit in lost])) if lost else Cell(MISSING, "absent")
        yield Cell(name), value(whole), value(low), units[0], value(high), units[1], gone


def _outcome(context: ReportContext, outcome: str) -> str:
    scale = next((scale for scale in context.study.scales if scale.id == outcome), None)
    if scale is not None:
        return context.scale(scale)
    variable = next((v for v in context.study.head.states if v.id == outcome), None)
    return outcome if variable is None else context.words(variable.label)


def _unit(context: ReportContext, unit: str) -> str:
    level = context.study.head.participants.arm.level
    return context.unit(level, unit) if level else unit


def _last_wave(context: ReportContext, table: pd.DataFrame) -> str:
    known = [wave for wave in context.study.wave_ids if (table["wave"] == wave).any()]
    return known[-1] if known else context.study.wave_ids[-1]
