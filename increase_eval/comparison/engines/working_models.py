"""One view of fitted models, ours or of statsmodels: design, residuals, weights and working variances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.comparison.engines.generalised_linear import LINKS, GeneralisedFit, variance_function
from increase_eval.comparison.engines.linear import LinearFit
from increase_eval.errors import InsufficientDataError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class WorkingModel:
    """A fitted model as weighted least squares: coefficients solve X'W e = 0, X being the design times the slopes.

    Attributes
    ----------
    names, coefficients
        Shape (p,).
    matrix
        The design, shape (n, p).
    slopes
        Derivative of the mean by the linear predictor, shape (n,); 1 for a linear model.
    residuals, weights, variances
        Residuals e of the response, W and the working variance Φ (both diagonal), shape (n,).
    index
        Labels of the rows used, or None where the model does not know them.
    """

    names: tuple[str, ...]
    coefficients: Floats
    matrix: Floats
    slopes: Floats
    residuals: Floats
    weights: Floats
    variances: Floats
    index: pd.Index | None

    def match(self, values: Any, name: str) -> npt.NDArray[np.int64]:
        """Give the number of each used row's group, from 0 in order of appearance.

        A Series is matched by its index where that has the label of every row used, else by position; where labels of
        the rows used repeat, always by position: a label would not say which row is meant.
        """
        series = values if isinstance(values, pd.Series) else pd.Series(np.asarray(values))
        labelled = self.index if isinstance(values, pd.Series) and series.index.is_unique else None
        if labelled is not None and labelled.is_unique and labelled.isin(series.index).all():
            series = series.loc[labelled]
        elif len(series) != len(self.residuals):
            raise ValueError(f"{name} has {len(series)} rows, and the model used {len(self.residuals)}")
        codes, _ = pd.factorize(series)
        if (codes < 0).any():
            raise ValueError(f"{name} is missing in {int((codes < 0).sum())} rows that the model used")
        return np.asarray(codes, dtype=np.int64)


def working_model(fit: Any) -> WorkingModel:
    """View a fitted model as weighted least squares.

    Raises
    ------
    ValueError
        If the model is neither linear nor generalised linear, of this package or of statsmodels.
    """
    inner = getattr(fit, "linear", None) or getattr(fit, "generalised", None) or fit
    index = fit.frame.data.index if hasattr(fit, "frame") else None
    if isinstance(inner, LinearFit):
        return _of_linear(inner, index)
    if isinstance(inner, GeneralisedFit):
        return _of_generalised(inner, index)
    if hasattr(fit, "model") and hasattr(fit.model, "exog") and hasattr(fit, "params"):
        return _of_statsmodels(fit)
    raise ValueError(
        f"a fit of type {type(fit).__name__} is not known; allowed: linear and generalised linear models "
        "(fit_mmrm and fit_transitions take `cluster=` themselves)"
    )


def _of_linear(fit: LinearFit, index: pd.Index | None) -> WorkingModel:
    ones = np.ones(len(fit.response))
    return WorkingModel(fit.names, fit.coefficients, fit.matrix, ones, fit.residuals, fit.weights, ones, index)


def _of_generalised(fit: GeneralisedFit, index: pd.Index | None) -> WorkingModel:
    slopes = LINKS[fit.link].slope(fit.linear_predictor)
    variances = variance_function(fit.fitted, fit.family)
    residuals = fit.response - fit.fitted
    # Weights of ours say for how many people a row stands, and nothing of how exact it is.
    weights = fit.weights / variances
    return WorkingModel(fit.names, fit.coefficients, fit.matrix, slopes, residuals, weights, variances, index)


def _of_statsmodels(fit: Any) -> WorkingModel:
    model = fit.model
    names = tuple(map(str, model.exog_names))
    matrix = np.asarray(model.exog, dtype=float)
    lengths = np.linalg.norm(matrix, axis=0)
    if not lengths.all() or np.linalg.matrix_rank(matrix / lengths) < matrix.shape[1]:
        raise InsufficientDataError(f"the columns of the design are not independent: {', '.join(names)}; leave one out")
    labels = getattr(model.data, "row_labels", None)
    index = None if labels is None else pd.Index(labels)
    coefficients = np.asarray(fit.params, dtype=float)
    ones = np.ones(len(matrix))
    kind = type(model).__name__
    if kind in ("OLS", "WLS"):
        weights = np.asarray(getattr(model, "weights", ones), dtype=float) * ones
        residuals = np.asarray(model.endog, dtype=float) - matrix @ coefficients
        return WorkingModel(names, coefficients, matrix, ones, residuals, weights, ones, index)
    if kind == "GLM":
        mean = np.asarray(fit.mu, dtype=float)
        slopes = 1 / np.asarray(model.family.link.deriv(mean), dtype=float)
        variances = np.asarray(model.family.variance(mean), dtype=float)
        prior = np.asarray(model.freq_weights * model.var_weights, dtype=float) * ones
    elif kind in ("Logit", "Poisson"):
        mean = np.asarray(fit.predict(), dtype=float)
        slopes = variances = mean * (1 - mean) if kind == "Logit" else mean
        prior = ones
    else:
        raise ValueError(f"a statsmodels {kind} is not known; allowed: OLS, WLS, GLM, Logit, Poisson")
    residuals = np.asarray(model.endog, dtype=float) - mean
    # As in clubSandwich, prior weights of a generalised model are precisions.
    working = variances / np.where(prior > 0, prior, 1.0)
    return WorkingModel(names, coefficients, matrix, slopes, residuals, prior / variances, working, index)
