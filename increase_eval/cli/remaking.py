"""Make one part of what leaves again, and say which files it wrote."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from increase_eval.cli.output import complain, is_for_a_person, say, say_json


def remake(
    study: str,
    parts: Sequence[str],
    pattern: str,
    *,
    force: bool,
    as_json: bool,
    then: Callable[[Any, Any], dict[str, str]] | None = None,
) -> None:
    """Make the tables or files called `parts`, and list the files below the study's reports that match a pattern.

    What is done `then`, with the study and its places, gives name -> why it was not made.
    """
    from increase_eval.places import Places
    from increase_eval.study import load_study

    loaded = load_study(study)
    places = Places.from_environment()
    from increase_eval.cli.progress import Watch
    from pipelines.run import materialise_study

    with Watch(loaded.id, shown=is_for_a_person() and not as_json) as watch:
        summary = materialise_study(loaded, places, only=parts, force=force, on_progress=watch)
    refused = then(loaded, places) if then is not None and summary.is_ok else {}
    written = sorted(path for path in places.reports(loaded.id).glob(pattern) if path.is_file())
    if as_json:
        say_json({**summary.to_dict(), "files": [str(path) for path in written], "not_drawn": refused})
    else:
        for failure in summary.failures:
            complain(f"failed: {failure.where}: {failure.message}")
        if not summary.is_ok:
            raise SystemExit(summary.exit_code)
        say(f"{len(summary.stored)} made, {len(summary.fresh)} fresh, in {summary.seconds:.1f} s")
        for path in written:
            say(f"  {path.relative_to(places.home) if path.is_relative_to(places.home) else path}")
        for name, reason in refused.items():
            say(f"  {name} was not drawn as wide as a column: {reason}")
    if not summary.is_ok:
        raise SystemExit(summary.exit_code)
