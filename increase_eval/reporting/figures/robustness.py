"""What does each method say of each headline? One panel an outcome, one row a method, one mark an arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from increase_eval.attrition.robustness.table import METHODS
from increase_eval.reporting.figures import style as st
from increase_eval.reporting.figures.compose import compose
from increase_eval.reporting.figures.drawing import Drawing
from increase_eval.reporting.figures.sheet import Key, Sheet, marker_look
from increase_eval.reporting.figures.words import Words
from increase_eval.reporting.numbers import format_count, format_number, format_percent
from increase_eval.reporting.tables import records
from increase_eval.study import Study
from increase_eval.study.plan import Contrast

MOST_PANELS = 6
COLUMNS = 3
NAMES = 46.0
PANELS_IN_A_COLUMN = 2
ROW = 5.4
AXIS = 7.0
HEAD = 2.0
GAP = 6.0
LOWER, UPPER = "bounds_lower", "bounds_upper"
BOUNDS = "bounds"
MARK_SIZE = 3.4
MOST_TICKS = 4
SHARE = "share"


@dataclass(frozen=True, slots=True)
class _Panel:
    """One outcome at one wave: its name, its rows, whether they are shares (or differ as such), the ends of its axis.

    `contrast` is the comparison that it draws, in the look of its second arm; None where it draws arms.
    """

    name: str
    rows: pd.DataFrame
    is_share: bool
    limits: tuple[float, float]
    contrast: Contrast | None = None

    @property
    def keys(self) -> pd.Series[str]:
        """The arm in whose look each row is drawn."""
        return self.rows["by_arm"] if self.contrast is None else pd.Series(self.contrast.second, self.rows.index)


def paint(study: Study, tables: Mapping[str, pd.DataFrame], language: str) -> Drawing:
    """Draw every outcome at its last wave under each method."""
    words = Words.of(study, language)
    table = tables["robustness"]
    panels, left_out = _panels(table, words)
    drawn = pd.concat([panel.rows for panel in panels]) if panels else table[:0]
    present = set(drawn["by_method"])
    methods = [method for method in METHODS if method in present and method not in (LOWER, UPPER)]
    methods += [BOUNDS] if present & {LOWER, UPPER} else []
    styles = st.arm_styles(study.arm_ids)
    looks = {look for panel in panels for look in panel.keys}
    arms = [arm for arm in study.arm_ids if arm in looks]
    strips = max(1, -(-len(panels) // st.by_width(COLUMNS, 1)))
    height = strips * (_head(panels) + max(1, len(methods)) * ROW + AXIS)
    return compose(
        words,
        figure_id="robustness",
        table="robustness",
        data=drawn,
        title=_title(panels, words),
        subtitle=words.text("figures.robustness_subtitle", wave=words.wave(study.wave_ids[0])),
        caption=words.caption(
            drawn,
            words.text("figures.robustness_note", confidence=words.confidence()),
            words.text.plural("figures.robustness_more", left_out, number=format_count(left_out, language))
            if left_out
            else "",
        ),
        keys=[*words.arm_keys(arms, styles), Key(words.text("figures.robustness_band"), band=st.RULE)],
        height=height,
        put=lambda sheet: _put(sheet, panels, methods, arms, styles, words),
        described=[_described(panel, methods, words) for panel in panels] or [words.text("figures.nothing_drawn")],
    )


def _panels(table: pd.DataFrame, words: Words) -> tuple[list[_Panel], int]:
    """Give each outcome at the last of its waves, and how many outcomes and waves are left to the tables."""
    study = words.study
    names = {scale.id: words.scale(scale) for scale in study.scales}
    names |= {one.id: words.words(one.label) for one in study.head.states}
    table = table.assign(contrast=table["contrast"].fillna(""))
    table = table[table["contrast"].ne("") | table["by_arm"].isin(study.arm_ids)]
    contrasts = {one.id: one for one in study.analysis.contrasts}
    panels = []
    for (outcome, term, contrast), rows in table.groupby(["outcome", "term", "contrast"], sort=False):
        wave = [one for one in study.wave_ids if (rows["wave"] == one).any()][-1]
        own, is_share = rows[rows["wave"] == wave], str(term).endswith(SHARE)
        compared = contrasts.get(str(contrast))
        text = {"outcome": names.get(str(outcome), outcome), "wave": words.wave(wave)}
        if compared is None:
            name = words.text("figures.robustness_panel", **text)
        else:
            pair = {"first": words.arm(compared.first), "second": words.arm(compared.second)}
            name = words.text("figures.robustness_difference", **text, **pair)
        panels.append(_Panel(name, own, is_share, _limits(own, is_share=term == SHARE), compared))
    # Where arms were drawn by lot their differences are what the study is about.
    panels.sort(key=lambda panel: panel.contrast is None)
    every = len(table[["outcome", "wave", "contrast"]].drop_duplicates())
    shown = panels[: st.by_width(MOST_PANELS, PANELS_IN_A_COLUMN)]
    return shown, every - len(shown)


def _heading(panel: _Panel) -> list[str]:
    """Break the heading of a panel into lines; in a column it stands over the names as well."""
    return st.wrap(panel.name, st.by_width(_axis_width(), st.sheet_width() - 3.0), bold=True)


def _head(panels: Sequence[_Panel]) -> float:
    """Give the room above a panel, so that the longest heading is whole."""
    return HEAD + max((len(_heading(panel)) for panel in panels), default=0) * st.line_height()


def _axis_width() -> float:
    columns = st.by_width(COLUMNS, 1)
    return (st.sheet_width() - 3.0 - NAMES - st.by_width(0.0, 4.0) - GAP * (columns - 1)) / columns


def _limits(rows: pd.DataFrame, *, is_share: bool) -> tuple[float, float]:
    """Give the ends of an axis: all intervals, nought for changes; bounds may go beyond."""
    own = rows[~rows["by_method"].isin([LOWER, UPPER])]
    ends = own[["estimate", "conf_low", "conf_high"]].to_numpy(dtype=float).ravel()
    ends = ends[~np.isnan(ends)]
    if is_share or not len(ends):
        return (0.0, 1.0) if is_share else (-1.0, 1.0)
    low, high = min(0.0, float(ends.min())), max(0.0, float(ends.max()))
    spare = 0.06 * max(high - low, 1e-9)
    return low - spare, high + spare


def _put(
    sheet: Sheet,
    panels: Sequence[_Panel],
    methods: Sequence[str],
    arms: Sequence[str],
    styles: Mapping[str, st.SeriesStyle],
    words: Words,
) -> None:
    columns = st.by_width(COLUMNS, 1)
    width, head = _axis_width(), _head(panels)
    tall = len(methods) * ROW
    for place, panel in enumerate(panels):
        strip, column = divmod(place, columns)
        bottom = sheet.ceiling - (strip + 1) * (head + tall + AXIS) + AXIS
        left = 1.5 + NAMES + column * (width + GAP)
        start, lines = st.by_width(left, 1.5), _heading(panel)
        for order, line in enumerate(lines):
            sheet.text(start, bottom + tall + 1.0 + (len(lines) - 1 - order) * st.line_height(), line, bold=True)
        axes = sheet.axes(left, bottom, width, tall)
        _draw(axes, panel, methods, arms, styles, words)
        if column == 0:
            for row, method in enumerate(methods):
                middle = bottom + tall - (row + 0.5) * ROW
                text = words.text("figures.robustness_bounds" if method == BOUNDS else f"robustness.method_{method}")
                name = st.wrap(text, NAMES - 2.0)[0]
                sheet.text(1.5 + NAMES - 2.0, middle, name, ha="right", va="center_baseline")


def _draw(
    axes: Axes,
    panel: _Panel,
    methods: Sequence[str],
    arms: Sequence[str],
    styles: Mapping[str, st.SeriesStyle],
    words: Words,
) -> None:
    axes.set(xlim=panel.limits, ylim=(len(methods), 0))
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    is_whole = panel.is_share and panel.contrast is None
    ticks = [0.0, 0.5, 1.0] if is_whole else list(MaxNLocator(nbins=MOST_TICKS).tick_values(*panel.limits))
    ticks = [tick for tick in ticks if panel.limits[0] <= tick <= panel.limits[1]]
    digits = next(digits for digits in range(4) if digits == 3 or all(_is_short(tick, digits) for tick in ticks))
    labels = [
        format_percent(tick, words.language) if panel.is_share else format_number(tick, digits, words.language)
        for tick in ticks
    ]
    axes.set_xticks(ticks, labels=labels)
    if not is_whole:
        axes.axvline(0.0, color=st.SOFT_INK, linewidth=0.8, zorder=1.5)
    step = 0.8 / max(len(arms), 1)
    shown = panel.rows.assign(by_arm=panel.keys)
    found = {(str(one["by_arm"]), str(one["by_method"])): one for one in records(shown)}
    arms = arms if panel.contrast is None else [panel.contrast.second]
    for row, method in enumerate(methods):
        if row % 2:
            axes.axhspan(row, row + 1, color="#f7f7f7", zorder=0)
        for number, arm in enumerate(arms):
            y = row + 0.1 + (number + 0.5) * step
            if method == BOUNDS:
                _draw_bounds(axes, [found.get((arm, name)) for name in (LOWER, UPPER)], y, step)
            elif (own := found.get((arm, method))) is not None and pd.notna(own["estimate"]):
                _draw_mark(axes, own, y, styles[arm])


def _is_short(tick: float, digits: int) -> bool:
    return abs(tick - round(tick, digits)) < 1e-9


def _draw_mark(axes: Axes, row: Mapping[str, Any], y: float, style: st.SeriesStyle) -> None:
    if pd.notna(row["conf_low"]):
        ends = [float(row["conf_low"]), float(row["conf_high"])]
        axes.plot(ends, [y, y], color=style.colour, linewidth=0.9, solid_capstyle="butt", zorder=2)
    look = marker_look(style, is_open=False) | {"markersize": MARK_SIZE, "markeredgewidth": 0.3}
    axes.plot([float(row["estimate"])], [y], zorder=3, **look)


def _draw_bounds(axes: Axes, rows: Sequence[Mapping[str, Any] | None], y: float, step: float) -> None:
    ends = [np.nan if row is None else float(row["estimate"]) for row in rows]
    if not np.isnan(ends).any():
        low, high = np.clip(np.asarray(ends), *axes.get_xlim())
        axes.barh(y, high - low, left=low, height=0.7 * step, color=st.RULE, linewidth=0, zorder=2)


def _title(panels: Sequence[_Panel], words: Words) -> str:
    """Say in how many outcomes and arms every method but the bounds points the same way."""
    same = every = 0
    for panel in panels:
        own = panel.rows[~panel.rows["by_method"].isin([LOWER, UPPER, "first_wave"]) & panel.rows["verdict"].notna()]
        shown = own[own["estimate"].notna()]
        ways = shown["verdict"].str.removeprefix("slightly ").groupby(panel.keys[shown.index]).nunique()
        same, every = same + int((ways == 1).sum()), every + len(ways)
    if not every:
        return words.text("figures.robustness_plain")
    values = {"same": format_count(same, words.language), "every": format_count(every, words.language)}
    return words.text("figures.robustness_title", **values)


def _described(panel: _Panel, methods: Sequence[str], words: Words) -> str:
    """Say every estimate of a panel."""
    parts = []
    for method in (*(one for one in methods if one != BOUNDS), LOWER, UPPER):
        rows = panel.rows[panel.rows["by_method"] == method]
        values = []
        for row in rows.to_dict("records"):
            shown = (
                words.percent(row["estimate"]) if panel.is_share else format_number(row["estimate"], 2, words.language)
            )
            values.append(shown if panel.contrast else f"{words.arm(row['by_arm'])} {shown}")
        if values:
            parts.append(f"{words.text(f'robustness.method_{method}')}: {', '.join(values)}")
    return words.text("figures.series", series=panel.name, points="; ".join(parts))
