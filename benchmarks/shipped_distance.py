"""How far does the shipped cohort's table of robustness lie from its truth? In standard errors, one draw.

Run by hand after ``increase-eval run increase_vs``: ``python -m benchmarks.shipped_distance`` reads the stored table
``robustness`` and the truth that was drawn with the cohort, which lies apart and which no asset can reach, and writes
``benchmarks/results/shipped_distance.csv``. From that the table in ``reports/methods/robustness.md`` is made
(``--table`` prints it).

The truth is that of everybody who answered the first wave, those who left included. It is recorded in units of standard
errors only, (estimate - truth) / standard error: one number out of a spread that the simulations describe, and not
evidence for a method. Bounds have no error, and of everybody asked no truth was drawn: neither has a distance.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from increase_eval.attrition.headlines import ASKED
from increase_eval.places import Places
from increase_eval.study import Study, load_study

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "shipped_distance.csv"
STUDY = "increase_vs"
METHODS = {
    "complete_cases": "complete cases", "mmrm": "mmrm", "weights": "weights", "imputation": "imputation",
    "delta": "delta", "return_to_baseline": "return to baseline", "anchored_low": "anchored, lowest dial",
    "anchored": "anchored, dial 0", "anchored_high": "anchored, highest dial",
}  # fmt: skip
KEYS = ["outcome", "wave", "by_arm"]


def true_values(study: Study, truth: pd.DataFrame) -> pd.DataFrame:
    """Give the true change of every scale and the true share in the states that count: outcome, wave, by_arm, truth."""
    changes = truth[truth["quantity"] == "change"]
    shares = truth[truth["quantity"] == "share"].copy()
    names = shares["outcome"].str.split(".", n=1, expand=True)
    counted = {variable.id: set(variable.counted) for variable in study.head.states}
    kept = [state in counted.get(variable, ()) for variable, state in zip(names[0], names[1], strict=True)]
    sums = shares.assign(outcome=names[0])[kept].groupby(["outcome", "wave", "arm"], sort=False)["value"].sum()
    both = pd.concat([changes[["outcome", "wave", "arm", "value"]], sums.reset_index()], ignore_index=True)
    return both.rename(columns={"arm": "by_arm", "value": "truth"})


def distances(study: Study, robustness: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Give (estimate - truth) / standard error of every headline and method that has one."""
    rows = robustness[
        robustness["term"].isin(["change", "share"])
        & robustness["by_method"].isin(list(METHODS))
        & robustness["by_population"].ne(ASKED)
        & (robustness["std_error"] > 0)
    ]
    found = rows.merge(true_values(study, truth), on=KEYS, how="left", validate="many_to_one")
    if found["truth"].isna().any():
        raise ValueError(f"no truth was drawn for {sorted(set(found.loc[found['truth'].isna(), 'outcome']))}")
    gap = (found["estimate"] - found["truth"]) / found["std_error"]
    return found[[*KEYS, "by_method"]].assign(distance=gap.round(3))


def distance_table(results: pd.DataFrame) -> str:
    """Write one row a headline, one column a method."""
    names = [name for name in METHODS if (results["by_method"] == name).any()]
    lines = [
        f"| outcome | wave | arm | {' | '.join(METHODS[name] for name in names)} |",
        "|---" * (3 + len(names)) + "|",
    ]
    for key, rows in results.groupby(KEYS, sort=False):
        by_method = rows.set_index("by_method")["distance"]
        cells = [f"{by_method[name]:+.1f}" if name in by_method else "" for name in names]
        lines.append(f"| {' | '.join([*map(str, key), *cells])} |")
    return "\n".join(lines)


def spread_table(results: pd.DataFrame) -> str:
    """Write for each method how its distances over the arms of all headlines spread; ``all`` is no arm."""
    own = results[results["by_arm"] != "all"]
    lines = [
        "| method | headlines and arms | mean | root mean square | within 2 standard errors |",
        "|---|---|---|---|---|",
    ]
    for name in (name for name in METHODS if (own["by_method"] == name).any()):
        gap = own.loc[own["by_method"] == name, "distance"].to_numpy(dtype=float)
        inside = int((np.abs(gap) <= 2).sum())
        root = np.sqrt((gap**2).mean())
        lines.append(f"| {METHODS[name]} | {len(gap)} | {gap.mean():+.2f} | {root:.2f} | {inside} of {len(gap)} |")
    return "\n".join(lines)


TABLES = {"spread": spread_table, "distance": distance_table}


def main() -> None:
    """Record the distances of the stored table, or print the recorded ones."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", action="store_true", help="print the tables of the recorded distances")
    if not parser.parse_args().table:
        places, study = Places.from_environment(), load_study(ROOT / "data_contracts" / STUDY)
        stored = pd.read_parquet(places.table(STUDY, "robustness"))
        truth = pd.read_parquet(places.truth(STUDY) / "truth.parquet")
        distances(study, stored, truth).to_csv(RESULTS, index=False, lineterminator="\n")
    for name, write in TABLES.items():
        print(f"{name}\n\n{write(pd.read_csv(RESULTS))}\n")


if __name__ == "__main__":
    main()
