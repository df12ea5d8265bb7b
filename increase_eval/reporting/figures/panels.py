"""Small multiples of points with intervals: what several groups look like along waves, or along groups of people.

Each panel has a heading, its points, the labels of its places, and below them a row with n for every series. How many
panels stand side by side, and whether waves are placed by their time or evenly, follows from the room that the longest
label needs: nothing is turned, made smaller or cut.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from matplotlib.axes import Axes

from increase_eval.reporting.figures import style as st
from increase_eval.reporting.figures.sheet import Sheet, marker_look

LEFT = 10.0
RIGHT = 2.0
GUTTER = 4.0
PLOT_HEIGHT = 36.0
LEAST_PLOT_HEIGHT = 24.0
MOST_BODY = 176.0
"""So that title, body and caption fit a page of A4 with its margins."""
MOST_BODY_COLUMN = 124.0
"""In a column, where title and caption take twice the lines."""
BETWEEN = 5.0
MOST_COLUMNS = 3
HIDDEN_MARK = "c"
"""Where a point is suppressed."""
ROOM = 1.6
"""Between two neighbouring labels, in millimetres."""
MOST_LABEL_LINES = 3
SMALLEST_ROOM = 8.0
N_ROW = 3.8
INSET = 0.5
"""From the first and last place to the ends of the axis, as a share of the smallest distance of two places."""
DODGE = 1.5
"""Between the points of two series at one place, in millimetres."""


@dataclass(frozen=True, slots=True)
class Point:
    """One estimate at one place; `value` is None where there is none, and `is_hidden` where it may not be shown."""

    place: int
    value: float | None
    low: float | None
    high: float | None
    is_thin: bool
    n_text: str
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """The points of one group, in order of their places."""

    label: str
    style: st.SeriesStyle
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """Where points stand along a panel: labels, and positions from 0 to 1 (evenly spread where they are None)."""

    labels: tuple[str, ...]
    positions: tuple[float, ...] | None = None

    def spread(self, evenly: bool) -> tuple[float, ...]:
        """Give positions between 0 and 1."""
        count = len(self.labels)
        if self.positions is None or evenly or count < 2:
            return tuple((place + 0.5) / count for place in range(count))
        first, last = self.positions[0], self.positions[-1]
        raw = [(position - first) / (last - first) for position in self.positions]
        inset = INSET * min(b - a for a, b in pairwise(raw))
        return tuple((value + inset) / (1 + 2 * inset) for value in raw)


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel.

    Attributes
    ----------
    heading, remark, places, series
        What it is about, what belongs to it in smaller words, and its points.
    limits, ticks
        Of the vertical axis: its ends, and its ticks with their labels.
    band
        Where a band of the axis is shaded.
    empty_note
        What is said where nothing is drawn.
    is_one_n
        Whether all series stand on the same people, so that one row of n is enough.
    """

    heading: str
    places: Places
    series: tuple[Series, ...]
    limits: tuple[float, float]
    ticks: tuple[tuple[float, str], ...]
    band: tuple[float, float] | None = None
    empty_note: str = ""
    remark: str = ""
    is_one_n: bool = False

    @property
    def n_rows(self) -> tuple[Series, ...]:
        """Give the series that have a row of n."""
        return self.series[:1] if self.is_one_n else self.series


@dataclass(frozen=True, slots=True)
class Arrangement:
    """How panels are put on the sheet."""

    columns: int
    is_even: bool
    plot_width: float
    labels: tuple[tuple[tuple[str, ...], ...], ...]
    headings: tuple[tuple[tuple[str, bool], ...], ...]
    plot_height: float
    row_heights: tuple[float, ...]
    n_head: str

    @property
    def count(self) -> int:
        """How many panels have room on the sheet."""
        return len(self.labels)

    @property
    def height(self) -> float:
        """The height of the body, in millimetres."""
        return sum(self.row_heights) + BETWEEN * (len(self.row_heights) - 1)


def arrange(panels: Sequence[Panel], *, n_head: str, width: float | None = None) -> Arrangement:
    """Choose how many panels stand side by side, and how waves are placed, so that every label has room.

    Parameters
    ----------
    panels
        The panels, in order.
    n_head
        What stands before the rows of n.
    width
        Of the sheet, in millimetres; by default the width that is drawn.
    """
    width = st.sheet_width() if width is None else width
    most = max(1, min(MOST_COLUMNS, len(panels)))
    options = [(columns, is_even) for columns in range(most, 1, -1) for is_even in (False, True)]
    for columns, is_even in [*options, (1, False), (1, True)]:
        plot_width = (width - 3.0 - GUTTER * (columns - 1)) / columns - LEFT - RIGHT
        if all(_has_room(panel, is_even, plot_width) for panel in panels):
            break
    is_even = is_even and any(panel.places.positions is not None for panel in panels)
    shown = len(panels)
    while True:
        made = _rows(panels[:shown], columns, is_even, plot_width, n_head)
        if made.height <= st.by_width(MOST_BODY, MOST_BODY_COLUMN) or shown <= columns:
            return made
        shown -= 1


def _rows(panels: Sequence[Panel], columns: int, is_even: bool, plot_width: float, n_head: str) -> Arrangement:
    """Put panels into rows; axes are made lower, down to a limit, where they would not fit the page."""
    labels = tuple(_labels(panel, is_even, plot_width) for panel in panels)
    headings = tuple(_heading(panel, plot_width + LEFT) for panel in panels)
    rows = [range(i, min(i + columns, len(panels))) for i in range(0, len(panels), columns)]
    others = [
        max(len(headings[i]) for i in row) * st.line_height(st.HEADING_PT)
        + 4.5
        + max((len(lines) for i in row for lines in labels[i]), default=1) * st.line_height()
        + N_ROW * max(len(panels[i].n_rows) for i in row)
        for row in rows
    ]
    free = (st.by_width(MOST_BODY, MOST_BODY_COLUMN) - sum(others) - BETWEEN * (len(rows) - 1)) / max(1, len(rows))
    plot_height = max(LEAST_PLOT_HEIGHT, min(PLOT_HEIGHT, free))
    return Arrangement(
        columns,
        is_even,
        plot_width,
        labels,
        headings,
        plot_height,
        tuple(plot_height + other for other in others),
        n_head,
    )


def _heading(panel: Panel, width: float) -> tuple[tuple[str, bool], ...]:
    """Give the lines above a panel, and which of them are bold."""
    bold = [(line, True) for line in st.wrap(panel.heading, width, st.HEADING_PT, bold=True)]
    return (*bold, *((line, False) for line in (st.wrap(panel.remark, width) if panel.remark else ())))


def _has_room(panel: Panel, is_even: bool, plot_width: float) -> bool:
    room = _least_distance(panel.places.spread(is_even)) * plot_width - ROOM
    words = [word for label in panel.places.labels for word in label.split(" ")]
    numbers = [point.n_text for series in panel.series for point in series.points]
    return all(st.text_width(text) <= room for text in (*words, *numbers)) and all(
        len(st.wrap(label, room)) <= MOST_LABEL_LINES for label in panel.places.labels
    )


def _labels(panel: Panel, is_even: bool, plot_width: float) -> tuple[tuple[str, ...], ...]:
    room = max(_least_distance(panel.places.spread(is_even)) * plot_width - ROOM, SMALLEST_ROOM)
    return tuple(tuple(st.wrap(label, room)) for label in panel.places.labels)


def _least_distance(positions: Sequence[float]) -> float:
    if len(positions) < 2:
        return 1.0
    return min(b - a for a, b in pairwise(positions))


def put_panels(sheet: Sheet, panels: Sequence[Panel], arrangement: Arrangement) -> None:
    """Draw the panels into the body of the sheet."""
    top = sheet.ceiling
    for row, height in enumerate(arrangement.row_heights):
        for column in range(arrangement.columns):
            index = row * arrangement.columns + column
            if index < len(panels):
                left = 1.5 + column * (arrangement.plot_width + LEFT + RIGHT + GUTTER)
                _put_panel(sheet, panels[index], index, arrangement, left, top)
        top -= height + BETWEEN


def _put_panel(sheet: Sheet, panel: Panel, index: int, arrangement: Arrangement, left: float, top: float) -> None:
    headings = arrangement.headings[index]
    first = index - index % arrangement.columns
    row_lines = max(map(len, arrangement.headings[first : first + arrangement.columns]))
    y = top
    for line, is_bold in headings:
        y -= st.line_height(st.HEADING_PT)
        size, colour = (st.HEADING_PT, st.INK) if is_bold else (st.SMALLEST_PT, st.SOFT_INK)
        sheet.text(left, y + 0.8, line, size=size, bold=is_bold, color=colour)
    plot_height = arrangement.plot_height
    bottom = top - row_lines * st.line_height(st.HEADING_PT) - 2.0 - plot_height
    start = left + LEFT
    axes = sheet.axes(start, bottom, arrangement.plot_width, plot_height)
    spread = panel.places.spread(arrangement.is_even)
    axes.set(xlim=(0, 1), ylim=panel.limits)
    axes.set_xticks(spread, labels=[""] * len(spread))
    axes.set_yticks([tick for tick, _ in panel.ticks], labels=[label for _, label in panel.ticks])
    axes.grid(axis="y")
    if panel.band is not None:
        axes.axhspan(*panel.band, color=st.BAND, linewidth=0, zorder=0.5)
    for order, series in enumerate(panel.series):
        shift = (order - (len(panel.series) - 1) / 2) * _dodge(panel, spread, arrangement) / arrangement.plot_width
        _put_series(axes, series, [position + shift for position in spread])
        _put_hidden_marks(axes, panel, order, [position + shift for position in spread], plot_height)
    if panel.empty_note:
        sheet.text(
            start + arrangement.plot_width / 2,
            bottom + plot_height / 2,
            panel.empty_note,
            ha="center",
            color=st.SOFT_INK,
        )
    xs = [start + position * arrangement.plot_width for position in spread]
    _put_foot(sheet, panel, arrangement.labels[index], arrangement.n_head, (start, bottom), xs)


def _dodge(panel: Panel, spread: Sequence[float], arrangement: Arrangement) -> float:
    room = _least_distance(spread) * arrangement.plot_width * 0.7
    return min(DODGE, room / max(1, len(panel.series) - 1))


def _put_series(axes: Axes, series: Series, positions: Sequence[float]) -> None:
    shown = [(positions[point.place], point) for point in series.points]
    nan = math.nan
    axes.plot(
        [x for x, _ in shown],
        [nan if point.value is None else point.value for _, point in shown],
        color=series.style.colour,
        linestyle=series.style.dash,
        linewidth=1.1,
        zorder=2,
    )
    for x, point in shown:
        if point.value is None:
            continue
        if point.low is not None and point.high is not None:
            axes.plot([x, x], [point.low, point.high], color=series.style.colour, linewidth=1.1, zorder=2.2)
        axes.plot([x], [point.value], zorder=3, clip_on=False, **marker_look(series.style, is_open=point.is_thin))


def _put_hidden_marks(axes: Axes, panel: Panel, order: int, positions: Sequence[float], plot_height: float) -> None:
    """Mark suppressed points at the emptier end of the axis, one line a series: never 0, never a gap."""
    values = [point.value for series in panel.series for point in series.points if point.value is not None]
    is_high = sum(values) / len(values) > sum(panel.limits) / 2 if values else False
    step = st.line_height() / plot_height
    for point in panel.series[order].points:
        if point.is_hidden:
            y = 0.03 + order * step if is_high else 0.97 - (order + 1) * step
            axes.text(
                positions[point.place],
                y,
                HIDDEN_MARK,
                transform=axes.get_xaxis_transform(),
                ha="center",
                va="bottom",
                color=st.INK,
                fontproperties=st.font(),
                zorder=4,
            )


def _put_foot(
    sheet: Sheet,
    panel: Panel,
    labels: Sequence[Sequence[str]],
    n_head: str,
    corner: tuple[float, float],
    xs: Sequence[float],
) -> None:
    """Put the labels of the places, and below them n for every series."""
    left, y = corner[0] - LEFT, corner[1] - 1.6
    for x, lines in zip(xs, labels, strict=True):
        for row, line in enumerate(lines):
            sheet.text(x, y - (row + 1) * st.line_height() + 0.6, line, ha="center")
    y -= max(map(len, labels), default=0) * st.line_height() + 0.9
    for order, series in enumerate(panel.n_rows):
        y -= N_ROW
        middle = y + N_ROW / 2
        if order == 0:
            sheet.text(left + (0.0 if panel.is_one_n else 6.3), middle, n_head, va="center_baseline", color=st.SOFT_INK)
        if not panel.is_one_n:
            look = {"color": series.style.colour, "linestyle": series.style.dash, "linewidth": 1.1}
            sheet.line([left + 0.5, left + 5.5], [middle] * 2, **look)
            sheet.line([left + 3.0], [middle], **marker_look(series.style, is_open=False) | {"markersize": 4.0})
        for point in series.points:
            sheet.text(xs[point.place], middle, point.n_text, ha="center", va="center_baseline")


def even_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Choose round numbers between two limits, at most so many."""
    step = 10 ** math.floor(math.log10((high - low) / most))
    for factor in (1, 2, 2.5, 5, 10, 20):
        first = math.ceil(low / (step * factor) - 1e-9)
        last = math.floor(high / (step * factor) + 1e-9)
        if last - first + 1 <= most:
            return [place * step * factor for place in range(first, last + 1)]
    return [low, high]
