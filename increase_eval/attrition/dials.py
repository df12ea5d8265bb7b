"""How unlike those who answered would the others have to be? Pattern-mixture and selection models with one dial each.

Both begin where what is missing depends on nothing but the covariates, and turn one dial away from it that no data can
set. The pattern-mixture model moves everybody who did not answer by so much from what the covariates predict; the
selection model lets the chance of answering depend on the outcome itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize, special, stats

from increase_eval.attrition.replicates import Replicates, delete_a_group
from increase_eval.attrition.tilting import Tilting, told_apart
from increase_eval.comparison.categorical.proportions import normal_quantile
from increase_eval.comparison.engines.generalised_linear import fit_generalised
from increase_eval.errors import ConvergenceError, InsufficientDataError
from increase_eval.moments.formulas import learn_design, parse_formula
from increase_eval.results import estimate_table

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Path = Callable[[Booleans, Floats], Floats]
"""The mean of some people at each of some settings."""
Model = Literal["pattern-mixture", "selection"]
Family = Literal["gaussian", "binomial"]

WIDEST = 64.0
"""No dial is turned further than this in search of a target, in its own unit."""


@dataclass(frozen=True, slots=True)
class Dial:
    """The mean of everybody along a dial.

    Attributes
    ----------
    curve
        One row a setting: ``dial``, ``estimate``, ``std_error``, ``conf_low``, ``conf_high``, ``status``.
    needed
        The setting nearest to nought at which the estimate is the target; missing where no setting leads there.
    needed_for_doubt
        The one at which an interval as wide as that at nought first holds the target: nought where it does already.
    target
        The value of doubt, such as a change of nought.
    model, unit
        Which model, and what one unit of the dial is.
    n, n_observed, n_dropped
        People, those with the outcome, and those left out for a missing covariate.
    """

    curve: pd.DataFrame
    needed: float
    needed_for_doubt: float
    target: float
    model: str
    unit: str
    n: int
    n_observed: int
    n_dropped: int

    def to_frame(self) -> pd.DataFrame:
        """Give the curve (term the setting) and what is needed (terms ``needed``, ``needed_for_doubt``)."""
        rows: list[dict[str, Any]] = [
            {"term": f"{row['dial']:.10g}", **{str(name): value for name, value in row.items() if name != "dial"}}
            for row in self.curve.to_dict("records")
        ]
        status = {True: "ok", False: "no setting leads there"}
        for term in ("needed", "needed_for_doubt"):
            value = getattr(self, term)
            rows.append({"term": term, "estimate": value, "status": status[bool(np.isfinite(value))]})
        return estimate_table(
            rows, contrast=f"to {self.target:.10g}", n=self.n, n_dropped=self.n_dropped, method=f"{self.model} dial"
        )


def turn_dial(
    formula: str,
    data: pd.DataFrame,
    *,
    model: Model,
    settings: Sequence[float],
    family: Family = "gaussian",
    target: float = 0.0,
    groups: Ints | None = None,
    scale: float | None = None,
    confidence: float = 0.95,
) -> Dial:
    """How does everybody's mean go along a dial, and which setting would change the conclusion?

    Parameters
    ----------
    formula
        The outcome on the left, missing where not observed; on the right what is known of everybody:
        ``"change ~ arm + score_t1"``.
    data
        One row per person of the population. Rows that miss a covariate are left out and counted.
    model
        ``pattern-mixture``: the dial is added to what the covariates predict for those not observed (gaussian), or to
        the log odds that they predict (binomial). ``selection``: the dial is the log odds of not being observed per
        `scale` of the outcome, given the covariates.
    settings
        Where to turn the dial.
    family
        ``gaussian``, or ``binomial`` for an outcome of 0 and 1.
    target
        The value at which the conclusion turns.
    groups
        The group of every row for a delete-a-group jackknife; None: every row its own group.
    scale
        For ``selection``: what one unit of the dial is on; None: the standard deviation of those observed.
    confidence
        Coverage of the intervals.

    Returns
    -------
    Dial
        `curve`, `needed`, `needed_for_doubt`.

    Raises
    ------
    ValueError
        If an option is unknown, the formula cannot be read, or a binomial outcome is not 0 and 1.
    InsufficientDataError
        If nobody is observed, or covariates cannot be told apart.
    ConvergenceError
        If no weights meet the covariates' totals at a setting of nought.

    Notes
    -----
    Pattern-mixture: mean of y where observed and of m(x) + dial where not, m fitted to those observed; with a binomial
    outcome expit(logit m(x) + dial). Selection: logit Pr(not observed | x, y) = x'b + dial y/scale; b solves
    Σ_observed w x = Σ_all x with w = 1 + exp(x'b + dial y/scale) by Newton, and the mean is Σ w y / Σ w. At nought both
    say what missing at random given x says: by regression, and by weights. In a normal model with residual variance v
    a selection dial of g moves those not observed by g v / scale. A single setting at which no weights exist has a
    status. Intervals are jackknife t intervals on one less than the groups.

    References
    ----------
    Little RJA (1994). A class of pattern-mixture models. doi:10.1093/biomet/81.3.471. Rotnitzky A, Robins JM,
    Scharfstein DO (1998). doi:10.1080/01621459.1998.10474119.

    Checked against closed forms and known truths in ``tests/unit/attrition/test_dials.py``.

    Examples
    --------
    >>> data = pd.DataFrame({"y": [1.0, 2.0, 3.0, None, None]})
    >>> found = turn_dial("y ~ 1", data, model="pattern-mixture", settings=[0.0, -1.0])
    >>> print(found.curve["estimate"].round(6).tolist(), round(found.needed, 6))
    [2.0, 1.6] -5.0
    """
    if model not in get_args(Model):
        raise ValueError(f"model is {model!r}; allowed: {', '.join(get_args(Model))}")
    if family not in get_args(Family):
        raise ValueError(f"family is {family!r}; allowed: {', '.join(get_args(Family))}")
    normal_quantile(confidence)
    own = _read(formula, data, family, scale)
    numbers = np.arange(len(own.y)) if groups is None else np.asarray(groups)[own.rows]
    numbers = np.unique(numbers, return_inverse=True)[1].astype(np.int64)
    path = _mixture_path(own, family) if model == "pattern-mixture" else _selection_path(own)
    turned = np.array([0.0, *map(float, settings)])
    found = delete_a_group(lambda rows: _safely(path, rows, turned), numbers)
    rows = [_setting(found, place, float(at), confidence) for place, at in enumerate(turned)]
    everybody = np.ones(len(own.y), dtype=bool)

    def beyond(edge: float) -> float:
        return _root(lambda at: float(path(everybody, np.array([at]))[0]) - edge)

    edge = _edge(rows[0], target)
    return Dial(
        curve=pd.DataFrame(rows[1:]),
        needed=beyond(target),
        needed_for_doubt=0.0 if edge == rows[0]["estimate"] else beyond(edge) if np.isfinite(edge) else np.nan,
        target=target,
        model=model,
        unit=("points" if family == "gaussian" else "log odds") if model == "pattern-mixture" else "log odds per scale",
        n=len(own.y),
        n_observed=int(own.seen.sum()),
        n_dropped=int((~own.rows).sum()),
    )


@dataclass(frozen=True, slots=True)
class _Data:
    """Outcome, who is observed, design and scale, on the usable rows."""

    y: Floats
    seen: Booleans
    matrix: Floats
    names: tuple[str, ...]
    rows: Booleans
    scale: float


def _read(formula: str, data: pd.DataFrame, family: str, scale: float | None) -> _Data:
    parsed = parse_formula(formula)
    if parsed.response is None or parsed.response not in data.columns:
        raise ValueError(f"formula {formula!r} needs a column on its left-hand side: the outcome")
    absent = [name for name in parsed.variables if name not in data.columns]
    if absent:
        raise ValueError(f"columns {absent} are not in the table; it has: {', '.join(map(str, data.columns))}")
    rows = data[list(parsed.variables)].notna().all(axis=1).to_numpy(dtype=bool)
    used = data.loc[rows]
    try:
        y = used[parsed.response].to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError(f"column {parsed.response!r} holds something that is no number") from error
    seen = ~np.isnan(y)
    if seen.sum() < 2:
        raise InsufficientDataError(f"{int(seen.sum())} people have the outcome; two are needed")
    if family == "binomial" and not np.isin(y[seen], (0.0, 1.0)).all():
        raise ValueError(f"column {parsed.response!r} has other values than 0 and 1")
    design = learn_design(parse_formula("~ " + formula.partition("~")[2]), used)
    unit = float(y[seen].std(ddof=1)) if scale is None else float(scale)
    if not np.isfinite(unit) or unit <= 0:
        raise ValueError(f"scale is {unit!r}; allowed: a number above 0 (the outcome does not vary)")
    return _Data(y, seen, design.matrix(used), design.names, rows, unit)


def _mixture_path(own: _Data, family: str) -> Path:
    """Give the mean with those not observed moved from what the covariates predict."""

    def means(rows: Booleans, dials: Floats) -> Floats:
        seen, matrix, y = own.seen[rows], own.matrix[rows], own.y[rows]
        if family == "gaussian":
            fitted = matrix @ np.linalg.lstsq(matrix[seen], y[seen], rcond=None)[0]
            moved = fitted[:, None] + dials
        else:
            if y[seen].min() == y[seen].max():
                return np.full(len(dials), np.nan)
            columns = told_apart(matrix[seen])
            names = [name for name, kept in zip(own.names, columns, strict=True) if kept]
            fit = fit_generalised(matrix[seen][:, columns], y[seen], names, firth_if_separated=True)
            moved = special.expit((matrix[:, columns] @ fit.coefficients)[:, None] + dials)
        return np.asarray(np.where(seen[:, None], y[:, None], moved).mean(axis=0))

    return means


def _selection_path(own: _Data) -> Path:
    """Give the mean under weights that let the chance of answering depend on the outcome."""
    everybody = Tilting.of(own.matrix, own.seen)

    def means(rows: Booleans, dials: Floats) -> Floats:
        y, seen = own.y[rows], own.seen[rows]
        tilting = everybody if rows.all() else Tilting.of(own.matrix[rows], seen)
        weights = tilting.weights(np.outer(y[seen] / own.scale, dials))
        return np.asarray((weights.T @ y[seen]) / weights.sum(axis=0))

    return means


def _setting(found: Replicates, place: int, dial: float, confidence: float) -> dict[str, Any]:
    estimate, error, df = (float(values[place]) for values in (found.estimate, found.std_error, found.df))
    row: dict[str, Any] = {"dial": dial, "estimate": estimate, "status": "ok"}
    if not np.isfinite(estimate):
        return row | {"status": "no weights meet the covariates' totals"}
    if not np.isfinite(error) or not error:
        return row
    half = float(stats.t.ppf((1 + confidence) / 2, df)) * error
    return row | {"std_error": error, "df": df, "conf_low": estimate - half, "conf_high": estimate + half}


def _edge(row: dict[str, Any], target: float) -> float:
    """Say at which estimate an interval as wide as the one at nought ends at the target: this one, if it holds it."""
    if "conf_low" not in row:
        return np.nan
    if row["conf_low"] <= target <= row["conf_high"]:
        return float(row["estimate"])
    half = row["estimate"] - row["conf_low"]
    return float(target + half if row["estimate"] > target else target - half)


def _safely(path: Path, rows: Booleans, dials: Floats) -> Floats:
    try:
        return path(rows, dials)
    except (ConvergenceError, np.linalg.LinAlgError):
        return np.full(len(dials), np.nan)


def _root(excess: Callable[[float], float]) -> float:
    """Give the setting nearest to nought at which an increasing or decreasing function is nought."""
    start = excess(0.0)
    if not np.isfinite(start):
        raise ConvergenceError("no estimate at a dial of nought: no weights meet the covariates' totals")
    if start == 0:
        return 0.0
    found = [_root_on_side(excess, start, sign) for sign in (1.0, -1.0)]
    known = [root for root in found if np.isfinite(root)]
    return min(known, key=abs) if known else np.nan


def _root_on_side(excess: Callable[[float], float], start: float, sign: float) -> float:
    low, reach = 0.0, 0.125
    while reach <= WIDEST:
        there = excess(sign * reach)
        if not np.isfinite(there):
            return np.nan
        if np.sign(there) != np.sign(start):
            return float(optimize.brentq(excess, low, sign * reach, xtol=1e-10))
        low, reach = sign * reach, reach * 2
    return np.nan
