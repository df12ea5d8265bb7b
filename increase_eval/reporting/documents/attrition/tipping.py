"""How far from what was assumed must those who did not answer have been for a conclusion to change? Tipping points."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pandas as pd

from increase_eval.attrition.imputed_scales.tipping import NEVER, NOTHING, POINTS, RANGE_SD, SD, TIPPING
from increase_eval.reporting import numbers
from increase_eval.reporting.documents.attrition.section import Section
from increase_eval.reporting.documents.attrition.tipping_states import is_withheld, state_tables
from increase_eval.reporting.documents.context import ReportContext
from increase_eval.reporting.documents.headline import headline_outcomes
from increase_eval.reporting.tables import (
    SUPPRESSED_MARK,
    Cell,
    DisplayTable,
    RowGroup,
    TableColumn,
    is_suppressed,
    records,
    single,
)
from increase_eval.study import Scale

BELOW, ABOVE = "below", "above"
CLOSE_SD = 0.2
"""A departure that is called small in a sentence: a fifth of a standard deviation, a small effect by convention."""
SD_DIGITS = 2


def tipping_content(context: ReportContext) -> dict[str, Any]:
    """Give what the section says."""
    table = context.tables["tipping_points"]
    own = table[(table["term"] == TIPPING) & table["outcome"].isin([scale.id for scale in _scales(context, table)])]
    # Contrasts are named by the plan's ids, changes by the waves that they lie between.
    is_contrast = own["contrast"].isin([contrast.id for contrast in context.study.analysis.contrasts])
    return {
        "intro": context.text("tipping.intro", range=_whole(context, RANGE_SD)),
        "sentences": [*_sentences(context, own[~is_contrast])],
        "changes": _changes_table(context, own[~is_contrast]),
        "contrasts": _contrasts_table(context, own[is_contrast]),
        "states": state_tables(context),
        "states_withheld": context.table("state_tipping_points") is not None
        and is_withheld(context.tables["state_tipping_points"]),
    }


def _whole(context: ReportContext, value: float) -> str:
    return numbers.format_number(value, 0, context.language)


def _scales(context: ReportContext, rows: pd.DataFrame) -> tuple[Scale, ...]:
    return tuple(scale for scale in headline_outcomes(context.study)[0] if (rows["outcome"] == scale.id).any())


def _waves(context: ReportContext, rows: pd.DataFrame) -> list[str]:
    return [wave for wave in context.study.wave_ids if (rows["wave"] == wave).any()]


def _sentences(context: ReportContext, changes: pd.DataFrame) -> Iterator[str]:
    """Count the changes that a small departure turns, and those that none turns; then go scale by scale."""
    text = context.text
    nearest = _nearest(changes)
    if len(nearest):
        close, never = int((nearest["size"] < CLOSE_SD).sum()), int(nearest["size"].isna().sum())
        values = {name: context.count(n) for name, n in (("number", len(nearest)), ("close", close), ("never", never))}
        limit = numbers.format_number(CLOSE_SD, 1, context.language)
        yield text.plural("tipping.summary", len(nearest), limit=limit, range=_whole(context, RANGE_SD), **values)
    waves = _waves(context, nearest)
    for scale in _scales(context, nearest):
        own = nearest[(nearest["outcome"] == scale.id) & (nearest["wave"] == waves[-1])]
        arms = [_arm_said(context, row) for arm in context.study.arm_ids if (row := single(own, by_arm=arm))]
        if arms:
            named = {"scale": context.scale(scale), "wave": context.wave(waves[-1])}
            yield text("tipping.scale", arms=context.listed(arms), **named)


def _nearest(rows: pd.DataFrame) -> pd.DataFrame:
    """Give one row a headline: what is concluded, and the nearer of both deltas in standard deviations, with its size.

    Headlines of which a direction is withheld, or that could not be estimated, are left out.
    """
    keys = ["outcome", "wave", "contrast", "by_arm"]
    in_sd = rows[rows["by_unit"] == SD]
    told = in_sd["estimate"].notna() | in_sd["status"].isin([NEVER])
    whole = in_sd[told.groupby([in_sd[key] for key in keys]).transform("all")]
    sized = whole.assign(size=whole["estimate"].abs())
    return sized.sort_values("size", kind="stable", na_position="last").drop_duplicates(keys).sort_index()


def _arm_said(context: ReportContext, row: dict[str, Any]) -> str:
    values = {"arm": context.arm(row["by_arm"]), "verdict": _verdict(context, row["verdict"])}
    if pd.isna(row["size"]):
        return context.text("tipping.arm_never", range=_whole(context, RANGE_SD), **values)
    delta = numbers.format_signed(row["estimate"], SD_DIGITS, context.language)
    return context.text("tipping.arm", delta=delta, **values)


def _verdict(context: ReportContext, verdict: Any, *, is_contrast: bool = False) -> str:
    if pd.isna(verdict) or not verdict:
        return numbers.MISSING
    return context.text(f"tipping.contrast_{verdict}" if is_contrast else f"tipping.change_{verdict}")


def _groups(
    context: ReportContext, rows: pd.DataFrame, fill: Callable[[Scale, pd.DataFrame], Iterator[tuple[Cell, ...]]]
) -> tuple[RowGroup, ...]:
    """Give a group of rows for every headline scale and wave."""
    return tuple(
        RowGroup(
            context.text("tipping.group", scale=context.scale(scale), wave=context.wave(wave)),
            tuple(fill(scale, rows[(rows["outcome"] == scale.id) & (rows["wave"] == wave)])),
        )
        for scale in _scales(context, rows)
        for wave in _waves(context, rows[rows["outcome"] == scale.id])
    )


def _changes_table(context: ReportContext, rows: pd.DataFrame) -> DisplayTable | None:
    """Give the tipping points of every headline scale, wave and arm."""
    text = context.text
    groups = _groups(context, rows, partial(_change_rows, context))
    if not groups:
        return None
    return DisplayTable(
        id="tipping-changes",
        title=text("tipping.changes_title", wave=context.wave(context.study.wave_ids[0])),
        subtitle=text("tipping.changes_subtitle", confidence=context.confidence),
        columns=(
            TableColumn(text("tipping.group_head"), "head"),
            TableColumn(text("common.arm"), "head"),
            *_shared_heads(context),
            TableColumn(text("tipping.lower_head"), unit=text("tipping.unit")),
            TableColumn(text("tipping.higher_head"), unit=text("tipping.unit")),
        ),
        groups=groups,
        notes=_notes(context),
        asset="tipping_points",
        data=rows,
    )


def _shared_heads(context: ReportContext) -> tuple[TableColumn, TableColumn]:
    text = context.text
    return TableColumn(text("common.n"), unit=text("common.unit_people")), TableColumn(
        text("tipping.verdict_head"), "text"
    )


def _notes(context: ReportContext) -> tuple[str, ...]:
    return context.text("tipping.note_never", range=_whole(context, RANGE_SD)), context.text("tipping.note_sd")


def _change_rows(context: ReportContext, scale: Scale, rows: pd.DataFrame) -> Iterator[tuple[Cell, ...]]:
    for arm in context.study.arm_ids:
        own = rows[rows["by_arm"] == arm]
        if len(own):
            yield Cell(context.arm(arm)), *_said_first(context, own, is_contrast=False), *_deltas(context, own, scale)


def _said_first(context: ReportContext, own: pd.DataFrame, *, is_contrast: bool) -> tuple[Cell, Cell]:
    """Give n, and what is concluded at random."""
    row = next(iter(records(own)))
    return context.cells.n(row), Cell(_verdict(context, row["verdict"], is_contrast=is_contrast))


def _deltas(context: ReportContext, own: pd.DataFrame, scale: Scale) -> Iterator[Cell]:
    """Give the deltas below and above nought, each in points and in standard deviations."""
    for direction in (BELOW, ABOVE):
        points, spreads = (single(own, by_direction=direction, by_unit=unit) for unit in (POINTS, SD))
        yield _delta(context, points, spreads, context.digits(scale))


def _delta(context: ReportContext, points: dict[str, Any] | None, sd: dict[str, Any] | None, digits: int) -> Cell:
    """Write a delta, or in words that none was found."""
    if points is None:
        return Cell(numbers.MISSING, "absent")
    shown = context.cells.estimate(points, digits)
    if is_suppressed(points) or sd is None or is_suppressed(sd):
        return Cell(SUPPRESSED_MARK, "suppressed")
    if pd.isna(points["estimate"]):
        words = {NEVER: "tipping.never", NOTHING: "tipping.nothing"}.get(str(points["status"]))
        return Cell(context.text(words)) if words else shown
    size, spreads = (
        numbers.format_signed(row["estimate"], places, context.language)
        for row, places in ((points, digits), (sd, SD_DIGITS))
    )
    return Cell(f"{size} ({spreads})")


def _contrasts_table(context: ReportContext, rows: pd.DataFrame) -> DisplayTable | None:
    """Give the tipping points of every comparison, by the arm whose missing scores move."""
    text = context.text
    groups = _groups(context, rows, partial(_contrast_rows, context))
    if not groups:
        return None
    unit = text("tipping.unit")
    heads = ("tipping.second_lower", "tipping.second_higher", "tipping.first_lower", "tipping.first_higher")
    return DisplayTable(
        id="tipping-contrasts",
        title=text("tipping.contrasts_title"),
        subtitle=text("tipping.contrasts_subtitle", confidence=context.confidence),
        columns=(
            TableColumn(text("tipping.group_head"), "head"),
            TableColumn(text("tipping.comparison_head"), "head"),
            *_shared_heads(context),
            *(TableColumn(text(head), unit=unit) for head in heads),
        ),
        groups=groups,
        notes=_notes(context),
        asset="tipping_points",
        data=rows,
    )


def _contrast_rows(context: ReportContext, scale: Scale, rows: pd.DataFrame) -> Iterator[tuple[Cell, ...]]:
    for contrast in context.study.analysis.contrasts:
        own = rows[rows["contrast"] == contrast.id]
        if own.empty:
            continue
        pair = {"second": context.arm(contrast.second), "first": context.arm(contrast.first)}
        moved = [cell for arm in (contrast.second, contrast.first)
                 for cell in _deltas(context, own[own["by_arm"] == arm], scale)]  # fmt: skip
        yield Cell(context.text("tipping.difference", **pair)), *_said_first(context, own, is_contrast=True), *moved


TIPPING_SECTION = Section(
    id="tipping",
    title="tipping.title",
    template="attrition_tipping.html.j2",
    content=tipping_content,
    needs=frozenset({"scales", "repeated"}),
    tables=("tipping_points",),
    optional_tables=("tipping_contours", "state_tipping_points"),
    figures=("tipping",),
)
