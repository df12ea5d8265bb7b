"""Bias, coverage and size of contrasts of change between approaches, at the size of a study that loses most people.

Run by hand: ``python benchmarks/mmrm_simulation.py --replicates 1000`` (half an hour). It writes
``benchmarks/results/mmrm_simulation.csv``, from which the table in ``reports/methods/mmrm.md`` is made (``--table``
prints it).

The design: four approaches with 296, 593, 195 and 165 people at T1, about 104, 209, 57, 60 at T2 and 69, 137, 46, 38
at T3; 38 neighbourhoods nested in approaches; courses of about 12 people nested in approaches and crossed with
neighbourhoods. Outcomes have standard deviation 1 and correlations 0.6 and 0.5. Whether somebody answers at T2 depends
on T1, at T3 on T1 and, for those who answered it, T2: missing at random. Clusters have a part that stays and one that
changes from wave to wave, half each. The true difference of the T1 to T3 change from the first approach is 0, 0.3, 0.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from increase_eval.comparison import fit_mmrm

RESULTS = Path(__file__).parent / "results" / "mmrm_simulation.csv"
PEOPLE = {"T1": (296, 593, 195, 165), "T2": (104, 209, 57, 60), "T3": (69, 137, 46, 38)}
NEIGHBOURHOODS = (9, 18, 6, 5)
CORRELATION = np.array([[1.0, 0.6, 0.5], [0.6, 1.0, 0.6], [0.5, 0.6, 1.0]])
TRUTH = {"B": 0.0, "C": 0.3, "D": 0.0}
SCENARIOS = {
    "none": (0.0, 0.0),
    "neighbourhood 0.02": (0.02, 0.0),
    "neighbourhood 0.05": (0.05, 0.0),
    "course 0.02": (0.0, 0.02),
    "course 0.05": (0.0, 0.05),
}
ANALYSES: dict[str, dict[str, str]] = {
    "model, kenward-roger-linear": {},
    "model, kenward-roger": {"df": "kenward-roger"},
    "model, satterthwaite": {"df": "satterthwaite"},
    "model, between-within": {"df": "between-within"},
    "model, residual": {"df": "residual"},
    "CR0 by subject, satterthwaite": {"standard_errors": "empirical"},
    "CR2 by subject, satterthwaite": {"standard_errors": "empirical-bias-reduced"},
    "CR0 by neighbourhood, satterthwaite": {"standard_errors": "empirical", "cluster": "neighbourhood"},
    "CR2 by neighbourhood, satterthwaite": {"standard_errors": "empirical-bias-reduced", "cluster": "neighbourhood"},
    "CR2 by neighbourhood, residual": {
        "standard_errors": "empirical-bias-reduced",
        "cluster": "neighbourhood",
        "df": "residual",
    },
    "CR2 by course, satterthwaite": {"standard_errors": "empirical-bias-reduced", "cluster": "course"},
}


def simulate(rng: np.random.Generator, neighbourhood: float, course: float) -> pd.DataFrame:
    """Draw one study, long, with two intraclass correlations."""
    n = np.array(PEOPLE["T1"])
    arm = np.repeat(np.arange(4), n)
    first = np.concatenate([[0], np.cumsum(NEIGHBOURHOODS)[:-1]])
    site = first[arm] + rng.integers(0, np.array(NEIGHBOURHOODS)[arm])
    courses = np.maximum(n // 12, 1)
    group = np.concatenate([[0], np.cumsum(courses)[:-1]])[arm] + rng.integers(0, courses[arm])
    own = rng.normal(size=(n.sum(), 3)) @ np.linalg.cholesky(CORRELATION).T
    y = np.sqrt(1.0 - neighbourhood - course) * own
    y += np.sqrt(neighbourhood) * _cluster_effects(rng, NEIGHBOURHOODS)[site]
    y += np.sqrt(course) * _cluster_effects(rng, courses)[group]
    change = np.array([0.1, 0.1 + TRUTH["B"], 0.1 + TRUTH["C"], 0.1 + TRUTH["D"]])[arm]
    y += np.array([0.0, 0.5, 1.0]) * change[:, None]
    answered2 = _answers(rng, 0.5 * y[:, 0], arm, "T2")
    answered3 = _answers(rng, 0.3 * y[:, 0] + 0.5 * answered2 * y[:, 1] + 1.0 * answered2, arm, "T3")
    y[~answered2, 1], y[~answered3, 2] = np.nan, np.nan
    people = {
        "person": np.arange(n.sum()),
        "approach": np.array(list("ABCD"))[arm],
        "neighbourhood": site,
        "course": group,
    }
    long = {name: np.repeat(values, 3) for name, values in people.items()}
    return pd.DataFrame({**long, "wave": np.tile(["T1", "T2", "T3"], n.sum()), "score": y.ravel()})


def _cluster_effects(rng: np.random.Generator, clusters: NDArray[np.int64] | tuple[int, ...]) -> NDArray[np.float64]:
    """Effects of unit variance by wave, half of it the same in all waves."""
    count = int(np.sum(clusters))
    return np.asarray(np.sqrt(0.5) * (rng.normal(size=(count, 1)) + rng.normal(size=(count, 3))))


def _answers(
    rng: np.random.Generator, pull: NDArray[np.float64], arm: NDArray[np.int64], wave: str
) -> NDArray[np.bool_]:
    """Who answers: logistic in ``pull``, with intercepts that give the expected number of each approach."""
    share = np.zeros(len(pull))
    for code, wanted in enumerate(PEOPLE[wave]):
        inside = arm == code
        low, high = -12.0, 12.0
        for _ in range(60):
            middle = (low + high) / 2
            expected = (1 / (1 + np.exp(-(middle + pull[inside])))).sum()
            low, high = (middle, high) if expected < wanted else (low, middle)
        share[inside] = 1 / (1 + np.exp(-(low + pull[inside])))
    return rng.random(len(pull)) < share


def analyse(data: pd.DataFrame) -> pd.DataFrame:
    """Contrasts of the T1 to T3 change with the first approach, by every analysis."""
    tables = []
    for name, options in ANALYSES.items():
        fit = fit_mmrm("score ~ approach * wave", data, subject="person", visit="wave", **options)
        terms = [f"approach[T.{arm}]:wave[T.T3]" for arm in TRUTH]
        table = fit.coefficients.loc[terms].assign(approach=list(TRUTH), analysis=name, converged=fit.status)
        tables.append(table.reset_index(drop=True))
    return pd.concat(tables, ignore_index=True)


def run(replicates: int, seed: int = 20240501) -> pd.DataFrame:
    """Simulate all scenarios and summarise."""
    summaries = []
    for number, (scenario, (neighbourhood, course)) in enumerate(SCENARIOS.items()):
        rng = np.random.default_rng([seed, number])
        found = pd.concat([analyse(simulate(rng, neighbourhood, course)) for _ in range(replicates)], ignore_index=True)
        summaries.append(summarise(found).assign(scenario=scenario, replicates=replicates))
    return pd.concat(summaries, ignore_index=True)


def summarise(found: pd.DataFrame) -> pd.DataFrame:
    """Bias, spread, mean standard error, coverage and size, with their Monte Carlo errors, by analysis."""
    found = found.assign(truth=found["approach"].map(TRUTH))
    found["covered"] = (found["conf_low"] <= found["truth"]) & (found["truth"] <= found["conf_high"])
    rows = []
    for (analysis, approach), block in found.groupby(["analysis", "approach"], sort=False):
        error, n = block["estimate"] - block["truth"], len(block)
        coverage = block["covered"].mean()
        row = {"analysis": analysis, "approach": approach, "bias": error.mean(), "bias_mc": error.std() / np.sqrt(n)}
        row |= {"spread": error.std(), "mean_std_error": block["std_error"].mean(), "median_df": block["df"].median()}
        row |= {"coverage": coverage, "coverage_mc": np.sqrt(coverage * (1 - coverage) / n)}
        size = (block["p_value"] < 0.05).mean() if TRUTH[approach] == 0 else np.nan
        row |= {
            "size": size,
            "size_mc": np.sqrt(size * (1 - size) / n),
            "not_first_choice": (block["converged"] != "converged").sum(),
        }
        rows.append(row)
    return pd.DataFrame(rows)


def table(results: pd.DataFrame) -> str:
    """Write the table of the methods report: one row a scenario and analysis, averaged over approaches.

    The contrasts share the first approach, so the Monte Carlo error of one stands for that of their average.
    """
    lines = [
        "| clusters | errors, df | bias (MC) | mean SE / spread | coverage (MC) | size (MC) |",
        "|---|---|---|---|---|---|",
    ]
    for (scenario, analysis), block in results.groupby(["scenario", "analysis"], sort=False):
        null = block.dropna(subset="size")
        lines.append(
            f"| {scenario} | {analysis} | {block['bias'].mean():+.4f} ({block['bias_mc'].mean():.4f}) "
            f"| {(block['mean_std_error'] / block['spread']).mean():.3f} "
            f"| {block['coverage'].mean():.3f} ({block['coverage_mc'].mean():.3f}) "
            f"| {null['size'].mean():.3f} ({null['size_mc'].mean():.3f}) |"
        )
    return "\n".join(lines)


def main() -> None:
    """Run the simulation, or print the table of the recorded one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicates", type=int, default=1000)
    parser.add_argument("--table", action="store_true", help="print the table of the recorded results")
    options = parser.parse_args()
    if not options.table:
        RESULTS.parent.mkdir(exist_ok=True)
        run(options.replicates).to_csv(RESULTS, index=False, lineterminator="\n")
    print(table(pd.read_csv(RESULTS)))


if __name__ == "__main__":
    main()
