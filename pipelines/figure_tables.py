"""Figures as they were drawn: one table a language, which the files of figures and the reports are made of."""

from collections.abc import Mapping

from increase_eval.reporting.codebook.stored import StoredType
from increase_eval.reporting.figures.writing import FORMATS
from increase_eval.reporting.translations import LANGUAGES
from pipelines.names import DRAWN

KINDS = FORMATS
"""The pictures that are made of each figure."""

DRAWN_COLUMNS: Mapping[str, Mapping[str, tuple[StoredType, str]]] = {
    f"{DRAWN}{language}": {
        "id": ("category", "The figure"),
        "language": ("category", "The language of its words"),
        "title": ("text", "What is seen, in a sentence"),
        "subtitle": ("text", "Measure, unit, waves, who"),
        "caption": ("text", "Interval, method, what was suppressed, source"),
        "alt": ("text", "What kind of chart, what it shows, the numbers that matter"),
        "long_description": ("text", "Every number of the figure in words"),
        "table": ("category", "The table that its rows come from"),
        "threshold": ("integer", "The smallest count above 0 that may be shown"),
        "data": ("bytes", "Its rows, as a Parquet file"),
        **{kind: ("bytes", f"The picture as {kind.upper()}") for kind in FORMATS},
        "preview": ("bytes", "The picture as Dagster shows it"),
    }
    for language in LANGUAGES
}
"""Tables of figures: column -> type and meaning."""
