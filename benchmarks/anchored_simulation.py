"""Bias and coverage of means anchored on the service's counts, in and out of their model.

Run by hand: ``python benchmarks/anchored_simulation.py --outside 100`` (four minutes of processor time). Each
scenario is kept below ``data/anchored_simulation``; at the end ``benchmarks/results/anchored_simulation.csv`` is
written, from which the tables in ``reports/methods/anchored.md`` are made (``--table`` prints them).

The design: two arms with 600 and 6,000 people who have a first score (mean 0, SD 1) and a service category (none
50 %, job 35 %, business 15 %); about 25 % answer at the last wave, the likelier the higher the first score and for
those with an outcome. Given first score and category the last score is normal with standard deviation 0.8; a category
moves it by 0.9 and 0.6 (strong anchor) or 0.1 and 0.05 (weak anchor). ``normal``: those who did not answer have a mean
that is moved by the true dial times the residual variance, which is the model. ``change``, ``threshold`` and
``misclassified`` draw who answers from what was scored instead: by the change since the first score (log odds 0.6 a
point), by lying one SD or more below the mean (log odds -1.2), or as in the model while the service has recorded
another category for 15 % of the people.
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

from increase_eval.attrition.anchored.equations import ESTIMATED, ArmProblem, estimate_arm, make_stage

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "anchored_simulation.csv"
KEPT = ROOT / "data" / "anchored_simulation"
SIZES = {"small": 600, "large": 6000}
CATEGORIES = ("none", "job", "business")
SHARES = (0.50, 0.35, 0.15)
EFFECTS = {"strong": (0.0, 0.9, 0.6), "weak": (0.0, 0.1, 0.05)}
RESIDUAL = 0.8
RETEST = 0.6
ANSWERING = (-1.35, 0.6, 0.4)
"""Log odds of answering by category, less nought."""
DIALS = (-0.8, -0.4, 0.0, 0.4)
IN_MODEL = [*[("normal", "strong", dial) for dial in DIALS], ("normal", "weak", -0.4), ("normal", "weak", 0.4)]
OUTSIDE = [(kind, "strong", dial) for kind, dial in (("change", -0.6), ("threshold", np.nan), ("misclassified", -0.4))]


def simulate(rng: np.random.Generator, kind: str, strength: str, dial: float) -> pd.DataFrame:
    """Draw two arms; ``y3`` is what everybody would score, ``seen`` what was answered."""
    arm = np.repeat(list(SIZES), list(SIZES.values()))
    n = len(arm)
    category = rng.choice(3, n, p=SHARES)
    y1 = rng.normal(0, 1, n)
    mean = RETEST * y1 + np.array(EFFECTS[strength])[category]
    base = ANSWERING[0] + np.where(category == 0, -0.2, np.array((0.0, *ANSWERING[1:]))[category]) + 0.3 * y1
    recorded = category
    if kind in ("normal", "misclassified"):
        answered = rng.random(n) < expit(base)
        y3 = mean + np.where(answered, 0.0, dial * RESIDUAL**2) + rng.normal(0, RESIDUAL, n)
    else:
        y3 = mean + rng.normal(0, RESIDUAL, n)
        pull = 0.6 * (y3 - y1) if kind == "change" else -1.2 * (y3 < y3.mean() - y3.std()) + 0.2
        answered = rng.random(n) < expit(base + pull)
    if kind == "misclassified":
        recorded = np.where(rng.random(n) < 0.15, rng.choice(3, n, p=SHARES), category)
    names = np.array(CATEGORIES)
    people = pd.DataFrame({"arm": arm, "category": names[recorded], "y1": y1, "y3": y3})
    return people.assign(seen=np.where(answered, y3, np.nan))


def expectation(strength: str, dial: float) -> tuple[float, float]:
    """Give the mean of everybody under the model, and the share that does not answer, by quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    mean = missing = 0.0
    for share, effect, extra in zip(SHARES, EFFECTS[strength], (-0.2, *ANSWERING[1:]), strict=True):
        away = weights @ (1 - expit(ANSWERING[0] + extra + 0.3 * nodes))
        mean += share * (effect + away * dial * RESIDUAL**2)
        missing += share * away
    return float(mean), float(missing)


def analyse(people: pd.DataFrame, dial: float) -> list[dict[str, Any]]:
    """Estimate the means of both arms by every method, by the functions behind `anchored_nonresponse`."""
    own = dial if np.isfinite(dial) else 0.0
    rows: list[dict[str, Any]] = []
    for arm, group in people.groupby("arm", sort=False):
        y, seen = group["seen"].to_numpy(), group["seen"].notna().to_numpy()
        shares = group["category"].to_numpy()[:, None] == np.array(CATEGORIES)
        first = (group["y1"] - group["y1"].mean()) / group["y1"].std(ddof=0)
        anchored, plain = (_problem(one, first, y, seen) for one in (shares, np.ones((len(y), 1))))
        where = {"arm": arm, "truth": group["y3"].mean(), "status": ESTIMATED}
        for gamma in sorted({*DIALS, own / 2, own}):
            rows.append({**where, "method": "anchored", "count": "complete", **_row(anchored, gamma, False)})
        rows.append({**where, "method": "anchored", "count": "sample", **_row(anchored, own, True)})
        rows.append({**where, "method": "history alone", "count": "complete", **_row(plain, 0.0, False)})
        mean, error = y[seen].mean(), y[seen].std(ddof=1) / np.sqrt(seen.sum())
        values = {"gamma": 0.0, "estimate": mean, "std_error": error, "conf_low": np.nan, "conf_high": np.nan}
        rows.append({**where, "method": "complete cases", "count": "sample", **values})
    return rows


def _problem(shares: Any, first: Any, y: NDArray[np.float64], seen: NDArray[np.bool_]) -> ArmProblem:
    b = np.column_stack([shares, first]).astype(float)
    stage = make_stage(b[seen], b.sum(axis=0), b.shape[1] - 1)
    return ArmProblem(np.flatnonzero(seen), y[seen], y[seen], (stage,), float(len(y)))


def _row(problem: ArmProblem, gamma: float, is_sample: bool) -> dict[str, Any]:
    found = estimate_arm(problem, (gamma,), is_sample=is_sample)
    error = float(np.sqrt(found.variance))
    half = float(stats.t.ppf(0.975, found.df)) * error
    ends = {"conf_low": found.estimate - half, "conf_high": found.estimate + half}
    return {"gamma": gamma, "estimate": found.estimate, "std_error": error, "status": found.status, **ends}


def scenario(number: int, replicates: int, outside: int, seed: int = 20240502) -> pd.DataFrame:
    """Simulate one scenario, and summarise; what was kept is read and not drawn again."""
    kind, strength, dial = [*IN_MODEL, *OUTSIDE][number]
    times = replicates if kind == "normal" else outside
    path = KEPT / f"{number}-{times}.csv"
    if not path.exists():
        rng = np.random.default_rng([seed, number])
        found = pd.DataFrame([row for _ in range(times) for row in analyse(simulate(rng, kind, strength, dial), dial)])
        KEPT.mkdir(parents=True, exist_ok=True)
        summarise(found, kind, strength, dial).assign(replicates=times).to_csv(path, index=False)
    return pd.read_csv(path)


def summarise(found: pd.DataFrame, kind: str, strength: str, dial: float) -> pd.DataFrame:
    """Bias, spread, standard error and coverage, with Monte Carlo errors, by arm, method and dial."""
    expected, missing = expectation(strength, dial) if kind == "normal" else (np.nan, np.nan)
    rows = []
    for (method, count, gamma, arm), block in found.groupby(["method", "count", "gamma", "arm"], sort=False):
        known = block[block["status"] == "estimated"]
        # A complete count is about these very people, a sample about those they were drawn from.
        truth = known["truth"] if count == "complete" or kind != "normal" else expected
        error: NDArray[np.float64] = (known["estimate"] - truth).to_numpy(dtype=float)
        n = len(error)
        inside = (known["conf_low"] <= truth) & (truth <= known["conf_high"])
        coverage = float(inside.mean()) if known["conf_low"].notna().any() else np.nan
        theory = (gamma - dial) * missing * RESIDUAL**2 if kind == "normal" and method == "anchored" else np.nan
        rows.append(
            {
                "mechanism": kind, "anchor": strength, "true_dial": dial, "arm": arm, "method": method, "count": count,
                "gamma": gamma, "bias": error.mean(), "bias_mc": error.std(ddof=1) / np.sqrt(n),
                "expected_bias": theory, "spread": error.std(ddof=1), "mean_std_error": known["std_error"].mean(),
                "coverage": coverage, "coverage_mc": np.sqrt(coverage * (1 - coverage) / n),
                "without_number": len(block) - n,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def coverage_table(results: pd.DataFrame) -> str:
    """Write the table of bias and coverage at the true dial."""
    lines = [
        "| anchor | true dial | people | interval for | bias (MC) | mean SE / spread | coverage (MC) |",
        "|---|---|---|---|---|---|---|",
    ]
    own = results[(results["mechanism"] == "normal") & (results["method"] == "anchored")]
    for row in own[np.isclose(own["gamma"], own["true_dial"])].to_dict("records"):
        whom = "these people" if row["count"] == "complete" else "whom they are drawn from"
        lines.append(
            f"| {row['anchor']} | {row['true_dial']:+.1f} | {SIZES[row['arm']]} | {whom} "
            f"| {row['bias']:+.4f} ({row['bias_mc']:.4f}) | {row['mean_std_error'] / row['spread']:.3f} "
            f"| {row['coverage']:.3f} ({row['coverage_mc']:.3f}) |"
        )
    return "\n".join(lines)


def wrong_dial_table(results: pd.DataFrame) -> str:
    """Write the table of the bias at wrong dials beside the formula, for the larger arm and the strong anchor."""
    lines = ["| true dial | dial | bias (MC) | (dial - true)(1 - r) variance/SD |", "|---|---|---|---|"]
    own = results[
        (results["mechanism"] == "normal") & (results["method"] == "anchored") & (results["count"] == "complete")
    ]
    own = own[(own["anchor"] == "strong") & (own["arm"] == "large") & own["gamma"].isin(DIALS)]
    for row in own.sort_values(["true_dial", "gamma"]).to_dict("records"):
        lines.append(
            f"| {row['true_dial']:+.1f} | {row['gamma']:+.1f} | {row['bias']:+.4f} ({row['bias_mc']:.4f}) "
            f"| {row['expected_bias']:+.4f} |"
        )
    return "\n".join(lines)


def earned_table(results: pd.DataFrame) -> str:
    """Write the table of what the anchor takes off the bias of missing at random, for the larger arm."""
    lines = [
        "| anchor | true dial | complete cases | history alone, at random | anchored, at random | half the true dial "
        "| true dial | of the bias at random the anchor takes |",
        "|---|---|---|---|---|---|---|---|",
    ]
    own = results[(results["mechanism"] == "normal") & (results["arm"] == "large")]
    for (anchor, dial), block in own.groupby(["anchor", "true_dial"], sort=False):
        at = _finder(block)
        history, anchored = at("history alone", 0.0), at("anchored", 0.0)
        numbers = [
            at("complete cases", 0.0, "sample"),
            history,
            anchored,
            at("anchored", dial / 2),
            at("anchored", dial),
        ]
        cut = 1 - abs(anchored["bias"]) / abs(history["bias"])
        clear = abs(history["bias"]) > 2 * history["bias_mc"]
        cells = " | ".join(f"{one['bias']:+.4f}" for one in numbers)
        lines.append(f"| {anchor} | {dial:+.1f} | {cells} | {f'{cut:.0%}' if clear else 'none to take'} |")
    return "\n".join(lines)


def outside_table(results: pd.DataFrame) -> str:
    """Write the table of what happens out of the model, for the larger arm; no pass mark."""
    lines = ["| mechanism | method | dial | bias (MC) | coverage (MC) |", "|---|---|---|---|---|"]
    own = results[(results["mechanism"] != "normal") & (results["arm"] == "large") & (results["count"] == "complete")]
    for row in own.to_dict("records"):
        lines.append(
            f"| {row['mechanism']} | {row['method']} | {row['gamma']:+.1f} | {row['bias']:+.4f} ({row['bias_mc']:.4f}) "
            f"| {row['coverage']:.3f} ({row['coverage_mc']:.3f}) |"
        )
    return "\n".join(lines)


TABLES = {
    "coverage": coverage_table,
    "wrong dial": wrong_dial_table,
    "earned": earned_table,
    "outside": outside_table,
}


def _finder(block: pd.DataFrame) -> Any:
    def find(method: str, gamma: float, count: str = "complete") -> dict[str, Any]:
        rows = block[(block["method"] == method) & (block["count"] == count) & np.isclose(block["gamma"], gamma)]
        return dict(rows.iloc[0])

    return find


def main() -> None:
    """Run the simulation, or print the tables of the recorded one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicates", type=int, default=500)
    parser.add_argument("--outside", type=int, default=500, help="replicates of mechanisms out of the model")
    parser.add_argument("--table", action="store_true", help="print the tables of the recorded results")
    options = parser.parse_args()
    if not options.table:
        every = range(len(IN_MODEL) + len(OUTSIDE))
        parts = [scenario(number, options.replicates, options.outside) for number in every]
        pd.concat(parts, ignore_index=True).to_csv(RESULTS, index=False, lineterminator="\n")
    results = pd.read_csv(RESULTS)
    for name, write in TABLES.items():
        print(f"{name}\n\n{write(results)}\n")


if __name__ == "__main__":
    main()
