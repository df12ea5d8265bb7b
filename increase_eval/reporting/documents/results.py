"""Results by wave and arm: how high the scores were, for those who answered, before any model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from increase_eval.reporting.documents.chapter import Chapter
from increase_eval.reporting.documents.context import TOTAL, ReportContext
from increase_eval.reporting.tables import Cell, DisplayTable, RowGroup, TableColumn, is_suppressed, single
from increase_eval.study.instruments import Scale

ROLES = ("outcome", "satisfaction", "predictor", "component")
"""The order in which scales are told."""


def results_content(context: ReportContext) -> dict[str, Any]:
    """Give what the chapter of results says, scale by scale, outcomes first."""
    table = context.tables["score_summary"]
    return {"confidence": context.confidence, "parts": list(_parts(context, table))}


def total_rows(table: pd.DataFrame, *, except_for: str | None = None) -> pd.DataFrame:
    """Keep the rows that are not split by anything, or by one column alone.

    Parameters
    ----------
    table
        An estimate table.
    except_for
        A ``by_*`` column whose rows are all kept.

    Returns
    -------
    DataFrame
        Rows whose other ``by_*`` columns are ``all``.
    """
    kept = table
    for column in table.columns:
        if column.startswith("by_") and column != except_for:
            kept = kept[kept[column].isna() | (kept[column] == TOTAL)]
    return kept


def estimated_waves(context: ReportContext, means: pd.DataFrame, scale: Scale) -> list[str]:
    """Give the waves, in order, at which somebody has a score on a scale (suppressed or not)."""
    own = means[means["outcome"] == scale.id]
    shown = own[own["estimate"].notna() | own["status"].eq("suppressed").fillna(False)]
    return [wave for wave in context.study.wave_ids if (shown["wave"] == wave).any()]


def _parts(context: ReportContext, table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for scale in sorted(context.study.scales, key=lambda scale: ROLES.index(scale.role)):
        own = table[table["outcome"] == scale.id]
        if own.empty:
            continue
        yield {
            "title": context.scale(scale),
            "sentences": list(_sentences(context, own, scale)),
            "table": score_table(context, own, scale),
        }


def _sentences(context: ReportContext, table: pd.DataFrame, scale: Scale) -> Iterator[str]:
    """Say the arms' means at the last wave, where there are arms to tell apart."""
    waves = estimated_waves(context, total_rows(table[table["term"] == "mean"]), scale)
    if not waves:
        yield context.text("results.nobody")
        return
    last, means = waves[-1], total_rows(table[table["term"] == "mean"], except_for="by_arm")
    if len(context.study.arm_ids) == 1 or "by_arm" not in means:
        return
    told = []
    for arm in context.study.arm_ids:
        row = single(means, wave=last, by_arm=arm)
        if row is not None:
            words = context.mean_in_words(row, context.digits(scale))
            told.append(context.text("results.arm_mean", arm=context.arm(arm), mean=words))
    if told:
        yield context.text("results.last_wave", wave=context.wave(last), means=context.listed(told))


def score_table(context: ReportContext, table: pd.DataFrame, scale: Scale) -> DisplayTable:
    """Set n, mean, interval and standard deviation of one scale by wave and arm."""
    text, points = context.text, context.text("common.unit_points")
    own = total_rows(table, except_for="by_arm")
    groups = []
    for wave in context.study.wave_ids:
        rows = tuple(_score_rows(context, own[own["wave"] == wave], scale))
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
            TableColumn(text("common.mean"), unit=points),
            TableColumn(text("common.interval", confidence=context.confidence), unit=points),
            TableColumn(text("common.sd"), unit=points),
            TableColumn(text("results.dropped_head"), unit=text("common.unit_people")),
        ),
        groups=tuple(groups),
        notes=tuple(_notes(context, own)),
        asset="score_summary",
        data=own,
    )


def _score_rows(context: ReportContext, table: pd.DataFrame, scale: Scale) -> Iterator[tuple[Cell, ...]]:
    cells, digits = context.cells, context.digits(scale)
    for arm in context.arms:
        own = table[table["by_arm"] == arm] if "by_arm" in table else table
        mean, sd = single(own, term="mean"), single(own, term="sd")
        if mean is None:
            continue
        yield (
            Cell(context.arm(arm)),
            cells.n(mean),
            cells.estimate(mean, digits),
            cells.interval(mean, digits),
            cells.estimate(sd if sd is not None else mean | {"estimate": None}, digits),
            cells.dropped(mean),
        )


def _subtitle(context: ReportContext, scale: Scale) -> str:
    text, limits = context.text, context.score_range(scale)
    direction = text("common.lower_is_better" if scale.direction == "lower_is_better" else "common.higher_is_better")
    if limits is None:
        return text("results.subtitle", direction=direction)
    low, high = (context.limit(end) for end in limits)
    return text("results.subtitle_with_range", direction=direction, low=low, high=high)


def _notes(context: ReportContext, table: pd.DataFrame) -> Iterator[str]:
    yield context.text("results.available_cases")
    thin = context.study.analysis.minimum_n
    shown = [row for row in table.to_dict("records") if not is_suppressed({str(k): v for k, v in row.items()})]
    if any(pd.notna(row["n"]) and 0 < row["n"] < thin for row in shown):
        yield context.text("results.thin", minimum=thin)


RESULTS = Chapter(
    id="results",
    title="results.title",
    template="results.html.j2",
    content=results_content,
    needs=frozenset({"scales"}),
    tables=("score_summary",),
    figures=("trajectories",),
)
