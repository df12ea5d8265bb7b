"""``increase-eval run``: from raw files to the report, making again only what is not fresh."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from increase_eval.cli.options import Json, Study
from increase_eval.cli.output import complain, is_for_a_person, say, say_json, say_table

if TYPE_CHECKING:
    from increase_eval.places import Places
    from increase_eval.study import Study as StudyModel
    from pipelines.freshness import Staleness
    from pipelines.run import RunSummary

HELP = "Make every table, figure and report of a study from its raw files; what is fresh is left as it is."
EXAMPLES = (
    "increase-eval run help",
    "increase-eval run help --dry-run",
    "increase-eval run help --only scoring --force",
)


def command(
    study: Study,
    force: Annotated[bool, typer.Option("--force", help="Make again what is fresh, too.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be made and why, and make nothing.")
    ] = False,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="A table or group (intake, scoring, ...); can be given twice.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run a study and say what was done."""
    from increase_eval.intake import load_key_secret
    from increase_eval.places import Places
    from increase_eval.study import load_study

    loaded = load_study(study)
    places = Places.from_environment()
    if not dry_run:
        _bring_raw_files(loaded, places, quiet=as_json)
        # Made before anything is judged fresh, since what was made with another secret is not.
        load_key_secret(places)
    # Importing Dagster takes two seconds: not before the contract is known to be good.
    from pipelines.run import materialise_study, plan_study

    try:
        if dry_run:
            _say_plan(plan_study(loaded, places, force=force, only=only), as_json=as_json)
            return
        from increase_eval.cli.progress import Watch

        with Watch(loaded.id, shown=is_for_a_person() and not as_json) as watch:
            summary = materialise_study(loaded, places, force=force, only=only, on_progress=watch)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--only") from error
    if as_json:
        say_json({**summary.to_dict(), "reports": [str(path) for path in _pages(places, loaded.id)]})
    else:
        _say_summary(loaded, places, summary)
    if not summary.is_ok:
        raise SystemExit(summary.exit_code)


def _bring_raw_files(study: StudyModel, places: Places, *, quiet: bool) -> None:
    """Write the example's raw files where a study that is an example has none yet."""
    folder = places.raw(study.id)
    if folder.is_dir() and any(path.is_file() for path in folder.rglob("*")):
        return
    from increase_eval.cli.bringing import bring

    for path in bring(study, folder, places):
        if not quiet:
            say(f"wrote {_short(path, places)}")


def _say_plan(plan: Sequence[Staleness], *, as_json: bool) -> None:
    steps = [(step.step, step.reasons) for step in plan]
    if as_json:
        say_json([{"step": name, "reasons": list(reasons)} for name, reasons in steps])
        return
    stale = [(name, "; ".join(reasons)) for name, reasons in steps if reasons]
    if not stale:
        say("Everything is fresh: a run would make nothing.")
        return
    say(f"A run would make {len(stale)} of {len(steps)} steps:")
    say_table(["step", "because"], stale)


def _say_summary(study: StudyModel, places: Places, summary: RunSummary) -> None:
    from increase_eval.cli.summary import say_tables

    say(f"{study.head.title.en} ({study.id})")
    say(f"  {len(summary.stored)} tables made, {len(summary.fresh)} fresh, in {summary.seconds:.1f} s")
    failed = [check for check in summary.checks if check.is_failure]
    warnings = [check for check in summary.checks if check.is_warning]
    say(f"  {len(summary.checks)} checks: {len(failed)} failed, {len(warnings)} found a warning")
    for check in failed:
        complain(f"check failed: {check.table}: {check.check}: {check.message}")
    for check in warnings:
        complain(f"warning (the table is stored): {check.table}: {check.check}: {check.message}")
    if not summary.is_ok:
        # What is stored may be of a run before: nothing of it is shown, so that the failure is what one reads.
        for failure in summary.failures:
            complain(f"failed: {failure.where}: {failure.message}")
        complain(f"{len(summary.not_made)} tables were not made. What was stored before is kept; the next run goes on.")
        return
    say_tables(study, places)
    pages = _pages(places, study.id)
    if pages:
        say("\nReports:")
        for page in pages:
            say(f"  {_short(page, places)}")


def _pages(places: Places, study_id: str) -> list[Path]:
    return sorted(places.reports(study_id).glob("report*.html"))


def _short(path: Path, places: Places) -> str:
    return str(path.relative_to(places.home)) if path.is_relative_to(places.home) else str(path)
