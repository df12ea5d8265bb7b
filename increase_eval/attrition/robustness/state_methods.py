"""The share in the states that count under each assumption that needs no model: as answered, and unchanged since."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from increase_eval.attrition.headlines import Headline
from increase_eval.attrition.robustness.scale_methods import NOBODY, Row, nothing, plain_means, row
from increase_eval.comparison import proportion_interval, two_proportions

NOT_ASKED = "the first wave does not ask it"


def complete_shares(headline: Headline) -> Iterator[Row]:
    """Those who answered, with Wilson's interval (Newcombe's of a difference); and the first wave's share."""
    for wave in headline.waves:
        yield from _counted(headline, "complete_cases", wave, headline.values[wave])
        if headline.has_first:
            for one in _counted(headline, "first_wave", wave, headline.first):
                if one["contrast"] is None:
                    yield one
    if not headline.has_first:
        yield from (one for one in nothing(headline, "first_wave", NOT_ASKED) if one["contrast"] is None)


def _counted(headline: Headline, by: str, wave: str, values: np.ndarray) -> Iterator[Row]:
    confidence = headline.study.analysis.confidence
    known = ~np.isnan(values)
    for group in headline.groups:
        parts = [values[mask & known] for mask in (group.mask, group.less) if mask is not None]
        counts = group.counts(known)
        if not min(map(len, parts)):
            yield row(headline, by, group, wave, **counts, status=NOBODY)
            continue
        tallies = [(int(part.sum()), len(part)) for part in parts]
        shares = [x / n for x, n in tallies]
        error = float(np.sqrt(sum(p * (1 - p) / n for p, (_, n) in zip(shares, tallies, strict=True))))
        if group.less is None:
            found, words = proportion_interval(*tallies[0], confidence=confidence), "Wilson interval"
            ends = {"conf_low": found.conf_low, "conf_high": found.conf_high}
        else:
            gap, words = (
                two_proportions(*tallies[0], *tallies[1], confidence=confidence).difference,
                "Newcombe interval",
            )
            ends = {"conf_low": gap.conf_low, "conf_high": gap.conf_high}
        estimate = shares[0] - sum(shares[1:])
        yield row(headline, by, group, wave, estimate=estimate, std_error=error, **ends, **counts, method=words)


def unchanged(headline: Headline) -> Iterator[Row]:
    """Those who did not answer are as they were at the first wave."""
    if not headline.has_first:
        yield from nothing(headline, "return_to_baseline", NOT_ASKED)
        return
    for wave in headline.waves:
        now = headline.values[wave]
        filled = np.where(np.isnan(now), headline.first, now)
        yield from plain_means(
            headline, "return_to_baseline", wave, filled, "those who did not answer as at the first wave"
        )
