"""Who answered: how many of those enrolled, wave by wave, in which patterns, and how they scored at the start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from increase_eval.reporting import numbers
from increase_eval.reporting.documents.baseline import baseline_table
from increase_eval.reporting.documents.chapter import Chapter
from increase_eval.reporting.documents.context import TOTAL, ReportContext
from increase_eval.reporting.documents.denominators import (
    ENROLLED,
    PREVIOUS,
    answered_of_each,
    counted,
    denominators_table,
    main_base,
    of_step,
    step_columns,
    step_sentences,
)
from increase_eval.reporting.documents.headline import headline_outcomes
from increase_eval.reporting.documents.results import total_rows
from increase_eval.reporting.tables import (
    Cell,
    DisplayTable,
    RowGroup,
    TableColumn,
    is_suppressed,
    records,
    single,
)
from increase_eval.study.structure import Level


def answering_content(context: ReportContext) -> dict[str, Any]:
    """Give what the chapter on response says."""
    flow = context.tables["response_flow"]
    site = context.study.site_level
    retention = tuple(_retention_tables(context))
    return {
        "sentences": answered_sentences(context),
        "flow": _flow_table(context, flow),
        "denominators": denominators_table(context, flow),
        "baseline": baseline_table(context),
        "by_site": _site_table(context, flow, site) if site and "by_site" in flow else None,
        "patterns": _pattern_table(context),
        "retention": retention,
        "no_retention": None if retention else _no_retention(context),
    }


def answered_sentences(context: ReportContext) -> list[str]:
    """Say how many were enrolled, and how many answered at the first and the last wave and at all of them."""
    text, flow = context.text, total_rows(context.tables["response_flow"])
    shares = flow[flow["term"] == ENROLLED]
    waves = context.study.wave_ids
    first, last = (single(shares, wave=wave) for wave in (waves[0], waves[-1]))
    if first is None or last is None:
        return []
    sentences = [text.plural("answering.enrolled", _number(first["n"]), number=context.count(first["n"]))]
    if main_base(context) != ENROLLED:
        sentences += [*step_sentences(context), *answered_of_each(context, shares)]
    else:
        sentences += [_answered(context, row) for row in ((first, last) if len(waves) > 1 else (first,))]
    patterns = context.table("response_patterns")
    if patterns is not None and len(waves) > 1:
        always = single(total_rows(patterns), term="1" * len(waves))
        if always is not None and not is_suppressed(always):
            share = float(always["estimate"]) / float(always["n"])
            sentences.append(
                text(
                    "answering.always",
                    count=context.count(always["estimate"]),
                    share=numbers.format_percent(share, context.language, digits=1),
                )
            )
    return sentences


def _number(value: Any) -> float:
    return float("inf") if pd.isna(value) else float(value)


def _answered(context: ReportContext, row: dict[str, Any]) -> str:
    wave = context.wave(row["wave"])
    if is_suppressed(row) or pd.isna(row["estimate"]):
        return context.text("answering.answered_hidden", wave=wave)
    return context.text(
        "answering.answered",
        wave=wave,
        count=context.count(round(row["estimate"] * row["n"])),
        share=numbers.format_percent(row["estimate"], context.language, digits=1),
    )


def _flow_table(context: ReportContext, flow: pd.DataFrame) -> DisplayTable:
    own = total_rows(flow, except_for="by_arm")
    by_arm = {arm: own[own["by_arm"] == arm] if "by_arm" in own else own for arm in context.arms}
    groups = tuple(RowGroup(context.arm(arm), tuple(_flow_rows(context, rows))) for arm, rows in by_arm.items())
    return _flow_display(context, "response_flow", groups, own, head=context.text("common.arm"))


def _site_table(context: ReportContext, flow: pd.DataFrame, level: Level) -> DisplayTable | None:
    own = total_rows(flow, except_for="by_site")
    own = own[own["by_site"] != TOTAL]
    if own.empty:
        return None
    groups = tuple(
        RowGroup(context.unit(level.id, unit), tuple(_flow_rows(context, own[own["by_site"] == unit])))
        for unit in dict.fromkeys(own["by_site"])
    )
    return _flow_display(context, "response_by_site", groups, own, head=context.words(level.label))


def _flow_rows(context: ReportContext, flow: pd.DataFrame) -> Iterator[tuple[Cell, ...]]:
    cells = context.cells
    for wave in context.study.wave_ids:
        enrolled = single(flow, wave=wave, term=ENROLLED)
        previous = single(flow, wave=wave, term=PREVIOUS)
        if enrolled is None:
            continue
        of_previous = (cells.n(previous), cells.percent(previous)) if previous else (Cell(numbers.MISSING),) * 2
        yield (
            Cell(context.wave(wave)),
            cells.n(enrolled),
            counted(context, enrolled),
            cells.percent(enrolled),
            cells.percent_interval(enrolled),
            *of_step(context, flow, wave),
            *of_previous,
        )


def _flow_display(
    context: ReportContext, own_id: str, groups: tuple[RowGroup, ...], data: pd.DataFrame, *, head: str
) -> DisplayTable:
    text, people = context.text, context.text("common.unit_people")
    by_site = own_id == "response_by_site"
    return DisplayTable(
        id=own_id,
        title=text("answering.site_table_title") if by_site else text("answering.flow_table_title"),
        subtitle=text("answering.flow_subtitle"),
        columns=(
            TableColumn(head, "head"),
            TableColumn(text("common.wave"), "head"),
            TableColumn(text("answering.enrolled_head"), unit=people),
            TableColumn(text("answering.answered_head"), unit=people),
            TableColumn(text("answering.share_head"), unit=text("common.unit_share")),
            TableColumn(text("common.interval", confidence=context.confidence), unit=text("common.unit_share")),
            *step_columns(context),
            TableColumn(text("answering.previous_head"), unit=people),
            TableColumn(text("answering.previous_share_head"), unit=text("common.unit_share")),
        ),
        groups=groups,
        notes=(text("answering.previous_note"), text("common.wilson_note")),
        asset="response_flow",
        data=data,
    )


def _pattern_table(context: ReportContext) -> DisplayTable | None:
    table = context.table("response_patterns")
    waves = context.study.wave_ids
    if table is None or len(waves) == 1:
        return None
    own = total_rows(table, except_for="by_arm")
    everybody = total_rows(table)
    seen = everybody[(everybody["estimate"] != 0) & everybody["term"].str.len().eq(len(waves))]
    ordered = seen.assign(_hidden=seen["estimate"].isna()).sort_values(
        ["_hidden", "estimate", "term"], ascending=[True, False, False], kind="stable"
    )
    text, yes, no = (
        context.text,
        Cell(context.text("answering.mark_answered")),
        Cell(context.text("answering.mark_missed")),
    )
    rows = []
    for pattern in ordered["term"]:
        marks = tuple(yes if sign == "1" else no for sign in pattern)
        found = [single(own[own["by_arm"] == arm] if "by_arm" in own else own, term=pattern) for arm in context.arms]
        counts = [context.cells.estimate_count(row) if row else Cell(numbers.MISSING, "absent") for row in found]
        if any(cell.mark == "" for cell in counts):
            rows.append((*marks, *counts))
    columns = [TableColumn(context.wave(wave), "text") for wave in waves]
    columns += [TableColumn(context.arm(arm), unit=text("common.unit_people")) for arm in context.arms]
    return DisplayTable(
        id="response_patterns",
        title=text("answering.patterns_table_title"),
        subtitle=text("answering.patterns_subtitle"),
        columns=tuple(columns),
        groups=(RowGroup(None, tuple(rows)),),
        notes=(text("answering.patterns_note"), text("answering.patterns_hidden")),
        asset="response_patterns",
        data=own,
    )


def _retention_tables(context: ReportContext) -> Iterator[DisplayTable]:
    """One table for each headline scale that has a baseline."""
    table = context.table("retention_by_baseline")
    if table is None:
        return
    text = context.text
    for scale in headline_outcomes(context.study)[0]:
        own = table[(table["outcome"] == scale.id) & ~table["term"].isin(["", ".."])]
        if own.empty:
            continue
        by_wave = {wave: own[own["wave"] == wave] for wave in context.study.wave_ids}
        groups = tuple(
            RowGroup(context.wave(wave), tuple(_retention_row(context, row) for row in records(rows)))
            for wave, rows in by_wave.items()
            if len(rows)
        )
        yield DisplayTable(
            id=f"retention-{scale.id}",
            title=text("answering.retention_table_title", scale=context.scale(scale)),
            subtitle=text("answering.retention_subtitle", wave=context.wave(context.study.wave_ids[0])),
            columns=(
                TableColumn(text("common.wave"), "head"),
                TableColumn(text("answering.baseline_head"), "head", unit=text("common.unit_points")),
                TableColumn(text("common.n"), unit=text("common.unit_people")),
                TableColumn(text("answering.share_head_short"), unit=text("common.unit_share")),
                TableColumn(text("common.interval", confidence=context.confidence), unit=text("common.unit_share")),
            ),
            groups=groups,
            notes=(text("common.wilson_note"),),
            asset="retention_by_baseline",
            data=own,
        )


def _retention_row(context: ReportContext, row: dict[str, Any]) -> tuple[Cell, ...]:
    cells = context.cells
    return Cell(_score_group(context, row["term"])), cells.n(row), cells.percent(row), cells.percent_interval(row)


def _score_group(context: ReportContext, term: str) -> str:
    """Say a group of baseline scores, stored as ``low..high`` with open ends."""
    first, _, second = term.partition("..")
    low, high = (
        numbers.format_number(float(end), _decimals(end), context.language) if end else "" for end in (first, second)
    )
    if low and high:
        return context.text("answering.between", low=low, high=high)
    if high:
        return context.text("answering.at_most", high=high)
    return context.text("answering.above", low=low)


def _decimals(number: str) -> int:
    return min(2, len(number.partition(".")[2]))


def _no_retention(context: ReportContext) -> str:
    if "repeated" not in context.study.capabilities:
        return context.text("answering.no_retention", reason=context.text("common.without_repeated"))
    if "scales" not in context.study.capabilities:
        return context.text("answering.no_retention", reason=context.text("common.without_scales"))
    return context.text("answering.no_retention", reason=context.text("common.not_computed"))


ANSWERING = Chapter(
    id="answering",
    title="answering.title",
    template="answering.html.j2",
    content=answering_content,
    tables=("response_flow",),
    optional_tables=("pathway", "response_patterns", "retention_by_baseline", "baseline_characteristics"),
    figures=("flow", "retention"),
)
