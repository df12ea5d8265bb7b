"""``increase-eval ui``: Dagster's own page on all studies."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from increase_eval.cli.output import say

HELP = "Open Dagster's page: the graph of tables, their metadata, checks, runs and sensors."
EXAMPLES = ("increase-eval ui", "increase-eval ui --port 3001")


def command(
    port: Annotated[int, typer.Option(help="The port of this machine to listen on.", min=1, max=65535)] = 3000,
    host: Annotated[
        str, typer.Option(help="The address to listen on; others than 127.0.0.1 open it to the network.")
    ] = "127.0.0.1",
) -> None:
    """Start the page and its daemon (sensors, schedules) in one process tree; Ctrl-C ends it."""
    from importlib.util import find_spec

    if find_spec("dagster_webserver") is None or find_spec("dagster_dg_cli") is None:
        raise typer.BadParameter("the page needs an extra: pip install 'increase-eval[ui]'", param_hint="ui")
    from increase_eval.places import Places
    from pipelines.instance import prepare_instance, prepare_workspace

    places = Places.from_environment()
    home = prepare_instance(places)
    environment = {**os.environ, "DAGSTER_HOME": str(home), "INCREASE_EVAL_HOME": str(places.home)}
    say(f"Dagster's page: http://{host}:{port} (Ctrl-C ends it)")
    arguments = ["dev", "-w", str(prepare_workspace(places)), "--host", host, "--port", str(port)]
    # `dagster dev` says at every start that `dg dev` supersedes it; `dg` wants a project folder, which a wheel has not.
    os.execve(sys.executable, [sys.executable, "-W", "ignore", "-m", "dagster", *arguments], environment)
