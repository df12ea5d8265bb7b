"""What can be said of each comparison of the plan: verdicts, what they can be put down to, and what could be seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd

from increase_eval.claims.identification import Attribution
from increase_eval.claims.identification.attribution import ASSUMED, IDENTIFIED, NOT_SEPARABLE
from increase_eval.claims.identification.attribution import NOT_ESTIMABLE as NOBODY
from increase_eval.claims.plan import DECLARED, NOT_RECORDED, POST_HOC
from increase_eval.claims.study_design import attributions_of
from increase_eval.claims.study_verdicts import OVER_SITES
from increase_eval.claims.verdicts.result import DIFFERENT, EQUIVALENT, INCONCLUSIVE, NOT_ESTIMABLE, SMALLER
from increase_eval.reporting import numbers
from increase_eval.reporting.documents.chapter import Chapter
from increase_eval.reporting.documents.context import ReportContext
from increase_eval.reporting.documents.verdict_words import (
    UNITS,
    WORDS,
    amount,
    attribution_sentence,
    attribution_words,
    contrast_words,
    interval,
    outcome_words,
    size,
    verdict_sentence,
)
from increase_eval.reporting.tables import (
    SUPPRESSED_MARK,
    Cell,
    DisplayTable,
    RowGroup,
    TableColumn,
    is_suppressed,
    plain_rows,
    records,
)

DIGEST_SHOWN = 12
MOST_SENTENCES = 4
"""So many headline comparisons are told one by one on the first page; more are counted."""

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


def verdicts_content(context: ReportContext) -> dict[str, Any]:
    """Give what the chapter on verdicts says."""
    comparisons = list(comparison_rows(context))
    return {
        "comparisons": bool(comparisons),
        "is_drawn": "verdicts" in context.figures,
        "plan": _plan_sentences(context),
        "design": _design_table(context),
        "summary": count_sentence(context, [parts["difference"] for parts in comparisons]) if comparisons else "",
        "verdicts": _table(context, comparisons, "verdicts", _verdict_heads, _verdict_cells),
        "seen": _table(context, comparisons, "could_be_seen", _seen_heads, _seen_cells),
        "p_values": _table(context, comparisons, "verdict_p_values", _p_heads, _p_cells),
    }


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


def headline_sentences(context: ReportContext) -> list[str]:
    """Give what the first page may say of the arms: a few comparisons one by one, more of them counted."""
    headline = {one.id for one in context.study.analysis.estimands if one.headline}
    claims = {family.id for family in context.study.analysis.families if not family.exploratory}
    found = [
        parts
        for parts in comparison_rows(context)
        if parts["difference"]["by_estimand"] in headline and parts["difference"]["by_family"] in claims
    ]
    known = attributions(context)
    if not found:
        return []
    if len(found) <= MOST_SENTENCES:
        return [verdict_sentence(context, parts, _attribution(known, parts)) for parts in found]
    rows = [parts["difference"] for parts in found]
    same: dict[str, dict[str, None]] = {}
    for parts in found:
        name = contrast_words(context, str(parts["difference"]["contrast"]))
        same.setdefault(attribution_sentence(context, _attribution(known, parts)), {})[name] = None
    due = [
        context.text("verdicts.of_contrasts", contrasts=context.listed(names), sentence=sentence)
        for sentence, names in same.items()
    ]
    return [count_sentence(context, rows), *due]


def count_sentence(context: ReportContext, rows: list[Row]) -> str:
    """Count the verdicts of some comparisons."""
    words = {
        "different": DIFFERENT,
        "equivalent": EQUIVALENT,
        "smaller": SMALLER,
        "inconclusive": INCONCLUSIVE,
        "not_estimable": NOT_ESTIMABLE,
    }
    told = [row for row in rows if pd.notna(row["verdict"])]
    counts = {name: context.count(sum(row["verdict"] == word for row in told)) for name, word in words.items()}
    return context.text("verdicts.count_summary", count=context.count(len(told)), **counts)


def _attribution(known: dict[str, Attribution], parts: dict[str, Row]) -> Attribution:
    return known.get(str(parts["difference"]["contrast"]), Attribution(NOBODY))


def _plan_sentences(context: ReportContext) -> list[str]:
    plan = context.table("analysis_plan")
    if plan is None:
        return []
    count = context.count(len(plan))
    if (plan["status"] == NOT_RECORDED).all():
        return [context.text("verdicts.plan_unrecorded", count=count)]
    declared = plan[plan["status"] == DECLARED]
    days = declared["recorded_on"].dropna()
    digest = str(plan["plan_hash"].iloc[0])[:DIGEST_SHOWN]
    day = days.min() if len(days) else numbers.MISSING
    sentences = [context.text("verdicts.plan_recorded", count=count, day=str(day), digest=digest)]
    late = plan[plan["status"] == POST_HOC]
    if len(late):
        names = [
            f"{outcome_words(context, row['outcome'])}, {context.wave(row['wave'])}, "
            f"{contrast_words(context, row['contrast'])}"
            for row in records(late)
        ]
        sentences.append(context.text("verdicts.plan_post_hoc", comparisons=context.listed(names)))
    return sentences


def _design_table(context: ReportContext) -> DisplayTable | None:
    table, known = context.table("identification"), attributions(context)
    if table is None or not known:
        return None
    rows = [[contrast_words(context, name), attribution_words(context, one)] for name, one in known.items()]
    return DisplayTable(
        id="identification",
        title=context.text("verdicts.design_title"),
        columns=(
            TableColumn(context.text("verdicts.comparison_head"), "head"),
            TableColumn(context.text("verdicts.design_head"), "text"),
        ),
        groups=plain_rows(rows),
        asset="identification",
        data=table,
    )


def _table(
    context: ReportContext,
    comparisons: list[dict[str, Row]],
    table_id: str,
    heads: Callable[[ReportContext], Heads],
    cells: Callable[[ReportContext, dict[str, Row]], tuple[Cell, ...]],
) -> DisplayTable | None:
    if not comparisons:
        return None
    title, columns, subtitle, notes = heads(context)
    labels = {family.id: family for family in context.study.analysis.families}
    groups: dict[str, list[tuple[Cell, ...]]] = {}
    for parts in comparisons:
        row = parts["difference"]
        head = (Cell(contrast_words(context, str(row["contrast"]))), Cell(_what(context, row)))
        groups.setdefault(str(row["by_family"]), []).append((*head, *cells(context, parts)))
    named = {
        name: context.words(labels[name].label)
        + (f" ({context.text('verdicts.exploratory')})" if labels[name].exploratory else "")
        for name in groups
    }
    text = context.text
    return DisplayTable(
        id=table_id,
        title=title,
        subtitle=subtitle,
        columns=(
            TableColumn(text("verdicts.family_head"), "head"),
            TableColumn(text("verdicts.comparison_head"), "head"),
            TableColumn(text("verdicts.what_head"), "text"),
            *columns,
        ),
        groups=tuple(RowGroup(named[name], tuple(rows)) for name, rows in groups.items()),
        notes=notes,
        asset="verdicts",
        data=context.tables["verdicts"],
    )


def _what(context: ReportContext, row: Row) -> str:
    """Name outcome and wave of a comparison, and whether it was declared too late."""
    late = {POST_HOC: "verdicts.post_hoc", NOT_RECORDED: "verdicts.unrecorded"}.get(str(row["by_plan"]))
    name = f"{outcome_words(context, str(row['outcome']))}, {context.wave(str(row['wave']))}"
    return f"{name} ({context.text(late)})" if late else name


def _verdict_heads(context: ReportContext) -> Heads:
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
    notes = [text("verdicts.table_note")]
    if context.tables["verdicts"]["by_errors"].eq(OVER_SITES).any():
        notes.append(text("verdicts.clustered_note"))
    return text("verdicts.table_title"), columns, text("verdicts.table_subtitle"), tuple(notes)


def _verdict_cells(context: ReportContext, parts: dict[str, Row]) -> tuple[Cell, ...]:
    row, unit = parts["difference"], parts["difference"]["by_unit"]
    attribution = context.text(LABELS[_attribution(attributions(context), parts).label])
    if is_suppressed(row):
        hidden = Cell(SUPPRESSED_MARK, "suppressed")
        return (*(hidden,) * 6, Cell(attribution))
    margin = _value(parts, "margin")
    low, high = (_value(parts, "equivalence", end) for end in ("conf_low", "conf_high"))
    return (
        context.cells.count(row["n"]) if pd.notna(row["n"]) else _absent(),
        _measured(context, amount(context, row["estimate"], unit), row["estimate"], unit),
        _measured(context, interval(context, row["conf_low"], row["conf_high"], unit), row["conf_low"], None),
        _measured(context, interval(context, low, high, unit), low, None),
        _measured(context, size(context, margin, unit), margin, None),
        Cell(context.text(WORDS[str(row["verdict"])])),
        Cell(attribution),
    )


def _seen_heads(context: ReportContext) -> Heads:
    text = context.text
    columns = (
        TableColumn(text("verdicts.detectable_head")),
        TableColumn(text("verdicts.provable_head")),
        TableColumn(text("verdicts.margin_head")),
        TableColumn(text("verdicts.reach_head"), "text"),
    )
    return text("verdicts.seen_title"), columns, text("verdicts.seen_subtitle"), ()


def _seen_cells(context: ReportContext, parts: dict[str, Row]) -> tuple[Cell, ...]:
    unit = parts["difference"]["by_unit"]
    detectable, provable, margin = (_value(parts, name) for name in ("minimum_detectable", "smallest_margin", "margin"))
    if pd.isna(provable):
        return (_absent(),) * 4
    reach = "verdicts.no_margin"
    if pd.notna(margin):
        reach = "verdicts.within_reach" if provable <= margin else "verdicts.out_of_reach"
    return (
        _measured(context, size(context, detectable, unit), detectable, unit),
        _measured(context, size(context, provable, unit), provable, None),
        _measured(context, size(context, margin, unit), margin, None),
        Cell(context.text(reach)),
    )


def _p_heads(context: ReportContext) -> Heads:
    text = context.text
    columns = (
        TableColumn(text("verdicts.p_plain_head")),
        TableColumn(text("verdicts.holm_head")),
        TableColumn(text("verdicts.hochberg_head")),
        TableColumn(text("verdicts.romano_wolf_head")),
        TableColumn(text("verdicts.p_equivalence_head")),
    )
    return text("verdicts.p_title"), columns, text("verdicts.p_subtitle"), ()


def _p_cells(context: ReportContext, parts: dict[str, Row]) -> tuple[Cell, ...]:
    found = [_value(parts, term, "p_value") for term in ("difference", *P_TERMS, "equivalence")]
    return tuple(_measured(context, numbers.format_p(p, context.language), p, None) for p in found)


def _value(parts: dict[str, Row], term: str, column: str = "estimate") -> Any:
    return parts[term][column] if term in parts else float("nan")


def _measured(context: ReportContext, text: str, value: Any, unit: Any) -> Cell:
    if pd.isna(value):
        return _absent()
    return Cell(f"{text} {context.text(UNITS[unit])}" if unit else text)


def _absent() -> Cell:
    return Cell(numbers.MISSING, "absent")


VERDICTS_CHAPTER = Chapter(
    id="verdicts",
    title="verdicts.title",
    template="verdicts.html.j2",
    content=verdicts_content,
    optional_tables=("verdicts", "identification", "analysis_plan"),
    figures=("verdicts",),
)
