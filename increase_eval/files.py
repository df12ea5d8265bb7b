"""Files that are whole or not there, what killed writers leave behind, and the one lock of a study.

The system lets go of a lock when its process ends, however it ends: so there is no lock to clear by hand. Locks are
those of ``flock``, which Linux and macOS have.
"""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from increase_eval.errors import DataError, IncreaseEvalError
from increase_eval.places import Places

TEMPORARY = ".part"
"""How the name of a temporary file ends."""


class BusyError(IncreaseEvalError):
    """Another run is at work on the same study."""


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the place of ``path`` when the block ends well, and leaves no trace when it does not.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "page.html"
    >>> with replacing(target) as file:
    ...     _ = file.write(b"whole")
    >>> target.read_bytes()
    b'whole'
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary, file = _open_temporary(path)
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            # Still locked here, so that nobody takes the file for a leftover before it has its name.
            temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def remove_leftovers(folder: Path) -> tuple[str, ...]:
    """Remove the temporary files that killed runs left in a folder, and give their names.

    The writer of a temporary file holds a lock on it, which the system lets go when the process ends, however it
    ends; so a temporary file that can be locked belongs to nobody.
    """
    removed = []
    for path in sorted(folder.glob(f".*{TEMPORARY}")):
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            path.unlink(missing_ok=True)
            removed.append(path.name)
    return tuple(removed)


@contextmanager
def study_lock(places: Places, study_id: str) -> Iterator[None]:
    """Hold the one lock of a study; the system lets go of it when the process ends, however it ends.

    Raises
    ------
    BusyError
        If another process holds it.
    DataError
        If the folder of stored tables cannot be written.
    """
    with _open_lock(places.stored(study_id)) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise BusyError(
                f"another run ({file.read().strip() or 'just started'}) is at work on study {study_id!r}; "
                "wait until it ends, or end it: what is complete is kept"
            ) from None
        file.truncate(0)
        file.write(f"process {os.getpid()}")
        file.flush()
        yield


def _open_lock(folder: Path) -> TextIO:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return (folder / ".lock").open("a+")
    except OSError as problem:
        raise DataError(
            f"the folder {folder} cannot be written: {problem.strerror}; give yourself the right to write there, or "
            "set INCREASE_EVAL_HOME to a folder where you have it"
        ) from None


def _open_temporary(path: Path) -> tuple[Path, BinaryIO]:
    while True:
        temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}{TEMPORARY}")
        file = temporary.open("xb")
        fcntl.flock(file, fcntl.LOCK_EX)
        # Between opening and locking, a cleaner may have taken it for a leftover.
        if temporary.exists():
            return temporary, file
        file.close()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
