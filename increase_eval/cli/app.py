"""Put the commands together, and turn every error that a user can mend into a message and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

import increase_eval
from increase_eval.cli import (
    codebook,
    example,
    export,
    figures,
    new_study,
    record_plan,
    report,
    run,
    simulate,
    studies,
    ui,
    validate,
)
from increase_eval.cli.output import complain, say
from increase_eval.errors import IncreaseEvalError

app = typer.Typer(
    name="increase-eval",
    help="Evaluate a programme from longitudinal surveys that lose most of their respondents.",
    epilog=(
        "Exit codes: 0 done; 1 unexpected; 2 wrong use; 3 contract; 4 data; 5 too little data; 6 no convergence; "
        "7 disclosure; 130 interrupted."
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _examples(lines: Sequence[str]) -> str:
    """Set the examples one a line, which a terminal of any width leaves whole."""
    return "\n".join(("\b", "Examples:", *(f"  {line}" for line in lines)))


def _say_version(asked: bool) -> None:
    if asked:
        say(f"increase-eval {increase_eval.__version__}")
        raise typer.Exit


@app.callback()
def _whole(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say the version and exit.")
    ] = False,
) -> None:
    """Take what stands before the name of a command."""


for name, module in {
    "run": run,
    "validate": validate,
    "example": example,
    "simulate": simulate,
    "report": report,
    "figures": figures,
    "codebook": codebook,
    "export": export,
    "studies": studies,
    "new-study": new_study,
    "record-plan": record_plan,
    "ui": ui,
}.items():
    app.command(name, help=module.HELP, short_help=module.HELP, epilog=_examples(module.EXAMPLES))(module.command)


def main() -> None:
    """Run the command line; the one entry point of the script ``increase-eval``."""
    try:
        app()
    except IncreaseEvalError as error:
        complain(str(error))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        complain("Interrupted. What was complete is kept; the same command goes on from there.")
        sys.exit(130)
    except Exception as error:
        # The text of an unforeseen error can hold somebody's answer, so only its kind is shown.
        if os.environ.get("INCREASE_EVAL_DEBUG"):
            raise
        complain(
            f"Unexpected {type(error).__name__}: this is a fault of the program, not of your files. "
            "Set INCREASE_EVAL_DEBUG=1 to see where (the details may hold answers: do not send them on unread)."
        )
        sys.exit(1)
