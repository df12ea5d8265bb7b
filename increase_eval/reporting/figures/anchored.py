"""What do two dials do to a difference? One panel a comparison: a dial an axis, lines of equal difference, verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.colors import ListedColormap

from increase_eval.reporting.figures import style as st
from increase_eval.reporting.figures.compose import compose
from increase_eval.reporting.figures.drawing import Drawing
from increase_eval.reporting.figures.sheet import Key, Sheet
from increase_eval.reporting.figures.words import Words
from increase_eval.reporting.numbers import format_number, format_signed
from increase_eval.reporting.tables import records
from increase_eval.study import Study

Floats = npt.NDArray[np.float64]

MOST_PANELS = 6
COLUMNS = 3
PANELS_IN_A_COLUMN = 2
SIDE = 40.0
LEFT = 13.0
HEAD = 9.0
AXIS = 12.0
DIFFERENCE, SMALLEST = "difference in change", "smallest difference"
LINES: dict[str, Any] = {"colors": st.INK, "linewidths": 0.7, "negative_linestyles": "solid"}
VERDICTS = {"lower": st.LOWER, "inconclusive": st.OPEN, "equivalent": st.ALIKE, "higher": st.HIGHER}
"""Fills that differ in lightness too, so that they are told apart in grey."""


@dataclass(frozen=True, slots=True)
class _Panel:
    """One comparison: its name, its dials (first arm, second arm), differences and verdicts, (first, second)."""

    name: str
    axes: tuple[str, str]
    dials: tuple[Floats, Floats]
    difference: Floats
    verdict: Floats
    smallest: float


def paint(study: Study, tables: Mapping[str, pd.DataFrame], language: str) -> Drawing:
    """Draw the comparisons of the first headline scale at the last wave under two dials each."""
    words = Words.of(study, language)
    table = tables["anchored_contrasts"]
    scale, wave = _which(study, table)
    drawn = table[(table["outcome"] == scale) & (table["wave"] == wave)]
    every = _panels(drawn, words)
    panels = every[: st.by_width(MOST_PANELS, PANELS_IN_A_COLUMN)]
    name = next((words.scale(one) for one in study.scales if one.id == scale), scale)
    strips = max(1, -(-len(panels) // st.by_width(COLUMNS, 1)))
    used = {int(one) for panel in panels for one in np.unique(panel.verdict[~np.isnan(panel.verdict)])}
    keys = [Key(words.text(f"anchored.{one}"), band=VERDICTS[one]) for n, one in enumerate(VERDICTS) if n in used]
    return compose(
        words,
        figure_id="anchored",
        table="anchored_contrasts",
        data=drawn,
        title=_title(panels, name, words),
        subtitle=words.text("figures.anchored_subtitle", scale=name, wave=words.wave(wave)) if wave else words.text(
            "figures.nothing_drawn"
        ),
        caption=words.caption(
            drawn,
            words.text("figures.anchored_note", confidence=words.confidence()),
            words.more_panels(len(every[:MOST_PANELS]) - len(panels)),
        ),
        keys=keys,
        height=strips * (HEAD + SIDE + AXIS),
        put=lambda sheet: _put(sheet, panels, words),
        described=[_described(panel, words) for panel in panels] or [words.text("figures.nothing_drawn")],
    )  # fmt: skip


def _which(study: Study, table: pd.DataFrame) -> tuple[str, str]:
    """Give the first headline scale that has comparisons, and the last wave that it has them at."""
    present = set(table.loc[table["term"] == DIFFERENCE, "outcome"])
    planned = [one.outcome for one in study.analysis.estimands if one.headline]
    scale = next((one for one in (*planned, *(s.id for s in study.scales)) if one in present), "")
    waves = set(table.loc[table["outcome"] == scale, "wave"])
    return scale, next((wave for wave in reversed(study.wave_ids) if wave in waves), "")


def _panels(drawn: pd.DataFrame, words: Words) -> list[_Panel]:
    panels = []
    for contrast, rows in drawn.groupby("contrast", sort=False):
        own = rows[(rows["term"] == DIFFERENCE) & rows["estimate"].notna()]
        if own.empty:
            continue
        second, _, first = str(contrast).partition(" - ")
        points = own.assign(x=own["by_gamma_first"].astype(float), y=own["by_gamma_second"].astype(float))
        x, y = (np.sort(points[name].unique()) for name in ("x", "y"))
        difference, verdict = (np.full((len(x), len(y)), np.nan) for _ in range(2))
        for point in records(points):
            place = np.searchsorted(x, point["x"]), np.searchsorted(y, point["y"])
            difference[place] = point["estimate"]
            verdict[place] = list(VERDICTS).index(str(point["verdict"]))
        smallest = rows.loc[rows["term"] == SMALLEST, "estimate"]
        name = words.text("anchored.difference", second=words.arm(second), first=words.arm(first))
        arms = (words.arm(first), words.arm(second))
        distance = float(smallest.iloc[0]) if len(smallest) and pd.notna(smallest.iloc[0]) else np.nan
        panels.append(_Panel(name, arms, (x, y), difference, verdict, distance))
    return panels


def _put(sheet: Sheet, panels: Sequence[_Panel], words: Words) -> None:
    columns = st.by_width(COLUMNS, 1)
    step = (sheet.width - 3.0) / columns
    colours = ListedColormap(list(VERDICTS.values()))
    for place, panel in enumerate(panels):
        strip, column = divmod(place, columns)
        bottom = sheet.ceiling - (strip + 1) * (HEAD + SIDE + AXIS) + AXIS
        left = 1.5 + column * step + LEFT
        lines = st.wrap(panel.name, step - LEFT, bold=True)[:2]
        for order, line in enumerate(lines):
            sheet.text(left, bottom + SIDE + 1.0 + (len(lines) - 1 - order) * st.line_height(), line, bold=True)
        axes = sheet.axes(left, bottom, SIDE, SIDE)
        x, y = panel.dials
        axes.pcolormesh(x, y, panel.verdict.T, cmap=colours, vmin=-0.5, vmax=len(VERDICTS) - 0.5, shading="nearest")
        lines_at = axes.contour(x, y, panel.difference.T, levels=5, **LINES)
        labels = {level: format_number(level, 1, words.language) for level in lines_at.levels}
        axes.clabel(lines_at, fmt=labels, fontsize=st.SMALLEST_PT)
        ends = [max(x[0], y[0]), min(x[-1], y[-1])]
        axes.plot(ends, ends, color=st.INK, linewidth=0.9, linestyle=(0, (4, 2)))
        axes.plot([0], [0], marker="o", markersize=3.5, color=st.INK)
        for set_ticks, dials in ((axes.set_xticks, x), (axes.set_yticks, y)):
            ticks = [float(dials[0]), 0.0, float(dials[-1])]
            set_ticks(ticks, labels=[format_signed(tick, 1, words.language) for tick in ticks])
        foot, side = panel.axes
        sheet.text(left + SIDE / 2, bottom - AXIS + 3.0, foot, ha="center", color=st.SOFT_INK)
        middle = bottom + SIDE / 2
        sheet.text(left - 9.0, middle, side, rotation=90, va="center", ha="center", color=st.SOFT_INK)


def _title(panels: Sequence[_Panel], scale: str, words: Words) -> str:
    """Say at which distance of two dials the first of the comparisons changes."""
    known = [panel.smallest for panel in panels if not np.isnan(panel.smallest)]
    if not known:
        return words.text("figures.anchored_plain", scale=scale)
    low, high = (format_number(value, 2, words.language) for value in (min(known), max(known)))
    return words.text("figures.anchored_title", scale=scale, low=low, high=high)


def _described(panel: _Panel, words: Words) -> str:
    """Say the difference at the corners and in the middle of a panel."""
    x, y = panel.dials
    middle = (int(np.abs(x).argmin()), int(np.abs(y).argmin()))
    places: list[tuple[int, int]] = [(0, 0), (0, len(y) - 1), middle, (len(x) - 1, 0), (len(x) - 1, len(y) - 1)]
    points = [
        words.text(
            "figures.anchored_point",
            first=format_signed(float(x[i]), 2, words.language),
            second=format_signed(float(y[j]), 2, words.language),
            value=format_signed(float(panel.difference[i, j]), 2, words.language),
        )
        for i, j in places
    ]
    return words.text("figures.series", series=panel.name, points="; ".join(points))
