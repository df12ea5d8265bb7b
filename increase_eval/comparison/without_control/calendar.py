"""Is a gain the programme's, or the calendar's? Earlier entrants' later answers beside later entrants' first answers.

Entry plus elapsed time is calendar time, so that linear trends of the three cannot be told apart by any model. Whoever
answers a later wave in some month can be compared with those who answer their first wave in the same month: the world
is the same for both, only the programme lies between. That rests on one assumption, which is said beside the number:
that those who came later were, when they came, like those who came earlier when these came.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.comparison.categorical.proportions import normal_quantile
from increase_eval.errors import InsufficientDataError
from increase_eval.results import estimate_table

Floats = npt.NDArray[np.float64]

ASSUMPTION = "no linear trend of first scores by date of entry"
FEWEST = 2
"""Answers on each side of a cell: with one there is no variance."""
DAYS_A_YEAR = 365.25
MONTHS_A_YEAR = 12
MONTHS_IN = {"M": 1, "Q": 3}


@dataclass(frozen=True, slots=True)
class CalendarComparison:
    """Later answers less first answers of other people in the same period.

    Attributes
    ----------
    estimate, std_error, conf_low, conf_high
        The mean difference over cells, weighted by their precision were all variances equal.
    cells
        How many cells (period by stratum) have answers of both kinds.
    n_later, n_first
        Answers in these cells.
    n_dropped
        Later answers in cells without first answers: people after the last entrants have nobody beside them.
    cohort_trend, cohort_trend_error
        First scores by date of entry, points a year within strata: what the assumption says is nought.
    confidence
        Of the interval.
    """

    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    cells: int
    n_later: int
    n_first: int
    n_dropped: int
    cohort_trend: float
    cohort_trend_error: float
    confidence: float

    def to_frame(self) -> pd.DataFrame:
        """Give the difference and the trend of first scores as an estimate table."""
        return estimate_table(self.rows())

    def rows(self) -> list[dict[str, Any]]:
        """Give the difference and the trend of first scores as rows of an estimate table."""
        z = normal_quantile(self.confidence)
        trend, error = self.cohort_trend, self.cohort_trend_error
        limits = {"conf_low": trend - z * error, "conf_high": trend + z * error}
        return [
            {
                "term": "later less first answers in the same period",
                "estimate": self.estimate,
                "std_error": self.std_error,
                "conf_low": self.conf_low,
                "conf_high": self.conf_high,
                "n": self.n_later + self.n_first,
                "n_dropped": self.n_dropped,
                "method": f"differences within period and stratum; assumes {ASSUMPTION}",
            },
            {
                "term": "first scores by date of entry, a year",
                "estimate": trend,
                "std_error": error,
                **limits,
                "n": self.n_first,
                "method": "slope within strata, errors robust to unequal variances",
            },
        ]


def compare_in_calendar(
    answers: pd.DataFrame,
    *,
    score: str,
    date: str,
    is_later: str,
    participant: str | None = None,
    strata: tuple[str, ...] = (),
    weights: str | None = None,
    period: str = "Q",
    confidence: float = 0.95,
) -> CalendarComparison:
    r"""How do later answers differ from first answers that other people give in the same months?

    Parameters
    ----------
    answers
        One row an answer: the columns below. Rows with a missing value are left out.
    score, date
        The score, and the day of the answer.
    is_later
        True for answers of the later wave, False for first answers.
    participant
        Whose answer it is: the two answers of one person go together. None: all answers are independent.
    strata
        Columns within which alone answers are compared, such as the arm.
    weights
        Column of weights of the answers, such as those that make who still answers like who entered; None: all alike.
    period
        ``"M"`` or ``"Q"``: months or quarters.
    confidence
        Of the interval.

    Returns
    -------
    CalendarComparison
        The difference, and the trend of first scores by date that the comparison takes to be nought.

    Raises
    ------
    InsufficientDataError
        If no cell has two answers of each kind.
    ValueError
        If a column is absent, `period` is unknown, or a weight is negative.

    Notes
    -----
    In each cell c (period by stratum) d_c is the difference of weighted means. Cells are put together by
    h_c = n1 n2 / (n1 + n2), n the effective sample size (sum w)^2 / sum w^2 of each side: fixed weights that do not
    depend on the scores. The difference is linear in the answers, sum of a_i y_i; with residuals e_i from the mean of
    their side of the cell its variance is the sum over people of (sum of a_i e_i)^2, each side corrected by
    n / (n - 1). A person with an answer on either side counts with both.

    References
    ----------
    Cook, T. D., & Campbell, D. T. (1979). Quasi-Experimentation, institutional cycle designs. Fienberg, S. E., & Mason,
    W. M. (1979). Identification and estimation of age-period-cohort models. doi:10.2307/270764

    Checked against
    ---------------
    A stratified mean by hand, and simulated entry with a secular trend
    (``tests/unit/comparison/without_control/test_calendar.py``).

    Examples
    --------
    >>> answers = pd.DataFrame(
    ...     {"day": pd.to_datetime(["2020-01-05"] * 4), "later": [False, False, True, True], "y": [1.0, 3.0, 4.0, 6.0]}
    ... )
    >>> compare_in_calendar(answers, score="y", date="day", is_later="later").estimate
    3.0
    """
    rows = _rows(answers, score, date, is_later, participant, strata, weights, period)
    later = rows["_later"].to_numpy(dtype=bool)
    cells = [cell for _, own in rows.groupby("_cell", sort=True) if (cell := _cell(own, score)) is not None]
    if not cells:
        raise InsufficientDataError(
            f"in no period are there {FEWEST} first and {FEWEST} later answers of the same stratum: people entered at "
            "one time, or the later wave came after the last entry"
        )
    total = sum(cell.share for cell in cells)
    estimate = sum(cell.share / total * cell.difference for cell in cells)
    used = pd.concat([cell.influence * (cell.share / total) for cell in cells])
    people = rows.loc[used.index, "_participant"].to_numpy()
    error = sqrt(float((used.groupby(people).sum() ** 2).sum()))
    reach = normal_quantile(confidence) * error
    trend, trend_error = _trend(rows[~later], score)
    n_later = int(later[used.index].sum())
    return CalendarComparison(
        estimate=float(estimate),
        std_error=error,
        conf_low=estimate - reach,
        conf_high=estimate + reach,
        cells=len(cells),
        n_later=n_later,
        n_first=len(used) - n_later,
        n_dropped=int(later.sum()) - n_later,
        cohort_trend=trend,
        cohort_trend_error=trend_error,
        confidence=confidence,
    )


def secular_trend(gain: float, elapsed_years: float) -> float:
    """How much would everybody have to gain a year, programme or not, for that alone to make the gain?

    Parameters
    ----------
    gain
        Mean change.
    elapsed_years
        Mean years that it took; above nought.

    Returns
    -------
    float
        Points a year.

    Raises
    ------
    ValueError
        If no time has passed.

    Notes
    -----
    Gain over years: a straight trend that everybody follows whatever they take part in.

    Examples
    --------
    >>> secular_trend(0.5, 0.8)
    0.625
    """
    if not elapsed_years > 0:
        raise ValueError(f"elapsed_years is {elapsed_years}; allowed: more than 0")
    return gain / elapsed_years


def _rows(
    answers: pd.DataFrame,
    score: str,
    date: str,
    is_later: str,
    participant: str | None,
    strata: tuple[str, ...],
    weights: str | None,
    period: str,
) -> pd.DataFrame:
    """Give the complete rows with their cell, stratum, kind, person and weight."""
    if period not in MONTHS_IN:
        raise ValueError(f"period is {period!r}; allowed: {', '.join(map(repr, MONTHS_IN))}")
    needed = list(
        dict.fromkeys([score, date, is_later, *strata, *(c for c in (participant, weights) if c is not None)])
    )
    absent = [name for name in needed if name not in answers]
    if absent:
        raise ValueError(f"columns {absent} are absent; there are: {', '.join(map(str, answers.columns))}")
    rows = answers[needed].dropna().reset_index(drop=True)
    weight = rows[weights].to_numpy(dtype="float64") if weights is not None else np.ones(len(rows))
    if (weight < 0).any():
        raise ValueError(f"column {weights!r} has negative weights; allowed: 0 or more")
    stratum = rows.groupby(list(strata), observed=True).ngroup().to_numpy() if strata else np.zeros(len(rows), "int64")
    when = pd.to_datetime(rows[date])
    months = when.dt.year.to_numpy() * MONTHS_A_YEAR + when.dt.month.to_numpy() - 1
    cell = months // MONTHS_IN[period] * (stratum.max(initial=0) + 1) + stratum
    person = rows[participant] if participant is not None else rows.index
    kinds = {"_later": rows[is_later].astype(bool), "_weight": weight, "_participant": person}
    return rows.assign(**kinds, _stratum=stratum, _cell=cell, _when=when)


@dataclass(frozen=True, slots=True)
class _Cell:
    """One cell: its weight, the difference, and what each answer's residual adds to that."""

    share: float
    difference: float
    influence: pd.Series[float]


def _cell(own: pd.DataFrame, score: str) -> _Cell | None:
    """Compare the two kinds of answers of one cell; None where it has too few of either."""
    means, sizes, influences = [], [], []
    for kind, sign in ((False, -1.0), (True, 1.0)):
        side = own[(own["_later"] == kind) & (own["_weight"] > 0)]
        if len(side) < FEWEST:
            return None
        w, y = side["_weight"].to_numpy(dtype="float64"), side[score].to_numpy(dtype="float64")
        size = w.sum() ** 2 / (w**2).sum()
        mean = float(w @ y / w.sum())
        residual = sign * w * (y - mean) / w.sum() * sqrt(size / (size - 1))
        means.append(mean)
        sizes.append(size)
        influences.append(pd.Series(residual, index=side.index))
    return _Cell(sizes[0] * sizes[1] / sum(sizes), means[1] - means[0], pd.concat(influences))


def _trend(first: pd.DataFrame, score: str) -> tuple[float, float]:
    """Fit first scores to years within strata: the slope and its robust error; NaN where dates do not vary."""
    years = (first["_when"] - first["_when"].min()).dt.days.to_numpy(dtype="float64") / DAYS_A_YEAR
    y, group = first[score].to_numpy(dtype="float64"), first["_stratum"]
    x = years - pd.Series(years).groupby(group.to_numpy()).transform("mean").to_numpy()
    residual = y - pd.Series(y).groupby(group.to_numpy()).transform("mean").to_numpy()
    mass = float(x @ x)
    if len(first) <= group.nunique() + 1 or mass <= 0:
        return np.nan, np.nan
    slope = float(x @ residual) / mass
    left = residual - slope * x
    correction = len(first) / (len(first) - group.nunique() - 1)
    return slope, sqrt(correction * float((x**2) @ (left**2))) / mass
