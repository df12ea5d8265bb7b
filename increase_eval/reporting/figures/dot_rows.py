"""Rows of points along one axis: a name at the left, one mark a series, n at the right. Love plots are made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from increase_eval.reporting.figures import style as st
from increase_eval.reporting.figures.panels import even_ticks
from increase_eval.reporting.figures.sheet import Sheet, marker_look
from increase_eval.reporting.figures.words import HIDDEN
from increase_eval.reporting.numbers import format_number

NAME_WIDTH = 74.0
NAME_WIDTH_COLUMN = 36.0
SIDE = 14.0
AXIS = 8.0
LEAST_ROW = 4.6
HEAD_GAP = 1.6
BAND_COLOUR = st.BAND


def _name_width() -> float:
    return st.by_width(NAME_WIDTH, NAME_WIDTH_COLUMN)


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark: `value` None where there is none; `is_hidden` where it may not be shown."""

    value: float | None
    style: st.SeriesStyle
    low: float | None = None
    high: float | None = None
    is_open: bool = False
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class DotRow:
    """One row: its name, its marks, what stands at its right end, and whether it is a heading."""

    name: str
    marks: tuple[Mark, ...] = ()
    side: str = ""
    is_head: bool = False

    @property
    def lines(self) -> list[str]:
        """Give the name, broken to the width there is."""
        return st.wrap(self.name, _name_width() - 3.0, bold=self.is_head)

    @property
    def height(self) -> float:
        """How much room it needs, in millimetres."""
        return max(LEAST_ROW, len(self.lines) * st.line_height() + 1.0) + (HEAD_GAP if self.is_head else 0.0)


def rows_height(rows: Sequence[DotRow]) -> float:
    """Give the height of the body, in millimetres."""
    return AXIS + st.line_height() + max(LEAST_ROW, sum(row.height for row in rows))


def axis_limits(rows: Sequence[DotRow], *, around: float = 0.0, least: float = 0.25) -> tuple[float, float]:
    """Choose limits that hold every mark and its interval, on both sides of a middle."""
    values = [v for row in rows for mark in row.marks for v in (mark.value, mark.low, mark.high) if v is not None]
    reach = max([least, *(abs(value - around) for value in values)]) * 1.06
    return around - reach, around + reach


def put_rows(
    sheet: Sheet,
    rows: Sequence[DotRow],
    limits: tuple[float, float],
    *,
    language: str,
    side_head: str,
    band: tuple[float, float] | None = None,
    lines: Sequence[float] = (0.0,),
) -> None:
    """Draw the rows into the body of the sheet.

    Parameters
    ----------
    sheet
        The sheet.
    rows
        The rows, in order.
    limits
        The ends of the axis.
    language
        For the numbers of the axis.
    side_head
        What stands above the right-hand column; empty where there is none.
    band, lines
        Where the axis is shaded, and where thin upright lines stand.
    """
    left, right = 1.5 + _name_width(), sheet.width - 1.5 - SIDE
    bottom, whole = sheet.floor + AXIS, max(LEAST_ROW, sum(row.height for row in rows))
    axes = sheet.axes(left, bottom, right - left, whole)
    axes.set(xlim=limits, ylim=(0, whole))
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    ticks = even_ticks(*limits, most=st.by_width(7, 3))
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
    digits = next((d for d in range(4) if abs(round(step, d) - step) < 1e-9), 3)
    axes.set_xticks(ticks, labels=[format_number(tick, digits, language) for tick in ticks])
    axes.grid(axis="x")
    if band is not None:
        axes.axvspan(*band, color=BAND_COLOUR, linewidth=0, zorder=0.5)
    for at in lines:
        axes.axvline(at, color=st.SOFT_INK, linewidth=0.7, zorder=1)
    sheet.text(sheet.width - 1.5, sheet.ceiling - 3.0, side_head, ha="right", color=st.SOFT_INK)
    top = whole
    for row in rows:
        gap = HEAD_GAP if row.is_head else 0.0
        place = top - gap - (row.height - gap) / 2
        top -= row.height
        middle = bottom + place
        for order, line in enumerate(row.lines):
            shift = ((len(row.lines) - 1) / 2 - order) * st.line_height()
            x, ha = (1.5, "left") if row.is_head else (left - 3.0, "right")
            sheet.text(x, middle + shift, line, ha=ha, va="center_baseline", bold=row.is_head)
        if row.side:
            sheet.text(sheet.width - 1.5, middle, row.side, ha="right", va="center_baseline")
        _put_marks(sheet, axes, row, place, (right, middle))


def _put_marks(sheet: Sheet, axes: Axes, row: DotRow, place: float, beside: tuple[float, float]) -> None:
    count = len(row.marks)
    for order, mark in enumerate(row.marks):
        spread = min(1.2, (row.height - 2.0) / max(1, count))
        y = place + ((count - 1) / 2 - order) * spread
        if mark.is_hidden:
            sheet.text(beside[0] + 1.0, beside[1], HIDDEN, va="center_baseline", color=st.SOFT_INK)
            continue
        if mark.value is None:
            continue
        if mark.low is not None and mark.high is not None:
            axes.plot([mark.low, mark.high], [y, y], color=mark.style.colour, linewidth=1.0, zorder=2)
        look = marker_look(mark.style, is_open=mark.is_open) | {"markersize": 4.4}
        axes.plot([mark.value], [y], zorder=3 + order, clip_on=False, **look)
