"""How often is each verdict wrong, at the size of a study that loses most people, with and without clusters?

Run by hand: ``python benchmarks/verdicts_simulation.py --replicates 200`` (five minutes of processor time). It writes
``benchmarks/results/verdicts_simulation.csv``, from which the table in ``reports/methods/verdicts.md`` is made
(``--table`` prints it).

The design: four approaches with 296, 593, 195 and 165 people at T1 (1,249), 104, 209, 57, 60 at T2 (430) and 69, 137,
46, 38 at T3 (290), who stay at random given T1; 38 neighbourhoods, or six providers, nested in approaches, with an
intracluster correlation of 0, .02 or .05, half of it staying from wave to wave. Outcomes have standard deviation 1 and
correlations .6 and .5. The family: six pairs of approaches at two waves, K = 12, alpha .05, changes since T1. The
truth: all approaches alike, or the third ahead of the others by .2 or .5; margins of .2 and of .5.
"""

from __future__ import annotations

import argparse
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from increase_eval.claims import decide
from increase_eval.comparison import fit_mmrm

RESULTS = Path(__file__).parent / "results" / "verdicts_simulation.csv"
PEOPLE = {"T1": (296, 593, 195, 165), "T2": (104, 209, 57, 60), "T3": (69, 137, 46, 38)}
CLUSTERS = {"neighbourhood": (9, 18, 6, 5), "provider": (1, 2, 2, 1)}
CORRELATION = np.array([[1.0, 0.6, 0.5], [0.6, 1.0, 0.6], [0.5, 0.6, 1.0]])
SCENARIOS = [
    ("neighbourhood", 0.0),
    ("neighbourhood", 0.02),
    ("neighbourhood", 0.05),
    ("provider", 0.02),
    ("provider", 0.05),
]
AHEAD = (0.0, 0.2, 0.5)
MARGINS = (0.2, 0.5)
ALPHA = 0.05
ERRORS = {
    "model": {},
    "CR2 by neighbourhood": {"standard_errors": "empirical-bias-reduced", "cluster": "neighbourhood"},
}
VERDICT_COLUMNS = ("different", "equivalent", "different but smaller than matters", "inconclusive")


def simulate(rng: np.random.Generator, level: str, icc: float, ahead: float) -> pd.DataFrame:
    """Draw one study, long; the third approach gains `ahead` more than the others by T2 and T3."""
    n = np.array(PEOPLE["T1"])
    arm = np.repeat(np.arange(4), n)
    units = {name: _nested(rng, arm, counts) for name, counts in CLUSTERS.items()}
    y = np.sqrt(1.0 - icc) * rng.normal(size=(n.sum(), 3)) @ np.linalg.cholesky(CORRELATION).T
    count = sum(CLUSTERS[level])
    effects = np.sqrt(0.5) * (rng.normal(size=(count, 1)) + rng.normal(size=(count, 3)))
    y += np.sqrt(icc) * effects[units[level]]
    y[:, 1:] += 0.1 + ahead * (arm == 2)[:, None]
    for wave, name in ((1, "T2"), (2, "T3")):
        y[~_answers(rng, 0.5 * y[:, 0], arm, name), wave] = np.nan
    people = {"person": np.arange(n.sum()), "approach": np.array(list("ABCD"))[arm], **units}
    long = {name: np.repeat(values, 3) for name, values in people.items()}
    return pd.DataFrame({**long, "wave": np.tile(["T1", "T2", "T3"], n.sum()), "score": y.ravel()})


def _nested(rng: np.random.Generator, arm: NDArray[np.int64], counts: tuple[int, ...]) -> NDArray[np.int64]:
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    return np.asarray(first[arm] + rng.integers(0, np.array(counts)[arm]))


def _answers(
    rng: np.random.Generator, pull: NDArray[np.float64], arm: NDArray[np.int64], wave: str
) -> NDArray[np.bool_]:
    """Draw just as many of each approach as answered, the likelier the higher `pull` (Gumbel's trick)."""
    score = pull + rng.gumbel(size=len(pull))
    chosen = np.zeros(len(pull), dtype=bool)
    for code, wanted in enumerate(PEOPLE[wave]):
        own = np.flatnonzero(arm == code)
        chosen[own[np.argsort(-score[own])[:wanted]]] = True
    return chosen


def contrasts(data: pd.DataFrame, options: dict[str, str]) -> pd.DataFrame:
    """Estimate the twelve contrasts of change since T1."""
    fit = fit_mmrm("score ~ approach * wave", data, subject="person", visit="wave", **options)
    names = list(fit.coefficients.index)
    estimate, df = fit.coefficients["estimate"].to_numpy(), fit.coefficients["df"].to_numpy()
    vcov = np.asarray(fit.vcov)
    rows = []
    for wave in ("T2", "T3"):
        place = {arm: names.index(f"approach[T.{arm}]:wave[T.{wave}]") for arm in "BCD"}
        for first, second in combinations("ABCD", 2):
            weights = np.zeros(len(names))
            weights[place[second]] = 1.0
            used = [place[second]]
            if first in place:
                weights[place[first]] = -1.0
                used.append(place[first])
            row = {"contrast": f"{second} - {first}", "wave": wave, "estimate": weights @ estimate}
            rows.append(row | {"std_error": np.sqrt(weights @ vcov @ weights), "df": df[used].min()})
    return pd.DataFrame(rows)


def judge(found: pd.DataFrame, margin: float, ahead: float) -> dict[str, float]:
    """Say which share of the family has each verdict, and whether any verdict is wrong."""
    verdict = decide(found, margin=margin, alpha=ALPHA).table["verdict"]
    truth = np.array([abs(("C" in pair.split(" - ")) * ahead) for pair in found["contrast"]])
    differs = verdict.isin(["different", "different but smaller than matters"]).to_numpy()
    alike = verdict.isin(["equivalent", "different but smaller than matters"]).to_numpy()
    false_difference, false_equivalence = differs & (truth == 0), alike & (truth >= margin - 1e-12)
    return {
        **{name: float((verdict == name).mean()) for name in VERDICT_COLUMNS},
        "any_false_difference": float(false_difference.any()),
        "any_false_equivalence": float(false_equivalence.any()),
        "any_false": float((false_difference | false_equivalence).any()),
    }


def run(replicates: int, seed: int = 20221101) -> pd.DataFrame:
    """Simulate all scenarios and summarise."""
    rows = []
    for number, (level, icc) in enumerate(SCENARIOS):
        for ahead in AHEAD:
            rng = np.random.default_rng([seed, number, round(10 * ahead)])
            rows += _scenario(rng, replicates, level, icc, ahead)
    return pd.DataFrame(rows)


def _scenario(
    rng: np.random.Generator, replicates: int, level: str, icc: float, ahead: float
) -> list[dict[str, object]]:
    found: dict[tuple[str, float], list[dict[str, float]]] = {
        (name, margin): [] for name in ERRORS for margin in MARGINS
    }
    for _ in range(replicates):
        data = simulate(rng, level, icc, ahead)
        for name, options in ERRORS.items():
            estimates = contrasts(data, options)
            for margin in MARGINS:
                found[name, margin].append(judge(estimates, margin, ahead))
    head = {"clusters": level, "icc": icc, "ahead": ahead, "replicates": replicates}
    return [
        {**head, "errors": name, "margin": margin, **pd.DataFrame(rows).mean().to_dict()}
        for (name, margin), rows in found.items()
    ]


def table(results: pd.DataFrame) -> str:
    """Write the table of the methods report."""
    lines = [
        "| clusters, ICC | errors | margin, third ahead by | different | equivalent | different but smaller "
        "| inconclusive | any false difference | any false equivalence | any false (MC) |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in results.to_dict("records"):
        clusters = f"{row['clusters']} {row['icc']:g}" if row["icc"] else "none"
        error = np.sqrt(row["any_false"] * (1 - row["any_false"]) / row["replicates"])
        shares = " | ".join(f"{row[name]:.3f}" for name in VERDICT_COLUMNS)
        lines.append(
            f"| {clusters} | {row['errors']} | {row['margin']:g}, {row['ahead']:g} | {shares} "
            f"| {row['any_false_difference']:.3f} | {row['any_false_equivalence']:.3f} "
            f"| {row['any_false']:.3f} ({error:.3f}) |"
        )
    return "\n".join(lines)


def main() -> None:
    """Run the simulation, or print the table of the recorded one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicates", type=int, default=200)
    parser.add_argument("--table", action="store_true", help="print the table of the recorded results")
    options = parser.parse_args()
    if not options.table:
        RESULTS.parent.mkdir(exist_ok=True)
        run(options.replicates).to_csv(RESULTS, index=False, lineterminator="\n", float_format="%.6g")
    print(table(pd.read_csv(RESULTS)))


if __name__ == "__main__":
    main()
