"""How much of the variance of ratings is between the people rated? Six intraclass correlations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from increase_eval.errors import InsufficientDataError
from increase_eval.scoring.reliability.covariance import ROUNDING, Items, item_covariance

ICC_TYPES = ("ICC1", "ICC2", "ICC3", "ICC1k", "ICC2k", "ICC3k")


@dataclass(frozen=True, slots=True)
class MeanSquares:
    """Two-way analysis of variance of n people by k raters, one rating a cell.

    Attributes
    ----------
    people, raters, residual
        Mean squares on n - 1, k - 1 and (n - 1)(k - 1) degrees of freedom.
    within
        Mean square within people, raters and residual together, on n (k - 1).
    n, k
        People and raters.
    """

    people: float
    raters: float
    residual: float
    within: float
    n: int
    k: int


def mean_squares(ratings_wide: Items) -> MeanSquares:
    """Split the variance of ratings into that between people, between raters, and the rest.

    Parameters
    ----------
    ratings_wide
        One row per person rated and one column per rater (or wave); or the `PatternMoments` of it. People without all
        ratings are left out.

    Returns
    -------
    MeanSquares
        From the covariance matrix and the means of the raters alone.
    """
    moments = item_covariance(ratings_wide)
    covariance, n, k = moments.covariance, moments.n, len(moments.items)
    people = covariance.sum() / k
    residual = (covariance.trace() - people) / (k - 1)
    residual = 0.0 if residual <= ROUNDING * covariance.trace() else residual
    raters = n * float(moments.means.var(ddof=1))
    within = (raters * (k - 1) + residual * (n - 1) * (k - 1)) / (n * (k - 1))
    return MeanSquares(float(people), raters, float(residual), float(within), n, k)


def intraclass_correlation(ratings_wide: Items, *, confidence: float = 0.95) -> pd.DataFrame:
    r"""How much of the variance of ratings is between the people rated?

    Parameters
    ----------
    ratings_wide
        One row per person rated and one column per rater (or wave); or the `PatternMoments` of it. People without all
        ratings are left out.
    confidence
        Of the intervals.

    Returns
    -------
    DataFrame
        Six rows, in this order, and the columns ``type, estimate, statistic, p_value, conf_low, conf_high``:

        - ``ICC1``: each person has raters of their own; one rating;
        - ``ICC2``: the same raters, drawn from many, rate everybody (absolute agreement); one rating;
        - ``ICC3``: the same raters, and no others count (consistency); one rating;
        - ``ICC1k``, ``ICC2k``, ``ICC3k``: the mean of k ratings.

    Raises
    ------
    ValueError
        For fewer than two raters, columns that are no numbers, or a confidence that is not between 0 and 1.
    InsufficientDataError
        If fewer than two people are left, or nothing varies.

    Notes
    -----
    With mean squares B between people, J between raters, E residual and W within people, of n people and k raters:
    ICC1 = (B - W) / (B + (k - 1) W), ICC2 = (B - E) / (B + (k - 1) E + k (J - E) / n),
    ICC3 = (B - E) / (B + (k - 1) E), ICC1k = (B - W) / B, ICC2k = (B - E) / (B + (J - E) / n), ICC3k = (B - E) / B.
    `statistic` is F = B / W on n - 1 and n (k - 1) degrees of freedom for the first kind, and B / E on n - 1 and
    (n - 1)(k - 1) for the others; it tests that people do not differ. Intervals are exact for the first and third kind;
    that of the second uses the Satterthwaite approximation of McGraw & Wong. Estimates below 0 are given as they are.
    Where raters agree without any rest, F is infinite and p is 0. The denominator of ICC2k is an estimated variance
    that can come out negative, where people differ far less than the residual: the row then has no estimate.

    References
    ----------
    Shrout & Fleiss (1979), DOI 10.1037/0033-2909.86.2.420. McGraw & Wong (1996), DOI 10.1037/1082-989X.1.1.30.

    Checked against ``tests/golden/scoring/icc_shrout_fleiss.json`` (R, psych), and against pingouin.

    Examples
    --------
    >>> ratings = pd.DataFrame({"t1": [9, 6, 8, 7, 10, 6], "t2": [2, 1, 4, 1, 5, 2]})
    >>> print(intraclass_correlation(ratings)[["type", "estimate"]].round(2).to_string(index=False))
     type  estimate
     ICC1     -0.50
     ICC2      0.13
     ICC3      0.75
    ICC1k     -1.97
    ICC2k      0.22
    ICC3k      0.85
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence!r}; allowed: more than 0 and less than 1")
    squares = mean_squares(ratings_wide)
    if not squares.people + squares.within > 0:
        raise InsufficientDataError(f"the ratings of {squares.n} people by {squares.k} raters do not vary")
    with np.errstate(divide="ignore", invalid="ignore"):
        one = _one_way(squares, confidence)
        two = _two_way_random(squares, confidence)
        three = _two_way_fixed(squares, confidence)
        k = squares.k
        of_means = [_of_mean(row, k) for row in (one, two, three)]
    if squares.people + (squares.raters - squares.residual) / squares.n < 0:
        of_means[1] = (np.nan, *two[1:3], np.nan, np.nan)
    rows = [one, two, three, *of_means]
    columns = ["estimate", "statistic", "p_value", "conf_low", "conf_high"]
    table = pd.DataFrame(rows, columns=columns, dtype="float64")
    table.insert(0, "type", pd.Series(ICC_TYPES, dtype="str"))
    return table


Row = tuple[float, float, float, float, float]


def _one_way(squares: MeanSquares, confidence: float) -> Row:
    n, k = squares.n, squares.k
    return _from_f(np.float64(squares.people) / squares.within, n - 1, n * (k - 1), k, confidence)


def _two_way_fixed(squares: MeanSquares, confidence: float) -> Row:
    n, k = squares.n, squares.k
    return _from_f(np.float64(squares.people) / squares.residual, n - 1, (n - 1) * (k - 1), k, confidence)


def _from_f(f: np.float64, df1: int, df2: int, k: int, confidence: float) -> Row:
    """Give (F - 1) / (F + k - 1) and its limits, in which F is divided and multiplied by quantiles."""
    upper = (1 + confidence) / 2
    low, high = f / stats.f.ppf(upper, df1, df2), f * stats.f.ppf(upper, df2, df1)
    return _icc(f, k), float(f), float(stats.f.sf(f, df1, df2)), _icc(low, k), _icc(high, k)


def _icc(f: np.float64, k: int) -> float:
    return 1.0 if np.isposinf(f) else float((f - 1) / (f + k - 1))


def _two_way_random(squares: MeanSquares, confidence: float) -> Row:
    n, k = squares.n, squares.k
    b, j, e = np.float64(squares.people), np.float64(squares.raters), np.float64(squares.residual)
    f, upper = b / e, (1 + confidence) / 2
    df1, df2 = n - 1, (n - 1) * (k - 1)
    estimate = (b - e) / (b + (k - 1) * e + k * (j - e) / n)
    p = float(stats.f.sf(f, df1, df2))
    # Satterthwaite's degrees of freedom for the mixture of J and E under the estimate. Where raters do not differ and
    # agree without rest, the mixture is nothing and the estimate is certain.
    a, c = k * estimate / (n * (1 - estimate)), 1 + k * estimate * (n - 1) / (n * (1 - estimate))
    mixture = a * j + c * e
    if not np.isfinite(mixture):
        return float(estimate), float(f), p, float(estimate), float(estimate)
    df = mixture**2 / ((a * j) ** 2 / (k - 1) + (c * e) ** 2 / df2)
    spread = k * j + (k * n - k - n) * e
    quantile = stats.f.ppf(upper, df1, df)
    low = n * (b - quantile * e) / (quantile * spread + n * b)
    quantile = stats.f.ppf(upper, df, df1)
    high = n * (quantile * b - e) / (spread + n * quantile * b)
    return float(estimate), float(f), p, float(low), float(high)


def _of_mean(row: Row, k: int) -> Row:
    """Step up to the mean of k ratings (Spearman and Brown); the test is the same."""
    estimate, f, p, low, high = row
    return _step_up(estimate, k), f, p, _step_up(low, k), _step_up(high, k)


def _step_up(icc: float, k: int) -> float:
    return float(np.float64(k * icc) / (1 + (k - 1) * icc))
