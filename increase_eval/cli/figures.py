"""``increase-eval figures``: draw the figures of a study again."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from increase_eval.cli.options import Json, Study
from increase_eval.cli.remaking import remake

HELP = "Draw the figures of a study (SVG, PNG, PDF, and the data as CSV); what is not fresh is made first."
EXAMPLES = (
    "increase-eval figures help",
    "increase-eval figures help --force",
    "increase-eval figures help --width column",
)

PARTS = ("drawn_en", "drawn_fr", "figures")
"""The figures of each language, and the files of both."""


def command(
    study: Study,
    force: Annotated[bool, typer.Option("--force", help="Draw them again even where they are fresh.")] = False,
    width: Annotated[
        Literal["page", "column"],
        typer.Option("--width", help="page: 170 mm. column: 85 mm as well, where a figure can be read at that width."),
    ] = "page",
    as_json: Json = False,
) -> None:
    """Draw the figures."""
    columns = _columns if width == "column" else None
    remake(study, PARTS, "figures/**/*.*", force=force, as_json=as_json, then=columns)


def _columns(study: Any, places: Any) -> dict[str, str]:
    from pipelines.columns import write_column_figures

    return dict(write_column_figures(study, places).refused)
