"""Progress that a person can read while a run goes on; nothing at all where nobody watches."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pipelines.progress import Progress


class Watch:
    """Shows what a run tells on one line of a terminal, and leaves a line for each step that ended."""

    def __init__(self, study: str, *, shown: bool) -> None:
        self._study = study
        self._shown = shown
        self._rows: dict[str, int] = {}

    def __enter__(self) -> Self:
        if self._shown:
            self._write(f"{self._study}: starting Dagster ...")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            self._write("")

    def __call__(self, progress: Progress) -> None:
        """Show one thing that happened."""
        if not self._shown:
            return
        if progress.event == "started":
            self._write(f"{progress.name} ...")
        elif progress.event == "stored":
            self._rows[progress.name] = progress.rows or 0
        elif progress.event == "ended":
            rows = sum(self._rows.values())
            self._write(f"  {progress.name:<28} {rows:>9,} rows  {progress.seconds:6.1f} s\n")
            self._rows.clear()

    def _write(self, text: str) -> None:
        sys.stderr.write(f"\r\x1b[2K{text}")
        sys.stderr.flush()
