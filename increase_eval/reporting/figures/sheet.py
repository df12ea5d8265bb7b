"""The sheet that a figure is drawn on: title, subtitle, legend, body and caption, all measured in millimetres.

Texts are broken to the width before the height of the sheet is known, so that nothing is clipped in any language.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from increase_eval.reporting.figures import style as st

MARGIN = 1.5
KEY_WIDTH = 9.0
KEY_GAP = 1.5
ENTRY_GAP = 6.0


@dataclass(frozen=True, slots=True)
class Key:
    """One entry of a legend: a line with its marker, an open marker, a band, or a letter."""

    label: str
    style: st.SeriesStyle | None = None
    is_open: bool = False
    band: str | None = None
    mark: str | None = None


@dataclass(slots=True)
class Sheet:
    """A figure of a given width whose height follows from what is put on it, from the top down.

    Attributes
    ----------
    width, body
        Of the sheet, and the height of its body, in millimetres.
    floor
        Where the body ends, from the bottom of the sheet.
    title, subtitle, caption, flag
        Texts; the flag stands above the title in a frame, and is empty where there is nothing to warn of.
    keys
        The legend, in order.
    """

    title: str
    subtitle: str
    caption: str
    body: float
    keys: Sequence[Key] = ()
    flag: str = ""
    width: float = field(default_factory=st.sheet_width)
    height: float = field(init=False)
    floor: float = field(init=False)
    figure: Figure = field(init=False)
    _cursor: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        inner = self.width - 2 * MARGIN
        title = st.wrap(self.title, inner, st.TITLE_PT, bold=True)
        subtitle = st.wrap(self.subtitle, inner)
        caption = st.wrap(self.caption, inner)
        flag = st.wrap(self.flag, inner - 4, bold=True) if self.flag else []
        rows = self._legend_rows(inner)
        above = (
            (len(flag) * st.line_height() + 3.5 if flag else 0)
            + len(title) * st.line_height(st.TITLE_PT)
            + (len(subtitle) + len(rows)) * st.line_height()
            + (3.0 if rows else 1.0)
        )
        self.floor = MARGIN + len(caption) * st.line_height() + 3.0
        self.height = self.floor + self.body + above + MARGIN
        self.figure = Figure(figsize=(self.width / st.MM_PER_INCH, self.height / st.MM_PER_INCH))
        FigureCanvasAgg(self.figure)
        self._cursor = self.height - MARGIN
        self._put_flag(flag, inner)
        self._put_lines(title, st.TITLE_PT, bold=True, colour=st.INK)
        self._put_lines(subtitle, st.SMALLEST_PT, bold=False, colour=st.SOFT_INK)
        self._put_legend(rows)
        self._cursor = MARGIN + len(caption) * st.line_height()
        self.rule(MARGIN, MARGIN + inner, self._cursor + 1.0)
        self._put_lines(caption, st.SMALLEST_PT, bold=False, colour=st.SOFT_INK)

    @property
    def ceiling(self) -> float:
        """Where the body begins, from the bottom of the sheet."""
        return self.floor + self.body

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        """Put axes with the lower left corner at x, y."""
        axes = self.figure.add_axes((x / self.width, y / self.height, width / self.width, height / self.height))
        axes.tick_params(which="both", pad=2)
        return axes

    def text(
        self, x: float, y: float, text: str, *, size: float = st.SMALLEST_PT, bold: bool = False, **kwargs: Any
    ) -> None:
        """Put one line of text; by default its lower left corner is at x, y."""
        kwargs = {"ha": "left", "va": "baseline", "color": st.INK, **kwargs}
        self.figure.text(x / self.width, y / self.height, text, fontproperties=st.font(size, bold=bold), **kwargs)

    def line(self, xs: Sequence[float], ys: Sequence[float], **kwargs: Any) -> None:
        """Put a line, with or without markers."""
        self.figure.add_artist(Line2D([x / self.width for x in xs], [y / self.height for y in ys], **kwargs))

    def rule(self, left: float, right: float, y: float) -> None:
        """Put a thin rule."""
        self.line([left, right], [y, y], color=st.RULE, linewidth=0.5)

    def box(self, x: float, y: float, width: float, height: float, **kwargs: Any) -> None:
        """Put a rectangle with the lower left corner at x, y."""
        kwargs = {"facecolor": st.PAPER, "edgecolor": st.SOFT_INK, "linewidth": 0.7, **kwargs}
        corner = (x / self.width, y / self.height)
        size = (width / self.width, height / self.height)
        self.figure.add_artist(Rectangle(corner, *size, transform=self.figure.transFigure, **kwargs))

    def arrow(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Put an arrow between two points, straight down, right or left."""
        self.line([start[0], end[0]], [start[1], end[1]], color=st.SOFT_INK, linewidth=0.7, solid_capstyle="butt")
        across = abs(end[0] - start[0]) > abs(end[1] - start[1])
        marker = (">" if end[0] > start[0] else "<") if across else "v"
        shift = (-0.6 if end[0] > start[0] else 0.6, 0.0) if across else (0.0, 0.6)
        self.line(
            [end[0] + shift[0]], [end[1] + shift[1]], marker=marker, markersize=3, color=st.SOFT_INK, markeredgewidth=0
        )

    def _put_lines(self, lines: Sequence[str], size: float, *, bold: bool, colour: str) -> None:
        for line in lines:
            self._cursor -= st.line_height(size)
            # The baseline lies a fifth of the size above the foot of the line.
            self.text(MARGIN, self._cursor + 0.25 * size * st.MM_PER_POINT, line, size=size, bold=bold, color=colour)

    def _put_flag(self, lines: Sequence[str], inner: float) -> None:
        if not lines:
            return
        height = len(lines) * st.line_height() + 1.5
        self.box(MARGIN, self._cursor - height, inner, height, facecolor="#fff3cd", edgecolor=st.INK)
        self._cursor -= 0.75
        for line in lines:
            self._cursor -= st.line_height()
            self.text(MARGIN + 2, self._cursor + 0.25 * st.SMALLEST_PT * st.MM_PER_POINT, line, bold=True)
        self._cursor -= 2.75

    def _legend_rows(self, inner: float) -> list[list[Key]]:
        rows: list[list[Key]] = []
        used = inner + 1
        for key in self.keys:
            lines = st.wrap(key.label, inner - KEY_WIDTH - KEY_GAP)
            for number, line in enumerate(lines):
                wide = KEY_WIDTH + KEY_GAP + st.text_width(line)
                if number or used + wide > inner:
                    rows.append([])
                    used = 0.0
                rows[-1].append(Key(line) if number else replace(key, label=line))
                used += wide + ENTRY_GAP
            used = inner + 1 if len(lines) > 1 else used
        return rows

    def _put_legend(self, rows: Sequence[Sequence[Key]]) -> None:
        self._cursor -= 1.0 if rows else 0.0
        for row in rows:
            self._cursor -= st.line_height()
            x = MARGIN
            for key in row:
                self._put_key(key, x, self._cursor + 0.5 * st.line_height())
                x += KEY_WIDTH + KEY_GAP
                self.text(x, self._cursor + 0.25 * st.SMALLEST_PT * st.MM_PER_POINT, key.label)
                x += st.text_width(key.label) + ENTRY_GAP

    def _put_key(self, key: Key, x: float, middle: float) -> None:
        centre = x + KEY_WIDTH / 2
        if key.band is not None:
            self.box(x, middle - 1.1, KEY_WIDTH, 2.2, facecolor=key.band, edgecolor="none")
        if key.mark is not None:
            self.text(x + KEY_WIDTH, middle, key.mark, ha="right", va="center_baseline", color=st.SOFT_INK)
        if key.style is not None:
            self.line([x, x + KEY_WIDTH], [middle] * 2, color=key.style.colour, linestyle=key.style.dash, linewidth=1.3)
            self.line([centre], [middle], **marker_look(key.style, is_open=False))
        elif key.is_open:
            self.line(
                [centre], [middle], marker="o", markersize=5, color=st.INK, markerfacecolor=st.PAPER, linestyle=""
            )


def marker_look(style: st.SeriesStyle, *, is_open: bool) -> dict[str, Any]:
    """Give the marker of a series: full, or open where few people stand behind it."""
    return {
        "marker": style.marker,
        "linestyle": "",
        "markersize": 5.0,
        "markerfacecolor": st.PAPER if is_open else style.colour,
        "markeredgecolor": style.colour if is_open else st.INK,
        "markeredgewidth": 1.2 if is_open else 0.5,
    }
