"""How long imputation and weighting take, against R's rbmi, survey and mice.

Run by hand: ``python benchmarks/attrition.py``. It prints a table in Markdown and writes it to
``benchmarks/results/attrition.md``. Times of this library are processor seconds on one thread. Those of rbmi and survey
were recorded with R 4.2.2 on two cores (elapsed seconds); mice is run here where it is installed, in processor seconds,
and its recorded time stands in otherwise.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy reads it

import numpy as np
import pandas as pd

from increase_eval.attrition import calibrate_weights, impute, impute_chained

RESULTS = Path(__file__).parent / "results" / "attrition.md"
RECORDED_RBMI = {89: 5.3, 225: 18.5}
RECORDED_SURVEY, RECORDED_MICE = 6.8, 11.8
ROLES = {"outcome": "y", "subject": "id", "visit": "visit", "arm": "arm"}
KINDS = {"pmm": ["pmm"] * 15, "mixed": ["pmm"] * 9 + ["logit"] * 2 + ["multinomial"] * 2 + ["ordered"] * 2}
IN_R = {"pmm": "pmm", "logit": "logreg", "multinomial": "polyreg", "ordered": "polr"}
MICE = """
suppressPackageStartupMessages(library(mice)); a <- commandArgs(TRUE); d <- read.csv(a[1], na.strings = "")
m <- strsplit(a[2], ",")[[1]]; for (i in which(m != "pmm")) d[[i]] <- factor(d[[i]], ordered = m[i] == "polr")
t <- system.time(mice(d, m = 5, maxit = 5, method = m, seed = 1, printFlag = FALSE))
cat(t[["user.self"]] + t[["sys.self"]])
"""


def trial(n: int, arms: str = "AC", visits: int = 4, seed: int = 1) -> pd.DataFrame:
    """Long data: a third have left by the last visit, a few gaps, a baseline."""
    rng = np.random.default_rng(seed)
    people = pd.DataFrame({"id": np.arange(n), "arm": np.array(list(arms))[np.arange(n) % len(arms)]})
    people["base"], people["last"] = rng.normal(size=n), rng.choice(np.arange(1, visits + 1), n, p=_leaving(visits))
    long = people.merge(pd.DataFrame({"visit": np.arange(1, visits + 1)}), how="cross")
    long["y"] = long["base"] + np.repeat(rng.normal(size=n), visits) + rng.normal(size=n * visits)
    long["y"] = long["y"].where((long["visit"] <= long["last"]) & (rng.random(len(long)) > 0.02))
    return long.drop(columns="last")


def _leaving(visits: int) -> list[float]:
    return [*[1 / 3 / (visits - 1)] * (visits - 1), 2 / 3]


def wide(kind: str, n: int = 10_000) -> pd.DataFrame:
    """Fifteen columns that go together, a fifth of each missing."""
    rng = np.random.default_rng(3)
    numbers = 0.7 * rng.normal(size=(n, 1)) + rng.normal(size=(n, 15))
    table = pd.DataFrame(numbers, columns=[f"v{k}" for k in range(15)])
    for column, method in zip(table, KINDS[kind], strict=True):
        if method == "logit":
            table[column] = np.where(table[column] > 0, "yes", "no")
        elif method in ("multinomial", "ordered"):
            codes = pd.qcut(table[column], 4, labels=False)
            table[column] = pd.Categorical.from_codes(codes, list("abcd"), ordered=method == "ordered")
        table[column] = table[column].where(rng.random(n) > 0.2)
    return table


def seconds(call: Callable[[], object], repeats: int = 2) -> float:
    """Give the processor seconds of the best of a few runs."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def row(what: str, ours: float, theirs: float | None, source: str, target: str, met: bool) -> str:
    """Write one row of the table."""
    ratio = "-" if theirs is None else f"{theirs / ours:.0f}"
    other = "-" if theirs is None else f"{theirs:.3g} ({source})"
    return f"| {what} | {ours:.3f} | {other} | {ratio} | {target} | {'yes' if met else 'no'} |"


def jackknives() -> Iterator[str]:
    """Conditional means under jump to reference, with jackknife errors of an analysis at each visit."""
    for n in (89, 225, 10_000):
        data = trial(n)

        def run(data: pd.DataFrame = data) -> None:
            filled = impute(data, **ROLES, covariates=["base:visit"], strategy="jr", reference="A")
            filled.analyse("y ~ arm + base")

        ours, theirs = seconds(run, 5 if n < 1000 else 1), RECORDED_RBMI.get(n)
        target = {225: "200 times", 10_000: "10 s"}.get(n, "-")
        met = n == 89 or (ours <= 10 if theirs is None else theirs / ours >= 200)
        name = f"conditional-mean jackknife, jump to reference, {n:,} people x 4 visits"
        yield row(name, ours, theirs, "rbmi, recorded", target, met)


def draws() -> Iterator[str]:
    """Draws at programme size: four arms, three waves, 1,250 people."""
    data = trial(1_250, "ABCD", 3)
    for method in ("approximate-bayes", "bayes"):
        options = {"method": method, "draws": 1_000}
        ours = seconds(lambda o=options: impute(data, **ROLES, **o, rng=np.random.default_rng(1)), 1)
        yield row(f"1,000 draws, {method}, 1,250 people x 3 waves, 4 arms", ours, None, "", "30 s", ours <= 30)


def raking() -> Iterator[str]:
    """Rake a million people over five margins."""
    rng, n = np.random.default_rng(1), 1_000_000
    levels = [2, 3, 4, 5, 6]
    data = pd.DataFrame({f"m{k}": rng.integers(0, count, n) for k, count in enumerate(levels)})
    shares = [rng.dirichlet(np.full(count, 20.0)) * n for count in levels]
    margins = {f"m{k}": dict(enumerate(own.tolist())) for k, own in enumerate(shares)}
    ours = seconds(lambda: calibrate_weights(data, margins))
    yield row("raking 1,000,000 people over five margins", ours, RECORDED_SURVEY, "survey, recorded", "10 times",
              RECORDED_SURVEY / ours >= 10)  # fmt: skip


def mice_seconds(data: pd.DataFrame, kind: str) -> tuple[float | None, str]:
    """Time mice here, or give its recorded time, which is that of numbers."""
    if shutil.which("Rscript"):
        with tempfile.TemporaryDirectory() as folder:
            script, table = Path(folder) / "mice.R", Path(folder) / "data.csv"
            script.write_text(MICE, encoding="utf-8")
            data.to_csv(table, index=False)
            methods = ",".join(IN_R[method] for method in KINDS[kind])
            done = subprocess.run(
                ["Rscript", str(script), str(table), methods], capture_output=True, text=True, check=False
            )
        if done.returncode == 0:
            return float(done.stdout.split()[-1]), "mice, here"
    return (RECORDED_MICE, "mice, recorded") if kind == "pmm" else (None, "")


def chained() -> Iterator[str]:
    """Five draws of five iterations on 10,000 x 15."""
    for kind, words in (("pmm", "all by predictive mean matching"), ("mixed", "9 numbers, 2 of two levels, 4 of four")):
        data, methods = wide(kind), dict(zip(wide(kind, 50), KINDS[kind], strict=True))
        ours = seconds(
            lambda data=data, methods=methods: impute_chained(
                data, methods=methods, draws=5, iterations=5, rng=np.random.default_rng(1)
            ),
            1,
        )
        theirs, source = mice_seconds(data, kind)
        name = f"chained equations, 10,000 x 15 ({words}), 5 draws of 5 iterations"
        yield row(name, ours, theirs, source, "3 times", theirs is not None and theirs / ours >= 3)


def main() -> None:
    """Print and write the table."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    day, cores = datetime.now(UTC).date().isoformat(), os.cpu_count()
    made = f"Made by `benchmarks/attrition.py` on {day}, {cores} cores, Python {platform.python_version()}, "
    lines = ["# Imputation and weighting: speed", "", f"{made}NumPy {np.__version__}; processor seconds.", ""]
    lines += ["| what | this library, s | R, s | ratio | target | met |", "|---|---|---|---|---|---|"]
    for part in (jackknives, raking, draws, chained):
        for line in part():
            print(line, file=sys.stderr, flush=True)
            lines.append(line)
    text = "\n".join(lines) + "\n"
    print(text)
    RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
