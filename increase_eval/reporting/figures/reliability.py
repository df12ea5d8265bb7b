"""How consistent is each scale? Alpha with its interval at each wave, of everybody and by language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from increase_eval.reporting.figures.compose import compose
from increase_eval.reporting.figures.drawing import Drawing
from increase_eval.reporting.figures.panels import Panel, Series, arrange, put_panels
from increase_eval.reporting.figures.series import point_of
from increase_eval.reporting.figures.sheet import Key
from increase_eval.reporting.figures.style import SeriesStyle, wave_styles
from increase_eval.reporting.figures.words import TOTAL, Words
from increase_eval.reporting.numbers import format_count, format_number
from increase_eval.reporting.translations import language_name
from increase_eval.study import Scale, Study

MOST_PANELS = 9
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


def paint(study: Study, tables: Mapping[str, pd.DataFrame], language: str) -> Drawing:
    """Draw alpha by scale, wave and language of the questionnaire, all arms together."""
    words = Words.of(study, language)
    table = tables["reliability"]
    alphas = table[(table["term"] == "alpha") & (table["by_arm"] == TOTAL)]
    groups = _groups(alphas)
    present = set(alphas["outcome"].dropna())
    asked = [scale for scale in study.scales if scale.id in present]
    panels = [_panel(scale, alphas, groups, words) for scale in asked[:MOST_PANELS]]
    layout = arrange(panels, n_head=words.text("figures.n_head"))
    scales, panels, left_out = asked[: layout.count], panels[: layout.count], len(asked) - layout.count
    drawn = alphas[alphas["outcome"].isin([scale.id for scale in scales]) & alphas["by_language"].isin(groups)]
    return compose(
        words,
        figure_id="reliability",
        table="reliability",
        data=drawn,
        title=_title(scales, drawn, words),
        subtitle=words.text("figures.reliability_subtitle"),
        caption=words.caption(
            drawn,
            words.text("figures.reliability_note", confidence=words.confidence(), n=study.analysis.minimum_n),
            words.text("figures.even") if layout.is_even and len(study.wave_ids) > 2 else "",
            words.text.plural("figures.more_scales", left_out, number=format_count(left_out, language))
            if left_out
            else "",
        ),
        keys=_keys(panels, groups, words),
        height=layout.height,
        put=lambda sheet: put_panels(sheet, panels, layout),
        described=[_described(scale, group, drawn, words) for scale in scales for group in groups]
        or [words.text("figures.nothing_drawn")],
    )


def _groups(alphas: pd.DataFrame) -> list[str]:
    """Give everybody, and the languages where there are several."""
    languages = [str(name) for name in dict.fromkeys(alphas["by_language"].dropna()) if name != TOTAL]
    return [TOTAL, *(languages if len(languages) > 1 else [])]


def _styles(groups: Sequence[str]) -> dict[str, SeriesStyle]:
    return wave_styles(groups)


def _panel(scale: Scale, alphas: pd.DataFrame, groups: Sequence[str], words: Words) -> Panel:
    own = alphas[alphas["outcome"] == scale.id]
    waves = [wave for wave in words.study.wave_ids if (own["wave"] == wave).fillna(False).any()]
    found = {(row["by_language"], row["wave"]): row for row in own.to_dict("records")}
    styles = _styles(groups)
    series = tuple(
        Series(
            _group_name(group, words),
            styles[group],
            tuple(point_of(place, found.get((group, wave)), words) for place, wave in enumerate(waves)),
        )
        for group in groups
    )
    values = [
        value for one in series for point in one.points for value in (point.value, point.low) if value is not None
    ]
    ticks = tuple((tick, format_number(tick, 2, words.language)) for tick in TICKS)
    note = "" if values else words.text("figures.nothing_drawn")
    low = min([0.0, *values])
    return Panel(words.scale(scale), words.places(waves), series, (low - 0.02, 1.02), ticks, empty_note=note)


def _keys(panels: Sequence[Panel], groups: Sequence[str], words: Words) -> list[Key]:
    styles = _styles(groups)
    keys = [Key(_group_name(group, words), styles[group]) for group in groups] if len(groups) > 1 else []
    thin = any(point.is_thin and point.value is not None for p in panels for one in p.series for point in one.points)
    return [*keys, words.thin_key()] if thin else keys


def _group_name(group: str, words: Words) -> str:
    if group == TOTAL:
        return words.text("figures.everybody")
    return words.text("figures.reliability_language", language=language_name(words.text, group))


def _title(scales: Sequence[Scale], drawn: pd.DataFrame, words: Words) -> str:
    """Say between which values alpha of everybody lies, over all scales and waves."""
    own = drawn[drawn["by_language"] == TOTAL]["estimate"].dropna()
    if own.empty or not scales:
        return words.text("figures.reliability_plain")
    low, high = (format_number(value, 2, words.language) for value in (own.min(), own.max()))
    return words.text("figures.reliability_title", low=low, high=high)


def _described(scale: Scale, group: str, drawn: pd.DataFrame, words: Words) -> str:
    rows = drawn[(drawn["outcome"] == scale.id) & (drawn["by_language"] == group)]
    points = []
    for row in rows.to_dict("records"):
        place, n = words.wave(row["wave"]), words.count(row["n"])
        if pd.isna(row["estimate"]):
            points.append(words.text("figures.point_hidden", place=place, n=n))
            continue
        value, low, high = (
            format_number(row[name], 2, words.language) for name in ("estimate", "conf_low", "conf_high")
        )
        points.append(words.text("figures.point", place=place, value=value, interval=f"{low}–{high}", n=n))
    series = f"{words.scale(scale)}, {_group_name(group, words)}"
    return words.text("figures.series", series=series, points="; ".join(points))
