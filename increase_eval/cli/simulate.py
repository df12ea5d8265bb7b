"""``increase-eval simulate``: draw a synthetic cohort and write it as the files that partners send."""

from __future__ import annotations

from typing import Annotated

import typer

from increase_eval.cli.options import Json, Raw, Study
from increase_eval.cli.output import say, say_json

HELP = "Draw the synthetic cohort of a study and write its raw files; the truth is kept apart from them."
EXAMPLES = ("increase-eval simulate mystudy", "increase-eval simulate mystudy --seed 7 --raw some/folder")


def command(
    study: Study,
    raw: Raw = None,
    seed: Annotated[int | None, typer.Option(help="Another seed than the contract's.", min=0)] = None,
    as_json: Json = False,
) -> None:
    """Simulate a study."""
    from increase_eval.cli.bringing import simulate
    from increase_eval.places import Places
    from increase_eval.study import load_study

    loaded = load_study(study)
    places = Places.from_environment()
    written = simulate(loaded, raw or places.raw(loaded.id), places, seed=seed)
    if as_json:
        say_json({"study": loaded.id, "files": [str(path) for path in written]})
        return
    for path in written:
        say(f"wrote {path}")
    say(f"Next: increase-eval validate {loaded.id}, then increase-eval run {loaded.id}")
