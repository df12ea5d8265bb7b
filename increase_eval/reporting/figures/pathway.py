"""How many reached each step of the service's pathway? Bars from 0, one a step, then one an outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from increase_eval.reporting.figures import style as st
from increase_eval.reporting.figures.compose import compose
from increase_eval.reporting.figures.drawing import Drawing
from increase_eval.reporting.figures.sheet import Sheet
from increase_eval.reporting.figures.words import Words, only_total
from increase_eval.reporting.numbers import format_percent
from increase_eval.study import Study
from increase_eval.study.services import PathwayStep

ROW = 7.0
BAR_HEIGHT = 4.2
WIDEST_NAME = 52.0
WIDEST_NAME_COLUMN = 30.0
BETWEEN = 4.0
GAP = 1.5


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its name, its count (None where it may not be shown), and what stands at its end."""

    name: str
    count: float | None
    label: str


def paint(study: Study, tables: Mapping[str, pd.DataFrame], language: str) -> Drawing:
    """Draw the funnel of the pathway and the outcomes, all units together."""
    words = Words.of(study, language)
    tables = {name: only_total(tables[name]) for name in ("pathway", "service_outcomes")}
    steps = study.services.steps if study.services is not None else ()
    funnel = [step for step in steps if step.kind == "funnel"]
    reached = _bars(funnel, tables["pathway"], words, has_share_before=True)
    outcomes = _bars([step for step in steps if step.kind == "outcome"], tables["service_outcomes"], words)
    drawn = pd.concat([table[table["contrast"] == "count"] for table in tables.values()], ignore_index=True)
    drawn = drawn[drawn["term"].isin([step.id for step in steps])]
    head = st.line_height(st.HEADING_PT) + 1.0
    height = head + len(reached) * ROW + ((BETWEEN + head + len(outcomes) * ROW) if outcomes else 0.0)

    def put(sheet: Sheet) -> None:
        top = sheet.ceiling
        longest = max((bar.count for bar in (*reached, *outcomes) if bar.count is not None), default=1.0) or 1.0
        for heading, bars in (("figures.pathway_steps", reached), ("figures.pathway_outcomes", outcomes)):
            if bars:
                sheet.text(1.5, top - 3.2, words.text(heading), size=st.HEADING_PT, bold=True)
                _put_bars(sheet, bars, top - head, longest)
                top -= head + len(bars) * ROW + BETWEEN

    return compose(
        words,
        figure_id="pathway",
        table="pathway",
        data=drawn,
        title=_title(funnel, reached, words),
        subtitle=words.text("figures.pathway_subtitle"),
        caption=words.caption(drawn, words.text("figures.pathway_note")),
        keys=(),
        height=height,
        put=put,
        described=[
            words.text(
                "figures.series", series=words.text(key), points="; ".join(f"{bar.name} {bar.label}" for bar in bars)
            )
            for key, bars in (("figures.pathway_steps", reached), ("figures.pathway_outcomes", outcomes))
            if bars
        ],
    )


def _bars(
    steps: Sequence[PathwayStep], table: pd.DataFrame, words: Words, *, has_share_before: bool = False
) -> list[Bar]:
    counts = table[table["contrast"] == "count"].drop_duplicates("term").set_index("term")["estimate"]
    bars: list[Bar] = []
    before: float | None = None
    for step in steps:
        value = counts.get(step.id)
        count = None if value is None or pd.isna(value) else float(value)
        label = words.count(count)
        if has_share_before and before and count is not None and st.by_width(True, False):
            share = format_percent(count / before, words.language)
            label = words.text("figures.pathway_of_before", n=label, share=share)
        bars.append(Bar(words.words(step.label), count, label))
        before = count
    return bars


def _put_bars(sheet: Sheet, bars: Sequence[Bar], top: float, longest: float) -> None:
    widest = st.by_width(WIDEST_NAME, WIDEST_NAME_COLUMN)
    names = [st.wrap(bar.name, widest) for bar in bars]
    left = 1.5 + max(st.text_width(line) for lines in names for line in lines) + 3.0
    left = max(left, 1.5 + widest + 3.0)
    room = sheet.width - 1.5 - left - max(st.text_width(bar.label) for bar in bars) - 2 * GAP
    for place, (bar, lines) in enumerate(zip(bars, names, strict=True)):
        middle = top - (place + 0.5) * ROW
        for row, line in enumerate(lines[:2]):
            shift = (len(lines[:2]) - 1) / 2 - row
            sheet.text(left - 3.0, middle + shift * st.line_height(), line, ha="right", va="center_baseline")
        width = 0.0 if bar.count is None else room * bar.count / longest
        if width > 0:
            sheet.box(left, middle - BAR_HEIGHT / 2, width, BAR_HEIGHT, facecolor=st.BAR, edgecolor="none")
        sheet.text(left + width + GAP, middle, bar.label, va="center_baseline")
    sheet.line([left, left], [top, top - len(bars) * ROW], color=st.SOFT_INK, linewidth=0.6)


def _title(steps: Sequence[PathwayStep], bars: Sequence[Bar], words: Words) -> str:
    """Say which share of the first step reached the last one that the survey asks people of; else the last of all."""
    asked = {wave.among_step for wave in words.study.head.waves}
    meant = [bar for step, bar in zip(steps, bars, strict=True) if step.id in asked]
    if len(bars) < 2:
        return words.text("figures.pathway_plain")
    start, last = bars[0], (meant or bars)[-1]
    if not last.count or not start.count:
        return words.text("figures.pathway_plain")
    return words.text(
        "figures.pathway_title",
        first=start.name,
        first_n=words.count(start.count),
        last=last.name,
        last_n=words.count(last.count),
        share=format_percent(last.count / start.count, words.language, digits=1),
    )
