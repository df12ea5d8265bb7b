"""What does a weighted analysis say, and how sure is it? Weighted regression with linearised errors.

Weights are taken as fixed, as survey software does; errors that count the weights' own estimation come from stacking
the equations of both steps. Weights belong here or into estimating equations with independence, not into a mixed
model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.comparison.adjustment.weights import Weights, effective_size
from increase_eval.comparison.categorical.proportions import normal_quantile
from increase_eval.comparison.engines.estimating_equations import EstimatingEquations, sum_by
from increase_eval.comparison.engines.frames import ModelFrame, model_frame, read_clusters
from increase_eval.comparison.engines.generalised_linear import GeneralisedFit, fit_generalised
from increase_eval.comparison.engines.linear import coefficient_table
from increase_eval.errors import InsufficientDataError
from increase_eval.results import estimate_table

Floats = npt.NDArray[np.float64]
WeightedFamily = Literal["gaussian", "binomial"]


OK = "ok"
NO_ERROR = "no error of some coefficients or contrasts: they rest on one person or cluster alone"
SMALLEST_RATIO = 1e-10
"""Smallest variance of a combination of coefficients, over that of the most variable one, that is not rounding."""


@dataclass(frozen=True, slots=True)
class WeightedFit:
    """A weighted regression, fitted.

    Attributes
    ----------
    coefficients
        Index ``term``; ``estimate, std_error, df, statistic, p_value, conf_low, conf_high``.
    vcov
        Linearised, shape (p, p).
    df
        Rows (or clusters) less 1, less p - 1.
    effective_sample_size
        (Σw)²/Σw² of the rows used.
    status
        ``ok``, or that some combination of coefficients has an error of nought, because one person (or one cluster) is
        all there is of a level, or because nothing varies about the model.
    n, n_clusters, n_dropped
        Rows and clusters used (rows where there are none), rows dropped: missing something, or of weight 0.
    generalised, frame
        The fit and its arrays.
    """

    coefficients: pd.DataFrame
    vcov: Floats
    df: int
    effective_sample_size: float
    n: int
    n_clusters: int
    n_dropped: int
    family: str
    formula: str
    confidence: float
    generalised: GeneralisedFit
    frame: ModelFrame
    status: str

    def equations(self) -> EstimatingEquations:
        """Give the weighted score equations, to be stacked on those of the weights."""
        return self.generalised.equations()

    def to_frame(self) -> pd.DataFrame:
        """Give the coefficients as an estimate table."""
        constants = {
            "outcome": str(self.frame.response.name), "n": self.n, "n_dropped": self.n_dropped, "status": self.status,
        }  # fmt: skip
        return estimate_table(self.coefficients.reset_index(), **constants, method=f"weighted {self.family} regression")


def weighted_model(
    formula: str,
    data: pd.DataFrame,
    *,
    weights: str,
    cluster: str | None = None,
    family: WeightedFamily = "gaussian",
    estimated: Weights | None = None,
    confidence: float = 0.95,
) -> WeightedFit:
    """How sure is a weighted regression?

    Parameters
    ----------
    formula
        Such as ``"score_t3 ~ arm + score_t1"``.
    data
        One row per person. Rows with something missing, and rows of weight 0, are left out and counted.
    weights
        Column of weights; their scale does not matter.
    cluster
        Column of clusters, taken as sampled independently.
    family
        ``gaussian`` (identity) or ``binomial`` (logit, outcome 0 or 1).
    estimated
        The response weights that the column holds (made from the same rows, in the same order): errors then count that
        they were estimated. Empty: weights are taken as fixed, as survey software does.
    confidence
        Coverage of the intervals.

    Returns
    -------
    WeightedFit
        `coefficients`, `vcov`, `df`.

    Raises
    ------
    ValueError
        If the formula cannot be read, a column is absent, a weight is negative, or the outcome is not of the family.
    InsufficientDataError
        If columns are not independent, or no degree of freedom is left.
    ConvergenceError
        If the data separate (binomial).

    Notes
    -----
    Σ w_i u_i(β) = 0; V = m/(m-1) A⁻¹(Σ_g s_g s_g')A⁻¹ with s_g the weighted scores of a cluster (of a row where there
    are none) and m their number; t on m - 1 - (p - 1) degrees of freedom, as R's survey has it.

    With `estimated`, the response models' equations are stacked on these: s_i becomes w_i u_i + Σ_k M_k f_ik over all
    who were asked, f_ik the influence of person i on the parameters of response model k and M_k how the weighted
    equations move with them; a person's rows are one unit, and m counts everybody asked.

    References
    ----------
    Binder DA (1983). On the variances of asymptotically normal estimators from complex surveys. doi:10.2307/1402588.

    Checked against R (survey) in ``tests/golden/attrition/ipw_fourarm_completers.json``.

    Examples
    --------
    >>> data = pd.DataFrame({"y": [1.0, 2, 3, 5], "x": [0.0, 0, 1, 1], "w": [1.0, 2, 1, 3]})
    >>> fit = weighted_model("y ~ x", data, weights="w")
    >>> print(fit.coefficients["estimate"].round(4).to_dict(), fit.df)
    {'Intercept': 1.6667, 'x': 2.8333} 2
    """
    if family not in get_args(WeightedFamily):
        raise ValueError(f"family is {family!r}; allowed: {', '.join(get_args(WeightedFamily))}")
    normal_quantile(confidence)
    frame = model_frame(formula, data, weights=weights, also=[cluster])
    response = frame.events() if family == "binomial" else frame.numbers()
    clusters = None if cluster is None else read_clusters(frame.data[cluster])
    count = len(response) if clusters is None else int(clusters.max()) + 1
    df = count - len(frame.names)
    if df < 1:
        raise InsufficientDataError(
            f"{count} independent units leave no degree of freedom for {len(frame.names)} terms"
        )
    # The scale of weights must not reach the solver's tolerances.
    scaled = frame.weights / frame.weights.mean()
    fit = fit_generalised(frame.matrix, response, frame.names, family=family, weights=scaled)
    if estimated is None:
        vcov = fit.equations().sandwich(clusters, factor=count / (count - 1))
    else:
        vcov = _with_estimated_weights(fit, frame, estimated, None if cluster is None else data[cluster])
    table = coefficient_table(frame.names, fit.coefficients, vcov, df, confidence)
    size = effective_size(frame.weights)
    return WeightedFit(
        table, vcov, df, size, len(response), count, frame.n_dropped, family, formula, confidence, fit, frame,
        _status(fit, vcov),
    )  # fmt: skip


def _status(fit: GeneralisedFit, vcov: Floats) -> str:
    """Tell whether some combination of coefficients has no error, measured in the metric of the information."""
    root = np.linalg.cholesky(fit.information)
    sizes = np.linalg.eigvalsh(root.T @ vcov @ root)
    spread = float(fit.weights @ (fit.response - fit.fitted) ** 2)
    nothing_varies = spread <= SMALLEST_RATIO**2 * float(fit.weights @ fit.response**2)
    return NO_ERROR if nothing_varies or sizes[0] < SMALLEST_RATIO * sizes[-1] else OK


def _with_estimated_weights(
    fit: GeneralisedFit, frame: ModelFrame, weights: Weights, cluster: pd.Series[Any] | None
) -> Floats:
    """Stack the weighted equations on those of the response models, over everybody who was asked."""
    if weights.units is None:
        raise ValueError(f"weights of the kind {weights.method!r} do not come from response models")
    if len(weights.units) != len(frame.rows):
        raise ValueError(
            f"`estimated` holds {len(weights.units)} rows and the data {len(frame.rows)}; allowed: the same"
        )
    found = weights.values.to_numpy()[frame.rows]
    if np.ptp(found / frame.weights) > 1e-9 * float((found / frame.weights).mean()):
        raise ValueError("the column of weights is not in proportion to `estimated`")
    own = fit.equations()
    influence = np.zeros((len(frame.rows), len(frame.names)))
    influence[frame.rows] = own.influence()
    for step in weights.steps:
        moves = own.scores.T @ step.slopes[frame.rows]
        influence[step.rows] += step.equations.influence() @ np.linalg.solve(own.derivative, moves).T
    units = weights.units if cluster is None else read_clusters(cluster)
    sums = sum_by(influence, units)
    count = len(sums)
    return np.asarray(count / (count - 1) * sums.T @ sums)
