"""``increase-eval validate``: try the raw files of a study without storing anything."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from increase_eval.cli.options import Json, Raw, Study
from increase_eval.cli.output import say, say_json

HELP = "Try the raw files of a study without storing anything, and say what to mend and where."
EXAMPLES = (
    "increase-eval validate help",
    "increase-eval validate help --csv list.csv --html list.html",
    "increase-eval validate help --links proposed_links.csv",
    "increase-eval validate help --show-values",
)


def command(
    study: Study,
    raw: Raw = None,
    csv: Annotated[Path | None, typer.Option(help="Write the full list as CSV.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write the full list as a page.")] = None,
    links: Annotated[
        Path | None, typer.Option(help="Write the proposed links as CSV, to copy from into corrections.csv.")
    ] = None,
    show_values: Annotated[
        bool, typer.Option("--show-values", help="Show the offending answers, on this terminal only.")
    ] = False,
    language: Annotated[str, typer.Option(help="Of remedies: en or fr.")] = "en",
    as_json: Json = False,
) -> None:
    """Validate a study; exit code 0 if there is nothing to mend in the rows or only values, 4 if files stop a run."""
    from increase_eval.cli.bringing import bringing_command
    from increase_eval.cli.options import languages
    from increase_eval.errors import DataError
    from increase_eval.intake import validate_study
    from increase_eval.intake.drafting import open_questions
    from increase_eval.places import Places
    from increase_eval.study import load_study

    if show_values and as_json:
        raise typer.BadParameter("answers are shown to a person on a terminal, never to a script", param_hint="--json")
    loaded = load_study(study)
    folder = raw or Places.from_environment().raw(loaded.id)
    found = validate_study(loaded, folder, language=languages([language])[0], show_values=show_values)
    questions = open_questions(loaded.folder)
    for path, write in ((csv, found.to_csv), (html, found.to_html), (links, found.links_to_csv)):
        if path is not None:
            write(path)
    if as_json:
        say_json(
            {
                "study": loaded.id,
                "can_be_taken_in": found.can_be_taken_in,
                "clean": found.is_clean,
                "problems": list(found.problems),
                "open_checks": list(questions),
                "proposed_links": len(found.proposed_links),
                "ledger": found.ledger.to_dict(orient="records"),
                "listing": found.listing.astype(object).where(found.listing.notna(), None).to_dict(orient="records"),
            }
        )
    else:
        say(found.summary())
        if questions:
            guesses = "1 guess" if len(questions) == 1 else f"{len(questions)} guesses"
            say(f"\nThe contract has {guesses} to check; delete the comment of each that is checked:")
            for question in questions:
                say(f"  - {question}")
        for path in (csv, html, links):
            if path is not None:
                say(f"wrote {path}")
        if not folder.is_dir() and (command := bringing_command(loaded)):
            say(f"\nThe raw files of this study can be made: {command}")
    if not found.can_be_taken_in:
        raise SystemExit(DataError.exit_code)
