"""Analysis of covariance: do groups differ in a measure, given covariates, and by how much?

One linear model; tests of whole terms by sums of squares of type I, II or III; adjusted means and their contrasts, with
every level of the other factors counting alike and covariates at their mean; errors robust to unequal variances.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.comparison.categorical.proportions import normal_quantile
from increase_eval.comparison.continuous.multiplicity import adjust_p_values
from increase_eval.comparison.continuous.simultaneous import range_p_value, range_quantile
from increase_eval.comparison.continuous.sums_of_squares import term_table
from increase_eval.comparison.engines.estimating_equations import EstimatingEquations
from increase_eval.comparison.engines.frames import ModelFrame, model_frame
from increase_eval.comparison.engines.linear import LinearFit, coefficient_table, fit_linear, inference_table
from increase_eval.comparison.engines.powers import source_of
from increase_eval.errors import InsufficientDataError
from increase_eval.results import estimate_table

Floats = npt.NDArray[np.float64]
ContrastAdjustment = Literal["none", "tukey", "holm"]
RobustKind = Literal["HC0", "HC1", "HC2", "HC3"]
MAX_GRID_ROWS = 100_000

EXACT_FIT = 1e-26
"""Residual squares under this share of the response's are what rounding leaves of an exact fit."""


@dataclass(frozen=True, slots=True)
class Ancova:
    """A linear model of one measure, fitted.

    Attributes
    ----------
    table
        Index ``term`` (with ``Intercept`` for type III, and ``Residuals``); ``sum_sq, df, statistic, p_value``.
    coefficients
        Index ``term`` (contrasts with the first level); ``estimate, std_error, df, statistic, p_value, conf_low,
        conf_high``.
    linear
        The fit: design, residuals, (X'X)⁻¹.
    frame
        The rows and the design.
    formula, ss_type, confidence
        What was asked.
    """

    table: pd.DataFrame
    coefficients: pd.DataFrame
    linear: LinearFit
    frame: ModelFrame
    formula: str
    ss_type: int
    confidence: float

    @property
    def n(self) -> int:
        """Rows used."""
        return len(self.linear.response)

    @property
    def n_dropped(self) -> int:
        """Rows dropped because something was missing."""
        return self.frame.n_dropped

    @property
    def vcov(self) -> Floats:
        """Variance of the coefficients, shape (p, p)."""
        return self.linear.vcov

    @property
    def sigma(self) -> float:
        """Residual standard deviation."""
        return float(np.sqrt(self.linear.sigma2))

    @property
    def r_squared(self) -> float:
        """Share of the variance about the mean that the model explains."""
        total = float(((self.linear.response - self.linear.response.mean()) ** 2).sum())
        return 1 - self.linear.residual_squares / total

    def means(self, factor: str) -> pd.DataFrame:
        """Give the adjusted mean of every level of a factor.

        Returns
        -------
        DataFrame
            The factor's column, then ``estimate, std_error, df, statistic, p_value, conf_low, conf_high``. Other
            factors count alike at each of their levels, and so do numbers with two values; other covariates are at
            their mean over the rows used.
        """
        levels, functions = adjusted_mean_functions(self.frame, factor)
        estimates, errors = self._estimates(functions)
        table = inference_table(pd.RangeIndex(len(levels)), estimates, errors, self.linear.df_residual, self.confidence)
        table.insert(0, factor, list(levels))
        return table

    def contrasts(self, factor: str, *, adjust: ContrastAdjustment = "none") -> pd.DataFrame:
        """Give the differences of the adjusted means of all pairs of levels, the earlier less the later.

        Parameters
        ----------
        factor
            A categorical variable of the formula.
        adjust
            ``none``, ``tukey`` (studentised range, simultaneous intervals) or ``holm`` (Bonferroni intervals).

        Returns
        -------
        DataFrame
            ``contrast`` ("a - b"), ``estimate, std_error, df, statistic, p_value, conf_low, conf_high``.
        """
        if adjust not in get_args(ContrastAdjustment):
            raise ValueError(f"adjust is {adjust!r}; allowed: {', '.join(get_args(ContrastAdjustment))}")
        levels, functions = adjusted_mean_functions(self.frame, factor)
        pairs = list(combinations(range(len(levels)), 2))
        estimates, errors = self._estimates(np.array([functions[i] - functions[j] for i, j in pairs]))
        df, alpha = self.linear.df_residual, 1 - self.confidence
        level = self.confidence if adjust != "holm" else 1 - alpha / len(pairs)
        table = inference_table(pd.RangeIndex(len(pairs)), estimates, errors, df, level)
        if adjust == "tukey":
            half = range_quantile(self.confidence, len(levels), df) / np.sqrt(2) * errors
            ranges = np.abs(table["statistic"].to_numpy()) * np.sqrt(2)
            p_values = [range_p_value(value, len(levels), df) for value in ranges]
            table = table.assign(p_value=p_values, conf_low=estimates - half, conf_high=estimates + half)
        elif adjust == "holm":
            table["p_value"] = adjust_p_values(table["p_value"].to_numpy(), "holm")
        table.insert(0, "contrast", [f"{levels[i]} - {levels[j]}" for i, j in pairs])
        return table

    def robust(self, kind: RobustKind = "HC3") -> pd.DataFrame:
        """Give the coefficients with errors robust to unequal variances.

        Parameters
        ----------
        kind
            With residual e and leverage h: ``HC0`` e², ``HC1`` e² n/(n - p), ``HC2`` e²/(1 - h), ``HC3`` e²/(1 - h)².

        Returns
        -------
        DataFrame
            As `coefficients`, on the residual degrees of freedom.
        """
        vcov = heteroskedasticity_robust(self.linear, kind)
        df = self.linear.df_residual
        return coefficient_table(self.linear.names, self.linear.coefficients, vcov, df, self.confidence)

    def to_frame(self) -> pd.DataFrame:
        """Give the coefficients as an estimate table."""
        outcome = str(self.frame.response.name)
        constants = {"outcome": outcome, "n": self.n, "n_dropped": self.n_dropped, "method": "linear model"}
        return estimate_table(self.coefficients.reset_index(), **constants)

    def _estimates(self, functions: Floats) -> tuple[Floats, Floats]:
        variances = ((functions @ self.linear.vcov) * functions).sum(axis=1)
        return functions @ self.linear.coefficients, np.sqrt(np.maximum(variances, 0))


def ancova(formula: str, data: pd.DataFrame, *, ss_type: int = 3, confidence: float = 0.95) -> Ancova:
    """How do groups differ in a measure, given covariates?

    Parameters
    ----------
    formula
        Such as ``"score_t3 ~ arm + score_t1"``. Text, categories and booleans are factors; so is ``C(name)``.
    data
        One row per person. Rows with something missing are left out and counted.
    ss_type
        1, 2 or 3.
    confidence
        Coverage of the intervals.

    Returns
    -------
    Ancova
        `table`, `coefficients`, `means(factor)`, `contrasts(factor, adjust=)`, `robust(kind)`.

    Raises
    ------
    ValueError
        If the formula cannot be read, a column is absent or the response is no number.
    InsufficientDataError
        If the columns of the design are not independent (an empty cell), a factor has one level only, or no residual is
        left, or none that is more than rounding (the outcome is constant, or a column of the model).

    Notes
    -----
    Each term's F is its sum of squares over its df over the residual mean square of the full model. Type I takes terms
    in order; type II compares the model of all terms that do not contain the term, with and without it; type III tests
    the term's columns in the full model with sum-to-zero contrasts (the last level is minus the sum of the others),
    and so depends on covariates being centred wherever they interact. An adjusted mean averages predictions over a
    grid on which every factor, and every number with only two values, counts each level alike.

    References
    ----------
    Searle SR, Speed FM, Milliken GA (1980), adjusted means. doi:10.1080/00031305.1980.10483031.
    MacKinnon JG, White H (1985), HC1 to HC3. doi:10.1016/0304-4076(85)90158-7.

    Checked against R (car, emmeans, sandwich) in ``tests/golden/comparison/ancova_jobs.json``.

    Examples
    --------
    >>> data = pd.DataFrame({"y": [1.0, 2, 2, 3, 5, 6], "arm": list("aaabbb"), "x": [0.0, 1, 2, 0, 1, 2]})
    >>> fit = ancova("y ~ arm + x", data)
    >>> print(fit.means("arm")[["arm", "estimate"]].to_string(index=False))
    arm  estimate
      a  1.666667
      b  4.666667
    """
    if ss_type not in (1, 2, 3):
        raise ValueError(f"ss_type is {ss_type!r}; allowed: 1, 2, 3")
    normal_quantile(confidence)
    frame = model_frame(formula, data)
    _refuse_single_levels(frame)
    fit = fit_linear(frame.matrix, frame.numbers(), frame.names)
    if fit.df_residual < 1:
        raise InsufficientDataError(f"{len(fit.response)} rows leave no residual for {len(fit.names)} coefficients")
    if fit.residual_squares <= EXACT_FIT * float(fit.response @ fit.response):
        raise InsufficientDataError("every answer is fitted exactly: there is no residual variance to test against")
    coefficients = coefficient_table(fit.names, fit.coefficients, fit.vcov, fit.df_residual, confidence)
    return Ancova(term_table(frame, fit, ss_type), coefficients, fit, frame, formula, ss_type, confidence)


def heteroskedasticity_robust(fit: LinearFit, kind: RobustKind) -> Floats:
    """Give the variance of coefficients that stays right where residual variances differ, shape (p, p)."""
    if kind not in get_args(RobustKind):
        raise ValueError(f"kind is {kind!r}; allowed: {', '.join(get_args(RobustKind))}")
    n, p = fit.matrix.shape
    room = 1 - fit.leverage
    if kind in ("HC2", "HC3") and (room < 1e-10).any():
        raise InsufficientDataError(f"{kind} does not exist: {int((room < 1e-10).sum())} rows are fitted exactly")
    scale = {"HC0": 1.0, "HC1": np.sqrt(n / (n - p)), "HC2": 1 / np.sqrt(room), "HC3": 1 / room}[kind]
    scores = fit.matrix * (fit.weights * fit.residuals * scale)[:, None]
    return EstimatingEquations(scores, np.asarray(np.linalg.inv(fit.inverse))).sandwich()


def adjusted_mean_functions(frame: ModelFrame, factor: str) -> tuple[tuple[Any, ...], Floats]:
    """Give the levels of a factor, and for each the linear function of the coefficients that is its adjusted mean."""
    variables = frame.design.variables
    factors = {name: variable.levels for name, variable in variables.items() if variable.levels is not None}
    if factor not in factors:
        raise ValueError(f"{factor!r} is no factor of the formula; it has: {', '.join(factors) or 'none'}")
    powers = {name: source_of(name) for name in variables if name not in factors}
    sources = dict.fromkeys(source[0] if source else name for name, source in powers.items())
    points = {name: _points(frame.data[name].to_numpy(dtype=float)) for name in sources}
    if np.prod([len(values) for values in [*factors.values(), *points.values()]]) > MAX_GRID_ROWS:
        raise ValueError(f"the factors {', '.join(factors)} have more than {MAX_GRID_ROWS} combinations")
    grid = pd.DataFrame(list(product(*factors.values(), *points.values())), columns=[*factors, *points], dtype=object)
    grid = grid.astype(dict.fromkeys(points, float))
    grid = grid.assign(**{name: grid[source[0]] ** source[1] for name, source in powers.items() if source})
    matrix = frame.design.matrix(grid)
    levels = factors[factor]
    of_level = [np.array([value == level for value in grid[factor]]) for level in levels]
    return levels, np.array([matrix[rows].mean(axis=0) for rows in of_level])


def _points(values: Floats) -> list[float]:
    """Give where a covariate is held: both values of a 0/1 variable, a factor in disguise, or else the mean."""
    distinct = np.unique(values)
    return [float(value) for value in distinct] if len(distinct) == 2 else [float(values.mean())]


def _refuse_single_levels(frame: ModelFrame) -> None:
    single = [v for v in frame.design.variables.values() if v.levels is not None and len(v.levels) < 2]
    if single:
        named = ", ".join(f"{v.name} ({v.levels[0]!s})" for v in single if v.levels)
        raise InsufficientDataError(f"a factor has one level among the rows used: {named}; there is nothing to compare")
