"""What would each arm's mean be in one and the same population? Standardisation by a model of the outcome.

Everybody of a common population is set to each arm in turn, and the predictions of an outcome model are averaged
(g-computation). It corrects for the columns of the model, if the model is right, and for nothing else; where arms do
not overlap it extrapolates, which weights would refuse to do.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.comparison.adjustment.adjusted_means import AdjustedMeans
from increase_eval.comparison.categorical.proportions import normal_quantile
from increase_eval.comparison.engines.estimating_equations import EstimatingEquations
from increase_eval.comparison.engines.frames import ModelFrame, column_weights, model_frame
from increase_eval.comparison.engines.generalised_linear import (
    LINKS,
    Family,
    GeneralisedFit,
    fit_generalised,
)
from increase_eval.errors import InsufficientDataError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PENALISED = "Firth's penalty since the outcome separates"
WEIGHTED = "weighted, weights taken as fixed"


def standardise(
    formula: str,
    data: pd.DataFrame,
    *,
    arm: str,
    family: Family = "gaussian",
    population: str | None = None,
    weights: str | None = None,
    confidence: float = 0.95,
) -> AdjustedMeans:
    """How would the arms compare in one and the same population?

    Parameters
    ----------
    formula
        The outcome on the left, the arm and what people bring along on the right: ``"wellbeing ~ arm * age + sex"``.
    data
        One row per person. The model is fitted to those whose outcome is known; the population is everybody whose
        covariates are known.
    arm
        The column with the arm.
    family
        ``gaussian``, ``binomial`` (an outcome of 0 and 1; also ratios and odds ratios) or ``poisson``.
    population
        A column of booleans: who makes up the common population; empty: everybody.
    weights
        A column of design or response weights: the outcome model is fitted with them, and the population is that which
        they stand for. Rows without a weight, or of weight 0, have no part. Errors take them as fixed: that response
        weights were estimated is not counted.
    confidence
        Coverage of the intervals.

    Returns
    -------
    AdjustedMeans
        `means()`, `contrasts(measure)`, `by_cluster(clusters)`.

    Raises
    ------
    ValueError
        If the formula cannot be read, the arm is no factor of it, or a column is absent.
    InsufficientDataError
        If an arm has fewer than two people, columns are not independent, or nobody is left in the population.
    ConvergenceError
        If the outcome model has no maximum; a logit that separates (nobody of some group has the outcome, or everybody)
        is fitted with Firth's penalty instead, and `method` says so.

    Notes
    -----
    μ_k = Σ_i w_i m(k, x_i; β) / Σ_i w_i over the population, w_i = 1 without weights. Errors stack the equations of β
    and μ (with Huber's and White's variance for β), so that they count the estimation of the model and the sampling of
    the population.

    References
    ----------
    Robins JM (1986), g-computation. doi:10.1016/0270-0255(86)90088-6.
    Stefanski LA, Boos DD (2002), stacked equations. doi:10.1198/000313002753631330.

    Checked against statsmodels (TreatmentEffect.ra) and the numerical derivative of the stacked equations in
    ``tests/unit/comparison/test_standardisation.py``.

    Examples
    --------
    >>> data = pd.DataFrame({"y": [1.0, 2, 3, 3, 4, 6], "arm": list("aaabbb"), "x": [0.0, 1, 2, 1, 2, 3]})
    >>> print(standardise("y ~ arm + x", data, arm="arm").contrasts()[["contrast", "estimate"]].to_string(index=False))
    contrast  estimate
       b - a  1.083333
    """
    normal_quantile(confidence)
    frame = model_frame(formula, data, weights=weights)
    codes, arms = arm_codes(frame, arm)
    fit = outcome_model(frame, family)
    rows = _population_rows(frame, data, arm, population)
    own_weights = column_weights(data, weights)
    rows = rows[own_weights[rows] > 0]
    if not len(rows):
        raise InsufficientDataError("nobody of the common population has a weight")
    w = own_weights[rows]
    gaps, means, moves = _standardised(frame, fit, data.iloc[rows], arm, arms, w)
    every = np.union1d(np.flatnonzero(frame.rows), rows)
    first = EstimatingEquations(_spread(fit.equations().scores, np.flatnonzero(frame.rows), every), fit.information)
    equations = EstimatingEquations(_spread(gaps, rows, every), np.diag(np.full(len(arms), float(w.sum()))))
    influence = equations.after(first, moves).influence()
    own = np.full(len(every), -1, dtype=np.int64)
    own[np.searchsorted(every, np.flatnonzero(frame.rows))] = codes
    return AdjustedMeans(
        arm=arm, arms=arms, outcome=str(frame.response.name), method=named("standardisation", fit, weights),
        estimates=means,
        vcov=influence.T @ influence, sizes=np.bincount(codes, minlength=len(arms)), n=len(rows),
        n_dropped=len(data) - len(every), influence=influence, rows=every, codes=own, confidence=confidence,
    )  # fmt: skip


def arm_codes(frame: ModelFrame, arm: str) -> tuple[Ints, tuple[Any, ...]]:
    """Give each row's arm and the arms, refusing an arm with fewer than two people."""
    variable = frame.design.variables.get(arm)
    if variable is None or variable.levels is None:
        factors = [name for name, one in frame.design.variables.items() if one.levels is not None]
        raise ValueError(f"{arm!r} is no factor of the formula; it has: {', '.join(factors) or 'none'}")
    codes = variable.codes(frame.data)
    sizes = np.bincount(codes, minlength=len(variable.levels))
    if len(sizes) < 2 or sizes.min() < 2:
        few = [str(level) for level, size in zip(variable.levels, sizes, strict=True) if size < 2]
        raise InsufficientDataError(f"a comparison needs two arms with two people in each; too few in: {few or 'all'}")
    return codes, variable.levels


def outcome_model(frame: ModelFrame, family: Family) -> GeneralisedFit:
    """Fit the outcome model; a logit that separates is fitted with Firth's penalty."""
    is_binary = family == "binomial"
    response = frame.events() if is_binary else frame.numbers()
    return fit_generalised(
        frame.matrix, response, frame.names, family=family, weights=frame.weights, firth_if_separated=is_binary
    )


def named(method: str, fit: GeneralisedFit, weights: str | None = None) -> str:
    """Name a method, the penalty where the outcome model needed it, and that rows were weighted."""
    parts = [method, *([PENALISED] if fit.is_separated else []), *([WEIGHTED] if weights is not None else [])]
    return ", ".join(parts)


def predictions(
    frame: ModelFrame, fit: GeneralisedFit, data: pd.DataFrame, arm: str, level: Any
) -> tuple[Floats, Floats]:
    """Give everybody's predicted outcome in one arm, shape (n,), and its slopes by the coefficients, shape (n, p)."""
    same = pd.Series([level] * len(data), index=data.index, dtype=object)
    matrix = frame.design.matrix(data.assign(**{arm: same}))
    eta = matrix @ fit.coefficients
    return LINKS[fit.link].mean(eta), matrix * LINKS[fit.link].slope(eta)[:, None]


def _population_rows(frame: ModelFrame, data: pd.DataFrame, arm: str, population: str | None) -> Ints:
    known = np.ones(len(data), dtype=bool)
    for name, variable in frame.design.variables.items():
        if name == arm:
            continue
        if name not in data:  # a power, whose column is made from another one that is known
            raise ValueError(f"{name!r} is a power; standardisation needs columns of their own: compute it before")
        known &= data[name].notna().to_numpy(dtype=bool)
        if variable.levels is not None:
            known &= data[name].isin(list(variable.levels)).to_numpy(dtype=bool)
    if population is not None:
        if population not in data:
            raise ValueError(f"{population!r} is not in the table; it has: {', '.join(map(str, data.columns))}")
        known &= data[population].fillna(False).astype(bool).to_numpy()
    if not known.any():
        raise InsufficientDataError("nobody of the common population has all covariates")
    return np.flatnonzero(known)


def _standardised(
    frame: ModelFrame, fit: GeneralisedFit, people: pd.DataFrame, arm: str, arms: tuple[Any, ...], w: Floats
) -> tuple[Floats, Floats, Floats]:
    """Give w_i (m(k, x_i) - μ_k), shape (n, K), the means, and how their equations move with coefficients, (K, p)."""
    columns, moves = [], []
    for level in arms:
        predicted, slopes = predictions(frame, fit, people, arm, level)
        columns.append(predicted)
        moves.append(w @ slopes)
    table = np.column_stack(columns)
    means = np.asarray(w @ table / w.sum())
    return w[:, None] * (table - means), means, np.array(moves)


def _spread(values: Floats, rows: Ints, every: Ints) -> Floats:
    """Put rows where they stand among all rows used, and noughts elsewhere."""
    spread = np.zeros((len(every), values.shape[1]))
    spread[np.searchsorted(every, rows)] = values
    return spread
