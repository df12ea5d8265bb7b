"""How are those at hand to be weighted to known totals? Raking, regression and logit calibration, post-stratification.

All but post-stratification are one problem: weights near the base weights, on a scale of distance of their own, that
meet the totals exactly. It is solved by Newton's method on the cells of the data, so that a million people cost as much
as their distinct combinations of margins.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.attrition.calibration_solver import solve_calibration
from increase_eval.attrition.margins import Ints, Margins, Totals, read_margins
from increase_eval.comparison.adjustment.weights import Weights, effective_size, explosion, largest_share
from increase_eval.comparison.engines.frames import read_weights
from increase_eval.errors import InsufficientDataError
from increase_eval.moments.tables import check_table

Floats = npt.NDArray[np.float64]
CalibrationMethod = Literal["rake", "linear", "logit", "poststratify", "entropy"]


def calibrate_weights(
    data: pd.DataFrame,
    margins: Mapping[Hashable, Totals],
    *,
    base: str | None = None,
    method: CalibrationMethod = "rake",
    bounds: tuple[float, float] | None = None,
) -> Weights:
    """How are those at hand to be weighted to known totals?

    Parameters
    ----------
    data
        One row per person. Rows that miss a margin's column or the base weight get no weight and are counted.
    margins
        Column -> {level: total}, or a Series of totals by level; or for a numeric column -> total. The totals of all
        margins by level must add up to the same population. For ``poststratify`` one margin; its key may be a tuple of
        columns, its levels tuples.
    base
        Column of base weights; empty: 1 for everybody.
    method
        ``rake`` (exponential), ``linear`` (regression), ``logit`` (within `bounds`), ``poststratify``, or ``entropy``
        (least Kullback-Leibler divergence from the base, which gives the weights of ``rake``).
    bounds
        Lowest and highest allowed ratio of weight to base: needed for ``logit``, for ``rake``, ``linear`` and
        ``entropy`` a cut.

    Returns
    -------
    Weights
        `values` on the index of `data`; `balance` (``term``, ``target`` and the totals ``before`` and ``after``);
        `overlap` (lowest and highest ratio to the base); `notes` (negative weights of ``linear``).

    Raises
    ------
    ValueError
        If margins contradict each other or the data (a level without a total), or an option is out of range.
    TypeError
        If data is no DataFrame, or margins are no mapping.
    InsufficientDataError
        If a level with a total has nobody.
    ConvergenceError
        If no weights meet all totals (within the bounds); the margin that is missed most is named.

    Notes
    -----
    w_i = d_i F(x_i'λ) with Σ w_i x_i = T: F(u) = 1 + u (linear), exp(u) (rake), and for logit
    (L(U-1) + U(1-L)e^{Au}) / ((U-1) + (1-L)e^{Au}), A = (U-L)/((1-L)(U-1)). A level with the total 0 gets weight 0.

    References
    ----------
    Deville JC, Särndal CE (1992). doi:10.1080/01621459.1992.10475217. Hainmueller J (2012). doi:10.1093/pan/mpr025.

    Checked against R (survey) in ``tests/golden/attrition/calibration_fourarm.json``.

    Examples
    --------
    >>> data = pd.DataFrame({"sex": list("ffm"), "age": ["old", "young", "young"]})
    >>> weights = calibrate_weights(data, {"sex": {"f": 10, "m": 10}, "age": {"old": 4, "young": 16}})
    >>> print(weights.values.round(6).tolist())
    [4.0, 6.0, 10.0]
    """
    check_table(data)
    if not isinstance(margins, Mapping):
        raise TypeError(f"margins is of the type {type(margins).__name__}; allowed: a mapping of columns to totals")
    _check_options(method, bounds, len(margins))
    start = np.ones(len(data)) if base is None else read_weights(_column(data, base))
    known = read_margins(data, margins)
    if method == "poststratify" and known.is_numeric.any():
        raise ValueError("poststratify takes totals by level, not of a number")
    rows = known.rows & (start > 0)
    if not rows.any():
        raise InsufficientDataError("no row has all margins and a base weight")
    values = np.zeros(len(data))
    used = known.only(rows)
    cells = used.cells()
    values[rows] = _solve(used, cells, start[rows], method, bounds)
    ratio = values[rows] / start[rows]
    negative = int((values < 0).sum())
    return Weights(
        values=pd.Series(values, index=data.index, name="weight"),
        effective_sample_size=effective_size(values),
        largest=largest_share(values),
        balance=_balance(used, cells, start[rows], values[rows]),
        overlap=pd.DataFrame(
            {
                "n": [int(rows.sum())],
                "effective_sample_size": [effective_size(values)],
                "largest": [largest_share(values)],
                "lowest_ratio": [float(ratio.min())],
                "highest_ratio": [float(ratio.max())],
            }
        ),
        method=f"calibration: {method}",
        n_dropped=int((~rows).sum()),
        notes=(*((f"{negative} weights are negative",) if negative else ()), *explosion(values)),
    )


def _column(data: pd.DataFrame, name: str) -> pd.Series[Any]:
    if name not in data.columns:
        raise ValueError(f"base {name!r} is not in the table; it has: {', '.join(map(str, data.columns))}")
    return data[name]


def _check_options(method: str, bounds: tuple[float, float] | None, count: int) -> None:
    if method not in get_args(CalibrationMethod):
        raise ValueError(f"method is {method!r}; allowed: {', '.join(get_args(CalibrationMethod))}")
    if not count:
        raise ValueError("there are no margins")
    if method == "poststratify" and (count != 1 or bounds is not None):
        raise ValueError("poststratify takes one margin (its key may be a tuple of columns) and no bounds")
    if bounds is None and method != "logit":
        return
    if bounds is None or not 0 <= bounds[0] < 1 < bounds[1] < np.inf:
        raise ValueError(f"bounds are {bounds!r}; allowed: from 0 to under 1, and above 1, on the ratio to the base")


def _solve(
    margins: Margins, found: tuple[Floats, Ints], base: Floats, method: str, bounds: tuple[float, float] | None
) -> Floats:
    """Give the weights of the rows; the work is done once for every distinct combination of margins."""
    cells, at = found
    margins.refuse_empty(cells)
    total = np.asarray(np.bincount(at, weights=base), dtype=float)
    if method == "poststratify":
        ratio = (margins.totals / np.maximum(total @ cells, 1e-300))[cells.argmax(axis=1)]
        return np.asarray(base * ratio[at])
    ratio = solve_calibration(cells, total, margins.totals, margins.terms, method, bounds, margins.is_numeric)
    return np.asarray(base * ratio[at])


def _balance(margins: Margins, found: tuple[Floats, Ints], base: Floats, weights: Floats) -> pd.DataFrame:
    """Give each term's target, and its total under the base weights and under the weights."""
    cells, at = found
    before, after = (np.bincount(at, weights=values, minlength=len(cells)) @ cells for values in (base, weights))
    return pd.DataFrame({"term": margins.terms, "target": margins.totals, "before": before, "after": after})
