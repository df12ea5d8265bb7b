"""Arguments and options that several commands share, so that each has one spelling and one help text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Study = Annotated[
    str, typer.Argument(help="A study's name (see `increase-eval studies`) or the folder of its contract.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a script instead of words for a person.")]
Raw = Annotated[
    Path | None, typer.Option("--raw", help="The folder with the raw files.", show_default="data/raw/STUDY")
]
Into = Annotated[
    Path | None, typer.Option("--into", help="The folder to write to.", show_default="reports/build/STUDY")
]
Language = Annotated[
    list[str] | None, typer.Option("--language", help="en or fr; can be given twice.", show_default="both")
]


def languages(chosen: list[str] | None) -> tuple[str, ...]:
    """Check the languages asked for; both where none is named."""
    wanted = tuple(dict.fromkeys(chosen or ("en", "fr")))
    unknown = [language for language in wanted if language not in ("en", "fr")]
    if unknown:
        raise typer.BadParameter(
            f"{unknown[0]!r} is not a language of the reports; allowed: en, fr", param_hint="--language"
        )
    return wanted
