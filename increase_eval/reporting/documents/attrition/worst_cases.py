"""How far could the results lie off? Bounds that assume nothing, and dials that say how unlike the others would be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from increase_eval.reporting.documents.attrition.section import Section
from increase_eval.reporting.documents.context import TOTAL, ReportContext
from increase_eval.reporting.numbers import MISSING, format_interval, format_signed
from increase_eval.reporting.tables import Cell, DisplayTable, RowGroup, TableColumn, is_suppressed, single
from increase_eval.study.instruments import Scale

DIALS = ("pattern-mixture", "selection")
LEE = "Lee"
MANSKI = "Manski"


def worst_cases_content(context: ReportContext) -> dict[str, Any]:
    """Give what the section says."""
    return {
        "bounds": _bounds_table(context),
        "contrasts": _contrast_table(context),
        "is_randomised": "randomised" in context.study.capabilities,
        "dials": _dial_table(context),
        "dial_sentences": list(_dial_sentences(context)),
        "heckman": context.text(
            "attrition_worst.heckman_declared"
            if context.study.analysis.selection_variables
            else "attrition_worst.heckman_not_declared"
        ),
    }


def _scales(context: ReportContext, table: pd.DataFrame) -> list[Scale]:
    return [scale for scale in context.study.scales if (table["outcome"] == scale.id).any()]


def _bounds_table(context: ReportContext) -> DisplayTable:
    table, text, groups = context.tables["bounds"], context.text, []
    own = table[table["contrast"].isna() & (table["by_measure"] == "change") & (table["by_arm"] == TOTAL)]
    for scale in _scales(context, own):
        rows = []
        for wave in context.study.wave_ids:
            here = own[(own["outcome"] == scale.id) & (own["wave"] == wave)]
            lower, upper = single(here, term="lower"), single(here, term="upper")
            if lower is not None:
                rows.append((Cell(context.wave(wave)), context.cells.n(lower), *_ends(context, lower, upper, scale)))
        if rows:
            groups.append(RowGroup(context.scale(scale), tuple(rows)))
    return DisplayTable(
        id="bounds",
        title=text("attrition_worst.bounds_title", wave=context.wave(context.study.wave_ids[0])),
        subtitle=text("attrition_worst.bounds_subtitle"),
        columns=(
            TableColumn(text("common.scale"), "head"),
            TableColumn(text("common.wave"), "head"),
            TableColumn(text("common.n"), unit=text("common.unit_people")),
            TableColumn(text("attrition_worst.bounds_head"), unit=text("common.unit_points")),
            TableColumn(text("common.interval", confidence=context.confidence), unit=text("common.unit_points")),
        ),
        groups=tuple(groups),
        notes=(text("attrition_worst.bounds_note"),),
        asset="bounds",
        data=own,
    )


def _ends(
    context: ReportContext, lower: dict[str, Any], upper: dict[str, Any] | None, scale: Scale
) -> tuple[Cell, Cell]:
    """Write both bounds as one range, and their interval."""
    if upper is None or pd.isna(lower["estimate"]) or pd.isna(upper["estimate"]):
        mark = Cell("[c]", "suppressed") if is_suppressed(lower) else Cell(MISSING, "absent")
        return mark, mark
    digits = context.digits(scale)
    range_ = format_interval(lower["estimate"], upper["estimate"], digits, context.language, in_table=True)
    return Cell(range_), context.cells.interval(lower, digits)


def _contrast_table(context: ReportContext) -> DisplayTable | None:
    table, text, groups = context.tables["bounds"], context.text, []
    own = table[table["contrast"].notna() & (table["by_measure"] == "change")]
    last = context.study.wave_ids[-1]
    for scale in _scales(context, own):
        rows = []
        for contrast in context.study.analysis.contrasts:
            name = f"{contrast.second} - {contrast.first}"
            here = own[(own["outcome"] == scale.id) & (own["wave"] == last) & (own["contrast"] == name)]
            cells = []
            for method in (MANSKI, LEE) if "randomised" in context.study.capabilities else (MANSKI,):
                of = here[here["method"].str.startswith(method)]
                lower, upper = single(of, term="lower"), single(of, term="upper")
                cells.append(Cell(MISSING, "absent") if lower is None else _ends(context, lower, upper, scale)[0])
            if len(here):
                label = text(
                    "attrition_worst.contrast", second=context.arm(contrast.second), first=context.arm(contrast.first)
                )
                rows.append((Cell(label), *cells))
        if rows:
            groups.append(RowGroup(context.scale(scale), tuple(rows)))
    if not groups:
        return None
    lee = [TableColumn(text("attrition_worst.lee_head"), unit=text("common.unit_points"))]
    is_randomised = "randomised" in context.study.capabilities
    return DisplayTable(
        id="contrast_bounds",
        title=text("attrition_worst.contrasts_title", wave=context.wave(last)),
        subtitle=text("attrition_worst.contrasts_subtitle"),
        columns=(
            TableColumn(text("common.scale"), "head"),
            TableColumn(text("attrition_worst.contrast_head"), "head"),
            TableColumn(text("attrition_worst.manski_head"), unit=text("common.unit_points")),
            *(lee if is_randomised else []),
        ),
        groups=tuple(groups),
        notes=(text("attrition_worst.lee_note" if is_randomised else "attrition_worst.no_lee_note"),),
        asset="bounds",
        data=own[own["wave"] == last],
    )


def _dial_table(context: ReportContext) -> DisplayTable | None:
    table = context.table("dials")
    if table is None:
        return None
    text, groups = context.text, []
    own = table[table["by_arm"] == TOTAL]
    for scale in _scales(context, own):
        rows = []
        for wave in context.study.wave_ids:
            here = own[(own["outcome"] == scale.id) & (own["wave"] == wave)]
            cells = []
            for dial in DIALS:
                of = here[here["by_dial"] == dial]
                start = single(of, term="0")
                cells += [
                    _signed(context, start, context.digits(scale)),
                    *(_signed(context, single(of, term=term), 2) for term in ("needed", "needed_for_doubt")),
                ]
            if len(here):
                rows.append((Cell(context.wave(wave)), *cells))
        if rows:
            groups.append(RowGroup(context.scale(scale), tuple(rows)))
    columns = []
    for dial in DIALS:
        unit = text(f"attrition_worst.unit_{dial.replace('-', '_')}")
        columns += [
            TableColumn(text(f"attrition_worst.start_{dial.replace('-', '_')}"), unit=text("common.unit_points")),
            TableColumn(text("attrition_worst.needed_head"), unit=unit),
            TableColumn(text("attrition_worst.doubt_head"), unit=unit),
        ]
    return DisplayTable(
        id="dials",
        title=text("attrition_worst.dials_title", wave=context.wave(context.study.wave_ids[0])),
        subtitle=text("attrition_worst.dials_subtitle"),
        columns=(TableColumn(text("common.scale"), "head"), TableColumn(text("common.wave"), "head"), *columns),
        groups=tuple(groups),
        notes=(text("attrition_worst.mixture_note"), text("attrition_worst.selection_note")),
        asset="dials",
        data=table,
    )


def _signed(context: ReportContext, row: dict[str, Any] | None, digits: int) -> Cell:
    if row is None or pd.isna(row["estimate"]):
        return Cell("[c]", "suppressed") if row is not None and is_suppressed(row) else Cell(MISSING, "absent")
    return Cell(format_signed(row["estimate"], digits, context.language))


def _dial_sentences(context: ReportContext) -> Iterator[str]:
    """Say for each scale at the last wave what it would take for the change to vanish."""
    table = context.table("dials")
    if table is None:
        return
    last = context.study.wave_ids[-1]
    own = table[(table["by_arm"] == TOTAL) & (table["wave"] == last) & (table["by_dial"] == DIALS[0])]
    for scale in _scales(context, own):
        here = own[own["outcome"] == scale.id]
        start, needed = single(here, term="0"), single(here, term="needed")
        if start is None or needed is None or pd.isna(start["estimate"]) or pd.isna(needed["estimate"]):
            continue
        yield context.text(
            "attrition_worst.dial_sentence_down" if needed["estimate"] < 0 else "attrition_worst.dial_sentence_up",
            scale=context.scale(scale),
            wave=context.wave(last),
            change=format_signed(start["estimate"], context.digits(scale), context.language),
            needed=format_signed(abs(needed["estimate"]), 2, context.language).lstrip("+"),
        )


WORST_CASES = Section(
    id="worst-cases",
    title="attrition_worst.title",
    template="attrition_worst_cases.html.j2",
    content=worst_cases_content,
    needs=frozenset({"scales", "repeated"}),
    tables=("bounds",),
    optional_tables=("dials",),
)
