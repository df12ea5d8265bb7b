"""Does adjusting move the differences? Those between arms at the last wave, one row a pair, one point a way.

All scales share one axis: the difference over the smallest one that matters, so that the band is the same for all.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from increase_eval.reporting.figures import style as st
from increase_eval.reporting.figures.compose import compose
from increase_eval.reporting.figures.drawing import Drawing
from increase_eval.reporting.figures.forest import (
    ForestAxis,
    ForestGroup,
    ForestPoint,
    ForestRow,
    even_axis,
    forest_height,
    groups_that_fit,
    put_forest,
)
from increase_eval.reporting.figures.series import is_suppressed
from increase_eval.reporting.figures.sheet import Key
from increase_eval.reporting.figures.words import Words
from increase_eval.reporting.numbers import format_interval, format_number
from increase_eval.study import Scale, Study

WAYS: Mapping[str, st.SeriesStyle] = {
    "unadjusted": st.SeriesStyle("#8c8c8c", "o", "-"),
    "doubly_robust": st.SeriesStyle("#1a1a1a", "D", "-"),
}
"""The ways that are drawn; the table has them all."""

OPEN = frozenset({"unadjusted"})
TICK = 1.0


@dataclass(frozen=True, slots=True)
class Told:
    """One outcome at one wave, and the size of its smallest difference that matters."""

    scale: Scale
    wave: str
    unit: float


def paint(study: Study, tables: Mapping[str, pd.DataFrame], language: str) -> Drawing:
    """Draw differences between arms by way of adjusting."""
    words = Words.of(study, language)
    table = tables["adjusted_contrasts"]
    told = _told(study, table)
    groups = [group for one in told if (group := _group(one, table, words)).rows]
    shown = groups_that_fit(groups) if groups else []
    kept = told[: len(shown)]
    values = [end for group in shown for row in group.rows for p in row.points for end in (p.low, p.high) if end]
    limits = even_axis([*values, -1.2, 1.2], least=2.0)
    drawn = table[table["outcome"].isin([one.scale.id for one in kept]) & table["by_method"].isin([*WAYS, "none"])]
    return compose(
        words,
        figure_id="adjusted",
        table="adjusted_contrasts",
        data=drawn,
        title=_title(kept, drawn, words),
        subtitle=words.text("arms.adjusted_subtitle", waves=words.waves(tuple(dict.fromkeys(o.wave for o in kept)))),
        caption=words.caption(
            drawn,
            words.text("arms.adjusted_note", confidence=words.confidence()),
            words.text("arms.people_errors"),
            words.text("arms.more_outcomes") if len(shown) < len(groups) else "",
        ),
        keys=[
            *(Key(words.text(f"arms.way_{way}"), WAYS[way]) for way in WAYS),
            Key(words.text("arms.band"), band=st.BAND),
        ],
        height=forest_height(shown),
        put=lambda sheet: put_forest(sheet, shown, _axis(limits, words), n_head=words.text("figures.n_head")),
        described=[_described(one, table, words) for one in kept] or [words.text("figures.nothing_drawn")],
    )


def _told(study: Study, table: pd.DataFrame) -> list[Told]:
    """Give the scales with a smallest effect of interest, last waves first; all waves where there is one pair."""
    waves = [wave for wave in reversed(study.wave_ids) if (table["wave"] == wave).fillna(False).any()]
    one_pair = len(study.arm_ids) == 2
    found = []
    for wave in waves if one_pair else waves[:1]:
        for outcome in dict.fromkeys(table.loc[table["wave"] == wave, "outcome"].dropna()):
            scale = next((scale for scale in study.scales if scale.id == outcome), None)
            unit = None if scale is None else smallest(scale, wave, table)
            if scale is not None and unit is not None:
                found.append(Told(scale, wave, unit))
    return found


def smallest(scale: Scale, wave: str, table: pd.DataFrame) -> float | None:
    """Give the smallest effect of interest of a scale in points, or None where it has none or the spread is hidden."""
    effect = scale.smallest_effect
    if effect is None:
        return None
    if effect.unit == "points":
        return float(effect.value)
    own = table[(table["outcome"] == scale.id) & (table["wave"] == wave) & (table["term"] == "sd")]["estimate"].dropna()
    return float(effect.value) * float(own.iloc[0]) if len(own) else None


def differences(table: pd.DataFrame, outcome: str, wave: str) -> dict[tuple[str, str], dict[Hashable, Any]]:
    """Give the rows of differences by way and contrast."""
    rows = table[(table["outcome"] == outcome) & (table["wave"] == wave) & (table["term"] == "difference")]
    return {(row["by_method"], row["contrast"]): dict(row) for row in rows.to_dict("records")}


def _group(one: Told, table: pd.DataFrame, words: Words) -> ForestGroup:
    found = differences(table, one.scale.id, one.wave)
    contrasts = list(dict.fromkeys(contrast for _, contrast in found))
    rows = [_row(contrast, found, one, words) for contrast in contrasts]
    heading = words.scale(one.scale)
    if len(words.study.arm_ids) == 2:
        heading = words.text("arms.outcome_at", outcome=heading, wave=words.wave(one.wave))
    return ForestGroup(heading, tuple(rows))


def _row(contrast: str, found: Mapping[tuple[str, str], Mapping[Hashable, Any]], one: Told, words: Words) -> ForestRow:
    points, n = [], ""
    for way, style in WAYS.items():
        row = found.get((way, contrast))
        if row is None:
            continue
        n = n or words.count(row["n"])
        value, low, high = (None if pd.isna(row[c]) else float(row[c]) / one.unit for c in COLUMNS)
        points.append(ForestPoint(value, low, high, style, is_open=way in OPEN, is_hidden=is_suppressed(row)))
    absent = all(point.value is None and not point.is_hidden for point in points)
    return ForestRow(pair(contrast, words), tuple(points), n, words.text("arms.not_estimable") if absent else "")


COLUMNS = ("estimate", "conf_low", "conf_high")


def pair(contrast: str, words: Words) -> str:
    """Name a contrast of two arms, stored as ``b - a``."""
    later, _, earlier = contrast.partition(" - ")
    return words.text("arms.less", later=words.arm(later), earlier=words.arm(earlier))


def _axis(limits: tuple[float, float], words: Words) -> ForestAxis:
    step = TICK if limits[1] - limits[0] < 9 else 2 * TICK if limits[1] - limits[0] < 18 else 5 * TICK
    ticks = [step * k for k in range(int(limits[0] // step), int(limits[1] // step) + 1) if limits[0] <= step * k]
    labels = tuple((tick, format_number(tick, 0, words.language)) for tick in ticks)
    return ForestAxis(limits, labels, 0.0, (-1.0, 1.0))


def _title(kept: Sequence[Told], drawn: pd.DataFrame, words: Words) -> str:
    """Say how many of the pairs have intervals that leave out nought whichever way they are adjusted."""
    clear, whole = 0, 0
    for one in kept:
        found = differences(drawn, one.scale.id, one.wave)
        for contrast in dict.fromkeys(contrast for _, contrast in found):
            rows = [found[way, contrast] for way in WAYS if (way, contrast) in found]
            ends = [(row["conf_low"], row["conf_high"]) for row in rows if pd.notna(row["conf_low"])]
            whole += bool(ends)
            clear += bool(ends) and (all(low > 0 for low, _ in ends) or all(high < 0 for _, high in ends))
    if not whole:
        return words.text("arms.adjusted_plain")
    return words.text("arms.adjusted_title", clear=clear, whole=whole)


def _described(one: Told, table: pd.DataFrame, words: Words) -> str:
    found = differences(table, one.scale.id, one.wave)
    points = []
    for (way, contrast), row in found.items():
        if way != "doubly_robust" or pd.isna(row["estimate"]):
            continue
        value = format_number(row["estimate"], 2, words.language)
        interval = format_interval(row["conf_low"], row["conf_high"], 2, words.language)
        n = words.count(row["n"])
        points.append(words.text("figures.point", place=pair(contrast, words), value=value, interval=interval, n=n))
    told = "; ".join(points) or words.text("figures.nothing_drawn")
    name = words.text("arms.outcome_at", outcome=words.scale(one.scale), wave=words.wave(one.wave))
    return words.text("figures.series", series=f"{name}, {words.text('arms.way_doubly_robust')}", points=told)
