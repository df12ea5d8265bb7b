"""``increase-eval example``: write the raw files of an example study, from there treated as anybody's files."""

from __future__ import annotations

from increase_eval.cli.options import Json, Raw, Study
from increase_eval.cli.output import say, say_json

HELP = "Write the raw files of an example study, as they would come from a partner."
EXAMPLES = ("increase-eval example help", "increase-eval example help --raw some/folder")


def command(study: Study, raw: Raw = None, as_json: Json = False) -> None:
    """Write the raw files of an example study."""
    from increase_eval.cli.bringing import bringing_command
    from increase_eval.errors import ContractError
    from increase_eval.intake import write_example
    from increase_eval.places import Places
    from increase_eval.study import load_study

    loaded = load_study(study)
    if not (loaded.folder / "example.yaml").is_file() and (known := bringing_command(loaded)):
        raise ContractError(f"study {loaded.id!r} has no example.yaml: its raw files are written by: {known}")
    folder = raw or Places.from_environment().raw(loaded.id)
    written = write_example(loaded, folder)
    if as_json:
        say_json({"study": loaded.id, "files": [str(path) for path in written]})
        return
    for path in written:
        say(f"wrote {path}")
    say(f"Next: increase-eval validate {loaded.id}, then increase-eval run {loaded.id}")
