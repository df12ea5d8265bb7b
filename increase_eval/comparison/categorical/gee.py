"""How does an outcome go on average, when the same people answer several times? Generalised estimating equations.

Marginal models with a working correlation. Unweighted, they assume that dropout is completely at random; the result
says so. Weights are allowed with the independence correlation only: with any other they weight pairs that should not
be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.comparison.categorical.proportions import normal_quantile
from increase_eval.comparison.engines.frames import ModelFrame, model_frame
from increase_eval.comparison.engines.generalised_linear import (
    CANONICAL,
    LINKS,
    Family,
    fit_generalised,
    variance_function,
)
from increase_eval.comparison.engines.linear import coefficient_table
from increase_eval.comparison.engines.working_correlation import (
    Correlation,
    Repeats,
    correlation_matrix,
    estimate_alpha,
    read_repeats,
)
from increase_eval.errors import ConvergenceError
from increase_eval.results import estimate_table

Floats = npt.NDArray[np.float64]

MAX_ITERATIONS = 200
TOLERANCE = 1e-11

UNWEIGHTED = "Unweighted: right only if dropout is completely at random given the columns of the model (MCAR)."
WEIGHTED = "Weighted: right only if the weights are; they are taken as fixed."
IN_ORDER = " Visits were not given: a person's answers count as consecutive."


@dataclass(frozen=True, slots=True)
class GeeFit:
    """A marginal model, fitted by generalised estimating equations.

    Attributes
    ----------
    coefficients
        Index ``term``; ``estimate, std_error, df, statistic, p_value, conf_low, conf_high``, normal, robust errors.
    vcov, naive_vcov
        Robust (without a small-sample factor) and model-based variance, shape (p, p).
    alpha
        The correlation: None (independence), a number, or a frame visits x visits (unstructured; missing where no two
        answers of one person meet).
    scale
        Σ r² / N, r the Pearson residuals.
    visits
        The visits in order.
    n, n_subjects, n_dropped
        Rows and people used, and rows dropped.
    family, correlation, assumption
        What it is, and what it rests on.
    """

    coefficients: pd.DataFrame
    vcov: Floats
    naive_vcov: Floats
    alpha: float | pd.DataFrame | None
    scale: float
    visits: tuple[Any, ...]
    n: int
    n_subjects: int
    n_dropped: int
    outcome: str
    family: str
    correlation: str
    assumption: str
    confidence: float

    def to_frame(self) -> pd.DataFrame:
        """Give the coefficients as an estimate table."""
        constants = {"outcome": self.outcome, "n": self.n, "n_dropped": self.n_dropped}
        return estimate_table(self.coefficients.reset_index(), **constants, method=f"GEE, {self.correlation}")


def fit_gee(
    formula: str,
    data: pd.DataFrame,
    *,
    subject: str,
    family: Family = "binomial",
    correlation: Correlation = "exchangeable",
    time: str | None = None,
    weights: str | None = None,
    confidence: float = 0.95,
) -> GeeFit:
    """How does an outcome go on average, when the same people answer several times?

    Parameters
    ----------
    formula
        Such as ``"in_work ~ arm * visit"``.
    data
        One row per person and visit, in any order. Rows with something missing are left out and counted.
    subject
        Column with the person.
    family
        ``binomial`` (logit, outcome 0 or 1), ``gaussian`` (identity) or ``poisson`` (log, counts).
    correlation
        ``independence``, ``exchangeable``, ``ar1`` or ``unstructured``.
    time
        Column with the visit: a number, date or category whose sorted values (categories as declared) are the visits.
        Empty: the position of the row among the person's rows that are used, as if answers followed each other
        without a gap (geepack's rule); the result says so. Pass it wherever somebody missed a visit in between.
    weights
        Column of weights: one a person, or with ``independence`` one a row.
    confidence
        Coverage of the intervals.

    Returns
    -------
    GeeFit
        `coefficients`, `vcov`, `alpha`, `scale`, `assumption`.

    Raises
    ------
    ValueError
        If an option is unknown, a column absent, the outcome not of the family, a person has two rows at one visit, or
        weights that change within people come with another correlation than independence.
    ConvergenceError
        If the data separate, the iterations do not settle, or a working correlation is not positive definite.

    Notes
    -----
    Σ D'V⁻¹(y - μ) = 0 with V = φ A^½ R(α) A^½. Moments, as in geepack: φ = Σr²/N; z_jk = r_j r_k / φ for every pair of
    a person's answers; exchangeable: α = mean z; unstructured: the mean for every pair of visits; ar1: Σ over all pairs
    of d α^(d-1) (z - α^d) = 0, d the number of visits between. With a weight w a person the equations and φ count a
    person w times, and the moments of α every pair w² times, as geepack does. The robust variance M⁻¹(Σ u u')M⁻¹ has no
    small-sample factor. Other software divides by N - p, and finds slightly different α and errors.

    References
    ----------
    Liang KY, Zeger SL (1986). doi:10.1093/biomet/73.1.13.
    Højsgaard S, Halekoh U, Yan J (2006). doi:10.18637/jss.v015.i02.
    Robins JM, Rotnitzky A, Zhao LP (1995), weights. doi:10.1080/01621459.1995.10476493.

    Checked against R (geepack) in ``tests/golden/comparison/gee_ohio.json`` and ``gee_weighted.json``.

    Examples
    --------
    >>> data = pd.DataFrame({"id": [1, 1, 2, 2, 3, 3, 4, 4], "t": [0, 1] * 4, "y": [0, 1, 0, 0, 1, 1, 0, 1]})
    >>> fit = fit_gee("y ~ t", data, subject="id", correlation="independence")
    >>> print(fit.coefficients["estimate"].round(4).to_dict())
    {'Intercept': -1.0986, 't': 2.1972}
    """
    normal_quantile(confidence)
    if family not in get_args(Family):
        raise ValueError(f"family is {family!r}; allowed: {', '.join(get_args(Family))}")
    if correlation not in get_args(Correlation):
        raise ValueError(f"correlation is {correlation!r}; allowed: {', '.join(get_args(Correlation))}")
    frame = model_frame(formula, data, weights=weights, also=[subject, time])
    if correlation != "independence":
        _refuse_changing_weights(frame, subject, correlation)
    response = _response(frame, family)
    repeats = read_repeats(data, frame.rows, subject, time)
    start = fit_generalised(frame.matrix, response, frame.names, family=family, weights=frame.weights)
    solved = _solve(frame, response, start.coefficients, repeats, family, correlation)
    table = coefficient_table(frame.names, solved.beta, solved.robust, np.inf, confidence)
    return GeeFit(
        table, solved.robust, solved.naive, _show(solved.alpha, correlation, repeats), solved.scale, repeats.visits,
        len(response), repeats.count, frame.n_dropped, str(frame.response.name), family, correlation,
        (UNWEIGHTED if weights is None else WEIGHTED) + (IN_ORDER if _needs_visits(time, correlation) else ""),
        confidence,
    )  # fmt: skip


def _refuse_changing_weights(frame: ModelFrame, subject: str, correlation: str) -> None:
    people, _ = pd.factorize(frame.data[subject])
    first = np.zeros(int(people.max()) + 1)
    first[people[::-1]] = frame.weights[::-1]
    if (frame.weights != first[people]).any():
        raise ValueError(
            f"weights that change within people are for correlation='independence', not {correlation!r}: "
            "an answer would be weighted by what the others are"
        )


def _needs_visits(time: str | None, correlation: str) -> bool:
    return time is None and correlation in ("ar1", "unstructured")


def _response(frame: ModelFrame, family: str) -> Floats:
    if family == "binomial":
        return frame.events()
    numbers = frame.numbers()
    if family == "poisson" and ((numbers < 0) | (numbers != np.floor(numbers))).any():
        raise ValueError(f"column {frame.response.name!r} has values that are no counts, which poisson needs")
    return numbers


@dataclass(frozen=True, slots=True)
class _Solved:
    beta: Floats
    alpha: Floats
    scale: float
    robust: Floats
    naive: Floats


def _solve(
    frame: ModelFrame, y: Floats, start: Floats, repeats: Repeats, family: Family, correlation: Correlation
) -> _Solved:
    link = LINKS[CANONICAL[family]]
    beta = start
    for _ in range(MAX_ITERATIONS):
        eta = frame.matrix @ beta
        mean = link.mean(eta)
        spread = np.sqrt(variance_function(mean, family))
        pearson = (y - mean) / spread
        scale = float(frame.weights @ pearson**2 / frame.weights.sum())
        if scale <= 0:
            raise ConvergenceError("every answer is fitted exactly: no scale and no correlation exist")
        alpha = estimate_alpha(pearson, repeats, correlation, scale, frame.weights)
        slopes = frame.matrix * (link.slope(eta) / spread)[:, None]
        bread, scores = _equations(
            slopes, pearson, frame.weights, repeats, correlation_matrix(alpha, repeats, correlation)
        )
        step = np.linalg.solve(bread, scores.sum(axis=0))
        if np.abs(frame.matrix @ step).max() < TOLERANCE * (1 + np.abs(eta).max()):
            inverse: Floats = np.asarray(np.linalg.inv(bread), dtype=float)
            meat = scores.T @ scores
            return _Solved(beta, alpha, scale, inverse @ meat @ inverse, scale * inverse)
        beta = beta + step
        if not np.isfinite(beta).all():
            break
    raise ConvergenceError(f"the estimating equations did not settle in {MAX_ITERATIONS} steps ({correlation})")


def _equations(
    slopes: Floats, pearson: Floats, weights: Floats, repeats: Repeats, working: Floats
) -> tuple[Floats, Floats]:
    """Give Σ D'V⁻¹D and each person's D'V⁻¹(y - μ), in units in which V is the working correlation.

    People with the same visits share one inverse, and are handled together.
    """
    columns = slopes.shape[1]
    bread, scores = np.zeros((columns, columns)), np.zeros((repeats.count, columns))
    for visits, people, rows in repeats.patterns:
        try:
            root = np.linalg.inv(np.linalg.cholesky(working[np.ix_(visits, visits)]))
        except np.linalg.LinAlgError as error:
            raise ConvergenceError("the working correlation is not positive definite; try a simpler one") from error
        weight = np.sqrt(weights[rows])
        d = np.einsum("ab,nbp->nap", root, slopes[rows] * weight[:, :, None])
        r = (pearson[rows] * weight) @ root.T
        bread += np.einsum("nap,naq->pq", d, d)
        scores[people] = np.einsum("nap,na->np", d, r)
    return bread, scores


def _show(alpha: Floats, correlation: str, repeats: Repeats) -> float | pd.DataFrame | None:
    if correlation == "independence":
        return None
    if correlation == "unstructured":
        return pd.DataFrame(alpha, index=list(repeats.visits), columns=list(repeats.visits))
    return float(alpha[0])
