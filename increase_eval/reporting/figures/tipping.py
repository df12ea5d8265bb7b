"""At which pairs of deltas is a comparison concluded otherwise? One panel a scale: a delta an axis, shaded verdicts.

The comparison is the plan's first, at the last wave that it has, of the headline scales. A panel shows half the range
that was looked at, since no more is believed; its borders are those stored, joined by straight lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.attrition.imputed_scales.tipping import DECREASE, INCREASE, NEVER, POINTS, RANGE_SD, SD, UNCLEAR
from increase_eval.reporting.figures import style as st
from increase_eval.reporting.figures.compose import compose
from increase_eval.reporting.figures.drawing import Drawing
from increase_eval.reporting.figures.sheet import Key, Sheet
from increase_eval.reporting.figures.words import Words, drawn_scales
from increase_eval.reporting.numbers import digits_for_range, format_number, format_signed
from increase_eval.study import Study
from increase_eval.study.plan import Contrast

Floats = npt.NDArray[np.float64]

MOST_PANELS = 6
COLUMNS = 3
PANELS_IN_A_COLUMN = 2
SIDE = 36.0
LEFT = 16.0
HEAD = 9.0
AXIS = 13.0
SHOWN_SD = RANGE_SD / 2
SHADES = {DECREASE: st.LOWER, UNCLEAR: st.OPEN, INCREASE: st.HIGHER}
"""As in the figure of dials: they differ in lightness too, so that they are told apart in grey."""


@dataclass(frozen=True, slots=True)
class _Panel:
    """One scale: its name, the spread of its first wave, and the nearest tipping point in such units.

    `borders` has for each of the verdicts the (points, 2) deltas at which it ends, first arm's and second arm's.
    """

    name: str
    sd: float
    nearest: float
    is_never: bool
    borders: dict[str, Floats] = field(repr=False)


def paint(study: Study, tables: Mapping[str, pd.DataFrame], language: str) -> Drawing:
    """Draw the borders between what is concluded of the first comparison, under a delta for each of its arms."""
    words = Words.of(study, language)
    contrast, wave, at = _which(study, tables["tipping_contours"])
    scales = drawn_scales(study, at, most=st.by_width(MOST_PANELS, PANELS_IN_A_COLUMN))[0]
    drawn = at[at["outcome"].isin([scale.id for scale in scales])]
    panels = _panels(study, drawn, tables["tipping_points"], wave, words)
    every = len(drawn_scales(study, at, most=MOST_PANELS)[0])
    strips = max(1, -(-len(panels) // st.by_width(COLUMNS, 1)))
    named = _named(contrast, wave, words)
    used = {verdict for panel in panels for verdict in (UNCLEAR, *panel.borders)}
    return compose(
        words,
        figure_id="tipping",
        table="tipping_contours",
        data=drawn,
        title=_title(panels, named, words),
        subtitle=words.text("figures.tipping_subtitle", **named) if panels else words.text("figures.nothing_drawn"),
        caption=words.caption(
            drawn,
            words.text("figures.tipping_note", confidence=words.confidence()),
            words.more_panels(every - len(scales)),
        ),
        keys=[Key(_verdict(one, words), band=shade) for one, shade in SHADES.items() if one in used],
        height=strips * (HEAD + SIDE + AXIS),
        put=lambda sheet: _put(sheet, panels, contrast, words),
        described=[said for panel in panels for said in _described(panel, words)]
        or [words.text("figures.nothing_drawn")],
    )


def _verdict(verdict: str, words: Words) -> str:
    return words.text(f"tipping.contrast_{verdict}")


def _named(contrast: Contrast | None, wave: str, words: Words) -> dict[str, str]:
    first, second = (contrast.first, contrast.second) if contrast else ("", "")
    return {"first": words.arm(first), "second": words.arm(second), "wave": words.wave(wave) if wave else ""}


def _which(study: Study, table: pd.DataFrame) -> tuple[Contrast | None, str, pd.DataFrame]:
    """Give the comparison, the last wave that it has, and its rows there."""
    contrast = next((one for one in study.analysis.contrasts if (table["contrast"] == one.id).any()), None)
    own = table[table["contrast"] == contrast.id] if contrast else table.iloc[:0]
    wave = next((wave for wave in reversed(study.wave_ids) if (own["wave"] == wave).any()), "")
    return contrast, wave, own[own["wave"] == wave]


def _panels(study: Study, drawn: pd.DataFrame, points: pd.DataFrame, wave: str, words: Words) -> list[_Panel]:
    panels = []
    for scale in drawn_scales(study, drawn, most=MOST_PANELS)[0]:
        own = drawn[(drawn["outcome"] == scale.id) & drawn["estimate"].notna()]
        of_scale = points[points["outcome"] == scale.id]
        sd = _spread(of_scale)
        if own.empty or not np.isfinite(sd):
            continue
        here = of_scale[
            (of_scale["contrast"] == own["contrast"].iloc[0]) & (of_scale["wave"] == wave) & (of_scale["by_unit"] == SD)
        ]
        borders = {
            str(name): np.column_stack([rows["by_delta_first"].astype(float), rows["estimate"].astype(float)])
            for name, rows in own.groupby("by_verdict")
        }
        panels.append(
            _Panel(
                words.scale(scale), sd, float(here["estimate"].abs().min()),
                bool((here["status"] == NEVER).all()) and len(here) > 0, borders,
            )
        )  # fmt: skip
    return panels


def _spread(points: pd.DataFrame) -> float:
    """Give the standard deviation of the first wave: what a delta is in points, over what it is in these."""
    keys = ["contrast", "wave", "by_arm", "by_direction"]
    both = points[points["estimate"].notna()].pivot_table(index=keys, columns="by_unit", values="estimate")
    both = both[both.abs().min(axis=1) > 0] if {POINTS, SD} <= set(both.columns) else both.iloc[:0]
    return float((both[POINTS] / both[SD]).median()) if len(both) else np.nan


def _put(sheet: Sheet, panels: Sequence[_Panel], contrast: Contrast | None, words: Words) -> None:
    columns = st.by_width(COLUMNS, 1)
    step = (sheet.width - 3.0) / columns
    for place, panel in enumerate(panels):
        strip, column = divmod(place, columns)
        bottom = sheet.ceiling - (strip + 1) * (HEAD + SIDE + AXIS) + AXIS
        left = 1.5 + column * step + LEFT
        lines = st.wrap(panel.name, step - LEFT, bold=True)[:2]
        for order, line in enumerate(lines):
            sheet.text(left, bottom + SIDE + 1.0 + (len(lines) - 1 - order) * st.line_height(), line, bold=True)
        _put_field(sheet, panel, (left, bottom), words)
        if contrast is not None:
            foot, side = (
                words.text("figures.tipping_foot", arm=words.arm(a)) for a in (contrast.first, contrast.second)
            )
            sheet.text(left + SIDE / 2, bottom - AXIS + 4.0, foot, ha="center", color=st.SOFT_INK)
            middle = bottom + SIDE / 2
            sheet.text(left - 12.0, middle, side, rotation=90, va="center", ha="center", color=st.SOFT_INK)


def _put_field(sheet: Sheet, panel: _Panel, corner: tuple[float, float], words: Words) -> None:
    """Put the shades, borders, diagonal and the dot of one panel."""
    axes = sheet.axes(*corner, SIDE, SIDE)
    end = SHOWN_SD * panel.sd
    axes.set_xlim(-end, end)
    axes.set_ylim(-end, end)
    x = np.linspace(-end, end, 201)
    axes.set_facecolor(SHADES[UNCLEAR])
    for verdict, points in panel.borders.items():
        border = _border(points, x)
        if border is not None:
            axes.fill_between(x, border, 2 * RANGE_SD * panel.sd * (1 if verdict == INCREASE else -1),
                              color=SHADES[verdict], linewidth=0)  # fmt: skip
            axes.plot(x, border, color=st.INK, linewidth=0.8)
        else:
            axes.plot(*points.T, color=st.INK, linestyle="", marker=".", markersize=3)
    axes.plot([-end, end], [-end, end], color=st.SOFT_INK, linewidth=0.9, linestyle=(0, (4, 2)))
    axes.plot([0], [0], marker="o", markersize=3.5, color=st.INK)
    ticks = [number * panel.sd for number in range(-int(SHOWN_SD), int(SHOWN_SD) + 1)]
    digits = min(1, digits_for_range(-end, end))
    labels = [format_signed(tick, digits, words.language) if place % 2 == 0 else "" for place, tick in enumerate(ticks)]
    axes.set_xticks(ticks, labels=labels)
    axes.set_yticks(ticks, labels=labels)


def _border(points: Floats, x: Floats) -> Floats | None:
    """Join the points of a border, and carry its ends on to where it leaves the panel; None if it turns back.

    Beyond its ends a border lies outside the range that was looked at, twice as far as what is shown.
    """
    first, second = points[np.argsort(points[:, 0], kind="stable")].T
    if len(first) < 2 or len(np.unique(first)) < len(first):
        return None
    before, after = ((second[a] - second[b]) / (first[a] - first[b]) for a, b in ((1, 0), (-1, -2)))
    inside = np.interp(x, first, second)
    below = np.where(x < first[0], before * (x - first[0]), 0.0)
    above = np.where(x > first[-1], after * (x - first[-1]), 0.0)
    return np.asarray(inside + below + above, dtype=np.float64)


def _title(panels: Sequence[_Panel], named: Mapping[str, str], words: Words) -> str:
    """Say how far one arm's missing must lie for the first scale to be concluded otherwise."""
    pair = {name: named[name] for name in ("first", "second")}
    if panels and panels[0].is_never:
        whole = format_number(RANGE_SD, 0, words.language)
        return words.text("figures.tipping_never", scale=panels[0].name, range=whole, **pair)
    if not panels or np.isnan(panels[0].nearest):
        return words.text("figures.tipping_plain", **pair)
    size = format_number(panels[0].nearest, 2, words.language)
    return words.text("figures.tipping_title", scale=panels[0].name, size=size, **pair)


def _described(panel: _Panel, words: Words) -> list[str]:
    """Say where each border of a panel runs."""
    said = []
    for verdict, points in panel.borders.items():
        pairs = (
            words.text(
                "figures.tipping_point",
                first=format_signed(float(first), 2, words.language),
                second=format_signed(float(second), 2, words.language),
            )
            for first, second in points
            if abs(first) <= SHOWN_SD * panel.sd
        )
        named = {"scale": panel.name, "verdict": _verdict(verdict, words)}
        said.append(words.text("figures.tipping_border", points="; ".join(pairs), **named))
    return said
