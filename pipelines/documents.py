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
from pipelines import figure_tables
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


def figure_documents(
    drawings: Sequence[Drawing], previews: Sequence[bytes | None]
) -> tuple[Documents, dict[str, dg.MetadataValue]]:
    """Give one figure in its languages as files, and as the pictures that Dagster shows of it."""
    files: dict[str, bytes] = {}
    pictures: dict[str, dg.MetadataValue] = {}
    with tempfile.TemporaryDirectory() as folder:
        for drawing, small in zip(drawings, previews, strict=True):
            # Written and read back, since the gate that everything leaving passes stands where figures are written.
            stem = f"{drawing.id}.{drawing.language}"
            written = write_drawing(drawing, Path(folder), stem, formats=figure_tables.KINDS)
            paths = [path for path in (written.svg, written.png, written.pdf, written.data) if path is not None]
            files |= {f"figures/{path.name}": path.read_bytes() for path in paths}
            if small is not None:
                words = re.sub(r"[\[\]\n]", " ", drawing.alt)
                link = base64.b64encode(small).decode()
                pictures[f"picture_{drawing.language}"] = dg.MetadataValue.md(
                    f"![{words}](data:image/png;base64,{link})"
                )
    return Documents(files), pictures


def preview(png: bytes) -> bytes:
    """Give a picture as Dagster shows it, small enough to be kept in its database."""
    with Image.open(io.BytesIO(png)) as opened:
        opened.load()
    for width in PICTURE_WIDTHS:
        small, image = io.BytesIO(), opened.copy()
        image.thumbnail((width, width * 4), reducing_gap=1.0)
        image.convert("P", palette=Image.Palette.ADAPTIVE).save(small, "PNG")
        if small.tell() * 4 / 3 < PICTURE_BYTES:
            break
    return small.getvalue()


def page_stands_alone(table: str) -> Check:
    """Check that a page asks nobody else for a part of itself, so that it can be read offline and tells nobody."""

    def find(made: Mapping[str, Documents]) -> list[Finding]:
        pages = {name: content.decode() for name, content in made[table].files.items() if name.endswith(".html")}
        counts = {name: len(FOREIGN.findall(page)) for name, page in pages.items()}
        return [Finding("parts that come from elsewhere", count, name) for name, count in counts.items() if count]

    return Check("page_stands_alone", table, "The page needs nothing but itself.", find)
