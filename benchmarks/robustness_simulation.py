"""Which method may be trusted when: bias, error and coverage of each against the truth of cohorts that were drawn.

Run by hand, in the background: ``python benchmarks/robustness_simulation.py --replicates 200`` (about twenty minutes of
processor time). Each replicate is kept below ``data/robustness_simulation`` and not drawn again; at the end
``benchmarks/results/robustness_simulation.csv`` is written, from which the tables in ``reports/methods/robustness.md``
are made (``--table`` prints them).

A replicate draws the 4,164 completers of the four approaches by the unconditioned process of ``increase_vs`` and, for
each scenario, who of them answers which wave. Scenarios: nothing unseen; and four mechanisms (lasting wellbeing;
wellbeing one SD or more below the mean; the change since the first wave; wellbeing at the wave, with dials that differ
by approach: none, once, twice and minus once) at three dials each, in log odds of answering per SD. What is to be
estimated: the change in psychological wellbeing from the first to the last wave among those who answered the first, by
approach, and its difference from the first approach; the truth is that of these very people.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from increase_eval.attrition import anchored_nonresponse, impute, inverse_probability_weights, weighted_model
from increase_eval.attrition.anchored.categories import join_rare
from increase_eval.comparison import fit_mmrm
from increase_eval.scoring.possible_range import possible_range
from increase_eval.study import Study, load_study
from increase_eval.synthetic.process import Cohort, simulate_process
from increase_eval.synthetic.register import WORK_IS_RECORDED
from increase_eval.synthetic.response import draw_responses
from increase_eval.synthetic.truth import full_scores

Floats = NDArray[np.float64]

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "robustness_simulation.csv"
KEPT = ROOT / "data" / "robustness_simulation"
PEOPLE = 4164
SCALE = "psychological_wellbeing"
DIALS = (0.2, 0.5, 1.0)
MULTIPLES = (0.0, 1.0, 2.0, -1.0)
MECHANISMS = ("latent_trait", "threshold", "change", "by_arm")
SCENARIOS = [("none", 0.0), *[(mechanism, dial) for mechanism in MECHANISMS for dial in DIALS]]
DELTA = -0.25
"""Points added to what was not seen, in SD of the first score."""
Z = 1.959963984540054
METHODS = (
    "complete cases", "mmrm", "weights", "imputation", "anchored, dial 0", "anchored, half the dial",
    "anchored, true dial", "delta", "return to baseline", "bounds",
)  # fmt: skip


def dials_of(study: Study, mechanism: str, dial: float) -> dict[str, float]:
    """Give the dial of each arm."""
    multiples = MULTIPLES if mechanism == "by_arm" else (1.0,) * len(study.arm_ids)
    return {arm: dial * multiple for arm, multiple in zip(study.arm_ids, multiples, strict=True)}


def draw_answers(study: Study, cohort: Cohort, mechanism: str, dial: float, rng: np.random.Generator) -> pd.DataFrame:
    """Draw who answers, as the process does, under another mechanism and dial."""
    plan = cohort.plan
    used = [list(plan.traits).index(scale) for scale in plan.response_scales]
    wellbeing = cohort.traits[:, :, used].mean(axis=2)
    wellbeing = wellbeing / wellbeing[0].std()
    kind = {"none": "unseen", "by_arm": "unseen"}.get(mechanism, mechanism)
    response = plan.response.model_copy(update={"mechanism": kind, "dial": dials_of(study, mechanism, dial)})
    first = cohort.answers[study.wave_ids[0]]
    parts = []
    for name in plan.response_scales:
        own = full_scores(cohort, study.scale(name), study.wave_ids[0])
        parts.append((own - own.mean()) / own.std())
    observed = np.mean(parts, axis=0)
    dates = np.stack([cohort.answers[wave]["answered_on"].to_numpy("datetime64[D]") for wave in study.wave_ids])
    possible = dates <= np.datetime64(plan.survey_end)
    arm = cohort.people["arm"]
    answered, _ = draw_responses(
        response, study.wave_ids, arm, (observed - observed.mean()) / observed.std(), wellbeing, rng, possible=possible
    )
    return pd.DataFrame(answered.T, index=first.index, columns=list(study.wave_ids))


def lay_out(study: Study, cohort: Cohort, answered: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Give those who answered the first wave: answered scores, the true last one, what the service recorded."""
    scale = study.scale(SCALE)
    full = {wave: full_scores(cohort, scale, wave).to_numpy(dtype=float) for wave in study.wave_ids}
    names = ["t1", "t2", "t3"]
    wide = {name: np.where(answered[w], full[w], np.nan) for name, w in zip(names, study.wave_ids, strict=True)}
    people = pd.DataFrame({**wide, "true": full[study.wave_ids[-1]]})
    people["arm"] = pd.Categorical(cohort.people["arm"], categories=list(study.arm_ids))
    people["category"] = _categories(study, cohort, rng)
    people["id"] = np.arange(len(people))
    return people[people["t1"].notna()].reset_index(drop=True)


def _categories(study: Study, cohort: Cohort, rng: np.random.Generator) -> NDArray[np.object_]:
    """Give what the service recorded: work that somebody came into, with the share recorded of the register."""
    variable = study.head.states[0]
    codes = {state.code: state.id for state in variable.states if state.in_work}
    first, last = (cohort.answers[wave][variable.column].to_numpy() for wave in (study.wave_ids[0], study.wave_ids[-1]))
    recorded = (first != last) & (rng.random(len(first)) < WORK_IS_RECORDED)
    names = np.array([codes.get(code, "no outcome") for code in last], dtype=object)
    return np.where(recorded, names, "no outcome")


def estimates(study: Study, people: pd.DataFrame, dials: dict[str, float]) -> pd.DataFrame:
    """Estimate every change and difference by every method: method, term, estimate, std_error, low, high."""
    people = people.assign(d=people["t3"] - people["t1"], seen=people["t3"].notna().astype(float))
    rows: list[pd.DataFrame] = [_complete(people), _mmrm(people), _weights(people), *_imputed(people)]
    rows += [_anchored(people, dials), _return_to_baseline(people), _bounds(study, people)]
    return pd.concat(rows, ignore_index=True)


def _table(method: str, arms: Any, means: Any, vcov: Floats) -> pd.DataFrame:
    """Give means by arm and their differences from the first arm."""
    k = len(means)
    functions = np.vstack([np.eye(k), np.eye(k)[1:] - np.eye(k)[0]])
    values, errors = functions @ np.asarray(means), np.sqrt(np.diag(functions @ vcov @ functions.T))
    terms = [*arms, *(f"{arm} - {arms[0]}" for arm in arms[1:])]
    low, high = values - Z * errors, values + Z * errors
    return pd.DataFrame(
        {"method": method, "term": terms, "estimate": values, "std_error": errors, "low": low, "high": high}
    )


def _complete(people: pd.DataFrame) -> pd.DataFrame:
    found = people.groupby("arm", observed=True)["d"].agg(["mean", "var", "count"])
    return _table("complete cases", found.index, found["mean"], np.diag(found["var"] / found["count"]))


def _mmrm(people: pd.DataFrame) -> pd.DataFrame:
    long = people.melt(["id", "arm"], ["t1", "t2", "t3"], "wave", "y")
    fit = fit_mmrm("y ~ 0 + arm:wave", long, subject="id", visit="wave", df="residual")
    arms = list(people["arm"].cat.categories)
    names = list(fit.coefficients.index)
    functions = np.zeros((len(arms), len(names)))
    for row, arm in enumerate(arms):
        for wave, sign in (("t3", 1.0), ("t1", -1.0)):
            functions[row, next(i for i, name in enumerate(names) if arm in name and wave in name)] = sign
    vcov = functions @ np.asarray(fit.vcov) @ functions.T
    return _table("mmrm", arms, functions @ fit.coefficients["estimate"].to_numpy(), vcov)


def _weights(people: pd.DataFrame) -> pd.DataFrame:
    weights = inverse_probability_weights("seen ~ t1 + arm + category", people, subject="id")
    fit = weighted_model("d ~ 0 + arm", people.assign(w=weights.values), weights="w", estimated=weights)
    return _table("weights", list(people["arm"].cat.categories), fit.coefficients["estimate"].to_numpy(), fit.vcov)


def _imputed(people: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Conditional means at random with the jackknife, and the same with points added to what was not seen."""
    long = people.assign(base=people["t1"]).melt(["id", "arm", "base", "t1"], ["t2", "t3"], "wave", "y")
    long["y"] = long["y"] - long["t1"]
    filled = impute(long, outcome="y", subject="id", visit="wave", arm="arm", covariates=("base * wave",))
    means, contrasts = (filled.analyse(f"y ~ {right}").query("wave == 't3'") for right in ("0 + arm", "arm"))
    arms = list(people["arm"].cat.categories)
    values = means["estimate"].to_numpy()
    errors = np.append(means["std_error"], contrasts["std_error"].iloc[1:])
    for method, added in (("imputation", 0.0), ("delta", DELTA * people["t1"].std())):
        moved = values + added * (1 - people.groupby("arm", observed=True)["seen"].mean().to_numpy())
        estimate = np.append(moved, moved[1:] - moved[0])
        terms = [*arms, *(f"{arm} - {arms[0]}" for arm in arms[1:])]
        ends = {"low": estimate - Z * errors, "high": estimate + Z * errors}
        yield pd.DataFrame({"method": method, "term": terms, "estimate": estimate, "std_error": errors, **ends})


def _anchored(people: pd.DataFrame, dials: dict[str, float]) -> pd.DataFrame:
    joined = join_rare(people["category"], people["arm"].astype(object), people["seen"].to_numpy(dtype=bool))
    table = people[["t1", "t3", "arm"]].assign(category=joined)
    # The process speaks of answering, the dial of not answering.
    grid = {arm: (0.0, -dial / 2, -dial) for arm, dial in dials.items()}
    found = anchored_nonresponse(
        table, outcome="t3", arm="arm", category="category", baseline="t1", quantity="change", gamma=grid
    )
    parts = []
    arms = list(people["arm"].cat.categories)
    for share, name in ((0.0, "dial 0"), (0.5, "half the dial"), (1.0, "true dial")):
        rows = pd.DataFrame([found.at(arm, -share * dials[arm]) for arm in arms])
        parts.append(_table(f"anchored, {name}", arms, rows["estimate"], np.diag(rows["std_error"] ** 2)))
    return pd.concat(parts)


def return_to_baseline(people: pd.DataFrame) -> tuple[Floats, Floats]:
    """Give changes by arm where those who left go back to their arm's first mean, and their jackknife variance.

    From the first and the last wave: a missing change is (b - 1)(y1 - arm's mean), b the slope within arms.
    """
    arm, y1, d = people["arm"].cat.codes.to_numpy(), people["t1"].to_numpy(), people["d"].to_numpy()
    seen, n, k = ~np.isnan(d), len(people), len(people["arm"].cat.categories)
    own = np.eye(k)[arm]
    y3, used = np.where(seen, d + y1, 0.0), np.where(seen, 1.0, 0.0)

    # Sums over everybody, and without each person: (n + 1, k), the last row with all.
    def sums(values: Floats) -> Floats:
        parts = own * values[:, None]
        return np.vstack([parts.sum(axis=0) - parts, parts.sum(axis=0)])

    count, mean1 = sums(np.ones(n)), sums(y1) / sums(np.ones(n))
    m, sx, sy = sums(used), sums(used * y1), sums(used * y3)
    sxy, sxx = sums(used * y1 * y3) - sx * sy / m, sums(used * y1**2) - sx**2 / m
    slope = sxy.sum(axis=1) / sxx.sum(axis=1)
    lost = (sums((1 - used) * y1) - sums(1 - used) * mean1) * (slope[:, None] - 1)
    values = (sy - sx + lost) / count
    left = values[:-1]
    variance = (n - 1) / n * (left - left.mean(axis=0)).T @ (left - left.mean(axis=0))
    return values[-1], np.asarray(variance)


def _return_to_baseline(people: pd.DataFrame) -> pd.DataFrame:
    values, variance = return_to_baseline(people)
    return _table("return to baseline", list(people["arm"].cat.categories), values, variance)


def _bounds(study: Study, people: pd.DataFrame) -> pd.DataFrame:
    """Give the ends of what is possible: everybody who was not seen at the lowest, or the highest, score."""
    low, high = possible_range(study.scale(SCALE), {one.id: one for one in study.scales}) or (np.nan, np.nan)
    ends = pd.DataFrame({"low": people["t3"].fillna(low), "high": people["t3"].fillna(high)}).sub(people["t1"], axis=0)
    means = ends.groupby(people["arm"], observed=True).mean()
    arms, first = list(means.index), means.iloc[0]
    rows = [(arm, row["low"], row["high"]) for arm, row in means.iterrows()]
    rows += [
        (f"{arm} - {arms[0]}", row["low"] - first["high"], row["high"] - first["low"])
        for arm, row in means.iloc[1:].iterrows()
    ]
    table = pd.DataFrame(rows, columns=["term", "low", "high"])
    return table.assign(method="bounds", estimate=np.nan, std_error=np.nan)


def replicate(study: Study, number: int, seed: int = 20240503) -> pd.DataFrame:
    """Draw one cohort and estimate it under every scenario."""
    assert study.cohort is not None
    rng = np.random.default_rng([seed, number])
    cohort = simulate_process(study, study.cohort, PEOPLE, rng)
    tables = []
    for mechanism, dial in SCENARIOS:
        people = lay_out(study, cohort, draw_answers(study, cohort, mechanism, dial, rng), rng)
        found = estimates(study, people, dials_of(study, mechanism, dial))
        truth = (people["true"] - people["t1"]).groupby(people["arm"], observed=True).mean()
        arms = list(truth.index)
        values = {**truth, **{f"{arm} - {arms[0]}": truth[arm] - truth[arms[0]] for arm in arms[1:]}}
        found["truth"] = found["term"].map(values)
        facts = {"mechanism": mechanism, "dial": dial, "spread": people["t1"].std(), "replicate": number}
        tables.append(found.assign(**facts, answered=int(people["t3"].notna().sum())))
    return pd.concat(tables, ignore_index=True)


def summarise(found: pd.DataFrame) -> pd.DataFrame:
    """Bias, RMSE and coverage with Monte Carlo errors, in SD of the first score, by scenario, method and quantity."""
    found = found.assign(quantity=np.where(found["term"].str.contains(" - "), "difference", "change"))
    scaled = found[["estimate", "std_error", "truth", "low", "high"]].div(found["spread"], axis=0)
    error = scaled["estimate"] - scaled["truth"]
    table = found[["mechanism", "dial", "method", "quantity", "replicate"]].assign(
        error=error, square=error**2, std_error=scaled["std_error"], width=scaled["high"] - scaled["low"],
        missing=found["low"].isna().astype(float),
        covered=((found["low"] <= found["truth"]) & (found["truth"] <= found["high"])).where(found["low"].notna()),
    )  # fmt: skip
    keys = ["mechanism", "dial", "method", "quantity"]
    # Arms of one cohort hang together: the replicate is the unit of Monte Carlo error.
    units = table.astype({"covered": float}).groupby([*keys, "replicate"], sort=False).mean()
    by = units.groupby(keys, sort=False)
    mean, mc = by.mean(), by.std(ddof=1) / np.sqrt(by.count())
    return pd.DataFrame(
        {
            "bias": mean["error"], "bias_mc": mc["error"],
            "rmse": np.sqrt(mean["square"]), "rmse_mc": mc["square"] / (2 * np.sqrt(mean["square"])),
            "mean_std_error": mean["std_error"], "coverage": mean["covered"], "coverage_mc": mc["covered"],
            "width": mean["width"], "without_number": mean["missing"], "replicates": by.size(),
        }
    ).reset_index()  # fmt: skip


def scenario_table(results: pd.DataFrame, quantity: str) -> str:
    """Write one row a scenario and method: bias and RMSE in SD, and coverage."""
    lines = ["| mechanism | dial | method | bias (MC) | RMSE (MC) | coverage (MC) |", "|---|---|---|---|---|---|"]
    for row in results[results["quantity"] == quantity].to_dict("records"):
        bias, rmse = (
            "" if np.isnan(row[name]) else f"{row[name]:{sign}.3f} ({row[f'{name}_mc']:.3f})"
            for name, sign in (("bias", "+"), ("rmse", ""))
        )
        lines.append(
            f"| {WORDS[row['mechanism']]} | {row['dial']:.1f} | {row['method']} | {bias} | {rmse} "
            f"| {row['coverage']:.2f} ({row['coverage_mc']:.2f}) |"
        )
    return "\n".join(lines)


WORDS = {
    "none": "nothing unseen", "latent_trait": "lasting wellbeing", "threshold": "low wellbeing at the wave",
    "change": "the change itself", "by_arm": "wellbeing, by approach",
}  # fmt: skip


def advice_table(results: pd.DataFrame) -> str:
    """Write which methods cover at least nine in ten times, and which have the smallest RMSE, by scenario."""
    lines = [
        "| mechanism | dial | change: smallest RMSE | change: cover at least 90 % | difference: smallest RMSE "
        "| difference: cover at least 90 % |",
        "|---|---|---|---|---|---|",
    ]
    for (mechanism, dial), block in results.groupby(["mechanism", "dial"], sort=False):
        cells = []
        for quantity in ("change", "difference"):
            own = block[(block["quantity"] == quantity) & (block["method"] != "bounds")].set_index("method")
            best = own["rmse"].idxmin()
            cover = [name for name in own.index if own.loc[name, "coverage"] >= 0.90]
            cells += [f"{best} ({own.loc[best, 'rmse']:.3f})", "; ".join(cover) or "none"]
        lines.append(f"| {WORDS[mechanism]} | {dial:.1f} | {' | '.join(cells)} |")
    return "\n".join(lines)


TABLES = {
    "advice": advice_table,
    "change": lambda results: scenario_table(results, "change"),
    "difference": lambda results: scenario_table(results, "difference"),
}


def record(
    description: str,
    replicate: Callable[[Study, int], pd.DataFrame],
    summarise: Callable[[pd.DataFrame], pd.DataFrame],
    tables: Mapping[str, Callable[[pd.DataFrame], str]],
    *,
    kept: Path,
    results: Path,
) -> None:
    """Run what is missing of a simulation and write its summary, or print the tables of the recorded one."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--replicates", type=int, default=200)
    parser.add_argument("--table", action="store_true", help="print the tables of the recorded results")
    options = parser.parse_args()
    if not options.table:
        study = load_study(ROOT / "data_contracts" / "increase_vs")
        kept.mkdir(parents=True, exist_ok=True)
        for number in range(options.replicates):
            path = kept / f"{number:04d}.parquet"
            if not path.exists():
                replicate(study, number).to_parquet(path)
        found = pd.concat([pd.read_parquet(path) for path in sorted(kept.glob("*.parquet"))])
        summarise(found).to_csv(results, index=False, lineterminator="\n")
    recorded = pd.read_csv(results)
    for name, write in tables.items():
        print(f"{name}\n\n{write(recorded)}\n")


if __name__ == "__main__":
    record(__doc__.splitlines()[0], replicate, summarise, TABLES, kept=KEPT, results=RESULTS)
