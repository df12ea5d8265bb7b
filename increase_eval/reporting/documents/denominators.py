"""Of whom is a share of answers? The words for each denominator of the response flow, and what is said of a step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from increase_eval.reporting import numbers
from increase_eval.reporting.documents.context import ReportContext
from increase_eval.reporting.documents.results import total_rows
from increase_eval.reporting.tables import Cell, DisplayTable, RowGroup, TableColumn, is_suppressed, single

ENROLLED, FIRST, PREVIOUS = "enrolled", "first wave", "previous wave"


def base_named(context: ReportContext, term: str) -> str:
    """Name a denominator: everybody enrolled, who reached a step, who answered the first wave or the one before."""
    step = context.study.surveyed_step
    if step is not None and term == step.id:
        return context.text("denominators.step", step=context.words(step.label))
    if term == FIRST:
        return context.text("denominators.first", wave=context.wave(context.study.wave_ids[0]))
    return context.text("denominators.previous") if term == PREVIOUS else context.text("denominators.enrolled")


def main_base(context: ReportContext) -> str:
    """Give the denominator that a share is of unless it is said otherwise: the step surveyed, or everybody enrolled."""
    step, flow = context.study.surveyed_step, context.tables["response_flow"]
    return step.id if step is not None and (flow["term"] == step.id).any() else ENROLLED


def step_sentences(context: ReportContext) -> Iterator[str]:
    """Say how many reached the step that the survey asks, by the register and by the service's own counts."""
    step = context.study.surveyed_step
    if step is None:
        return
    flow = total_rows(context.tables["response_flow"])
    row = single(flow, wave=context.study.wave_ids[0], term=step.id)
    if row is None or pd.isna(row["n"]):
        return
    pathway = context.table("pathway")
    counted = single(total_rows(pathway), term=step.id, contrast="count") if pathway is not None else None
    named = {"step": context.words(step.label), "listed": context.count(row["n"])}
    if counted is None or is_suppressed(counted) or pd.isna(counted["estimate"]):
        yield context.text("denominators.register_count", **named)
    elif int(counted["estimate"]) == int(row["n"]):
        yield context.text("denominators.counts_agree", **named)
    else:
        yield context.text("denominators.counts_differ", **named, counts=context.count(counted["estimate"]))


def shares_in_words(context: ReportContext, wave: str) -> Iterator[str]:
    """Say the shares of one wave, each with its denominator, the main one first."""
    flow = total_rows(context.tables["response_flow"])
    own = flow[flow["wave"] == wave]
    main = main_base(context)
    terms = [main, *(term for term in (ENROLLED, FIRST, PREVIOUS) if term != main)]
    if len(context.study.wave_ids) > 1 and wave == context.study.wave_ids[1]:
        # The first wave is the one before.
        terms.remove(PREVIOUS)
    for term in terms:
        row = single(own, term=term)
        if row is not None and not is_suppressed(row) and pd.notna(row["estimate"]):
            share = numbers.format_percent(row["estimate"], context.language, digits=1)
            n = context.count(row["n"])
            yield context.text("denominators.share_of", share=share, n=n, whom=_of_whom(context, term))


def _of_whom(context: ReportContext, term: str) -> str:
    name = base_named(context, term)
    return name[0].lower() + name[1:]


def answered_of_each(context: ReportContext, shares: pd.DataFrame) -> Iterator[str]:
    """Say of each wave how many answered, as a share of every denominator, and what these shares are no share of."""
    step = context.study.surveyed_step
    for wave in context.study.wave_ids:
        row = single(shares, wave=wave)
        told = list(shares_in_words(context, wave))
        if row is None or is_suppressed(row) or pd.isna(row["estimate"]) or not told:
            yield context.text("denominators.answered_hidden", wave=context.wave(wave))
        else:
            count = context.count(round(row["estimate"] * row["n"]))
            yield context.text(
                "denominators.answered", wave=context.wave(wave), count=count, shares=context.listed(told)
            )
    yield context.text("denominators.which")
    if step is not None:
        yield context.text("denominators.future", step=context.words(step.label))


def denominators_table(context: ReportContext, flow: pd.DataFrame) -> DisplayTable | None:
    """Set the share of every denominator side by side, wave by wave, where there are more than those of the flow."""
    if main_base(context) == ENROLLED:
        return None
    text, cells, own = context.text, context.cells, total_rows(flow)
    groups = []
    for wave in context.study.wave_ids:
        here = {term: single(own, wave=wave, term=term) for term in (ENROLLED, main_base(context), FIRST, PREVIOUS)}
        rows = tuple(
            (Cell(base_named(context, term)), cells.percent(row), cells.percent_interval(row), counted(context, row),
             cells.n(row))
            for term, row in here.items()
            if row is not None
        )  # fmt: skip
        groups.append(RowGroup(context.wave(wave), rows))
    share, people = text("common.unit_share"), text("common.unit_people")
    return DisplayTable(
        id="denominators",
        title=text("denominators.table_title"),
        subtitle=text("denominators.table_subtitle"),
        columns=(
            TableColumn(text("common.wave"), "head"),
            TableColumn(text("denominators.of_whom_head"), "text"),
            TableColumn(text("denominators.share_head"), unit=share),
            TableColumn(text("common.interval", confidence=context.confidence), unit=share),
            TableColumn(text("denominators.answered_head"), unit=people),
            TableColumn(text("common.n"), unit=people),
        ),
        groups=tuple(groups),
        notes=(text("common.wilson_note"),),
        asset="response_flow",
        data=own,
    )


def of_step(context: ReportContext, flow: pd.DataFrame, wave: str) -> tuple[Cell, ...]:
    """Give who reached the step that the survey asks, and the share of them who answered; nothing without a step."""
    main = main_base(context)
    if main == ENROLLED:
        return ()
    row = single(flow, wave=wave, term=main)
    return (context.cells.n(row), context.cells.percent(row)) if row else (Cell(numbers.MISSING),) * 2


def step_columns(context: ReportContext) -> tuple[TableColumn, ...]:
    """Give the heads of what :func:`of_step` gives."""
    step = context.study.surveyed_step
    if step is None or main_base(context) == ENROLLED:
        return ()
    text, label = context.text, context.words(step.label)
    return (
        TableColumn(text("denominators.step_column", step=label), unit=text("common.unit_people")),
        TableColumn(text("denominators.step_share", step=label), unit=text("common.unit_share")),
    )


def counted(context: ReportContext, row: dict[str, Any]) -> Cell:
    """Write how many the share of a row counts."""
    hidden = is_suppressed(row)
    is_known = not hidden and pd.notna(row["estimate"])
    return context.cells.count(round(row["estimate"] * row["n"]) if is_known else None, is_suppressed=hidden)
