"""One sensor a study: when a raw file has landed, has changed or is gone, and has come to rest, a run starts.

A file is being written when its name says so (``.part``, ``.crdownload``, ...), or when it has changed within the last
few seconds. Until every file rests, the sensor waits.

The cursor keeps the content that a run was last started for, so that a run that fails is not started again and again
on the same files; and tables that already stem from these very files, whoever made them, need no run.
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from increase_eval.errors import DataError
from increase_eval.places import Places
from increase_eval.storage import read_footer
from increase_eval.study import Study
from pipelines.jobs import job_name
from pipelines.provenance import Provenance
from pipelines.resources import KEY_INPUT, RawFiles

SETTLED_SECONDS = 10.0
"""How long a file must have been left alone."""

LOOK_EVERY_SECONDS = 30

PARTIAL_SUFFIXES = (".part", ".partial", ".crdownload", ".download", ".tmp", ".filepart", ".opdownload")


def raw_file_sensor(study: Study, *, now: Callable[[], float] = time.time) -> dg.SensorDefinition:
    """Build the sensor of one study.

    Parameters
    ----------
    study
        The study whose raw folder is watched.
    now
        The clock; tests give their own.
    """

    @dg.sensor(
        name=f"{study.id}__raw_files",
        job_name=job_name(study),
        minimum_interval_seconds=LOOK_EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Starts a run when raw files of {study.id} have landed, changed or gone, and have come to rest.",
        tags={"study": study.id},
    )
    def raw_files_at_rest(context: dg.SensorEvaluationContext, raw_files: RawFiles) -> dg.SkipReason | dg.RunRequest:
        folder = raw_files.folder(study)
        restless = files_being_written(folder, now())
        if restless:
            return dg.SkipReason(f"waiting for {len(restless)} file(s) to come to rest: {', '.join(restless)}")
        files = raw_files.files(study)
        if not files:
            return dg.SkipReason(f"no raw files yet in {folder}")
        last = _Cursor.read(context.cursor)
        looks = _digest({path.relative_to(folder).as_posix(): _look_of(path) for path in files})
        if looks == last.looks:
            return dg.SkipReason("no raw file has changed")
        hashes = raw_files.hashes(study)
        content = _digest(hashes)
        context.update_cursor(_Cursor(looks, content).write())
        if content == last.content:
            return dg.SkipReason("raw files were touched, and hold what they held")
        if hashes == _stored_from(Places(Path(raw_files.home)), study):
            return dg.SkipReason("the stored tables already stem from these files")
        return dg.RunRequest(run_key=content, tags={"study": study.id, "raw_files": content[:12]})

    return raw_files_at_rest


@dataclass(frozen=True, slots=True)
class _Cursor:
    """What was seen last: sizes and times, which are quick to read, and the content behind them."""

    looks: str = ""
    content: str = ""

    @classmethod
    def read(cls, text: str | None) -> "_Cursor":
        looks, _, content = (text or "").partition(":")
        return cls(looks, content)

    def write(self) -> str:
        return f"{self.looks}:{self.content}"


def files_being_written(folder: Path, now: float) -> tuple[str, ...]:
    """Give the names of files that somebody is still writing. Hidden files are no raw files, and are passed over."""
    if not folder.is_dir():
        return ()
    return tuple(
        path.relative_to(folder).as_posix()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".") and _is_restless(path, now)
    )


def _is_restless(path: Path, now: float) -> bool:
    if path.suffix.lower() in PARTIAL_SUFFIXES:
        return True
    # A file dated in the future (a clock that is off) would otherwise never come to rest.
    return 0 <= now - path.stat().st_mtime < SETTLED_SECONDS


def _look_of(path: Path) -> str:
    state = path.stat()
    return f"{state.st_size} {state.st_mtime_ns}"


def _stored_from(places: Places, study: Study) -> Mapping[str, str]:
    try:
        footer = read_footer(places.table(study.id, "ledger"))
    except DataError:
        return {}
    inputs = Provenance.from_footer(footer).inputs
    return {name: digest for name, digest in inputs.items() if name != KEY_INPUT}


def _digest(hashes: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(dict(sorted(hashes.items()))).encode()).hexdigest()
