"""The first screen: what was asked, how many answered, what was found in plain words, and what cannot be said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from increase_eval.reporting.documents.answering import answered_sentences
from increase_eval.reporting.documents.chapter import Chapter
from increase_eval.reporting.documents.context import TOTAL, ReportContext
from increase_eval.reporting.documents.effects import (
    POINTS,
    SD,
    SD_DIGITS,
    change_digits,
    change_in_words,
    model_rows,
    pair_in_words,
)
from increase_eval.reporting.documents.headline import headline_outcomes
from increase_eval.reporting.documents.limits import design_limits, response_kind
from increase_eval.reporting.documents.results import estimated_waves, total_rows
from increase_eval.reporting.documents.verdicts import headline_sentences
from increase_eval.reporting.numbers import MISSING
from increase_eval.reporting.tables import Cell, DisplayTable, RowGroup, TableColumn, single
from increase_eval.study.instruments import Scale
from increase_eval.study.structure import StateVariable

MOST_LIMITS = 3
MOST_STATES = 2


def summary_content(context: ReportContext) -> dict[str, Any]:
    """Give what the first screen says."""
    head = context.study.head
    return {
        "study_title": context.words(head.title),
        "data_date": context.words(head.data_date),
        "description": context.words(head.description),
        "outcomes": _outcomes(context),
        "design": _design(context),
        "answered": answered_sentences(context),
        "findings": [*_scale_findings(context), *_state_findings(context)],
        "caution": _caution(context),
        "said": headline_sentences(context),
        "limits": design_limits(context)[:MOST_LIMITS],
        "headline": _headline_table(context),
    }


def _caution(context: ReportContext) -> str:
    if response_kind(context) == "complete":
        return context.text("summary.only_described")
    return context.text("summary.only_described_of_those_who_answered")


def _outcomes(context: ReportContext) -> str:
    scales, states = headline_outcomes(context.study)
    names = [context.scale(scale) for scale in scales]
    names += [context.words(variable.label) for variable in states]
    if not names:
        return context.text("summary.no_outcomes")
    waves = [context.wave(wave) for wave in context.study.wave_ids]
    return context.text("summary.outcomes", outcomes=context.listed(names), waves=context.listed(waves))


def _design(context: ReportContext) -> str:
    arms = context.study.arm_ids
    if len(arms) == 1:
        return context.text("summary.one_arm", arm=context.arm(arms[0]))
    names = context.listed(context.arm(arm) for arm in arms)
    if "randomised" in context.study.capabilities:
        return context.text("summary.randomised_arms", count=len(arms), arms=names)
    return context.text("summary.chosen_arms", count=len(arms), arms=names)


def _scale_findings(context: ReportContext) -> Iterator[str]:
    for scale in headline_outcomes(context.study)[0]:
        means = model_rows(context.table("score_means"), scale, term="mean")
        waves = estimated_waves(context, means, scale)
        if not waves:
            continue
        ends = [single(means, wave=wave, by_arm=TOTAL) for wave in dict.fromkeys((waves[0], waves[-1]))]
        words = [context.mean_in_words(row, context.digits(scale)) for row in ends if row is not None]
        named = {"scale": context.scale(scale), "direction": _direction(context, scale)}
        if len(words) == 1:
            yield context.text("summary.finding_one_wave", **named, wave=context.wave(waves[0]), first=words[0])
            continue
        changed = _change_row(context, scale, waves, TOTAL, POINTS)
        yield context.text(
            "summary.finding",
            **named,
            first_wave=context.wave(waves[0]),
            first=words[0],
            last_wave=context.wave(waves[-1]),
            last=words[1],
            change=change_in_words(context, scale, changed) if changed else context.text("common.not_shown"),
        )


def _change_row(context: ReportContext, scale: Scale, waves: list[str], arm: str, unit: str) -> dict[str, Any] | None:
    changes = model_rows(context.table("score_changes"), scale, term="change")
    return single(changes, contrast=f"{waves[0]} -> {waves[-1]}", by_arm=arm, by_unit=unit)


def _direction(context: ReportContext, scale: Scale) -> str:
    if scale.direction == "lower_is_better":
        return context.text("common.lower_is_better")
    return context.text("common.higher_is_better")


def _state_findings(context: ReportContext) -> Iterator[str]:
    table = context.table("state_shares")
    if table is None:
        return
    everybody = total_rows(table)
    for variable in headline_outcomes(context.study)[1]:
        own = everybody[everybody["outcome"] == variable.id]
        waves = [wave for wave in context.study.wave_ids if (own["wave"] == wave).any()]
        for state in _told_states(variable):
            told = []
            for wave in dict.fromkeys(waves[:1] + waves[-1:]):
                row = single(own, wave=wave, term=state)
                if row is not None:
                    share = context.share_in_words(row)
                    told.append(context.text("summary.state_at_wave", wave=context.wave(wave), share=share))
            if told:
                yield context.text(
                    "summary.state_finding",
                    variable=context.words(variable.label),
                    state=context.state(variable.id, state),
                    shares=" ".join(told),
                )


def _told_states(variable: StateVariable) -> list[str]:
    """Choose the states that count as in work; where none does, the second of two (yes after no), else the first."""
    in_work = [state.id for state in variable.states if state.in_work]
    return in_work[:MOST_STATES] or [variable.states[1 if len(variable.states) == 2 else 0].id]


def _headline_table(context: ReportContext) -> DisplayTable | None:
    """Set the first and last mean of each headline scale, and the change between them, arm by arm."""
    groups, used = [], []
    for scale in headline_outcomes(context.study)[0]:
        means = model_rows(context.table("score_means"), scale, term="mean")
        waves = estimated_waves(context, means, scale)
        if not waves:
            continue
        used.append(means[means["wave"].isin((waves[0], waves[-1]))])
        groups.append(RowGroup(_scale_and_waves(context, scale, waves), tuple(_rows(context, means, scale, waves))))
    if not groups:
        return None
    text, points = context.text, context.text("common.unit_points")
    interval = text("common.interval", confidence=context.confidence)
    return DisplayTable(
        id="headline",
        title=text("summary.table_title"),
        subtitle=text("summary.table_subtitle"),
        columns=(
            TableColumn(text("common.scale"), "head"),
            TableColumn(text("common.arm"), "head"),
            TableColumn(text("summary.first_n"), unit=text("common.unit_people")),
            TableColumn(text("summary.last_n"), unit=text("common.unit_people")),
            TableColumn(text("summary.first_mean"), unit=points),
            TableColumn(text("summary.last_mean"), unit=points),
            TableColumn(text("summary.change"), unit=points),
            TableColumn(interval, unit=points),
            TableColumn(text("summary.change"), unit=text("common.sd")),
        ),
        groups=tuple(groups),
        notes=(text("summary.table_note"),),
        asset="score_means",
        data=pd.concat(used),
    )


def _scale_and_waves(context: ReportContext, scale: Scale, waves: list[str]) -> str:
    if len(waves) == 1:
        return context.text("summary.scale_and_waves", scale=context.scale(scale), pair=context.wave(waves[0]))
    return context.text(
        "summary.scale_and_waves",
        scale=context.scale(scale),
        pair=pair_in_words(context, f"{waves[0]} -> {waves[-1]}"),
    )


def _rows(context: ReportContext, means: pd.DataFrame, scale: Scale, waves: list[str]) -> Iterator[tuple[Cell, ...]]:
    digits, finer = context.digits(scale), change_digits(context, scale)
    cells, empty = context.cells, Cell(MISSING, "absent")
    for arm in context.arms:
        first = single(means, wave=waves[0], by_arm=arm)
        if first is None:
            continue
        last = single(means, wave=waves[-1], by_arm=arm) if len(waves) > 1 else None
        points, sd = (_change_row(context, scale, waves, arm, unit) for unit in (POINTS, SD))
        yield (
            Cell(context.arm(arm)),
            cells.n(first),
            cells.n(last) if last else empty,
            cells.estimate(first, digits),
            cells.estimate(last, digits) if last else empty,
            cells.signed(points, finer) if points else empty,
            cells.interval(points, finer) if points else empty,
            cells.signed(sd, SD_DIGITS) if sd else empty,
        )


SUMMARY = Chapter(
    id="summary",
    title="summary.title",
    template="summary.html.j2",
    content=summary_content,
    tables=("response_flow",),
    optional_tables=("score_means", "score_changes", "score_summary", "state_shares", "response_patterns", "pathway"),
)
