"""``increase-eval figures``: draw the figures of a study again."""

from __future__ import annotations

from typing import Annotated

import typer

from increase_eval.cli.options import Json, Study
from increase_eval.cli.remaking import remake

HELP = "Draw the figures of a study (SVG, PNG, PDF, and the data as CSV); what is not fresh is made first."
EXAMPLES = "Examples:  increase-eval figures help  |  increase-eval figures help --force"


def command(
    study: Study,
    force: Annotated[bool, typer.Option("--force", help="Draw them again even where they are fresh.")] = False,
    as_json: Json = False,
) -> None:
    """Draw the figures."""
    remake(study, "figures", "figures/**/*.*", force=force, as_json=as_json)
