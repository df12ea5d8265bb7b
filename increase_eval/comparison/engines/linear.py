"""Least squares, weighted or not, by orthogonal decomposition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import linalg, stats

from increase_eval.errors import InsufficientDataError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LinearFit:
    """A linear model, fitted.

    Attributes
    ----------
    names
        Names of the p columns.
    matrix, response, weights
        Shapes (n, p), (n,), (n,).
    coefficients, residuals
        Shapes (p,), (n,).
    inverse
        (X'WX)⁻¹, shape (p, p).
    df_residual
        n - p.
    """

    names: tuple[str, ...]
    matrix: Floats
    response: Floats
    weights: Floats
    coefficients: Floats
    residuals: Floats
    inverse: Floats
    df_residual: int

    @property
    def residual_squares(self) -> float:
        """Weighted sum of squared residuals."""
        return float(self.weights @ self.residuals**2)

    @property
    def sigma2(self) -> float:
        """Residual variance."""
        if self.df_residual < 1:
            raise InsufficientDataError(
                f"{len(self.response)} rows leave no residual for {len(self.names)} coefficients"
            )
        return self.residual_squares / self.df_residual

    @property
    def vcov(self) -> Floats:
        """Model-based variance of the coefficients."""
        return self.sigma2 * self.inverse

    @property
    def leverage(self) -> Floats:
        """Diagonal of the projection onto the design, shape (n,)."""
        return np.asarray(((self.matrix @ self.inverse) * self.matrix).sum(axis=1) * self.weights)


def fit_linear(matrix: Floats, response: Floats, names: Sequence[str], weights: Floats | None = None) -> LinearFit:
    """Fit a linear model of full rank."""
    w = np.ones(len(response)) if weights is None else weights
    root = np.sqrt(w)
    q, r = linalg.qr(matrix * root[:, None], mode="economic")
    coefficients = linalg.solve_triangular(r, q.T @ (root * response))
    half = linalg.solve_triangular(r, np.eye(r.shape[0]))
    residuals = response - matrix @ coefficients
    df = len(response) - matrix.shape[1]
    return LinearFit(tuple(names), matrix, response, w, coefficients, residuals, half @ half.T, df)


def coefficient_table(
    names: Sequence[str], coefficients: Floats, vcov: Floats, df: float | Floats, confidence: float = 0.95
) -> pd.DataFrame:
    """Give coefficients with errors, tests and intervals; t on `df`, normal where `df` is infinite.

    Returns
    -------
    DataFrame
        Index ``term``; columns ``estimate, std_error, df, statistic, p_value, conf_low, conf_high``.
    """
    # A variance under nought (a moment estimator's) is no variance: the error is missing.
    variances = np.where(np.diag(vcov) >= 0, np.diag(vcov), np.nan)
    return inference_table(pd.Index(list(names), name="term"), coefficients, np.sqrt(variances), df, confidence)


def inference_table(
    index: pd.Index, estimates: Floats, errors: Floats, df: float | Floats, confidence: float = 0.95
) -> pd.DataFrame:
    """Give estimates with errors, two-sided tests and intervals on an index of their own."""
    free = np.broadcast_to(np.asarray(df, dtype=float), estimates.shape)
    statistic = np.divide(estimates, errors, out=np.full(estimates.shape, np.nan), where=errors > 0)
    half = stats.t.ppf((1 + confidence) / 2, free) * errors
    columns = {
        "estimate": estimates,
        "std_error": errors,
        "df": np.where(np.isinf(free), np.nan, free),
        "statistic": statistic,
        "p_value": 2 * stats.t.sf(np.abs(statistic), free),
        "conf_low": estimates - half,
        "conf_high": estimates + half,
    }
    return pd.DataFrame(columns, index=index)
