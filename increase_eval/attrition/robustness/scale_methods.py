"""The change of one scale under each assumption: complete cases, weights, imputation and its alternatives, bounds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from increase_eval.attrition.headlines import ASKED, DIFFERENCES, Group, Headline, first_wave_weights
from increase_eval.attrition.imputed_scales.draws import DRAW
from increase_eval.attrition.pooling import pool_means
from increase_eval.attrition.response_weights import inverse_probability_weights
from increase_eval.attrition.weighted import weighted_model
from increase_eval.errors import ConvergenceError, InsufficientDataError
from increase_eval.results import estimate_table

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]
Row = dict[str, Any]

ESTIMATED = "estimated"
NOBODY = "nobody of the arm answered"
NO_DRAWS = "nothing could be drawn"


def row(headline: Headline, by: str, group: Group, wave: str, **values: Any) -> Row:
    """Give one row; without an estimate it must bring a status."""
    own: Row = {
        "term": headline.term, "contrast": group.contrast, "wave": wave,
        "by_method": by, "by_arm": group.by_arm, "by_population": headline.population, "status": ESTIMATED,
    }  # fmt: skip
    if group.contrast is not None:
        own["term"] = DIFFERENCES[headline.term]
    return {**own, **values}


def interval(estimate: float, error: float, df: float, confidence: float) -> Row:
    """Give an estimate with its interval by t."""
    half = float(stats.t.ppf((1 + confidence) / 2, df)) * error if df > 0 else np.nan
    return {
        "estimate": estimate, "std_error": error, "df": df, "conf_low": estimate - half, "conf_high": estimate + half,
    }  # fmt: skip


def plain_means(headline: Headline, by: str, wave: str, target: Floats, words: str) -> Iterator[Row]:
    """Give means of those with a value, and their differences by Welch; ``n`` are those who answered the wave."""
    known, answered = ~np.isnan(target), ~np.isnan(headline.values[wave])
    for group in headline.groups:
        parts = [target[mask & known] for mask in (group.mask, group.less) if mask is not None]
        counts = group.counts(answered)
        if min(map(len, parts)) < 2:
            yield row(headline, by, group, wave, **counts, status=NOBODY)
            continue
        means, shares = [float(part.mean()) for part in parts], [float(part.var(ddof=1)) / len(part) for part in parts]
        total = sum(shares)
        free = sum(share**2 / (len(part) - 1) for share, part in zip(shares, parts, strict=True))
        df = total**2 / free if free > 0 else float(sum(map(len, parts)) - len(parts))
        found = interval(means[0] - sum(means[1:]), total**0.5, df, headline.study.analysis.confidence)
        yield row(headline, by, group, wave, **found, **counts, method=words + (", Welch" if len(parts) > 1 else ""))


def complete_cases(headline: Headline) -> Iterator[Row]:
    """Those who answered both waves, as they are."""
    for wave in headline.waves:
        words = "mean of those who answered both waves"
        yield from plain_means(headline, "complete_cases", wave, headline.target(wave), words)


def bounds(headline: Headline, limits: tuple[float, float] | None) -> Iterator[Row]:
    """Everybody who did not answer at the lowest, or at the highest, value that there is."""
    for wave in headline.waves if limits is not None else ():
        target, seen = headline.target(wave), ~np.isnan(headline.target(wave))
        ends = [np.where(seen, target, end if headline.is_state else end - headline.first) for end in limits or ()]
        for group in headline.groups:
            for name, own, other in (("bounds_lower", 0, 1), ("bounds_upper", 1, 0)):
                mean = float(ends[own][group.mask].mean())
                mean -= 0.0 if group.less is None else float(ends[other][group.less].mean())
                words = "Manski, on the declared range"
                yield row(headline, name, group, wave, estimate=mean, **group.counts(seen), method=words)


def weighted(headline: Headline) -> Iterator[Row]:
    """Those who answered, weighted by the inverse of their probability of answering the wave."""
    base = ["base"] if headline.has_first else []
    right = [*base, *(["arm"] if len(headline.arms) > 1 else []), *headline.covariates]
    for wave in headline.waves:
        target = headline.target(wave)
        data = headline.people.assign(
            target=target, seen=(~np.isnan(target)).astype(float), base=headline.first, row=np.arange(len(target))
        )
        try:
            weights = None
            if data["seen"].min() < 1:
                weights = inverse_probability_weights(f"seen ~ {' + '.join(right) or '1'}", data, subject="row")
            for group in headline.groups:
                yield _weighted_group(headline, data, weights, group, wave)
        except (InsufficientDataError, ConvergenceError, ValueError) as error:
            yield from (row(headline, "weights", group, wave, status=str(error)) for group in headline.groups)


def _weighted_group(headline: Headline, data: pd.DataFrame, weights: Any, group: Group, wave: str) -> Row:
    own = data.assign(w=1.0 if weights is None else weights.values, second=group.mask.astype(float))
    own["target"] = own["target"].where(group.who)
    formula = "target ~ 1" if group.less is None else "target ~ second"
    fit = weighted_model(formula, own, weights="w", estimated=weights, confidence=headline.study.analysis.confidence)
    columns = ["estimate", "std_error", "df", "conf_low", "conf_high"]
    values = dict(zip(columns, fit.coefficients[columns].to_numpy(dtype=float)[-1].tolist(), strict=True))
    first = ["value at the first wave"] if headline.has_first else []
    given = ", ".join([*first, "arm", *headline.covariates])
    words = f"inverse probability of answering given {given}; errors stacked"
    return row(headline, "weights", group, wave, **values, **group.counts(data["seen"].to_numpy() == 1), method=words)


def imputed_and_weighted(headline: Headline, draws: pd.DataFrame | None) -> Iterator[Row]:
    """Draws of later waves at random, with the first wave weighted to everybody asked."""
    columns = [] if draws is None else [str(name) for name in draws if str(name).startswith(DRAW)]
    if not columns and any(np.isnan(headline.values[wave]).any() for wave in headline.waves):
        yield from nothing(headline, "imputation_weights", NO_DRAWS)
        return
    weights = first_wave_weights(headline)
    for wave in headline.waves:
        completed = np.tile(headline.values[wave], (max(len(columns), 2), 1))
        if draws is not None and columns:
            own = draws[draws["wave"] == wave].set_index("participant")[columns]
            missing = np.isnan(headline.values[wave])
            completed[:, missing] = own.reindex(headline.people["participant"][missing]).to_numpy(dtype=float).T
        words = f"{len(completed)} imputations at random, first wave weighted to everybody asked; Rubin"
        # Those who lack a covariate have no draws: they are left out.
        known = ~np.isnan(completed).any(axis=0)
        completed = np.where(known, completed, 0.0) - headline.first
        found = pooled_rows(headline, "imputation_weights", wave, completed, np.where(known, weights, 0.0), words)
        yield from ({**one, "by_population": ASKED} for one in found)


def nothing(headline: Headline, by: str, status: str) -> Iterator[Row]:
    """Give rows without a number."""
    for wave in headline.waves:
        for group in headline.groups:
            yield row(headline, by, group, wave, status=status, **group.counts(~np.isnan(headline.values[wave])))


def pooled_rows(
    headline: Headline, by: str, wave: str, completed: Floats, weights: Floats, words: str
) -> Iterator[Row]:
    """Pool weighted means of completed tables, (draws, people), and their differences, by Rubin's rules."""
    seen = ~np.isnan(headline.values[wave])
    for group in headline.groups:
        masks = [mask & (weights > 0) for mask in (group.mask, group.less) if mask is not None]
        counts = group.counts(seen & (weights > 0))
        if min(int(mask.sum()) for mask in masks) < 2:
            yield row(headline, by, group, wave, **counts, status=NOBODY)
            continue
        try:
            found = pool_means(completed, weights, masks)
        except InsufficientDataError as error:
            yield row(headline, by, group, wave, **counts, status=str(error))
            continue
        values = interval(found.estimate, found.std_error, found.df, headline.study.analysis.confidence)
        yield row(headline, by, group, wave, **values, **counts, method=words)


def as_table(headline: Headline, rows: list[Row]) -> pd.DataFrame:
    """Give rows the shape of every estimate table."""
    return estimate_table(rows, outcome=headline.id)
