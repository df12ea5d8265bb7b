"""How often do intervals of adjusted contrasts hold the truth, at the size of the programme's last wave?

Run by hand: ``python -m benchmarks.adjusted_simulation``. 290 people in four arms of the sizes of the last wave, who
differ in age, education and where they started; an outcome that depends on these, and constant differences between
arms, so that every way of adjusting has the same truth. Models are right, or one of them is wrong; or arms are nested
in six providers that differ by themselves, which nothing here can adjust for.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from increase_eval.comparison.arms.adjusted_contrasts import WAYS
from increase_eval.comparison.arms.people import ArmOutcome, ArmPlan, compared_people
from increase_eval.errors import ConvergenceError, InsufficientDataError

RESULTS = Path(__file__).parent / "results" / "adjusted_simulation.csv"
REPLICATES = 500
PEOPLE = 290
SHARES = np.array([69, 137, 46, 38]) / 290
EFFECTS = {"a": 0.0, "b": 0.2, "c": 0.4, "d": -0.2}
PROVIDERS = {"a": ("p1",), "b": ("p2", "p3"), "c": ("p4", "p5"), "d": ("p6",)}
PROVIDER_SD = 0.2
PLAN = ArmPlan(arms=tuple(EFFECTS), covariates=("age", "education"), categorical=frozenset({"education"}))
OUTCOME = ArmOutcome("mood", "t3", "t1")
METHODS = [name for name in WAYS if name != "standardised_by_site"]
SCENARIOS = ("both models right", "outcome model wrong", "arm model wrong", "providers differ")


def draw(scenario: str, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw participants and scores."""
    age, education = rng.normal(size=PEOPLE), rng.integers(1, 4, PEOPLE)
    start = rng.normal(size=PEOPLE) + 0.3 * age
    curve = age**2 - 1
    pull = curve if scenario == "arm model wrong" else age
    eta = np.log(SHARES) + np.outer(0.5 * pull + 0.3 * start, [0.0, -0.5, 0.7, 1.0])
    eta[:, 2] += 0.4 * (education == 3)
    p = np.exp(eta - eta.max(axis=1, keepdims=True))
    codes = (rng.random(PEOPLE)[:, None] > np.cumsum(p / p.sum(axis=1, keepdims=True), axis=1)).sum(axis=1)
    arm = np.array(list(EFFECTS))[np.minimum(codes, 3)]
    change = 0.3 + np.array([EFFECTS[one] for one in arm]) + 0.7 * age + 0.3 * (education == 3) - 0.3 * start
    if scenario == "outcome model wrong":
        change = change + 0.4 * curve
    if scenario == "providers differ":
        provider = np.array([rng.choice(PROVIDERS[one]) for one in arm])
        shift = dict(
            zip(sorted({q for own in PROVIDERS.values() for q in own}), rng.normal(0, PROVIDER_SD, 6), strict=True)
        )
        change = change + np.array([shift[one] for one in provider])
    end = start + change + rng.normal(size=PEOPLE)
    people = pd.DataFrame({"participant": range(PEOPLE), "arm": arm, "age": age, "education": education})
    waves = [
        people[["participant"]].assign(wave=wave, scale="mood", score=y) for wave, y in (("t1", start), ("t3", end))
    ]
    return people, pd.concat(waves, ignore_index=True)


def run(replicates: int, *, seed: int) -> pd.DataFrame:
    """Run every scenario, and give bias, errors and coverage by method, averaged over the six contrasts."""
    rows = []
    for scenario, stream in zip(SCENARIOS, np.random.SeedSequence(seed).spawn(len(SCENARIOS)), strict=True):
        rng = np.random.default_rng(stream)
        found = [_one(*draw(scenario, rng)) for _ in range(replicates)]
        every = pd.concat(found, keys=range(len(found)), names=["replicate", "row"]).reset_index("replicate")
        rows += [
            {"scenario": scenario, "method": name, **_summed(own)} for name, own in every.groupby("method", sort=False)
        ]
    return pd.DataFrame(rows).assign(replicates=replicates)


def _one(people: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    compared = compared_people(scores, people, OUTCOME, PLAN)
    rows = []
    for name in METHODS:
        try:
            table = WAYS[name](compared, PLAN).contrasts()
        except (ConvergenceError, InsufficientDataError):
            continue
        truth = [EFFECTS[c[0]] - EFFECTS[c[-1]] for c in table["contrast"]]
        rows.append(table.assign(method=name, truth=truth))
    return pd.concat(rows, ignore_index=True)


def _summed(own: pd.DataFrame) -> dict[str, float]:
    by_contrast = own.assign(
        error=own["estimate"] - own["truth"],
        held=(own["conf_low"] <= own["truth"]) & (own["truth"] <= own["conf_high"]),
    ).groupby("contrast")
    count = by_contrast["error"].size().min()
    bias, spread = by_contrast["error"].mean(), by_contrast["error"].std()
    covered = by_contrast["held"].mean()
    return {
        "largest_bias": float(bias.abs().max()),
        "bias_mc": float((spread / np.sqrt(count)).max()),
        "error_ratio": float((by_contrast["std_error"].mean() / spread).mean()),
        "coverage": float(covered.mean()),
        "lowest_coverage": float(covered.min()),
        "coverage_mc": float(np.sqrt(max(covered.mean() * (1 - covered.mean()), 0.0025) / count)),
        "fitted": float(count),
    }


def table(recorded: pd.DataFrame) -> str:
    """Write the recorded results as a table."""
    head = "| scenario | way | largest bias (mc) | mean error / sd | coverage (mc) | lowest of six |"
    lines = [
        f"| {row.scenario} | {row.method.replace('_', ' ')} | {row.largest_bias:.3f} ({row.bias_mc:.3f}) "
        f"| {row.error_ratio:.2f} | {row.coverage:.3f} ({row.coverage_mc:.3f}) | {row.lowest_coverage:.3f} |"
        for row in recorded.itertuples()
    ]
    return "\n".join([head, "|---|---|---|---|---|---|", *lines])


if __name__ == "__main__":
    found = run(REPLICATES, seed=20261126)
    found.to_csv(RESULTS, index=False)
    print(table(found))
