"""How far from missing at random must those who left have been for a conclusion to change?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from increase_eval.attrition.imputation.base import Imputations
from increase_eval.attrition.tipping.cases import Case, read_cases
from increase_eval.attrition.tipping.conclusion import Conclusion, Rule, read_conclusion
from increase_eval.attrition.tipping.dials import Dials
from increase_eval.attrition.tipping.search import contour_points, tips
from increase_eval.comparison.repeated import MmrmFit
from increase_eval.moments.accumulate import FloatArray
from increase_eval.results import estimate_table

NUMBERS = ("estimate", "std_error", "conf_low", "conf_high")
POINTS, LOG_ODDS = "points", "log odds"


@dataclass(frozen=True, slots=True, eq=False)
class TippingPoint:
    """The smallest departures from missing at random at which a conclusion changes.

    Attributes
    ----------
    conclusion, by
        What was asked.
    unit
        ``points`` of the outcome, or ``log odds`` of the states.
    table
        DataFrame, one row a visit and direction (``below`` and ``above`` nought): visit, by, direction, holds (at
        random), delta, delta_sd, the estimate, std_error, conf_low and conf_high there, n_moved, status (``tips``,
        ``never in the range``, ``nothing is imputed``). With two dials one row a visit: delta_first, delta_second,
        their delta_sd_*, distance (the smallest from nought) and gap (the smallest difference of the two).
    curve
        DataFrame: visit, delta, estimate, std_error, conf_low, conf_high, holds over the grid; empty with two dials.
    contour
        DataFrame: visit, delta_first, delta_second where the conclusion changes; empty with one dial.
    outcome, method
        The column, and how departures were made.
    """

    conclusion: Conclusion
    by: tuple[str, ...]
    unit: str
    table: pd.DataFrame
    curve: pd.DataFrame
    contour: pd.DataFrame
    outcome: str
    method: str
    cases: tuple[Case, ...] = field(repr=False, default=())

    def to_frame(self) -> pd.DataFrame:
        """Give the tipping deltas as an estimate table: the estimate is a delta, in ``unit``."""
        columns = ["delta"] if "delta" in self.table else ["delta_first", "delta_second"]
        rows = [
            {
                "wave": str(row["visit"]),
                "term": f"tipping delta, {self.unit}",
                "contrast": label,
                "estimate": row[column],
                "n": row["n_moved"],
                "by_direction": row.get("direction", "nearest"),
                "status": row["status"],
            }
            for _, row in self.table.iterrows()
            for column, label in zip(columns, self.by, strict=True)
        ]
        return estimate_table(rows, outcome=self.outcome, method=self.method)


def tipping_point(
    imputations_or_fit: Imputations | MmrmFit,
    *,
    conclusion: Conclusion | Rule,
    deltas: Sequence[float] | Mapping[Any, Sequence[float]],
    by: Any = "all",
) -> TippingPoint:
    """How far from missing at random must those who left have been for a conclusion to change?

    Parameters
    ----------
    imputations_or_fit
        From :func:`impute` (conditional mean or draws), :func:`impute_chained`, or :func:`.fit_mmrm`.
    conclusion
        A :class:`Conclusion`; or its rule: ``"conf_low > 0"``, ``"difference > 2 and p_value < 0.05"``, after
        ``"term at visit: "`` if need be, such as ``"arm[T.new] at T3: conf_low > 0"``; or a function of a mapping of
        estimate, std_error, df, statistic, p_value, conf_low and conf_high that gives True or False.
    deltas
        The range to look in, as a sequence of values (a pair is enough where an estimate is linear in delta); with two
        dials, also a mapping of each arm to its own. Nought is added.
    by
        Whose imputed values move: ``"all"``, an arm, or two arms by a dial each. Chained equations have no arm: then a
        mapping such as ``{"arm": "new"}`` or ``{"arm": ("old", "new")}``.

    Returns
    -------
    TippingPoint
        ``table``, ``curve`` and ``contour``.

    Raises
    ------
    ValueError
        If the conclusion, deltas or dials cannot be read, or do not fit the imputations.
    TypeError
        If imputations_or_fit is of another kind.
    InsufficientDataError
        If the analysis cannot be made.

    Notes
    -----
    Delta is added to the imputed outcomes of the visit (gaps included), other visits staying as they are; those that
    ``impute(delta=)`` moved already move further. Regressions are linear in the outcome, so that the estimate is
    e + s'd and, with the jackknife, its variance (1, d)'C(1, d), C the jackknife covariance of estimate and slopes;
    with draws the mean residual covariance takes the place of C, and Rubin's between-draws term is added. So the
    tipping point is the root of a linear or quadratic equation (estimate, and normal intervals), or found by halving
    between points of the grid (intervals of Student's t, functions).

    About a repeated-measures fit: an arm's mean moves by delta times the share of its people who miss the visit, with
    the binomial variance of that share.

    Outcomes with levels, from chained equations: the log odds of the conclusion's states move by delta for those
    imputed, whose levels are drawn again with the same random numbers; the point is then known up to one person in one
    draw.

    ``delta_sd`` is delta over the standard deviation of the outcome at the first visit (observed values; of a fit, its
    covariance).

    References
    ----------
    Ratitch B, O'Kelly M, Tosiello R (2013). Missing data in clinical trials: from clinical assumptions to statistical
    analysis using pattern mixture models. doi:10.1002/pst.1549
    Liublinska V, Rubin DB (2014). Sensitivity analysis for a partially missing binary outcome. doi:10.1002/sim.6197

    Checked against
    ---------------
    ``impute(delta=)`` at each delta, and ``mi_rbmi_condmean_AC_mar_delta`` (R rbmi 1.3.1).

    Examples
    --------
    >>> from increase_eval.attrition import impute
    >>> rng = np.random.default_rng(1)
    >>> people = pd.DataFrame({"id": range(80), "arm": ["old", "new"] * 40})
    >>> long = people.merge(pd.DataFrame({"visit": ["T2", "T3"]}), how="cross")
    >>> long["score"] = 50 + 3 * (long["arm"] == "new") + rng.normal(size=160)
    >>> long.loc[(long["visit"] == "T3") & (long["id"] < 30), "score"] = np.nan
    >>> filled = impute(long, outcome="score", subject="id", visit="visit", arm="arm")
    >>> found = tipping_point(filled, conclusion="arm[T.old] at T3: difference < 0", deltas=[-20, 20], by="old")
    >>> found.table["status"].tolist()
    ['never in the range', 'tips']
    """
    what = read_conclusion(conclusion)
    dials, cases, outcome, method = read_cases(imputations_or_fit, what, by)
    grids = _grids(deltas, dials)
    unit = POINTS if all(np.isfinite(case.sd) for case in cases) else LOG_ODDS
    table = pd.concat([_rows(case, what, dials, grids) for case in cases], ignore_index=True)
    two = len(grids) == 2
    return TippingPoint(
        what, dials.labels, unit, table.drop(columns=["points"], errors="ignore"),
        pd.DataFrame() if two else _curves(cases, what, grids[0]),
        _contours(cases, what, grids) if two else pd.DataFrame(),
        outcome, f"{method}; delta adjustment of {' and '.join(dials.labels)}", cases,
    )  # fmt: skip


def _grids(deltas: Sequence[float] | Mapping[Any, Sequence[float]], dials: Dials) -> list[FloatArray]:
    """Sort each dial's range, with nought."""
    count = len(dials.labels)
    given = list(deltas.values()) if isinstance(deltas, Mapping) else [deltas] * count
    if isinstance(deltas, Mapping):
        by_name = {str(name): values for name, values in deltas.items()}
        if set(by_name) != set(dials.labels):
            raise ValueError(f"deltas are for {list(by_name)}, and the dials are {list(dials.labels)}")
        given = [by_name[label] for label in dials.labels]
    grids = [np.unique(np.append(np.asarray(values, dtype=np.float64), 0.0)) for values in given]
    if any(len(grid) < 2 or not np.isfinite(grid).all() for grid in grids):
        raise ValueError("deltas must be finite, with one at least that is not nought")
    return grids


def _rows(case: Case, what: Conclusion, dials: Dials, grids: list[FloatArray]) -> pd.DataFrame:
    """Rows of the table of one visit."""
    if len(grids) == 2:
        return _row_of_two(case, what, dials, grids)
    state = what.holds(case.response.at(np.zeros(1)))
    places = tips(case.response, what, grids[0]) if case.n_moved else np.zeros(0)
    rows = []
    for direction, some in (("below", -np.sort(-places[places < 0])), ("above", np.sort(places[places >= 0]))):
        delta = float(some[0]) if some.size else np.nan
        numbers = case.response.at(np.array([delta])) if some.size else dict.fromkeys(NUMBERS, np.nan)
        status = "tips" if some.size else "never in the range" if case.n_moved else "nothing is imputed"
        rows.append(
            {
                "visit": case.visit, "by": dials.labels[0], "direction": direction, "holds": state, "delta": delta,
                "delta_sd": delta / case.sd, **{name: numbers[name] for name in NUMBERS}, "n_moved": case.n_moved,
                "status": status,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _row_of_two(case: Case, what: Conclusion, dials: Dials, grids: list[FloatArray]) -> pd.DataFrame:
    points = contour_points(case.response, what, *grids) if case.n_moved else np.zeros((0, 2))
    distance = np.hypot(*points.T)
    near = points[distance.argmin()] if len(points) else np.full(2, np.nan)
    gap = float(np.abs(points[:, 0] - points[:, 1]).min()) if len(points) else np.nan
    status = "tips" if len(points) else "never in the range" if case.n_moved else "nothing is imputed"
    row = {
        "visit": case.visit, "by": ", ".join(dials.labels), "holds": what.holds(case.response.at(np.zeros(2))),
        "delta_first": near[0], "delta_second": near[1], "delta_sd_first": near[0] / case.sd,
        "delta_sd_second": near[1] / case.sd, "distance": float(np.hypot(*near)), "gap": gap,
        "n_moved": case.n_moved, "status": status,
    }  # fmt: skip
    return pd.DataFrame([row])


def _curves(cases: Sequence[Case], what: Conclusion, grid: FloatArray) -> pd.DataFrame:
    rows = []
    for case in cases:
        for delta in grid:
            numbers = case.response.at(np.array([delta]))
            rows.append(
                {"visit": case.visit, "delta": delta, **{n: numbers[n] for n in NUMBERS}, "holds": what.holds(numbers)}
            )
    return pd.DataFrame(rows)


def _contours(cases: Sequence[Case], what: Conclusion, grids: list[FloatArray]) -> pd.DataFrame:
    parts = []
    for case in cases:
        points = contour_points(case.response, what, *grids) if case.n_moved else np.zeros((0, 2))
        parts.append(pd.DataFrame({"visit": case.visit, "delta_first": points[:, 0], "delta_second": points[:, 1]}))
    return pd.concat(parts, ignore_index=True)
