"""The first screen: what was asked, how many answered, what was found in plain words, and what cannot be said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from increase_eval.reporting.documents.answering import answered_sentences
from increase_eval.reporting.documents.chapter import Chapter
from increase_eval.reporting.documents.context import ReportContext
from increase_eval.reporting.documents.headline import headline_outcomes
from increase_eval.reporting.documents.limits import design_limits, response_kind
from increase_eval.reporting.documents.results import estimated_waves, total_rows
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
    table = context.table("score_summary")
    if table is None:
        return
    means = total_rows(table[table["term"] == "mean"])
    for scale in headline_outcomes(context.study)[0]:
        waves = estimated_waves(context, means, scale)
        if not waves:
            continue
        ends = [single(means, outcome=scale.id, wave=wave) for wave in dict.fromkeys((waves[0], waves[-1]))]
        words = [context.mean_in_words(row, context.digits(scale)) for row in ends if row is not None]
        named = {"scale": context.scale(scale), "direction": _direction(context, scale)}
        if len(words) == 1:
            yield context.text("summary.finding_one_wave", **named, wave=context.wave(waves[0]), first=words[0])
        else:
            yield context.text(
                "summary.finding",
                **named,
                first_wave=context.wave(waves[0]),
                first=words[0],
                last_wave=context.wave(waves[-1]),
                last=words[1],
            )


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
    """Set the first and last mean of each headline scale side by side, arm by arm."""
    table = context.table("score_summary")
    if table is None:
        return None
    means = table[table["term"] == "mean"]
    groups, used = [], []
    for scale in headline_outcomes(context.study)[0]:
        waves = estimated_waves(context, total_rows(means), scale)
        if not waves:
            continue
        ends = tuple(dict.fromkeys((waves[0], waves[-1])))
        own = means[(means["outcome"] == scale.id) & means["wave"].isin(ends)]
        used.append(own)
        rows = [row for wave in ends for row in _headline_rows(context, own[own["wave"] == wave], scale, wave)]
        groups.append(RowGroup(context.scale(scale), tuple(rows)))
    if not groups:
        return None
    text = context.text
    return DisplayTable(
        id="headline",
        title=text("summary.table_title"),
        subtitle=text("summary.table_subtitle"),
        columns=(
            TableColumn(text("common.scale"), "head"),
            TableColumn(text("common.wave"), "text"),
            TableColumn(text("common.arm"), "head"),
            TableColumn(text("common.n"), unit=text("common.unit_people")),
            TableColumn(text("common.mean"), unit=text("common.unit_points")),
            TableColumn(text("common.interval", confidence=context.confidence), unit=text("common.unit_points")),
        ),
        groups=tuple(groups),
        notes=() if response_kind(context) == "complete" else (text("summary.table_note"),),
        asset="score_summary",
        data=pd.concat(used),
    )


def _headline_rows(context: ReportContext, means: pd.DataFrame, scale: Scale, wave: str) -> Iterator[tuple[Cell, ...]]:
    digits, cells, own = context.digits(scale), context.cells, total_rows(means, except_for="by_arm")
    for arm in context.arms:
        row = single(own[own["by_arm"] == arm] if "by_arm" in own else own)
        if row is not None:
            names = Cell(context.wave(wave)), Cell(context.arm(arm))
            yield *names, cells.n(row), cells.estimate(row, digits), cells.interval(row, digits)


SUMMARY = Chapter(
    id="summary",
    title="summary.title",
    template="summary.html.j2",
    content=summary_content,
    tables=("response_flow",),
    optional_tables=("score_summary", "state_shares", "response_patterns"),
)
