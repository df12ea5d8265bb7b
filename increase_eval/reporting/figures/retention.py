"""Did those who stayed start differently? The share that answered later waves, by group of the score at the start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from increase_eval.reporting.figures.compose import compose
from increase_eval.reporting.figures.drawing import Drawing
from increase_eval.reporting.figures.panels import Panel, Places, Series, arrange, put_panels
from increase_eval.reporting.figures.series import point_of
from increase_eval.reporting.figures.sheet import Key
from increase_eval.reporting.figures.states import PERCENT_TICKS
from increase_eval.reporting.figures.style import wave_styles
from increase_eval.reporting.figures.words import Words, drawn_scales, only_total
from increase_eval.reporting.numbers import format_count, format_number, format_percent
from increase_eval.study import Scale, Study

MOST_PANELS = 9
UPTO = ".."


def paint(study: Study, tables: Mapping[str, pd.DataFrame], language: str) -> Drawing:
    """Draw retention at each later wave by group of the baseline score."""
    words = Words.of(study, language)
    table = only_total(tables["retention_by_baseline"])
    # A scale that nobody has a score of at the start has no groups, and one whose scores are all equal has one.
    grouped = table[table["term"].str.strip(UPTO).ne("").fillna(False)]
    scales, left_out = drawn_scales(study, grouped, most=MOST_PANELS)
    drawn = grouped[grouped["outcome"].isin([scale.id for scale in scales])]
    waves = [wave for wave in study.wave_ids if (drawn["wave"] == wave).fillna(False).any()]
    panels = tuple(_panel(scale, drawn, waves, words) for scale in scales)
    layout = arrange(panels, n_head=words.text("figures.n_head"))
    left_out += len(scales) - layout.count
    scales, panels = scales[: layout.count], panels[: layout.count]
    drawn = drawn[drawn["outcome"].isin([scale.id for scale in scales])]
    return compose(
        words,
        figure_id="retention",
        table="retention_by_baseline",
        data=drawn,
        title=_title(scales, drawn, waves, words),
        subtitle=words.text("figures.retention_subtitle", wave=words.wave(study.wave_ids[0]), waves=words.waves(waves)),
        caption=words.caption(
            drawn,
            words.text("figures.share_interval", confidence=words.confidence()),
            words.text("figures.retention_groups"),
            words.text.plural("figures.more_scales", left_out, number=format_count(left_out, language))
            if left_out
            else "",
        ),
        keys=_keys(panels, waves, words),
        height=layout.height,
        put=lambda sheet: put_panels(sheet, panels, layout),
        described=[_described(scale, wave, drawn, words) for scale in scales for wave in waves]
        or [words.text("figures.nothing_drawn")],
    )


def _panel(scale: Scale, drawn: pd.DataFrame, waves: Sequence[str], words: Words) -> Panel:
    rows = drawn[drawn["outcome"] == scale.id]
    groups = list(rows["term"].drop_duplicates())
    found = {(row["wave"], row["term"]): row for row in rows.to_dict("records")}
    styles = wave_styles(words.study.wave_ids[1:])
    series = tuple(
        Series(
            words.wave(wave),
            styles[wave],
            tuple(point_of(place, found.get((wave, group)), words) for place, group in enumerate(groups)),
        )
        for wave in waves
    )
    ticks = tuple((tick, format_percent(tick, words.language)) for tick in PERCENT_TICKS)
    places = Places(tuple(group_label(group, words.language) for group in groups))
    remark = words.range_and_direction(scale)
    return Panel(words.scale(scale), places, series, (-0.02, 1.02), ticks, remark=remark, is_one_n=True)


def group_label(term: str, language: str) -> str:
    """Name a group by its upper end, and the last by its lower: ``..18`` is at most 18, ``38..`` more than 38."""
    low, _, high = term.partition(UPTO)
    end = float(high or low)
    digits = 0 if end.is_integer() else 1 if abs(end) >= 10 else 2
    return f"{'≤' if high else '>'}\u00a0{format_number(end, digits, language)}"


def _keys(panels: Sequence[Panel], waves: Sequence[str], words: Words) -> list[Key]:
    styles = wave_styles(words.study.wave_ids[1:])
    keys = [Key(words.wave(wave), styles[wave]) for wave in waves]
    thin = any(point.is_thin and point.value is not None for p in panels for one in p.series for point in one.points)
    return [*keys, words.thin_key()] if thin else keys


def _title(scales: Sequence[Scale], drawn: pd.DataFrame, waves: Sequence[str], words: Words) -> str:
    """Say which share of the lowest and the highest group answered the last wave, for the first scale that can tell."""
    for scale in scales:
        rows = drawn[(drawn["outcome"] == scale.id) & (drawn["wave"] == waves[-1])]
        if len(rows) > 1 and rows["estimate"].iloc[[0, -1]].notna().all():
            low, high = (format_percent(share, words.language) for share in rows["estimate"].iloc[[0, -1]])
            return words.text(
                "figures.retention_ends", scale=words.scale(scale), low=low, high=high, wave=words.wave(waves[-1])
            )
    return words.text("figures.retention_plain")


def _described(scale: Scale, wave: str, drawn: pd.DataFrame, words: Words) -> str:
    rows = drawn[(drawn["outcome"] == scale.id) & (drawn["wave"] == wave)]
    points = [words.share_point(group_label(row["term"], words.language), row) for row in rows.to_dict("records")]
    return words.text("figures.series", series=f"{words.scale(scale)}, {words.wave(wave)}", points="; ".join(points))
