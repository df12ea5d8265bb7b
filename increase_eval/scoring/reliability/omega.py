"""How much of the variance of a sum is due to what its items share? McDonald's omega, from a one-factor model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import stats

from increase_eval.errors import InsufficientDataError
from increase_eval.results import estimate_table
from increase_eval.scoring.reliability.covariance import FloatArray, Items, Metric, Missing, item_covariance
from increase_eval.scoring.reliability.one_factor import OneFactor, fit_one_factor

Estimator = Literal["ml", "uls"]


@dataclass(frozen=True, slots=True)
class Omega:
    """McDonald's omega of k items.

    Attributes
    ----------
    total
        Omega with the variance that the model implies.
    total_observed
        Omega with the observed variance of the sum.
    conf_low, conf_high
        Interval of `total`, within [0, 1].
    std_error
        Standard error of `total` by the delta method.
    average_variance_extracted
        Share of the items' variance that the factor explains.
    loadings, uniquenesses
        Series with index ``item`` (k,).
    n, n_dropped
        People behind it, and people with some answer who are not among them.
    status
        ``computed``, or which items have a negative uniqueness (a Heywood case), where omega means little.
    estimator, metric, confidence
        What it was made with.
    """

    total: float
    total_observed: float
    conf_low: float
    conf_high: float
    std_error: float
    average_variance_extracted: float
    loadings: pd.Series[float]
    uniquenesses: pd.Series[float]
    n: int
    n_dropped: int
    status: str
    estimator: Estimator
    metric: Metric
    confidence: float

    def rows(self) -> list[dict[str, Any]]:
        """Give omega as the one row of an estimate table."""
        columns = ("std_error", "conf_low", "conf_high", "n", "n_dropped", "status")
        method = f"McDonald's omega total, one factor by {self.estimator.upper()}, {self.metric} metric"
        values = {name: getattr(self, name) for name in columns}
        return [{"term": "omega", "estimate": self.total, **values, "method": method}]

    def to_frame(self) -> pd.DataFrame:
        """Give omega as an estimate table of one row."""
        return estimate_table(self.rows())


def mcdonald_omega(
    items: Items,
    *,
    estimator: Estimator = "ml",
    metric: Metric = "covariance",
    missing: Missing = "listwise",
    confidence: float = 0.95,
) -> Omega:
    r"""How much of the variance of a sum is due to what its items share?

    Parameters
    ----------
    items
        One row per participant and one column per item, already recoded and reversed; or the `PatternMoments` of it.
    estimator
        ``ml``: maximum likelihood. ``uls``: unweighted least squares.
    metric
        ``covariance``: the sum of the items as they are. ``correlation``: of the items in standard units.
    missing
        ``listwise`` or ``pairwise``, as in :func:`cronbach_alpha`. Standard errors after pairwise deletion take the
        fewest people of a pair for n, and are a guide only.
    confidence
        Of the interval.

    Returns
    -------
    Omega
        The coefficient, its interval, and the model behind it.

    Raises
    ------
    ValueError
        For fewer than three items (two do not determine a factor), or an option that is not allowed.
    InsufficientDataError
        If fewer than two people are left, an item does not vary, or an item is a sum of others.
    ConvergenceError
        If the model cannot be fitted.

    Notes
    -----
    The model is :math:`\Sigma = \lambda \lambda' + \Psi` with :math:`\Psi` diagonal, and
    :math:`\omega = (1'\lambda)^2 / ((1'\lambda)^2 + \mathrm{tr}\, \Psi)`; `total_observed` divides by 1'S1 instead, S
    being the observed matrix. The average variance extracted is
    :math:`\lambda'\lambda / (\lambda'\lambda + \mathrm{tr}\, \Psi)`. Loadings and uniquenesses refer to the covariance
    matrix with divisor n for ``ml`` and n - 1 for ``uls``, as in lavaan; omega does not depend on it. If loadings are
    equal, omega is alpha.

    The standard error is that of normal theory at the fitted matrix, by the delta method; for ``uls`` and in the
    correlation metric it allows for the weights of the estimator and for the estimated variances. The interval is made
    on the logit scale, so that it stays within [0, 1].

    References
    ----------
    McDonald (1999), Test theory: a unified treatment, DOI 10.4324/9781410601087. Raykov & Marcoulides (2011),
    Introduction to psychometric theory, DOI 10.4324/9780203841624 (interval). Fornell & Larcker (1981), DOI
    10.1177/002224378101800104 (average variance extracted).

    Checked against ``tests/golden/scoring/reliability_bfi_agreeableness.json`` (R: lavaan for the covariance metric,
    psych for the correlation metric); the interval against simulation.

    Examples
    --------
    >>> answers = pd.DataFrame({"a": [1, 2, 4, 5, 3], "b": [2, 2, 5, 4, 3], "c": [1, 3, 4, 5, 2]})
    >>> print(f"{mcdonald_omega(answers).total:.3f}")
    0.945
    """
    if estimator not in ("ml", "uls"):
        raise ValueError(f"estimator is {estimator!r}; allowed: 'ml', 'uls'")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence!r}; allowed: more than 0 and less than 1")
    moments = item_covariance(items, missing=missing, fewest_items=3)
    still = [item for item, variance in zip(moments.items, moments.covariance.diagonal(), strict=True) if variance == 0]
    if still:
        raise InsufficientDataError(f"items {', '.join(still)} do not vary among the {moments.n} people left")
    maximum_likelihood = estimator == "ml" and metric == "covariance"
    observed = moments.matrix(metric) * ((moments.n - 1) / moments.n if maximum_likelihood else 1.0)
    model = fit_one_factor(observed, moments.items, estimator=estimator)
    total, gradient = _omega(model.loadings, model.uniquenesses)
    error = float(np.sqrt(gradient @ model.covariance_of_estimates(metric) @ gradient / moments.n))
    low, high = _logit_interval(total, error, confidence)
    index = pd.Index(moments.items, name="item")
    return Omega(
        total=total,
        total_observed=float(model.loadings.sum() ** 2 / observed.sum()),
        conf_low=low,
        conf_high=high,
        std_error=error,
        average_variance_extracted=average_variance_extracted(model.loadings, model.uniquenesses),
        loadings=pd.Series(model.loadings, index=index, name="loading"),
        uniquenesses=pd.Series(model.uniquenesses, index=index, name="uniqueness"),
        n=moments.n,
        n_dropped=moments.n_dropped,
        status=_status(model, moments.items),
        estimator=estimator,
        metric=metric,
        confidence=confidence,
    )


def composite_reliability(loadings: FloatArray, uniquenesses: FloatArray) -> float:
    r"""How reliable is the sum of items with these loadings on one factor?

    Parameters
    ----------
    loadings, uniquenesses
        (k,) of the items of one factor, in one metric. A factor variance other than 1 goes into the loadings first.

    Returns
    -------
    float
        Between 0 and 1, unless a uniqueness is negative.

    Raises
    ------
    ValueError
        If the two have different lengths, or none.

    Notes
    -----
    :math:`(1'\lambda)^2 / ((1'\lambda)^2 + 1'\psi)`, with :math:`\lambda` the loadings and :math:`\psi` the
    uniquenesses.

    References
    ----------
    Raykov (1997), DOI 10.1177/01466216970212006.

    Examples
    --------
    >>> composite_reliability(np.array([0.7, 0.8, 0.6]), np.array([0.51, 0.36, 0.64])).__round__(4)
    0.7449
    """
    return _omega(*_same_length(loadings, uniquenesses))[0]


def average_variance_extracted(loadings: FloatArray, uniquenesses: FloatArray) -> float:
    r"""How much of the variance of the items does their factor explain?

    Parameters
    ----------
    loadings, uniquenesses
        (k,) of the items of one factor, in one metric.

    Returns
    -------
    float
        Between 0 and 1, unless a uniqueness is negative.

    Raises
    ------
    ValueError
        If the two have different lengths, or none.

    Notes
    -----
    :math:`\lambda'\lambda / (\lambda'\lambda + 1'\psi)`, with :math:`\lambda` the loadings and :math:`\psi` the
    uniquenesses.

    References
    ----------
    Fornell & Larcker (1981), DOI 10.1177/002224378101800104.

    Examples
    --------
    >>> average_variance_extracted(np.array([0.7, 0.8, 0.6]), np.array([0.51, 0.36, 0.64])).__round__(4)
    0.4967
    """
    loadings, uniquenesses = _same_length(loadings, uniquenesses)
    return float(loadings @ loadings / (loadings @ loadings + uniquenesses.sum()))


def _same_length(loadings: FloatArray, uniquenesses: FloatArray) -> tuple[FloatArray, FloatArray]:
    one, two = np.asarray(loadings, dtype=np.float64), np.asarray(uniquenesses, dtype=np.float64)
    if one.ndim != 1 or one.shape != two.shape or not len(one):
        raise ValueError(f"loadings have shape {one.shape} and uniquenesses {two.shape}; allowed: (k,) both")
    if not np.isfinite([one, two]).all() or one.sum() ** 2 + two.sum() <= 0:
        raise ValueError("a loading or uniqueness is missing, or all are nought; allowed: finite numbers")
    return one, two


def _omega(loadings: FloatArray, uniquenesses: FloatArray) -> tuple[float, FloatArray]:
    """Give omega and its gradient in (loadings, uniquenesses)."""
    shared, rest = loadings.sum() ** 2, uniquenesses.sum()
    whole = shared + rest
    slopes = np.concatenate([np.full(len(loadings), 2 * loadings.sum() * rest), np.full(len(uniquenesses), -shared)])
    return float(shared / whole), slopes / whole**2


def _logit_interval(total: float, error: float, confidence: float) -> tuple[float, float]:
    if not 0 < total < 1:
        return float("nan"), float("nan")
    half = stats.norm.ppf((1 + confidence) / 2) * error / (total * (1 - total))
    centre = np.log(total / (1 - total))
    return float(1 / (1 + np.exp(half - centre))), float(1 / (1 + np.exp(-half - centre)))


def _status(model: OneFactor, items: tuple[str, ...]) -> str:
    negative = [item for item, value in zip(items, model.uniquenesses, strict=True) if value < 0]
    return f"negative uniqueness: {', '.join(negative)}" if negative else "computed"
