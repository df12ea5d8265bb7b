"""How does a figure that was drawn once serve the files of figures and the reports? As a table that can be stored.

Drawing and making pictures take most of the time of a run; the words, the pictures and the numbers of a figure are all
that anybody asks of it later. The numbers are kept as they are, so that they pass disclosure control where they leave.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from increase_eval.reporting.figures.drawing import Drawing, Pictures
from increase_eval.reporting.figures.writing import FORMATS, render
from increase_eval.storage import table_as_bytes, table_from_bytes

WORDS = ("id", "language", "title", "subtitle", "caption", "alt", "long_description", "table")
"""Columns that hold text."""

KEPT_COLUMNS = (*WORDS, "threshold", "data", *FORMATS)
"""Columns of a table of figures; `data` is a Parquet file, the formats are pictures."""


def keep_drawings(drawings: Iterable[Drawing], formats: Sequence[str] = FORMATS) -> pd.DataFrame:
    """Make the pictures of figures, and put everything about them into a table.

    Parameters
    ----------
    drawings
        The figures.
    formats
        Which pictures are made.

    Returns
    -------
    DataFrame
        One row a figure, in the order given, with :data:`KEPT_COLUMNS`; a picture that was not made is missing.
    """
    rows = [
        {
            **{name: getattr(drawing, name) for name in (*WORDS, "threshold")},
            "data": table_as_bytes(drawing.data),
            **{kind: render(drawing, kind) if kind in formats else None for kind in FORMATS},
        }
        for drawing in drawings
    ]
    kept = pd.DataFrame(rows, columns=list(KEPT_COLUMNS), dtype="object")
    return kept.astype({**dict.fromkeys(WORDS, "str"), "threshold": "int64"})


def kept_drawings(table: pd.DataFrame) -> dict[str, Drawing]:
    """Give the figures that a table keeps, by id; their pictures are those that were made then."""
    return {
        row["id"]: Drawing(
            figure=Pictures({kind: row[kind] for kind in FORMATS if row[kind] is not None}),
            data=table_from_bytes(row["data"]),
            threshold=int(row["threshold"]),
            **{name: row[name] for name in WORDS},
        )
        for row in table.to_dict("records")
    }
