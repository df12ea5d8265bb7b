"""Write a figure to files: pictures for screen, print and Word, and exactly the numbers in it as CSV.

The same figure gives the same bytes: no clock, no random names, type from one file. Nothing is written that has not
passed disclosure control, and nothing is left half-written.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import matplotlib
from matplotlib.figure import Figure
from matplotlib.text import Text

from increase_eval.reporting.disclosure import escape_frame, escape_html, require_protected
from increase_eval.reporting.figures import style as st
from increase_eval.reporting.figures.drawing import Drawing, Pictures
from increase_eval.reporting.figures.embedding import quick_subsets

FORMATS = ("svg", "png", "pdf")
PRINT_DPI = 300

_METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": None, "Format": None, "Type": None},
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "ModDate": None, "Creator": None, "Producer": None},
}

_PICTURES: WeakKeyDictionary[Figure, dict[str, bytes]] = WeakKeyDictionary()
"""Figure -> its pictures that were made already; gone with the figure."""


@dataclass(frozen=True, slots=True)
class FigureFiles:
    """Where a figure was written; None for a format that was not asked for."""

    svg: Path | None
    png: Path | None
    pdf: Path | None
    data: Path


def write_drawing(drawing: Drawing, folder: Path, stem: str, formats: Sequence[str] = FORMATS) -> FigureFiles:
    """Write a figure and its data.

    Parameters
    ----------
    drawing
        The figure.
    folder
        Where to; made if it is not there.
    stem
        The name of the files without their endings.
    formats
        Which pictures: ``"svg"``, ``"png"`` (300 dots an inch) and ``"pdf"``.

    Returns
    -------
    FigureFiles
        The paths. The data are always written, as CSV in UTF-8 with a mark that spreadsheets look for.

    Raises
    ------
    ValueError
        If a format is another one.
    DisclosureError
        If the data of the figure did not pass disclosure control.
    """
    unknown = sorted(set(formats) - set(FORMATS))
    if unknown:
        raise ValueError(f"formats {unknown} are not written; allowed: {', '.join(FORMATS)}")
    require_protected(drawing.data, threshold=drawing.threshold, name=drawing.table)
    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: _put(folder / f"{stem}.{name}", render(drawing, name)) for name in formats}
    data = _put(folder / f"{stem}.csv", data_csv(drawing))
    return FigureFiles(paths.get("svg"), paths.get("png"), paths.get("pdf"), data)


def data_csv(drawing: Drawing) -> bytes:
    """Give the numbers of a figure as CSV, safe to open in a spreadsheet."""
    text = escape_frame(drawing.data).to_csv(index=False, lineterminator="\n")
    return text.encode("utf-8-sig")


def render(drawing: Drawing, kind: str) -> bytes:
    """Give a figure as the bytes of a picture: ``"svg"``, ``"png"`` or ``"pdf"``.

    A figure is not changed once it is a drawing, so that each picture of it is made once.

    Raises
    ------
    ValueError
        If the figure was drawn before and this picture was not made of it.
    """
    figure = drawing.figure
    if isinstance(figure, Pictures):
        if kind not in figure.made:
            there = ", ".join(figure.made) or "none"
            raise ValueError(f"figure {drawing.id!r} was drawn before and has no {kind!r}; there are: {there}")
        return figure.made[kind]
    made = _PICTURES.setdefault(figure, {})
    if kind not in made:
        made[kind] = _rendered(drawing, figure, kind)
    return made[kind]


def _rendered(drawing: Drawing, figure: Figure, kind: str) -> bytes:
    for text in figure.findobj(Text):
        if text.get_fontproperties().get_file() is None:  # labels of ticks, which matplotlib makes by itself
            text.set_fontproperties(st.font(text.get_fontsize()))
    metadata = {**_METADATA[kind], "Description" if kind == "png" else "Title": drawing.title}
    buffer = io.BytesIO()
    # Identifiers inside an SVG are made from the salt: two figures on one page must not share them.
    style = {**st.STYLE, "svg.hashsalt": f"{drawing.id}-{drawing.language}"}
    with matplotlib.rc_context(style), quick_subsets():
        figure.savefig(buffer, format=kind, dpi=PRINT_DPI, metadata=metadata)
    return _with_words(buffer.getvalue(), drawing) if kind == "svg" else buffer.getvalue()


def _with_words(svg: bytes, drawing: Drawing) -> bytes:
    """Put the alternative text into the SVG itself, where screen readers look for it."""
    head, tag, rest = svg.decode("utf-8").partition("<svg ")
    attributes, end, body = rest.partition(">")
    name = f"{drawing.id}-{drawing.language}"
    words = (
        f'\n <title id="{name}-title">{escape_html(drawing.alt)}</title>'
        f'\n <desc id="{name}-desc">{escape_html(drawing.long_description)}</desc>'
    )
    labels = f' role="img" aria-labelledby="{name}-title" aria-describedby="{name}-desc"'
    return f"{head}{tag}{attributes}{labels}{end}{words}{body}".encode()


def _put(path: Path, content: bytes) -> Path:
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    return part.replace(path)
