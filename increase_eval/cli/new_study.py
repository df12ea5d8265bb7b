"""``increase-eval new-study``: draft a contract from data files, ready to be edited."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from increase_eval.cli.options import Json
from increase_eval.cli.output import say, say_json

HELP = "Draft the contract of a study from its data files: columns, codes, labels, guessed scales and waves."
EXAMPLES = (
    "increase-eval new-study mystudy --from answers.csv",
    "increase-eval new-study mystudy --from t1.sav --from t2.sav",
)


def command(
    name: Annotated[str, typer.Argument(help="The study's name: lower case, digits and underscores.")],
    files: Annotated[list[Path], typer.Option("--from", help="A data file; can be given several times.")],
    into: Annotated[
        Path, typer.Option("--into", help="The folder of contracts to write the study's folder into.")
    ] = Path("data_contracts"),
    as_json: Json = False,
) -> None:
    """Draft a contract."""
    from increase_eval.intake.drafting import draft_study
    from increase_eval.places import Places

    try:
        draft = draft_study(name, files, contracts_folder=into)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    if as_json:
        say_json({"study": name, "files": [str(path) for path in draft.files], "questions": list(draft.questions)})
        return
    for path in draft.files:
        say(f"wrote {path}")
    say("\nWhat was guessed and wants a look (marked in the files):")
    for question in draft.questions:
        say(f"  - {question}")
    raw = Places.from_environment().raw(name)
    say(f"\nNext: edit the files, put the data into {raw}, then increase-eval validate {into / name}")
