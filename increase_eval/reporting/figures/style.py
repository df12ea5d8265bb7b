"""How does every figure look? One place for sizes, type, colours, markers and dashes.

Colours are those of Okabe and Ito, which people with the common deficiencies of colour vision tell apart; every arm
also has a marker and a dash of its own, so that a figure printed in grey loses nothing. The type comes with
matplotlib and is taken from there by file, so that the same numbers give the same bytes on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

import matplotlib
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

COLUMN_MM = 85.0
PAGE_MM = 170.0
WidthName: TypeAlias = Literal["page", "column"]
WIDTHS: dict[WidthName, float] = {"page": PAGE_MM, "column": COLUMN_MM}
"""What a figure is made as wide as, in millimetres: the text of a page, or one of its two columns."""
MM_PER_INCH = 25.4
MM_PER_POINT = MM_PER_INCH / 72

SMALLEST_PT = 8.0
HEADING_PT = 8.5
TITLE_PT = 11.0
SPARE = 0.005
"""Of a line that is left free, since printers place letters on whole dots."""
LEADING = 1.28
"""Distance of two lines of text, as a multiple of the size of the type."""

INK = "#1a1a1a"
SOFT_INK = "#595959"
RULE = "#bdbdbd"
BAND = "#e6e6e6"
BAR = "#6b8fb3"
PAPER = "#ffffff"
LOWER, HIGHER, ALIKE, OPEN = "#B97F4B", "#8FC1E3", "#D2D2D2", "#F5F5F5"
"""Areas where a comparison comes out lower, higher, alike, or stays open: four steps of lightness, also in grey."""

ARM_COLOURS = ("#0072B2", "#E69F00", "#000000", "#009E73", "#D55E00", "#56B4E9", "#CC79A7")
ARM_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
ARM_DASHES: tuple[Any, ...] = (
    "-",
    (0, (5, 2)),
    (0, (1, 1.2)),
    (0, (6, 2, 1, 2)),
    (0, (2, 2)),
    (0, (8, 3)),
    (0, (3, 1, 1, 1)),
)
WAVE_COLOURS = ("#000000", "#8c8c8c", "#4d4d4d", "#b0b0b0", "#2b2b2b")

STYLE: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": SMALLEST_PT,
    "text.parse_math": False,
    "text.hinting": "none",  # letters are as wide on screen as they were measured
    "text.color": INK,
    "axes.edgecolor": SOFT_INK,
    "axes.labelcolor": INK,
    "axes.labelsize": SMALLEST_PT,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.facecolor": PAPER,
    "axes.unicode_minus": True,
    "figure.facecolor": PAPER,
    "figure.dpi": 100,
    "grid.color": "#e0e0e0",
    "grid.linewidth": 0.5,
    "hatch.linewidth": 0.5,
    "lines.linewidth": 1.3,
    "lines.markersize": 5.0,
    "path.simplify": False,
    "pdf.fonttype": 42,
    "savefig.bbox": None,
    "svg.fonttype": "path",
    "svg.hashsalt": "increase-eval",
    "xtick.labelsize": SMALLEST_PT,
    "ytick.labelsize": SMALLEST_PT,
    "xtick.color": SOFT_INK,
    "ytick.color": SOFT_INK,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
}


T = TypeVar("T")
_WIDTH: ContextVar[WidthName] = ContextVar("width", default="page")


@contextmanager
def drawn_as_wide_as(width: WidthName) -> Iterator[None]:
    """Draw everything within as wide as a page or a column."""
    token = _WIDTH.set(width)
    try:
        yield
    finally:
        _WIDTH.reset(token)


def sheet_width() -> float:
    """Give the width of a sheet, in millimetres."""
    return WIDTHS[_WIDTH.get()]


def by_width(page: T, column: T) -> T:
    """Choose what goes with the width that is drawn."""
    return column if _WIDTH.get() == "column" else page


@dataclass(frozen=True, slots=True)
class SeriesStyle:
    """How one series is drawn, everywhere: colour, marker and dash."""

    colour: str
    marker: str
    dash: Any


def arm_styles(arm_ids: Sequence[str]) -> dict[str, SeriesStyle]:
    """Give each arm its colour, marker and dash, in the order of the contract.

    Notes
    -----
    From the eighth arm on colours come again, with another marker and dash than before.
    """
    return {
        arm: SeriesStyle(
            ARM_COLOURS[place % len(ARM_COLOURS)],
            ARM_MARKERS[(place + place // len(ARM_COLOURS)) % len(ARM_MARKERS)],
            ARM_DASHES[(place + 2 * (place // len(ARM_COLOURS))) % len(ARM_DASHES)],
        )
        for place, arm in enumerate(arm_ids)
    }


def wave_styles(wave_ids: Sequence[str]) -> dict[str, SeriesStyle]:
    """Give each wave a grey, a marker and a dash: colours belong to the arms."""
    return {
        wave: SeriesStyle(
            WAVE_COLOURS[place % len(WAVE_COLOURS)],
            ARM_MARKERS[place % len(ARM_MARKERS)],
            ARM_DASHES[place % len(ARM_DASHES)],
        )
        for place, wave in enumerate(wave_ids)
    }


@cache
def font(size: float = SMALLEST_PT, *, bold: bool = False) -> FontProperties:
    """Give the one type of all figures in a size and weight."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return FontProperties(fname=str(Path(matplotlib.get_data_path(), "fonts", "ttf", name)), size=size)


@cache
def text_width(text: str, size: float = SMALLEST_PT, *, bold: bool = False) -> float:
    """Measure a line of text in millimetres."""
    if not text.strip():
        return 0.0
    width, _, _ = text_to_path.get_text_width_height_descent(text, font(size, bold=bold), ismath=False)
    return float(width) * MM_PER_POINT


def line_height(size: float = SMALLEST_PT) -> float:
    """Give the distance of two lines of text in millimetres."""
    return size * LEADING * MM_PER_POINT


def wrap(text: str, width: float, size: float = SMALLEST_PT, *, bold: bool = False) -> list[str]:
    """Break a text into lines of at most so many millimetres; only a word wider than that is cut."""
    width *= 1 - SPARE
    words = text.split(" ")
    lines = _cut(words[0], width, size, bold)
    start = 1
    while start < len(words):
        taken = _words_beside(lines[-1], words[start:], width, size, bold)
        lines[-1] = " ".join([lines[-1], *words[start : start + taken]])
        start += taken
        if start < len(words):
            lines.extend(_cut(words[start], width, size, bold))
            start += 1
    return lines


def _words_beside(line: str, words: Sequence[str], width: float, size: float, bold: bool) -> int:
    """Say how many words fit on a line after what stands there.

    A longer line is never narrower, so that it is enough to measure about the place where the widths of single letters
    say that the line is full; letters that are set closer to each other than alone make those a guess.
    """

    def fits(count: int) -> bool:
        return text_width(" ".join([line, *words[:count]]), size, bold=bold) <= width

    space = text_width("n n", size, bold=bold) - 2 * text_width("n", size, bold=bold)
    guess, filled = 0, text_width(line, size, bold=bold)
    for word in words:
        filled += space + sum(text_width(letter, size, bold=bold) for letter in word)
        if filled > width:
            break
        guess += 1
    while guess and not fits(guess):
        guess -= 1
    while guess < len(words) and fits(guess + 1):
        guess += 1
    return guess


def _cut(word: str, width: float, size: float, bold: bool) -> list[str]:
    if text_width(word, size, bold=bold) <= width:
        return [word]
    pieces = [""]
    for letter in word:
        if pieces[-1] and text_width(f"{pieces[-1]}{letter}-", size, bold=bold) > width:
            pieces[-1] += "-"
            pieces.append("")
        pieces[-1] += letter
    return pieces
