"""How long a whole study takes, from raw files to the report, and how long a cohort takes to draw.

Each measurement is a process of its own, so that time and memory are those a user sees.

    python benchmarks/programme.py [--study NAME] [--participants N]
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

COMMAND = [sys.executable, "-c", "from increase_eval.cli import main; main()"]
DRAW = """
import numpy as np
from increase_eval.study import load_study
from increase_eval.synthetic.process import simulate_process
study = load_study({study!r})
simulate_process(study, study.cohort, {participants}, np.random.default_rng(1))
"""


def measure(command: list[str], home: Path) -> tuple[float, float]:
    """Run a command; give its wall time in seconds and its peak memory in GB."""
    environment = {**os.environ, "INCREASE_EVAL_HOME": str(home)}
    start = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    spent = time.perf_counter() - start
    # ru_maxrss of children is the largest of them so far: a smaller one shows as the one before.
    return spent, max(before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 2**20


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", default="increase_vs")
    parser.add_argument("--participants", type=int, default=1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        rows = [
            ("simulate the raw files", *measure([*COMMAND, "simulate", options.study], home), ""),
            ("run, nothing stored yet", *measure([*COMMAND, "run", options.study], home), "45 s, 1.5 GB"),
            ("run again, all fresh", *measure([*COMMAND, "run", options.study], home), ""),
            (
                f"draw {options.participants:,} people from the process",
                *measure([sys.executable, "-c", DRAW.format(**vars(options))], home),
                "60 s, 6 GB",
            ),
        ]
    print(f"{options.study}, {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} processors\n")
    print("| what | wall s | peak GB so far | target |\n|---|---:|---:|---|")
    for what, seconds, memory, target in rows:
        print(f"| {what} | {seconds:.1f} | {memory:.2f} | {target} |")


if __name__ == "__main__":
    main()
