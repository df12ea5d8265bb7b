"""Which state do people reach, given where they started and what they are? The multinomial logit of an outcome.

Coefficients are log odds against the first outcome. What readers can use are average predictions: everybody is set to
each level of a variable in turn, and the predicted probabilities are averaged. Nothing here is causal by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.comparison.categorical.proportions import normal_quantile
from increase_eval.comparison.engines.frames import (
    ModelFrame,
    model_frame,
    outcome_levels,
    read_clusters,
    refuse_lone_levels,
)
from increase_eval.comparison.engines.linear import inference_table
from increase_eval.comparison.engines.multinomial import MultinomialFit, fit_multinomial, probabilities
from increase_eval.errors import InsufficientDataError
from increase_eval.results import estimate_table

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Transitions:
    """A multinomial logit, fitted.

    Attributes
    ----------
    coefficients
        Index (``outcome``, ``term``), outcome by outcome; ``estimate, std_error, df, statistic, p_value, conf_low,
        conf_high``, normal.
    vcov
        Shape ((K-1)p, (K-1)p), in the order of `coefficients`; robust where there are weights or clusters.
    log_likelihood
        At the estimates (a pseudo-likelihood where there are weights).
    outcomes
        The K outcomes, the base first.
    multinomial, frame
        The fit and its arrays.
    formula, variance, confidence
        What was asked: ``model``, ``robust`` or ``cluster`` variance.
    """

    coefficients: pd.DataFrame
    vcov: Floats
    log_likelihood: float
    outcomes: tuple[Any, ...]
    multinomial: MultinomialFit
    frame: ModelFrame
    formula: str
    variance: str
    confidence: float

    @property
    def n(self) -> int:
        """Rows used."""
        return len(self.multinomial.codes)

    @property
    def n_dropped(self) -> int:
        """Rows dropped because something was missing or the weight was 0."""
        return self.frame.n_dropped

    def average_predictions(self, by: str) -> pd.DataFrame:
        """Give the probability of each outcome if everybody had each level of a variable.

        Parameters
        ----------
        by
            A categorical variable of the formula.

        Returns
        -------
        DataFrame
            `by`, ``outcome, estimate, std_error, conf_low, conf_high``; errors by the delta method, covariates fixed.
        """
        levels, estimates, gradients = self._averages(by)
        index = pd.MultiIndex.from_product([levels, self.outcomes], names=[by, "outcome"])
        return self._table(index, estimates.ravel(), gradients.reshape(index.size, -1))

    def risk_difference(self, by: str, *, reference: Any = None) -> pd.DataFrame:
        """Give the difference of average predictions of each level and a reference level.

        Parameters
        ----------
        by
            A categorical variable of the formula.
        reference
            One of its levels; empty: the first.

        Returns
        -------
        DataFrame
            `by`, ``outcome, estimate, std_error, statistic, p_value, conf_low, conf_high``; normal.
        """
        levels, estimates, gradients = self._averages(by)
        base = levels[0] if reference is None else reference
        if base not in levels:
            raise ValueError(f"{base!r} is no level of {by!r}; it has: {', '.join(map(str, levels))}")
        at, others = levels.index(base), [level for level in levels if level != base]
        index = pd.MultiIndex.from_product([others, self.outcomes], names=[by, "outcome"])
        chosen = [levels.index(level) for level in others]
        differences = (estimates[chosen] - estimates[at]).ravel()
        slopes = (gradients[chosen] - gradients[at]).reshape(index.size, -1)
        return self._table(index, differences, slopes, tests=True)

    def to_frame(self) -> pd.DataFrame:
        """Give the coefficients as an estimate table; ``by_outcome`` is the state reached."""
        table = self.coefficients.reset_index().rename(columns={"outcome": "by_outcome"})
        constants = {"outcome": str(self.frame.response.name), "n": self.n, "n_dropped": self.n_dropped}
        return estimate_table(table, **constants, method=f"multinomial logit, {self.variance} variance")

    def _averages(self, by: str) -> tuple[list[Any], Floats, Floats]:
        """Give levels, averages (levels, K) and their gradients (levels, K, (K-1)p)."""
        variable = self.frame.design.variables.get(by) if isinstance(by, str) else None
        if variable is None or variable.levels is None:
            factors = [name for name, one in self.frame.design.variables.items() if one.levels is not None]
            raise ValueError(f"{by!r} is no factor of the formula; it has: {', '.join(factors) or 'none'}")
        share = self.multinomial.weights / self.multinomial.weights.sum()
        averages, gradients = [], []
        for level in variable.levels:
            same = pd.Series([level] * self.n, index=self.frame.data.index, dtype=object)
            matrix = self.frame.design.matrix(self.frame.data.assign(**{by: same}))
            p = probabilities(matrix, self.multinomial.coefficients)
            averages.append(share @ p)
            gradients.append(_gradient(matrix, p, share))
        return list(variable.levels), np.array(averages), np.array(gradients)

    def _table(self, index: pd.MultiIndex, values: Floats, gradients: Floats, *, tests: bool = False) -> pd.DataFrame:
        errors = np.sqrt(np.maximum(((gradients @ self.vcov) * gradients).sum(axis=1), 0))
        table = inference_table(index, values, errors, np.inf, self.confidence).reset_index()
        return table.drop(columns=["df"] if tests else ["df", "statistic", "p_value"])


def _gradient(matrix: Floats, p: Floats, share: Floats) -> Floats:
    """Give the derivative of the averaged probabilities, shape (K, (K-1)p): p_k ((k = j) - p_j) x."""
    outcomes = p.shape[1]
    slopes = [[(share * p[:, k] * ((k == j) - p[:, j])) @ matrix for j in range(1, outcomes)] for k in range(outcomes)]
    return np.array(slopes).reshape(outcomes, -1)


def fit_transitions(
    formula: str,
    data: pd.DataFrame,
    *,
    weights: str | None = None,
    cluster: str | None = None,
    confidence: float = 0.95,
) -> Transitions:
    """Which state do people reach, given where they started and what they are?

    Parameters
    ----------
    formula
        Such as ``"state_t3 ~ state_t1 + arm"``. The outcome's first category is the base: the first of a categorical
        that occurs, else the first in sorted order.
    data
        One row per person. Rows with something missing are left out and counted.
    weights
        Column of weights: estimates maximise the weighted likelihood, and errors become robust.
    cluster
        Column of clusters: errors take clusters as independent, with the factor m/(m - 1).
    confidence
        Coverage of the intervals.

    Returns
    -------
    Transitions
        `coefficients`, `vcov`, `log_likelihood`, `average_predictions(by)`, `risk_difference(by)`.

    Raises
    ------
    ValueError
        If the formula cannot be read or a column is absent.
    InsufficientDataError
        If fewer than two outcomes occur, columns are not independent, or there are fewer than two clusters, or than
        two with a level of a factor that does not vary within clusters (an arm with a lone provider).
    ConvergenceError
        If some outcome is predicted perfectly (settled by a linear programme), so that no maximum exists.

    Notes
    -----
    log(Pr(Y = k)/Pr(Y = base)) = x'β_k, by Newton's method to 1e-12. The variance is the inverse information; with
    weights or clusters A⁻¹BA⁻¹, B the sum of squared (cluster) scores, weights taken as fixed. The average prediction
    of outcome k at level l is the (weighted) mean over all rows of Pr(Y = k | l, the row's other values).

    References
    ----------
    McFadden D (1974). Conditional logit analysis of qualitative choice behavior. In: Frontiers in Econometrics.
    Albert A, Anderson JA (1984), separation. doi:10.1093/biomet/71.1.1.

    Checked against R (nnet, polished to 1e-13) in ``tests/golden/comparison/multinomial_womenlf.json``.

    Examples
    --------
    >>> data = pd.DataFrame({"state": ["job", "none", "study"] * 4 + ["job", "job"], "arm": ["a"] * 7 + ["b"] * 7})
    >>> fit = fit_transitions("state ~ arm", data)
    >>> print(fit.average_predictions("arm")[["arm", "outcome", "estimate"]].head(3).round(4).to_string(index=False))
    arm outcome  estimate
      a     job    0.4286
      a    none    0.2857
      a   study    0.2857
    """
    normal_quantile(confidence)
    frame = model_frame(formula, data, weights=weights, also=[cluster])
    outcomes, codes = outcome_levels(frame.response)
    fit = fit_multinomial(frame.matrix, codes, outcomes, frame.weights)
    variance, vcov = "model", fit.vcov
    if cluster is not None:
        clusters = read_clusters(frame.data[cluster])
        count = int(clusters.max()) + 1
        if count < 2:
            raise InsufficientDataError("errors by cluster need two clusters; there is one")
        refuse_lone_levels(frame, clusters)
        variance, vcov = "cluster", fit.equations().sandwich(clusters, factor=count / (count - 1))
    elif weights is not None:
        variance, vcov = "robust", fit.equations().sandwich()
    index = pd.MultiIndex.from_product([outcomes[1:], frame.names], names=["outcome", "term"])
    errors = np.sqrt(np.diag(vcov))
    table = inference_table(index, fit.coefficients.ravel(), errors, np.inf, confidence)
    return Transitions(table, vcov, fit.log_likelihood, outcomes, fit, frame, formula, variance, confidence)
