"""How far from random must those who left have been for each headline to change? Scales, waves, arms and contrasts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from increase_eval.attrition.imputed_scales.changes import NOT_ESTIMABLE, combinations_of
from increase_eval.attrition.imputed_scales.scale import RANDOM, ImputedScale
from increase_eval.attrition.tipping.conclusion import Conclusion, Numbers
from increase_eval.attrition.tipping.response import LinearResponse
from increase_eval.attrition.tipping.search import contour_points, tips
from increase_eval.moments.accumulate import FloatArray
from increase_eval.results import estimate_table
from increase_eval.study import Study

INCREASE, DECREASE, UNCLEAR = "increase", "decrease", "unclear"
VERDICTS = {
    INCREASE: "conf_low > 0",
    DECREASE: "conf_high < 0",
    UNCLEAR: "conf_low <= 0 and conf_high >= 0",
}
"""What is concluded of a change, and the rule that must hold for it."""
RANGE_SD = 4.0
"""Deltas are looked for up to so many standard deviations of the first wave: nobody believes more."""
STEPS = 81
ESTIMATED, NEVER, NOTHING = "estimated", "never in the range", "nothing is imputed"
TIPPING, CONTOUR = "tipping delta", "contour"
POINTS, SD = "points", "sd"
BY = {"by_arm": "", "by_direction": "", "by_unit": ""}


@dataclass(frozen=True, slots=True, eq=False)
class TippingTables:
    """Estimate tables whose estimates are deltas.

    Attributes
    ----------
    points
        ``term`` ``tipping delta``: of each change (``contrast`` ``first -> later``, ``by_arm`` the arm whose imputed
        scores move) and each declared contrast (``contrast`` its id, ``by_arm`` the arm that moves), ``by_direction``
        ``below`` or ``above``, ``by_unit`` ``points`` or ``sd``; ``verdict`` what is concluded at random; ``status``
        ``estimated``, ``never in the range``, ``nothing is imputed`` or ``not estimable``.
    contours
        ``term`` ``contour``: points at which the verdict of each declared contrast changes, each of its arms having a
        delta of its own: ``by_delta_first`` the first arm's, in points, the estimate the second's; ``by_verdict`` the
        verdict whose border it is.
    """

    points: pd.DataFrame
    contours: pd.DataFrame


def tipping_tables(study: Study, scales: list[ImputedScale]) -> TippingTables:
    """Tabulate tipping points of every scale: which departure from random would change what is concluded?

    Parameters
    ----------
    study
        Arms, contrasts and confidence.
    scales
        The scales, imputed.

    Returns
    -------
    TippingTables
        `points` and `contours`.

    Notes
    -----
    Conditional means at random with jackknife errors: the roots are exact (see :func:`.tipping_point`).
    """
    points = [row for scale in scales for row in _points(study, scale)]
    contrasts = study.analysis.contrasts
    contours = [row for scale in scales if scale.filled and contrasts for row in _contours(study, scale)]
    return TippingTables(
        estimate_table(_with_columns(points, (*BY, "status", "verdict"))),
        estimate_table(pd.DataFrame(contours)) if contours else estimate_table([], by_delta_first="", by_verdict=""),
    )


def _with_columns(rows: Iterable[dict[str, Any]], columns: Iterable[str]) -> pd.DataFrame:
    """Give rows as a table that has the columns also where none of them can be estimated."""
    table = pd.DataFrame(list(rows))
    return table.reindex(columns=[*table.columns, *(name for name in columns if name not in table)])


def verdict_of(numbers: Numbers) -> str:
    """Say what is concluded of a change with its interval."""
    return next(name for name, rule in VERDICTS.items() if Conclusion(rule).holds(numbers))


def _points(study: Study, scale: ImputedScale) -> Iterator[dict[str, Any]]:
    arms = scale.arms or scale.data.arms
    for wave in scale.later:
        moved = scale.moved(wave) if scale.filled else {}
        for label, weights in combinations_of(study, arms):
            involved = [arm for arm, weight in zip(arms, weights, strict=True) if weight]
            contrast = label.get("contrast", f"{scale.data.first} -> {wave}")
            for arm in involved:
                common = {
                    "outcome": scale.data.scale,
                    "term": TIPPING,
                    "contrast": contrast,
                    "wave": wave,
                    "by_arm": arm,
                }
                if not scale.filled:
                    yield {**common, **_nothing(f"not imputed: {scale.reason}"), "n": 0, "status": NOT_ESTIMABLE}
                    continue
                n = sum(scale.n[one] for one in involved)
                dial = np.array([[float(one == arm) for one in arms]])
                response = scale.spread(RANDOM, wave).response(weights, dial, study.analysis.confidence)
                method = f"{scale.filled[RANDOM].description}, delta of {arm} where the verdict changes"
                for row in _tips(response, scale.sd, moved[arm]):
                    yield {**common, "n": n, "method": method, **row}


def _nothing(method: str) -> dict[str, Any]:
    return {"by_direction": "below", "by_unit": POINTS, "method": method}


def _tips(response: LinearResponse, sd: float, moved: int) -> Iterator[dict[str, Any]]:
    """Give the rows of one headline and arm: both directions, both units."""
    numbers = response.at(np.zeros(1))
    if not np.isfinite(numbers["std_error"]):
        yield {"by_direction": "below", "by_unit": POINTS, "status": NOT_ESTIMABLE}
        return
    verdict = verdict_of(numbers)
    places = tips(response, Conclusion(VERDICTS[verdict]), grid_of(sd)) if moved else np.zeros(0)
    sides = {"below": -np.sort(-places[places < 0]), "above": np.sort(places[places >= 0])}
    for direction, some in sides.items():
        status = ESTIMATED if some.size else NEVER if moved else NOTHING
        for unit, size in ((POINTS, 1.0), (SD, sd)):
            found = {"estimate": float(some[0]) / size} if some.size else {}
            yield {"by_direction": direction, "by_unit": unit, "verdict": verdict, "status": status, **found}


def grid_of(sd: float) -> FloatArray:
    """Give the deltas that are looked at, in points."""
    return np.linspace(-RANGE_SD * sd, RANGE_SD * sd, STEPS)


def _contours(study: Study, scale: ImputedScale) -> Iterator[dict[str, Any]]:
    for wave in scale.later:
        moved = scale.moved(wave)
        for label, weights in combinations_of(study, scale.arms):
            if "contrast" not in label:
                continue
            first, second = int(np.flatnonzero(weights < 0)[0]), int(np.flatnonzero(weights > 0)[0])
            if not moved[scale.arms[second]]:
                continue
            dials = np.eye(len(scale.arms))[[first, second]]
            response = scale.spread(RANDOM, wave).response(weights, dials, study.analysis.confidence)
            if not np.isfinite(response.within).all():
                continue
            n = scale.n[scale.arms[first]] + scale.n[scale.arms[second]]
            for verdict in (INCREASE, DECREASE):
                rule, grid = Conclusion(VERDICTS[verdict]), grid_of(scale.sd)
                for one, other in contour_points(response, rule, grid[::4], grid):
                    yield {
                        "outcome": scale.data.scale, "term": CONTOUR, "contrast": label["contrast"], "wave": wave,
                        "by_delta_first": f"{one:.6g}", "by_verdict": verdict, "estimate": float(other), "n": n,
                        "method": scale.filled[RANDOM].description,
                    }  # fmt: skip
