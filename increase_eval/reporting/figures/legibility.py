"""Can a figure be read? Nothing clipped, nothing over anything, no type too small, axes wide enough, one page."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.text import Text

from increase_eval.reporting.figures import style as st
from increase_eval.reporting.figures.drawing import Drawing, Pictures

PAGE_HEIGHT_MM = 257.0
"""A4 less margins of 2 cm."""
LEAST_AXES_MM = 14.0
"""Narrower axes show nothing of where a point lies."""
TOUCH = 0.5
"""In dots, at 100 an inch: boxes of neighbouring lines may share an edge."""


def faults(drawing: Drawing) -> tuple[str, ...]:
    """Say what stands against reading a figure at the size it is drawn in; empty where nothing does.

    Notes
    -----
    Texts are measured as they are printed. Those that lie aslant along a line are left out of overlaps, since their
    boxes are larger than they are.
    """
    if isinstance(drawing.figure, Pictures):
        raise TypeError(f"figure {drawing.id!r} was drawn before: its texts cannot be measured any more")
    with matplotlib.rc_context(st.STYLE):
        return tuple(dict.fromkeys(_faults(drawing.figure)))


def _faults(figure: Figure) -> Iterator[str]:
    figure.canvas.draw()
    height = figure.get_figheight() * st.MM_PER_INCH
    if height > PAGE_HEIGHT_MM:
        yield f"it would be {height:.0f} mm high, and a page has {PAGE_HEIGHT_MM:.0f}"
    for axes in figure.axes:
        wide = axes.get_position().width * figure.get_figwidth() * st.MM_PER_INCH
        if wide < LEAST_AXES_MM:
            yield f"an axis would be {wide:.0f} mm wide, and {LEAST_AXES_MM:.0f} are needed"
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    if any(float(text.get_fontsize()) < st.SMALLEST_PT for text in texts):
        yield f"type would be smaller than {st.SMALLEST_PT:.0f} pt"
    yield from _badly_placed(figure, [text for text in texts if text.get_rotation() in (0.0, 90.0)])


def _badly_placed(figure: Figure, texts: list[Text]) -> Iterator[str]:
    """Name texts that are clipped, or lie over others."""
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    boxes = [text.get_window_extent(renderer) for text in texts]
    width, height = figure.get_size_inches() * figure.dpi
    edges = np.array([[box.x0, box.y0, box.x1, box.y1] for box in boxes]).reshape(-1, 4)
    for place, (text, box) in enumerate(zip(texts, boxes, strict=True)):
        if box.x0 < 0 or box.y0 < 0 or box.x1 > width or box.y1 > height:
            yield f"{text.get_text()!r} would be clipped"
        across = np.minimum(edges[:, 2], box.x1) - np.maximum(edges[:, 0], box.x0)
        along = np.minimum(edges[:, 3], box.y1) - np.maximum(edges[:, 1], box.y0)
        over = np.flatnonzero((across > TOUCH) & (along > 2 * TOUCH))
        for other in over[over > place]:
            yield f"{text.get_text()!r} would lie over {texts[int(other)].get_text()!r}"
