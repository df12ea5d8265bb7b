"""What do the weights of a study do? Person-level weights, what they cost, and what they balance, as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.attrition.leaver_tables import join_small
from increase_eval.attrition.population import AskedPeople
from increase_eval.attrition.weighting import IPW, NONE, OK, WEIGHTINGS, WaveWeights
from increase_eval.results import estimate_table

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

PERCENTILES = (10, 25, 50, 75, 90)
LEAST_BEYOND = 10
"""People beyond a percentile, on its thinner side: fewer, and it would be the value of one of a few."""


def response_weights_table(people: AskedPeople, weights: Sequence[WaveWeights]) -> pd.DataFrame:
    """Give every weight above nought: ``participant, wave, weighting, weight``; a table of people, which stays inside.

    Weights of a wave and weighting are scaled to a mean of 1 among those who have one.
    """
    frames = []
    for own in weights:
        for name in WEIGHTINGS:
            used = own.values[name] > 0
            values = own.values[name][used]
            who = people.data.loc[used, "participant"].to_numpy()
            scaled = values / values.mean() if len(values) else values
            frames.append(pd.DataFrame({"participant": who, "wave": own.wave, "weighting": name, "weight": scaled}))
    table = pd.concat(frames, ignore_index=True)
    return table.astype({"participant": "string", "wave": "string", "weighting": "string", "weight": "float64"})


def weight_diagnostics(weights: Sequence[WaveWeights]) -> pd.DataFrame:
    """Give what the weights cost: effective sample sizes, design effects, largest weights.

    Returns
    -------
    DataFrame
        Estimate table with ``by_weights``: term ``effective_sample_size``, ``design_effect`` (people over effective
        size), ``largest_weight`` (over the mean).
        ``n`` those with a weight; ``n_dropped`` those who answered and have none; ``status`` why there are no
        weights, or what a reader must know of them.
    """
    rows = [row for own in weights for name in WEIGHTINGS for row in _diagnostics(own, name)]
    return estimate_table(rows, outcome="weights", method="Kish")


def _diagnostics(own: WaveWeights, name: str) -> Iterator[dict[str, Any]]:
    used = own.values[name] > 0
    ends = {
        "wave": own.wave,
        "by_weights": name,
        "n": int(used.sum()),
        "n_dropped": int((own.answered & ~used).sum()),
        "status": "; ".join(own.notes.get(name, ())) or OK if own.status[name] == OK else own.status[name],
    }
    if own.status[name] != OK:
        yield {"term": "effective_sample_size", **ends}
        return
    size = own.effective_size(name)
    yield {"term": "effective_sample_size", "estimate": size, **ends}
    yield {"term": "design_effect", "estimate": used.sum() / size, **ends}
    yield {"term": "largest_weight", "estimate": own.largest(name), **ends}


def _step_chance(own: WaveWeights, number: int, n: int) -> Floats:
    """Give the probabilities of one step: those its model fitted, 1 where everybody at risk answered."""
    rows = slice(number * n, (number + 1) * n)
    chance = np.full(n, np.nan)
    at_risk = (
        np.ones(n, dtype=bool) if number == 0 else own.steps["answered"].to_numpy()[rows.start - n : rows.start] == 1
    )
    chance[at_risk] = 1.0
    for step in own.model.steps if own.model is not None else ():
        inside = step.rows[rows]
        if inside.any() and not step.rows[: rows.start].any():
            chance[inside] = step.fitted
    return chance


def answering_chances(weights: Sequence[WaveWeights]) -> pd.DataFrame:
    """Do those who answered and those who did not overlap in the probability of answering that the model gives them?

    Returns
    -------
    DataFrame
        Estimate table: outcome ``probability``, term a percentile (:data:`PERCENTILES`), ``by_answered`` ``yes`` or
        ``no``, wave, n the people of that side who were at risk at the wave (answered the first wave, where the wave
        is a later one). A percentile beyond which fewer than :data:`LEAST_BEYOND` people lie is missing.
    """
    rows = [row for own in weights if own.status[IPW] == OK for row in _percentiles(own)]
    empty = estimate_table([], by_answered="", status="")
    return estimate_table(rows, outcome="probability", method="percentile") if rows else empty


def _percentiles(own: WaveWeights) -> Iterator[dict[str, Any]]:
    n = len(own.answered)
    last = _step_chance(own, len(own.steps) // n - 1, n)
    for side, inside in (("yes", own.answered & ~np.isnan(last)), ("no", ~own.answered & ~np.isnan(last))):
        values = last[inside]
        for percentile in PERCENTILES:
            enough = min(percentile, 100 - percentile) / 100 * len(values) >= LEAST_BEYOND
            where = {"term": f"p{percentile}", "wave": own.wave, "by_answered": side, "n": len(values)}
            if enough:
                yield {**where, "estimate": float(np.quantile(values, percentile / 100)), "status": OK}
            else:
                yield {**where, "status": "too few people"}


def weight_balance(people: AskedPeople, weights: Sequence[WaveWeights], *, least: int = 1) -> pd.DataFrame:
    """How far do those who answered lie from all who were asked, before and after weighting?

    Parameters
    ----------
    people, weights
        Everybody asked, and the weights of each wave.
    least
        Categories that fewer people have, among those who answered or among the others, are compared together.

    Returns
    -------
    DataFrame
        Estimate table: outcome the covariate, term ``mean`` or the category, contrast ``answered - asked``,
        ``by_weights``, estimate the difference in standard deviations of those asked. What the register holds is
        compared with everybody asked, what the first wave measured with those who answered it (under the same
        weighting of the first wave). n the people with a weight whose value is known.
    """
    first = weights[0] if weights else None
    rows = [
        row
        for own in weights
        for name in WEIGHTINGS
        if own.status[name] == OK and first is not None
        for row in _balance(people, own, first, name, least)
    ]
    if not rows:
        return estimate_table([], by_weights="", status="")
    return estimate_table(rows, contrast="answered - asked", method="standardised difference")


def _balance(
    people: AskedPeople, own: WaveWeights, first: WaveWeights, name: str, least: int
) -> Iterator[dict[str, Any]]:
    everybody = np.ones(len(own.answered))
    base = first.values[name] if first.status[name] == OK else first.values[NONE]
    columns = [(column, everybody) for column in ("arm", *people.register)]
    columns += [(column, base) for column in people.baseline] if own.wave != people.waves[0] else []
    for column, reference in columns:
        values = people.data[column]
        known = values.notna().to_numpy(dtype=bool)
        if column in people.categorical or column == "arm":
            asked = reference > 0
            values = values.where(asked)
            known = known & asked
            values = values.where(~asked, join_small(values[asked], own.answered[asked], least))
            levels = sorted(values.dropna().unique().tolist(), key=str)
            sides = {str(level): (values == level).to_numpy(dtype=float) for level in levels} if len(levels) > 1 else {}
        else:
            sides = {"mean": values.to_numpy(dtype=float)}
        for term, numbers in sides.items():
            gap = _standardised_gap(numbers[known], own.values[name][known], reference[known])
            n = int((own.values[name][known] > 0).sum())
            where = {"outcome": column, "term": term, "wave": own.wave, "by_weights": name}
            yield {**where, "estimate": gap, "n": n, "status": OK if np.isfinite(gap) else "no variance"}


def _standardised_gap(values: Floats, weights: Floats, reference: Floats) -> float:
    if not weights.sum() or not reference.sum():
        return np.nan
    centre = float(np.average(values, weights=reference))
    spread = float(np.sqrt(np.average((values - centre) ** 2, weights=reference)))
    gap = float(np.average(values, weights=weights)) - centre
    return gap / spread if spread > 1e-12 * max(1.0, abs(centre)) else np.nan
