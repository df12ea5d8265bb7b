"""Published and recomputed: what others printed, what comes out again, what cannot, and what was assumed."""

from __future__ import annotations

from typing import Any

import pandas as pd

from increase_eval.reporting import numbers
from increase_eval.reporting.documents.chapter import Chapter
from increase_eval.reporting.documents.context import ReportContext
from increase_eval.reporting.published_figures import PublishedFigure, published_figures
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

STATUS_WORDS = {
    "reproduced": "published.reproduced",
    "reproduced by construction": "published.constructed",
    "differs": "published.differs",
}
KIND_WORDS = {
    "ordering": "published.kind_ordering",
    "direction": "published.kind_direction",
    "mapping": "published.kind_mapping",
    "caveat": "published.kind_caveat",
}


def published_content(context: ReportContext) -> dict[str, Any]:
    """Give what the chapter on published figures says."""
    figures = published_figures(context.study, context.language)
    table = context.tables["published_comparison"]
    printed = {row["outcome"]: row for row in records(table[table["term"] == "published"])}
    return {
        "counts": _counts(context, printed),
        "is_synthetic": context.study.is_synthetic,
        "compared": _compared(context, figures, printed, table),
        "not_computable": _not_computable(context, figures, printed),
        "not_a_number": _not_a_number(context, figures, printed),
        "contradictions": _contradictions(context, figures),
        "assumptions": _assumptions(context),
    }


def _counts(context: ReportContext, printed: dict[str, dict[str, Any]]) -> str:
    statuses = [str(row["status"]) for row in printed.values()]
    found = {
        "reproduced": sum(status.startswith("reproduced") for status in statuses),
        "differs": statuses.count("differs"),
        "not_computable": statuses.count("not computable"),
        "not_a_number": statuses.count("not a number"),
    }
    values = {name: context.count(count) for name, count in found.items()}
    return context.text("published.status_counts", all=context.count(len(statuses)), **values)


def _compared(
    context: ReportContext,
    figures: dict[str, PublishedFigure],
    printed: dict[str, dict[str, Any]],
    table: pd.DataFrame,
) -> DisplayTable:
    text = context.text
    again = {row["outcome"]: row for row in records(table[table["term"] == "recomputed"])}
    groups: dict[str, list[tuple[Cell, ...]]] = {}
    for own_id, recomputed in again.items():
        figure = figures[own_id]
        groups.setdefault(figure.source, []).append(_compared_row(context, figure, printed[own_id], recomputed))
    return DisplayTable(
        id="published_comparison",
        title=text("published.table_title"),
        subtitle=text("published.table_subtitle"),
        columns=(
            TableColumn(text("published.source_head"), "head"),
            TableColumn(text("published.figure_head"), "head"),
            TableColumn(text("published.printed_head")),
            TableColumn(text("published.rounding_head")),
            TableColumn(text("published.recomputed_head")),
            TableColumn(text("published.n_head")),
            TableColumn(text("published.interval_head")),
            TableColumn(text("published.status_head"), "text"),
        ),
        groups=tuple(RowGroup(_document(source), tuple(rows)) for source, rows in groups.items()),
        notes=(text("published.interval_note"), text("published.secret_note")),
        asset="published_comparison",
        data=table[table["outcome"].isin(list(again))],
    )


def _compared_row(
    context: ReportContext, figure: PublishedFigure, printed: dict[str, Any], recomputed: dict[str, Any]
) -> tuple[Cell, ...]:
    text, is_hidden = context.text, is_suppressed(recomputed)
    hidden, absent = Cell(SUPPRESSED_MARK, "suppressed"), Cell(numbers.MISSING, "absent")
    interval = absent
    if pd.notna(recomputed["conf_low"]):
        ends = recomputed["conf_low"], recomputed["conf_high"]
        interval = Cell(numbers.format_interval(*ends, 1, context.language, in_table=True))
    status = STATUS_WORDS.get(str(printed["status"]))
    return (
        Cell(figure.name),
        hidden if is_suppressed(printed) else Cell(figure.said(printed["estimate"], text)),
        hidden if is_suppressed(printed) else Cell(_rounding(context, figure, printed)),
        hidden if is_hidden else Cell(figure.said(recomputed["estimate"], text)),
        hidden if is_hidden else context.cells.count(recomputed["n"]),
        hidden if is_hidden else interval,
        Cell(text(status) if status else str(printed["status"])),
    )


def _rounding(context: ReportContext, figure: PublishedFigure, printed: dict[str, Any]) -> str:
    """Write the interval that the printed rounding allows; a missing end is open."""
    low, high = printed["conf_low"], printed["conf_high"]
    ends = [_end(context, end) for end in (low, high)]
    if pd.isna(low) and pd.isna(high):
        return context.text("published.any_value")
    if pd.isna(high):
        return context.text("published.at_least", low=ends[0])
    if pd.isna(low):
        return context.text("published.at_most", high=ends[1])
    if low == high:
        return figure.said(low, context.text)
    return f"{ends[0]}–{ends[1]}"


def _end(context: ReportContext, end: Any) -> str:
    if pd.isna(end):
        return ""
    digits = next((digits for digits in (0, 1, 2) if round(end, digits) == end), 2)
    return numbers.format_number(end, digits, context.language)


def _not_computable(
    context: ReportContext, figures: dict[str, PublishedFigure], printed: dict[str, dict[str, Any]]
) -> DisplayTable | None:
    plan, text = context.study.published, context.text
    groups = [
        RowGroup(
            context.words(group.reason),
            tuple(
                (Cell(figures[own_id].name), Cell(figures[own_id].said(printed[own_id]["estimate"], text)))
                for own_id in group.ids
            ),
        )
        for group in (plan.not_computable if plan is not None else ())
    ]
    if not groups:
        return None
    listed = [own_id for own_id, row in printed.items() if row["status"] == "not computable"]
    table = context.tables["published_comparison"]
    return DisplayTable(
        id="not_computable",
        title=text("published.not_computable_table_title"),
        columns=(
            TableColumn(text("published.reason_head"), "head"),
            TableColumn(text("published.figure_head"), "head"),
            TableColumn(text("published.printed_head")),
        ),
        groups=tuple(groups),
        asset="published_comparison",
        data=table[table["outcome"].isin(listed)],
    )


def _not_a_number(
    context: ReportContext, figures: dict[str, PublishedFigure], printed: dict[str, dict[str, Any]]
) -> DisplayTable | None:
    own = [figures[own_id] for own_id, row in printed.items() if row["status"] == "not a number"]
    if not own:
        return None
    text = context.text
    kinds = {kind: [figure for figure in own if figure.value_type == kind] for kind in KIND_WORDS}
    groups = tuple(
        RowGroup(text(KIND_WORDS[kind]), tuple((Cell(figure.name), _said(figure)) for figure in members))
        for kind, members in kinds.items()
        if members
    )
    data = pd.DataFrame({"id": [figure.id for figure in own], "published": [figure.value for figure in own]})
    return DisplayTable(
        id="not_a_number",
        title=text("published.not_a_number_table_title"),
        columns=(
            TableColumn(text("published.kind_head"), "head"),
            TableColumn(text("published.statement_head"), "text"),
            TableColumn(text("published.said_head"), "text"),
        ),
        groups=groups,
        asset="published_comparison",
        data=data,
    )


def _said(figure: PublishedFigure) -> Cell:
    """Write what was published, unless that is no more than the kind of statement."""
    is_said = figure.value not in ("definition", figure.value_type)
    return Cell(figure.value) if is_said else Cell(numbers.MISSING, "absent")


def _contradictions(context: ReportContext, figures: dict[str, PublishedFigure]) -> list[dict[str, str]]:
    plan = context.study.published
    return [
        {
            "reading": context.words(each.reading),
            "concerned": context.text(
                "published.concerned",
                figures=context.listed(
                    f"{figures[own_id].name} ({_document(figures[own_id].source)})" for own_id in each.ids
                ),
            ),
        }
        for each in (plan.contradictions if plan is not None else ())
    ]


def _assumptions(context: ReportContext) -> DisplayTable | None:
    """List what was assumed to draw the cohort; real data rest on none of it."""
    if context.study.assumptions is None or not context.study.is_synthetic:
        return None
    text, made = context.text, context.study.assumptions.assumptions
    rows = [[context.words(part) for part in (one.statement, one.chosen, one.feasible, one.why)] for one in made]
    heads = ("assumed", "chosen", "feasible", "why")
    return DisplayTable(
        id="assumptions",
        title=text("published.assumptions_table_title"),
        columns=(
            TableColumn(text("published.assumed_head"), "text"),
            TableColumn(text("published.chosen_head"), "text"),
            TableColumn(text("published.feasible_head"), "text"),
            TableColumn(text("published.why_head"), "text"),
        ),
        groups=plain_rows(rows),
        asset="contract: assumptions.yaml",
        data=pd.DataFrame(rows, columns=list(heads)),
    )


def _document(source: str) -> str:
    """Write the name of a document as it stands in ``published.csv``, without its underscores."""
    return source.replace("_", " ")


PUBLISHED = Chapter(
    id="published",
    title="published.title",
    template="published.html.j2",
    content=published_content,
    needs=frozenset({"published"}),
    tables=("published_comparison",),
    figures=("published",),
)
