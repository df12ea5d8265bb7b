"""Rows of points with intervals along one axis, in groups with a heading: forest plots, love plots, spreads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from increase_eval.reporting.figures import style as st
from increase_eval.reporting.figures.sheet import MARGIN, Sheet, marker_look
from increase_eval.reporting.figures.words import HIDDEN

NAME_WIDTH = 62.0
NAME_WIDTH_COLUMN = 36.0
N_WIDTH = 13.0
AXIS = 7.5
LEAST_ROW = 4.6
DODGE = 2.2
"""Between the points of one row, in millimetres."""
HEADING = 5.2
TICK_ROOM = 1.2
MOST_BODY_COLUMN = 130.0
MOST_BODY = 172.0
"""So that title, body and caption fit a page of A4 with its margins."""
SMALL = 4.0


def _name_width() -> float:
    return st.by_width(NAME_WIDTH, NAME_WIDTH_COLUMN)


@dataclass(frozen=True, slots=True)
class ForestPoint:
    """One point of a row: `value` is None where there is none; `inner` is a thicker part of its interval."""

    value: float | None
    low: float | None
    high: float | None
    style: st.SeriesStyle
    is_open: bool = False
    is_hidden: bool = False
    inner: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One row: its name, its points from above to below (on one line where it is flat), n, and what else is said."""

    name: str
    points: tuple[ForestPoint, ...]
    n_text: str = ""
    note: str = ""
    is_flat: bool = False

    @property
    def lines(self) -> list[str]:
        """The lines of the name."""
        return st.wrap(self.name, _name_width() - 4.0)

    @property
    def height(self) -> float:
        """How much room it needs, in millimetres."""
        points = 1 if self.is_flat else len(self.points)
        return max(LEAST_ROW, points * DODGE + 1.0, len(self.lines) * st.line_height() + 1.0)


@dataclass(frozen=True, slots=True)
class ForestGroup:
    """Rows under one heading."""

    heading: str
    rows: tuple[ForestRow, ...]

    @property
    def height(self) -> float:
        """How much room it needs, in millimetres."""
        return self.head + sum(row.height for row in self.rows)

    @property
    def lines(self) -> list[str]:
        """The lines of the heading."""
        return st.wrap(self.heading, st.sheet_width() - 2 * MARGIN - 1.0, st.HEADING_PT, bold=True)

    @property
    def head(self) -> float:
        """How much of it the heading needs."""
        return HEADING + (len(self.lines) - 1) * st.line_height(st.HEADING_PT) if self.heading else 0.0


@dataclass(frozen=True, slots=True)
class ForestAxis:
    """The axis: its ends, its ticks with labels, a line to compare with, and a shaded band."""

    limits: tuple[float, float]
    ticks: tuple[tuple[float, str], ...]
    reference: float | None = None
    band: tuple[float, float] | None = None


def groups_that_fit(groups: Sequence[ForestGroup]) -> list[ForestGroup]:
    """Give as many groups, from the first on, as fit a page; one at least."""
    kept: list[ForestGroup] = []
    height = AXIS + st.line_height()
    for group in groups:
        height += group.height
        if kept and height > st.by_width(MOST_BODY, MOST_BODY_COLUMN):
            break
        kept.append(group)
    return kept


def forest_height(groups: Sequence[ForestGroup]) -> float:
    """Give the height of the body, in millimetres."""
    return AXIS + st.line_height() + max(LEAST_ROW, sum(group.height for group in groups))


def even_axis(values: Sequence[float], *, least: float, reference: float | None = 0.0) -> tuple[float, float]:
    """Give ends that hold all values and the reference, with a little room, `least` apart or more."""
    known = [value for value in values if value is not None]
    low, high = min([*known, *([reference] if reference is not None else [])], default=0.0), max(known, default=0.0)
    high = max(high, reference if reference is not None else high)
    spare = max(least - (high - low), 0.0) / 2 + 0.05 * max(high - low, least)
    return low - spare, high + spare


def put_forest(sheet: Sheet, groups: Sequence[ForestGroup], axis: ForestAxis, *, n_head: str) -> None:
    """Draw the rows on the body of a sheet."""
    left, right = MARGIN + _name_width(), sheet.width - MARGIN - N_WIDTH - 2.0
    bottom, whole = sheet.floor + AXIS, max(LEAST_ROW, sum(group.height for group in groups))
    axes = sheet.axes(left, bottom, right - left, whole)
    axes.set(xlim=axis.limits, ylim=(0, whole))
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    # Every other tick where their labels would touch.
    spare = right - left - sum(st.text_width(label) + TICK_ROOM for _, label in axis.ticks)
    ticks = axis.ticks if spare > 0 else axis.ticks[::2]
    axes.set_xticks([tick for tick, _ in ticks], labels=[label for _, label in ticks])
    axes.grid(axis="x")
    if axis.band is not None:
        axes.axvspan(*axis.band, color=st.BAND, linewidth=0, zorder=0)
    if axis.reference is not None:
        axes.axvline(axis.reference, color=st.SOFT_INK, linewidth=0.8, zorder=1)
    if n_head:
        sheet.text(sheet.width - MARGIN, sheet.ceiling - 3.0, n_head, ha="right", color=st.SOFT_INK)
    top = whole
    for group in groups:
        if group.heading:
            for order, line in enumerate(group.lines):
                _put_heading(sheet, line, bottom + top - HEADING + 1.3 - order * st.line_height(st.HEADING_PT))
            top -= group.head
        for row in group.rows:
            _put_row(sheet, axes, row, (left, right), bottom, top - row.height / 2, axis.limits)
            top -= row.height


def _put_heading(sheet: Sheet, heading: str, y: float) -> None:
    """Put a heading on paper of its own, so that no line runs through it."""
    width = st.text_width(heading, st.HEADING_PT, bold=True)
    sheet.box(MARGIN, y - 1.0, width + 1.0, HEADING - 1.2, edgecolor="none", zorder=4)
    sheet.text(MARGIN, y, heading, size=st.HEADING_PT, bold=True, zorder=5)


def _put_row(sheet, axes, row, ends, bottom, place, limits) -> None:  # type: ignore[no-untyped-def]
    middle = bottom + place
    for order, line in enumerate(row.lines):
        shift = ((len(row.lines) - 1) / 2 - order) * st.line_height()
        sheet.text(ends[0] - 3.0, middle + shift, line, ha="right", va="center_baseline")
    if row.n_text:
        sheet.text(sheet.width - MARGIN, middle, row.n_text, ha="right", va="center_baseline")
    for order, point in enumerate(row.points):
        height = place if row.is_flat else place + ((len(row.points) - 1) / 2 - order) * DODGE
        _put_point(axes, point, height, limits)
    note = row.note or (HIDDEN if row.points and all(point.is_hidden for point in row.points) else "")
    if note:
        sheet.text(ends[0] + 1.0, middle, note, va="center_baseline", color=st.SOFT_INK)


def _put_point(axes, point, height, limits) -> None:  # type: ignore[no-untyped-def]
    if point.value is None:
        return
    colour = point.style.colour
    if point.low is not None and point.high is not None:
        ends = [max(limits[0], point.low), min(limits[1], point.high)]
        axes.plot(ends, [height, height], color=colour, linewidth=1.0, zorder=2)
    if point.inner is not None:
        axes.plot(point.inner, [height, height], color=colour, linewidth=2.6, zorder=2.2, solid_capstyle="butt")
    look = marker_look(point.style, is_open=point.is_open) | {"markersize": SMALL}
    axes.plot([point.value], [height], zorder=3, clip_on=False, **look)
