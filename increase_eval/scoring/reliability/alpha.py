"""How consistent are the items of a scale? Cronbach's alpha, with its interval and what each item does to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from increase_eval.errors import InsufficientDataError
from increase_eval.results import estimate_table
from increase_eval.scoring.reliability.covariance import FloatArray, Items, Missing, item_covariance
from increase_eval.scoring.reliability.guttman import lambda_6


@dataclass(frozen=True, slots=True)
class Alpha:
    """Cronbach's alpha of k items.

    Attributes
    ----------
    estimate
        Alpha of the sum of the items.
    standardized
        Alpha of the sum of the items in standard units; NaN where an item does not vary.
    conf_low, conf_high
        Feldt's interval; NaN under pairwise deletion, for which there is none.
    std_error
        Asymptotic standard error under normality.
    n
        People behind it; under pairwise deletion the fewest who answered both items of a pair.
    n_dropped
        People with some answer who are not among them.
    average_correlation
        Mean correlation between items.
    if_deleted
        DataFrame with index ``item`` (k rows) and columns ``estimate``, ``standardized``, ``lambda6`` (of the
        correlation matrix): the coefficients without the item, among the same people; NaN for a scale of two items.
    item_rest
        Series with index ``item`` (k,): correlation of each item with the sum of the others.
    missing, confidence
        What it was made with.
    """

    estimate: float
    standardized: float
    conf_low: float
    conf_high: float
    std_error: float
    n: int
    n_dropped: int
    average_correlation: float
    if_deleted: pd.DataFrame
    item_rest: pd.Series[float]
    missing: Missing
    confidence: float

    def rows(self) -> list[dict[str, Any]]:
        """Give alpha as the one row of an estimate table."""
        columns = ("estimate", "std_error", "conf_low", "conf_high", "n", "n_dropped")
        method = f"Cronbach's alpha, {self.missing}, Feldt's interval"
        return [{"term": "alpha", **{name: getattr(self, name) for name in columns}, "method": method}]

    def to_frame(self) -> pd.DataFrame:
        """Give alpha as an estimate table of one row."""
        return estimate_table(self.rows())


def cronbach_alpha(items: Items, *, missing: Missing = "listwise", confidence: float = 0.95) -> Alpha:
    r"""How consistent are the items of a scale?

    Parameters
    ----------
    items
        One row per participant and one column per item, already recoded and reversed; or the `PatternMoments` of it.
    missing
        ``listwise``: people who answered all items. ``pairwise``: each covariance from those who answered both items.
    confidence
        Of the interval.

    Returns
    -------
    Alpha
        Coefficient, interval, and the same without each item.

    Raises
    ------
    ValueError
        For fewer than two items, columns that are no numbers, or an option that is not allowed.
    InsufficientDataError
        If fewer than two people are left, or their sum does not vary.

    Notes
    -----
    With C the covariance matrix (divisor n - 1) of the k items,
    :math:`\alpha = \frac{k}{k-1} (1 - \mathrm{tr}\, C / 1'C1)`; `standardized` is the same of the correlation matrix.
    An item that does not vary counts in k. Alpha is negative where items work against each other: an item that
    should have been reversed shows so.

    Interval (Feldt 1965), on complete answers: :math:`1 - (1 - \alpha) F`, with F the quantiles on n - 1 and
    (n - 1)(k - 1) degrees of freedom; it holds for items of equal variances and covariances, normally distributed.
    `std_error` is that of van Zyl, Neudecker & Nel (2000), for any covariance matrix of normal items:
    :math:`\sqrt{Q / n}` with :math:`V = 1'C1` and
    :math:`Q = 2 k^2 [V (\mathrm{tr}\, C^2 + \mathrm{tr}^2 C) - 2\, \mathrm{tr}\, C\; 1'C^2 1] / ((k-1)^2 V^3)`.

    Pairwise: there are two customs for `standardized`. Here a correlation takes its variances, too, from the people who
    answered both items (R's ``cor(use = "pairwise")``); the R package psych divides by the variances of everybody who
    answered the one item. They differ in the third digit where few answers are missing.

    References
    ----------
    Cronbach (1951), DOI 10.1007/BF02310555. Feldt (1965), DOI 10.1007/BF02289499. van Zyl, Neudecker & Nel (2000), DOI
    10.1007/BF02296146.

    Checked against ``tests/golden/scoring/reliability_bfi_agreeableness.json`` (R, psych), and against pingouin.

    Examples
    --------
    >>> answers = pd.DataFrame({"a": [1, 2, 4, 5, 3], "b": [2, 2, 5, 4, 3], "c": [1, 3, 4, 5, 2]})
    >>> alpha = cronbach_alpha(answers)
    >>> print(f"{alpha.estimate:.3f} [{alpha.conf_low:.3f}, {alpha.conf_high:.3f}], n = {alpha.n}")
    0.932 [0.657, 0.992], n = 5
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence!r}; allowed: more than 0 and less than 1")
    moments = item_covariance(items, missing=missing)
    covariance, correlation, n = moments.covariance, moments.correlation, moments.n
    if not covariance.sum() > 0:
        raise InsufficientDataError(f"the sum of {', '.join(moments.items)} does not vary among the {n} people left")
    alpha = _alpha(covariance)
    k = len(covariance)
    tail = (1 - confidence) / 2
    low, high = 1 - (1 - alpha) * stats.f.ppf([1 - tail, tail], n - 1, (n - 1) * (k - 1))
    return Alpha(
        estimate=alpha,
        standardized=_alpha(correlation),
        conf_low=float(low) if missing == "listwise" else np.nan,
        conf_high=float(high) if missing == "listwise" else np.nan,
        std_error=_standard_error(covariance, n),
        n=n,
        n_dropped=moments.n_dropped,
        average_correlation=float(correlation[np.triu_indices(k, 1)].mean()),
        if_deleted=_if_deleted(moments.items, covariance, correlation),
        item_rest=item_rest(moments.items, covariance),
        missing=missing,
        confidence=confidence,
    )


def _alpha(matrix: FloatArray) -> float:
    k, total = len(matrix), matrix.sum()
    return float(k / (k - 1) * (1 - matrix.trace() / total)) if k > 1 and total > 0 else float("nan")


def _standard_error(covariance: FloatArray, n: int) -> float:
    k, total, trace, square = len(covariance), covariance.sum(), covariance.trace(), covariance @ covariance
    q = 2 * k**2 / ((k - 1) ** 2 * total**3) * (total * (square.trace() + trace**2) - 2 * trace * square.sum())
    return float(np.sqrt(max(q, 0.0) / n))


def _if_deleted(items: tuple[str, ...], covariance: FloatArray, correlation: FloatArray) -> pd.DataFrame:
    rows = []
    for item in range(len(items)):
        keep = np.delete(np.arange(len(items)), item)
        covariances, correlations = (matrix[np.ix_(keep, keep)] for matrix in (covariance, correlation))
        rows.append((_alpha(covariances), _alpha(correlations), lambda_6(correlations)))
    index = pd.Index(items, name="item")
    return pd.DataFrame(rows, columns=["estimate", "standardized", "lambda6"], index=index)


def item_rest(items: tuple[str, ...], covariance: FloatArray) -> pd.Series[float]:
    """Correlate each item with the sum of the others; NaN where one of the two does not vary."""
    variance = covariance.diagonal()
    with_rest = covariance.sum(axis=1) - variance
    rest = covariance.sum() - 2 * covariance.sum(axis=1) + variance
    scale = np.sqrt(np.clip(variance * rest, 0, None))
    values = np.divide(with_rest, scale, out=np.full(len(items), np.nan), where=scale > 0)
    return pd.Series(values, index=pd.Index(items, name="item"), name="item_rest")
