"""``increase-eval codebook``: the data dictionary of a study."""

from __future__ import annotations

from typing import Annotated

import typer

from increase_eval.cli.options import Into, Json, Language, Study, languages
from increase_eval.cli.output import say, say_json

HELP = "Write the data dictionary of a study: every table, column, code and scale."
EXAMPLES = ("increase-eval codebook help", "increase-eval codebook help --format xlsx --language fr")


def command(
    study: Study,
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", help="html, xlsx, csv or json; can be given twice.", show_default="all"),
    ] = None,
    language: Language = None,
    into: Into = None,
    as_json: Json = False,
) -> None:
    """Write a codebook."""
    from increase_eval.places import Places
    from increase_eval.reporting.codebook import CODEBOOK_FORMATS, build_codebook, write_codebook
    from increase_eval.storage import open_study_tables
    from increase_eval.study import load_study

    loaded = load_study(study)
    places = Places.from_environment()
    folder = into or places.reports(loaded.id) / "codebook"
    tables = open_study_tables(places, loaded.id)
    codebook = build_codebook(loaded, tables or None)
    try:
        written = write_codebook(codebook, folder, formats=formats or CODEBOOK_FORMATS, languages=languages(language))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--format") from error
    if as_json:
        say_json({"study": loaded.id, "files": [str(path) for path in written]})
        return
    for path in written:
        say(f"wrote {path}")
