"""``increase-eval record-plan``: write down, before looking, which comparisons the plan declares."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

import typer

from increase_eval.cli.options import Json, Study
from increase_eval.cli.output import say, say_json

HELP = "Write down, before the first comparison, which comparisons the plan of a study declares, and on which day."
EXAMPLES = ("increase-eval record-plan mystudy", "increase-eval record-plan mystudy --date 2026-01-31")


def command(
    study: Study,
    day: Annotated[
        datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="Another day than today.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Record the plan of a study."""
    from increase_eval.claims.plan import RECORD_FILE, record_plan
    from increase_eval.study import load_study

    loaded = load_study(study)
    on: date = (day or datetime.now(UTC)).date()
    record = record_plan(loaded, on=on)
    if as_json:
        say_json({"study": loaded.id, "recorded": record is not None, "date": str(on) if record is not None else None})
    elif record is None:
        say(f"Nothing to write: {RECORD_FILE} has the plan of {loaded.id} as it is.")
    else:
        say(f"wrote {loaded.folder / RECORD_FILE}: {len(record.comparisons)} comparisons, {on}")
        say("Keep this file under version control. Comparisons that are added later will print as post hoc.")
