"""Results by wave and arm: how high the scores were and how far they changed, for those who answered first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from increase_eval.reporting.documents.chapter import Chapter
from increase_eval.reporting.documents.context import TOTAL, ReportContext
from increase_eval.reporting.documents.effects import (
    change_in_words,
    change_table,
    mean_table,
    model_rows,
    pair_in_words,
)
from increase_eval.reporting.documents.headline import headline_outcomes
from increase_eval.reporting.tables import single
from increase_eval.study.instruments import Scale

ROLES = ("outcome", "satisfaction", "predictor", "component")
"""The order in which scales are told."""


def results_content(context: ReportContext) -> dict[str, Any]:
    """Give what the chapter of results says, scale by scale, outcomes first."""
    return {"intro": list(_intro(context)), "parts": list(_parts(context))}


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
    """Give the waves, in order, at which a scale has a mean (suppressed or not)."""
    own = means[means["outcome"] == scale.id]
    shown = own[own["estimate"].notna() | own["status"].eq("suppressed").fillna(False)]
    return [wave for wave in context.study.wave_ids if (shown["wave"] == wave).any()]


def _intro(context: ReportContext) -> Iterator[str]:
    yield context.text("results.intro", confidence=context.confidence)
    covariates = {column.name: context.words(column.label) for column in context.study.participant_columns}
    names = [covariates.get(name, name) for name in context.study.analysis.covariates]
    if names:
        yield context.text("results.covariates", covariates=context.listed(names))
    if len(context.study.wave_ids) > 1:
        yield context.text("results.missing_at_random")


def _parts(context: ReportContext) -> Iterator[dict[str, Any]]:
    headline, _ = headline_outcomes(context.study)
    for scale in sorted(context.study.scales, key=lambda scale: ROLES.index(scale.role)):
        means = model_rows(context.tables["score_means"], scale, term="mean")
        if means.empty:
            continue
        yield {
            "title": context.scale(scale),
            "sentences": list(_sentences(context, means, scale)),
            "table": mean_table(context, scale),
            "changes": change_table(context, scale),
            "is_detail": scale not in headline,
        }


def _sentences(context: ReportContext, means: pd.DataFrame, scale: Scale) -> Iterator[str]:
    """Say the arms' means at the last wave, where there are arms to tell apart, and how far everybody changed."""
    waves = estimated_waves(context, means, scale)
    if not waves:
        yield context.text("results.nobody")
        return
    if len(context.study.arm_ids) > 1:
        told = []
        for arm in context.study.arm_ids:
            row = single(means, wave=waves[-1], by_arm=arm)
            if row is not None:
                words = context.mean_in_words(row, context.digits(scale))
                told.append(context.text("results.arm_mean", arm=context.arm(arm), mean=words))
        if told:
            yield context.text("results.last_wave", wave=context.wave(waves[-1]), means=context.listed(told))
    changes = model_rows(context.table("score_changes"), scale, term="change")
    row = single(changes, wave=waves[-1], by_arm=TOTAL, by_unit="points", contrast=f"{waves[0]} -> {waves[-1]}")
    if row is not None:
        pair, words = pair_in_words(context, row["contrast"]), change_in_words(context, scale, row)
        yield context.text("results.change_of_all", pair=pair, change=words)


RESULTS = Chapter(
    id="results",
    title="results.title",
    template="results.html.j2",
    content=results_content,
    needs=frozenset({"scales"}),
    tables=("score_means",),
    optional_tables=("score_changes", "score_summary"),
    figures=("trajectories",),
)
