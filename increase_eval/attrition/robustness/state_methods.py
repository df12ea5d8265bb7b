"""The share in work under each assumption: as those answered, weighted, imputed, unchanged since the first wave."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from increase_eval.attrition.imputation.chained import impute_chained
from increase_eval.attrition.robustness.headlines import Headline
from increase_eval.attrition.robustness.scale_methods import (
    NOBODY,
    Row,
    first_wave_weights,
    interval,
    pooled_rows,
    row,
)
from increase_eval.comparison import proportion_interval
from increase_eval.errors import ConvergenceError, InsufficientDataError

DRAWS, ITERATIONS = 40, 5


def complete_shares(headline: Headline) -> Iterator[Row]:
    """Those who answered, with Wilson's interval; and the share at the first wave, of everybody here."""
    confidence = headline.study.analysis.confidence
    for wave in headline.waves:
        now = headline.values[wave]
        for arm in headline.arms:
            mine = headline.arm == arm
            for name, values in (("first_wave", headline.first), ("complete_cases", now)):
                own = values[mine & ~np.isnan(values)]
                counts = {"n": len(own), "n_dropped": int(mine.sum()) - len(own)}
                if not len(own):
                    yield row(name, arm, wave, **counts, status=NOBODY)
                    continue
                found = proportion_interval(int(own.sum()), len(own), confidence=confidence)
                p = float(own.mean())
                ends = {"conf_low": found.conf_low, "conf_high": found.conf_high}
                error = float(np.sqrt(p * (1 - p) / len(own)))
                yield row(name, arm, wave, estimate=p, std_error=error, **ends, **counts, method="Wilson interval")


def unchanged(headline: Headline) -> Iterator[Row]:
    """Those who did not answer are as they were at the first wave."""
    for wave in headline.waves:
        now = headline.values[wave]
        filled = np.where(np.isnan(now), headline.first, now)
        for arm in headline.arms:
            own = filled[headline.arm == arm]
            counts = {"n": int((~np.isnan(now) & (headline.arm == arm)).sum()), "n_dropped": 0}
            if len(own) < 2:
                yield row("return_to_baseline", arm, wave, **counts, status=NOBODY)
                continue
            error = float(own.std(ddof=1) / np.sqrt(len(own)))
            found = interval(float(own.mean()), error, len(own) - 1, headline.study.analysis.confidence)
            words = "those who did not answer as at the first wave"
            yield row("return_to_baseline", arm, wave, **found, **counts, method=words)


def imputed_shares(headline: Headline, rng: np.random.Generator) -> Iterator[Row]:
    """Later waves by chained equations at random, as they are and weighted to everybody asked."""
    waves = [wave for wave in headline.study.wave_ids if wave in headline.values]
    columns = {f"state_{number}": headline.values[wave] for number, wave in enumerate(waves)}
    table = pd.DataFrame({**columns, "arm": headline.arm}).join(headline.people[list(headline.covariates)])
    if len(headline.arms) == 1:
        table = table.drop(columns="arm")
    methods = {f"state_{number}": "logit" for number in range(1, len(waves)) if table[f"state_{number}"].isna().any()}
    try:
        filled = [table] * 2
        if methods:
            found = impute_chained(table, methods=methods, draws=DRAWS, iterations=ITERATIONS, rng=rng)
            filled = [found.completed(draw) for draw in range(DRAWS)]
    except (InsufficientDataError, ConvergenceError, ValueError) as error:
        for wave in headline.waves:
            for arm in headline.arms:
                yield row("imputation", arm, wave, status=str(error))
        return
    weights = first_wave_weights(headline)
    for wave in headline.waves:
        states = np.stack([one[f"state_{waves.index(wave)}"].to_numpy(dtype=float) for one in filled])
        for one in pooled_rows(headline, wave, states, np.ones(len(headline.people))):
            words = f"{len(filled)} imputations at random by chained equations; Rubin"
            yield {**one, "by_method": "imputation", "by_population": "first wave", "method": words}
        yield from pooled_rows(headline, wave, states, weights)
