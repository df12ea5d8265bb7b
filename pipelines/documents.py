"""What leaves, as files in memory: figures and reports on their way from an asset to where readers find them."""

import base64
import io
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from PIL import Image

from increase_eval.reporting.figures import Drawing, write_drawing
from pipelines.checks import Check, Finding

PICTURE_BYTES = 200_000
"""Dagster keeps metadata in its database and sends it with every page, so a picture in it has to be small."""

PICTURE_WIDTHS = (900, 600, 300)

FOREIGN = re.compile(
    r"""<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)\s*=\s*["']?(?:https?:)?//|url\(\s*["']?https?:"""
)
"""What would make a page ask somebody else for a part of itself. Links that a reader may click are none of it."""


@dataclass(frozen=True, slots=True)
class Documents:
    """Files that leave, by their name below the reports of the study.

    Attributes
    ----------
    files
        Name -> content.
    """

    files: Mapping[str, bytes]


def figure_documents(drawings: Sequence[Drawing]) -> tuple[Documents, dict[str, dg.MetadataValue]]:
    """Give one figure in its languages as files, and as the pictures that Dagster shows of it."""
    files: dict[str, bytes] = {}
    pictures: dict[str, dg.MetadataValue] = {}
    with tempfile.TemporaryDirectory() as folder:
        for drawing in drawings:
            # Written and read back, since the gate that everything leaving passes stands where figures are written.
            written = write_drawing(drawing, Path(folder), f"{drawing.id}.{drawing.language}")
            paths = [path for path in (written.svg, written.png, written.pdf, written.data) if path is not None]
            files |= {f"figures/{path.name}": path.read_bytes() for path in paths}
            if written.png is not None:
                pictures[f"picture_{drawing.language}"] = picture(written.png.read_bytes(), drawing.alt)
    return Documents(files), pictures


def picture(png: bytes, alt: str) -> dg.MetadataValue:
    """Give a picture as Dagster shows it, small enough to be kept in its database."""
    for width in PICTURE_WIDTHS:
        small = io.BytesIO()
        with Image.open(io.BytesIO(png)) as image:
            image.thumbnail((width, width * 4))
            image.convert("P", palette=Image.Palette.ADAPTIVE).save(small, "PNG")
        link = base64.b64encode(small.getvalue()).decode()
        if len(link) < PICTURE_BYTES:
            break
    words = re.sub(r"[\[\]\n]", " ", alt)
    return dg.MetadataValue.md(f"![{words}](data:image/png;base64,{link})")


def page_stands_alone(table: str) -> Check:
    """Check that a page asks nobody else for a part of itself, so that it can be read offline and tells nobody."""

    def find(made: Mapping[str, Documents]) -> list[Finding]:
        pages = {name: content.decode() for name, content in made[table].files.items() if name.endswith(".html")}
        counts = {name: len(FOREIGN.findall(page)) for name, page in pages.items()}
        return [Finding("parts that come from elsewhere", count, name) for name, count in counts.items() if count]

    return Check("page_stands_alone", table, "The page needs nothing but itself.", find)
