"""How do the letters of a figure get into its PDF without reading the whole font each time?

A PDF holds the letters that it uses and no others. matplotlib takes them out of the font for each figure anew, and
reads for that what the font knows of some 5,900 letters of all scripts, which takes longer than drawing. Here a font
is cut once to the letters that figures use, and each figure's letters are taken out of that. What comes out is the
same to the byte; a figure that has any other letter gets it from the whole font.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from matplotlib.backends import _backend_pdf_ps
from matplotlib.font_manager import FontPath, get_font

LETTERS = (
    *range(0x180),  # Latin, with the accents of Western and Central Europe
    *range(0x2010, 0x2040),  # dashes, quotation marks, thin spaces
    *range(0xFB00, 0xFB05),  # fi and the like, set as one
    *(ord(sign) for sign in "αβδμσχωΔΣ₀₁₂₃€←→−≈≠≤≥×²³"),
)

_whole = _backend_pdf_ps.get_glyphs_subset


@contextmanager
def quick_subsets() -> Iterator[None]:
    """Let matplotlib take letters out of fonts that were cut before, while a picture is made."""
    _backend_pdf_ps.get_glyphs_subset = _subset
    try:
        yield
    finally:
        _backend_pdf_ps.get_glyphs_subset = _whole


@contextmanager
def _subset(font: FontPath, glyphs: set[int]) -> Iterator[Any]:
    cut, places = _cut(font)
    wanted = set(glyphs)
    if not wanted <= places.keys():
        with _whole(font, wanted) as subset:
            yield subset
        return
    back = {place: glyph for glyph, place in places.items() if glyph in wanted}
    with _of_bytes(cut, set(back)) as subset:
        found = {back[place]: own for place, own in subset.glyph_index_map.items() if place in back}
        yield subset._replace(glyph_index_map=found)


@cache
def _cut(font: FontPath) -> tuple[bytes, dict[int, int]]:
    """Give a font with the letters of figures alone, and where it has which of the whole font's glyphs.

    Glyphs that came along with those asked for are left out: the cut font does not know what letter they stand for.
    """
    known = get_font(font).get_charmap()
    asked = {known[letter] for letter in LETTERS if letter in known}
    with _whole(font, asked) as subset:
        places = {glyph: place for glyph, place in subset.glyph_index_map.items() if glyph in asked}
        return _backend_pdf_ps.font_as_file(subset.font).getvalue(), places


def _of_bytes(content: bytes, glyphs: set[int]) -> AbstractContextManager[Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "font.ttf")
        path.write_bytes(content)
        subset: AbstractContextManager[Any] = _whole(FontPath(str(path), 0), glyphs)
        return subset
