"""Bias and coverage of anchored means at the true dial, by how many answer, with the bias of order 1/n on and off.

Run by hand: ``python -m benchmarks.anchored_bias`` (2,000 runs of twelve settings, some five minutes of processor
time). Each setting is kept below ``data/anchored_bias``; at the end ``benchmarks/results/anchored_bias.csv`` is
written, from which the table in ``reports/methods/anchored.md`` is made (``--table`` prints it).

The design is that of ``anchored_simulation.py`` in the model with the strong anchor, one arm at a time, of 600, 6,000
and 24,000 people, of whom a quarter answer. The truth is the mean of these very people.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from scipy.special import expit

from benchmarks.anchored_simulation import ANSWERING, DIALS, EFFECTS, RESIDUAL, RETEST, SHARES
from increase_eval.attrition.anchored.equations import ArmProblem, estimate_arm, make_stage

Floats = NDArray[np.float64]

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "anchored_bias.csv"
KEPT = ROOT / "data" / "anchored_bias"
SIZES = (600, 6_000, 24_000)
SEED = 20240504


def draw(rng: np.random.Generator, size: int, dial: float) -> tuple[ArmProblem, float]:
    """Draw one arm: its equations, and the mean of everybody."""
    category = rng.choice(3, size, p=SHARES)
    y1 = rng.normal(0, 1, size)
    extra = np.where(category == 0, -0.2, np.array((0.0, *ANSWERING[1:]))[category])
    seen = rng.random(size) < expit(ANSWERING[0] + extra + 0.3 * y1)
    mean = RETEST * y1 + np.array(EFFECTS["strong"])[category]
    y = mean + np.where(seen, 0.0, dial * RESIDUAL**2) + rng.normal(0, RESIDUAL, size)
    first = (y1 - y1.mean()) / y1.std()
    b = np.column_stack([category[:, None] == np.arange(3), first]).astype(float)
    stage = make_stage(b[seen], b.sum(axis=0), 3)
    return ArmProblem(np.flatnonzero(seen), y[seen], y[seen], (stage,), float(size)), float(y.mean())


def setting(size: int, dial: float, replicates: int) -> pd.DataFrame:
    """Simulate one size and dial, and summarise; what was kept is read and not drawn again."""
    path = KEPT / f"{size}-{dial}-{replicates}.csv"
    if not path.exists():
        rng = np.random.default_rng([SEED, size, round(10 * (dial + 2))])
        rows: list[dict[str, Any]] = []
        for _ in range(replicates):
            problem, truth = draw(rng, size, dial)
            for corrected in (False, True):
                found = estimate_arm(problem, (dial,), is_sample=False, bias_correction=corrected)
                error = float(np.sqrt(found.variance))
                gap = found.estimate - truth
                inside = abs(gap) <= stats.t.ppf(0.975, found.df) * error
                rows.append({"corrected": corrected, "gap": gap, "error": error, "df": found.df, "inside": inside})
        KEPT.mkdir(parents=True, exist_ok=True)
        summarise(pd.DataFrame(rows)).assign(people=size, dial=dial).to_csv(path, index=False)
    return pd.read_csv(path)


def summarise(rows: pd.DataFrame) -> pd.DataFrame:
    """Bias, RMSE and coverage with Monte Carlo errors, where there is a number."""
    found = []
    for corrected, block in rows.groupby("corrected", sort=False):
        known = block.dropna(subset=["gap"])
        gap: Floats = known["gap"].to_numpy(dtype=float)
        n, cover = len(gap), float(known["inside"].mean())
        rmse = float(np.sqrt((gap**2).mean()))
        found.append(
            {
                "corrected": corrected, "bias": gap.mean(), "bias_mc": gap.std(ddof=1) / np.sqrt(n), "rmse": rmse,
                "rmse_mc": (gap**2).std(ddof=1) / np.sqrt(n) / (2 * rmse), "mean_std_error": known["error"].mean(),
                "median_df": known["df"].median(), "coverage": cover,
                "coverage_mc": np.sqrt(cover * (1 - cover) / n), "replicates": len(block), "without_number":
                len(block) - n,
            }
        )  # fmt: skip
    return pd.DataFrame(found)


def bias_table(results: pd.DataFrame) -> str:
    """Write one row a size and dial: as it is, and corrected."""
    lines = [
        "| people | true dial | bias (MC) | corrected: bias (MC) | RMSE | corrected: RMSE | coverage (MC) "
        "| corrected: coverage (MC) | median df |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for (people, dial), block in results.groupby(["people", "dial"], sort=False):
        plain, own = (block[block["corrected"] == one].iloc[0] for one in (False, True))
        bias = [f"{one['bias']:+.4f} ({one['bias_mc']:.4f})" for one in (plain, own)]
        cover = [f"{one['coverage']:.3f} ({one['coverage_mc']:.3f})" for one in (plain, own)]
        rmse = [f"{one['rmse']:.4f}" for one in (plain, own)]
        cells = [f"{people:,}", f"{dial:+.1f}", *bias, *rmse, *cover, f"{plain['median_df']:.0f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


TABLES = {"bias": bias_table}


def main() -> None:
    """Run what is missing of the simulation, or print the table of the recorded one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicates", type=int, default=2000)
    parser.add_argument("--table", action="store_true", help="print the table of the recorded results")
    options = parser.parse_args()
    if not options.table:
        parts = [setting(size, dial, options.replicates) for size in SIZES for dial in DIALS]
        pd.concat(parts, ignore_index=True).to_csv(RESULTS, index=False, lineterminator="\n")
    print(bias_table(pd.read_csv(RESULTS)))


if __name__ == "__main__":
    main()
