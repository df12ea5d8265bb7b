"""What weights do: what they cost, what they balance, and what the outcomes are under each of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from increase_eval.reporting.documents.attrition.section import Section
from increase_eval.reporting.documents.context import TOTAL, ReportContext
from increase_eval.reporting.numbers import MISSING, beside, format_interval, format_signed
from increase_eval.reporting.tables import Cell, DisplayTable, RowGroup, TableColumn, is_suppressed, single
from increase_eval.study.instruments import Scale

WEIGHTINGS = ("none", "ipw", "raked", "ipw + raked")


def weighting_content(context: ReportContext) -> dict[str, Any]:
    """Give what the section says."""
    return {
        "cost": _cost_table(context),
        "changes": list(_change_tables(context)),
        "shares": _share_table(context),
        "has_chances": context.table("answering_chances") is not None,
        "has_balance": context.table("weight_balance") is not None,
        "has_changes": "weighted" in context.figures,
    }


def _name(context: ReportContext, weighting: str) -> str:
    return context.text(f"figures.weights_{weighting.replace(' + ', '_')}")


def _cost_table(context: ReportContext) -> DisplayTable:
    table, text, groups = context.tables["weight_diagnostics"], context.text, []
    for wave in context.study.wave_ids:
        rows = []
        for name in WEIGHTINGS:
            own = table[(table["wave"] == wave) & (table["by_weights"] == name)]
            size = single(own, term="effective_sample_size")
            largest = single(own, term="largest_weight")
            if size is None:
                continue
            cells = [context.cells.n(size), context.cells.estimate(size, 0)]
            cells.append(context.cells.estimate(largest, 1) if largest else Cell(MISSING, "absent"))
            rows.append((Cell(_name(context, name)), *cells))
        if rows:
            groups.append(RowGroup(context.wave(wave), tuple(rows)))
    return DisplayTable(
        id="weight_diagnostics",
        title=text("attrition_weights.cost_title"),
        subtitle=text("attrition_weights.cost_subtitle"),
        columns=(
            TableColumn(text("common.wave"), "head"),
            TableColumn(text("attrition_weights.weights_head"), "head"),
            TableColumn(text("attrition_weights.answered_head"), unit=text("common.unit_people")),
            TableColumn(text("attrition_weights.effective_head"), unit=text("common.unit_people")),
            TableColumn(text("attrition_weights.largest_head"), unit=text("attrition_weights.unit_mean")),
        ),
        groups=tuple(groups),
        notes=(text("attrition_weights.cost_note"),),
        asset="weight_diagnostics",
        data=_rounded(table),
    )


def _rounded(table: pd.DataFrame) -> pd.DataFrame:
    """Give the largest weight to two digits alone: more would be one person's weight."""
    own = table.copy()
    largest = own["term"] == "largest_weight"
    own.loc[largest, "estimate"] = own.loc[largest, "estimate"].map(
        lambda value: float(f"{value:.2g}"), na_action="ignore"
    )
    return own


def _change_tables(context: ReportContext) -> Iterator[DisplayTable]:
    table = context.table("weighted_changes")
    if table is None:
        return
    changes = table[table["term"] == "change"]
    for scale in context.study.scales:
        own = changes[changes["outcome"] == scale.id]
        if own["estimate"].notna().any():
            yield _change_table(context, scale, own)


def _change_table(context: ReportContext, scale: Scale, table: pd.DataFrame) -> DisplayTable:
    text, groups = context.text, []
    for wave in context.study.wave_ids:
        rows = []
        for arm in (TOTAL, *context.study.arm_ids) if len(context.study.arm_ids) > 1 else (TOTAL,):
            own = table[(table["wave"] == wave) & (table["by_arm"] == arm)]
            if len(own):
                found = [single(own, by_weights=name) for name in WEIGHTINGS]
                n = context.cells.n(found[0]) if found[0] else Cell(MISSING, "absent")
                digits = context.digits(scale)
                rows.append((Cell(context.arm(arm)), n, *(_with_interval(context, row, digits) for row in found)))
        if rows:
            groups.append(RowGroup(context.wave(wave), tuple(rows)))
    first = context.wave(context.study.wave_ids[0])
    return DisplayTable(
        id=f"weighted-{scale.id}",
        title=text("attrition_weights.changes_title", scale=context.scale(scale), wave=first),
        subtitle=text("attrition_weights.changes_subtitle", confidence=context.confidence),
        columns=(
            TableColumn(text("common.wave"), "head"),
            TableColumn(text("common.arm"), "head"),
            TableColumn(text("common.n"), unit=text("common.unit_people")),
            *(TableColumn(_name(context, name), unit=text("common.unit_points")) for name in WEIGHTINGS),
        ),
        groups=tuple(groups),
        notes=(text("attrition_weights.changes_note"),),
        asset="weighted_changes",
        data=table,
    )


def _with_interval(context: ReportContext, row: dict[str, Any] | None, digits: int, factor: float = 1.0) -> Cell:
    if row is None:
        return Cell(MISSING, "absent")
    if pd.isna(row["estimate"]):
        return Cell("[c]", "suppressed") if is_suppressed(row) else Cell(MISSING, "absent")
    value = format_signed(row["estimate"] * factor, digits, context.language)
    ends = row["conf_low"] * factor, row["conf_high"] * factor
    interval = format_interval(*ends, digits, context.language, in_table=True)
    return Cell(beside(value, interval) if pd.notna(row["conf_low"]) else value)


def _share_table(context: ReportContext) -> DisplayTable | None:
    table = context.table("weighted_changes")
    if table is None:
        return None
    own, text, groups = table[(table["term"] == "share") & (table["by_arm"] == TOTAL)], context.text, []
    for variable in context.study.head.states:
        rows = []
        for wave in context.study.wave_ids:
            here = own[(own["outcome"] == variable.id) & (own["wave"] == wave)]
            found = [single(here, by_weights=name) for name in WEIGHTINGS]
            if any(found):
                n = context.cells.n(found[0]) if found[0] else Cell(MISSING, "absent")
                rows.append((Cell(context.wave(wave)), n, *(_share(context, row) for row in found)))
        if rows:
            groups.append(RowGroup(context.words(variable.label), tuple(rows)))
    if not groups:
        return None
    return DisplayTable(
        id="weighted_shares",
        title=text("attrition_weights.shares_title"),
        subtitle=text("attrition_weights.changes_subtitle", confidence=context.confidence),
        columns=(
            TableColumn(text("attrition_weights.state_head"), "head"),
            TableColumn(text("common.wave"), "head"),
            TableColumn(text("common.n"), unit=text("common.unit_people")),
            *(TableColumn(_name(context, name), unit=text("common.unit_share")) for name in WEIGHTINGS),
        ),
        groups=tuple(groups),
        asset="weighted_changes",
        data=own,
    )


def _share(context: ReportContext, row: dict[str, Any] | None) -> Cell:
    if row is None or pd.isna(row["estimate"]):
        return Cell("[c]", "suppressed") if row is not None and is_suppressed(row) else Cell(MISSING, "absent")
    value, interval = context.cells.percent(row), context.cells.percent_interval(row)
    return Cell(beside(value.text, interval.text))


WEIGHTING = Section(
    id="weights",
    title="attrition_weights.title",
    template="attrition_weights.html.j2",
    content=weighting_content,
    tables=("weight_diagnostics",),
    optional_tables=("weighted_changes", "weight_balance", "answering_chances"),
    figures=("chances", "balance", "weighted"),
)
