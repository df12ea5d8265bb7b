"""What a run tells those who watch it: which table is being made, which is stored, what failed.

The command line listens; in Dagster's UI nobody does, and Dagster's own events say the same. What is told never holds
a participant's key or answer.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

import dagster as dg

from increase_eval.errors import IncreaseEvalError


@dataclass(frozen=True, slots=True)
class Progress:
    """One thing that happened in a run.

    Attributes
    ----------
    event
        ``started`` or ``ended`` (a step), ``worked`` (a part of a step that is not Dagster's), ``checked`` (one check
        of a table), ``stored`` (a table), ``failed``, ``interrupted`` (by the user or the system).
    name
        The step, or the table.
    seconds
        For ``ended``: how long the step took, storing included. For ``worked``: the processor time
        of our own work in it.
    rows
        For ``stored``: the rows of the table.
    check, passed, blocking, message
        For ``checked``: which, how it went, whether a finding keeps the table from being stored (else it is a warning),
        and what it found. For ``failed``: `message` says what is wrong.
    error
        For ``failed``: the error, where it is one that a user can mend.
    """

    event: Literal["started", "worked", "checked", "stored", "ended", "failed", "interrupted"]
    name: str
    seconds: float = 0.0
    rows: int | None = None
    check: str = ""
    passed: bool = True
    blocking: bool = True
    message: str = ""
    error: IncreaseEvalError | None = None


Listener = Callable[[Progress], None]
_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Pass everything that is told in this block to a listener."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def tell(progress: Progress) -> None:
    """Tell the listener, where there is one."""
    listener = _listener.get()
    if listener is not None:
        listener(progress)


@contextmanager
def step(name: str) -> Iterator[None]:
    """Run the work of one step, telling when it starts, and how and after how long it ends."""
    start = time.monotonic()
    tell(Progress("started", name))
    with guarded(name):
        yield
    tell(Progress("ended", name, time.monotonic() - start))


@contextmanager
def guarded(name: str) -> Iterator[None]:
    """Tell of a failure, and keep answers out of Dagster's event log.

    An error that a user can mend keeps its message. The text of any other may quote an answer (pandas does), so it is
    replaced by its kind and the line of code it came from.
    """
    try:
        yield
    except IncreaseEvalError as error:
        tell(Progress("failed", name, message=str(error), error=error))
        raise dg.Failure(str(error), allow_retries=False) from None
    except Exception as error:
        message = unforeseen(error)
        tell(Progress("failed", name, message=message))
        raise dg.Failure(message, allow_retries=False) from None
    except GeneratorExit:
        raise
    except BaseException:
        tell(Progress("interrupted", name))
        raise


@contextmanager
def working(name: str) -> Iterator[None]:
    """Tell how much processor time a part of a step took that is our own work; what else a run takes is Dagster's."""
    start = processor_seconds()
    yield
    tell(Progress("worked", name, processor_seconds() - start))


def processor_seconds() -> float:
    """Give the processor time of this process so far, with that of the processes it started and that have ended."""
    return sum(os.times()[:4])


def unforeseen(error: BaseException) -> str:
    """Describe an unforeseen error without quoting it; the text of an ``OSError`` is about files and is kept."""
    trace = error.__traceback__
    where = ""
    while trace is not None:
        code = trace.tb_frame.f_code
        where = f" in {code.co_name} ({code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno})"
        trace = trace.tb_next
    said = f": {error.strerror}" if isinstance(error, OSError) and error.strerror else ""
    return f"{type(error).__name__}{said}{where}"
