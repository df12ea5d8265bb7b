"""``increase-eval export``: stored tables, with their labels, for other programs."""

from __future__ import annotations

from typing import Annotated

import typer

from increase_eval.cli.options import Into, Json, Study
from increase_eval.cli.output import complain, say, say_json, say_table

HELP = "Write stored tables with their labels for SPSS, Stata, Excel and others. Tables of people need --microdata."
EXAMPLES = (
    "increase-eval export help --format sav",
    "increase-eval export help --table scores --microdata --format dta",
)


def command(
    study: Study,
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", help="sav, dta, xlsx, csv or parquet; can be given twice.", show_default="all"),
    ] = None,
    table: Annotated[
        list[str] | None,
        typer.Option("--table", help="A stored table; can be given twice.", show_default="all that may leave"),
    ] = None,
    microdata: Annotated[
        bool, typer.Option("--microdata", help="Tables of people leave too, unprotected. You answer for where they go.")
    ] = False,
    language: Annotated[str, typer.Option(help="Of the labels: en or fr.")] = "en",
    into: Into = None,
    as_json: Json = False,
) -> None:
    """Export tables."""
    from increase_eval.cli.options import languages
    from increase_eval.places import Places
    from increase_eval.reporting.export import EXPORT_FORMATS, export_tables
    from increase_eval.storage import open_study_tables
    from increase_eval.study import load_study

    loaded = load_study(study)
    places = Places.from_environment()
    tables = open_study_tables(places, loaded.id)
    if not tables:
        complain(f"nothing is stored of {loaded.id} yet; first: increase-eval run {loaded.id}")
        raise SystemExit(4)
    # Tables of people never lie beside tables that may leave.
    folder = into or places.reports(loaded.id) / ("microdata" if microdata else "export")
    try:
        done = export_tables(
            loaded,
            tables,
            folder,
            formats=formats or EXPORT_FORMATS,
            names=table,
            microdata=microdata,
            language=languages([language])[0],
        )
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--format or --table") from error
    if as_json:
        changes = done.changes.to_dict(orient="records")
        say_json({"study": loaded.id, "files": [str(path) for path in done.files], "changes": changes})
        return
    for path in done.files:
        say(f"wrote {path}")
    if len(done.changes):
        say("\nWhat a format could not take as it was:")
        say_table(list(done.changes.columns), done.changes.astype(str).to_numpy().tolist())
