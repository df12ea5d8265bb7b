"""Dagster's own storage: SQLite below the home by default, PostgreSQL where one variable names a server.

The folder of the instance holds a ``dagster.yaml`` that is written here and brought up to date by every run, unless
somebody has taken its first line out to keep a configuration of their own.
"""

import os
from importlib.util import find_spec
from pathlib import Path

import dagster as dg

from increase_eval.errors import IncreaseEvalError
from increase_eval.files import replacing
from increase_eval.places import Places

POSTGRES_VARIABLE = "INCREASE_EVAL_POSTGRES_URL"
"""Names a PostgreSQL server, such as ``postgresql://user:password@host:5432/dagster``."""

MANAGED = "# Kept up to date by increase-eval. Take this line out to keep a configuration of your own.\n"

COMMON = """\
# Nothing about the use of this installation is sent anywhere.
telemetry:
  enabled: false
# Sensors look for new raw files; one run of a study at a time is enough.
concurrency:
  runs:
    tag_concurrency_limits:
      - key: study
        limit: 1
        value:
          applyLimitPerUniqueValue: true
"""

POSTGRES = f"""\
# The address holds a password, so it stays in the environment.
storage:
  postgres:
    postgres_url:
      env: {POSTGRES_VARIABLE}
"""


def prepare_instance(places: Places) -> Path:
    """Write the configuration of Dagster's storage, and give its folder, which is ``DAGSTER_HOME``.

    Raises
    ------
    IncreaseEvalError
        If PostgreSQL is asked for and the package that speaks to it is not installed.
    """
    folder = places.instance
    wanted = (MANAGED + COMMON + (POSTGRES if _wants_postgres() else "")).encode()
    path = folder / "dagster.yaml"
    held = path.read_bytes() if path.is_file() else MANAGED.encode()
    if held.startswith(MANAGED.encode()) and held != wanted:
        with replacing(path) as file:
            file.write(wanted)
    return folder


def open_instance(places: Places) -> dg.DagsterInstance:
    """Open Dagster's storage; close it with ``with``."""
    return dg.DagsterInstance.from_config(str(prepare_instance(places)))


def _wants_postgres() -> bool:
    if not os.environ.get(POSTGRES_VARIABLE):
        return False
    if find_spec("dagster_postgres") is None:
        raise IncreaseEvalError(f"{POSTGRES_VARIABLE} is set; PostgreSQL needs: pip install 'increase-eval[deploy]'")
    return True
