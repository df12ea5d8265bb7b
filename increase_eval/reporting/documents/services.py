"""The service's own counts: how many reached each step and outcome, which targets were met, and what does not fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from increase_eval.reporting import numbers
from increase_eval.reporting.documents.chapter import Chapter
from increase_eval.reporting.documents.context import TOTAL, ReportContext
from increase_eval.reporting.documents.reconciling import exceptions_table, reconciled_sentence, rules_table
from increase_eval.reporting.documents.results import total_rows
from increase_eval.reporting.tables import Cell, DisplayTable, RowGroup, TableColumn, is_suppressed, records, single
from increase_eval.study.services import PathwayStep, ServiceStatistics
from increase_eval.study.structure import Level

ANY = "any"
OF = "of "


def services_content(context: ReportContext) -> dict[str, Any]:
    """Give what the chapter on the service's counts says."""
    return {
        "sentences": list(_sentences(context)),
        "pathway": _pathway_table(context),
        "units": _units_table(context, "pathway", steps_of(context, "funnel")),
        "outcomes": _outcomes_table(context),
        "overlap": _overlap(context),
        "units_outcomes": _units_table(context, "service_outcomes", steps_of(context, "outcome")),
        "targets": _targets_table(context),
        "reconciled": reconciled_sentence(context),
        "rules": rules_table(context),
        "exceptions": exceptions_table(context),
        "places": _places_table(context),
        "no_places": _no_places(context),
    }


def services_of(context: ReportContext) -> ServiceStatistics:
    """Give the contract's service statistics, which the chapter needs."""
    if context.study.services is None:
        raise ValueError(f"study {context.study.id!r} has no service statistics to tell of")
    return context.study.services


def steps_of(context: ReportContext, kind: str) -> tuple[PathwayStep, ...]:
    """Give the steps of a kind, in order."""
    return tuple(step for step in services_of(context).steps if step.kind == kind)


def step_name(context: ReportContext, step_id: str) -> str:
    """Give the name of a step."""
    labels = {step.id: context.words(step.label) for step in services_of(context).steps}
    return context.text("services.any_outcome") if step_id == ANY else labels.get(step_id, step_id)


def service_level(context: ReportContext) -> Level:
    """Give the level whose units the service counts by."""
    return next(level for level in context.study.head.levels if level.id == services_of(context).level)


def _sentences(context: ReportContext) -> Iterator[str]:
    counts = total_rows(context.tables["pathway"])
    steps = steps_of(context, "funnel")
    asked = {wave.among_step for wave in context.study.head.waves}
    meant = [step for step in steps if step.id in asked] or list(steps)
    first, last = (single(counts, term=step.id, contrast="count") for step in (steps[0], meant[-1]))
    if first and last and not is_suppressed(first) and not is_suppressed(last) and first["estimate"]:
        yield context.text(
            "services.funnel",
            engaged=context.count(first["estimate"]),
            first=context.words(steps[0].label),
            last=context.words(meant[-1].label),
            last_count=context.count(last["estimate"]),
            last_share=numbers.format_percent(last["estimate"] / first["estimate"], context.language, digits=1),
        )
    for name, key in (("service_ledger", "services.rows_read"), ("cost_ledger", "services.cost_rows_read")):
        ledger = context.table(name)
        if ledger is not None and len(ledger):
            sums = {name: ledger[name].sum() for name in ("rows_read", "accepted", "duplicate", "quarantined")}
            told = {("rows" if name == "rows_read" else name): context.count(value) for name, value in sums.items()}
            yield context.text(key, sheets=context.count(len(ledger)), **told)


def _pathway_table(context: ReportContext) -> DisplayTable:
    own, text, cells = total_rows(context.tables["pathway"]), context.text, context.cells
    steps = steps_of(context, "funnel")
    start = single(own, term=steps[0].id, contrast="count")
    rows = []
    for place, step in enumerate(steps):
        row = single(own, term=step.id, contrast="count")
        before = single(own, term=step.id, contrast=f"{OF}{steps[place - 1].id}") if place else None
        if row is not None:
            of_before = cells.percent(before) if before else Cell(numbers.MISSING, "absent")
            rows.append(
                (Cell(context.words(step.label)), cells.estimate_count(row), of_before, _of_first(context, row, start))
            )
    people, share = text("common.unit_people"), text("common.unit_share")
    return DisplayTable(
        id="pathway",
        title=text("services.pathway_table_title"),
        subtitle=text("services.pathway_subtitle"),
        columns=(
            TableColumn(text("services.step_head"), "head"),
            TableColumn(text("services.people_head"), unit=people),
            TableColumn(text("services.of_before_head"), unit=share),
            TableColumn(text("services.of_first_head"), unit=share),
        ),
        groups=(RowGroup(None, tuple(rows)),),
        asset="pathway",
        data=own,
    )


def _of_first(context: ReportContext, row: dict[str, Any], start: dict[str, Any] | None) -> Cell:
    is_known = start is not None and pd.notna(start["estimate"]) and start["estimate"] > 0
    share = row["estimate"] / start["estimate"] if start is not None and is_known else None
    return context.cells.percent(row | {"estimate": share})


def _units_table(context: ReportContext, name: str, steps: Sequence[PathwayStep]) -> DisplayTable:
    level, text = service_level(context), context.text
    by = f"by_{level.column}"
    table = context.tables[name]
    own = table[(table["contrast"] == "count") & (table["term"] != ANY)]
    units = [unit.id for unit in level.units if (own[by] == unit.id).any()]
    rows = tuple(
        (Cell(context.unit(level.id, unit)), *_counts(context, own[own[by] == unit], steps)) for unit in (*units, TOTAL)
    )
    is_pathway = name == "pathway"
    return DisplayTable(
        id=f"{name}_by_unit",
        title=text("services.units_table_title") if is_pathway else text("services.units_outcomes_title"),
        subtitle=text("services.units_subtitle") if is_pathway else text("services.units_outcomes_subtitle"),
        columns=(TableColumn(context.words(level.label), "head"), *_step_columns(context, steps)),
        groups=(RowGroup(None, rows),),
        asset=name,
        data=own,
    )


def _step_columns(context: ReportContext, steps: Sequence[PathwayStep]) -> Iterator[TableColumn]:
    for step in steps:
        yield TableColumn(context.words(step.label), unit=context.text("common.unit_people"))


def _counts(context: ReportContext, rows: pd.DataFrame, steps: Sequence[PathwayStep]) -> Iterator[Cell]:
    for step in steps:
        row = single(rows, term=step.id)
        yield context.cells.estimate_count(row) if row else Cell(numbers.MISSING, "absent")


def _outcomes_table(context: ReportContext) -> DisplayTable:
    own, text, cells = total_rows(context.tables["service_outcomes"]), context.text, context.cells
    shares = [contrast for contrast in dict.fromkeys(own["contrast"]) if str(contrast).startswith(OF)]
    rows = []
    for outcome in (*(step.id for step in steps_of(context, "outcome")), ANY):
        found = [single(own, term=outcome, contrast=contrast) for contrast in ("count", *shares)]
        count, *of_steps = (row or {"estimate": None} for row in found)
        name = Cell(step_name(context, outcome))
        rows.append((name, cells.estimate_count(count), *(cells.percent(row) for row in of_steps)))
    heads = [
        TableColumn(
            text("services.of_step_head", step=step_name(context, str(contrast).removeprefix(OF))),
            unit=text("common.unit_share"),
        )
        for contrast in shares
    ]
    return DisplayTable(
        id="service_outcomes",
        title=text("services.outcomes_table_title"),
        subtitle=text("services.outcomes_subtitle"),
        columns=(
            TableColumn(text("services.outcome_head"), "head"),
            TableColumn(text("services.outcome_count_head"), unit=text("common.unit_people")),
            *heads,
        ),
        groups=(RowGroup(None, tuple(rows)),),
        notes=(text("services.any_note"),),
        asset="service_outcomes",
        data=own,
    )


def _overlap(context: ReportContext) -> list[str]:
    """Say whether outcomes may be added up, pair by pair where they may not."""
    table = context.table("outcome_overlap")
    if table is None:
        return []
    if (table["estimate"] == 0).all():
        return [context.text("services.overlap_none")]
    sentences = [context.text("services.overlap_some")]
    for row in records(table):
        first, second = str(row["term"]).split(" and ")
        names = {"first": step_name(context, first), "second": step_name(context, second)}
        sentences.append(context.text("services.overlap_one", both=context.count(row["estimate"]), **names))
    return sentences


def _targets_table(context: ReportContext) -> DisplayTable | None:
    table = context.table("targets")
    if table is None:
        return None
    text, cells = context.text, context.cells
    groups = []
    for target in services_of(context).targets:
        readings = {"as stated": text("services.as_stated", steps=_steps_named(context, target.steps))}
        readings |= {reading.id: context.words(reading.label) for reading in target.readings}
        found = {name: single(table, outcome=target.id, term=name) for name in readings}
        rows = tuple(
            (
                Cell(readings[name]),
                Cell(context.count(target.value)),
                cells.estimate_count(row),
                cells.percent(row | {"estimate": row["statistic"]}),
                _verdict(context, row),
            )
            for name, row in found.items()
            if row is not None
        )
        groups.append(RowGroup(context.words(target.label), rows))
    return DisplayTable(
        id="targets",
        title=text("services.targets_table_title"),
        subtitle=text("services.targets_subtitle"),
        columns=(
            TableColumn(text("services.target_head"), "head"),
            TableColumn(text("services.reading_head"), "text"),
            TableColumn(text("services.target_value_head"), unit=text("common.unit_people")),
            TableColumn(text("services.reached_head"), unit=text("common.unit_people")),
            TableColumn(text("services.target_share_head"), unit=text("common.unit_share")),
            TableColumn(text("services.verdict_head"), "text"),
        ),
        groups=tuple(groups),
        asset="targets",
        data=table,
    )


def _steps_named(context: ReportContext, steps: Sequence[str]) -> str:
    return " + ".join(step_name(context, step) for step in steps)


def _verdict(context: ReportContext, row: dict[str, Any]) -> Cell:
    if pd.isna(row["verdict"]):
        return context.cells.count(None, is_suppressed=is_suppressed(row))
    return Cell(context.text("services.met") if row["verdict"] == "met" else context.text("services.not_met"))


def _places_table(context: ReportContext) -> DisplayTable | None:
    table, site = context.table("pathway_by_place"), context.study.site_level
    if table is None or site is None:
        return None
    level, steps = service_level(context), steps_of(context, "funnel")
    by, by_unit = f"by_{site.column}", f"by_{level.column}"
    own = table[table[by_unit] == TOTAL] if by_unit != by else table
    parents = {unit.id: unit.parent if site.nested_in == level.id else None for unit in site.units}
    groups = []
    for parent in dict.fromkeys(parents.values()):
        places = [place for place in parents if parents[place] == parent and (own[by] == place).any()]
        rows = tuple(
            (Cell(context.unit(site.id, place)), *_counts(context, own[own[by] == place], steps)) for place in places
        )
        if rows:
            groups.append(RowGroup(context.unit(level.id, parent) if parent else None, rows))
    is_nested = any(group.head for group in groups)
    heads = [TableColumn(context.words(level.label), "head")] if is_nested else []
    return DisplayTable(
        id="pathway_by_place",
        title=context.text("services.places_table_title", place=context.words(site.label).lower()),
        subtitle=context.text("services.places_subtitle"),
        columns=(*heads, TableColumn(context.words(site.label), "head"), *_step_columns(context, steps)),
        groups=tuple(groups),
        asset="pathway_by_place",
        data=own[own[by] != TOTAL],
    )


def _no_places(context: ReportContext) -> str:
    has_sites = "sites" in context.study.capabilities
    reason = context.text("services.no_dates") if has_sites else context.text("common.without_sites")
    return context.text("services.no_places", reason=reason)


SERVICES = Chapter(
    id="services",
    title="services.title",
    template="services.html.j2",
    content=services_content,
    needs=frozenset({"services"}),
    tables=("pathway", "service_outcomes", "reconciliation", "reconciliation_exceptions"),
    optional_tables=("targets", "outcome_overlap", "pathway_by_place", "service_ledger", "cost_ledger"),
    figures=("pathway",),
)
