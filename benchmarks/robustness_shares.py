"""Which method may be trusted when, for shares in work: bias, error and coverage against the truth of cohorts drawn.

Run by hand, in the background: ``python -m benchmarks.robustness_shares`` (eight seconds of processor time a cohort).
The cohorts, the scenarios and who answers are those of ``robustness_simulation.py``, number by number; each replicate
is kept below ``data/robustness_shares``. At the end ``benchmarks/results/robustness_shares.csv`` is written, from which
the tables in ``reports/methods/robustness.md`` are made (``--table`` prints them).

What is to be estimated: the share in work at each later wave, by approach, among those who answered the first wave, and
its difference from the first approach; the truth is that of these very people. Whoever answers a wave tells the state.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from benchmarks.robustness_simulation import (
    PEOPLE,
    ROOT,
    SCENARIOS,
    WORDS,
    draw_answers,
    lay_out,
    record,
    summarise,
)
from increase_eval.attrition import anchored_nonresponse, impute_chained, inverse_probability_weights, weighted_model
from increase_eval.attrition.anchored.categories import join_rare
from increase_eval.attrition.pooling import pool
from increase_eval.comparison import proportion_interval, two_proportions
from increase_eval.study import Study
from increase_eval.synthetic.process import Cohort, simulate_process

Floats = NDArray[np.float64]

RESULTS = ROOT / "benchmarks" / "results" / "robustness_shares.csv"
KEPT = ROOT / "data" / "robustness_shares"
SEED = 20240503
"""That of ``robustness_simulation.py``: the same cohorts."""
DRAWS, ITERATIONS = 20, 5
DELTA = -0.2 * np.pi / np.sqrt(3)
"""Added to the log odds of being in work of those not seen: a fifth of a standard deviation."""
Z = 1.959963984540054


def lay_out_states(study: Study, cohort: Cohort, answered: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Give those who answered the first wave whether they are in work: as answered (``t*``), and in truth."""
    variable = study.head.states[0]
    working = [state.code for state in variable.states if state.id in variable.counted]
    table = people[["arm", "category", "id"]].copy()
    for name, wave in zip(("t1", "t2", "t3"), study.wave_ids, strict=True):
        works = cohort.answers[wave][variable.column].isin(working).to_numpy(dtype=float)[people["id"]]
        seen = answered[wave].to_numpy(dtype=bool)[people["id"]]
        table[f"true_{name}"], table[name] = works, np.where(seen, works, np.nan)
    return table


def estimates(people: pd.DataFrame) -> pd.DataFrame:
    """Estimate the share of every later wave by every method: method, wave, term, estimate, std_error, low, high."""
    completed = _completed(people)
    parts = []
    for wave in ("t2", "t3"):
        own = people.assign(y=people[wave], seen=people[wave].notna().astype(float))
        found = [_complete(own), _weights(own), *_imputed(own, completed[wave]), _unchanged(own), _anchored(own)]
        parts.append(pd.concat([*found, _bounds(own)], ignore_index=True).assign(wave=wave))
    return pd.concat(parts, ignore_index=True)


def _table(method: str, arms: list[str], means: Any, variances: Any, vcov: Floats | None = None) -> pd.DataFrame:
    """Give shares by arm and their differences from the first, with normal intervals."""
    means, vcov = np.asarray(means, dtype=float), np.diag(variances) if vcov is None else vcov
    functions = np.vstack([np.eye(len(arms)), np.eye(len(arms))[1:] - np.eye(len(arms))[0]])
    values, errors = functions @ means, np.sqrt(np.einsum("ij,jk,ik->i", functions, vcov, functions))
    ends = {"low": values - Z * errors, "high": values + Z * errors}
    return pd.DataFrame({"method": method, "term": _terms(arms), "estimate": values, "std_error": errors, **ends})


def _terms(arms: list[str]) -> list[str]:
    return [*arms, *(f"{arm} - {arms[0]}" for arm in arms[1:])]


def _arms(people: pd.DataFrame) -> list[str]:
    return list(people["arm"].cat.categories)


def _complete(people: pd.DataFrame) -> pd.DataFrame:
    """Count those who answered: Wilson's interval, and Newcombe's of the difference."""
    by = people.dropna(subset=["y"]).groupby("arm", observed=False)["y"].agg(["sum", "count"]).astype(int)
    arms = _arms(people)
    pairs = [(int(by.loc[arm, "sum"]), int(by.loc[arm, "count"])) for arm in arms]
    if min(n for _, n in pairs) == 0:
        return _table("complete cases", arms, np.full(len(arms), np.nan), np.full(len(arms), np.nan))
    ends = [proportion_interval(x, n) for x, n in pairs]
    ends += [two_proportions(x, n, *pairs[0]).difference for x, n in pairs[1:]]
    shares = np.array([x / n for x, n in pairs])
    table = _table("complete cases", arms, shares, [p * (1 - p) / n for p, (_, n) in zip(shares, pairs, strict=True)])
    return table.assign(low=[one.conf_low for one in ends], high=[one.conf_high for one in ends])


def _weights(people: pd.DataFrame) -> pd.DataFrame:
    data = people.assign(first=people["t1"])
    weights = inverse_probability_weights("seen ~ first + arm + category", data, subject="id")
    fit = weighted_model("y ~ 0 + arm", data.assign(w=weights.values), weights="w", estimated=weights)
    return _table("weights", _arms(people), fit.coefficients["estimate"].to_numpy(), None, fit.vcov)


def _completed(people: pd.DataFrame) -> dict[str, tuple[Floats, Floats]]:
    """Complete who works at both later waves by chained equations, as `imputed_states`: wave -> (draws, people).

    First at random, then with the log odds of work moved for those not seen, by the same random numbers.
    """
    rng = np.random.default_rng([SEED, len(people), int(np.nansum(people["t3"]))])
    table, methods = people[["t1", "t2", "t3", "arm"]], {"t2": "logit", "t3": "logit"}
    found = impute_chained(table, methods=methods, draws=DRAWS, iterations=ITERATIONS, rng=rng)
    result = {}
    for wave in ("t2", "t3"):
        gone = people[wave].isna().to_numpy()
        plain, moved = (np.tile(people[wave].to_numpy(dtype=float), (DRAWS, 1)) for _ in range(2))
        p, decided = found.shares[wave][:, :, -1], found.uniforms[wave]
        for values, delta in ((plain, 0.0), (moved, DELTA)):
            values[:, gone] = 1 - decided < p * np.exp(delta) / (1 - p + p * np.exp(delta))
        result[wave] = (plain, moved)
    return result


def _imputed(people: pd.DataFrame, completed: tuple[Floats, Floats]) -> Iterator[pd.DataFrame]:
    arms, arm = _arms(people), people["arm"].cat.codes.to_numpy()
    for method, tables in zip(("imputation", "delta"), completed, strict=True):
        means = np.array([tables[:, arm == k].mean(axis=1) for k in range(len(arms))]).T
        counts = np.bincount(arm, minlength=len(arms))
        inner = means * (1 - means) / (counts - 1)
        rows = []
        for k, term in enumerate(_terms(arms)):
            minus = k >= len(arms)
            q = means[:, k - len(arms) + 1] - means[:, 0] if minus else means[:, k]
            u = inner[:, k - len(arms) + 1] + inner[:, 0] if minus else inner[:, k]
            free = counts[k - len(arms) + 1] + counts[0] - 2 if minus else counts[k] - 1
            found = pool(q, u, df_complete=float(free))
            half = float(stats.t.ppf(0.975, found.df)) * found.std_error
            ends = {"low": found.estimate - half, "high": found.estimate + half}
            rows.append(
                {"method": method, "term": term, "estimate": found.estimate, "std_error": found.std_error} | ends
            )
        yield pd.DataFrame(rows)


def _unchanged(people: pd.DataFrame) -> pd.DataFrame:
    """Take those who did not answer as they were at the first wave."""
    by = people["y"].fillna(people["t1"]).groupby(people["arm"], observed=False).agg(["mean", "var", "count"])
    return _table("return to baseline", _arms(people), by["mean"], by["var"] / by["count"])


def _anchored(people: pd.DataFrame) -> pd.DataFrame:
    """Weigh by first state and what the service recorded, the dial at nought."""
    joined = join_rare(people["category"], people["arm"].astype(object), people["seen"].to_numpy(dtype=bool))
    table = people[["t1", "y", "arm"]].assign(category=joined)
    found = anchored_nonresponse(
        table, outcome="y", arm="arm", category="category", baseline="t1", gamma=dict.fromkeys(_arms(people), (0.0,))
    )
    rows = pd.DataFrame([found.at(arm, 0.0) for arm in _arms(people)])
    return _table("anchored, dial 0", _arms(people), rows["estimate"], rows["std_error"] ** 2)


def _bounds(people: pd.DataFrame) -> pd.DataFrame:
    arms = _arms(people)
    low, high = (people["y"].fillna(end).groupby(people["arm"], observed=False).mean().to_numpy() for end in (0, 1))
    ends = {"low": [*low, *(low[1:] - high[0])], "high": [*high, *(high[1:] - low[0])]}
    return pd.DataFrame({"method": "bounds", "term": _terms(arms), "estimate": np.nan, "std_error": np.nan, **ends})


def replicate(study: Study, number: int) -> pd.DataFrame:
    """Draw one cohort, as ``robustness_simulation.py`` does, and estimate its shares under every scenario."""
    assert study.cohort is not None
    rng = np.random.default_rng([SEED, number])
    cohort = simulate_process(study, study.cohort, PEOPLE, rng)
    tables = []
    for mechanism, dial in SCENARIOS:
        answered = draw_answers(study, cohort, mechanism, dial, rng)
        people = lay_out_states(study, cohort, answered, lay_out(study, cohort, answered, rng))
        found = estimates(people)
        truth = people.groupby("arm", observed=True)[["true_t2", "true_t3"]].mean()
        arms = list(truth.index)
        values = {
            (f"t{at}", term): truth.loc[term.partition(" - ")[0], f"true_t{at}"]
            - (truth.loc[arms[0], f"true_t{at}"] if " - " in term else 0.0)
            for at in (2, 3)
            for term in _terms(arms)
        }
        found["truth"] = [values[wave, term] for wave, term in zip(found["wave"], found["term"], strict=True)]
        tables.append(found.assign(mechanism=mechanism, dial=dial, spread=1.0, replicate=number))
    return pd.concat(tables, ignore_index=True)


def summarise_waves(found: pd.DataFrame) -> pd.DataFrame:
    """Summarise each wave by itself, in shares (0.01 is one in a hundred)."""
    parts = [summarise(own).assign(wave=wave) for wave, own in found.groupby("wave", sort=False)]
    table = pd.concat(parts, ignore_index=True).replace({"quantity": {"change": "share"}})
    return table[["wave", *(column for column in table if column != "wave")]]


QUANTITIES = ("share", "difference")


def share_table(results: pd.DataFrame) -> str:
    """Write one row a wave, scenario and method: bias, RMSE and coverage of shares and of their differences."""
    lines = [
        "| wave | mechanism | dial | method | share: bias (MC) | RMSE (MC) | coverage (MC) | difference: bias (MC) "
        "| RMSE (MC) | coverage (MC) |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    keys = ["wave", "mechanism", "dial", "method"]
    for (wave, mechanism, dial, method), block in results.groupby(keys, sort=False):
        cells = [cell for name in QUANTITIES for cell in _cells(block[block["quantity"] == name].iloc[0])]
        lines.append(f"| {str(wave).upper()} | {WORDS[mechanism]} | {dial:.1f} | {method} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cells(row: pd.Series) -> tuple[str, str, str]:
    bias, rmse = (
        "" if np.isnan(row[name]) else f"{row[name]:{sign}.3f} ({row[f'{name}_mc']:.3f})"
        for name, sign in (("bias", "+"), ("rmse", ""))
    )
    return bias, rmse, f"{row['coverage']:.2f} ({row['coverage_mc']:.2f})"


def advice_table(results: pd.DataFrame) -> str:
    """Write which methods cover at least nine in ten times, and which have the smallest RMSE, by wave and scenario."""
    lines = [
        "| wave | mechanism | dial | share: smallest RMSE | share: cover at least 90 % | difference: smallest RMSE "
        "| difference: cover at least 90 % |",
        "|---|---|---|---|---|---|---|",
    ]
    for (wave, mechanism, dial), block in results.groupby(["wave", "mechanism", "dial"], sort=False):
        cells = []
        for quantity in QUANTITIES:
            own = block[(block["quantity"] == quantity) & (block["method"] != "bounds")].set_index("method")
            best = own["rmse"].idxmin()
            cover = [str(name) for name in own.index if own.loc[name, "coverage"] >= 0.90]
            cells += [f"{best} ({own.loc[best, 'rmse']:.3f})", "; ".join(cover) or "none"]
        lines.append(f"| {str(wave).upper()} | {WORDS[mechanism]} | {dial:.1f} | {' | '.join(cells)} |")
    return "\n".join(lines)


TABLES = {"shares advice": advice_table, "shares": share_table}


if __name__ == "__main__":
    record(__doc__.splitlines()[0], replicate, summarise_waves, TABLES, kept=KEPT, results=RESULTS)
