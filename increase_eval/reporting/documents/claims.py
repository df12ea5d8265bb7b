"""What came of every published claim, and which numbers of people fit all of them at once."""

from __future__ import annotations

from typing import Any

import pandas as pd

from increase_eval.claims.ledger import (
    DIFFERS,
    INFEASIBLE,
    NOT_COMPUTABLE,
    NOT_IDENTIFIED,
    REGENERATED,
    SHOWN,
    claim_reason,
)
from increase_eval.reporting import numbers
from increase_eval.reporting.documents.chapter import Chapter
from increase_eval.reporting.documents.context import ReportContext
from increase_eval.reporting.documents.exhibits import where_it_stands
from increase_eval.reporting.published_figures import PublishedFigure, published_figures
from increase_eval.reporting.tables import (
    SUPPRESSED_MARK,
    Cell,
    DisplayTable,
    RowGroup,
    TableColumn,
    is_suppressed,
    records,
)

STATUS_WORDS = {
    REGENERATED: "claims.regenerated",
    DIFFERS: "claims.differs",
    INFEASIBLE: "claims.infeasible",
    NOT_IDENTIFIED: "claims.not_identified",
    NOT_COMPUTABLE: "claims.not_computable",
}


def claims_content(context: ReportContext) -> dict[str, Any]:
    """Give what the chapter on published claims says."""
    ledger = context.tables["claims_ledger"]
    feasible = context.table("feasible_counts")
    return {
        "counts": _counts(context, ledger),
        "is_synthetic": context.study.is_synthetic,
        "ledger": _ledger(context, ledger),
        "feasible": None if feasible is None else _feasible(context, feasible),
        "readings": None if feasible is None else _readings(context, feasible),
    }


def _counts(context: ReportContext, ledger: pd.DataFrame) -> str:
    found = {key.partition(".")[2]: int((ledger["status"] == status).sum()) for status, key in STATUS_WORDS.items()}
    values = {name: context.count(count) for name, count in found.items()}
    return context.text("claims.counts", all=context.count(len(ledger)), **values)


def _ledger(context: ReportContext, ledger: pd.DataFrame) -> DisplayTable:
    text, figures = context.text, published_figures(context.study, context.language)
    compared = context.table("published_comparison")
    again = {}
    if compared is not None:
        again = {row["outcome"]: row for row in records(compared[compared["term"] == "recomputed"])}
    groups: dict[str, list[tuple[Cell, ...]]] = {}
    for row in records(ledger):
        figure = figures[row["claim"]]
        cells = _ledger_row(context, figure, row, again.get(row["claim"]))
        groups.setdefault(figure.source.replace("_", " "), []).append(cells)
    return DisplayTable(
        id="claims_ledger",
        title=text("claims.ledger_title"),
        columns=(
            TableColumn(text("claims.source_head"), "head"),
            TableColumn(text("claims.claim_head"), "head"),
            TableColumn(text("claims.printed_head"), "text"),
            TableColumn(text("claims.recomputed_head"), "text"),
            TableColumn(text("claims.n_head")),
            TableColumn(text("claims.status_head"), "text"),
            TableColumn(text("claims.verdict_head"), "text"),
            TableColumn(text("claims.where_head"), "text"),
        ),
        groups=tuple(RowGroup(name, tuple(rows)) for name, rows in groups.items()),
        notes=(text("claims.note"),),
        asset="claims_ledger",
        data=ledger,
    )


def _ledger_row(
    context: ReportContext, figure: PublishedFigure, row: dict[str, Any], found: dict[str, Any] | None
) -> tuple[Cell, ...]:
    absent, hidden = Cell(numbers.MISSING, "absent"), Cell(SUPPRESSED_MARK, "suppressed")
    value: tuple[Cell, Cell] = (absent, absent)
    if found is not None and is_suppressed(found):
        value = (hidden, hidden)
    elif found is not None:
        said = figure.said(found["estimate"], context.text)
        if pd.notna(found["conf_low"]):
            ends = found["conf_low"], found["conf_high"]
            said = numbers.beside(said, numbers.format_interval(*ends, 1, context.language, in_table=True))
        value = (Cell(said), context.cells.count(found["n"]))
    return (
        Cell(figure.name),
        _printed(context, figure),
        *value,
        Cell(context.text(STATUS_WORDS[row["status"]])),
        _test(context, row),
        _where(context, row),
    )


def _where(context: ReportContext, row: dict[str, Any]) -> Cell:
    """Name the stored table and figure with the numbers, linked to where they stand; else why nothing came of it."""
    named = [(kind, str(row[kind])) for kind in ("asset", "figure") if pd.notna(row[kind])]
    if named:
        return Cell(" / ".join(f"{name}{_link(kind, name)}" for kind, name in named))
    plan = context.study.published
    reason = None if plan is None else claim_reason(plan, str(row["claim"]))
    if reason is not None:
        return Cell(context.words(reason))
    return Cell(context.text("claims.no_rule")) if row["status"] == NOT_COMPUTABLE else Cell(numbers.MISSING, "absent")


def _link(kind: str, name: str) -> str:
    # Some claims rest on the contract itself, which no table of the page shows.
    return where_it_stands("figure" if kind == "figure" else "asset", name) if name.isidentifier() else ""


def _printed(context: ReportContext, figure: PublishedFigure) -> Cell:
    number = pd.to_numeric(pd.Series([figure.value]), errors="coerce").iloc[0]
    if pd.notna(number):
        return Cell(figure.said(number, context.text))
    is_said = figure.value not in ("definition", figure.value_type)
    return Cell(figure.value) if is_said else Cell(numbers.MISSING, "absent")


def _test(context: ReportContext, row: dict[str, Any]) -> Cell:
    """Say what the test of a claim showed, and how many of its estimates, method by method, are rises."""
    words = [said for said in (_verdict(context, row), _rises(context, row)) if said]
    return Cell(context.listed(words)) if words else Cell(numbers.MISSING, "absent")


def _verdict(context: ReportContext, row: dict[str, Any]) -> str:
    if pd.isna(row["verdict"]):
        return ""
    if pd.isna(row["p_value"]):
        return context.text("claims.not_shown_bare")
    key = "claims.shown" if row["verdict"] == SHOWN else "claims.not_shown"
    return context.text(key, p=numbers.format_p(row["p_value"], context.language))


def _rises(context: ReportContext, row: dict[str, Any]) -> str:
    if pd.isna(row["robustness"]):
        return ""
    parts = [part.rpartition(" ")[2].split("/") for part in str(row["robustness"]).split(", ")]
    return context.listed(context.text("claims.held", held=held, all=total) for held, total in parts)


def _feasible(context: ReportContext, feasible: pd.DataFrame) -> DisplayTable:
    text = context.text
    counts = feasible[feasible["item"] == "count"]
    rows = {(row["id"], row["reading"]): row for row in records(counts)}
    cells = tuple(
        (
            Cell(name),
            Cell(_values(context, rows[count, "taken"])),
            Cell(_values(context, rows[count, "any"])),
        )
        for count, name in _labels(context).items()
    )
    return DisplayTable(
        id="feasible_counts",
        title=text("claims.feasible_table_title"),
        columns=(
            TableColumn(text("claims.count_head"), "head"),
            TableColumn(text("claims.taken_head"), "text"),
            TableColumn(text("claims.any_head"), "text"),
        ),
        groups=(RowGroup(None, cells),),
        asset="feasible_counts",
        data=counts,
    )


def _values(context: ReportContext, row: dict[str, Any]) -> str:
    """Write every value of a count where they are listed, else its range."""
    if row["status"] == "contradiction":
        return context.text("claims.contradiction")
    low = numbers.format_count(row["low"], context.language)
    if row["status"] == "unbounded":
        return context.text("claims.unbounded", low=low)
    if pd.notna(row["values"]):
        parts = str(row["values"]).replace("-", "–").split(", ")
        return context.listed(parts)
    return context.text("claims.from_to", low=low, high=numbers.format_count(row["high"], context.language))


def _readings(context: ReportContext, feasible: pd.DataFrame) -> DisplayTable | None:
    plan = context.study.published
    if plan is None or plan.counts is None or not plan.counts.choices:
        return None
    text, options = context.text, feasible[feasible["item"] == "option"]
    words = {
        f"{choice.id}={option.id}": context.words(option.label)
        for choice in plan.counts.choices
        for option in choice.options
    }
    found = {f"{row['id']}={row['option']}": row for row in records(options)}
    groups = tuple(
        RowGroup(
            context.words(choice.label),
            tuple(
                _reading_cells(context, words[key], found[key], words)
                for key in (f"{choice.id}={option.id}" for option in choice.options)
            ),
        )
        for choice in plan.counts.choices
    )
    return DisplayTable(
        id="feasible_readings",
        title=text("claims.readings_table_title"),
        columns=(
            TableColumn(text("claims.choice_head"), "head"),
            TableColumn(text("claims.option_head"), "head"),
            TableColumn(text("claims.possible_head"), "text"),
            TableColumn(text("claims.against_head"), "text"),
        ),
        groups=groups,
        asset="feasible_counts",
        data=options,
    )


def _reading_cells(
    context: ReportContext, name: str, row: dict[str, Any], words: dict[str, str]
) -> tuple[Cell, Cell, Cell]:
    absent = Cell(numbers.MISSING, "absent")
    if row["status"] == "impossible":
        return Cell(name), Cell(context.text("claims.impossible")), Cell(_against(context, str(row["statements"])))
    if pd.notna(row["values"]):
        needed = context.listed(words[one] for one in str(row["values"]).split(", "))
        return Cell(name), Cell(context.text("claims.possible_with", options=needed)), absent
    return Cell(name), Cell(context.text("claims.possible")), absent


def _against(context: ReportContext, statements: str) -> str:
    """Name the figures and relations that contradict a reading."""
    figures = published_figures(context.study, context.language)
    plan = context.study.published
    relations = plan.counts.statements if plan is not None and plan.counts is not None else ()
    labels = {one.id: context.words(one.label) for one in relations if one.id and one.label}
    names = []
    for statement in statements.split(", "):
        figure = figures.get(statement)
        names.append(
            labels.get(statement, statement) if figure is None else f"{figure.name} ({_printed(context, figure).text})"
        )
    return context.listed(names)


def _labels(context: ReportContext) -> dict[str, str]:
    plan = context.study.published
    return {one.id: context.words(one.label) for one in (plan.counts.unknowns if plan and plan.counts else ())}


CLAIMS = Chapter(
    id="claims",
    title="claims.title",
    template="claims.html.j2",
    content=claims_content,
    needs=frozenset({"published"}),
    tables=("claims_ledger",),
    optional_tables=("feasible_counts", "published_comparison"),
)
