"""Who could have answered: predicted probabilities of those who did and did not, and whether respondents stand for all.

Two figures: how the predicted probabilities of answering overlap, and the indicators of representativeness by wave.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from increase_eval.reporting.figures import style as st
from increase_eval.reporting.figures.compose import compose
from increase_eval.reporting.figures.dot_rows import DotRow, Mark, put_rows, rows_height
from increase_eval.reporting.figures.drawing import Drawing
from increase_eval.reporting.figures.panels import Panel, Point, Series, arrange, even_ticks, put_panels
from increase_eval.reporting.figures.series import is_suppressed, point_of
from increase_eval.reporting.figures.sheet import Key
from increase_eval.reporting.figures.words import Words
from increase_eval.reporting.numbers import format_number, format_percent
from increase_eval.study import Study

SIDES = {"yes": st.SeriesStyle(st.ARM_COLOURS[0], "o", "-"), "no": st.SeriesStyle("#8c8c8c", "s", (0, (5, 2)))}
ESTIMATE = st.SeriesStyle(st.ARM_COLOURS[0], "o", "-")
FLOOR = st.SeriesStyle("#8c8c8c", "v", (0, (1, 1.2)))


def paint_chances(study: Study, tables: Mapping[str, pd.DataFrame], language: str) -> Drawing:
    """Draw the middle half and the tenths of the predicted probabilities, of those who answered and did not."""
    words = Words.of(study, language)
    table = tables["answering_chances"]
    waves = [wave for wave in study.wave_ids if (table["wave"] == wave).fillna(False).any()]
    rows = [row for wave in waves for row in _wave_rows(table[table["wave"] == wave], wave, words)]
    top = max([v for row in rows for mark in row.marks for v in (mark.value, mark.high) if v is not None], default=1.0)
    return compose(
        words,
        figure_id="chances",
        table="answering_chances",
        data=table,
        title=words.text("figures.chances_title"),
        subtitle=words.text("figures.chances_subtitle"),
        caption=words.caption(table, words.text("figures.chances_note")),
        keys=[Key(words.text(f"figures.chances_{side}"), style) for side, style in SIDES.items()],
        height=rows_height(rows),
        put=lambda sheet: put_rows(
            sheet,
            rows,
            (0.0, min(1.02, top * 1.08)),
            language=language,
            side_head=words.text("figures.n_head"),
            lines=(),
        ),
        described=[_chance_words(row, words) for row in rows if row.marks] or [words.text("figures.nothing_drawn")],
    )


def _wave_rows(table: pd.DataFrame, wave: str, words: Words) -> list[DotRow]:
    rows = [DotRow(words.wave(wave), is_head=True)]
    for side, style in SIDES.items():
        found = {row["term"]: row for row in table[table["by_answered"] == side].to_dict("records")}
        if not found:
            continue
        low, middle, high = (_value(found.get(term)) for term in ("p10", "p50", "p90"))
        hidden = any(is_suppressed(row) for row in found.values())
        n = next(iter(found.values()))["n"]
        mark = Mark(middle, style, low, high, is_hidden=hidden)
        rows.append(DotRow(words.text(f"figures.chances_{side}"), (mark,), words.count(n)))
    return rows


def _value(row: Mapping[Any, Any] | None) -> float | None:
    return None if row is None or pd.isna(row["estimate"]) else float(row["estimate"])


def _chance_words(row: DotRow, words: Words) -> str:
    mark = row.marks[0]
    ends = [format_percent(v, words.language) for v in (mark.low, mark.value, mark.high) if v is not None]
    return words.text("figures.series", series=row.name, points=", ".join(ends) or words.text("figures.nothing_drawn"))


def paint_representativeness(study: Study, tables: Mapping[str, pd.DataFrame], language: str) -> Drawing:
    """Draw the largest standardised bias and the R-indicator by wave, with the lowest R that could be."""
    words = Words.of(study, language)
    table = tables["representativeness"]
    drawn = table[table["outcome"] == "responded"]
    waves = [wave for wave in study.wave_ids if (drawn["wave"] == wave).fillna(False).any()]
    panels = (
        _panel("largest_bias", drawn, waves, words),
        _panel("r_indicator", drawn, waves, words),
    )
    layout = arrange(panels, n_head=words.text("figures.n_head"))
    text = words.text
    return compose(
        words,
        figure_id="representativeness",
        table="representativeness",
        data=drawn,
        title=_representative_title(drawn, waves, words),
        subtitle=text("figures.representativeness_subtitle"),
        caption=words.caption(drawn, text("figures.representativeness_note", confidence=words.confidence())),
        keys=[Key(text("figures.representativeness_estimate"), ESTIMATE), Key(text("figures.lowest_possible"), FLOOR)],
        height=layout.height,
        put=lambda sheet: put_panels(sheet, panels, layout),
        described=[_indicator_words(term, drawn, waves, words) for term in ("largest_bias", "r_indicator")],
    )


def _panel(term: str, drawn: pd.DataFrame, waves: Sequence[str], words: Words) -> Panel:
    series = [Series(words.text(f"figures.{term}"), ESTIMATE, _points(term, drawn, waves, words))]
    if term == "r_indicator":
        series.append(
            Series(words.text("figures.lowest_possible"), FLOOR, _points("lowest_possible", drawn, waves, words))
        )
        limits = (0.0, 1.02)
    else:
        ends = [v for one in series for p in one.points for v in (p.value, p.high) if v is not None]
        limits = (0.0, max([0.3, *ends]) * 1.08)
    ticks = tuple((tick, format_number(tick, 2, words.language)) for tick in even_ticks(*limits))
    heading = words.text(f"figures.{term}")
    remark = words.text(f"figures.{term}_remark")
    return Panel(heading, words.places(waves), tuple(series), limits, ticks, remark=remark, is_one_n=True)


def _points(term: str, drawn: pd.DataFrame, waves: Sequence[str], words: Words) -> tuple[Point, ...]:
    found = {row["wave"]: row for row in drawn[drawn["term"] == term].to_dict("records")}
    return tuple(point_of(place, found.get(wave), words) for place, wave in enumerate(waves))


def _representative_title(drawn: pd.DataFrame, waves: Sequence[str], words: Words) -> str:
    rows = drawn[(drawn["term"] == "largest_bias") & (drawn["wave"] == waves[-1])] if waves else drawn.iloc[:0]
    if rows.empty or rows["estimate"].isna().all():
        return words.text("figures.representativeness_plain")
    row = rows.iloc[0]
    if row["estimate"] == 0 and pd.notna(row["conf_high"]):
        return words.text(
            "figures.representativeness_none",
            wave=words.wave(waves[-1]),
            high=format_number(row["conf_high"], 2, words.language),
        )
    return words.text(
        "figures.representativeness_title",
        wave=words.wave(waves[-1]),
        value=format_number(row["estimate"], 2, words.language),
        high=format_number(row["conf_high"], 2, words.language),
    )


def _indicator_words(term: str, drawn: pd.DataFrame, waves: Sequence[str], words: Words) -> str:
    found = {row["wave"]: row for row in drawn[drawn["term"] == term].to_dict("records")}
    points = [
        words.text(
            "figures.love_point",
            place=words.wave(wave),
            value=format_number(found[wave]["estimate"], 2, words.language),
        )
        for wave in waves
        if wave in found and pd.notna(found[wave]["estimate"])
    ]
    return words.text(
        "figures.series",
        series=words.text(f"figures.{term}"),
        points="; ".join(points) or words.text("figures.nothing_drawn"),
    )
