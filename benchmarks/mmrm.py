"""How long repeated-measures models take, against R's mmrm and statsmodels' MixedLM.

Run by hand: ``python benchmarks/mmrm.py`` (a few minutes), or ``--quick``. It prints a table in Markdown and writes it
to ``benchmarks/results/mmrm.md``. R is timed where ``Rscript`` and the package mmrm are installed; otherwise the times
that were recorded with R 4.2.2 and mmrm 0.3.15 on two cores stand in, and the table says so.

Times of this library are processor seconds on one thread: those that pass on a machine that does nothing else. Those
of R are elapsed seconds.

The model is ``y ~ arm*visit + z0 + z1 + z2 + z3``: four arms, three visits, a third of the outcomes missing,
unstructured covariance, REML, Satterthwaite.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy reads it

import numpy as np
import pandas as pd
from statsmodels.regression.mixed_linear_model import MixedLM

from increase_eval.comparison import MmrmFit, fit_mmrm
from increase_eval.comparison.repeated.newton import minimise

FORMULA = "y ~ arm*visit + z0 + z1 + z2 + z3"
RECORDED_R = {1_000: 0.33, 10_000: 3.5, 100_000: 52.0}
RESULTS = Path(__file__).parent / "results" / "mmrm.md"
SITES = 38


def people(n: int, seed: int = 1) -> pd.DataFrame:
    """Long data of the benchmark model."""
    rng = np.random.default_rng(seed)
    site = rng.integers(0, SITES, n)
    arm = np.array(list("ABCD"))[site % 4]
    table = {"id": np.repeat(np.arange(n), 3), "arm": np.repeat(arm, 3), "site": np.repeat(site, 3)}
    table["visit"] = np.tile(["T1", "T2", "T3"], n)
    for k in range(4):
        table[f"z{k}"] = np.repeat(rng.normal(size=n), 3)
    y = np.repeat(rng.normal(size=n), 3) + rng.normal(size=3 * n) + 0.3 * table["z0"]
    y[rng.random(3 * n) < 1 / 3] = np.nan
    return pd.DataFrame({**table, "y": y})


def fit(data: pd.DataFrame | Callable[[], Iterator[pd.DataFrame]]) -> MmrmFit:
    """Fit the model that is timed."""
    return fit_mmrm(FORMULA, data, subject="id", visit="visit", df="satterthwaite")


def seconds(call: Callable[[], object], repeats: int = 3) -> float:
    """Give the processor seconds of the best of a few runs."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def r_seconds(data: pd.DataFrame, n: int) -> tuple[float | None, str]:
    """Time R's mmrm here, or give the recorded time."""
    script = (
        "suppressPackageStartupMessages(library(mmrm)); d <- read.csv(commandArgs(TRUE)[1], stringsAsFactors=TRUE);"
        "d$id <- factor(d$id); t <- system.time(mmrm(y ~ arm*visit + z0 + z1 + z2 + z3 + us(visit|id), d,"
        "method='Satterthwaite'))[['elapsed']]; cat(t)"
    )
    if shutil.which("Rscript") and n <= 100_000:
        with tempfile.NamedTemporaryFile(suffix=".csv") as file:
            data.to_csv(file.name, index=False)
            done = subprocess.run(["Rscript", "-e", script, file.name], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return float(done.stdout.split()[-1]), "measured"
    return RECORDED_R.get(n), "recorded"


def batches(n: int, size: int) -> Iterator[pd.DataFrame]:
    """Long batches of whole people that are made when they are asked for, the same each time."""
    for number in range(n // size):
        part = people(size, seed=number)
        yield part.assign(id=part["id"] + number * size)


def peak_gigabytes() -> float:
    """Largest memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def fits(sizes: list[int]) -> Iterator[str]:
    """Rows of the table: whole fits from a long DataFrame."""
    yield "| participants | this library, s | R mmrm, s | ratio | statsmodels MixedLM (compound symmetry), s |"
    yield "|---|---|---|---|---|"
    for n in sizes:
        data = people(n)
        ours = seconds(lambda data=data: fit(data), repeats=5 if n < 10_000 else 3)
        theirs, how = r_seconds(data, n)
        mixed = "-"
        if n <= 1_000:
            used = data.dropna()
            mixed = f"{seconds(lambda used=used: MixedLM.from_formula(FORMULA, used, groups='id').fit(), 1):.2f}"
        ratio = "-" if theirs is None else f"{theirs / ours:.0f}"
        r_text = "-" if theirs is None else f"{theirs:g} ({how})"
        yield f"| {n:,} | {ours:.3f} | {r_text} | {ratio} | {mixed} |"


def refits() -> Iterator[str]:
    """Rows of the table: refits from moments, at two sizes of the data."""
    yield "| what | 1,250 participants | 100,000 participants | target |"
    yield "|---|---|---|---|"
    models = [fit(people(n)) for n in (1_250, 100_000)]
    alone = [seconds(lambda m=m: minimise(m.solution.model, m.cells.total(), m.solution.theta + 0.02)) for m in models]
    yield f"| one refit from moments, ms | {1e3 * alone[0]:.1f} | {1e3 * alone[1]:.1f} | 10 |"
    rng = np.random.default_rng
    many = [seconds(lambda m=m: m.cluster_bootstrap("site", draws=10_000, rng=rng(1)), 1) for m in models]
    yield f"| one refit in a batch of 10,000, ms | {many[0] / 10:.2f} | {many[1] / 10:.2f} | 1 |"
    yield f"| 10,000 cluster-bootstrap refits over 38 sites, s | {many[0]:.1f} | {many[1]:.1f} | 60 |"
    left = [seconds(lambda m=m: m.leave_one_out("site")) for m in models]
    yield f"| leave one of 38 sites out, s | {left[0]:.2f} | {left[1]:.2f} | - |"


def main() -> None:
    """Print and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="up to 100,000 participants, and no batches")
    quick = parser.parse_args().quick
    made = f"Made by `benchmarks/mmrm.py`, Python {sys.version.split()[0]}, NumPy {np.__version__}; processor seconds. "
    model = f"Model: `{FORMULA}`, unstructured, REML, Satterthwaite, a third of the outcomes missing."
    lines = ["# Repeated-measures models: speed", "", made + model]
    fit(people(100))
    if not quick:
        # First of all, so that the peak is its own.
        making = seconds(lambda: [None for _ in batches(1_000_000, 100_000)], 1)
        small = seconds(lambda: fit(lambda: batches(1_000_000, 100_000)), 1)
        before = peak_gigabytes()
        large = seconds(lambda: fit(lambda: batches(10_000_000, 100_000)), 1)
        batch_line = (
            f"From batches of 100,000 people, whole fits: 1,000,000 people in {small:.0f} s with a peak of "
            f"{before:.2f} GB, 10,000,000 people in {large:.0f} s with a peak of {peak_gigabytes():.2f} GB. Batches "
            f"are gone through twice, and making them takes {making:.1f} s a million of that each time. What grows is "
            "8 bytes a person: a hash that tells whether a subject comes again."
        )
    lines += ["", *fits([1_000, 10_000, 100_000] if quick else [1_000, 10_000, 100_000, 1_000_000]), ""]
    lines += [f"Peak memory with the data: {peak_gigabytes():.2f} GB.", ""]
    lines += [*refits(), ""]
    if not quick:
        lines += [batch_line, ""]
    print("\n".join(lines))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
