"""Tables of model-based means and changes of one scale, and the words that go with effects: units, smallest effect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from increase_eval.reporting.documents.context import ReportContext
from increase_eval.reporting.numbers import MISSING, format_interval, format_number, format_signed
from increase_eval.reporting.tables import Cell, DisplayTable, RowGroup, TableColumn, is_suppressed, records, single
from increase_eval.study.instruments import Scale

FREE, COVARIATE, CONSTRAINED = "baseline_free", "baseline_covariate", "baseline_constrained"
POINTS, SD = "points", "sd"
SD_DIGITS = 2


def model_rows(table: pd.DataFrame | None, scale: Scale, *, term: str, model: str = FREE) -> pd.DataFrame:
    """Keep the rows of one scale, term and model."""
    if table is None:
        return pd.DataFrame(columns=["outcome", "term", "wave", "by_arm", "by_unit", "estimate", "n", "status"])
    kept = (table["outcome"] == scale.id) & (table["term"] == term) & (table["by_model"] == model)
    return table[kept.fillna(False)]


def pooled_sd(context: ReportContext, scale: Scale) -> float | None:
    """Give the standard deviation at the first wave that effects are divided by, where it is known."""
    row = single(model_rows(context.table("score_means"), scale, term="pooled sd"))
    return None if row is None or pd.isna(row["estimate"]) else float(row["estimate"])


def change_digits(context: ReportContext, scale: Scale) -> int:
    """Say how many decimals a change deserves: one more than a mean, up to two."""
    digits = context.digits(scale)
    return max(digits, min(digits + 1, 2))


def smallest_effect(context: ReportContext, scale: Scale) -> Cell:
    """Write the smallest effect of interest in points."""
    effect = scale.smallest_effect
    if effect is None:
        return Cell(MISSING, "absent")
    spread = 1.0 if effect.unit == POINTS else pooled_sd(context, scale)
    if spread is None:
        return Cell(MISSING, "absent")
    return Cell(format_number(effect.value * spread, change_digits(context, scale), context.language))


def smallest_effect_note(context: ReportContext, scale: Scale) -> str:
    """Say what the smallest effect of interest is, as the plan states it, with its source."""
    effect = scale.smallest_effect
    if effect is None:
        return context.text("comparisons.no_smallest_effect")
    value = format_number(effect.value, 2 if effect.value < 1 or effect.value % 1 else 0, context.language)
    key = "comparisons.smallest_in_points" if effect.unit == POINTS else "comparisons.smallest_in_sd"
    return context.text(key, value=value, source=context.words(effect.source).rstrip("."))


def mean_table(context: ReportContext, scale: Scale) -> DisplayTable:
    """Set n, mean and interval of one scale by wave and arm, with the spread of the scores that were given."""
    text, points = context.text, context.text("common.unit_points")
    own = model_rows(context.tables["score_means"], scale, term="mean")
    groups = []
    for wave in context.study.wave_ids:
        rows = tuple(_mean_rows(context, own[own["wave"] == wave], scale, wave))
        if rows:
            groups.append(RowGroup(context.wave(wave), rows))
    return DisplayTable(
        id=f"scores-{scale.id}",
        title=text("results.table_title", scale=context.scale(scale)),
        subtitle=_subtitle(context, scale),
        columns=(
            TableColumn(text("common.wave"), "head"),
            TableColumn(text("common.arm"), "head"),
            TableColumn(text("common.n"), unit=text("common.unit_people")),
            TableColumn(text("results.dropped_head"), unit=text("common.unit_people")),
            TableColumn(text("common.mean"), unit=points),
            TableColumn(text("common.interval", confidence=context.confidence), unit=points),
            TableColumn(text("common.sd"), unit=points),
        ),
        groups=tuple(groups),
        notes=tuple(_mean_notes(context, own)),
        asset="score_means",
        data=own,
    )


def _mean_rows(context: ReportContext, table: pd.DataFrame, scale: Scale, wave: str) -> Iterator[tuple[Cell, ...]]:
    cells, digits = context.cells, context.digits(scale)
    for arm in context.arms:
        mean = single(table, by_arm=arm)
        if mean is None:
            continue
        spread = _observed_sd(context, scale, wave, arm)
        yield (
            Cell(context.arm(arm)),
            cells.n(mean),
            cells.dropped(mean),
            cells.estimate(mean, digits),
            cells.interval(mean, digits),
            cells.estimate(spread, digits) if spread is not None else Cell(MISSING, "absent"),
        )


def _observed_sd(context: ReportContext, scale: Scale, wave: str, arm: str) -> dict[str, Any] | None:
    """Give the spread of all scores that were given, which needs no model."""
    table = context.table("score_summary")
    if table is None:
        return None
    own = table[(table["outcome"] == scale.id) & (table["wave"] == wave) & (table["term"] == "sd")]
    for column in own.columns:
        if column.startswith("by_"):
            own = own[own[column] == (arm if column == "by_arm" else "all")]
    return single(own)


def _subtitle(context: ReportContext, scale: Scale) -> str:
    text, limits = context.text, context.score_range(scale)
    direction = text("common.lower_is_better" if scale.direction == "lower_is_better" else "common.higher_is_better")
    if limits is None:
        return text("results.subtitle", direction=direction)
    low, high = (context.limit(end) for end in limits)
    return text("results.subtitle_with_range", direction=direction, low=low, high=high)


def _mean_notes(context: ReportContext, table: pd.DataFrame) -> Iterator[str]:
    yield context.text("results.who_counts")
    thin = context.study.analysis.minimum_n
    shown = [row for row in records(table) if not is_suppressed(row)]
    if any(pd.notna(row["n"]) and 0 < row["n"] < thin for row in shown):
        yield context.text("results.thin", minimum=thin)


def change_table(context: ReportContext, scale: Scale) -> DisplayTable | None:
    """Set the changes of one scale from its first wave, in points and in standard deviations, by arm."""
    own = model_rows(context.table("score_changes"), scale, term="change")
    if own.empty:
        return None
    text, points = context.text, context.text("common.unit_points")
    interval = text("common.interval", confidence=context.confidence)
    groups = []
    for pair in dict.fromkeys(own["contrast"]):
        rows = tuple(_change_rows(context, own[own["contrast"] == pair], scale))
        groups.append(RowGroup(pair_in_words(context, str(pair)), rows))
    return DisplayTable(
        id=f"changes-{scale.id}",
        title=text("results.change_title", scale=context.scale(scale)),
        subtitle=text("results.change_subtitle"),
        columns=(
            TableColumn(text("results.pair_head"), "head"),
            TableColumn(text("common.arm"), "head"),
            TableColumn(text("common.n"), unit=text("common.unit_people")),
            TableColumn(text("results.dropped_head"), unit=text("common.unit_people")),
            TableColumn(text("results.change_head"), unit=points),
            TableColumn(interval, unit=points),
            TableColumn(text("comparisons.smallest_head"), unit=points),
            TableColumn(text("results.change_head"), unit=text("common.sd")),
            TableColumn(interval, unit=text("common.sd")),
        ),
        groups=tuple(groups),
        notes=(text("results.change_n"), smallest_effect_note(context, scale)),
        asset="score_changes",
        data=own,
    )


def _change_rows(context: ReportContext, table: pd.DataFrame, scale: Scale) -> Iterator[tuple[Cell, ...]]:
    for arm in context.arms:
        in_points, in_sd = (single(table, by_arm=arm, by_unit=unit) for unit in (POINTS, SD))
        if in_points is not None and in_sd is not None:
            counts = context.cells.n(in_points), context.cells.dropped(in_points)
            yield (Cell(context.arm(arm)), *counts, *effect_cells(context, scale, in_points, in_sd))


def effect_cells(
    context: ReportContext, scale: Scale, in_points: Mapping[str, Any], in_sd: Mapping[str, Any]
) -> tuple[Cell, ...]:
    """Write one effect: in points, its interval, the smallest effect of interest, then in standard deviations."""
    digits, cells = change_digits(context, scale), context.cells
    return (
        cells.signed(in_points, digits),
        cells.interval(in_points, digits),
        smallest_effect(context, scale),
        cells.signed(in_sd, SD_DIGITS),
        cells.interval(in_sd, SD_DIGITS),
    )


def pair_in_words(context: ReportContext, pair: str) -> str:
    """Say a pair of waves, stored as ``t1 -> t2``."""
    first, _, last = pair.partition(" -> ")
    return context.text("reliability.pair", first=context.wave(first), last=context.wave(last))


def change_in_words(context: ReportContext, scale: Scale, row: Mapping[str, Any]) -> str:
    """Say a change with its interval and n, or that it cannot be shown."""
    if is_suppressed(row) or pd.isna(row["estimate"]):
        return context.text("common.not_shown")
    digits = change_digits(context, scale)
    return context.text(
        "common.mean_in_words",
        mean=format_signed(row["estimate"], digits, context.language),
        confidence=context.confidence,
        interval=format_interval(row["conf_low"], row["conf_high"], digits, context.language),
        n=context.count(row["n"]),
    )
