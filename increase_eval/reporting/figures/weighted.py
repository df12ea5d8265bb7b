"""What do weights change? The mean change since the first wave, everybody together, under each weighting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from increase_eval.reporting.figures.compose import compose
from increase_eval.reporting.figures.drawing import Drawing
from increase_eval.reporting.figures.leavers import WEIGHTINGS, weighting_name, weighting_styles
from increase_eval.reporting.figures.panels import Panel, Series, arrange, even_ticks, put_panels
from increase_eval.reporting.figures.series import point_of
from increase_eval.reporting.figures.sheet import Key
from increase_eval.reporting.figures.words import TOTAL, Words, drawn_scales
from increase_eval.reporting.numbers import format_count, format_interval, format_number, format_signed
from increase_eval.study import Scale, Study

MOST_PANELS = 6


def paint(study: Study, tables: Mapping[str, pd.DataFrame], language: str) -> Drawing:
    """Draw changes by wave and weighting, one panel a scale."""
    words = Words.of(study, language)
    table = tables["weighted_changes"]
    changes = table[(table["term"] == "change") & (table["by_arm"] == TOTAL)]
    scales, left_out = drawn_scales(study, changes, most=MOST_PANELS)
    waves = [wave for wave in study.wave_ids if (changes["wave"] == wave).fillna(False).any()]
    panels = tuple(_panel(scale, changes[changes["outcome"] == scale.id], waves, words) for scale in scales)
    layout = arrange(panels, n_head=words.text("figures.n_head"))
    left_out += len(scales) - layout.count
    scales, panels = scales[: layout.count], panels[: layout.count]
    drawn = changes[changes["outcome"].isin([scale.id for scale in scales])]
    styles = weighting_styles()
    text = words.text
    return compose(
        words,
        figure_id="weighted",
        table="weighted_changes",
        data=drawn,
        title=_title(scales, drawn, waves, words),
        subtitle=text("figures.weighted_subtitle", wave=words.wave(study.wave_ids[0])),
        caption=words.caption(
            drawn,
            text("figures.weighted_note", confidence=words.confidence()),
            text("figures.cut_axes"),
            text.plural("figures.more_scales", left_out, number=format_count(left_out, language)) if left_out else "",
        ),
        keys=[Key(weighting_name(words, name), styles[name]) for name in WEIGHTINGS],
        height=layout.height,
        put=lambda sheet: put_panels(sheet, panels, layout),
        described=[_described(scale, wave, drawn, words) for scale in scales for wave in waves]
        or [text("figures.nothing_drawn")],
    )


def _panel(scale: Scale, rows: pd.DataFrame, waves: Sequence[str], words: Words) -> Panel:
    found = {(row["by_weights"], row["wave"]): row for row in rows.to_dict("records")}
    styles = weighting_styles()
    series = tuple(
        Series(
            weighting_name(words, name),
            styles[name],
            tuple(point_of(place, found.get((name, wave)), words) for place, wave in enumerate(waves)),
        )
        for name in WEIGHTINGS
    )
    values = [v for one in series for p in one.points for v in (p.value, p.low, p.high) if v is not None]
    low, high = min([0.0, *values]), max([0.0, *values])
    air = 0.08 * (high - low) or 1.0
    limits = (low - air, high + air)
    ticks = even_ticks(*limits)
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
    digits = next((d for d in range(4) if abs(round(step, d) - step) < step * 1e-6), 3)
    labels = tuple((tick, format_number(tick, digits, words.language)) for tick in ticks)
    same_n = len({tuple(point.n_text for point in one.points) for one in series}) == 1
    remark = words.range_and_direction(scale)
    return Panel(words.scale(scale), words.places(waves), series, limits, labels, remark=remark, is_one_n=same_n)


def _title(scales: Sequence[Scale], drawn: pd.DataFrame, waves: Sequence[str], words: Words) -> str:
    """Say the first scale's change at the last wave without weights and with those of the response model."""
    for scale in scales:
        own = drawn[(drawn["outcome"] == scale.id) & (drawn["wave"] == waves[-1])].set_index("by_weights")["estimate"]
        if {"none", "ipw"} <= set(own.index) and own[["none", "ipw"]].notna().all():
            digits = 1 if own[["none", "ipw"]].abs().max() >= 2 else 2
            plain, weighted = (format_signed(own[name], digits, words.language) for name in ("none", "ipw"))
            return words.text(
                "figures.weighted_title",
                scale=words.scale(scale),
                wave=words.wave(waves[-1]),
                plain=plain,
                weighted=weighted,
            )
    return words.text("figures.weighted_plain")


def _described(scale: Scale, wave: str, drawn: pd.DataFrame, words: Words) -> str:
    rows = drawn[(drawn["outcome"] == scale.id) & (drawn["wave"] == wave)]
    points = [
        words.text(
            "figures.point",
            place=weighting_name(words, row["by_weights"]),
            value=format_signed(row["estimate"], 2, words.language),
            interval=format_interval(row["conf_low"], row["conf_high"], 2, words.language),
            n=words.count(row["n"]),
        )
        for row in rows.to_dict("records")
        if pd.notna(row["estimate"])
    ]
    return words.text(
        "figures.series",
        series=f"{words.scale(scale)}, {words.wave(wave)}",
        points="; ".join(points) or words.text("figures.nothing_drawn"),
    )
