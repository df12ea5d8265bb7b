"""How high are scores by arm and wave, how far did they change, and how do changes differ? Read from fitted models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from increase_eval.comparison.score_models.models import COVARIATE, ESTIMATED, NOT_ESTIMABLE, ScaleModel
from increase_eval.comparison.score_models.rows import ScaleRows
from increase_eval.moments.accumulate import FloatArray
from increase_eval.study import Study

ALL = "all"
POINTS, SD = "points", "sd"
CHANGE, CONTRAST_OF_CHANGES, CONTRAST_OF_MEANS = "change", "difference in change", "difference in means"

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Spread:
    """The pooled standard deviation at the first wave: within arms, on its degrees of freedom."""

    estimate: float
    df: float
    n: int
    wave: str

    @property
    def is_known(self) -> bool:
        """Whether anything can be divided by it."""
        return self.df > 0 and self.estimate > 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """One difference between two arms that the plan asks for: of a change, or of a mean where `since` is None."""

    contrast: str
    first: str
    second: str
    since: str | None
    wave: str

    @property
    def term(self) -> str:
        """What is compared."""
        return CONTRAST_OF_MEANS if self.since is None else CONTRAST_OF_CHANGES


def pooled_spread(data: ScaleRows) -> Spread:
    """Give the standard deviation of scores at the first wave, pooled over arms."""
    first = data.rows[data.rows["wave"] == data.first]
    within = first["score"] - first.groupby("arm", observed=True)["score"].transform("mean")
    df = len(first) - first["arm"].nunique()
    squares = float((within**2).sum())
    # What is left of equal numbers after rounding is no spread.
    size = float(first["score"].abs().max()) if len(first) else 0.0
    spread = np.sqrt(squares / df) if df > 0 and squares > (1e-10 * size) ** 2 * len(first) else 0.0
    return Spread(float(spread), float(max(df, 0)), len(first), data.first)


def mean_rows(study: Study, model: ScaleModel) -> Iterator[Row]:
    """Give the mean of every arm, and of everybody, at every wave that asked."""
    waves = model.data.asked[1:] if model.name == COVARIATE else model.data.asked
    cells = [(wave, arm) for wave in waves for arm in _arms(study)]
    found = model.estimates([model.mean(arm, wave) for wave, arm in cells], study.analysis.confidence)
    for (wave, arm), row in zip(cells, found, strict=True):
        # That a mean is not zero is no question anybody asked.
        told = {name: value for name, value in row.items() if name not in ("statistic", "p_value")}
        yield {"term": "mean", "wave": wave, "by_arm": arm, **told, **_counts(model, wave, arm)}


def spread_row(spread: Spread) -> Row:
    """Give the standard deviation that effects are divided by."""
    known = {
        "estimate": spread.estimate,
        "std_error": spread.estimate / np.sqrt(2 * max(spread.df, 1)),
        "df": spread.df,
        "status": ESTIMATED,
    }
    row = known if spread.is_known else {"status": NOT_ESTIMABLE}
    method = "standard deviation within arms, pooled, divisor n less the number of arms"
    return {"term": "pooled sd", "wave": spread.wave, "by_arm": ALL, "n": spread.n, **row, "method": method}


def change_rows(study: Study, model: ScaleModel, spread: Spread) -> Iterator[Row]:
    """Give the change of every arm, and of everybody, from the first wave (and others that the plan asks for)."""
    pairs = change_pairs(study, model.data)
    cells = [(pair, arm) for pair in pairs for arm in _arms(study)]
    functions = [_change(model, arm, *pair) for pair, arm in cells]
    found = model.estimates(functions, study.analysis.confidence)
    for ((since, wave), arm), row in zip(cells, found, strict=True):
        if model.name == COVARIATE and row["status"] == ESTIMATED:
            row = _less(row, model.reference)
        labels = {"term": CHANGE, "contrast": f"{since} -> {wave}", "wave": wave, "by_arm": arm}
        yield from in_both_units({**labels, **row, **_counts(model, wave, arm)}, spread)


def contrast_rows(study: Study, model: ScaleModel, spread: Spread) -> Iterator[Row]:
    """Give every comparison of two arms that the plan declares, unadjusted for how many there are."""
    wanted = comparisons(study, model.data, conditional=model.name == COVARIATE)
    found = model.estimates([difference(model, one) for one in wanted], study.analysis.confidence)
    for one, row in zip(wanted, found, strict=True):
        labels = {"term": one.term, "contrast": one.contrast, "wave": one.wave, "by_since": one.since}
        yield from in_both_units({**labels, **row, **_counts(model, one.wave, one.first, one.second)}, spread)


def comparisons(study: Study, data: ScaleRows, *, conditional: bool = False) -> list[Comparison]:
    """List the differences that the plan's contrasts ask of a scale.

    Of changes between the first wave and each later one, and between others that an estimand names; of means where an
    estimand names a mean, and where only one wave asked the scale. With T1 as a covariate (`conditional`), a
    difference at a wave is both, and changes start from the first wave alone.
    """
    means = {e.wave for e in study.analysis.estimands if e.outcome == data.scale and e.summary == "mean"}
    alone = set(data.asked) if len(data.asked) == 1 else set()
    moments: list[tuple[str | None, str]] = list(change_pairs(study, data))
    moments += [(None, wave) for wave in data.asked if wave in means | alone]
    if conditional:
        moments = [(since, wave) for since, wave in moments if wave != data.asked[0] and since in (None, data.asked[0])]
    return [
        Comparison(contrast.id, contrast.first, contrast.second, since, wave)
        for contrast in study.analysis.contrasts
        for since, wave in moments
    ]


def change_pairs(study: Study, data: ScaleRows) -> list[tuple[str, str]]:
    """List the pairs of waves between which changes are told: from the first, and those that estimands name."""
    first, later = data.asked[0], data.asked[1:]
    named = [
        (e.since, e.wave)
        for e in study.analysis.estimands
        if e.outcome == data.scale and e.since in data.asked and e.wave in data.asked
    ]
    pairs = [*((first, wave) for wave in later), *((since, wave) for since, wave in named if since is not None)]
    return list(dict.fromkeys(pairs))


def difference(model: ScaleModel, one: Comparison) -> FloatArray | None:
    """Give the linear function behind a comparison: the second arm less the first."""
    parts = [
        model.mean(arm, one.wave)
        if one.since is None or model.name == COVARIATE
        else _change(model, arm, one.since, one.wave)
        for arm in (one.first, one.second)
    ]
    return None if parts[0] is None or parts[1] is None else parts[1] - parts[0]


def in_both_units(row: Row, spread: Spread) -> Iterator[Row]:
    """Give a row in points, and in standard deviations of the first wave, whose interval counts them as estimated.

    Notes
    -----
    For d = b / s with s on v degrees of freedom, independent of b: var(d) = var(b) / s^2 + d^2 / (2 v), and the
    interval takes the t quantile of b. Statistic and p value are those of b: that an effect is zero does not depend on
    its unit.
    """
    yield {**row, "by_unit": POINTS}
    if row["status"] != ESTIMATED or not spread.is_known:
        kept = {name: value for name, value in row.items() if name not in _NUMBERS}
        yield {**kept, "by_unit": SD, "status": NOT_ESTIMABLE}
        return
    effect, error = row["estimate"] / spread.estimate, row["std_error"] / spread.estimate
    reach = (row["conf_high"] - row["estimate"]) / row["std_error"] if row["std_error"] > 0 else 0.0
    counted = float(np.sqrt(error**2 + effect**2 / (2 * spread.df)))
    limits = {"conf_low": effect - reach * counted, "conf_high": effect + reach * counted}
    words = f"{row['method']}, divided by the pooled standard deviation at {spread.wave}"
    yield {**row, "by_unit": SD, "estimate": effect, "std_error": counted, **limits, "method": words}


_NUMBERS = ("estimate", "std_error", "statistic", "df", "p_value", "conf_low", "conf_high")


def _change(model: ScaleModel, arm: str, since: str, wave: str) -> FloatArray | None:
    after = model.mean(arm, wave)
    if model.name == COVARIATE:
        # The first wave is held at its mean, which is taken away afterwards.
        return after if since == model.data.first else None
    before = model.mean(arm, since)
    return None if before is None or after is None else after - before


def _less(row: Mapping[str, Any], reference: float) -> Row:
    """Take a known number away from an estimate, its interval and its test."""
    moved = {name: row[name] - reference for name in ("estimate", "conf_low", "conf_high")}
    statistic = moved["estimate"] / row["std_error"] if row["std_error"] > 0 else float("nan")
    return {
        **row,
        **moved,
        "statistic": statistic,
        "p_value": float(2 * stats.t.sf(abs(statistic), row["df"])),
    }


def _counts(model: ScaleModel, wave: str, *arms: str) -> Row:
    return {"n": model.count(wave, *arms), "n_dropped": model.dropped(wave, *arms), "method": model.method}


def _arms(study: Study) -> Sequence[str]:
    return (ALL, *study.arm_ids) if len(study.arm_ids) > 1 else (ALL,)


def as_frame(rows: Sequence[Row], columns: Sequence[str]) -> pd.DataFrame:
    """Make a frame that has its columns also where it has no row."""
    return pd.DataFrame(list(rows)) if rows else pd.DataFrame(columns=list(columns))
