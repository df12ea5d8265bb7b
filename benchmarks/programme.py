"""How long a whole study takes, from raw files to the report, and how long a cohort takes to draw.

Each measurement is a process of its own, so that time and memory are those a user sees.

    python benchmarks/programme.py [--studies NAME ...] [--participants N]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

COMMAND = [sys.executable, "-c", "from increase_eval.cli import main; main()"]
SIMULATED = "increase_vs"
DRAW = """
import numpy as np
from increase_eval.study import load_study
from increase_eval.synthetic.process import simulate_process
study = load_study({study!r})
simulate_process(study, study.cohort, {participants}, np.random.default_rng(1))
"""


class Spent(NamedTuple):
    """What a process and those that it started took, all together, and what it said."""

    wall: float
    processor: float
    memory: float
    output: str


def measure(command: list[str], home: Path) -> Spent:
    """Run a command; give its wall and processor time in seconds, its peak memory in GB, and what it printed."""
    environment = {**os.environ, "INCREASE_EVAL_HOME": str(home)}
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        watch = _Memory(process.pid)
        watch.start()
        output, _ = process.communicate()
        watch.ended.set()
        watch.join()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, output)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Spent(time.perf_counter() - start, processor, watch.peak / 2**20, output)


class _Memory(threading.Thread):
    """Watches how much memory a process and those that it started have, what they share counted once."""

    EVERY = 0.5

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self.ended = threading.Event()
        self.peak = 0
        self._root = root

    def run(self) -> None:
        """Look again and again until it has ended."""
        while not self.ended.wait(self.EVERY):
            self.peak = max(self.peak, sum(_proportional_kb(process) for process in _family(self._root)))


def _family(root: int) -> Iterator[int]:
    yield root
    for task in Path(f"/proc/{root}/task").glob("*/children"):
        try:
            children = [int(number) for number in task.read_text().split()]
        except OSError:  # it has ended meanwhile
            continue
        for child in children:
            yield from _family(child)


def _proportional_kb(process: int) -> int:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def dagster_share(output: str) -> str:
    """Give the share of a run's processor time that went into none of our computing, checking, reading and writing.

    Processor time, since a process that waits for others takes none; loading Dagster and the library comes before.
    """
    told = json.loads(output)
    return f"{1 - told['work_seconds'] / told['processor_seconds']:.0%}" if told["run_id"] else ""


def runs_of(study: str, home: Path) -> Iterator[tuple[str, Spent, str]]:
    """Run a study with nothing stored, then once more."""
    if study == SIMULATED:
        yield f"{study}: simulate the raw files", measure([*COMMAND, "simulate", study], home), ""
    for what, target in (("nothing stored yet", "45 s, 1.5 GB" if study == SIMULATED else ""), ("all fresh", "")):
        yield f"{study}: run, {what}", measure([*COMMAND, "run", study, "--json"], home), target


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", nargs="*", default=["increase_vs", "help", "jobs2"])
    parser.add_argument("--participants", type=int, default=1_000_000, help="0 to leave the drawing out")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = [row for study in options.studies for row in runs_of(study, Path(folder))]
        if options.participants:
            draw = DRAW.format(study=SIMULATED, participants=options.participants)
            spent = measure([sys.executable, "-c", draw], Path(folder))
            rows.append((f"draw {options.participants:,} people from the process", spent, "60 s, 6 GB"))
    load = ", ".join(f"{value:.0f}" for value in os.getloadavg())
    print(f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} processors, load of the last 1, 5 and 15 minutes: {load}\n")
    print("| what | wall s | processor s | peak GB | Dagster's share of the processor time | target |")
    print("|---|---:|---:|---:|---:|---|")
    for what, spent, target in rows:
        share = dagster_share(spent.output) if ": run" in what else ""
        print(f"| {what} | {spent.wall:.1f} | {spent.processor:.1f} | {spent.memory:.2f} | {share} | {target} |")


if __name__ == "__main__":
    main()
