"""Does an ordered answer tend to be higher in one group? The cumulative (proportional odds) model.

One odds ratio for being above any cut of the scale. Whether it is one and the same at every cut is checked, by Brant's
test, and not assumed: where it is not, the odds ratio is an average over cuts and has to be read as such.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.comparison.categorical.parallel_odds import ProportionalOdds, brant_test
from increase_eval.comparison.categorical.proportions import normal_quantile
from increase_eval.comparison.engines.cumulative import (
    CumulativeFit,
    CumulativeLink,
    fit_cumulative_model,
    level_probabilities,
)
from increase_eval.comparison.engines.frames import ModelFrame, model_frame, outcome_levels, read_clusters
from increase_eval.comparison.engines.linear import inference_table
from increase_eval.errors import InsufficientDataError
from increase_eval.results import estimate_table

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cumulative:
    """A cumulative model, fitted.

    Attributes
    ----------
    coefficients
        Index ``term``; ``estimate, std_error, df, statistic, p_value, conf_low, conf_high``, normal: log odds of a
        higher answer (logit).
    thresholds
        Index ``threshold`` (``"1|2"``); the same columns.
    vcov
        Shape (p + J - 1, p + J - 1): coefficients, then thresholds.
    log_likelihood
        At the estimates (a pseudo-likelihood where there are weights).
    levels
        The J levels of the outcome, the lowest first.
    cumulative, frame
        The fit and its arrays.
    variance, confidence
        ``model``, ``robust`` or ``cluster``; coverage of the intervals.
    """

    coefficients: pd.DataFrame
    thresholds: pd.DataFrame
    vcov: Floats
    log_likelihood: float
    levels: tuple[Any, ...]
    cumulative: CumulativeFit
    frame: ModelFrame
    variance: str
    confidence: float

    @property
    def n(self) -> int:
        """Rows used."""
        return len(self.cumulative.codes)

    @property
    def n_dropped(self) -> int:
        """Rows dropped because something was missing."""
        return self.frame.n_dropped

    def odds_ratios(self) -> pd.DataFrame:
        """Give the odds ratios of a higher answer, with their intervals.

        Returns
        -------
        DataFrame
            Index ``term``; ``estimate, conf_low, conf_high, p_value``.
        """
        if self.cumulative.link != "logit":
            raise ValueError(f"odds ratios are for the logit; the link is {self.cumulative.link!r}")
        ratios = self.coefficients[["estimate", "conf_low", "conf_high"]].apply(np.exp)
        return ratios.assign(p_value=self.coefficients["p_value"])

    def proportional_odds(self, *, most_cuts: int | None = None) -> ProportionalOdds:
        """Check whether each coefficient is the same at every cut of the scale, by Brant's test.

        Parameters
        ----------
        most_cuts
            Use so many cuts at most, those that split people most evenly: with many levels the test is too liberal.
            Empty: all.

        Returns
        -------
        ProportionalOdds
            ``statistic, df, p_value, by_term, cuts, status``.
        """
        if self.variance != "model" or self.cumulative.link != "logit":
            raise ValueError("the check of proportional odds is for the logit without weights or clusters")
        names = list(self.coefficients.index)
        return brant_test(self.cumulative.matrix, self.cumulative.codes, names, self.levels, most_cuts)

    def average_predictions(self, by: str) -> pd.DataFrame:
        """Set everybody to each level of a factor in turn, and average the probabilities of the outcome's levels.

        Parameters
        ----------
        by
            A categorical variable of the formula.

        Returns
        -------
        DataFrame
            `by`, ``outcome, estimate, std_error, conf_low, conf_high``; errors by the delta method, covariates fixed.
        """
        variable = self.frame.design.variables.get(by)
        if variable is None or variable.levels is None:
            factors = [name for name, one in self.frame.design.variables.items() if one.levels is not None]
            raise ValueError(f"{by!r} is no factor of the formula; it has: {', '.join(factors) or 'none'}")
        share = self.cumulative.weights / self.cumulative.weights.sum()
        estimates, errors = [], []
        for level in variable.levels:
            same = pd.Series([level] * self.n, index=self.frame.data.index, dtype=object)
            matrix = self.frame.design.matrix(self.frame.data.assign(**{by: same}))[:, _without_intercept(self.frame)]
            p, slopes = level_probabilities(matrix, self.cumulative.parameters, self.cumulative.link)
            gradient = np.einsum("n,njq->jq", share, slopes)
            estimates.append(share @ p)
            errors.append(np.sqrt(np.maximum(((gradient @ self.vcov) * gradient).sum(axis=1), 0)))
        index = pd.MultiIndex.from_product([list(variable.levels), list(self.levels)], names=[by, "outcome"])
        table = inference_table(index, np.ravel(estimates), np.ravel(errors), np.inf, self.confidence)
        return table.reset_index().drop(columns=["df", "statistic", "p_value"])

    def to_frame(self) -> pd.DataFrame:
        """Give the coefficients as an estimate table."""
        constants = {"outcome": str(self.frame.response.name), "n": self.n, "n_dropped": self.n_dropped}
        method = f"cumulative {self.cumulative.link}, {self.variance} variance"
        return estimate_table(self.coefficients.reset_index(), **constants, method=method)


def fit_cumulative(
    formula: str,
    data: pd.DataFrame,
    *,
    link: CumulativeLink = "logit",
    weights: str | None = None,
    cluster: str | None = None,
    confidence: float = 0.95,
) -> Cumulative:
    """How much higher does an ordered answer tend to be in one group, given what people are?

    Parameters
    ----------
    formula
        Such as ``"satisfaction ~ arm + age"``. The outcome is a number, or a categorical whose categories are in order.
    data
        One row per person. Rows with something missing are left out and counted.
    link
        ``logit`` (proportional odds) or ``probit``.
    weights
        Column of weights: estimates maximise the weighted likelihood, and errors become robust.
    cluster
        Column of clusters: errors take clusters as independent, with the factor m/(m - 1).
    confidence
        Coverage of the intervals.

    Returns
    -------
    Cumulative
        `coefficients`, `thresholds`, `vcov`, `odds_ratios()`, `proportional_odds()`, `average_predictions(by)`.

    Raises
    ------
    ValueError
        If the formula cannot be read or has no intercept, a column is absent, or the outcome has no order.
    InsufficientDataError
        If fewer than two levels occur, columns are not independent, or there are fewer than two clusters.
    ConvergenceError
        If the columns order the answers perfectly (settled by a linear programme), so that no maximum exists.

    Notes
    -----
    Pr(Y <= j) = F(ζ_j - x'β), F logistic or normal; a positive β is a higher answer. Newton's method to 1e-12; the
    variance is the inverse of the observed information; with weights or clusters A⁻¹BA⁻¹, B the sum of squared
    (cluster) scores, weights taken as fixed. Levels that nobody gave are left out.

    References
    ----------
    McCullagh P (1980). Regression models for ordinal data. doi:10.1111/j.2517-6161.1980.tb01109.x.
    Brant R (1990). Assessing proportionality in the proportional odds model. doi:10.2307/2532457.

    Checked against R (MASS::polr, and Brant's test by hand) in ``tests/golden/comparison/cumulative_simulated.json``.

    Examples
    --------
    >>> data = pd.DataFrame({"answer": [1, 2, 2, 3, 1, 3, 3, 2], "arm": list("aaaabbbb")})
    >>> fit = fit_cumulative("answer ~ arm", data)
    >>> print(f"{fit.odds_ratios().loc['arm[T.b]', 'estimate']:.4f}")
    1.9212
    """
    if link not in get_args(CumulativeLink):
        raise ValueError(f"link is {link!r}; allowed: {', '.join(get_args(CumulativeLink))}")
    normal_quantile(confidence)
    frame = model_frame(formula, data, weights=weights, also=[cluster])
    if "Intercept" not in frame.names:
        raise ValueError(f"formula {formula!r} has no intercept, in whose place the thresholds stand")
    levels, codes = _ordered(frame)
    columns = _without_intercept(frame)
    fit = fit_cumulative_model(frame.matrix[:, columns], codes, len(levels), weights=frame.weights, link=link)
    variance, vcov = "model", fit.vcov
    if cluster is not None:
        clusters = read_clusters(frame.data[cluster])
        count = int(clusters.max()) + 1
        if count < 2:
            raise InsufficientDataError("errors by cluster need two clusters; there is one")
        variance, vcov = "cluster", fit.equations().sandwich(clusters, factor=count / (count - 1))
    elif weights is not None:
        variance, vcov = "robust", fit.equations().sandwich()
    names = [name for name in frame.names if name != "Intercept"]
    cuts = [f"{low}|{high}" for low, high in pairwise(levels)]
    errors = np.sqrt(np.diag(vcov))
    p = len(names)
    slopes = inference_table(pd.Index(names, name="term"), fit.parameters[:p], errors[:p], np.inf, confidence)
    thresholds = inference_table(pd.Index(cuts, name="threshold"), fit.parameters[p:], errors[p:], np.inf, confidence)
    return Cumulative(slopes, thresholds, vcov, fit.log_likelihood, levels, fit, frame, variance, confidence)


def _without_intercept(frame: ModelFrame) -> npt.NDArray[np.bool_]:
    return np.array([name != "Intercept" for name in frame.names], dtype=bool)


def _ordered(frame: ModelFrame) -> tuple[tuple[Any, ...], npt.NDArray[np.int64]]:
    """Give the levels of the outcome that occur, the lowest first, and each row's."""
    response = frame.response
    is_ordered = isinstance(response.dtype, pd.CategoricalDtype) or pd.api.types.is_numeric_dtype(response.dtype)
    if not is_ordered:
        raise ValueError(
            f"column {response.name!r} is neither a number nor a categorical, so that its values have no order; its "
            f"type is {response.dtype}"
        )
    return outcome_levels(response)
