"""The two tables of one scale: how consistent it is by wave, language and arm, and how each of its items behaves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from increase_eval.reporting.documents.context import TOTAL, ReportContext
from increase_eval.reporting.numbers import MISSING, format_number, format_percent
from increase_eval.reporting.tables import (
    SUPPRESSED_MARK,
    Cell,
    DisplayTable,
    RowGroup,
    TableColumn,
    is_suppressed,
    records,
    single,
)
from increase_eval.reporting.translations import language_name
from increase_eval.study.instruments import Scale

ALPHA, OMEGA, SEM = "alpha", "omega", "standard error of measurement"
STATUS_WORDS = {
    "too few people": "reliability.too_few",
    "not estimable": "reliability.not_estimable",
    "did not converge": "reliability.not_converged",
    "no reliability known": "reliability.no_reliability",
}


def consistency_table(context: ReportContext, scale: Scale, table: pd.DataFrame) -> DisplayTable:
    """Show alpha, omega and the standard error of measurement of one scale."""
    text = context.text
    groups = []
    for wave in context.study.wave_ids:
        rows = tuple(_consistency_rows(context, scale, table[table["wave"] == wave]))
        if rows:
            groups.append(RowGroup(context.wave(wave), rows))
    return DisplayTable(
        id=f"reliability-{scale.id}",
        title=text("reliability.table_title", scale=context.scale(scale)),
        subtitle=text("reliability.table_subtitle", minimum=context.study.analysis.minimum_n),
        columns=(
            TableColumn(text("common.wave"), "head"),
            TableColumn(text("common.arm"), "head"),
            TableColumn(text("reliability.language_head"), "text"),
            TableColumn(text("common.n"), unit=text("common.unit_people")),
            TableColumn(text("reliability.alpha_head")),
            TableColumn(text("common.interval", confidence=context.confidence)),
            TableColumn(text("reliability.omega_head")),
            TableColumn(text("reliability.sem_head"), unit=text("common.unit_points")),
        ),
        groups=tuple(groups),
        notes=(text("reliability.alpha_note"),),
        asset="reliability",
        data=table,
    )


def _consistency_rows(context: ReportContext, scale: Scale, table: pd.DataFrame) -> Iterator[tuple[Cell, ...]]:
    cells, empty = context.cells, Cell(MISSING, "absent")
    for arm in (TOTAL, *context.study.arm_ids) if len(context.study.arm_ids) > 1 else (TOTAL,):
        here = table[table["by_arm"] == arm]
        whole = single(here, by_language=TOTAL, term=ALPHA)
        for language in dict.fromkeys(here["by_language"]):
            own = here[here["by_language"] == language]
            alpha, omega, error = (single(own, term=term) for term in (ALPHA, OMEGA, SEM))
            if alpha is None or (language != TOTAL and whole is not None and _same_people(alpha, whole)):
                continue
            yield (
                Cell(context.arm(arm)),
                Cell(
                    context.text("common.everybody")
                    if language == TOTAL
                    else language_name(context.text, str(language))
                ),
                cells.n(alpha),
                _coefficient(context, alpha, 2),
                cells.interval(alpha, 2),
                _coefficient(context, omega, 2) if omega else empty,
                _coefficient(context, error, context.digits(scale)) if error else empty,
            )


def _same_people(row: dict[str, Any], whole: dict[str, Any]) -> bool:
    """Whether a language holds everybody of the arm, so that its row would say the same again."""
    return bool(pd.notna(row["n"]) and pd.notna(whole["n"]) and row["n"] == whole["n"])


def _coefficient(context: ReportContext, row: dict[str, Any], digits: int) -> Cell:
    """Write a coefficient, or in words why there is none."""
    if pd.isna(row["estimate"]) and not is_suppressed(row):
        key = STATUS_WORDS.get(str(row["status"]), "reliability.improper")
        return Cell(context.text(key))
    return context.cells.estimate(row, digits)


def item_display(context: ReportContext, scale: Scale, items: pd.DataFrame) -> DisplayTable:
    """Show how each item of one scale behaves, wave by wave."""
    text, share = context.text, context.text("common.unit_share")
    groups = []
    for wave in context.study.wave_ids:
        rows = tuple(_item_row(context, row) for row in records(items[items["wave"] == wave]))
        if rows:
            groups.append(RowGroup(context.wave(wave), rows))
    return DisplayTable(
        id=f"items-{scale.id}",
        title=text("reliability.items_title", scale=context.scale(scale)),
        subtitle=text("reliability.items_subtitle"),
        columns=(
            TableColumn(text("common.wave"), "head"),
            TableColumn(text("reliability.item_head"), "head"),
            TableColumn(text("common.n"), unit=text("common.unit_people")),
            TableColumn(text("reliability.missing_head"), unit=share),
            TableColumn(text("common.mean"), unit=text("common.unit_points")),
            TableColumn(text("common.sd"), unit=text("common.unit_points")),
            TableColumn(text("reliability.floor_head"), unit=share),
            TableColumn(text("reliability.ceiling_head"), unit=share),
            TableColumn(text("reliability.rest_head"), unit=text("reliability.unit_r")),
        ),
        groups=tuple(groups),
        asset="item_table",
        data=items,
    )


def _item_row(context: ReportContext, row: dict[str, Any]) -> tuple[Cell, ...]:
    is_single = pd.isna(row["item_rest"]) and pd.isna(row["floor"]) and pd.isna(row["ceiling"])
    is_hidden = is_suppressed(row)
    end_hidden = is_hidden or not is_single
    return (
        Cell(str(row["item"])),
        context.cells.count(row["n"], is_suppressed=is_hidden),
        _share(context, row["share_missing"], is_hidden=True),
        _number(context, row["mean"], is_hidden),
        _number(context, row["sd"], is_hidden),
        _share(context, row["floor"], is_hidden=end_hidden),
        _share(context, row["ceiling"], is_hidden=end_hidden),
        _number(context, row["item_rest"], is_hidden),
    )


def _number(context: ReportContext, value: Any, is_hidden: bool) -> Cell:
    if pd.isna(value):
        return Cell(SUPPRESSED_MARK, "suppressed") if is_hidden else Cell(MISSING, "absent")
    return Cell(format_number(value, 2, context.language))


def _share(context: ReportContext, value: Any, *, is_hidden: bool) -> Cell:
    if pd.isna(value):
        return _number(context, value, is_hidden)
    return Cell(format_percent(value, context.language, digits=1).replace("\u202f%", "").replace("%", ""))
