"""How well the scales measure: consistency by wave, language and arm, items one by one, retests, reliable change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from increase_eval.reporting.documents.chapter import Chapter
from increase_eval.reporting.documents.consistency import consistency_table, item_display
from increase_eval.reporting.documents.context import TOTAL, ReportContext
from increase_eval.reporting.documents.results import total_rows
from increase_eval.reporting.numbers import MISSING, format_number
from increase_eval.reporting.tables import Cell, DisplayTable, RowGroup, TableColumn, records, single
from increase_eval.study.instruments import Scale

CORRELATION = "retest correlation"
AGREEMENT = "retest agreement"
DIRECTIONS = ("improved", "unchanged", "deteriorated")


def reliability_content(context: ReportContext) -> dict[str, Any]:
    """Give what the chapter on measurement says."""
    first = context.wave(context.study.wave_ids[0])
    no_repeat = context.text(
        "common.not_computed" if "repeated" in context.study.capabilities else "common.without_repeated"
    )
    return {
        "sentences": list(_sentences(context)),
        "parts": list(_parts(context)),
        "retest": _retest_table(context),
        "no_retest": context.text("reliability.no_retest", reason=no_repeat),
        "change": _change_table(context),
        "change_intro": context.text("reliability.change_intro", wave=first),
        "no_change": context.text("reliability.without_change", reason=no_repeat),
    }


def _sentences(context: ReportContext) -> Iterator[str]:
    table, wave = context.tables["reliability"], context.study.wave_ids[0]
    alphas = total_rows(table[(table["term"] == "alpha") & (table["wave"] == wave)]).dropna(subset=["estimate"])
    if len(alphas):
        ordered = records(alphas.sort_values("estimate", kind="stable"))
        low, high = ordered[0], ordered[-1]
        yield context.text(
            "reliability.summary",
            wave=context.wave(wave),
            low=format_number(low["estimate"], 2, context.language),
            low_scale=context.scale(context.study.scale(low["outcome"])),
            high=format_number(high["estimate"], 2, context.language),
            high_scale=context.scale(context.study.scale(high["outcome"])),
        )
    single_items = [context.scale(scale) for scale in context.study.scales if scale.rule == "single"]
    if single_items:
        yield context.text("reliability.single_items", scales=context.listed(single_items))


def _parts(context: ReportContext) -> Iterator[dict[str, Any]]:
    reliability, items = context.tables["reliability"], context.tables["item_table"]
    for scale in context.study.scales:
        own, by_item = reliability[reliability["outcome"] == scale.id], items[items["scale"] == scale.id]
        if len(own) or len(by_item):
            yield {
                "title": context.scale(scale),
                "consistency": consistency_table(context, scale, own) if len(own) else None,
                "by_item": item_display(context, scale, by_item) if len(by_item) else None,
            }


def _retest_table(context: ReportContext) -> DisplayTable | None:
    table = context.table("retest")
    if table is None:
        return None
    own, text = total_rows(table), context.text
    groups = []
    for scale in context.study.scales:
        here = own[own["outcome"] == scale.id]
        rows = tuple(_retest_row(context, here, str(pair)) for pair in dict.fromkeys(here["contrast"]))
        if rows:
            groups.append(RowGroup(context.scale(scale), rows))
    interval = text("common.interval", confidence=context.confidence)
    return DisplayTable(
        id="retest",
        title=text("reliability.retest_table_title"),
        subtitle=text("reliability.retest_subtitle"),
        columns=(
            TableColumn(text("common.scale"), "head"),
            TableColumn(text("reliability.pair_head"), "head"),
            TableColumn(text("common.n"), unit=text("common.unit_people")),
            TableColumn(text("reliability.correlation_head")),
            TableColumn(interval),
            TableColumn(text("reliability.agreement_head")),
            TableColumn(interval),
        ),
        groups=tuple(groups),
        asset="retest",
        data=table,
    )


def _retest_row(context: ReportContext, table: pd.DataFrame, pair: str) -> tuple[Cell, ...]:
    correlation, agreement = (single(table, term=term, contrast=pair) for term in (CORRELATION, AGREEMENT))
    cells, empty = context.cells, Cell(MISSING, "absent")
    shown = []
    for row in (correlation, agreement):
        shown += [cells.estimate(row, 2), cells.interval(row, 2)] if row else [empty, empty]
    known = correlation or agreement
    return Cell(pair_in_words(context, pair)), cells.n(known) if known else empty, *shown


def pair_in_words(context: ReportContext, pair: str) -> str:
    """Say a pair of waves, stored as ``t1 -> t2``."""
    first, _, last = pair.partition(" -> ")
    return context.text("reliability.pair", first=context.wave(first), last=context.wave(last))


def _change_table(context: ReportContext) -> DisplayTable | None:
    table = context.table("reliable_change")
    if table is None:
        return None
    text, share = context.text, context.text("common.unit_share")
    groups = []
    for scale in context.study.scales:
        rows = tuple(_change_rows(context, scale, table[table["outcome"] == scale.id]))
        if rows:
            groups.append(RowGroup(context.scale(scale), rows))
    heads = (
        text("reliability.improved_head"),
        text("reliability.unchanged_head"),
        text("reliability.deteriorated_head"),
    )
    return DisplayTable(
        id="reliable_change",
        title=text("reliability.change_table_title", wave=context.wave(context.study.wave_ids[0])),
        subtitle=text("reliability.change_subtitle"),
        columns=(
            TableColumn(text("common.scale"), "head"),
            TableColumn(text("common.wave"), "head"),
            TableColumn(text("common.arm"), "head"),
            TableColumn(text("common.n"), unit=text("common.unit_people")),
            *(TableColumn(head, unit=share) for head in heads),
        ),
        groups=tuple(groups),
        asset="reliable_change",
        data=table,
    )


def _change_rows(context: ReportContext, scale: Scale, table: pd.DataFrame) -> Iterator[tuple[Cell, ...]]:
    cells = context.cells
    for wave in context.study.scale_waves(scale):
        for arm in (TOTAL, *context.study.arm_ids) if len(context.study.arm_ids) > 1 else (TOTAL,):
            own = table[(table["wave"] == wave) & (table["by_arm"] == arm)]
            found = {row["term"]: row for row in records(own)}
            if not any(direction in found for direction in DIRECTIONS):
                continue
            shares = (cells.percent(found[d]) if d in found else Cell(MISSING, "absent") for d in DIRECTIONS)
            n = cells.count(own["n"].max(), is_suppressed=True)
            yield Cell(context.wave(wave)), Cell(context.arm(arm)), n, *shares


RELIABILITY = Chapter(
    id="reliability",
    title="reliability.title",
    template="reliability.html.j2",
    content=reliability_content,
    needs=frozenset({"items"}),
    tables=("reliability", "item_table"),
    optional_tables=("retest", "reliable_change"),
    figures=("reliability",),
)
