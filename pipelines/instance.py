"""Dagster's own storage: SQLite below the home by default, PostgreSQL where one variable names a server.

The folder of the instance holds a ``dagster.yaml`` that is written here and brought up to date by every run, unless
somebody has taken its first line out to keep a configuration of their own.
"""

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import dagster as dg
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DatabaseError

from increase_eval.errors import IncreaseEvalError
from increase_eval.files import replacing
from increase_eval.places import Places

POSTGRES_VARIABLE = "INCREASE_EVAL_POSTGRES_URL"
"""Names a PostgreSQL server, such as ``postgresql://user:password@host:5432/dagster``."""

DRIVER_VARIABLE = "INCREASE_EVAL_POSTGRES_DRIVER_URL"
"""The same address with the driver that Dagster needs named in it; made from the other, and what Dagster reads."""

MANAGED = "# Kept up to date by increase-eval. Take this line out to keep a configuration of your own.\n"

COMMON = """\
# Nothing about the use of this installation is sent anywhere.
telemetry:
  enabled: false
# No window that asks for an address before the page can be used.
nux:
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
      env: {DRIVER_VARIABLE}
"""


WORKSPACE = """\
load_from:
  - python_module:
      module_name: pipelines.definitions
      location_name: increase_eval
"""


def prepare_workspace(places: Places) -> Path:
    """Write which code Dagster's page loads, under a name that people know, and give the file."""
    path = places.instance / "workspace.yaml"
    _write_if_other(path, (MANAGED + WORKSPACE).encode())
    return path


def prepare_instance(places: Places) -> Path:
    """Write the configuration of Dagster's storage, and give its folder, which is ``DAGSTER_HOME``.

    Raises
    ------
    IncreaseEvalError
        If PostgreSQL is asked for and the package that speaks to it is not installed.
    """
    folder = places.instance
    wanted = (MANAGED + COMMON + (POSTGRES if _wants_postgres() else "")).encode()
    _write_if_other(folder / "dagster.yaml", wanted)
    return folder


def _write_if_other(path: Path, wanted: bytes) -> None:
    held = path.read_bytes() if path.is_file() else MANAGED.encode()
    if held.startswith(MANAGED.encode()) and held != wanted:
        with replacing(path) as file:
            file.write(wanted)


@contextmanager
def open_instance(places: Places) -> Iterator[dg.DagsterInstance]:
    """Open Dagster's storage for one run of our own.

    Raises
    ------
    IncreaseEvalError
        If it cannot be read. Nothing of the studies is in it.
    """
    folder = prepare_instance(places)
    with _not_waiting_for_the_disc(), _engines_made_once():
        try:
            instance = dg.DagsterInstance.from_config(str(folder))
        except Exception as error:
            # What is raised depends on the storage, and may quote the address with its password.
            raise _unusable(folder, error) from None
        try:
            with instance:
                yield instance
        except DatabaseError as error:
            raise _unusable(folder, error) from None


def _unusable(folder: Path, error: Exception) -> IncreaseEvalError:
    kind = type(error).__name__
    if _wants_postgres():
        return IncreaseEvalError(f"the server that {POSTGRES_VARIABLE} names cannot be used ({kind})")
    return IncreaseEvalError(
        f"Dagster's own storage in {folder} cannot be used ({kind}). It holds the history of runs and no data of "
        "yours: take the folder away, and the next run makes a new one"
    )


@contextmanager
def _not_waiting_for_the_disc() -> Iterator[None]:
    """Let SQLite go on without waiting until the disc has every event.

    Dagster writes some 20 events an asset and waits for the disc several times for each, which takes longer than all
    the rest. What it writes is a history: which tables are fresh is read from the tables. A killed process loses none
    of it; a power cut may, and then `open_instance` says what to do.
    """

    def relax(connection: object, _record: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous=OFF")

    event.listen(Engine, "connect", relax)
    try:
        yield
    finally:
        event.remove(Engine, "connect", relax)


@contextmanager
def _engines_made_once() -> Iterator[None]:
    """Let Dagster write its events through one engine a file, where it makes an engine for each event.

    An engine keeps what it has learned of the server and the statements it has compiled, which is most of the work.
    It keeps no connection, so that processes that are forked off can use it.
    """
    made: dict[str, Engine] = {}

    plain = sqlite_event_log.create_engine

    def engine_of(url: str, **options: object) -> Engine:
        if url not in made:
            made[url] = plain(url, **options)
        return made[url]

    sqlite_event_log.create_engine = engine_of
    try:
        yield
    finally:
        sqlite_event_log.create_engine = plain


def _wants_postgres() -> bool:
    url = os.environ.get(POSTGRES_VARIABLE)
    if not url:
        return False
    if find_spec("dagster_postgres") is None:
        raise IncreaseEvalError(f"{POSTGRES_VARIABLE} is set; PostgreSQL needs: pip install 'increase-eval[deploy]'")
    # SQLAlchemy from 2.1 takes another driver by default, which dagster-postgres does not work with.
    os.environ[DRIVER_VARIABLE] = re.sub(r"^postgres(ql)?://", "postgresql+psycopg2://", url)
    return True
