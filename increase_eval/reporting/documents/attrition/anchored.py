"""What everybody may have scored, given what the service recorded of them: ends of the dial, gain, comparisons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from increase_eval.reporting import numbers
from increase_eval.reporting.documents.attrition.section import Section
from increase_eval.reporting.documents.context import ReportContext
from increase_eval.reporting.documents.headline import headline_outcomes
from increase_eval.reporting.tables import Cell, DisplayTable, RowGroup, TableColumn, records, single
from increase_eval.study import Scale

CHANGE, CUT, SMALLEST = "change", "leverage cut", "smallest difference"
DIAL_DIGITS = 2


def anchored_content(context: ReportContext) -> dict[str, Any]:
    """Give what the section says; all of it of the last wave."""
    first, wave = context.study.wave_ids[0], context.study.wave_ids[-1]
    table = context.tables["anchored_changes"]
    own = table[table["wave"] == wave]
    return {
        "intro": context.text("anchored.intro", wave=context.wave(first)),
        "sentences": [*_sentences(context, own, wave)],
        "changes": _changes_table(context, own, wave),
        "contrasts": _contrasts_table(context, wave),
    }


def _sentences(context: ReportContext, own: pd.DataFrame, wave: str) -> Iterator[str]:
    text = context.text
    changes = own[own["term"] == CHANGE]
    dials = _dials(changes)
    if dials:
        low, high = (
            numbers.format_signed(float(dial), DIAL_DIGITS, context.language) for dial in (dials[0], dials[-1])
        )
        yield text("anchored.range", low=low, high=high)
    cuts = own[(own["term"] == CUT) & own["estimate"].notna()]
    if len(cuts):
        helps = int((cuts["verdict"] == "helps").sum())
        values = {name: context.count(n) for name, n in (("helps", helps), ("idle", len(cuts) - helps))}
        yield text("anchored.helps", every=context.count(len(cuts)), wave=context.wave(wave), **values)
    for scale in _scales(context, changes) if dials else ():
        arms = [*_arm_ranges(context, scale, changes[changes["outcome"] == scale.id], dials)]
        if arms:
            named = {"scale": context.scale(scale), "wave": context.wave(wave)}
            yield text("anchored.scale", arms=context.listed(arms), **named)


def _dials(changes: pd.DataFrame) -> tuple[str, ...]:
    """Give the dials of the table in rising order, as they are stored."""
    present = [dial for dial in changes["by_gamma"].dropna().unique() if dial]
    return tuple(sorted(present, key=float))


def _scales(context: ReportContext, changes: pd.DataFrame) -> tuple[Scale, ...]:
    return tuple(s for s in headline_outcomes(context.study)[0] if (changes["outcome"] == s.id).any())


def _arm_ranges(context: ReportContext, scale: Scale, rows: pd.DataFrame, dials: tuple[str, ...]) -> Iterator[str]:
    """Say from where to where the dial takes the change of each arm, and whether it turns."""
    digits = context.digits(scale)
    for arm in context.study.arm_ids:
        ends = [single(rows, by_arm=arm, by_gamma=dial) for dial in (dials[0], dials[-1])]
        values = [end["estimate"] for end in ends if end is not None and pd.notna(end["estimate"])]
        if len(values) == len(ends):
            low, high = (numbers.format_signed(value, digits, context.language) for value in values)
            ranged = context.text("anchored.arm", arm=context.arm(arm), low=low, high=high)
            keeps = context.text("anchored.keeps" if values[0] * values[1] > 0 else "anchored.turns")
            yield f"{ranged} {keeps}"


def _changes_table(context: ReportContext, own: pd.DataFrame, wave: str) -> DisplayTable | None:
    """Give changes at the ends and the middle of the dial, scale by scale and arm by arm."""
    text, changes = context.text, own[own["term"] == CHANGE]
    dials = _dials(changes)
    if not dials:
        return None
    shown = (dials[0], min(dials, key=lambda dial: abs(float(dial))), dials[-1])
    first = context.wave(context.study.wave_ids[0])
    groups = tuple(
        RowGroup(context.scale(scale), tuple(_change_rows(context, scale, own[own["outcome"] == scale.id], shown)))
        for scale in _scales(context, changes)
    )
    points = text("common.unit_points")
    return DisplayTable(
        id="anchored-changes",
        title=text("anchored.table_title", wave=first),
        subtitle=text("anchored.table_subtitle", wave=context.wave(wave), confidence=context.confidence),
        columns=(
            TableColumn(text("common.scale"), "head"),
            TableColumn(text("common.arm"), "head"),
            TableColumn(text("common.n"), unit=text("common.unit_people")),
            *(TableColumn(_dial_head(context, dial), unit=points) for dial in shown),
            TableColumn(text("anchored.cut_head"), unit=text("common.unit_share")),
        ),
        groups=groups,
        notes=(text("anchored.table_note"),),
        asset="anchored_changes",
        data=own[own["term"].isin([CHANGE, CUT])],
    )


def _dial_head(context: ReportContext, dial: str) -> str:
    return context.text("anchored.dial_head", dial=numbers.format_signed(float(dial), DIAL_DIGITS, context.language))


def _change_rows(
    context: ReportContext, scale: Scale, rows: pd.DataFrame, shown: tuple[str, ...]
) -> Iterator[tuple[Cell, ...]]:
    cells, digits = context.cells, context.digits(scale)
    changes, cuts = rows[rows["term"] == CHANGE], rows[rows["term"] == CUT]
    for arm in context.study.arm_ids:
        at = [single(changes, by_arm=arm, by_gamma=dial) for dial in shown]
        cut = single(cuts, by_arm=arm)
        if any(one is None for one in at):
            continue
        found = [one for one in at if one is not None]
        share = cells.percent(cut, digits=0) if cut else Cell(numbers.MISSING, "absent")
        yield Cell(context.arm(arm)), cells.n(found[1]), *(_with_interval(context, one, digits) for one in found), share


def _with_interval(context: ReportContext, row: dict[str, Any], digits: int) -> Cell:
    value = context.cells.estimate(row, digits)
    if value.mark or pd.isna(row["conf_low"]):
        return value
    return Cell(numbers.beside(value.text, context.cells.interval(row, digits).text))


def _contrasts_table(context: ReportContext, wave: str) -> DisplayTable | None:
    """Give how far apart two dials must be to change each comparison."""
    table = context.table("anchored_contrasts")
    if table is None:
        return None
    own = table[(table["wave"] == wave) & (table["term"] == SMALLEST)]
    scales = [scale for scale in headline_outcomes(context.study)[0] if (own["outcome"] == scale.id).any()]
    if not scales:
        return None
    text = context.text
    groups = tuple(
        RowGroup(
            context.scale(scale),
            tuple(_contrast_row(context, row) for row in records(own[own["outcome"] == scale.id])),
        )
        for scale in scales
    )
    return DisplayTable(
        id="anchored-contrasts",
        title=text("anchored.smallest_title"),
        subtitle=text("anchored.smallest_subtitle", wave=context.wave(wave)),
        columns=(
            TableColumn(text("common.scale"), "head"),
            TableColumn(text("anchored.comparison_head"), "head"),
            TableColumn(text("common.n"), unit=text("common.unit_people")),
            TableColumn(text("anchored.random_head"), "text"),
            TableColumn(text("anchored.distance_head")),
            TableColumn(text("anchored.becomes_head"), "text"),
        ),
        groups=groups,
        asset="anchored_contrasts",
        data=own,
    )


def _contrast_row(context: ReportContext, row: dict[str, Any]) -> tuple[Cell, ...]:
    first, then = (*str(row["verdict"]).split(" -> "), "")[:2] if pd.notna(row["verdict"]) else ("", "")
    second_arm, _, first_arm = str(row["contrast"]).partition(" - ")
    named = context.text("anchored.difference", second=context.arm(second_arm), first=context.arm(first_arm))
    distance = context.cells.estimate(row, DIAL_DIGITS)
    becomes = _verdict(context, then) if then else context.text("anchored.never")
    return Cell(named), context.cells.n(row), Cell(_verdict(context, first)), distance, Cell(becomes)


def _verdict(context: ReportContext, verdict: str) -> str:
    return context.text(f"anchored.{verdict or 'unknown'}")


ANCHORED = Section(
    id="anchored",
    title="anchored.title",
    template="attrition_anchored.html.j2",
    content=anchored_content,
    needs=frozenset({"services", "scales", "repeated"}),
    tables=("anchored_changes",),
    optional_tables=("anchored_contrasts",),
    figures=("anchored",),
)
