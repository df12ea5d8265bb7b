"""The change of one scale under each assumption: complete cases, weights, imputation and its alternatives, bounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from increase_eval.attrition.imputation import impute
from increase_eval.attrition.imputation.result import VisitImputations
from increase_eval.attrition.imputation.strategies import Strategy
from increase_eval.attrition.pooling import pool
from increase_eval.attrition.response_weights import inverse_probability_weights
from increase_eval.attrition.robustness.headlines import Headline
from increase_eval.attrition.weighted import weighted_model
from increase_eval.errors import ConvergenceError, InsufficientDataError
from increase_eval.results import estimate_table

Floats = npt.NDArray[np.float64]
Row = dict[str, Any]

ESTIMATED = "estimated"
FIRST_WAVE, ASKED = "first wave", "everybody asked"
DELTA = 0.25
"""Standard deviations at the first wave by which those who were not seen are worse off, under ``delta``."""
DRAWS = 50
"""Completed tables of imputation with weights."""
NOBODY = "nobody of the arm answered"
REFERENCE: Mapping[str, Strategy] = {"jump_to_reference": "jr", "copy_reference": "cr", "copy_increments": "cir"}


def row(by: str, arm: str, wave: str, **values: Any) -> Row:
    """Give one row; without an estimate it must bring a status."""
    own = {"by_method": by, "by_arm": arm, "wave": wave, "by_population": FIRST_WAVE, "status": ESTIMATED}
    return {**own, **values}


def interval(estimate: float, error: float, df: float, confidence: float) -> Row:
    """Give an estimate with its interval by t."""
    half = float(stats.t.ppf((1 + confidence) / 2, df)) * error if df > 0 else np.nan
    return {
        "estimate": estimate, "std_error": error, "df": df, "conf_low": estimate - half, "conf_high": estimate + half,
    }  # fmt: skip


def complete_cases(headline: Headline) -> Iterator[Row]:
    """Those who answered both waves, as they are."""
    for wave in headline.waves:
        target = headline.target(wave)
        for arm in headline.arms:
            own = target[(headline.arm == arm) & ~np.isnan(target)]
            counts = {"n": len(own), "n_dropped": int((headline.arm == arm).sum()) - len(own)}
            if len(own) < 2:
                yield row("complete_cases", arm, wave, **counts, status=NOBODY)
                continue
            error = float(own.std(ddof=1) / np.sqrt(len(own)))
            found = interval(float(own.mean()), error, len(own) - 1, headline.study.analysis.confidence)
            yield row("complete_cases", arm, wave, **found, **counts, method="mean of those who answered both waves")


def bounds(headline: Headline, limits: tuple[float, float] | None) -> Iterator[Row]:
    """Everybody who did not answer at the lowest, or at the highest, value that there is."""
    for wave in headline.waves if limits is not None else ():
        target, seen = headline.target(wave), ~np.isnan(headline.target(wave))
        for arm in headline.arms:
            own = headline.arm == arm
            for name, end in zip(("bounds_lower", "bounds_upper"), limits or (), strict=True):
                filled = end if headline.is_state else end - headline.first
                mean = float(np.where(seen, target, filled)[own].mean())
                counts = {"n": int((own & seen).sum()), "n_dropped": 0}
                yield row(name, arm, wave, estimate=mean, **counts, method="Manski, on the declared range")


def weighted(headline: Headline) -> Iterator[Row]:
    """Those who answered, weighted by the inverse of their probability of answering the wave."""
    for wave in headline.waves:
        target = headline.target(wave)
        data = headline.people.assign(
            target=target, seen=(~np.isnan(target)).astype(float), base=headline.first, row=np.arange(len(target))
        )
        formula = " + ".join(["seen ~ base", *(["arm"] if len(headline.arms) > 1 else []), *headline.covariates])
        try:
            weights = None
            if data["seen"].min() < 1:
                weights = inverse_probability_weights(formula, data, subject="row")
            for arm in headline.arms:
                yield _weighted_arm(headline, data, weights, arm, wave)
        except (InsufficientDataError, ConvergenceError, ValueError) as error:
            yield from (row("weights", arm, wave, status=str(error)) for arm in headline.arms)


def _weighted_arm(headline: Headline, data: pd.DataFrame, weights: Any, arm: str, wave: str) -> Row:
    own = data.assign(w=1.0 if weights is None else weights.values)
    own["target"] = own["target"].where(own["arm"] == arm)
    fit = weighted_model(
        "target ~ 1", own, weights="w", estimated=weights, confidence=headline.study.analysis.confidence
    )
    columns = ["estimate", "std_error", "df", "conf_low", "conf_high"]
    values = dict(zip(columns, fit.coefficients[columns].to_numpy(dtype=float)[0].tolist(), strict=True))
    counts = {"n": fit.n, "n_dropped": int((data["arm"] == arm).sum()) - fit.n}
    given = ", ".join(["value at the first wave", "arm", *headline.covariates])
    words = f"inverse probability of answering given {given}; errors stacked"
    return row("weights", arm, wave, **values, **counts, method=words)


def imputed(headline: Headline) -> Iterator[Row]:
    """Imputation at random, and what else may be assumed of those who left."""
    long = _long(headline)
    roles: dict[str, Any] = {"outcome": "y", "subject": "row", "visit": "wave", "arm": "arm"}
    worse = -1.0 if getattr(headline.outcome, "direction", None) != "lower_is_better" else 1.0
    first = headline.study.wave_ids[0]
    later = [wave for wave in headline.values if wave != first]
    delta = pd.DataFrame(
        [
            {"wave": wave, "arm": arm, "delta": worse * DELTA * headline.spread}
            for wave in later
            for arm in headline.arms
        ]
    )
    options: dict[str, dict[str, Any]] = {
        "imputation": {},
        "delta": {"delta": delta},
        "return_to_baseline": {"strategy": "return-to-baseline"},
    }
    control = headline.study.head.control_arm
    if control in headline.arms:
        options |= {name: {"strategy": kind, "reference": control} for name, kind in REFERENCE.items()}
    for name, option in options.items():
        try:
            yield from _imputed_rows(headline, name, impute(long, **roles, **option))
        except (InsufficientDataError, ConvergenceError, ValueError) as error:
            yield from (row(name, arm, wave, status=str(error)) for wave in headline.waves for arm in headline.arms)


def _long(headline: Headline) -> pd.DataFrame:
    waves = [wave for wave in headline.study.wave_ids if wave in headline.values]
    parts = [
        pd.DataFrame({"row": np.arange(len(headline.people)), "arm": headline.arm, "wave": w, "y": headline.values[w]})
        for w in waves
    ]
    table = pd.concat(parts, ignore_index=True)
    kinds = {"wave": pd.Categorical(table["wave"], waves), "arm": pd.Categorical(table["arm"], list(headline.arms))}
    return table.assign(**kinds)


def _imputed_rows(headline: Headline, name: str, filled: VisitImputations) -> Iterator[Row]:
    formula = "y ~ 0 + arm" if len(headline.arms) > 1 else "y ~ 1"
    first = headline.study.wave_ids[0]
    table = filled.analyse(formula, confidence=headline.study.analysis.confidence, change_from=first)
    for wave in headline.waves:
        own = table[table["wave"] == wave]
        seen = ~np.isnan(headline.values[wave])
        for arm, found in zip(headline.arms, own.to_dict("records"), strict=True):
            values = {key: found[key] for key in ("estimate", "std_error", "conf_low", "conf_high")}
            counts = {"n": int((seen & (headline.arm == arm)).sum()), "n_dropped": 0}
            yield row(name, arm, wave, **values, **counts, method=f"{filled.description}; {filled.variance}")


def imputed_and_weighted(headline: Headline, rng: np.random.Generator) -> Iterator[Row]:
    """Later waves imputed at random, and the first wave weighted to everybody asked."""
    weights = first_wave_weights(headline)
    try:
        filled = impute(
            _long(headline), outcome="y", subject="row", visit="wave", arm="arm",
            method="approximate-bayes", draws=DRAWS, rng=rng,
        )  # fmt: skip
    except (InsufficientDataError, ConvergenceError, ValueError) as error:
        yield from _nothing(headline, str(error))
        return
    waves = [wave for wave in headline.study.wave_ids if wave in headline.values]
    for wave in headline.waves:
        changes = filled.outcomes[:, :, waves.index(wave)] - headline.first
        yield from pooled_rows(headline, wave, changes, weights)


def _nothing(headline: Headline, status: str) -> Iterator[Row]:
    for wave in headline.waves:
        for arm in headline.arms:
            yield row("imputation_weights", arm, wave, status=status, by_population=ASKED)


def first_wave_weights(headline: Headline) -> Floats:
    """Give those of the first wave weights that stand for everybody asked: 1 where nothing tells them apart."""
    asked = headline.asked
    right = [*(["arm"] if len(headline.arms) > 1 else []), *headline.covariates]
    if asked["first"].min() == 1 or not right:
        return np.ones(len(headline.people))
    data = asked.assign(row=np.arange(len(asked)))
    try:
        found = inverse_probability_weights(f"first ~ {' + '.join(right)}", data, subject="row").values.to_numpy()
    except (InsufficientDataError, ConvergenceError, ValueError):
        return np.ones(len(headline.people))
    return np.asarray(found[asked["first"].to_numpy() == 1], dtype=float)


def pooled_rows(headline: Headline, wave: str, completed: Floats, weights: Floats) -> Iterator[Row]:
    """Pool weighted means of completed tables, (draws, people), arm by arm."""
    seen = ~np.isnan(headline.values[wave])
    for arm in headline.arms:
        own = (headline.arm == arm) & (weights > 0)
        w = weights[own] / weights[own].sum()
        means = completed[:, own] @ w
        gaps = (completed[:, own] - means[:, None]) * w
        count = int(own.sum())
        counts = {"n": int((seen & own).sum()), "n_dropped": int(((headline.arm == arm) & ~own).sum())}
        if count < 2:
            yield row("imputation_weights", arm, wave, **counts, status=NOBODY, by_population=ASKED)
            continue
        found = pool(means, (gaps**2).sum(axis=1) * count / (count - 1), df_complete=count - 1)
        values = interval(found.estimate, found.std_error, found.df, headline.study.analysis.confidence)
        words = f"{len(completed)} imputations at random, first wave weighted to everybody asked; Rubin"
        yield row("imputation_weights", arm, wave, **values, **counts, method=words, by_population=ASKED)


def as_table(headline: Headline, rows: list[Row]) -> pd.DataFrame:
    """Give rows the shape of every estimate table."""
    return estimate_table(rows, outcome=headline.id, term=headline.term)
