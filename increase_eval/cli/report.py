"""``increase-eval report``: write the report of a study again."""

from __future__ import annotations

from typing import Annotated

import typer

from increase_eval.cli.options import Json, Study
from increase_eval.cli.remaking import remake

HELP = "Write the report of a study, in English and French, from its stored tables; what is not fresh is made first."
EXAMPLES = ("increase-eval report help", "increase-eval report help --force")


def command(
    study: Study,
    force: Annotated[bool, typer.Option("--force", help="Write it again even where it is fresh.")] = False,
    as_json: Json = False,
) -> None:
    """Write the report."""
    remake(study, ["report"], "report*.html", force=force, as_json=as_json)
