"""Do those who stayed differ from those who left, and do the arms differ in who left?

Standardised differences of everything measured before, one by one; a joint test that nothing measured goes with staying
(selective attrition); and one that it goes with it alike in every arm (differential attrition). A test that does not
reject does not show that nobody left selectively.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from increase_eval.comparison.categorical.proportions import normal_quantile
from increase_eval.comparison.engines.frames import model_frame
from increase_eval.comparison.engines.generalised_linear import fit_generalised
from increase_eval.errors import ConvergenceError, InsufficientDataError
from increase_eval.results import estimate_table

Floats = npt.NDArray[np.float64]

OK = "ok"
NO_VARIANCE = "no variance"
ONE_SIDE = "nobody on one side"


@dataclass(frozen=True, slots=True)
class JointTest:
    """A likelihood ratio test; its numbers are missing unless `status` is ``ok``."""

    statistic: float
    df: int
    p_value: float
    n: int
    n_dropped: int
    status: str


@dataclass(frozen=True, slots=True)
class LeaverComparison:
    """Those who stayed compared with those who left.

    Attributes
    ----------
    differences
        Estimate table: outcome the column, term ``mean`` or the category, contrast ``stayed - left``, estimate the
        standardised difference, n both sides known, n_dropped missing, status.
    selective
        Whether the columns go with staying at all.
    differential
        Whether they do so differently between arms; None where no arm was named.
    """

    differences: pd.DataFrame
    selective: JointTest
    differential: JointTest | None

    def to_frame(self) -> pd.DataFrame:
        """Give differences and tests as one estimate table."""
        tests = {"selective attrition": self.selective, "differential attrition": self.differential}
        names = ("statistic", "df", "p_value", "n", "n_dropped", "status")
        rows = [
            {"outcome": "stayed", "term": term, **{name: getattr(test, name) for name in names}}
            for term, test in tests.items()
            if test is not None
        ]
        joint = estimate_table(rows, method="likelihood ratio")
        return estimate_table(pd.concat([self.differences, joint], ignore_index=True))


def compare_leavers(
    data: pd.DataFrame,
    *,
    stayed: str,
    columns: Sequence[str],
    categorical: Sequence[str] = (),
    arm: str | None = None,
    confidence: float = 0.95,
) -> LeaverComparison:
    """How do those who stayed differ from those who left?

    Parameters
    ----------
    data
        One row per person.
    stayed
        The column with 1 (or true) where the person answered the later wave.
    columns
        What was measured before.
    categorical
        Those of `columns` whose numbers are codes. Text, booleans and categoricals always are.
    arm
        The column with the arm, for the test of differential attrition.
    confidence
        Coverage of the intervals.

    Returns
    -------
    LeaverComparison
        `differences`, `selective`, `differential`.

    Raises
    ------
    ValueError
        If a column is absent, none is given, or `stayed` is not 0 and 1.
    InsufficientDataError
        If nobody stayed or nobody left.

    Notes
    -----
    d = (m1 - m0)/√((s1² + s0²)/2), with p(1-p) for the s² of a category; its standard error is
    √(1/n1 + 1/n0 + d²/(2(n1 + n0))).
    The tests are likelihood ratios of logits: all columns against none, and arm x columns against arm + columns, on the
    people with everything known. A test that separation or dependent columns make impossible has a status and no
    numbers.

    References
    ----------
    Austin PC (2009), standardised differences. doi:10.1002/sim.3697. Hedges LV, Olkin I (1985), their error.

    Checked against statsmodels in ``tests/unit/attrition/test_leavers.py``.

    Examples
    --------
    >>> data = pd.DataFrame({"stayed": [1, 1, 1, 0, 0, 0], "age": [30.0, 40, 50, 20, 30, 43]})
    >>> result = compare_leavers(data, stayed="stayed", columns=["age"])
    >>> print(round(float(result.differences["estimate"].iloc[0]), 4))
    0.8338
    """
    z = normal_quantile(confidence)
    if not columns:
        raise ValueError("no columns to compare by")
    needed = [stayed, *columns, *([arm] if arm else [])]
    absent = [column for column in needed if column not in data.columns]
    if absent:
        raise ValueError(f"columns {absent} are not in the table; it has: {', '.join(map(str, data.columns))}")
    known = data[data[stayed].notna()]
    staying = known[stayed].to_numpy(dtype=float)
    if not np.isin(staying, (0.0, 1.0)).all():
        raise ValueError(f"column {stayed!r} has other values than 0 and 1")
    if staying.min(initial=1) == staying.max(initial=0):
        raise InsufficientDataError(
            f"{'nobody left' if staying.all() else 'nobody stayed'}: there is nothing to compare"
        )
    rows = [row for column in columns for row in _differences(known[column], staying == 1, column in categorical, z)]
    right = [f"C(`{column}`)" if column in categorical else f"`{column}`" for column in columns]
    terms = " + ".join(right)
    crossed = "" if arm is None else f"`{arm}` * ({terms})"
    return LeaverComparison(
        differences=estimate_table(rows, contrast="stayed - left", method="standardised difference"),
        selective=_likelihood_ratio(known, stayed, terms, "1", [*columns]),
        differential=None
        if arm is None
        else _likelihood_ratio(known, stayed, crossed, f"`{arm}` + {terms}", [*columns, arm]),
    )


def _differences(
    values: pd.Series[Any], stayed: npt.NDArray[np.bool_], is_code: bool, z: float
) -> Iterator[dict[str, Any]]:
    known = values.notna().to_numpy(dtype=bool)
    ends = {"outcome": str(values.name), "n": int(known.sum()), "n_dropped": int((~known).sum())}
    is_number = pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)
    if is_number and not is_code:
        numbers = values[known].to_numpy(dtype=float)
        yield {"term": "mean", **ends, **_standardised(numbers, stayed[known], z, share=False)}
        return
    is_ordered = isinstance(values.dtype, pd.CategoricalDtype)
    levels = list(values.cat.categories) if is_ordered else sorted(values.dropna().unique().tolist())
    for level in levels:
        hits = (values[known] == level).to_numpy(dtype=float)
        yield {"term": str(level), **ends, **_standardised(hits, stayed[known], z, share=True)}


def _standardised(values: Floats, stayed: npt.NDArray[np.bool_], z: float, *, share: bool) -> dict[str, Any]:
    one, other = values[stayed], values[~stayed]
    if min(len(one), len(other)) < (1 if share else 2):
        return {"estimate": np.nan, "status": ONE_SIDE}
    ddof = 0 if share else 1
    spread = float(np.sqrt((one.var(ddof=ddof) + other.var(ddof=ddof)) / 2))
    gap = float(one.mean() - other.mean())
    if spread <= 1e-13 * max(float(np.abs(values).max()), 1e-300):
        return {"estimate": 0.0 if gap == 0 else np.nan, "status": NO_VARIANCE}
    d = gap / spread
    error = float(np.sqrt(1 / len(one) + 1 / len(other) + d**2 / (2 * len(values))))
    return {"estimate": d, "std_error": error, "conf_low": d - z * error, "conf_high": d + z * error, "status": OK}


def _likelihood_ratio(data: pd.DataFrame, stayed: str, full: str, reduced: str, needed: Sequence[str]) -> JointTest:
    complete = data[data[list(needed)].notna().all(axis=1)]
    sizes = {"n": len(complete), "n_dropped": len(data) - len(complete)}
    try:
        fits = []
        for right in (full, reduced):
            frame = model_frame(f"`{stayed}` ~ {right}", complete)
            fits.append(fit_generalised(frame.matrix, frame.events(), frame.names))
    except (ConvergenceError, InsufficientDataError) as error:
        return JointTest(np.nan, 0, np.nan, **sizes, status=str(error))
    df = len(fits[0].names) - len(fits[1].names)
    statistic = max(2 * (fits[0].log_likelihood - fits[1].log_likelihood), 0.0)
    return JointTest(statistic, df, float(stats.chi2.sf(statistic, df)), **sizes, status=OK)
