"""The tables of the chapter on verdicts: one of verdicts a family, what could have been seen, and p values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd

from increase_eval.claims.clustering import OVER_SITES
from increase_eval.claims.identification import Attribution
from increase_eval.claims.identification.attribution import ASSUMED, IDENTIFIED, NOT_SEPARABLE
from increase_eval.claims.identification.attribution import NOT_ESTIMABLE as NOBODY
from increase_eval.claims.plan import NOT_RECORDED, POST_HOC
from increase_eval.claims.state_differences import STACKED, WALD
from increase_eval.claims.study_design import attributions_of
from increase_eval.claims.verdicts.result import (
    EFFECT_TERM,
    HELD,
    NONE,
)
from increase_eval.reporting import numbers
from increase_eval.reporting.documents.context import ReportContext
from increase_eval.reporting.documents.verdict_words import (
    UNITS,
    WORDS,
    amount,
    contrast_words,
    interval,
    outcome_words,
    size,
)
from increase_eval.reporting.tables import (
    SUPPRESSED_MARK,
    Cell,
    DisplayTable,
    RowGroup,
    TableColumn,
    is_suppressed,
    records,
)

LABELS = {
    IDENTIFIED: "verdicts.label_identified",
    ASSUMED: "verdicts.label_assumed",
    NOT_SEPARABLE: "verdicts.label_not_separable",
    NOBODY: "verdicts.label_not_estimable",
}

Row = dict[str, Any]
Heads = tuple[str, tuple[TableColumn, ...], str, tuple[str, ...]]
"""Title, columns, subtitle and notes of a table."""
P_TERMS = ("holm", "hochberg", "romano_wolf")


def comparison_rows(context: ReportContext) -> Iterator[dict[str, Row]]:
    """Give the rows of each comparison of the plan by term, in the plan's order."""
    table = context.table("verdicts")
    if table is None:
        return
    keys = ["by_family", "by_estimand", "contrast"]
    for _, own in table.groupby(keys, sort=False, observed=True, dropna=False):
        yield {str(row["term"]): row for row in records(own)}


def attributions(context: ReportContext) -> dict[str, Attribution]:
    """Give to what a difference of each contrast can be put down."""
    table = context.table("identification")
    return {} if table is None else attributions_of(table)


def attribution_of(known: dict[str, Attribution], parts: dict[str, Row]) -> Attribution:
    """Give to what a difference of one comparison can be put down."""
    return known.get(str(parts["difference"]["contrast"]), Attribution(NOBODY))


def comparison_table(
    context: ReportContext,
    comparisons: list[dict[str, Row]],
    table_id: str,
    heads: Callable[[ReportContext], Heads],
    cells: Callable[[ReportContext, dict[str, Row]], tuple[Cell, ...]],
) -> DisplayTable | None:
    """Give a table with one row a comparison, outcome and wave in the margin; None where nothing is compared."""
    if not comparisons:
        return None
    title, columns, subtitle, notes = heads(context)
    text = context.text
    exploratory = {family.id for family in context.study.analysis.families if family.exploratory}
    groups: dict[str, list[tuple[Cell, ...]]] = {}
    for parts in comparisons:
        row = parts["difference"]
        late = f" ({text('verdicts.exploratory')})" if row["by_family"] in exploratory else ""
        name = Cell(contrast_words(context, str(row["contrast"])))
        groups.setdefault(f"{_what(context, row)}{late}", []).append((name, *cells(context, parts)))
    return DisplayTable(
        id=table_id,
        title=title,
        subtitle=subtitle,
        columns=(
            TableColumn(text("verdicts.what_head"), "head"),
            TableColumn(text("verdicts.comparison_head"), "head"),
            *columns,
        ),
        groups=tuple(RowGroup(name, tuple(rows)) for name, rows in groups.items()),
        notes=notes,
        asset="verdicts",
        data=context.tables["verdicts"],
    )


def _what(context: ReportContext, row: Row) -> str:
    """Name outcome and wave of a comparison, and whether it was declared too late."""
    late = {POST_HOC: "verdicts.post_hoc", NOT_RECORDED: "verdicts.unrecorded"}.get(str(row["by_plan"]))
    name = f"{outcome_words(context, str(row['outcome']))}, {context.wave(str(row['wave']))}"
    return f"{name} ({context.text(late)})" if late else name


def family_tables(context: ReportContext, comparisons: list[dict[str, Row]]) -> Iterator[DisplayTable]:
    """Give one table of verdicts a family: short enough for a telephone, with outcome and wave in the margin."""
    text = context.text
    table = context.tables.get("verdicts")
    for family in context.study.analysis.families:
        own = [parts for parts in comparisons if parts["difference"]["by_family"] == family.id]
        if not own or table is None:
            continue
        groups: dict[str, list[tuple[Cell, ...]]] = {}
        for parts in own:
            row = parts["difference"]
            name = Cell(contrast_words(context, str(row["contrast"])))
            groups.setdefault(_what(context, row), []).append((name, *_verdict_cells(context, parts)))
        label = context.words(family.label) + (f" ({text('verdicts.exploratory')})" if family.exploratory else "")
        data = table[table["by_family"] == family.id]
        columns, notes = _verdict_heads(context, data)
        yield DisplayTable(
            id=f"verdicts-{family.id}",
            title=text("verdicts.family_title", family=label),
            subtitle=text("verdicts.table_subtitle"),
            columns=(
                TableColumn(text("verdicts.what_head"), "head"),
                TableColumn(text("verdicts.comparison_head"), "head"),
                *columns,
            ),
            groups=tuple(RowGroup(name, tuple(rows)) for name, rows in groups.items()),
            notes=notes,
            asset="verdicts",
            data=data,
        )


def _verdict_heads(context: ReportContext, data: pd.DataFrame) -> tuple[tuple[TableColumn, ...], tuple[str, ...]]:
    text = context.text
    columns = (
        TableColumn(text("common.n")),
        TableColumn(text("verdicts.estimate_head")),
        TableColumn(text("verdicts.interval_head")),
        TableColumn(text("verdicts.equivalence_head")),
        TableColumn(text("verdicts.margin_head")),
        TableColumn(text("verdicts.verdict_head"), "text"),
        TableColumn(text("verdicts.attribution_head"), "text"),
    )
    notes, is_share = [text("verdicts.table_note")], data["by_unit"].eq("share")
    notes += margin_notes(context, set(data["outcome"].dropna()))
    if (is_share & data["by_errors"].isin([OVER_SITES, STACKED])).any():
        notes.append(text("verdicts.standardised_note"))
    if data["by_errors"].eq(WALD).any():
        notes.append(text("verdicts.unadjusted_note"))
    if data["by_errors"].eq(OVER_SITES).any():
        notes.append(text("verdicts.clustered_note"))
    return columns, tuple(notes)


def margin_notes(context: ReportContext, outcomes: set[str]) -> Iterator[str]:
    """Say where the margins come from that the plan declares itself; those of scales stand beside the scales."""
    for margin in context.study.analysis.margins:
        if margin.scale in outcomes:
            name, source = outcome_words(context, margin.scale), context.words(margin.source).rstrip(".")
            yield context.text("verdicts.margin_note", outcome=name, source=source)


def _verdict_cells(context: ReportContext, parts: dict[str, Row]) -> tuple[Cell, ...]:
    row, unit = parts["difference"], parts["difference"]["by_unit"]
    attribution = context.text(LABELS[attribution_of(attributions(context), parts).label])
    if is_suppressed(row):
        hidden = Cell(SUPPRESSED_MARK, "suppressed")
        return (*(hidden,) * 6, Cell(attribution))
    margin = _value(parts, "margin")
    first = interval(context, row["conf_low"], row["conf_high"], unit, in_table=True)
    low, high = (_value(parts, "equivalence", end) for end in ("conf_low", "conf_high"))
    return (
        context.cells.count(row["n"]) if pd.notna(row["n"]) else _absent(),
        _measured(context, amount(context, row["estimate"], unit), row["estimate"], unit),
        _measured(context, first, row["conf_low"], None),
        _measured(context, interval(context, low, high, unit, in_table=True), low, None),
        _measured(context, size(context, margin, unit), margin, None),
        Cell(context.text(WORDS[str(row["verdict"])])),
        Cell(attribution),
    )


def seen_heads(context: ReportContext) -> Heads:
    """Give the heads of the table of what could have been seen."""
    text = context.text
    columns = (
        TableColumn(text("verdicts.detectable_head")),
        TableColumn(text("verdicts.provable_head")),
        TableColumn(text("verdicts.margin_head")),
        TableColumn(text("verdicts.reach_head"), "text"),
        TableColumn(text("verdicts.effect_head")),
    )
    return text("verdicts.seen_title"), columns, text("verdicts.seen_subtitle"), (text("verdicts.effect_note"),)


def seen_cells(context: ReportContext, parts: dict[str, Row]) -> tuple[Cell, ...]:
    """Give what could have been seen of one comparison."""
    unit = parts["difference"]["by_unit"]
    detectable, provable, margin = (_value(parts, name) for name in ("minimum_detectable", "smallest_margin", "margin"))
    if pd.isna(provable):
        return (_hidden_or_absent(parts),) * 5
    reach = "verdicts.no_margin"
    if pd.notna(margin):
        reach = "verdicts.within_reach" if provable <= margin else "verdicts.out_of_reach"
    return (
        _measured(context, size(context, detectable, unit), detectable, unit),
        _measured(context, size(context, provable, unit), provable, None),
        _measured(context, size(context, margin, unit), margin, None),
        Cell(context.text(reach)),
        effect_cell(context, parts),
    )


def effect_cell(context: ReportContext, parts: dict[str, Row]) -> Cell:
    """Write the design effect of a comparison: a star where the error does not hold it."""
    effect = _value(parts, EFFECT_TERM)
    if pd.isna(effect):
        return _absent()
    star = "" if parts[EFFECT_TERM]["method"] in (HELD, NONE) else "*"
    return Cell(f"{numbers.format_number(effect, 2, context.language)}{star}")


def p_heads(context: ReportContext) -> Heads:
    """Give the heads of the table of p values."""
    text = context.text
    columns = (
        TableColumn(text("verdicts.p_plain_head")),
        TableColumn(text("verdicts.holm_head")),
        TableColumn(text("verdicts.hochberg_head")),
        TableColumn(text("verdicts.romano_wolf_head")),
        TableColumn(text("verdicts.p_equivalence_head")),
    )
    return text("verdicts.p_title"), columns, text("verdicts.p_subtitle"), ()


def p_cells(context: ReportContext, parts: dict[str, Row]) -> tuple[Cell, ...]:
    """Give the p values of one comparison."""
    found = [_value(parts, term, "p_value") for term in ("difference", *P_TERMS, "equivalence")]
    if is_suppressed(parts["difference"]):
        return (_hidden_or_absent(parts),) * len(found)
    return tuple(_measured(context, numbers.format_p(p, context.language), p, None) for p in found)


def _hidden_or_absent(parts: dict[str, Row]) -> Cell:
    return Cell(SUPPRESSED_MARK, "suppressed") if is_suppressed(parts["difference"]) else _absent()


def _value(parts: dict[str, Row], term: str, column: str = "estimate") -> Any:
    return parts[term][column] if term in parts else float("nan")


def _measured(context: ReportContext, text: str, value: Any, unit: Any) -> Cell:
    if pd.isna(value):
        return _absent()
    return Cell(f"{text} {context.text(UNITS[unit])}" if unit else text)


def _absent() -> Cell:
    return Cell(numbers.MISSING, "absent")
