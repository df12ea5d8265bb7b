"""Figures as wide as one column of a page: drawn from the tables as they leave, beside those of page width."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from increase_eval.places import Places
from increase_eval.reporting.figures import FIGURES, Drawing, FigureSpec, write_drawing
from increase_eval.reporting.figures.legibility import faults
from increase_eval.storage import read_table
from increase_eval.study import Study
from pipelines.names import SAFE, stored_path

LANGUAGES = ("en", "fr")
INFIX = ".column."
"""Between a figure's name and its language in the name of a file."""


@dataclass(frozen=True, slots=True)
class ColumnFigures:
    """What was written, and figure -> why it was not drawn (in any language: readers of both see the same figures)."""

    files: tuple[Path, ...]
    refused: dict[str, str]


def write_column_figures(study: Study, places: Places) -> ColumnFigures:
    """Draw every figure that can be read in a column, in both languages, and take away those of earlier runs."""
    folder = places.reports(study.id) / "figures"
    files: list[Path] = []
    refused: dict[str, str] = {}
    for old in folder.glob(f"*{INFIX}*"):
        old.unlink()
    for spec in FIGURES.values():
        tables = {name: stored_path(places, study.id, f"{SAFE}{name}") for name in spec.tables}
        if not spec.needs <= study.capabilities or not all(path.is_file() for path in tables.values()):
            continue
        frames = {name: read_table(path) for name, path in tables.items()}
        if not all(map(len, frames.values())):
            continue
        reason = spec.page_only or _written(spec, study, frames, folder, files)
        if reason:
            refused[spec.id] = reason
    return ColumnFigures(tuple(files), refused)


def _written(
    spec: FigureSpec, study: Study, frames: Mapping[str, pd.DataFrame], folder: Path, files: list[Path]
) -> str:
    """Write a figure in both languages; where one of them cannot be read, write none and say why."""
    drawings: list[Drawing] = []
    for language in LANGUAGES:
        drawing = spec.draw(study, frames, language, width="column")
        found = faults(drawing)
        if found:
            return f"{found[0]} ({language})"
        drawings.append(drawing)
    for drawing in drawings:
        written = write_drawing(drawing, folder, f"{drawing.id}{INFIX}{drawing.language}")
        files += [path for path in (written.svg, written.png, written.pdf, written.data) if path is not None]
    return ""
